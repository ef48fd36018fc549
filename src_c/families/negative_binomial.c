/* negative_binomial.c -- the NegativeBinomial family with probability p of success: failures before
 * the r-th, r > 0 fixed, whole or not.
 *
 *   log p(x) = log G(x + r) - log G(r) - log x! + r log p + x log(1 - p),  x = 0, 1, ...
 *   log h    = log G(x + r) - log G(r) - log x!;  the rest: failure_family.h
 *
 * Evaluated in Loader's form (Catherine Loader, 2000, "Fast and accurate computation of binomial
 * probabilities"), in which nothing large cancels: with n = x + r, q = 1 - p,
 * h(u) = (1 + u) log(1 + u) - u, t = n p - r and delta the error of Stirling's formula,
 *
 *   log p(x) = delta(n) - delta(r) - delta(x) - np h(-t/np) - nq h(t/nq)
 *              + log(r/np) - log(x/nq)/2 + log p - log(2 pi r q)/2      for x > 0,
 *
 * and r log p at 0.
 */
#include "family.h"
#include "gamma_sampler.h"

enum { PROBABILITY, SUCCESSES };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {
    {"probability", KLF_SCALAR, KLF_PROBABILITY_POSITIVE, 0},
    {"successes", KLF_SCALAR, KLF_POSITIVE, 1}};

typedef struct {
    double probability, successes;
    double used, failure;       /* p, raised to the least for which r/np does not overflow; q */
    double inverse_used, inverse_failure;
    double constant, at_zero;
    double log_ratio;           /* log(r/used) */
    double deficit;             /* used - p, by which log q differs: 0 but for tiny p */
    /* for the score and the sampler */
    double inverse_root, mean, sd, inverse_sd; /* the first 1/sqrt(r q) */
} family_constants;

static const double FAILURE_LEAST_PROBABILITY = 0x1p-1000;

/* delta(r) for any r > 0: below 1 from lgamma(r) = lgamma(r + 1) - log r. */
KLF_INLINE double stirling_error(double r)
{
    const double raised = r < 1.0 ? r + 1.0 : r, delta = klf_stirling_error(raised);
    const double log_raise = klf_log(raised) - klf_log(r);
    return r < 1.0 ? delta + fma(r + 0.5, log_raise, -1.0) : delta;
}

KLF_INLINE family_constants prepare_density(const double *theta)
{
    const double p = theta[PROBABILITY], r = theta[SUCCESSES], q = 1.0 - p;
    family_constants c;
    c.probability = p;
    c.successes = r;
    c.used = p < FAILURE_LEAST_PROBABILITY ? FAILURE_LEAST_PROBABILITY : p;
    c.failure = q;
    c.inverse_used = 1.0 / c.used;
    c.inverse_failure = 1.0 / q;
    c.deficit = c.used - p;
    const double log_p = klf_log(p);
    c.at_zero = r * log_p;
    c.constant = log_p - 0.5 * (KLF_LOG_2PI + klf_log(r) + klf_log(q)) - stirling_error(r);
    c.log_ratio = klf_log(r) - klf_log(c.used);
    c.constant += c.used > p ? (r - 1.0) * (log_p - klf_log(c.used)) : 0.0;
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    const double p = theta[PROBABILITY], r = theta[SUCCESSES], q = 1.0 - p;
    const double root = sqrt(r) * sqrt(q);
    c->inverse_root = p < 1.0 ? 1.0 / root : 1.0;
    c->mean = r * q / p;
    c->sd = root / p;
    c->inverse_sd = p < 1.0 ? p / root : 1.0;
}

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    (void)c;
    return klf_is_whole(x) & (x >= 0.0);
}

/* t = p n - r, n = x + r in two doubles. */
KLF_INLINE double trial_deviation(double p, double r, double x, double *trials)
{
    const double n = x + r, part = n - x, lost = (x - (n - part)) + (r - part);
    *trials = n;
    return fma(p, lost, fma(p, n, -r));
}

/* For x > 0, whole or not. */
KLF_INLINE double smooth_log_mass(const family_constants *c, double x)
{
    double n, h_r, h_x;
    const double t = trial_deviation(c->used, c->successes, x, &n), inverse_n = 1.0 / n;
    const double ratio = c->successes * inverse_n * c->inverse_used;
    const int tiny = ratio < 0x1p-1000; /* or none: the logarithm by those of r/p and n */
    const double excess = tiny ? inverse_n - 1.0 : -t * inverse_n * c->inverse_used;
    double log_r = klf_log_ratio_rising(tiny ? inverse_n : ratio, excess, &h_r);
    log_r = tiny ? log_r + c->log_ratio : log_r;
    h_r = tiny ? 1.0 : h_r;
    const double log_x = klf_log_ratio_rising(x * inverse_n * c->inverse_failure,
                                              t * inverse_n * c->inverse_failure, &h_x);
    const double stirling = klf_stirling_error(n) - klf_stirling_error(x);
    const double exponent = n * fma(c->used, h_r, c->failure * h_x);
    const double logs = fma(-0.5, log_x, log_r + c->constant);
    return fma(x, c->deficit, logs + (stirling - exponent));
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double log_p = c->failure > 0.0 ? smooth_log_mass(c, x) : -INFINITY;
    log_p = x == 0.0 ? c->at_zero : log_p;
    log_p = is_inside(c, x) ? log_p : -INFINITY;
    return x == x ? log_p : x;
}

