/* beta.c -- the Beta family with shapes a and b on 0 < x < 1.
 *
 *   log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b)
 *   eta = (a - 1, b - 1),  T = (log x, log(1 - x)),  log h = 0,  A = log B(a, b)
 *
 * The density's form is in beta_density.h, the standard score in beta_algebra.h. Source: Johnson,
 * Kotz and Balakrishnan (1995), vol. 2, chapter 25.
 */
#include "beta_density.h"
#include "beta_divergence.h"

enum { A, B };
enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

static const klf_parameter parameters[] = {{"a", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"b", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef beta_constants family_constants;

static const double BELOW_ONE = 0x1.fffffffffffffp-1;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return beta_prepare_density(theta[A], theta[B], 0);
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->standard = beta_prepare_coordinates(theta[A], theta[B]);
}

/* 1 - x is exact from 1/2 on, and has its relative accuracy below. */
KLF_INLINE beta_point point_at(const family_constants *c, double x)
{
    return (beta_point){x, 1.0 - x, fma(c->total_tail, x, fma(c->total, x, -c->part_a))};
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double log_p = beta_density_inside(c, point_at(c, x), 0);
    log_p = x == 0.0 ? c->at_zero : log_p;
    log_p = x == 1.0 ? c->at_one : log_p;
    return ((x < 0.0) | (x > 1.0)) ? -INFINITY : log_p;
}

/* At the ends, where a statistic is infinite, that of the nearest number inside. */
KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double inside = x <= 0.0 ? KLF_SMALLEST : x;
    inside = inside >= 1.0 ? BELOW_ONE : inside;
    beta_score_inside(c, point_at(c, inside), s);
    const int outside = (x < 0.0) | (x > 1.0);
    s[0] = outside ? 0.0 : s[0];
    s[1] = outside ? 0.0 : s[1];
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
    t[1] = klf_log1p(-x);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = x == x ? 0.0 : x;
    return ((x < 0.0) | (x > 1.0)) ? -INFINITY : inside;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0.0) & (x < 1.0);
}

#include "scalar_family.h"

KLF_INLINE double draw_from(double g, double h)
{
    const double low = g < h ? g : h, least = low / (g + h);
    const double share = g < h ? least : 1.0 - least; /* rounded to nearest near 1 */
    const double positive = share < KLF_SMALLEST ? KLF_SMALLEST : share;
    return positive > BELOW_ONE ? BELOW_ONE : positive;
}

#include "beta_sampler.h"

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = theta[A] - 1.0;
    eta[1] = theta[B] - 1.0;
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[A] = eta[0] + 1.0;
    theta[B] = eta[1] + 1.0;
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = -klf_digamma_increment(theta[A], theta[B]) / theta[A];
    mu[1] = -klf_digamma_increment(theta[B], theta[A]) / theta[B];
}

static void to_log_means(const double *mu, double *log_x, double *log_y)
{
    *log_x = mu[0];
    *log_y = mu[1];
}

static void natural_score(double x, double y, double *out)
{
    out[0] = x;
    out[1] = y;
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return beta_entropy(theta);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = beta_share(theta[A], theta[B]);
    variance[0] = mean[0] * beta_share(theta[B], theta[A])
                  / (beta_total(theta[A], theta[B]) + 1.0);
}

static void shares(size_t n, const double *x, double *share, double *rest)
{
    for (size_t i = 0; i < n; i++) {
        share[i] = x[i];
        rest[i] = 1.0 - x[i];
    }
}

#include "beta_family.h"

const klf_family KLF_FAMILY(beta) = {
    .name = "beta",
    .support = KLF_SUPPORT_UNIT_INTERVAL,
    .data_rule = "must be > 0 and < 1",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the spread "
                  "goes to 0; or they lie so near an end that a shape exceeds the largest double",
    .natural_rule = "must be finite, both > -1",
    .mean_rule = "must be finite, exp(the first) + exp(the second) < 1",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .sum_score = sum_score,
    KLF_SCALAR_FUNCTIONS,
};
