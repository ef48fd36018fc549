/* poisson.c -- the Poisson family with rate lambda on 0, 1, 2, ...
 *
 *   log p(x) = x log lambda - lambda - log x!
 *   eta      = log lambda,  T = x,  log h = -log x!,  A = lambda
 *
 * Evaluated in Loader's form: see poisson_mass.h.
 *
 *   standard score = (x - lambda)/sqrt(lambda)
 *
 * Rate 0 is a member, all of whose mass is at 0. Source of the algebra: Johnson, Kemp and Kotz
 * (2005), Univariate Discrete Distributions, chapter 4.
 */
#include "poisson_mixture.h"

enum { RATE };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

typedef poisson_constants family_constants;

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double log_p = poisson_log_mass(c, x);
    log_p = x == 0.0 ? -c->rate : log_p;
    log_p = (klf_is_whole(x) & (x >= 0.0)) ? log_p : -INFINITY;
    return x == x ? log_p : x;
}

KLF_INLINE double ratio_above(const family_constants *c, double x)
{
    return c->rate / (x + 1.0);
}

KLF_INLINE double ratio_below(const family_constants *c, double x)
{
    return x / c->rate;
}

#include "alias_table.h"
#include "transformed_rejection.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = (klf_sizes){.parameters = 1, .fitted = 1, .coordinates = 1, .event = 1,
                     .table = TABLE_DOUBLES,
                     .constants = sizeof(family_constants) / sizeof(double)};
}

static klf_status check(size_t d, const double *theta, klf_violation *violation, double *work)
{
    (void)d, (void)work;
    if (!(theta[RATE] >= 0.0 && theta[RATE] <= DBL_MAX))
        return klf_violate(violation, RATE, 0, "must be finite and >= 0");
    return KLF_OK;
}

static int is_interior(size_t d, const double *theta)
{
    (void)d;
    return theta[RATE] > 0.0;
}

KLF_INLINE family_constants prepare_constants(const double *theta)
{
    return poisson_prepare(theta[RATE]);
}

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    const family_constants c = prepare_constants(theta);
    memcpy(constants, &c, sizeof c);
}

KLF_INLINE family_constants load(const double *constants)
{
    family_constants c;
    memcpy(&c, constants, sizeof c);
    return c;
}

/* ---- Sampling -------------------------------------------------------------------------------- */

static void prepare_sampler(size_t d, const double *theta, double *table)
{
    (void)d;
    const family_constants c = poisson_prepare(theta[RATE]);
    table[TABLE_SIZE] = 0.0;
    if (c.rate <= POISSON_TABLE_RATE)
        table_prepare(&c, c.rate, poisson_table_width(c.root), 0.0, table);
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    if (table[TABLE_SIZE] > 0.0) {
        table_sample(&c, table, stream, block, n, x);
    } else {
        const transformed_hat hat = poisson_hat(c.rate, c.root);
        hat_sample(&c, &hat, stream, block, n, x);
    }
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    memcpy(x, theta[RATE], n * sizeof *x);
    mixture_draws(stream, block, 0, n, x);
}

/* ---- Density and score ----------------------------------------------------------------------- */

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++)
        log_p[i] = density_at(&c, x[i]);
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = (x - c->rate) * c->inverse_root;
    const int outside = (x < 0.0) | !klf_is_whole(x);
    s[0] = (outside & (x == x)) ? 0.0 : inside;
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    (void)d;
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++)
        score_at(&c, x[i], s + i);
    if (log_p)
        log_density(d, constants, n, x, log_p, work);
}

#include "score_each.h"

static void log_density_each(size_t n, const double *const *parameters, const double *restrict x,
                             double *restrict log_p)
{
    const double *restrict rate = parameters[RATE];
    int tiny = 0;
    for (size_t i = 0; i < n; i++) {
        const family_constants c = poisson_prepare(rate[i] < POISSON_LEAST_RATE ? 1.0 : rate[i]);
        log_p[i] = density_at(&c, x[i]);
        tiny |= rate[i] < POISSON_LEAST_RATE;
    }
    for (size_t i = 0; tiny && i < n; i++) {
        const family_constants c = poisson_prepare(rate[i]);
        log_p[i] = density_at(&c, x[i]);
    }
}

