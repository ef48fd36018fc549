/* gig_quadrature.h -- the integrals of the generalised inverse Gaussian family.
 *
 * With x = m e^t, m the mode of the density in t, that density is e^g(t)/Z,
 *
 *   g(t) = -(alpha (e^t - 1 - t) + beta (e^-t - 1 + t))/2,   alpha = a m = R + p,
 *   beta = b/m = R - p,   R = sqrt(p^2 + a b):
 *
 * a sum of non-positive terms in which nothing cancels. All integrals are taken by the trapezoidal
 * rule, which for such integrands (analytic for |Im t| < pi/2, falling double exponentially at both
 * ends) has an error that falls exponentially with the inverse of the step (Trefethen and Weideman,
 * 2014, "The exponentially convergent trapezoidal rule", SIAM Review 56, section 5): with a step of
 * 1/8, or half a standard deviation where that is less, below 1e-16 of the integral. The ends are
 * where even e^(2 |t|), the growth of the squared statistics, leaves e^-42.
 *
 * alpha or beta may be far below the doubles, and yet alpha e^t counts at the end of a long range.
 * One that is small is replaced by 2^-898, and t in its place by t less the logarithm of the ratio:
 * that changes g by 2^-898 t at most.
 *
 * The statistics are taken as v = (t, cosh t - 1, sinh t - t), which stay apart where R is large,
 * in units of 1, 2 and 3 powers of the standard deviation; or, where R is below 4 and the two ends
 * may be of quite different size, as (t, e^t - 1 - t, e^-t - 1 + t). Of the last two one, or both,
 * is e^t or e^-t itself, in units of its own, 2^k, if its square has its mean from where it is
 * huge.
 */
#ifndef KLF_GIG_QUADRATURE_H
#define KLF_GIG_QUADRATURE_H

#include "family.h"
#include "packed_cholesky.h"

enum { GIG_LANES = 8, GIG_STATISTICS = 3 };

/* Their numbers; no vector code makes doubles of integers. */
static const double GIG_LANE[GIG_LANES] = {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0};

typedef struct {
    double p, a, b;
    double r, alpha, beta;              /* a quarter of R and of the two above */
    double rising_delay, falling_delay; /* what t is to be less where alpha or beta were raised */
    double mode, root_mode, log_mode;   /* m, which may over- or underflow; sqrt(m) does not */
    double mode_rest;                   /* the share of m that rounding took from it */
} gig_shape;

/* significand 2^exponent, of which a quarter is given and may have underflowed: raised by a power
 * of two, with its logarithm, whose rounding goes into the coefficient. */
static inline void gig_raise(double significand, double exponent, double *quarter, double *delay)
{
    *delay = 0.0;
    if (*quarter >= 0x1p-900)
        return;
    const double steps = -898.0 - exponent;
    *delay = steps * KLF_LN2;
    const double rest = fma(steps, KLF_LN2, -*delay) + steps * KLF_LN2_TAIL;
    *quarter = 0x1p-900 * significand * (1.0 - rest);
}

/* Whether m has all its digits, and its inverse too. */
KLF_INLINE int gig_mode_is_normal(const gig_shape *s)
{
    return (s->mode > 0x1p-1000) & (s->mode < 0x1p1000);
}

/* a m - b/m - 2 p for the double next to m, products and sum in two doubles. */
static inline double gig_imbalance(double p, double a, double b, double mode)
{
    const double rise = a * mode, rise_low = fma(a, mode, -rise);
    const double fall = b / mode, fall_low = fma(-fall, mode, b) / mode;
    const double difference = rise - fall, part = difference - rise;
    const double low = (rise - (difference - part)) - (fall + part);
    return (difference - 2.0 * p) + (low + (rise_low - fall_low));
}

/* The share of m by which it is above the double next to it, by Newton on a m - b/m = 2 p, of which
 * 2 R is the derivative: where R is large, the density changes much over an ulp. */
static inline double gig_mode_rest(const gig_shape *s)
{
    if (!(gig_mode_is_normal(s) && s->r > 1.0 && s->r < 0x1p1000))
        return 0.0;
    return -0.125 * gig_imbalance(s->p, s->a, s->b, s->mode) / s->r;
}