/* p (x - m) = t */
KLF_INLINE double standard_at(const family_constants *c, double x)
{
    double ignored;
    return trial_deviation(c->probability, c->successes, x, &ignored) * c->inverse_root;
}

KLF_INLINE double natural_room(const family_constants *c)
{
    return -klf_log1p(-c->probability);
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return klf_is_whole(x) & (x >= 0.0);
}

/* The mass whose mean is x, at which t = 0, less r log p + x log q there: p = r/n, q = x/n. */
KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double r = theta[SUCCESSES], n = x + r, p = r / n, q = x / n;
    double ignored;
    const double log_p = klf_log_ratio(p, -q, &ignored), log_q = klf_log_ratio(q, -p, &ignored);
    const double two_pi = 0x1.921fb54442d18p+2;
    const double small = klf_stirling_error(n) - stirling_error(r) - klf_stirling_error(x)
                         + log_p - 0.5 * klf_log(two_pi * r * q);
    double log_h = small - fma(x, log_q, r * log_p);
    log_h = x == 0.0 ? 0.0 : log_h;
    log_h = is_datum(theta, x) ? log_h : -INFINITY;
    return x == x ? log_h : x;
}

#include "count_family.h"

KLF_OUTLINE double log_mass(const family_constants *c, double x)
{
    return x == 0.0 ? c->at_zero : smooth_log_mass(c, x);
}

static double successes_of(const double *theta)
{
    return theta[SUCCESSES];
}

#include "failure_family.h"

/* ---- Sampling -------------------------------------------------------------------------------- */

KLF_INLINE double ratio_above(const family_constants *c, double x)
{
    return (x + c->successes) / (x + 1.0) * c->failure;
}

KLF_INLINE double ratio_below(const family_constants *c, double x)
{
    return x / (x - 1.0 + c->successes) / c->failure;
}

#include "alias_table.h"
#include "poisson_mixture.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
    s->table = TABLE_DOUBLES;
}

/* A table, where one reaches 8 standard deviations to either side and 20/p, a factor of e^-20,
 * upward. */
static void prepare_sampler(size_t d, const double *theta, double *table)
{
    (void)d;
    family_constants c = prepare_density(theta);
    prepare_rest(theta, &c);
    const double reach = 8.0 * c.sd + 20.0 + 20.0 / c.probability;
    const double width = reach + (c.mean < reach ? c.mean : reach);
    table[TABLE_SIZE] = 0.0;
    if (width <= LARGEST_TABLE)
        table_prepare(&c, c.mean, width, 0.0, table);
}

/* The tiles of the Poisson draws stand behind those of the Gammas. */
#define MIXTURE_TILE (UINT64_C(1) << 33)

/* Otherwise as Poisson draws of rates q/p g, g Gamma distributed with shape r. */
/* The Poisson rate, a Gamma deviate base e^log_low times q/p. The power may underflow and 1/p
 * overflow; where the former is below 1, base is of order 1. */
KLF_INLINE double rate_of(double probability, double base, double log_low)
{
    const double half = klf_exp(0.5 * log_low), unit = 0x1p-100;
    return klf_clamp_finite(base * half * unit * (1.0 - probability) / probability * half / unit);
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    if (table[TABLE_SIZE] > 0.0) {
        table_sample(&c, table, stream, block, n, x);
        return;
    }
    const klf_gamma_sampler sampler = klf_make_gamma_sampler(c.successes);
    double log_low[KLF_BLOCK];
    klf_gamma_block(&sampler, stream, block, 0, n, x, log_low);
    for (size_t i = 0; i < n; i++)
        x[i] = rate_of(c.probability, x[i], log_low[i]);
    mixture_draws(stream, block, MIXTURE_TILE, n, x);
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    const double *restrict probability = theta[PROBABILITY];
    double log_low[KLF_BLOCK];
    klf_gamma_each(stream, block, 0, n, theta[SUCCESSES], theta[SUCCESSES], x, log_low);
    for (size_t i = 0; i < n; i++)
        x[i] = rate_of(probability[i], x[i], log_low[i]);
    mixture_draws(stream, block, MIXTURE_TILE, n, x);
}

/* ---- Entropy and divergence ------------------------------------------------------------------ */

#include "bell_sum.h"
#include "long_sum.h"