static void statistics(size_t d, const double *theta, size_t n, const double *x, double *t)
{
    (void)d, (void)theta;
    memcpy(t, x, n * sizeof *t);
}

static void log_base_measure(size_t d, const double *theta, size_t n, const double *x,
                             double *log_h)
{
    (void)d, (void)theta;
    for (size_t i = 0; i < n; i++) {
        const int inside = klf_is_whole(x[i]) & (x[i] >= 0.0);
        log_h[i] = inside ? -klf_lgamma(x[i] + 1.0) : -INFINITY;
        log_h[i] = x[i] == x[i] ? log_h[i] : x[i];
    }
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return theta[RATE];
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = klf_log(theta[RATE]);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    theta[RATE] = klf_exp(eta[0]);
    klf_violation ignored;
    return check(d, theta, &ignored, NULL);
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
    mu[0] = theta[RATE];
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    theta[RATE] = mu[0];
    klf_violation ignored;
    return check(d, theta, &ignored, NULL);
}

/* The sum -sum p log p where it is short, else its expansion. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double rate = theta[RATE];
    if (rate == 0.0)
        return 0.0;
    if (rate > 1000.0)
        return poisson_large_entropy(rate);
    const family_constants c = poisson_prepare(rate);
    double sum = 0.0;
    for (double x = 0.0; x < rate + 20.0 * c.root + 40.0; x += 1.0) {
        const double log_p = density_at(&c, x);
        sum -= klf_exp(log_p) * log_p;
    }
    return sum;
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return poisson_divergence(p[RATE], q[RATE], p[RATE] - q[RATE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = variance[0] = theta[RATE];
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work, (void)theta;
    const family_constants c = load(constants);
    /* x - rate for log(rate), (x - rate)/rate for the rate: at rate 0 its limit, -1 or +inf */
    if (c.rate == 0.0)
        out[0] = coordinates != KLF_PARAMETERS ? s[0] : (s[0] > 0.0 ? INFINITY : -1.0);
    else
        out[0] = coordinates == KLF_PARAMETERS ? s[0] / c.root : s[0] * c.root;
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)work;
    const family_constants c = load(constants);
    theta_new[RATE] = theta[RATE] * klf_exp(direction[0] * c.inverse_root);
    klf_violation ignored;
    const klf_status status = check(d, theta_new, &ignored, NULL);
    return status == KLF_OK && theta_new[RATE] > 0.0 ? KLF_OK : KLF_E_DOMAIN;
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)constants, (void)direction, (void)work;
    return INFINITY;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static size_t check_data(size_t d, const double *theta, size_t n, const double *x)
{
    (void)d, (void)theta;
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (uint64_t)!((x[i] >= 0.0) & klf_is_whole(x[i]));
    size_t i = bad ? 0 : n;
    while (i < n && (x[i] >= 0.0) && klf_is_whole(x[i]))
        i++;
    return i;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    theta[RATE] = mean > 1.0 / KLF_BLOCK ? mean : 1.0 / KLF_BLOCK;
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    const double rate = fma(c.root, mean_score[0], theta_reference[RATE]);
    theta[RATE] = rate > 0x1p-50 * theta_reference[RATE] ? rate : 0.0; /* less is rounding */
    return KLF_OK;
}

static const klf_parameter parameters[] = {{"rate", KLF_SCALAR, KLF_NON_NEGATIVE, 0}};

const klf_family KLF_FAMILY(poisson) = {
    .name = "poisson",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be finite, a whole number >= 0",
    .no_maximum = "every set of counts has one",
    .natural_rule = "must be finite or -inf",
    .mean_rule = "must be finite and >= 0",
    .n_parameters = 1,
    .parameters = parameters,
    .prepare_sampler = prepare_sampler,
    .sample_each = sample_each,
    .fits_integers = rates_fit_integers,
    KLF_SCALAR_FUNCTIONS,
};
