/* logarithmic.c -- the Logarithmic (log-series) family with probability p.
 *
 *   log p(x) = x log p - log x - log l,  l = -log(1 - p),  x = 1, 2, ...
 *   eta      = log p,  T = x,  log h = -log x,  A = log l
 *
 * With q = 1 - p and two functions that are small with p, phi = l - p and h = p - q l,
 *
 *   m - 1 = h/(q l),   s^2 = p phi/(q l)^2,
 *
 * in which nothing cancels. The unconstrained coordinate is logit p. Source: Johnson, Kemp and Kotz
 * (2005), Univariate Discrete Distributions, chapter 7.
 */
#include "../math/bregman.h"
#include "family.h"
#include "logit.h"

enum { PROBABILITY };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"probability", KLF_SCALAR, KLF_PROBABILITY_INSIDE,
                                            0}};

typedef struct {
    double probability, log_probability, log_other; /* the last log(1 - p) */
    double offset;                                  /* log(l/p) */
    double excess, sd, inverse_sd;                  /* the first m - 1 */
} family_constants;

/* Below this probability phi/p and h/p are p/2 to rounding, and p^2 may underflow. */
static const double SMALL_PROBABILITY = 0x1p-54;

/* What the mean and the variance are made of, for q given too, which may be more accurate. */
typedef struct {
    double inverse_log; /* p/l */
    double phi, h;      /* phi/p and h/p */
    double other;       /* q */
} series_moments;

KLF_INLINE series_moments moments_of(double p, double q)
{
    double phi, h;
    const double log = klf_log_ratio(q, -p, &phi);
    (void)klf_log_ratio_rising(q, -p, &h);
    return (series_moments){.inverse_log = p < SMALL_PROBABILITY ? 1.0 : p / -log,
                            .phi = p < SMALL_PROBABILITY ? 0.5 * p : phi / p,
                            .h = p < SMALL_PROBABILITY ? 0.5 * p : h / p,
                            .other = q};
}

static double mean_excess(const series_moments *m)
{
    return m->h * m->inverse_log / m->other;
}

static double variance_of(const series_moments *m)
{
    const double size = m->inverse_log / m->other;
    return m->phi * size * size;
}

/* log(l/p) */
KLF_INLINE double log_offset(double p)
{
    double phi;
    (void)klf_log_ratio(1.0 - p, -p, &phi);
    return klf_log1p(p < SMALL_PROBABILITY ? 0.5 * p : phi / p);
}

KLF_INLINE family_constants prepare_density(const double *theta)
{
    return (family_constants){.probability = theta[PROBABILITY],
                              .log_probability = klf_log(theta[PROBABILITY]),
                              .offset = log_offset(theta[PROBABILITY])};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    const series_moments m = moments_of(theta[PROBABILITY], 1.0 - theta[PROBABILITY]);
    c->log_other = klf_log1p(-theta[PROBABILITY]);
    c->excess = mean_excess(&m);
    c->sd = theta[PROBABILITY] < SMALL_PROBABILITY ? sqrt(0.5) * sqrt(theta[PROBABILITY])
                                                   : sqrt(variance_of(&m));
    c->inverse_sd = 1.0 / c->sd;
}

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    (void)c;
    return klf_is_whole(x) & (x >= 1.0);
}

/* For x >= 1, whole or not. */
KLF_INLINE double smooth_log_mass(const family_constants *c, double x)
{
    return fma(x - 1.0, c->log_probability, -(klf_log(x) + c->offset));
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double log_p = is_inside(c, x) ? smooth_log_mass(c, x) : -INFINITY;
    return x == x ? log_p : x;
}

KLF_INLINE double standard_at(const family_constants *c, double x)
{
    return ((x - 1.0) - c->excess) * c->inverse_sd;
}

KLF_INLINE double natural_room(const family_constants *c)
{
    return -c->log_probability;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return klf_is_whole(x) & (x >= 1.0);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double inside = is_datum(theta, x) ? 0.0 - klf_log(x) : -INFINITY;
    return x == x ? inside : x;
}

#include "count_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

/* Kemp (1981), "Efficient generation of logarithmically distributed pseudo-random variables",
 * Applied Statistics 30, algorithm LK: with u, v uniform and g = 1 - q^u, x - 1 is the count of a
 * Geometric whose failures have probability g. */
enum { DRAW_WORDS = 2 };

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.log_other = klf_log1p(-theta[PROBABILITY])};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    const double u = klf_uniform(w[0]), v = klf_uniform(w[KLF_TILE]);
    const double log_g = klf_log_minus_expm1(u * c->log_other);
    return 1.0 + floor(klf_log_normal(v) / log_g);
}