/* log(m of q/m of p), to relative accuracy where they are near. */
static inline double gig_mode_shift(const gig_shape *p, const gig_shape *q)
{
    const double whole = q->log_mode - p->log_mode;
    if (!(fabs(whole) < 0.3 && gig_mode_is_normal(p) && gig_mode_is_normal(q)))
        return whole;
    return klf_log1p((q->mode - p->mode) / p->mode + (q->mode_rest - p->mode_rest));
}

/* R and the like are taken in a unit that keeps them from over- and underflow. */
static inline gig_shape gig_make_shape(double p, double a, double b)
{
    gig_shape s = {.p = p, .a = a, .b = b};
    const double rough = sqrt(a) * sqrt(b), largest = rough > fabs(p) ? rough : fabs(p);
    const double unit = largest < 0x1p-500 ? 0x1p500 : (largest > 0x1p1000 ? 0x1p-60 : 1.0);
    const double omega = sqrt(a) * unit * sqrt(b), size = fabs(p) * unit;
    const double large = size > omega ? size : omega, small = size > omega ? omega : size;
    const double share = small / large, root_unit = sqrt(unit);
    const double r = large * sqrt(fma(share, share, 1.0));
    const double sum = r + size; /* R + |p|; the other, R - |p|, is a b/(R + |p|) */
    const double other = omega / sum * omega, quarter = 0.25 / unit;
    const double log_sum = klf_log(sum) - klf_log(unit), log_a = klf_log(a), log_b = klf_log(b);
    double of_sum, of_a, of_b, of_unit;
    const double share_sum = klf_log_reduce(sum, &of_sum), share_a = klf_log_reduce(a, &of_a);
    const double share_b = klf_log_reduce(b, &of_b), share_other = share_a * share_b / share_sum;
    (void)klf_log_reduce(unit, &of_unit);
    of_sum -= of_unit;
    const double of_other = of_a + of_b - of_sum;
    s.r = r * quarter;
    s.alpha = quarter * (p >= 0.0 ? sum : other);
    s.beta = quarter * (p >= 0.0 ? other : sum);
    double *of_large = p >= 0.0 ? &s.alpha : &s.beta, *of_small = p >= 0.0 ? &s.beta : &s.alpha;
    double *delay = p >= 0.0 ? &s.rising_delay : &s.falling_delay;
    gig_raise(share_sum, of_sum, of_large, delay);
    delay = p >= 0.0 ? &s.falling_delay : &s.rising_delay;
    gig_raise(share_other, of_other, of_small, delay);
    s.mode = p >= 0.0 ? sum / root_unit / a / root_unit : b / (sum / root_unit) * root_unit;
    s.root_mode = p >= 0.0 ? sqrt(sum) / sqrt(a) / root_unit : sqrt(b) / sqrt(sum) * root_unit;
    s.log_mode = p >= 0.0 ? log_sum - log_a : log_b - log_sum;
    s.mode_rest = gig_mode_rest(&s);
    return s;
}

KLF_INLINE double gig_exponent(const gig_shape *s, double t)
{
    const double falling = s->beta * klf_expm1_excess(-t - s->falling_delay);
    return -2.0 * fma(s->alpha, klf_expm1_excess(t - s->rising_delay), falling);
}

KLF_INLINE double gig_slope(const gig_shape *s, double t)
{
    const double falling = s->beta * klf_expm1(-t - s->falling_delay);
    return -2.0 * (s->alpha * klf_expm1(t - s->rising_delay) - falling);
}

/* The distance t from the mode on one side at which g + tilt t falls to `level`, to a part in 10^4:
 * Newton on a concave function from beyond the point, with bisection where that overflows. */
