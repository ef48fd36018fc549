/* binomial.c -- the Binomial family with probability p in n trials, n fixed.
 *
 *   log p(x) = log C(n, x) + x log p + (n - x) log(1 - p),  log h = log C(n, x)
 *   the rest: success_family.h
 *
 * Evaluated in Loader's form (Catherine Loader, 2000, "Fast and accurate computation of binomial
 * probabilities"), in which nothing large cancels: with y = n - x, q = 1 - p,
 * h(u) = (1 + u) log(1 + u) - u, t = x - n p and delta the error of Stirling's formula,
 *
 *   log p(x) = delta(n) - delta(x) - delta(y) - np h(t/np) - nq h(-t/nq)
 *              - log(x/np)/2 - log(y/nq)/2 - log(2 pi n p q)/2       for 0 < x < n,
 *
 * and n log q, n log p at the ends.
 */
#include "family.h"

enum { PROBABILITY, TRIALS };
enum { PARAMETERS = 2, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"probability", KLF_SCALAR, KLF_PROBABILITY, 0},
                                           {"trials", KLF_SCALAR, KLF_COUNT, 1}};

/* Below this probability x/np log(x/np) might overflow: the mass is then that of probability
 * `used`, shifted by x times the difference of log p and y times that of log q. */
static const double BINOMIAL_LEAST_PROBABILITY = 0x1p-1012;

typedef struct {
    double probability, trials, used;
    double successes, successes_low; /* n used, in two doubles */
    double failures, inverse_successes, inverse_failures;
    double constant, log_deficit;    /* log p - log used: 0 but for tiny p */
    double excess;                   /* used - p, by which log q differs */
    double at_zero, at_trials;
    int64_t degenerate;              /* p is 0 or 1 */
    /* for the score and the sampler */
    double mean, mean_low, sd, inverse_sd;
    double odds, inverse_odds;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    const double p = theta[PROBABILITY], n = theta[TRIALS];
    family_constants c;
    c.probability = p;
    c.trials = n;
    c.degenerate = (p == 0.0) | (p == 1.0);
    c.used = p < BINOMIAL_LEAST_PROBABILITY ? BINOMIAL_LEAST_PROBABILITY : p;
    const double q = c.used == 1.0 ? 0.5 : 1.0 - c.used; /* at 1 nothing is made of it */
    c.successes = n * c.used;
    c.successes_low = fma(n, c.used, -c.successes);
    c.failures = n * q;
    c.inverse_successes = 1.0 / c.successes;
    c.inverse_failures = 1.0 / c.failures;
    const double log_p = klf_log(p);
    c.log_deficit = p < BINOMIAL_LEAST_PROBABILITY ? log_p - klf_log(c.used) : 0.0;
    c.excess = c.used - p;
    c.constant = klf_stirling_error(n) - 0.5 * (KLF_LOG_2PI + klf_log(c.successes * q));
    c.at_zero = n > 0.0 ? 0.0 + n * klf_log1p(-p) : 0.0;
    c.at_trials = n > 0.0 ? n * log_p : 0.0;
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    const double p = theta[PROBABILITY], q = 1.0 - p;
    c->mean = c->trials * p;
    c->mean_low = fma(c->trials, p, -c->mean);
    c->sd = sqrt(c->mean * q);
    c->inverse_sd = c->sd > 0.0 ? 1.0 / c->sd : 1.0;
    c->odds = p / q;
    c->inverse_odds = q / p;
}

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    return klf_is_whole(x) & (x >= 0.0) & (x <= c->trials);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double y = c->trials - x, t = (x - c->successes) - c->successes_low;
    double h_x, h_y;
    const double log_x = klf_log_ratio_rising(x * c->inverse_successes,
                                              t * c->inverse_successes, &h_x);
    const double log_y = klf_log_ratio_rising(y * c->inverse_failures,
                                              -t * c->inverse_failures, &h_y);
    const double stirling = klf_stirling_error(x) + klf_stirling_error(y);
    const double exponent = fma(c->successes, h_x, c->failures * h_y);
    double log_p = fma(-0.5, log_x + log_y, c->constant) - (stirling + exponent);
    log_p = fma(x, c->log_deficit, fma(y, c->excess, log_p));
    log_p = c->degenerate ? -INFINITY : log_p;
    log_p = x == c->trials ? c->at_trials : log_p;
    log_p = x == 0.0 ? c->at_zero : log_p;
    log_p = is_inside(c, x) ? log_p : -INFINITY;
    return x == x ? log_p : x;
}

KLF_INLINE double standard_at(const family_constants *c, double x)
{
    return ((x - c->mean) - c->mean_low) * c->inverse_sd;
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
    return klf_is_whole(x) & (x >= 0.0) & (x <= theta[TRIALS]);
}

