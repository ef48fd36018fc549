/* zero_truncated_poisson.c -- the Poisson family with rate lambda, given that the count is not 0.
 *
 *   log p(x) = x log lambda - log x! - log(e^lambda - 1),  x = 1, 2, ...
 *   eta      = log lambda,  T = x,  log h = -log x!,  A = log(e^lambda - 1)
 *   m        = lambda/(1 - e^-lambda),  s^2 = m (1 + lambda - m)
 *
 * The mass is Poisson's (poisson_mass.h) over 1 - e^-lambda, but for that of 1, which is near 1
 * where lambda is small. Source of the algebra: Johnson, Kemp and Kotz (2005), Univariate Discrete
 * Distributions, section 4.10.
 */
#include "../math/bregman.h"
#include "poisson_mixture.h"

enum { RATE };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"rate", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef struct {
    poisson_constants poisson;
    double normaliser, at_one; /* -log(1 - e^-lambda), log p(1) */
    double excess, sd, inverse_sd; /* the first m - 1 */
} family_constants;

/* Below this rate m - 1 and s^2 are lambda/2 to rounding, and lambda^2 may underflow. */
static const double SMALL_RATE = 0x1p-54;

/* m - 1 = (e^-lambda - 1 + lambda)/(1 - e^-lambda) */
static double mean_excess(double rate)
{
    if (rate < SMALL_RATE)
        return 0.5 * rate;
    return klf_expm1_excess(-rate) / -klf_expm1(-rate);
}

/* s^2 = m (e^lambda - 1 - lambda)/(e^lambda - 1) */
static double variance_of(double rate)
{
    if (rate < SMALL_RATE)
        return 0.5 * rate;
    const double share = rate < 1.0 ? klf_expm1_excess(rate) / klf_expm1(rate)
                                    : 1.0 + rate * klf_exp(-rate) / klf_expm1(-rate);
    return (1.0 + mean_excess(rate)) * share;
}

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.poisson = poisson_prepare(theta[RATE]);
    c.normaliser = -klf_log_minus_expm1(-theta[RATE]);
    c.at_one = -klf_log_expm1_ratio(theta[RATE]);
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->excess = mean_excess(theta[RATE]);
    c->sd = theta[RATE] < SMALL_RATE ? sqrt(0.5) * sqrt(theta[RATE])
                                     : sqrt(variance_of(theta[RATE]));
    c->inverse_sd = 1.0 / c->sd;
}

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    (void)c;
    return klf_is_whole(x) & (x >= 1.0);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double log_p = poisson_log_mass(&c->poisson, x) + c->normaliser;
    log_p = x == 1.0 ? c->at_one : log_p;
    log_p = is_inside(c, x) ? log_p : -INFINITY;
    return x == x ? log_p : x;
}

KLF_INLINE double standard_at(const family_constants *c, double x)
{
    return ((x - 1.0) - c->excess) * c->inverse_sd;
}

KLF_INLINE double natural_room(const family_constants *c)
{
    (void)c;
    return INFINITY;
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
    const double inside = is_datum(theta, x) ? -klf_lgamma(x + 1.0) : -INFINITY;
    return x == x ? inside : x;
}

#include "count_family.h"

KLF_OUTLINE double log_mass(const family_constants *c, double x)
{
    return density_at(c, x);
}

/* ---- Sampling -------------------------------------------------------------------------------- */

KLF_INLINE double ratio_above(const family_constants *c, double x)
{
    return c->poisson.rate / (x + 1.0);
}

KLF_INLINE double ratio_below(const family_constants *c, double x)
{
    return x > 1.0 ? x / c->poisson.rate : 0.0;
}

#include "alias_table.h"
#include "transformed_rejection.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
    s->table = TABLE_DOUBLES;
}

static void prepare_sampler(size_t d, const double *theta, double *table)
{
    (void)d;
    const double rate = theta[RATE];
    const family_constants c = prepare_density(theta);
    table[TABLE_SIZE] = 0.0;
    if (rate <= POISSON_TABLE_RATE)
        table_prepare(&c, rate, poisson_table_width(c.poisson.root), 1.0, table);
}

/* Where the words of the first events begin. */
#define FIRST_EVENT_TILE (UINT64_C(1) << 33)

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    if (table[TABLE_SIZE] > 0.0) {
        table_sample(&c, table, stream, block, n, x);
    } else {
        const transformed_hat hat = poisson_hat(c.poisson.rate, c.poisson.root);
        hat_sample(&c, &hat, stream, block, n, x);
    }
}

/* The first event of a Poisson process that has one before time lambda comes at t, by inversion;
 * the others are those of the time that is left. */