static inline double gig_reach(const gig_shape *s, double level, double side, double tilt)
{
    double high = sqrt(-0.5 * level / s->r), low = 0.0;
    high = high < 1.0 ? high : 1.0;
    while (high < 1e5 && fma(tilt, high, gig_exponent(s, side * high)) > level) {
        low = high;
        high *= 2.0;
    }
    for (int i = 0; i < 100 && high - low > 1e-4 * high; i++) {
        const double slope = fma(side, gig_slope(s, side * high), tilt);
        const double excess = fma(tilt, high, gig_exponent(s, side * high)) - level;
        const double newton = high - excess / slope;
        if (newton > low && newton < high) {
            if (high - newton <= 1e-4 * high)
                return newton;
            high = newton;
            continue;
        }
        const double middle = 0.5 * (low + high);
        if (fma(tilt, middle, gig_exponent(s, side * middle)) > level)
            low = middle;
        else
            high = middle;
    }
    return high;
}

typedef struct {
    gig_shape shape;
    double low, step;
    size_t nodes; /* a multiple of GIG_LANES */
} gig_rule;

static inline gig_rule gig_make_rule(const gig_shape *s)
{
    gig_rule rule = {.shape = *s};
    const double sd = 0.5 / sqrt(s->r);
    rule.step = 0.5 * sd < 0.125 ? 0.5 * sd : 0.125;
    rule.low = -gig_reach(s, -42.0, -1.0, 2.0);
    const double count = (gig_reach(s, -42.0, 1.0, 2.0) - rule.low) / rule.step;
    rule.nodes = ((size_t)(count < 1e6 ? count : 1e6) / GIG_LANES + 1) * GIG_LANES;
    return rule;
}

static inline double gig_sum_lanes(const double *lanes)
{
    double sum = 0.0;
    for (size_t j = 0; j < GIG_LANES; j++)
        sum += lanes[j];
    return sum;
}

/* e^g at the nodes u and -u of a group. Without delays the two excesses serve both sides. */
KLF_INLINE void gig_group(gig_shape s, int is_delayed, double step, double first,
                          double *restrict right, double *restrict left)
{
    for (size_t j = 0; j < GIG_LANES; j++) {
        const double u = step * (first + GIG_LANE[j]);
        const double up = klf_expm1_excess(is_delayed ? u - s.rising_delay : u);
        const double down = klf_expm1_excess(is_delayed ? -u - s.falling_delay : -u);
        const double up_left = is_delayed ? klf_expm1_excess(-u - s.rising_delay) : down;
        const double down_left = is_delayed ? klf_expm1_excess(u - s.falling_delay) : up;
        right[j] = klf_exp(-2.0 * fma(s.alpha, up, s.beta * down));
        left[j] = klf_exp(-2.0 * fma(s.alpha, up_left, s.beta * down_left));
    }
}

/* Z alone: by nodes at odd multiples of half a step, from the mode outwards, until e^g is below
 * e^-38 on both sides, and what is left out below e^-38 of Z, since g is concave. With the step
 * 2 pi/omega the error is about the integrand's Fourier transform at omega, largest in its share
 * of Z where the family is nearly that of log Gamma: |Gamma(R + i omega)|/Gamma(R), which is e^-38
 * and less. */
KLF_INLINE double gig_normaliser(const gig_shape *s)
{
    const int is_delayed = s->rising_delay + s->falling_delay > 0.0;
    const double step = 0x1.921fb54442d18p+2 / (19.5 * sqrt(s->r + 1.7)); /* omega^2 = 95 R + 646 */
    const double least = 0x1.2188ad6ae3303p-55; /* e^-38 */
    double sum[GIG_LANES] = {0.0}, right[GIG_LANES], left[GIG_LANES], first = 0.5;
    do {
        if (is_delayed)
            gig_group(*s, 1, step, first, right, left);
        else
            gig_group(*s, 0, step, first, right, left);
        for (size_t j = 0; j < GIG_LANES; j++)
            sum[j] += right[j] + left[j];
        first += GIG_LANES;
    } while (first < 1e6 && (right[GIG_LANES - 1] > least || left[GIG_LANES - 1] > least));
    return gig_sum_lanes(sum) * step;
}

