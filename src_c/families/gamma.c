/* gamma.c -- the Gamma family with shape a and rate b on x > 0.
 *
 *   log p(x) = a log b - lgamma(a) + (a - 1) log x - b x
 *   eta      = (a - 1, -b),  T = (log x, x),  log h = 0,  A = lgamma(a) - a log b
 *
 * Evaluated in Loader's form (Catherine Loader, 2000, "Fast and accurate computation of binomial
 * probabilities"), in which nothing large cancels: with rho = b x/a, L = log rho,
 * phi = rho - 1 - L and delta the error of Stirling's formula,
 *
 *   log p(x) = -L - a phi - delta(a) + log(b/sqrt(2 pi a)).
 *
 * A shape below 1 is raised by one, x^(a-1) = x^a/x, where Stirling's formula holds.
 *
 *   standard score = ( sqrt(a) (x/m - 1),  (log x - E log x - (x/m - 1))/sqrt(psi1(a) - 1/a) )
 *
 * with m = a/b: the mean and the shape are orthogonal under the Fisher information. Source of the
 * algebra: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 17; the orthogonal parameters:
 * Cox and Reid (1987), "Parameter orthogonality and approximate conditional inference".
 */
#include "../math/bregman.h"
#include "family.h"

enum { SHAPE, RATE };

typedef struct {
    double shape, rate;
    double raised, shift;      /* the shape used, >= 1; 1 if it was raised, else 0 */
    double inverse_raised;
    double ratio, log_ratio;   /* rate/raised (0 when it is not a normal number) and its log */
    double factor;             /* b/sqrt(2 pi raised) times shape/raised if the shape was raised */
    double constant;           /* log(factor) - delta(raised) */
    double at_zero;            /* the limit of log p at x = 0 */
    /* for the score */
    double root_shape, inverse_shape, log_raise; /* log(raised/shape) */
    double digamma_excess;     /* psi(a) - log a */
    double root_excess, inverse_root_excess;     /* sqrt(psi1(a) - 1/a) */
    /* for the sampler: Marsaglia and Tsang's d and c */
    double d, c;
} gamma_constants;

KLF_INLINE gamma_constants gamma_prepare_density(double shape, double rate)
{
    gamma_constants c;
    c.shape = shape;
    c.rate = rate;
    c.shift = shape < 1.0 ? 1.0 : 0.0;
    c.raised = shape + c.shift;
    c.inverse_raised = 1.0 / c.raised;
    c.ratio = rate * c.inverse_raised;
    c.ratio = c.ratio > DBL_MIN && c.ratio < 0x1p1000 ? c.ratio : 0.0;
    const double lowered = shape < 1.0 ? shape * c.inverse_raised : 1.0;
    const double two_pi = 0x1.921fb54442d18p+2;
    c.factor = rate / sqrt(two_pi * c.raised) * lowered;
    c.constant = klf_log(c.factor) - klf_stirling_error(c.raised);
    return c;
}

KLF_INLINE gamma_constants gamma_prepare(double shape, double rate)
{
    gamma_constants c = gamma_prepare_density(shape, rate);
    if (!(c.factor > DBL_MIN && c.factor < DBL_MAX)) /* its logarithm, summed from its parts' */
        c.constant = klf_log(rate) - 0.5 * (KLF_LOG_2PI + klf_log(c.raised))
                     + (shape < 1.0 ? klf_log(shape) - klf_log(c.raised) : 0.0)
                     - klf_stirling_error(c.raised);
    c.log_ratio = klf_log(rate) - klf_log(c.raised);
    c.at_zero = shape < 1.0 ? INFINITY : -INFINITY;
    c.at_zero = shape == 1.0 ? klf_log(rate) : c.at_zero;
    c.root_shape = sqrt(shape);
    c.inverse_shape = 1.0 / shape;
    c.log_raise = shape < 1.0 ? klf_log(c.raised) - klf_log(shape) : 0.0;
    c.digamma_excess = klf_digamma_minus_log(shape);
    c.root_excess = sqrt(klf_trigamma_minus_inverse(shape));
    c.inverse_root_excess = 1.0 / c.root_excess;
    c.d = c.raised - 1.0 / 3.0;
    c.c = 1.0 / sqrt(9.0 * c.d);
    return c;
}