static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    const double *restrict rate = theta[RATE];
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, FIRST_EVENT_TILE + start / KLF_TILE, 1, words);
        for (size_t i = 0; i < count; i++) {
            const double own = rate[start + i];
            const double t = -klf_log1p(klf_uniform(words[i]) * klf_expm1(-own));
            x[start + i] = t < own ? own - t : 0.0;
        }
    }
    mixture_draws(stream, block, 0, n, x);
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] + 1.0;
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log_expm1_ratio(theta[RATE]) + klf_log(theta[RATE]);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = klf_log(theta[RATE]);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[RATE] = klf_exp(eta[0]);
    return checked(theta);
}

/* The unconstrained coordinate is the natural one. */
static void to_unconstrained(size_t d, const double *theta, double *u)
{
    to_natural(d, theta, u);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    return from_natural(d, u, theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = 1.0 + mean_excess(theta[RATE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    to_mean(d, theta, mean);
    variance[0] = variance_of(theta[RATE]);
}

/* The rate at which m - 1 = e > 0, by Newton's method on log(m - 1) as a function of log lambda,
 * whose slope s^2/(m - 1) is near 1 at both ends; e <= lambda <= 2 e and lambda <= e + 1 there. */
static double rate_of_excess(double e)
{
    const double most = e < 1.0 ? 2.0 * e : e + 1.0;
    double rate = most;
    for (int i = 0; i < 40; i++) {
        const double found = mean_excess(rate);
        double next = rate * klf_exp(klf_log_quotient(e, found) * found / variance_of(rate));
        next = next < most ? next : most;
        next = next > e ? next : e;
        const int done = fabs(next - rate) <= 0x1p-52 * rate;
        rate = next;
        if (done)
            break;
    }
    return rate;
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    if (!(mu[0] > 1.0 && mu[0] <= DBL_MAX))
        return KLF_E_DOMAIN;
    theta[RATE] = rate_of_excess(mu[0] - 1.0);
    return checked(theta);
}

static double slope_score(const double *theta, klf_coordinates coordinates, double deviation)
{
    return coordinates == KLF_PARAMETERS ? deviation / theta[RATE] : deviation;
}

static klf_status shift_natural(const double *theta, double t, double *theta_new)
{
    theta_new[RATE] = theta[RATE] * klf_exp(t);
    return checked(theta_new);
}

static klf_status member_of_mean(const double *reference, double deviation, double *theta)
{
    const double before = mean_excess(reference[RATE]), excess = before + deviation;
    if (!(excess > 0x1p-50 * before && excess <= DBL_MAX)) /* less is rounding: all data are 1 */
        return KLF_E_NO_MAXIMUM;
    theta[RATE] = rate_of_excess(excess);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    const double least = 1.0 / KLF_BLOCK;
    theta[RATE] = rate_of_excess(mean - 1.0 > least ? mean - 1.0 : least);
}

/* ---- Entropy and divergence ------------------------------------------------------------------ */

/* The sum -sum p log p where it is short, else Poisson's: what is cut off has lost its mass. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double rate = theta[RATE];
    if (rate > 1000.0)
        return poisson_large_entropy(rate);
    const family_constants c = prepare_density(theta);
    double sum = 0.0, ratio = 1.0; /* p(x)/p(1), more accurate than by log p where that is large */
    for (double x = 1.0; x < rate + 20.0 * c.poisson.root + 40.0; x += 1.0) {
        const double log_p = log_mass(&c, x);
        ratio *= x > 1.0 ? rate / x : 1.0;
        sum -= log_p * (rate < 1.0 ? ratio * klf_exp(c.at_one) : klf_exp(log_p));
    }
    return sum;
}

static double variance_along(const void *context, double distance)
{
    const double *theta = context;
    return variance_of(theta[RATE] * klf_exp(distance));
}

/* With l = log(lambda_q/lambda_p), where near by quadrature of s^2 along log lambda, else
 *
 *   D = B(lambda_q) - B(lambda_p) - (m_p - 1) l,   B(lambda) = log((e^lambda - 1)/lambda). */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double change = klf_log_quotient(q[RATE], p[RATE]);
    if (fabs(change) < 0.3)
        return klf_bregman_along(variance_along, p, change);
    return klf_log_expm1_ratio(q[RATE]) - klf_log_expm1_ratio(p[RATE])
           - mean_excess(p[RATE]) * change;
}

const klf_family KLF_FAMILY(zero_truncated_poisson) = {
    .name = "zero_truncated_poisson",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be finite, a whole number >= 1",
    .no_maximum = "the data are all 1, and the likelihood grows as the rate goes to 0",
    .natural_rule = "must be finite",
    .mean_rule = "must be finite and > 1",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .prepare_sampler = prepare_sampler,
    .sample_each = sample_each,
    .fits_integers = rates_fit_integers,
    KLF_SCALAR_FUNCTIONS,
};