/* Z */
static inline double gig_integral(const gig_rule *rule)
{
    const gig_shape shape = rule->shape;
    double lanes[GIG_LANES] = {0.0};
    for (size_t i = 0; i < rule->nodes; i += GIG_LANES)
        for (size_t j = 0; j < GIG_LANES; j++)
            lanes[j] += klf_exp(gig_exponent(&shape, fma(rule->step, (double)i + GIG_LANE[j],
                                                         rule->low)));
    return gig_sum_lanes(lanes) * rule->step;
}

/* x or 1/x by the statistics: unit (origin + of . v), unit = root^2. */
typedef struct {
    double root, unit, origin, of[GIG_STATISTICS];
} gig_linear;

/* How v is taken. */
typedef struct {
    double is_wide;                   /* 1 if R < 4 */
    double sharpness;                 /* about 1/sd, a power of two; 1 if wide */
    double rising_unit, falling_unit; /* 2^k, 1 for most members, or infinite */
    double rising_root, falling_root; /* 2^(-k/4) */
    gig_linear x, inverse;
} gig_form;

/* v from t and the statistics of the two sides. sinh t - t is its series below 1, where the
 * difference cancels. */
KLF_INLINE void gig_statistics(const gig_form *f, double t, double rising, double falling,
                               double *v)
{
    const double sharpness = f->sharpness, z = t * t, tau = t * sharpness;
    double series = 1.0 + z / 342.0;
    series = fma(z / 272.0, series, 1.0);
    series = fma(z / 210.0, series, 1.0);
    series = fma(z / 156.0, series, 1.0);
    series = fma(z / 110.0, series, 1.0);
    series = fma(z / 72.0, series, 1.0);
    series = fma(z / 42.0, series, 1.0);
    series = fma(z / 20.0, series, 1.0);
    const double even = 0.5 * (rising + falling) * sharpness * sharpness;
    const double near = tau * (tau * tau) * (1.0 / 6.0) * series;
    const double far = 0.5 * (rising - falling) * sharpness * sharpness * sharpness;
    const double odd = fabs(t) < 1.0 ? near : far;
    v[0] = tau;
    v[1] = f->is_wide > 0.0 ? rising : even;
    v[2] = f->is_wide > 0.0 ? falling : odd;
}

/* e^t - 1 - t; in a unit of its own e^t, by fourths of t since it may overflow. */
static inline double gig_rise(double unit, double root_root, double t)
{
    if (unit == 1.0)
        return klf_expm1_excess(t);
    const double root = root_root * klf_exp(0.25 * t), square = root * root;
    return square * square;
}

static inline void gig_statistics_at(const gig_form *f, double t, double *v)
{
    const double rising = gig_rise(f->rising_unit, f->rising_root, t);
    const double falling = gig_rise(f->falling_unit, f->falling_root, -t);
    gig_statistics(f, t, rising, falling, v);
}

/* The means of the two excesses by those of v. */
static inline void gig_excesses(const gig_form *f, const double *v, double *rising, double *falling)
{
    const double inverse = 1.0 / f->sharpness;
    const double even = v[1] * inverse * inverse, odd = v[2] * inverse * inverse * inverse;
    const double rise = f->rising_unit > 1.0 ? v[1] * f->rising_unit - (1.0 + v[0]) : v[1];
    const double fall = f->falling_unit > 1.0 ? v[2] * f->falling_unit - (1.0 - v[0]) : v[2];
    *rising = f->is_wide > 0.0 ? rise : even + odd;
    *falling = f->is_wide > 0.0 ? fall : even - odd;
}

/* The means of v from those of t and of the two excesses. */
static inline void gig_means(const gig_form *f, double t, double rising, double falling, double *v)
{
    const double sharpness = f->sharpness;
    const double odd = 0.5 * (rising - falling) * sharpness * sharpness * sharpness;
    v[0] = t * sharpness;
    const double even = 0.5 * (rising + falling) * sharpness * sharpness;
    const double rise = f->rising_unit > 1.0 ? (rising + 1.0 + t) / f->rising_unit : rising;
    const double fall = f->falling_unit > 1.0 ? (falling + 1.0 - t) / f->falling_unit : falling;
    v[1] = f->is_wide > 0.0 ? rise : even;
    v[2] = f->is_wide > 0.0 ? fall : odd;
}

