/* normal.c -- the Normal family, N(loc, scale^2) on the real line.
 *
 *   log p(x) = -z^2/2 - log(scale) - log(2 pi)/2,      z = (x - loc)/scale
 *   eta      = (loc/scale^2, -1/(2 scale^2)),          T = (x, x^2),  log h = -log(2 pi)/2
 *   A        = loc^2/(2 scale^2) + log(scale)
 *   standard score = (z, (z^2 - 1)/sqrt 2): orthonormal under p
 *
 * Source: Wainwright and Jordan (2008), Graphical Models, Exponential Families, and Variational
 * Inference, section 3; Johnson, Kotz and Balakrishnan (1994), Continuous Univariate
 * Distributions, vol. 1, chapter 13.
 */
#include "family.h"

enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

static const klf_parameter parameters[] = {{"loc", KLF_SCALAR, KLF_REAL, 0},
                                           {"scale", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef struct {
    klf_standardiser standard;
    double constant; /* -log(scale) - log(2 pi)/2 */
    double loc, scale;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return (family_constants){.standard = klf_make_standardiser(theta[0], theta[1]),
                              .constant = -klf_log(theta[1]) - 0.5 * KLF_LOG_2PI,
                              .loc = theta[0], .scale = theta[1]};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    (void)theta, (void)c;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double z = klf_standardise(&c->standard, x);
    return fma(-0.5 * z, z, c->constant);
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double z = klf_standardise(&c->standard, x);
    const double square = fma(z, z, -1.0) * (1.0 / KLF_SQRT2);
    s[0] = fabs(x) > DBL_MAX ? 0.0 : z; /* infinity is no point of the line */
    s[1] = fabs(x) > DBL_MAX ? 0.0 : square;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x;
    t[1] = x * x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    return x == x ? -0.5 * KLF_LOG_2PI : x;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return fabs(x) <= DBL_MAX;
}

#include "scalar_family.h"
#include "normal_algebra.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.loc = theta[0], .scale = theta[1]};
}

KLF_INLINE double draw_at(const family_constants *c, const double *z)
{
    return klf_clamp_finite(fma(c->scale, *z, c->loc));
}

#include "normal_draws.h"

static void whiten(size_t d, const double *constants, size_t n, const double *restrict x,
                   const double *restrict gradient, double *restrict rows, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++) {
        rows[i] = klf_standardise(&c.standard, x[i]);
        rows[KLF_ROW + i] = c.scale * gradient[i];
    }
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(theta[SCALE]) + 0.5 * (KLF_LOG_2PI + 1.0);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[LOC];
    variance[0] = theta[SCALE] * theta[SCALE];
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    normal_reference(mean, sd, theta);
}

const klf_family KLF_FAMILY(normal) = {
    .name = "normal",
    .support = KLF_SUPPORT_LINE,
    .data_rule = "must be finite",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the scale "
                  "goes to 0",
    .natural_rule = "must be finite, the second < 0",
    .mean_rule = "must be finite, the second > the first squared",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .whiten = whiten,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