/* L and phi at x > 0. Where b x/a is no normal number, log x + log(b/a) serves for its log. */
KLF_INLINE double gamma_log_ratio(const gamma_constants *c, double x, double *phi)
{
    const double excess = fma(c->rate, x, -c->raised) * c->inverse_raised;
    const double ratio = x * c->ratio;
    const int extreme = !(ratio > 0x1p-1000 && ratio < 0x1p1000);
    const double argument = extreme ? x : ratio;
    double near;
    const double log = klf_log_ratio(argument, extreme ? x - 1.0 : excess, &near);
    const double total = extreme ? log + c->log_ratio : log;
    *phi = extreme ? excess - total : near;
    return total;
}

/* The same where b x/a is a normal number well inside the range, which is nearly always: the loops
 * take this and, if any element was extreme, do the block again by the full route. */
KLF_INLINE double gamma_usual_log_ratio(const gamma_constants *c, double x, double *ratio,
                                        double *excess, double *phi)
{
    *excess = fma(c->rate, x, -c->raised) * c->inverse_raised;
    *ratio = x * c->ratio;
    return klf_log_ratio_normal(*ratio, *excess, phi);
}

KLF_INLINE uint64_t gamma_is_extreme(double ratio)
{
    return (uint64_t)(!(ratio > 0x1p-1000) | !(ratio < 0x1p1000));
}

/* The excess is rho - 1. Where it is not small, L and a phi may be large and cancel:
 * -(1 + shift) L - a phi = (shape - 1) L - a (rho - 1) then. */
KLF_INLINE double gamma_density_inside(const gamma_constants *c, double excess, double log,
                                       double phi)
{
    const double near = -fma(c->raised, phi, (1.0 + c->shift) * log);
    const double far = fma(c->shape - 1.0, log, -c->raised * excess);
    return c->constant + (fabs(excess) < 0.5 ? near : far);
}

KLF_INLINE double gamma_density_from(const gamma_constants *c, double x, double log, double phi)
{
    const double excess = fma(c->rate, x, -c->raised) * c->inverse_raised;
    double log_p = gamma_density_inside(c, excess, log, phi);
    log_p = x > DBL_MAX ? -INFINITY : log_p;
    log_p = x == 0.0 ? c->at_zero : log_p;
    return x < 0.0 ? -INFINITY : log_p;
}

KLF_INLINE double gamma_log_density(const gamma_constants *c, double x)
{
    double phi;
    const double log = gamma_log_ratio(c, x, &phi);
    return gamma_density_from(c, x, log, phi);
}

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = (klf_sizes){.parameters = 2, .fitted = 2, .coordinates = 2, .event = 1,
                     .constants = sizeof(gamma_constants) / sizeof(double)};
}

static klf_status check(size_t d, const double *theta, klf_violation *violation, double *work)
{
    (void)d, (void)work;
    for (size_t i = 0; i < 2; i++)
        if (!(theta[i] > 0.0 && theta[i] <= DBL_MAX))
            return klf_violate(violation, i, 0, "must be finite and > 0");
    return KLF_OK;
}

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    const gamma_constants c = gamma_prepare(theta[SHAPE], theta[RATE]);
    memcpy(constants, &c, sizeof c);
}

KLF_INLINE gamma_constants load(const double *constants)
{
    gamma_constants c;
    memcpy(&c, constants, sizeof c);
    return c;
}

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Marsaglia and Tsang (2000), "A simple method for generating gamma variables", ACM TOMS 26: with
 * t = c z, the proposal d (1 + t)^3 is accepted when
 *
 *   log u < z^2/2 + d (1 - v + log v) = d (3 t^2/2 - t^3 - 3 (t - log(1 + t))),   v = (1 + t)^3,
 *
 * whose right-hand form keeps its accuracy at shapes of 1e15. */
static int gamma_accept(const gamma_constants *c, double z, double u)
{
    const double t = c->c * z;
    double phi; /* infinite for t = -1, NaN below: both refuse */
    (void)klf_log_ratio(1.0 + t, t, &phi);
    return klf_log(u) < c->d * (t * t * (1.5 - t) - 3.0 * phi);
}