/* Any linear function of v by its coefficients of t and of the statistics of the two sides. */
static inline void gig_coefficients(const gig_form *f, const double *c, double *log, double *rising,
                                    double *falling)
{
    const double even = c[1] * f->sharpness * f->sharpness;
    const double odd = c[2] * f->sharpness * f->sharpness * f->sharpness;
    *log = c[0] * f->sharpness;
    *rising = f->is_wide > 0.0 ? c[1] : 0.5 * (even + odd);
    *falling = f->is_wide > 0.0 ? c[2] : 0.5 * (even - odd);
}

static inline double gig_power_of_two(double k)
{
    return klf_from_bits((uint64_t)(k + 1023.0) << 52);
}

/* The unit of the statistic of one side where the mean of its square is huge; k is 4 times a whole
 * number, so that the roots are powers too. */
static inline void gig_set_unit(const gig_rule *rule, double side, double *unit, double *inverse,
                                gig_linear *linear)
{
    double height = 0.0; /* of the logarithm of what the mean of e^(2 |t|) is the integral of */
    const double high = fma(rule->step, (double)rule->nodes, rule->low);
    if (side * (side > 0.0 ? high : rule->low) < 100.0)
        return;
    for (size_t i = 0; i < rule->nodes; i++) {
        const double t = fma(rule->step, (double)i, rule->low);
        const double here = gig_exponent(&rule->shape, t) + 2.0 * side * t;
        height = here > height ? here : height;
    }
    if (height < 200.0)
        return;
    const double fourth = (double)(int)(height / (8.0 * KLF_LN2));
    const double root_root = gig_power_of_two(fourth);
    *unit = root_root * root_root * root_root * root_root;
    *inverse = 1.0 / root_root;
    const double root = linear->root * root_root * root_root;
    *linear = (gig_linear){.root = root, .unit = root * root};
    linear->of[side > 0.0 ? 1 : 2] = 1.0;
}

static inline gig_form gig_make_form(const gig_rule *rule)
{
    const gig_shape *s = &rule->shape;
    const uint64_t exponent = UINT64_C(0x7ff) << 52;
    gig_form f = {.is_wide = s->r < 1.0 ? 1.0 : 0.0, .sharpness = 1.0, .rising_unit = 1.0,
                  .falling_unit = 1.0};
    if (!(f.is_wide > 0.0))
        f.sharpness = 2.0 * klf_from_bits(klf_bits(sqrt(s->r)) & exponent);
    const double sd = 1.0 / f.sharpness;
    f.x = (gig_linear){s->root_mode, s->mode, 1.0, {sd, sd * sd, sd * sd * sd}};
    f.inverse = (gig_linear){1.0 / s->root_mode, 1.0 / s->mode, 1.0, {-sd, sd * sd, -sd * sd * sd}};
    if (f.is_wide > 0.0) {
        f.x.of[2] = f.inverse.of[1] = 0.0;
        f.inverse.of[2] = 1.0;
        gig_set_unit(rule, 1.0, &f.rising_unit, &f.rising_root, &f.x);
        gig_set_unit(rule, -1.0, &f.falling_unit, &f.falling_root, &f.inverse);
    }
    return f;
}

static inline double gig_linear_at(const gig_linear *linear, double origin, const double *v)
{
    double sum = origin;
    for (size_t k = 0; k < GIG_STATISTICS; k++)
        sum += linear->of[k] * v[k];
    return linear->unit * sum;
}

/* v and the root of the mass at the nodes of a group. By roots since a mass may underflow where
 * that times a statistic does not. Plain rules have neither delays nor units. */
