/* laplace.c -- the Laplace family with scale b about a fixed loc.
 *
 *   log p(x) = -|z| - log(2 b),  z = (x - loc)/b
 *   eta = -1/b,  T = |x - loc|,  log h = 0,  A = log(2 b)
 *
 * With a free loc it is no exponential family. Source: Johnson, Kotz and Balakrishnan (1995), vol.
 * 2, chapter 24.
 */
#include "family.h"

enum { SCALE, LOC };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"scale", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"loc", KLF_SCALAR, KLF_REAL, 1}};

typedef struct {
    klf_standardiser standard;
    double scale, loc, constant, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return (family_constants){.standard = klf_make_standardiser(theta[LOC], theta[SCALE]),
                              .constant = -klf_log(theta[SCALE]) - KLF_LN2};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->scale = theta[SCALE];
    c->loc = theta[LOC];
    c->root_shape = 1.0;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    return c->constant - fabs(klf_standardise(&c->standard, x));
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = 1.0 - fabs(klf_standardise(&c->standard, x));
    s[0] = fabs(x) > DBL_MAX ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    t[0] = fabs(x - theta[LOC]);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    return x == x ? 0.0 : x;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return fabs(x) <= DBL_MAX;
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
    return (family_constants){.scale = theta[SCALE], .loc = theta[LOC]};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    const double size = c->scale * klf_exponential(*w << 1); /* the first bit is the sign */
    return klf_clamp_finite(c->loc + (*w >> 63 ? -size : size));
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
    (void)theta;
    return -1.0;
}

static double rate_coefficient(const double *theta)
{
    (void)theta;
    return 1.0;
}

#include "power_rate_family.h"

#include "rate_family.h"

/* With u = |loc_p - loc_q|/b_p, E_p |x - loc_q| = b_p (u + e^-u). */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double shift = fabs(p[LOC] - q[LOC]) / p[SCALE];
    const double apart = p[SCALE] * klf_expm1_excess(-shift) / q[SCALE];
    return rate_kl(p, q) + apart;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(theta[SCALE]) + KLF_LN2;
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return 1.0 + KLF_LN2 + klf_log(theta[SCALE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[LOC];
    variance[0] = 2.0 * theta[SCALE] * theta[SCALE];
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    theta[SCALE] = klf_block_size(n, x, theta[LOC], weights);
}

const klf_family KLF_FAMILY(laplace) = {
    .name = "laplace",
    .support = KLF_SUPPORT_TWO_HALF_LINES,
    .origin = parameters + LOC,
    .data_rule = "must be finite",
    .no_maximum = "the data all equal loc, and the likelihood grows without bound as the "
                  "scale goes to 0",
    .natural_rule = "must be finite and < 0",
    .mean_rule = "must be finite and > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
