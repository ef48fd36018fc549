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
#include "family.h"
#include "gamma_algebra.h"

enum { SHAPE, RATE };
enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

typedef struct {
    double shape, rate;
    double raised, shift;      /* the shape used, >= 1; 1 if it was raised, else 0 */
    double inverse_raised;
    double ratio, log_ratio;   /* rate/raised (0 when it is not a normal number) and its log */
    double factor;             /* b/sqrt(2 pi raised) times shape/raised if the shape was raised */
    double constant;           /* log(factor) - delta(raised) */
    double at_zero;            /* the limit of log p at x = 0 */
    gamma_scores scores;
} gamma_constants;

typedef gamma_constants family_constants;

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
    c.scores = gamma_prepare_scores(shape);
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

KLF_INLINE gamma_constants prepare_constants(const double *theta)
{
    return gamma_prepare(theta[SHAPE], theta[RATE]);
}

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    const gamma_constants c = prepare_constants(theta);
    memcpy(constants, &c, sizeof c);
}

KLF_INLINE gamma_constants load(const double *constants)
{
    gamma_constants c;
    memcpy(&c, constants, sizeof c);
    return c;
}

/* ---- Sampling -------------------------------------------------------------------------------- */

KLF_INLINE gamma_constants prepare_draw(const double *theta)
{
    return (gamma_constants){.shape = theta[SHAPE], .rate = theta[RATE]};
}

KLF_INLINE double draw_shape(const gamma_constants *c)
{
    return c->shape;
}

/* The lowering power comes in two halves, each divided by the root of the rate, so that nothing
 * under- or overflows where the draw does not. */
KLF_INLINE double draw_at(const gamma_constants *c, double base, double half)
{
    const double root = half / sqrt(c->rate);
    return klf_clamp_positive(base * root * root);
}

#include "gamma_draws.h"

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
    const double excess = fma(c->rate, x, -c->shape) * c->scores.inverse_shape;
    const int outside = (x < 0.0) | (x > DBL_MAX);
    const double of_mean = gamma_mean_score(&c->scores, excess);
    const double of_shape = gamma_shape_score(&c->scores, excess, log, phi);
    *mean_score = outside ? 0.0 : of_mean;
    *shape_score = outside ? 0.0 : of_shape;
}

KLF_INLINE void score_at(const gamma_constants *c, double x, double *s)
{
    double phi;
    const double log = gamma_log_ratio(c, x, &phi);
    gamma_score(c, x, log, phi, s, s + 1);
}

/* By the usual route; returns whether some x is extreme. The density takes the score's
 * logarithms. */
KLF_INLINE uint64_t usual_scores(const gamma_constants *c, size_t n, const double *restrict x,
                                 int with_density, double *restrict log_p, double *restrict s)
{
    double *restrict s_mean = s, *restrict s_shape = s + KLF_ROW;
    uint64_t extreme = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio, excess, phi;
        const double log = gamma_usual_log_ratio(c, x[i], &ratio, &excess, &phi);
        gamma_score(c, x[i], log, phi, s_mean + i, s_shape + i);
        if (with_density)
            log_p[i] = gamma_density_inside(c, excess, log, phi);
        extreme |= gamma_is_extreme(ratio);
    }
    return extreme;
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    const uint64_t extreme = log_p ? usual_scores(&c, n, x, 1, log_p, s)
                                   : usual_scores(&c, n, x, 0, NULL, s);
    for (size_t i = 0; extreme && i < n; i++) {
        double one[COORDINATES];
        score_at(&c, x[i], one);
        s[i] = one[0];
        s[KLF_ROW + i] = one[1];
        if (log_p)
            log_p[i] = gamma_log_density(&c, x[i]);
    }
}

static int sum_score(size_t d, const double *constants, size_t n, const double *restrict x,
                     double *restrict sums)
{
    (void)d;
    const gamma_constants c = load(constants);
    return gamma_sum_score(&c.scores, c.rate * c.scores.inverse_shape, n, x, sums);
}

#include "score_each.h"

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

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return gamma_log_partition(theta[SHAPE], theta[RATE]);
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

/* a - log b + lgamma(a) + (1 - a) psi(a) */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return gamma_entropy(theta[SHAPE]) - klf_log(theta[RATE]);
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return gamma_kl(p[SHAPE], p[RATE], q[SHAPE], q[RATE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[SHAPE] / theta[RATE];
    variance[0] = mean[0] / theta[RATE];
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    const double log_score = gamma_log_score(&c.scores, s);
    const double mean_score = c.scores.root_shape * s[0]; /* a (x/m - 1) = b x - a */
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

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)work;
    const gamma_constants c = load(constants);
    double shape, relative_rate;
    gamma_increments(&c.scores, direction, &shape, &relative_rate);
    theta_new[SHAPE] = theta[SHAPE] + shape;
    theta_new[RATE] = fma(theta[RATE], relative_rate, theta[RATE]);
    klf_violation ignored;
    return check(d, theta_new, &ignored, NULL);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    return gamma_max_step(&c.scores, direction);
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
    gamma_reference(mean, sd, &theta[SHAPE], &theta[RATE]);
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const gamma_constants c = load(constants);
    double mean_ratio;
    const double shape = gamma_fit_shape(&c.scores, mean_score, &mean_ratio);
    if (!(shape > 0.0))
        return KLF_E_NO_MAXIMUM;
    theta[SHAPE] = shape;
    theta[RATE] = shape / (theta_reference[SHAPE] / theta_reference[RATE] * mean_ratio);
    klf_violation ignored;
    return check(d, theta, &ignored, NULL) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static const klf_parameter parameters[] = {{"shape", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"rate", KLF_SCALAR, KLF_POSITIVE, 0}};

const klf_family KLF_FAMILY(gamma) = {
    .name = "gamma",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 0",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the spread "
                  "goes to 0",
    .natural_rule = "must be finite, the first > -1, the second < 0",
    .mean_rule = "must be finite, the second > exp(the first)",
    .n_parameters = 2,
    .parameters = parameters,
    .sample_each = sample_each,
    .sum_score = sum_score,
    KLF_SCALAR_FUNCTIONS,
};