KLF_INLINE void gig_group_at(gig_rule rule, gig_form form, int is_plain, double share, double first,
                             double *restrict root, double (*restrict v)[GIG_LANES])
{
    for (size_t j = 0; j < GIG_LANES; j++) {
        const double t = fma(rule.step, first + GIG_LANE[j], rule.low);
        const double up = klf_expm1_excess(t), down = klf_expm1_excess(-t);
        const double plain = -2.0 * fma(rule.shape.alpha, up, rule.shape.beta * down);
        double one[GIG_STATISTICS];
        if (is_plain)
            gig_statistics(&form, t, up, down, one);
        else
            gig_statistics_at(&form, t, one);
        root[j] = share * klf_exp(0.5 * (is_plain ? plain : gig_exponent(&rule.shape, t)));
        v[0][j] = one[0];
        v[1][j] = one[1];
        v[2][j] = one[2];
    }
}

/* The sums over all nodes of mass times v - centre and times the products of its elements. */
KLF_INLINE void gig_sums(const gig_rule *rule, const gig_form *form, int is_plain, double share,
                         const double *centre, double *first, double *second)
{
    double ones[GIG_STATISTICS][GIG_LANES] = {{0.0}}, twos[6][GIG_LANES] = {{0.0}};
    for (size_t i = 0; i < rule->nodes; i += GIG_LANES) {
        double root[GIG_LANES], v[GIG_STATISTICS][GIG_LANES];
        gig_group_at(*rule, *form, is_plain, share, (double)i, root, v);
        for (size_t k = 0; k < GIG_STATISTICS; k++)
            for (size_t j = 0; j < GIG_LANES; j++) {
                v[k][j] = root[j] > 0.0 ? root[j] * (v[k][j] - centre[k]) : 0.0;
                ones[k][j] += v[k][j] * root[j];
            }
        for (size_t k = 0; k < GIG_STATISTICS; k++)
            for (size_t l = 0; l <= k; l++)
                for (size_t j = 0; j < GIG_LANES; j++)
                    twos[klf_packed(k, l)][j] += v[k][j] * v[l][j];
    }
    for (size_t k = 0; k < GIG_STATISTICS; k++)
        first[k] = gig_sum_lanes(ones[k]);
    for (size_t k = 0; k < 6; k++)
        second[k] = gig_sum_lanes(twos[k]);
}

/* One copy of each, called twice: the plain one is vector code. */
KLF_OUTLINE void gig_plain_sums(const gig_rule *rule, const gig_form *form, double share,
                                const double *centre, double *first, double *second)
{
    gig_sums(rule, form, 1, share, centre, first, second);
}

KLF_OUTLINE void gig_any_sums(const gig_rule *rule, const gig_form *form, double share,
                              const double *centre, double *first, double *second)
{
    gig_sums(rule, form, 0, share, centre, first, second);
}

/* Means of v, then their covariances about these, packed by rows. */
static inline void gig_moments(const gig_rule *rule, const gig_form *form, double integral,
                               double *mean, double *covariance)
{
    const gig_shape *s = &rule->shape;
    const double share = sqrt(rule->step / integral), origin[GIG_STATISTICS] = {0.0};
    const int is_plain = s->rising_delay + s->falling_delay == 0.0
                         && form->rising_unit == 1.0 && form->falling_unit == 1.0;
    double left[GIG_STATISTICS];
    (is_plain ? gig_plain_sums : gig_any_sums)(rule, form, share, origin, mean, covariance);
    (is_plain ? gig_plain_sums : gig_any_sums)(rule, form, share, mean, left, covariance);
}

/* E f(t) of a function of t and some context; the sum is compensated, since the terms may be large
 * and of both signs (Neumaier, 1974). */
static inline double gig_expectation(const gig_rule *rule, double integral,
                                     double (*f)(const void *context, double t),
                                     const void *context)
{
    double sum = 0.0, lost = 0.0;
    for (size_t i = 0; i < rule->nodes; i++) {
        const double t = fma(rule->step, (double)i, rule->low);
        const double mass = klf_exp(gig_exponent(&rule->shape, t));
        const double term = mass > 0.0 ? mass * f(context, t) : 0.0, total = sum + term;
        if (fabs(total) <= DBL_MAX)
            lost += fabs(sum) >= fabs(term) ? (sum - total) + term : (term - total) + sum;
        sum = total;
    }
    return (sum + lost) * rule->step / integral;
}

#endif
