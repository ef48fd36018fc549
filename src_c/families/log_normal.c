/* log_normal.c -- the lognormal family: y = log x is N(loc, scale^2).
 *
 *   log p(x) = -z^2/2 - log(scale) - log(2 pi)/2 - y,  z = (y - loc)/scale
 *   eta      = (loc/scale^2, -1/(2 scale^2)),  T = (y, y^2),  log h = -log(2 pi)/2 - y
 *   A        = loc^2/(2 scale^2) + log(scale)
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 14.
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

/* z, and y; y is held in two parts, so that a small scale does not magnify its rounding. */
KLF_INLINE double standardised_log(const family_constants *c, double x, double *y)
{
    double k, high, half_square, ignored;
    const double f = klf_log_reduce(x, &k) - 1.0;
    const double low = klf_log_sum(k, f, klf_log_deficit(f, &half_square, &ignored), &high);
    *y = klf_log_special(x, high + low);
    return fma(low, c->standard.unit, fma(high, c->standard.unit, c->standard.minus_loc))
           * c->standard.inverse_scale;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double y;
    const double z = standardised_log(c, x, &y);
    const double inside = fma(-0.5 * z, z, c->constant) - y;
    const double log_p = ((x <= 0.0) | (x > DBL_MAX)) ? -INFINITY : inside;
    return x == x ? log_p : x;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double y;
    const double z = standardised_log(c, x, &y);
    const double square = fma(z, z, -1.0) * (1.0 / KLF_SQRT2);
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    const double first = outside ? 0.0 : z, second = outside ? 0.0 : square;
    s[0] = x == x ? first : x;
    s[1] = x == x ? second : x;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
    t[1] = t[0] * t[0];
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = -0.5 * KLF_LOG_2PI - klf_log(x);
    return x < 0.0 ? -INFINITY : inside;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0.0) & (x <= DBL_MAX);
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

KLF_INLINE double draw_at(const family_constants *c, double z)
{
    return klf_clamp_positive(klf_exp(fma(c->scale, z, c->loc)));
}

#include "normal_draws.h"

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(theta[SCALE]) + 0.5 * (KLF_LOG_2PI + 1.0) + theta[LOC];
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double square = theta[SCALE] * theta[SCALE];
    mean[0] = klf_exp(theta[LOC] + 0.5 * square);
    variance[0] = mean[0] * (mean[0] * klf_expm1(square));
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double y[KLF_BLOCK] = {0.0}, mean, sd;
    for (size_t i = 0; i < n; i++)
        y[i] = klf_log(x[i]);
    klf_block_mean_sd(n, y, 1, weights, &mean, &sd);
    normal_reference(mean, sd, theta);
}

const klf_family KLF_FAMILY(log_normal) = {
    .name = "log_normal",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 0",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the scale "
                  "goes to 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
