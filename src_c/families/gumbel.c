/* gumbel.c -- the Gumbel family (of maxima) with loc u and fixed scale b.
 *
 *   log p(x) = -z - e^-z - log b,  z = (x - u)/b
 *   eta = e^(u/b),  T = -e^(-x/b),  log h = -x/b - log b,  A = -u/b
 *
 * With a free scale it is no exponential family. Source: Johnson, Kotz and Balakrishnan (1995),
 * vol. 2, chapter 22.
 */
#include "../math/bregman.h"
#include "family.h"

enum { LOC, SCALE };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"loc", KLF_SCALAR, KLF_REAL, 0},
                                           {"scale", KLF_SCALAR, KLF_POSITIVE, 1}};

typedef struct {
    klf_standardiser standard;
    double loc, scale, log_scale, root_shape;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return (family_constants){.standard = klf_make_standardiser(theta[LOC], theta[SCALE]),
                              .log_scale = klf_log(theta[SCALE])};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->loc = theta[LOC];
    c->scale = theta[SCALE];
    c->root_shape = 1.0;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double found = klf_standardise(&c->standard, x);
    const double z = found < -DBL_MAX ? -DBL_MAX : found; /* -inf and e^inf would meet */
    const double inside = -(z + klf_exp(-z)) - c->log_scale;
    return x < -DBL_MAX ? -INFINITY : inside;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = -klf_expm1(-klf_standardise(&c->standard, x));
    s[0] = fabs(x) > DBL_MAX ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    t[0] = -klf_exp(-x / theta[SCALE]);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    return -x / theta[SCALE] - klf_log(theta[SCALE]);
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

/* x = u - b log e with e exponential. Both ends of e count: the first bit of a word chooses whether
 * e = -log(v) or e = -log(1 - v), 0 < v <= 1/2, each of which has all its digits. */
enum { DRAW_WORDS = 1 };

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.loc = theta[LOC], .scale = theta[SCALE]};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    const double v = 0.5 * klf_uniform(*w << 1);
    const double large = -klf_log_normal(v), small = -klf_log1p(-v);
    const double e = *w >> 63 ? large : small;
    return klf_clamp_finite(fma(-c->scale, klf_log_normal(e), c->loc));
}

#include "word_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

#define SIGN -1.0
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

static double rate_of(const double *theta)
{
    return klf_exp(theta[LOC] / theta[SCALE]);
}

static double over_rate(const double *theta, double value)
{
    const double half = klf_clamp_positive(klf_exp(-0.5 * (theta[LOC] / theta[SCALE])));
    return value * half * half;
}

static void set_rate(double *theta, double rate)
{
    theta[LOC] = theta[SCALE] * klf_log(rate);
}

static void scale_rate(const double *theta, double factor, double *theta_new)
{
    theta_new[LOC] = fma(theta[SCALE], klf_log(factor), theta[LOC]);
}

static double log_rate_slope(const double *theta, klf_coordinates coordinates)
{
    (void)coordinates;
    return 1.0 / theta[SCALE];
}

static double log_rate_ratio(const double *p, const double *q)
{
    return (q[LOC] - p[LOC]) / p[SCALE];
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = theta[LOC];
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[LOC] = u[0];
    return checked(theta);
}


#include "rate_family.h"

/* With other scales, from E_p e^(-(x - u_q)/b_q) = e^((u_q - u_p)/b_q) Gamma(1 + r), r = b_p/b_q: s
 * is its logarithm, and D = (e^s - 1 - s) + lgamma(r) + gamma (r - 1), whose last two are the
 * Bregman divergence of lgamma at 1. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[SCALE] == q[SCALE])
        return rate_kl(p, q);
    const double r = p[SCALE] / q[SCALE];
    const double s = (q[LOC] - p[LOC]) / q[SCALE] + klf_lgamma(1.0 + r);
    const double far = klf_lgamma(r) + KLF_EULER_GAMMA * (r - 1.0);
    const double near = fabs(r - 1.0) < 0.3 ? klf_bregman_near(klf_trigamma, 1.0, r) : far;
    const double divergence = klf_expm1_excess(s) + near;
    return divergence == divergence ? divergence : INFINITY; /* infinities met: beyond the range */
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return -theta[LOC] / theta[SCALE];
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(theta[SCALE]) + KLF_EULER_GAMMA + 1.0;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = fma(KLF_EULER_GAMMA, theta[SCALE], theta[LOC]);
    variance[0] = theta[SCALE] * theta[SCALE] * 0x1.a51a6625307d3p+0;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double least = DBL_MAX; /* so that no exponential overflows */
    for (size_t i = 0; i < n; i++)
        least = !(weights && weights[i] == 0.0) && x[i] < least ? x[i] : least;
    theta[LOC] = least < DBL_MAX ? least : x[0];
}

const klf_family KLF_FAMILY(gumbel) = {
    .name = "gumbel",
    .support = KLF_SUPPORT_LINE,
    .data_rule = "must be finite",
    .no_maximum = "the data are so far apart that the mean of their statistics overflows",
    .natural_rule = "must be finite and > 0",
    .mean_rule = "must be finite and < 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
