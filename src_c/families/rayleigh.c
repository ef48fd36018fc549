/* rayleigh.c -- the Rayleigh family on x > 0.
 *
 *   log p(x) = log x - 2 log s - z^2/2,  z = x/s
 *   eta = -1/(2 s^2),  T = x^2,  log h = log x,  A = 2 log s
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 18, section 10.1.
 */
#include "family.h"

enum { SCALE };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"scale", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef struct {
    klf_standardiser standard;
    double scale, constant, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return (family_constants){.standard = klf_make_standardiser(0.0, theta[SCALE]),
                              .constant = -2.0 * klf_log(theta[SCALE])};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->scale = theta[SCALE];
    c->root_shape = sqrt(1.0);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double z = klf_standardise(&c->standard, x);
    const double inside = klf_log(x) + fma(-0.5 * z, z, c->constant);
    const double finite = x > DBL_MAX ? -INFINITY : inside;
    return x < 0.0 ? -INFINITY : finite;
}

/* w/k = z^2/2 */
KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double z = klf_standardise(&c->standard, x);
    const double inside = c->root_shape * fma(-0.5 * z, z, 1.0);
    s[0] = ((x < 0.0) | (x > DBL_MAX)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x * x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = klf_log(x);
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
    return (family_constants){.scale = theta[SCALE]};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    return klf_clamp_positive(c->scale * sqrt(2.0 * klf_exponential(*w)));
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
    return -2.0;
}

static double rate_coefficient(const double *theta)
{
    (void)theta;
    return 0.5;
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
    return 2.0 * klf_log(theta[SCALE]);
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return 1.0 + klf_log(theta[SCALE]) - 0.5 * KLF_LN2 + 0.5 * KLF_EULER_GAMMA;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[SCALE] * 0x1.40d931ff62706p+0;
    variance[0] = theta[SCALE] * theta[SCALE] * 0x1.b7812aeef4b9fp-2;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    theta[SCALE] = klf_block_size(n, x, 0.0, weights);
}

const klf_family KLF_FAMILY(rayleigh) = {
    .name = "rayleigh",
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