/* A proposal is refused with probability below 0.05, a group of 64 never wholly in practice: the
 * bound on the groups only makes the loop's end provable. */
enum { GAMMA_LAST_GROUP = 1 << 10 };

/* One group of KLF_TILE proposals as cubes (1 + t)^3; quick[i] is 1 where a squeeze accepts.
 * Returns whether it accepts all.
 *
 * The squeeze: t - log(1 + t) = t^2/2 - t^3/3 + R with 0 <= R <= t^4/4 for t >= 0 and
 * R <= t^4/(4 (1 + t)) below, so the right-hand side of the test is at least -w,
 * w = 3 d t^4/4, doubled for -1/2 < t < 0, and u < 1 - w implies log u < -w. It leaves 0.04/d of
 * the proposals undecided, a few times fewer than the paper's, which does not depend on d. */
static int gamma_squeeze(const gamma_constants *c, const double *restrict z,
                         const double *restrict u, double *restrict cube, uint64_t *restrict quick)
{
    uint64_t all = 1;
    for (size_t i = 0; i < KLF_TILE; i++) {
        const double t = c->c * z[i], v = 1.0 + t, square = t * t;
        const double w = (t < 0.0 ? 1.5 : 0.75) * c->d * square * square;
        cube[i] = v * v * v;
        quick[i] = (uint64_t)((u[i] < 1.0 - w) & (t > -0.5));
    }
    for (size_t i = 0; i < KLF_TILE; i++)
        all &= quick[i];
    return (int)all;
}

/* The accepted among one group of proposals, in order. */
static size_t gamma_propose(const gamma_constants *c, const klf_key *key, uint64_t block,
                            uint64_t group, size_t wanted, double *restrict out)
{
    uint64_t words[KLF_TILE], quick[KLF_TILE];
    double z[KLF_TILE], u[KLF_TILE], cube[KLF_TILE];
    klf_fill_normals(key, block, 2 * group, 1, z);
    klf_fill_tiles(key, block, 2 * group + 1, 1, words);
    for (size_t i = 0; i < KLF_TILE; i++)
        u[i] = klf_uniform(words[i]);
    size_t count = KLF_TILE;
    if (!gamma_squeeze(c, z, u, cube, quick)) {
        count = 0;
        for (size_t i = 0; i < KLF_TILE; i++) {
            const double kept = cube[i];
            cube[count] = kept;
            count += quick[i] || gamma_accept(c, z[i], u[i]);
        }
    }
    count = count < wanted ? count : wanted;
    memcpy(out, cube, count * sizeof *out);
    if (group >= GAMMA_LAST_GROUP)
        while (count < wanted)
            out[count++] = 1.0;
    return count;
}

/* The tiles of the uniforms that lower the shape stand apart from those of the proposals. */
#define GAMMA_LOWERING_TILE (UINT64_C(1) << 32)

/* Gamma(a) = Gamma(a + 1) U^(1/a) for a < 1 (Marsaglia and Tsang, section 6). The power comes in
 * two halves, each divided by the root of the rate, so that nothing under- or overflows where the
 * draw does not. */
static void gamma_lower(const gamma_constants *c, const klf_key *key, uint64_t block, size_t n,
                        double *restrict x)
{
    uint64_t words[KLF_TILE];
    const double root_rate = sqrt(c->rate);
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(key, block, GAMMA_LOWERING_TILE + start / KLF_TILE, 1, words);
        for (size_t i = 0; i < count; i++) {
            const double half = klf_exp(0.5 * klf_log(klf_uniform(words[i])) / c->shape);
            x[start + i] = c->d * x[start + i] * half / root_rate * (half / root_rate);
        }
    }
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const gamma_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t group = 0;
    for (size_t filled = 0; filled < n; group++) {
        const size_t room = n - filled;
        filled += gamma_propose(&c, &key, block, group, room < KLF_TILE ? room : KLF_TILE,
                                x + filled);
    }
    if (c.shift > 0.0)
        gamma_lower(&c, &key, block, n, x);
    else
        for (size_t i = 0; i < n; i++)
            x[i] = c.d * x[i] / c.rate;
    for (size_t i = 0; i < n; i++)
        x[i] = klf_clamp_positive(x[i]);
}

