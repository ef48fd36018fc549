/* beta_prime.c -- the beta prime family with shapes a and b on x > 0: the odds of a Beta(a, b)
 * share, x = u/(1 - u), and the ratio of a Gamma(a) to a Gamma(b).
 *
 *   log p(x) = (a - 1) log x - (a + b) log(1 + x) - log B(a, b)
 *   eta = (a - 1, -(a + b)),  T = (log x, log(1 + x)),  log h = 0,  A = log B(a, b)
 *
 * With u = x/(1 + x) and 1 - u = 1/(1 + x), p(x) = u^(a-1) (1 - u)^(b+1)/B(a, b): the form of the
 * density is in beta_density.h, the standard score in beta_algebra.h. Source: Johnson, Kotz and
 * Balakrishnan (1995), vol. 2, chapter 25.
 */
#include "beta_density.h"
#include "beta_divergence.h"

enum { A, B };
enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

static const klf_parameter parameters[] = {{"a", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"b", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef beta_constants family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return beta_prepare_density(theta[A], theta[B], 1);
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->standard = beta_prepare_coordinates(theta[A], theta[B]);
}

/* d = S u - A = (B x - A)/(1 + x), in parts where B x could overflow. */
KLF_INLINE beta_point point_at(const family_constants *c, double x)
{
    const double y = 1.0 / (1.0 + x), down = x < 0x1p500 ? 1.0 : 0x1p-524;
    const double up = x < 0x1p500 ? y : y * 0x1p524;
    return (beta_point){x * y, y, fma(c->part_b, x * down, -c->part_a * down) * up};
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double log_p = beta_density_inside(c, point_at(c, x > DBL_MAX ? DBL_MAX : x), 1);
    const double from_0 = x == 0.0 ? c->at_zero : log_p;
    return ((x < 0.0) | (x > DBL_MAX)) ? -INFINITY : from_0;
}

/* At 0, where a statistic is infinite, that of the nearest number inside. */
KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    beta_score_inside(c, point_at(c, klf_clamp_positive(x)), s);
    const int outside = (x < 0.0) | (x > DBL_MAX);
    s[0] = outside ? 0.0 : s[0];
    s[1] = outside ? 0.0 : s[1];
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
    t[1] = klf_log1p(x);
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
    return (x > 0.0) & (x <= DBL_MAX);
}

#include "scalar_family.h"

KLF_INLINE double draw_from(double g, double h)
{
    return klf_clamp_positive(g / h);
}

#include "beta_sampler.h"

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = theta[A] - 1.0;
    eta[1] = -(theta[A] + theta[B]);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[A] = eta[0] + 1.0;
    theta[B] = (-eta[1] - eta[0]) - 1.0;
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = beta_mean_log_odds(theta[A], theta[B]);
    mu[1] = klf_digamma_increment(theta[B], theta[A]) / theta[B];
}

static void to_log_means(const double *mu, double *log_x, double *log_y)
{
    *log_x = mu[0] - mu[1];
    *log_y = -mu[1];
}

static void natural_score(double x, double y, double *out)
{
    out[0] = x - y;
    out[1] = -y;
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return beta_odds_entropy(theta);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double a = theta[A], b = theta[B];
    mean[0] = b > 1.0 ? a / (b - 1.0) : INFINITY;
    variance[0] = b > 2.0 ? mean[0] * ((a + (b - 1.0)) / (b - 1.0) / (b - 2.0)) : INFINITY;
}

static void shares(size_t n, const double *x, double *share, double *rest)
{
    for (size_t i = 0; i < n; i++) {
        rest[i] = 1.0 / (1.0 + x[i]);
        share[i] = x[i] * rest[i];
    }
}

#include "beta_family.h"

const klf_family KLF_FAMILY(beta_prime) = {
    .name = "beta_prime",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 0",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the spread "
                  "goes to 0; or they lie so near an end that a shape exceeds the largest double",
    .natural_rule = "must be finite, the first > -1, the sum < -1",
    .mean_rule = "must be finite, exp(the second) > 1 + exp(the first)",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .sum_score = sum_score,
    KLF_SCALAR_FUNCTIONS,
};
