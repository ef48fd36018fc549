/* pareto.c -- the Pareto family with shape a on x >= m, the fixed minimum.
 *
 *   log p(x) = log(a/m) - (a + 1) L,  L = log(x/m)
 *   eta = -(a + 1),  T = log x,  log h = 0,  A = -log a - a log m
 *
 * With a free minimum it is no exponential family. Source: Johnson, Kotz and Balakrishnan (1994),
 * vol. 1, chapter 20.
 */
#include "family.h"

enum { SHAPE, MINIMUM };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"shape", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"minimum", KLF_SCALAR, KLF_POSITIVE, 1}};

typedef struct {
    klf_standardiser relative; /* x/m - 1 */
    double shape, minimum, log_minimum, constant, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.relative = klf_make_standardiser(theta[MINIMUM], theta[MINIMUM]);
    c.shape = theta[SHAPE];
    c.minimum = theta[MINIMUM];
    c.log_minimum = klf_log(c.minimum);
    c.constant = klf_log(c.shape) - c.log_minimum;
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    (void)theta;
    c->root_shape = 1.0;
}

/* L, accurate near the minimum, and where x/m overflows. */
KLF_INLINE double log_relative(const family_constants *c, double x)
{
    const double ratio = x * c->relative.unit * c->relative.inverse_scale;
    const int normal = (ratio > 0.5) & (ratio < 0x1p1000);
    const double excess = klf_standardise(&c->relative, x);
    const double log_minimum = c->log_minimum;
    double ignored;
    const double log = klf_log_ratio(normal ? ratio : x, normal ? excess : x - 1.0, &ignored);
    return log - (normal ? 0.0 : log_minimum);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double inside = c->constant - (c->shape + 1.0) * log_relative(c, x);
    return x < c->minimum ? -INFINITY : inside;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = 1.0 - c->shape * log_relative(c, x);
    s[0] = ((x < c->minimum) | (x > DBL_MAX)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double inside = x == x ? 0.0 : x;
    return x < theta[MINIMUM] ? -INFINITY : inside;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    return (x >= theta[MINIMUM]) & (x <= DBL_MAX);
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
    return (family_constants){.shape = theta[SHAPE], .minimum = theta[MINIMUM]};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    const double half = klf_exp(0.5 * klf_exponential(*w) / c->shape); /* the power may overflow */
    return klf_clamp_finite(c->minimum * half * half);
}

#include "word_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

#define SIGN 1.0
#define NATURAL_OFFSET -1.0

static double gamma_shape(const double *theta)
{
    (void)theta;
    return 1.0;
}

static double statistic_origin(const double *theta)
{
    return klf_log(theta[MINIMUM]);
}

static double rate_power(const double *theta)
{
    (void)theta;
    return 1.0;
}

static double rate_coefficient(const double *theta)
{
    (void)theta;
    return 1.0;
}

#include "power_rate_family.h"

#include "rate_family.h"

/* E_p log(x/m_q) = log(m_p/m_q) + 1/a_p, if all of p lies in the support of q. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[MINIMUM] < q[MINIMUM])
        return INFINITY;
    const double shift = q[SHAPE] * klf_log_quotient(p[MINIMUM], q[MINIMUM]);
    return rate_kl(p, q) + shift;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return -klf_log(theta[SHAPE]) - theta[SHAPE] * klf_log(theta[MINIMUM]);
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(theta[MINIMUM]) - klf_log(theta[SHAPE]) + 1.0 / theta[SHAPE] + 1.0;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double a = theta[SHAPE], unit = theta[MINIMUM] / (a - 1.0);
    mean[0] = a > 1.0 ? theta[MINIMUM] * (a / (a - 1.0)) : INFINITY; /* unit may underflow */
    variance[0] = a > 2.0 ? unit * (unit * (a / (a - 2.0))) : INFINITY;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double total = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double weight = weights ? weights[i] : 1.0;
        total += weight;
        sum += weight * klf_log_quotient(x[i], theta[MINIMUM]);
    }
    theta[SHAPE] = sum > 0.0 && total / sum <= DBL_MAX ? klf_clamp_positive(total / sum) : 1.0;
}

const klf_family KLF_FAMILY(pareto) = {
    .name = "pareto",
    .support = KLF_SUPPORT_HALF_LINE,
    .origin = parameters + MINIMUM,
    .data_rule = "must be finite and >= minimum",
    .no_maximum = "the data all equal the minimum, and the likelihood grows without bound with "
                  "the shape",
    .natural_rule = "must be finite and < -1",
    .mean_rule = "must be finite and > log(minimum)",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