/* ---- Density and score ----------------------------------------------------------------------- */

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    uint64_t extreme = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio, excess, phi;
        const double log = gamma_usual_log_ratio(&c, x[i], &ratio, &excess, &phi);
        log_p[i] = gamma_density_inside(&c, excess, log, phi);
        extreme |= gamma_is_extreme(ratio);
    }
    for (size_t i = 0; extreme && i < n; i++)
        log_p[i] = gamma_log_density(&c, x[i]);
}

KLF_INLINE void gamma_score(const gamma_constants *c, double x, double log, double phi,
                               double *mean_score, double *shape_score)
{
    const double excess = fma(c->rate, x, -c->shape) * c->inverse_shape;
    const double phi_shape = c->shift > 0.0 ? excess - (log + c->log_raise) : phi;
    const double inside = -(phi_shape + c->digamma_excess) * c->inverse_root_excess;
    const int outside = (x < 0.0) | (x > DBL_MAX);
    *mean_score = outside ? 0.0 : c->root_shape * excess;
    *shape_score = outside ? 0.0 : inside;
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    double *restrict s_mean = s, *restrict s_shape = s + KLF_ROW;
    uint64_t extreme = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio, excess, phi;
        const double log = gamma_usual_log_ratio(&c, x[i], &ratio, &excess, &phi);
        gamma_score(&c, x[i], log, phi, s_mean + i, s_shape + i);
        extreme |= gamma_is_extreme(ratio);
    }
    for (size_t i = 0; extreme && i < n; i++) {
        double phi;
        const double log = gamma_log_ratio(&c, x[i], &phi);
        gamma_score(&c, x[i], log, phi, s_mean + i, s_shape + i);
    }
    if (log_p)
        log_density(d, constants, n, x, log_p, work);
}

/* Where b x/a or the factor is no normal number, x = 0 included, all is done again by the full
 * route. */
static void log_density_each(size_t n, const double *const *parameters, const double *restrict x,
                             double *restrict log_p)
{
    const double *restrict shape = parameters[SHAPE], *restrict rate = parameters[RATE];
    uint64_t extreme = 0;
    for (size_t i = 0; i < n; i++) {
        const gamma_constants c = gamma_prepare_density(shape[i], rate[i]);
        double ratio, excess, phi;
        const double log = gamma_usual_log_ratio(&c, x[i], &ratio, &excess, &phi);
        log_p[i] = gamma_density_inside(&c, excess, log, phi);
        extreme |= gamma_is_extreme(ratio);
        extreme |= (uint64_t)(!(c.factor > DBL_MIN) | !(c.factor < DBL_MAX));
    }
    for (size_t i = 0; extreme && i < n; i++) {
        const gamma_constants c = gamma_prepare(shape[i], rate[i]);
        log_p[i] = gamma_log_density(&c, x[i]);
    }
}

static void statistics(size_t d, const double *theta, size_t n, const double *x, double *t)
{
    (void)d, (void)theta;
    for (size_t i = 0; i < n; i++) {
        t[2 * i] = klf_log(x[i]);
        t[2 * i + 1] = x[i];
    }
}