/* log C(n, x): the mass at its own mean, p = x/n, and the entropy of that p. */
KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double n = theta[TRIALS], y = n - x;
    const double share = x / n, other = y / n;
    double ignored;
    const double log_share = klf_log_ratio(share, -other, &ignored);
    const double log_other = klf_log_ratio(other, -share, &ignored);
    const double two_pi = 0x1.921fb54442d18p+2;
    const double small = klf_stirling_error(n) - klf_stirling_error(x) - klf_stirling_error(y)
                         - 0.5 * klf_log(two_pi * x * other);
    double log_h = small - fma(x, log_share, y * log_other);
    log_h = ((x == 0.0) | (x == n)) ? 0.0 : log_h;
    log_h = is_datum(theta, x) ? log_h : -INFINITY;
    return x == x ? log_h : x;
}

#include "count_family.h"

KLF_OUTLINE double log_mass(const family_constants *c, double x)
{
    return density_at(c, x);
}

static double trials_of(const double *theta)
{
    return theta[TRIALS];
}

#include "success_family.h"

/* ---- Sampling -------------------------------------------------------------------------------- */

KLF_INLINE double ratio_above(const family_constants *c, double x)
{
    return (c->trials - x) / (x + 1.0) * c->odds;
}

KLF_INLINE double ratio_below(const family_constants *c, double x)
{
    return x / (c->trials - x + 1.0) * c->inverse_odds;
}

#include "alias_table.h"
#include "transformed_rejection.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
    s->table = TABLE_DOUBLES;
}

/* The rarer of successes and failures are drawn: 1 - p is exact where p > 1/2. */
KLF_INLINE double rarer_probability(double probability)
{
    return probability > 0.5 ? 1.0 - probability : probability;
}

static family_constants rarer(double probability, double trials)
{
    const double theta[] = {rarer_probability(probability), trials};
    family_constants c = prepare_density(theta);
    prepare_rest(theta, &c);
    return c;
}

static void prepare_sampler(size_t d, const double *theta, double *table)
{
    (void)d;
    const family_constants c = rarer(theta[PROBABILITY], theta[TRIALS]);
    table[TABLE_SIZE] = 0.0;
    if (c.sd * c.sd <= POISSON_TABLE_RATE)
        table_prepare(&c, c.mean, poisson_table_width(c.sd), 0.0, table);
}

/* Algorithm BTRS. */
static transformed_hat binomial_hat(const family_constants *c)
{
    transformed_hat hat;
    hat.b = 1.15 + 2.53 * c->sd;
    hat.a = -0.0873 + 0.0248 * hat.b + 0.01 * c->probability;
    hat.centre = c->mean + 0.5;
    hat.log_scale = klf_log((2.83 + 5.1 / hat.b) * c->sd)
                    + log_mass(c, floor((c->trials + 1.0) * c->probability));
    hat.quick = 0.92 - 4.2 / hat.b;
    hat.corner = 0.0;
    return hat;
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)work;
    const family_constants own = load(constants);
    const int is_flipped = own.probability > 0.5;
    const family_constants c = rarer(own.probability, own.trials);
    if (table[TABLE_SIZE] > 0.0) {
        table_sample(&c, table, stream, block, n, x);
    } else {
        const transformed_hat hat = binomial_hat(&c);
        hat_sample(&c, &hat, stream, block, n, x);
    }
    for (size_t i = 0; is_flipped && i < n; i++)
        x[i] = c.trials - x[i];
}

/* Below this mean by inversion, from it on by algorithm BTRS. */
static const double EACH_HAT_MEAN = 10.0;

/* The count at which the cumulative mass passes u; `none` is the mass at 0. As in
 * poisson_mixture.h, a mass below 2^-60 ends the search. */
static double inversion(double trials, double odds, double none, double u)
{
    double x = 0.0, term = none;
    while (u > term && x < trials && term > 0x1p-60) {
        u -= term;
        term *= (trials - x) * odds / (x + 1.0);
        x += 1.0;
    }
    return x;
}

