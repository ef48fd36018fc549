/* nakagami.c -- the Nakagami family with spread W = E x^2 and fixed shape m >= 1/2 on x > 0.
 *
 *   log p(x) = log 2 + m log(m/W) - lgamma(m) + (2 m - 1) log x - m z^2,  z = x/sqrt(W)
 *   eta = -m/W,  T = x^2,  log h = log 2 - lgamma(m) + (2 m - 1) log x,  A = m log(W/m)
 *
 * w = m z^2 is Gamma(m, 1). With a free shape it is no exponential family. Source: Nakagami (1960),
 * "The m-distribution", in Statistical Methods in Radio Wave Propagation.
 */
#include "family.h"
#include "gamma_algebra.h"
#include "gamma_power.h"

enum { SPREAD, SHAPE };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"spread", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"shape", KLF_SCALAR, KLF_FROM_HALF, 1}};

typedef struct {
    double unit, scaled_spread, inverse_spread; /* W unit^2 is well inside the range */
    double inverse_root;                        /* 1/(sqrt(W) unit) */
    gamma_power power;
    double share, shift;                        /* of m and of what raises it in the raised shape */
    double spread, shape, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    const double m = theta[SHAPE], spread = theta[SPREAD];
    family_constants c;
    c.unit = spread < 0x1p-400 ? 0x1p300 : (spread > 0x1p400 ? 0x1p-300 : 1.0);
    c.scaled_spread = spread * c.unit * c.unit;
    c.inverse_spread = 1.0 / c.scaled_spread;
    c.inverse_root = 1.0 / sqrt(c.scaled_spread);
    c.power = gamma_power_prepare(m, 2.0, 0.5, KLF_LN2, klf_log(m) - klf_log(spread));
    c.share = m < 1.0 ? m * c.power.inverse_raised : 1.0;
    c.shift = m < 1.0 ? c.power.inverse_raised : 0.0;
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->spread = theta[SPREAD];
    c->shape = theta[SHAPE];
    c->root_shape = sqrt(theta[SHAPE]);
}

/* z^2 and, as the result, z^2 - 1; where z is near 1 as (x^2 - W)/W with what rounding takes from
 * x^2, since m times it is sought and m may be large. */
KLF_INLINE double square_less_1(const family_constants *c, double x, double *square)
{
    const double scaled = x * c->unit, z = scaled * c->inverse_root;
    const double high = scaled * scaled, low = fma(scaled, scaled, -high);
    const double near = ((high - c->scaled_spread) + low) * c->inverse_spread;
    *square = z * z;
    return fabs(*square - 1.0) < 0.25 ? near : fma(z, z, -1.0);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double square, phi;
    const double excess = fma(c->share, square_less_1(c, x, &square), -c->shift);
    const double ratio = c->share * square;
    const double log = gamma_power_log(&c->power, x, ratio, excess, &phi);
    const double inside = gamma_power_density(&c->power, excess, log, phi);
    double log_p = x > DBL_MAX ? -INFINITY : inside;
    log_p = x == 0.0 ? c->power.at_zero : log_p;
    return x < 0.0 ? -INFINITY : log_p;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double ignored;
    const double inside = -c->root_shape * square_less_1(c, x, &ignored);
    s[0] = ((x < 0.0) | (x > DBL_MAX)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x * x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double m = theta[SHAPE];
    const double inside = KLF_LN2 - klf_lgamma(m) + (2.0 * m - 1.0) * klf_log(x);
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

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.spread = theta[SPREAD], .shape = theta[SHAPE]};
}

KLF_INLINE double draw_shape(const family_constants *c)
{
    return c->shape;
}

KLF_INLINE double draw_at(const family_constants *c, double base, double half)
{
    return klf_clamp_positive(sqrt(c->spread) / sqrt(c->shape) * sqrt(base) * half);
}

#include "gamma_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

#define SIGN 1.0
#define NATURAL_OFFSET 0.0

static double gamma_shape(const double *theta)
{
    return theta[SHAPE];
}

static double statistic_origin(const double *theta)
{
    (void)theta;
    return 0.0;
}

static double rate_power(const double *theta)
{
    (void)theta;
    return -1.0;
}

static double rate_coefficient(const double *theta)
{
    return theta[SHAPE];
}

#include "power_rate_family.h"

#include "rate_family.h"

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[SHAPE] == q[SHAPE])
        return rate_kl(p, q);
    const double m0 = p[SHAPE], m1 = q[SHAPE], w0 = p[SPREAD], w1 = q[SPREAD];
    const double log_rates = klf_log_quotient(m1, m0) + klf_log_quotient(w0, w1);
    return gamma_kl_by_ratio(m0, m1, w0 / w1, (w0 - w1) / w1, m1 / m0 * (w0 / w1), log_rates);
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return theta[SHAPE] * klf_log_quotient(theta[SPREAD], theta[SHAPE]);
}

/* The entropy of w less E log(2 sqrt(m w/W)), the logarithm of dw/dx. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double m = theta[SHAPE], excess = klf_digamma_minus_log(m);
    return gamma_f(m) + (0.5 - m) * excess + 0.5 * klf_log(theta[SPREAD]) - KLF_LN2;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = sqrt(theta[SPREAD]) * klf_exp(gamma_log_half_ratio(theta[SHAPE]));
    variance[0] = theta[SPREAD] * -klf_expm1(2.0 * gamma_log_half_ratio(theta[SHAPE]));
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    const double size = klf_block_size(n, x, 0.0, weights);
    theta[SPREAD] = size > 1e-150 && size < 1e150 ? size * size : 1.0;
}

const klf_family KLF_FAMILY(nakagami) = {
    .name = "nakagami",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 0",
    .no_maximum = "the data are too small to be told from 0",
    .natural_rule = "must be finite and < 0",
    .mean_rule = "must be finite and > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
