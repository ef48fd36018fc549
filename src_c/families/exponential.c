/* exponential.c -- the Exponential family with rate b on x >= 0.
 *
 *   log p(x) = log b - b x,  eta = -b,  T = x,  log h = 0,  A = -log b
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 19.
 */
#include "family.h"

enum { RATE };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"rate", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef struct {
    double rate, log_rate, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return (family_constants){.rate = theta[RATE], .log_rate = klf_log(theta[RATE])};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    (void)theta;
    c->root_shape = 1.0;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double inside = fma(-c->rate, x, c->log_rate);
    return x < 0.0 ? -INFINITY : inside;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = fma(-c->rate, x, 1.0);
    s[0] = ((x < 0.0) | (x > DBL_MAX)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = x == x ? 0.0 : x;
    return x < 0.0 ? -INFINITY : inside;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x >= 0.0) & (x <= DBL_MAX);
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
    return (family_constants){.rate = theta[RATE]};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    return klf_clamp_finite(klf_exponential(*w) / c->rate);
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
    return 1.0;
}

static double rate_coefficient(const double *theta)
{
    (void)theta;
    return 1.0;
}

#include "power_rate_family.h"

#include "rate_family.h"

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return rate_kl(p, q);
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return -klf_log(theta[RATE]);
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return 1.0 - klf_log(theta[RATE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = 1.0 / theta[RATE];
    variance[0] = mean[0] / theta[RATE];
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    theta[RATE] = klf_clamp_positive(1.0 / klf_block_size(n, x, 0.0, weights));
}

const klf_family KLF_FAMILY(exponential) = {
    .name = "exponential",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and >= 0",
    .no_maximum = "the data are all 0, and the likelihood grows without bound with the rate",
    .natural_rule = "must be finite and < 0",
    .mean_rule = "must be finite and > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