/* One draw by the hat: the first proposal from u and v, others from the rare words. */
static double by_hat(const family_constants *c, double u, double v, klf_stream stream,
                     uint64_t block, uint64_t index)
{
    const transformed_hat hat = binomial_hat(c);
    for (uint64_t attempt = 0; attempt < HAT_LAST_GROUP; attempt++) {
        const double centred = u - 0.5, us = 0.5 - fabs(centred);
        const double k = floor(fma(2.0 * hat.a / us + hat.b, centred, hat.centre));
        if (us >= 0.07 && v <= hat.quick)
            return k;
        if (k >= 0.0 && k <= c->trials && us > 0.0) {
            const double slope = hat.a / (us * us) + hat.b;
            if (klf_log(v) + hat.log_scale - klf_log(slope) <= log_mass(c, k))
                return k;
        }
        uint64_t words[4];
        klf_rare_words(stream, block, index, attempt, words);
        u = klf_uniform(words[0]);
        v = klf_uniform(words[1]);
    }
    return floor(hat.centre);
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const double *restrict probability = theta[PROBABILITY], *restrict trials = theta[TRIALS];
    uint64_t words[2 * KLF_TILE];
    double odds[KLF_TILE], none[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, 2 * (start / KLF_TILE), 2, words);
        for (size_t i = 0; i < count; i++) {
            const double p = rarer_probability(probability[start + i]);
            odds[i] = p / (1.0 - p);
            none[i] = klf_exp(trials[start + i] * klf_log1p(-p));
        }
        for (size_t i = 0; i < count; i++) {
            const size_t j = start + i;
            const double mean = trials[j] * rarer_probability(probability[j]);
            const double u = klf_uniform(words[i]), v = klf_uniform(words[KLF_TILE + i]);
            double drawn;
            if (mean < EACH_HAT_MEAN) {
                drawn = inversion(trials[j], odds[i], none[i], u);
            } else {
                const family_constants c = rarer(probability[j], trials[j]);
                drawn = by_hat(&c, u, v, stream, block, j);
            }
            x[j] = probability[j] > 0.5 ? trials[j] - drawn : drawn;
        }
    }
}

/* ---- Entropy and divergence ------------------------------------------------------------------ */

#include "bell_sum.h"

static double entropy_term(const void *context, double x)
{
    const double log_p = log_mass(context, x);
    return -klf_exp(log_p) * log_p;
}

/* For a mean below 1, by ratios of neighbours: e^log p loses digits where log p is large. */
static double short_entropy(const family_constants *c)
{
    double mass = klf_exp(c->at_zero), sum = -mass * c->at_zero;
    for (double x = 1.0; x <= c->trials && x < 60.0; x += 1.0) {
        mass *= ratio_above(c, x - 1.0);
        sum -= mass * log_mass(c, x);
    }
    return sum;
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = rarer(theta[PROBABILITY], theta[TRIALS]);
    if (c.sd > 0x1p27)
        return wide_bell_entropy(c.sd);
    if (c.sd > 0.0 && c.mean < 1.0)
        return short_entropy(&c);
    return c.sd > 0.0 ? bell_sum(entropy_term, &c, c.mean, c.sd, 0.0, c.trials) : 0.0;
}

/* Two members of one mean, q with the more trials. */
typedef struct {
    family_constants p, q;
    int is_near; /* of nearly one standard deviation */
} binomial_pair;

/* With w = log p - log q: p w, and where w may be small q - p + p w >= 0, of the same sum. */
static double divergence_term(const void *context, double x)
{
    const binomial_pair *pair = context;
    const double log_p = log_mass(&pair->p, x), log_q = log_mass(&pair->q, x);
    if (x > pair->p.trials)
        return pair->is_near ? klf_exp(log_q) : 0.0;
    const double w = log_p - log_q;
    return klf_exp(log_p) * (pair->is_near ? klf_expm1_excess(-w) : w);
}

/* With other trials: first to the member of q's family that has p's mean, by the sum, to some units
 * in the last place of the largest log p; thence to q, in closed form. */
static double divergence_by_sum(const double *p, const double *q)
{
    const double more = q[TRIALS], change = p[PROBABILITY] * ((p[TRIALS] - more) / more);
    const double between[] = {p[PROBABILITY] + change, more};
    binomial_pair pair = {.p = prepare_density(p), .q = prepare_density(between)};
    prepare_rest(p, &pair.p);
    prepare_rest(between, &pair.q);
    pair.is_near = pair.q.sd < 1.2 * pair.p.sd;
    const double sd = pair.is_near ? pair.q.sd : pair.p.sd;
    const double sum = bell_sum(divergence_term, &pair, pair.p.mean, sd, 0.0, q[TRIALS]);
    return (sum > 0.0 ? sum : 0.0)
           + success_divergence(more, between[PROBABILITY], q[PROBABILITY],
                                (p[PROBABILITY] - q[PROBABILITY]) + change);
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[TRIALS] == q[TRIALS] && p[TRIALS] > 0.0)
        return success_divergence(p[TRIALS], p[PROBABILITY], q[PROBABILITY],
                                  p[PROBABILITY] - q[PROBABILITY]);
    const int is_fixed = p[PROBABILITY] == 0.0 || p[PROBABILITY] == 1.0 || p[TRIALS] == 0.0;
    if (is_fixed) { /* all mass of p is at one count */
        const family_constants c = prepare_density(q);
        return 0.0 - log_mass(&c, p[PROBABILITY] == 1.0 ? p[TRIALS] : 0.0);
    }
    return p[TRIALS] > q[TRIALS] ? INFINITY : divergence_by_sum(p, q);
}

const klf_family KLF_FAMILY(binomial) = {
    .name = "binomial",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be a whole number from 0 to trials",
    .no_maximum = "with 0 trials every probability is as likely",
    .natural_rule = "must not be NaN",
    .mean_rule = "must be in [0, trials], and trials > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .prepare_sampler = prepare_sampler,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
