/* log_normal.c -- the lognormal family: y = log x is N(loc, scale^2).
 *
 *   log p(x) = -z^2/2 - log(scale) - log(2 pi)/2 - y,  z = (y - loc)/scale
 *   eta      = (loc/scale^2, -1/(2 scale^2)),  T = (y, y^2),  log h = -log(2 pi)/2 - y
 *   A        = loc^2/(2 scale^2) + log(scale)
 *
 * A small scale magnifies the rounding of y: there y - loc is the logarithm of x/e^loc, e^loc held
 * in two doubles. That is chosen once for a block, since other members are served faster without.
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 14.
 */
#include "../math/long_exponential.h"
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

KLF_INLINE double density_from(const family_constants *c, double x, double z, double y)
{
    const double inside = fma(-0.5 * z, z, c->constant) - y;
    const double log_p = ((x <= 0.0) | (x > DBL_MAX)) ? -INFINITY : inside;
    return x == x ? log_p : x;
}

KLF_INLINE void score_from(double x, double z, double *s)
{
    const double square = fma(z, z, -1.0) * (1.0 / KLF_SQRT2);
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    const double first = outside ? 0.0 : z, second = outside ? 0.0 : square;
    s[0] = x == x ? first : x;
    s[1] = x == x ? second : x;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double y;
    const double z = standardised_log(c, x, &y);
    return density_from(c, x, z, y);
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double y;
    score_from(x, standardised_log(c, x, &y), s);
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

/* ---- Small scales ---------------------------------------------------------------------------- */

/* The two parts of y are good to 2^-56 of 1, or of loc where that is less. */
KLF_INLINE int is_narrow(double loc, double scale)
{
    const double size = fabs(loc), least = size < 1.0 ? size : 1.0;
    return (scale < 0x1p-6 * least) & (size < 760.0);
}

/* z; where x/e^loc is out of range the other way is as good. */
KLF_INLINE double narrow_log(const family_constants *c, const klf_long_exponential *centre,
                             double x, double *y)
{
    double ignored;
    const double relative = x * centre->unit * centre->other_unit, inverse = 1.0 / centre->high;
    const double ratio = relative * inverse;
    const double excess = (relative - centre->high - centre->low) * inverse;
    const double log = klf_log_ratio(ratio, excess, &ignored);
    const int is_near = (ratio > 0x1p-1000) & (ratio < 0x1p1000);
    const double far = standardised_log(c, x, y);
    return is_near ? log * c->standard.unit * c->standard.inverse_scale : far;
}

static void log_density_of_any(size_t d, const double *constants, size_t n,
                               const double *restrict x, double *restrict log_p,
                               double *restrict work)
{
    const family_constants c = load(constants);
    if (!is_narrow(c.loc, c.scale)) {
        log_density(d, constants, n, x, log_p, work);
        return;
    }
    const klf_long_exponential centre = klf_exp_long(c.loc);
    for (size_t i = 0; i < n; i++) {
        double y;
        const double z = narrow_log(&c, &centre, x[i], &y);
        log_p[i] = density_from(&c, x[i], z, y);
    }
}

static void score_of_any(size_t d, const double *constants, size_t n, const double *restrict x,
                         double *restrict log_p, double *restrict s, double *restrict work)
{
    const family_constants c = load(constants);
    if (!is_narrow(c.loc, c.scale)) {
        score(d, constants, n, x, log_p, s, work);
        return;
    }
    const klf_long_exponential centre = klf_exp_long(c.loc);
    for (size_t i = 0; i < n; i++) {
        double one[COORDINATES], y;
        score_from(x[i], narrow_log(&c, &centre, x[i], &y), one);
        s[i] = one[0];
        s[KLF_ROW + i] = one[1];
    }
    if (log_p)
        log_density_of_any(d, constants, n, x, log_p, work);
}

static int any_is_narrow(size_t n, const double *const *theta, size_t start)
{
    int found = 0;
    for (size_t i = start; i < start + n; i++)
        found |= is_narrow(theta[0][i], theta[1][i]);
    return found;
}

static void log_density_of_each(size_t n, const double *const *theta, const double *restrict x,
                                double *restrict log_p)
{
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t count = n - start < KLF_BLOCK ? n - start : KLF_BLOCK;
        const double *const here[PARAMETERS] = {theta[0] + start, theta[1] + start};
        log_density_each(count, here, x + start, log_p + start);
        if (!any_is_narrow(count, theta, start))
            continue;
        for (size_t i = start; i < start + count; i++) {
            const double one[PARAMETERS] = {theta[0][i], theta[1][i]};
            const family_constants c = prepare_density(one);
            const klf_long_exponential centre = klf_exp_long(one[0]);
            double y;
            const double z = narrow_log(&c, &centre, x[i], &y);
            const double narrow = density_from(&c, x[i], z, y);
            log_p[i] = is_narrow(one[0], one[1]) ? narrow : log_p[i];
        }
    }
}

static void score_of_each(size_t n, const double *const *theta, const double *restrict x,
                          klf_coordinates coordinates, double *restrict s)
{
    score_each(n, theta, x, coordinates, s);
    for (size_t i = 0; i < n; i++) {
        if (!is_narrow(theta[0][i], theta[1][i]))
            continue;
        const double one[PARAMETERS] = {theta[0][i], theta[1][i]};
        const family_constants c = prepare_density(one);
        const klf_long_exponential centre = klf_exp_long(one[0]);
        double standard[COORDINATES], y;
        score_from(x[i], narrow_log(&c, &centre, x[i], &y), standard);
        map_score(1, one, NULL, coordinates, standard, s + i * FITTED, NULL);
    }
}

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
    return klf_clamp_positive(klf_exp(fma(c->scale, *z, c->loc)));
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
    .natural_rule = "must be finite, the second < 0",
    .mean_rule = "must be finite, the second > the first squared",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .log_density = log_density_of_any,
    .score = score_of_any,
    .statistics = statistics,
    .log_density_each = log_density_of_each,
    .score_each = score_of_each,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_OTHER_FUNCTIONS,
};