static void log_base_measure(size_t d, const double *theta, size_t n, const double *x,
                             double *log_h)
{
    (void)d, (void)theta;
    for (size_t i = 0; i < n; i++) {
        const double inside = x[i] == x[i] ? 0.0 : x[i];
        log_h[i] = x[i] < 0.0 ? -INFINITY : inside;
    }
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

/* f(a) = lgamma(a) - a log a + a, whose derivatives psi(a) - log a and psi1(a) - 1/a have no
 * cancellation; f(a) = log(2 pi/a)/2 + delta(a) for a >= 1. */
static double gamma_f(double a)
{
    if (a >= 1.0)
        return 0.5 * (KLF_LOG_2PI - klf_log(a)) + klf_stirling_error(a);
    return klf_lgamma(a) - a * klf_log(a) + a;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double a = theta[SHAPE];
    if (a < 1.0)
        return klf_lgamma(a) - a * klf_log(theta[RATE]);
    /* a log(a/b) - a + f(a): the logarithms meet before they are multiplied */
    return a * (klf_log(a) - klf_log(theta[RATE]) - 1.0) + gamma_f(a);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = theta[SHAPE] - 1.0;
    eta[1] = -theta[RATE];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    theta[SHAPE] = eta[0] + 1.0;
    theta[RATE] = -eta[1];
    klf_violation ignored;
    return check(d, theta, &ignored, NULL);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    const double a = theta[SHAPE], b = theta[RATE];
    mu[0] = klf_digamma_minus_log(a) + klf_log(a) - klf_log(b);
    mu[1] = a / b;
}

/* The shape at which log a - psi(a) = s > 0. Newton on 1/(log a - psi(a)) = 1/s, which is nearly
 * linear in a at both ends (a and 2a); start from Minka (2002), "Estimating a Gamma
 * distribution". */
static double gamma_shape_from(double s)
{
    double a = (3.0 - s + sqrt((s - 3.0) * (s - 3.0) + 24.0 * s)) / (12.0 * s);
    a = s > 1e6 ? 1.0 / s : a; /* where the start cancels: -psi(a) = 1/a to first order */
    for (int i = 0; i < 30; i++) {
        const double g = -klf_digamma_minus_log(a);
        const double step = (g / s - 1.0) * g / klf_trigamma_minus_inverse(a);
        const double next = a + step > 0.0 ? a + step : 0.5 * a;
        const int done = fabs(next - a) <= 0x1p-51 * a;
        a = next;
        if (done)
            break;
    }
    return a;
}

static klf_status gamma_from_spread(double s, double mean, double *theta)
{
    theta[SHAPE] = gamma_shape_from(s);
    theta[RATE] = theta[SHAPE] / mean;
    klf_violation ignored;
    return check(1, theta, &ignored, NULL);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    const double s = mu[1] > 0.0 ? klf_log(mu[1]) - mu[0] : -1.0;
    return s > 0.0 ? gamma_from_spread(s, mu[1], theta) : KLF_E_DOMAIN;
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_log(theta[SHAPE]);
    u[1] = klf_log(theta[RATE]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    theta[SHAPE] = klf_exp(u[0]);
    theta[RATE] = klf_exp(u[1]);
    klf_violation ignored;
    return check(d, theta, &ignored, NULL);
}

/* a - log b + lgamma(a) + (1 - a) psi(a) = f(a) + log(a/b) + (1 - a)(psi(a) - log a) */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double a = theta[SHAPE];
    return gamma_f(a) + (klf_log(a) - klf_log(theta[RATE]))
           + (1.0 - a) * klf_digamma_minus_log(a);
}

/* The Bregman divergence of f, B = f(a1) - f(a0) - (a1 - a0) f'(a0): for near shapes by
 * quadrature of f''. */
static double gamma_shape_divergence(double a0, double a1)
{
    const double change = a1 - a0;
    if (!(fabs(change) < 0.3 * a0))
        return gamma_f(a1) - gamma_f(a0) - change * klf_digamma_minus_log(a0);
    return klf_bregman_near(klf_trigamma_minus_inverse, a0, a1);
}

/* D = a1 (rho - 1 - log rho) + B(a0, a1) with rho the ratio of the means m0/m1: both terms are
 * non-negative. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double a0 = p[SHAPE], a1 = q[SHAPE], b0 = p[RATE], b1 = q[RATE];
    /* rho - 1 from the differences of the parameters: (1 + x)(1 + y) - 1 */
    const double x = (a0 - a1) / a1, y = (b1 - b0) / b0;
    const double ratio = (a0 / a1) * (b1 / b0);
    double phi;
    if (ratio > 0x1p-1000 && ratio < 0x1p1000) {
        const double near = x + y + x * y;
        (void)klf_log_ratio(ratio, fabs(x) < 0.5 && fabs(y) < 0.5 ? near : ratio - 1.0, &phi);
    } else {
        /* a1 ratio may be a number where ratio is none */
        const double log = klf_log(a0) - klf_log(a1) + klf_log(b1) - klf_log(b0);
        return a0 * (b1 / b0) - a1 * (1.0 + log) + gamma_shape_divergence(a0, a1);
    }
    return a1 * phi + gamma_shape_divergence(a0, a1);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[SHAPE] / theta[RATE];
    variance[0] = mean[0] / theta[RATE];
}