#include "word_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(-klf_log1p(-theta[PROBABILITY]));
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = klf_log(theta[PROBABILITY]);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[PROBABILITY] = klf_exp(eta[0]);
    return checked(theta);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_logit(theta[PROBABILITY]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[PROBABILITY] = klf_sigmoid(u[0]);
    return checked(theta);
}

static double excess_at(const double *theta)
{
    const series_moments m = moments_of(theta[PROBABILITY], 1.0 - theta[PROBABILITY]);
    return mean_excess(&m);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = 1.0 + excess_at(theta);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    const series_moments m = moments_of(theta[PROBABILITY], 1.0 - theta[PROBABILITY]);
    to_mean(d, theta, mean);
    variance[0] = variance_of(&m);
}

/* The probability at which m - 1 = e > 0, by Newton's method on log(m - 1) as a function of
 * logit p, whose slope s^2 q/(m - 1) is near 1 at both ends. */
static double probability_of_excess(double e)
{
    double u = klf_log(e) + KLF_LN2;
    for (int i = 0; i < 40; i++) {
        const double q = klf_sigmoid(-u);
        const series_moments m = moments_of(klf_sigmoid(u), q);
        const double found = mean_excess(&m);
        const double step = klf_log_quotient(e, found) * (found / (variance_of(&m) * q));
        u += step;
        if (!(fabs(step) > 0x1p-53 * (1.0 + fabs(u))))
            break;
    }
    return klf_sigmoid(u);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    if (!(mu[0] > 1.0 && mu[0] <= DBL_MAX))
        return KLF_E_DOMAIN;
    theta[PROBABILITY] = probability_of_excess(mu[0] - 1.0);
    return checked(theta);
}

static double slope_score(const double *theta, klf_coordinates coordinates, double deviation)
{
    const double p = theta[PROBABILITY];
    return coordinates == KLF_PARAMETERS ? deviation / p : deviation * (1.0 - p);
}

static klf_status shift_natural(const double *theta, double t, double *theta_new)
{
    const double p = theta[PROBABILITY];
    theta_new[PROBABILITY] = t < -1.0 ? p * klf_exp(t) : fma(p, klf_expm1(t), p);
    return checked(theta_new);
}

static klf_status member_of_mean(const double *reference, double deviation, double *theta)
{
    const double before = excess_at(reference), excess = before + deviation;
    if (!(excess > 0x1p-50 * before && excess <= DBL_MAX)) /* less is rounding: all data are 1 */
        return KLF_E_NO_MAXIMUM;
    theta[PROBABILITY] = probability_of_excess(excess);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    const double least = 1.0 / KLF_BLOCK, p = probability_of_excess(mean - 1.0 > least ? mean - 1.0
                                                                                       : least);
    theta[PROBABILITY] = p < 1.0 ? p : 1.0 - 0x1p-53;
}

/* ---- Entropy and divergence ------------------------------------------------------------------ */

#include "long_sum.h"

static double log_term(const void *context, double x)
{
    const double log_p = smooth_log_mass(context, x);
    return klf_exp(log_p) * klf_log(x);
}

/* log(l/p) - (m - 1) log p + E log x, the last by its sum. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = prepare_density(theta);
    const double length = -1.0 / c.log_probability;
    const double mean_log = long_sum(log_term, &c, 1.0, 64.0 + 60.0 * length, 2.0 * length);
    return (c.offset - excess_at(theta) * c.log_probability) + mean_log;
}

static double variance_along(const void *context, double distance)
{
    const double *theta = context;
    const double eta = klf_log(theta[PROBABILITY]) + distance;
    const series_moments m = moments_of(klf_exp(eta), -klf_expm1(eta));
    return variance_of(&m);
}

/* With t = log(p_q/p_p), where near by quadrature of s^2 along log p, else
 *
 *   D = log(l_q/l_p) - m_p t = B(p_q) - B(p_p) - (m_p - 1) t,   B(p) = log(l/p),
 *
 * the first where B is not small. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double own = p[PROBABILITY], other = q[PROBABILITY];
    const double change = klf_log_quotient(other, own), reach = -klf_log(own);
    if (fabs(change) < 0.3 * (reach < 1.0 ? reach : 1.0))
        return klf_bregman_along(variance_along, p, change);
    const double excess = excess_at(p);
    if (own > 0.5 && other > 0.5)
        return klf_log_quotient(klf_log1p(-other), klf_log1p(-own)) - (1.0 + excess) * change;
    return log_offset(other) - log_offset(own) - excess * change;
}

const klf_family KLF_FAMILY(logarithmic) = {
    .name = "logarithmic",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be finite, a whole number >= 1",
    .no_maximum = "the data are all 1, and the likelihood grows as the probability goes to 0; or "
                  "they are too large for any probability that a double can hold",
    .natural_rule = "must be finite and < 0",
    .mean_rule = "must be finite and > 1",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
