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
 * The statistics are taken as v = (t, cosh t - 1, sinh t - t), which stay apart where R is large,
 * or, where it is below 1 and the two ends may be of quite different size, as (t, e^t - 1 - t,
 * e^-t - 1 + t).
 */
#ifndef KLF_GIG_QUADRATURE_H
#define KLF_GIG_QUADRATURE_H

#include "family.h"
#include "packed_cholesky.h"

enum { GIG_LANES = 8, GIG_STATISTICS = 3 };

typedef struct {
    double p, a, b;
    double r, alpha, beta; /* R and the two above */
    double mode, log_mode; /* m */
    double is_wide;        /* which of the two forms of v: 1 if R < 1 */
} gig_shape;

/* v from t and the two excesses, and any linear function of v by its coefficients of these. */
KLF_INLINE void gig_statistics(double is_wide, double t, double rising, double falling, double odd,
                               double *v)
{
    v[0] = t;
    v[1] = is_wide > 0.0 ? rising : 0.5 * (rising + falling);
    v[2] = is_wide > 0.0 ? falling : odd;
}

static inline void gig_excesses(const gig_shape *s, const double *v, double *rising,
                                double *falling)
{
    *rising = s->is_wide > 0.0 ? v[1] : v[1] + v[2];
    *falling = s->is_wide > 0.0 ? v[2] : v[1] - v[2];
}

static inline void gig_coefficients(const gig_shape *s, const double *c, double *rising,
                                    double *falling)
{
    *rising = s->is_wide > 0.0 ? c[1] : 0.5 * (c[1] + c[2]);
    *falling = s->is_wide > 0.0 ? c[2] : 0.5 * (c[1] - c[2]);
}

static inline gig_shape gig_make_shape(double p, double a, double b)
{
    gig_shape s = {.p = p, .a = a, .b = b};
    const double omega = sqrt(a) * sqrt(b), size = fabs(p);
    const double large = size > omega ? size : omega, small = size > omega ? omega : size;
    const double share = large > 0.0 ? small / large : 0.0;
    s.r = large * sqrt(fma(share, share, 1.0));
    const double sum = s.r + size; /* R + |p|; the other, R - |p|, is a b/(R + |p|) */
    s.mode = p >= 0.0 ? sum / a : b / sum;
    s.mode = klf_clamp_positive(s.mode);
    s.log_mode = p >= 0.0 ? klf_log(sum) - klf_log(a) : klf_log(b) - klf_log(sum);
    const double other = omega / sum * omega;
    s.alpha = p >= 0.0 ? sum : other;
    s.beta = p >= 0.0 ? other : sum;
    s.is_wide = s.r < 1.0 ? 1.0 : 0.0;
    return s;
}

KLF_INLINE double gig_exponent(const gig_shape *s, double t)
{
    return -0.5 * fma(s->alpha, klf_expm1_excess(t), s->beta * klf_expm1_excess(-t));
}

KLF_INLINE double gig_slope(const gig_shape *s, double t)
{
    return -0.5 * (s->alpha * klf_expm1(t) - s->beta * klf_expm1(-t));
}

/* sinh t - t: its series below 1, where the difference cancels. */
KLF_INLINE double gig_sinh_excess(double t)
{
    const double z = t * t;
    double series = 1.0 + z / 342.0;
    series = fma(z / 272.0, series, 1.0);
    series = fma(z / 210.0, series, 1.0);
    series = fma(z / 156.0, series, 1.0);
    series = fma(z / 110.0, series, 1.0);
    series = fma(z / 72.0, series, 1.0);
    series = fma(z / 42.0, series, 1.0);
    series = fma(z / 20.0, series, 1.0);
    const double near = t * z * (1.0 / 6.0) * series;
    const double far = 0.5 * (klf_expm1_excess(t) - klf_expm1_excess(-t));
    return fabs(t) < 1.0 ? near : far;
}

KLF_INLINE void gig_statistics_at(const gig_shape *s, double t, double *v)
{
    gig_statistics(s->is_wide, t, klf_expm1_excess(t), klf_expm1_excess(-t), gig_sinh_excess(t),
                   v);
}

/* The distance t from the mode on one side at which g + tilt t falls to `level`, to a part in 10^4:
 * Newton on a concave function from beyond the point, with bisection where that overflows. */
static inline double gig_reach(const gig_shape *s, double level, double side, double tilt)
{
    double high = sqrt(-2.0 * level / s->r), low = 0.0;
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
    const double sd = 1.0 / sqrt(s->r);
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

/* Z */
static inline double gig_integral(const gig_rule *rule)
{
    double lanes[GIG_LANES] = {0.0};
    for (size_t i = 0; i < rule->nodes; i += GIG_LANES)
        for (size_t j = 0; j < GIG_LANES; j++)
            lanes[j] += klf_exp(gig_exponent(&rule->shape,
                                             fma(rule->step, (double)(i + j), rule->low)));
    return gig_sum_lanes(lanes) * rule->step;
}

/* Means of v, then their covariances about these, packed by rows. */
static inline void gig_moments(const gig_rule *rule, double integral, double *mean,
                               double *covariance)
{
    double first[GIG_STATISTICS][GIG_LANES] = {{0.0}}, second[6][GIG_LANES] = {{0.0}};
    const double share = rule->step / integral;
    for (size_t i = 0; i < rule->nodes; i += GIG_LANES)
        for (size_t j = 0; j < GIG_LANES; j++) {
            const double t = fma(rule->step, (double)(i + j), rule->low);
            const double mass = share * klf_exp(gig_exponent(&rule->shape, t));
            double v[GIG_STATISTICS];
            gig_statistics_at(&rule->shape, t, v);
            for (size_t k = 0; k < GIG_STATISTICS; k++)
                first[k][j] += mass > 0.0 ? mass * v[k] : 0.0;
        }
    for (size_t k = 0; k < GIG_STATISTICS; k++)
        mean[k] = gig_sum_lanes(first[k]);
    for (size_t i = 0; i < rule->nodes; i += GIG_LANES)
        for (size_t j = 0; j < GIG_LANES; j++) {
            const double t = fma(rule->step, (double)(i + j), rule->low);
            const double mass = share * klf_exp(gig_exponent(&rule->shape, t));
            double v[GIG_STATISTICS];
            gig_statistics_at(&rule->shape, t, v);
            for (size_t k = 0; k < GIG_STATISTICS; k++)
                v[k] -= mean[k];
            for (size_t k = 0; k < GIG_STATISTICS; k++)
                for (size_t l = 0; l <= k; l++)
                    second[klf_packed(k, l)][j] += mass > 0.0 ? mass * v[k] * v[l] : 0.0;
        }
    for (size_t k = 0; k < 6; k++)
        covariance[k] = gig_sum_lanes(second[k]);
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