/* With e = x/m - 1 = s1/sqrt(a) and l = log x - E log x = e + s2 sqrt(psi1(a) - 1/a). */
static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    const double log_score = fma(s[1], c.root_excess, s[0] / c.root_shape);
    const double mean_score = c.root_shape * s[0]; /* a (x/m - 1) = b x - a */
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[0] = log_score;
        out[1] = -mean_score / theta[RATE];
        break;
    case KLF_NATURAL:
        out[0] = log_score;
        out[1] = mean_score / theta[RATE];
        break;
    case KLF_UNCONSTRAINED:
        out[0] = theta[SHAPE] * log_score;
        out[1] = -mean_score;
        break;
    }
}

/* The coefficients that a direction adds to log x and, in units of the rate, to -x. */
static void gamma_increments(const gamma_constants *c, const double *direction, double *shape,
                             double *relative_rate)
{
    *shape = direction[1] * c->inverse_root_excess;
    *relative_rate = (*shape - direction[0] * c->root_shape) * c->inverse_shape;
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)work;
    const gamma_constants c = load(constants);
    double shape, relative_rate;
    gamma_increments(&c, direction, &shape, &relative_rate);
    theta_new[SHAPE] = theta[SHAPE] + shape;
    theta_new[RATE] = fma(theta[RATE], relative_rate, theta[RATE]);
    klf_violation ignored;
    return check(d, theta_new, &ignored, NULL);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    double shape, relative_rate;
    gamma_increments(&c, direction, &shape, &relative_rate);
    const double shape_limit = shape < 0.0 ? c.shape / -shape : INFINITY;
    const double rate_limit = relative_rate < 0.0 ? 1.0 / -relative_rate : INFINITY;
    return shape_limit < rate_limit ? shape_limit : rate_limit;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static size_t check_data(size_t d, const double *theta, size_t n, const double *x)
{
    (void)d, (void)theta;
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (uint64_t)!((x[i] > 0.0) & (x[i] <= DBL_MAX));
    size_t i = bad ? 0 : n;
    while (i < n && (x[i] > 0.0) && (x[i] <= DBL_MAX))
        i++;
    return i;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    mean = mean > 0.0 ? mean : x[0];
    const double ratio = mean / sd; /* infinite for equal data: a very large shape will do */
    const double shape = ratio < 1e12 ? ratio * ratio : 1e24;
    theta[SHAPE] = shape > 1e-2 ? shape : 1e-2;
    theta[RATE] = klf_clamp_positive(theta[SHAPE] / mean);
}

/* log(mean x) - mean(log x) = mean phi - phi(mean excess), about the reference. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    const double excess = mean_score[0] / c.root_shape;
    if (!(excess > -1.0))
        return KLF_E_NO_MAXIMUM;
    double phi;
    (void)klf_log_ratio(1.0 + excess, excess, &phi);
    const double mean_phi = -fma(mean_score[1], c.root_excess, c.digamma_excess);
    const double spread = mean_phi - phi;
    const double rounding = 0x1p-48 * (phi > -c.digamma_excess ? phi : -c.digamma_excess);
    if (!(spread > rounding))
        return KLF_E_NO_MAXIMUM;
    const double mean = theta_reference[SHAPE] / theta_reference[RATE] * (1.0 + excess);
    return gamma_from_spread(spread, mean, theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static const klf_parameter parameters[] = {{"shape", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"rate", KLF_SCALAR, KLF_POSITIVE, 0}};

const klf_family KLF_FAMILY(gamma) = {
    .name = "gamma",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the spread "
                  "goes to 0",
    .n_parameters = 2,
    .parameters = parameters,
    .log_density_each = log_density_each,
    KLF_FUNCTIONS,
};
