/* inverse_gamma.c -- the inverse Gamma family with shape a and scale b on x > 0, where 1/x is
 * Gamma(a, b).
 *
 *   log p(x) = a log b - lgamma(a) - (a + 1) log x - b/x
 *   eta      = (-a - 1, -b),  T = (log x, 1/x),  log h = 0,  A = lgamma(a) - a log b
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 17, section 8.
 */
#include "family.h"
#include "gamma_algebra.h"
#include "gamma_power.h"

enum { SHAPE, SCALE };
enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

static const klf_parameter parameters[] = {{"shape", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"scale", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef struct {
    gamma_power power;
    double scale, inverse_scale;
    gamma_scores scores;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.power = gamma_power_prepare(theta[SHAPE], -1.0, -1.0, 0.0, klf_log(theta[SCALE]));
    c.scale = theta[SCALE];
    c.inverse_scale = klf_clamp_finite(1.0 / c.scale);
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->scores = gamma_prepare_scores(theta[SHAPE]);
}

/* w/a - 1, where w = b/x is near a with what rounding takes from w, since a may be large. */
KLF_INLINE double excess_over(const family_constants *c, double x, double w, double shape,
                              double inverse_shape)
{
    const double lost = fma(-w, x, c->scale) * c->inverse_scale * w;
    const double excess = (w - shape) * inverse_shape;
    return fabs(excess) < 0.5 ? fma(lost, inverse_shape, excess) : excess;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double w = c->scale / x;
    const double excess = excess_over(c, x, w, c->power.raised, c->power.inverse_raised);
    double phi;
    const double log = gamma_power_log(&c->power, x, w * c->power.inverse_raised, excess, &phi);
    const double inside = gamma_power_density(&c->power, excess, log, phi);
    const double finite = x > DBL_MAX ? -INFINITY : inside;
    return x <= 0.0 ? -INFINITY : finite;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double w = c->scale / x;
    const double raised = excess_over(c, x, w, c->power.raised, c->power.inverse_raised);
    const double excess = excess_over(c, x, w, c->scores.shape, c->scores.inverse_shape);
    double phi;
    const double log = gamma_power_log(&c->power, x, w * c->power.inverse_raised, raised, &phi);
    const double of_mean = gamma_mean_score(&c->scores, excess);
    const double of_shape = gamma_shape_score(&c->scores, excess, log, phi);
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    s[0] = outside ? 0.0 : of_mean;
    s[1] = outside ? 0.0 : of_shape;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
    t[1] = 1.0 / x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = x == x ? 0.0 : x;
    return x < 0.0 ? -INFINITY : inside;
}

/* Below 2^-1024 the inverse is infinite. */
KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0x1p-1024) & (x <= DBL_MAX);
}

#include "scalar_family.h"

static int sum_score(size_t d, const double *constants, size_t n, const double *restrict x,
                     double *restrict sums)
{
    (void)d;
    const family_constants c = load(constants);
    double inverse[KLF_BLOCK];
    for (size_t i = 0; i < n; i++)
        inverse[i] = 1.0 / x[i];
    return gamma_sum_score(&c.scores, c.scale * c.scores.inverse_shape, n, inverse, sums);
}

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.scale = theta[SCALE], .scores.shape = theta[SHAPE]};
}

KLF_INLINE double draw_shape(const family_constants *c)
{
    return c->scores.shape;
}

/* scale/w in two halves, so that nothing under- or overflows where the draw does not. */
KLF_INLINE double draw_at(const family_constants *c, double base, double half)
{
    const double root = sqrt(c->scale) / half;
    return klf_clamp_positive(root / base * root);
}

#include "gamma_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return gamma_log_partition(theta[SHAPE], theta[SCALE]);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = -theta[SHAPE] - 1.0;
    eta[1] = -theta[SCALE];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[SHAPE] = -eta[0] - 1.0;
    theta[SCALE] = -eta[1];
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    const double a = theta[SHAPE], b = theta[SCALE];
    mu[0] = klf_log(b) - klf_log(a) - klf_digamma_minus_log(a);
    mu[1] = a / b;
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    const double spread = mu[1] > 0.0 ? klf_log(mu[1]) + mu[0] : -1.0;
    if (!(spread > 0.0))
        return KLF_E_DOMAIN;
    theta[SHAPE] = gamma_shape_from(spread);
    theta[SCALE] = theta[SHAPE] / mu[1];
    return checked(theta);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_log(theta[SHAPE]);
    u[1] = klf_log(theta[SCALE]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[SHAPE] = klf_exp(u[0]);
    theta[SCALE] = klf_exp(u[1]);
    return checked(theta);
}

/* x = b/w: the entropy of w less E log(w^2/b) */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double a = theta[SHAPE];
    return gamma_f(a) + klf_log(theta[SCALE]) - klf_log(a) - (1.0 + a) * klf_digamma_minus_log(a);
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return gamma_kl(p[SHAPE], p[SCALE], q[SHAPE], q[SCALE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double a = theta[SHAPE];
    mean[0] = a > 1.0 ? theta[SCALE] / (a - 1.0) : INFINITY;
    variance[0] = a > 2.0 ? mean[0] * (mean[0] / (a - 2.0)) : INFINITY;
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    const double log_score = gamma_log_score(&c.scores, s);
    const double mean_score = c.scores.root_shape * s[0]; /* w - a */
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[0] = log_score;
        out[1] = -mean_score / theta[SCALE];
        break;
    case KLF_NATURAL:
        out[0] = -log_score;
        out[1] = mean_score / theta[SCALE];
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
    (void)d, (void)work;
    const family_constants c = load(constants);
    double shape, relative_rate;
    gamma_increments(&c.scores, direction, &shape, &relative_rate);
    theta_new[SHAPE] = theta[SHAPE] + shape;
    theta_new[SCALE] = fma(theta[SCALE], relative_rate, theta[SCALE]);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    return gamma_max_step(&c.scores, direction);
}

/* ---- Data ------------------------------------------------------------------------------------ */

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double inverse[KLF_BLOCK] = {0.0}, mean, sd;
    for (size_t i = 0; i < n; i++)
        inverse[i] = 1.0 / x[i];
    klf_block_mean_sd(n, inverse, 1, weights, &mean, &sd);
    gamma_reference(mean > 0.0 ? mean : inverse[0], sd, &theta[SHAPE], &theta[SCALE]);
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    double mean_ratio;
    const double shape = gamma_fit_shape(&c.scores, mean_score, &mean_ratio);
    if (!(shape > 0.0))
        return KLF_E_NO_MAXIMUM;
    theta[SHAPE] = shape;
    theta[SCALE] = shape / (theta_reference[SHAPE] / theta_reference[SCALE] * mean_ratio);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

const klf_family KLF_FAMILY(inverse_gamma) = {
    .name = "inverse_gamma",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 5.6e-309, so that 1/x is finite",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the spread "
                  "goes to 0",
    .natural_rule = "must be finite, the first < -1, the second < 0",
    .mean_rule = "must be finite, the second > exp(-the first)",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .sum_score = sum_score,
    KLF_SCALAR_FUNCTIONS,
};
