/* weibull.c -- the Weibull family with scale l and fixed shape k on x > 0.
 *
 *   log p(x) = log(k/l) + (k - 1) L - w,  L = log(x/l),  w = e^(k L)
 *   eta = -l^-k,  T = x^k,  log h = log k + (k - 1) log x,  A = k log l
 *
 * With a free shape it is no exponential family. Source: Johnson, Kotz and Balakrishnan (1994),
 * vol. 1, chapter 21.
 */
#include "../math/bregman.h"
#include "family.h"

enum { SCALE, SHAPE };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"scale", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"shape", KLF_SCALAR, KLF_POSITIVE, 1}};

typedef struct {
    klf_standardiser relative; /* x/l - 1 */
    double scale, shape, log_scale, constant, at_zero, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.relative = klf_make_standardiser(theta[SCALE], theta[SCALE]);
    c.shape = theta[SHAPE];
    c.log_scale = klf_log(theta[SCALE]);
    c.constant = klf_log(theta[SHAPE]) - c.log_scale;
    c.at_zero = c.shape > 1.0 ? -INFINITY : (c.shape < 1.0 ? INFINITY : c.constant);
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->scale = theta[SCALE];
    c->root_shape = 1.0;
}

/* L, accurate near the scale, since k may be large, and where x/l is no normal number. */
KLF_INLINE double log_relative(const family_constants *c, double x)
{
    const double ratio = x * c->relative.unit * c->relative.inverse_scale;
    const double excess = klf_standardise(&c->relative, x);
    const int normal = (ratio > DBL_MIN) & (ratio <= DBL_MAX);
    double ignored;
    const double log = klf_log_ratio(normal ? ratio : x, normal ? excess : x - 1.0, &ignored);
    return normal ? log : log - c->log_scale;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double log = log_relative(c, x), w = klf_exp(c->shape * log);
    const double inside = fma(c->shape - 1.0, log, c->constant - w);
    double log_p = w > DBL_MAX ? -INFINITY : inside;
    log_p = x == 0.0 ? c->at_zero : log_p;
    return x < 0.0 ? -INFINITY : log_p;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = -klf_expm1(c->shape * log_relative(c, x));
    s[0] = ((x < 0.0) | (x > DBL_MAX)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    t[0] = klf_power(x, theta[SHAPE]);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double inside = klf_log(theta[SHAPE]) + (theta[SHAPE] - 1.0) * klf_log(x);
    return x < 0.0 ? -INFINITY : inside;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0.0) & (x <= DBL_MAX);
}

#include "scalar_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

enum { DRAW_WORDS = 1 };

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.scale = theta[SCALE], .shape = theta[SHAPE]};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    const double log = klf_log(klf_exponential(*w));
    const double half = klf_exp(0.5 * log / c->shape); /* the power may overflow */
    return klf_clamp_positive(c->scale * half * half);
}

#include "word_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

#define SIGN 1.0
#define NATURAL_OFFSET 0.0

static double gamma_shape(const double *theta)
{
    (void)theta;
    return 1.0;
}

static double statistic_origin(const double *theta)
{
    (void)theta;
    return 0.0;
}

static double rate_power(const double *theta)
{
    return -theta[SHAPE];
}

static double rate_coefficient(const double *theta)
{
    (void)theta;
    return 1.0;
}

#include "power_rate_family.h"

#include "rate_family.h"

static double trigamma_from(const void *context, double distance)
{
    const double *h = context;
    return klf_trigamma(1.0 + (*h + distance));
}

/* lgamma(1 + 2 h) - 2 lgamma(1 + h): the logarithm of E x^2/(E x)^2 at shape 1/h. */
static double log_moment_excess(double h)
{
    if (h > 0.15)
        return klf_lgamma(1.0 + 2.0 * h) - 2.0 * klf_lgamma(1.0 + h);
    return klf_bregman_along(trigamma_from, &h, h) + klf_bregman_along(trigamma_from, &h, -h);
}

/* With other shapes, from E_p log(x/l_p) = -gamma/k_p and E_p (x/l_q)^k_q: s is the logarithm of
 * the latter and r = k_q/k_p, so that D = (e^s - 1 - s) + lgamma(r) + gamma (r - 1), whose last two
 * are the Bregman divergence of lgamma at 1. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[SHAPE] == q[SHAPE])
        return rate_kl(p, q);
    const double r = q[SHAPE] / p[SHAPE];
    const double s = q[SHAPE] * klf_log_quotient(p[SCALE], q[SCALE]) + klf_lgamma(1.0 + r);
    const double far = klf_lgamma(r) + KLF_EULER_GAMMA * (r - 1.0);
    const double near = fabs(r - 1.0) < 0.3 ? klf_bregman_near(klf_trigamma, 1.0, r) : far;
    const double divergence = klf_expm1_excess(s) + near;
    return divergence == divergence ? divergence : INFINITY; /* infinities met: beyond the range */
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return theta[SHAPE] * klf_log(theta[SCALE]);
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return KLF_EULER_GAMMA * (1.0 - 1.0 / theta[SHAPE]) + klf_log(theta[SCALE])
           - klf_log(theta[SHAPE]) + 1.0;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double h = 1.0 / theta[SHAPE], half = klf_exp(0.5 * klf_lgamma(1.0 + h));
    mean[0] = theta[SCALE] * half * half; /* the whole may overflow */
    if (h < 0x1p-60) { /* psi1(1) h^2, which may underflow */
        const double sd = mean[0] * h;
        variance[0] = 0x1.a51a6625307d3p+0 * sd * sd;
        return;
    }
    variance[0] = mean[0] * (mean[0] * klf_expm1(log_moment_excess(h)));
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double largest = 0.0; /* so that no power overflows */
    for (size_t i = 0; i < n; i++)
        largest = !(weights && weights[i] == 0.0) && x[i] > largest ? x[i] : largest;
    theta[SCALE] = largest > 0.0 ? largest : 1.0;
}

const klf_family KLF_FAMILY(weibull) = {
    .name = "weibull",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 0",
    .no_maximum = "the data are too small to be told from 0",
    .natural_rule = "must be finite and < 0",
    .mean_rule = "must be finite and > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