/* Sums over all counts that carry mass of the member c, to 1e-16: with many successes the mass is a
 * bell; else it is smooth on the scale of the standard deviation and of 1/p. */
static double sum_over(const family_constants *c, const void *context,
                       double (*f)(const void *context, double x))
{
    const double scale = 2.0 * (c->sd > c->inverse_used ? c->sd : c->inverse_used);
    if (c->successes > 400.0)
        return bell_sum(f, context, c->mean, c->sd, 0.0, INFINITY);
    return long_sum(f, context, 0.0, c->mean + 12.0 * c->sd + 60.0 * c->inverse_used, scale);
}

static double entropy_term(const void *context, double x)
{
    const double log_p = log_mass(context, x);
    return -klf_exp(log_p) * log_p;
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    family_constants c = prepare_density(theta);
    prepare_rest(theta, &c);
    if (c.sd > 0x1p27 && c.successes > 0x1p54)
        return wide_bell_entropy(c.sd);
    return c.sd > 0.0 ? sum_over(&c, &c, entropy_term) : 0.0;
}

/* Two members of one mean m. */
typedef struct {
    family_constants p, q;
    int is_near;
} failure_pair;

/* w = log p - log q. Where the successes are near, as the integral over r between them of
 *
 *   psi~(x + r) - psi~(r) - (rho - 1 - log rho),  psi~(z) = psi(z) - log z,  rho = (x + r)/(m + r),
 *
 * the derivative of the log mass at constant mean, by the Gauss-Legendre rule of 8 points. */
static double log_mass_difference(const failure_pair *pair, double x)
{
    static const double node[4] = {0.18343464249564980494, 0.52553240991632898582,
                                   0.79666647741362673959, 0.96028985649753623168};
    static const double weight[4] = {0.36268378337836198297, 0.31370664587788728734,
                                     0.22238103445337447054, 0.10122853629037625915};
    const double a = pair->q.successes, change = pair->p.successes - a, m = pair->p.mean;
    if (!pair->is_near)
        return log_mass(&pair->p, x) - log_mass(&pair->q, x);
    double sum = 0.0;
    for (int i = 0; i < 8; i++) {
        const double place = 0.5 * (1.0 + (i < 4 ? node[i] : -node[i - 4]));
        const double r = fma(place, change, a), rho = (x + r) / (m + r);
        double phi;
        (void)klf_log_ratio(rho, (x - m) / (m + r), &phi);
        const double rise = klf_digamma_minus_log(x + r) - klf_digamma_minus_log(r);
        sum += weight[i % 4] * (rise - phi);
    }
    return 0.5 * change * sum;
}

/* p w, and where w may be small q - p + p w >= 0, which has the same sum. */
static double divergence_term(const void *context, double x)
{
    const failure_pair *pair = context;
    const double w = log_mass_difference(pair, x), mass = klf_exp(log_mass(&pair->p, x));
    return mass * (pair->is_near ? klf_expm1_excess(-w) : w);
}

/* With other successes: first to the member of q's family that has p's mean, by the sum; thence to
 * q, in closed form. */
static double divergence_by_sum(const double *p, const double *q)
{
    const double r_p = p[SUCCESSES], r_q = q[SUCCESSES];
    const double success = p[PROBABILITY], failure = 1.0 - success;
    const double weight = r_q * success + r_p * failure;
    const double between[] = {r_q * success / weight, r_q};
    const double change = failure * ((r_q - r_p) / weight) * success; /* of the probability */
    failure_pair pair = {.p = prepare_density(p), .q = prepare_density(between),
                         .is_near = r_p < 2.0 * r_q && r_q < 2.0 * r_p};
    prepare_rest(p, &pair.p);
    prepare_rest(between, &pair.q);
    const int q_is_wider = pair.is_near && pair.q.sd > pair.p.sd;
    const double sum = sum_over(q_is_wider ? &pair.q : &pair.p, &pair, divergence_term);
    return (sum > 0.0 ? sum : 0.0)
           + failure_divergence(r_q, between[PROBABILITY], q[PROBABILITY],
                                (success - q[PROBABILITY]) + change);
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[SUCCESSES] == q[SUCCESSES])
        return failure_divergence(p[SUCCESSES], p[PROBABILITY], q[PROBABILITY],
                                  p[PROBABILITY] - q[PROBABILITY]);
    if (p[PROBABILITY] == 1.0) /* all mass at 0 */
        return 0.0 - q[SUCCESSES] * klf_log(q[PROBABILITY]);
    return q[PROBABILITY] == 1.0 ? INFINITY : divergence_by_sum(p, q);
}

const klf_family KLF_FAMILY(negative_binomial) = {
    .name = "negative_binomial",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be finite, a whole number >= 0",
    .no_maximum = "the data are too large for any probability that a double can hold",
    .natural_rule = "must be < 0",
    .mean_rule = "must be finite and >= 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .prepare_sampler = prepare_sampler,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
