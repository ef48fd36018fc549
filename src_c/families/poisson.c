/* poisson.c -- the Poisson family with rate lambda on 0, 1, 2, ...
 *
 *   log p(x) = x log lambda - lambda - log x!
 *   eta      = log lambda,  T = x,  log h = -log x!,  A = lambda
 *
 * Evaluated in Loader's form (Catherine Loader, 2000, "Fast and accurate computation of binomial
 * probabilities"), shifted by one so that Stirling's formula holds at x = 0 too: with X = x + 1,
 * L = log(X/lambda), h(u) = (1 + u) log(1 + u) - u at u = X/lambda - 1 and delta the error of
 * Stirling's formula,
 *
 *   log p(x) = -lambda h - delta(X) + L/2 - log(lambda)/2 - log(2 pi)/2.
 *
 *   standard score = (x - lambda)/sqrt(lambda)
 *
 * Rate 0 is a member, all of whose mass is at 0. Source of the algebra: Johnson, Kemp and Kotz
 * (2005), Univariate Discrete Distributions, chapter 4.
 */
#include "family.h"

enum { RATE };

/* Below this rate X/lambda would overflow: the mass is then lambda_used's, shifted by x times the
 * difference of the logarithms. */
static const double POISSON_LEAST_RATE = 0x1p-900;

typedef struct {
    double rate, used, inverse_used;
    double log_deficit; /* log(rate) - log(used): 0 but for tiny rates */
    double constant;    /* -log(used)/2 - log(2 pi)/2 */
    double root, inverse_root;
} poisson_constants;

KLF_INLINE poisson_constants poisson_prepare(double rate)
{
    poisson_constants c;
    c.rate = rate;
    c.used = rate < POISSON_LEAST_RATE ? POISSON_LEAST_RATE : rate;
    c.inverse_used = 1.0 / c.used;
    const double log_used = klf_log(c.used);
    c.log_deficit = rate < POISSON_LEAST_RATE ? klf_log(rate) - log_used : 0.0;
    c.constant = -0.5 * (log_used + KLF_LOG_2PI);
    c.root = sqrt(rate);
    c.inverse_root = rate > 0.0 ? 1.0 / c.root : 1.0; /* at rate 0 the score holds x itself */
    return c;
}

KLF_INLINE double poisson_log_density(const poisson_constants *c, double x)
{
    const double raised = x + 1.0;
    const double excess = (raised - c->used) * c->inverse_used;
    double h;
    const double log = klf_log_ratio_rising(raised * c->inverse_used, excess, &h);
    double log_p = fma(0.5, log, c->constant) - fma(c->used, h, klf_stirling_error(raised));
    log_p = fma(x, c->log_deficit, log_p);
    log_p = x == 0.0 ? -c->rate : log_p;
    log_p = (klf_is_whole(x) & (x >= 0.0)) ? log_p : -INFINITY;
    return x == x ? log_p : x;
}

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = (klf_sizes){.parameters = 1, .fitted = 1, .coordinates = 1, .event = 1, .table = 2 + 2048,
                     .constants = sizeof(poisson_constants) / sizeof(double)};
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

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    const poisson_constants c = poisson_prepare(theta[RATE]);
    memcpy(constants, &c, sizeof c);
}

KLF_INLINE poisson_constants load(const double *constants)
{
    poisson_constants c;
    memcpy(&c, constants, sizeof c);
    return c;
}

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Up to this rate a table of at most 2048 outcomes spans at least 8 standard deviations to either
 * side of the mean. */
static const double POISSON_TABLE_RATE = 15000.0;

/* The table: size, first outcome, then the cells. A cell is one 64-bit integer, so that a look-up
 * is one load: a threshold of 53 bits and, in the low 11, an alias. A cell keeps its own outcome
 * when the next 52 bits of the random word are below the threshold. The last cell's own outcome
 * stands for all outcomes outside the table. */
enum { TABLE_SIZE, TABLE_FIRST, TABLE_CELLS, LARGEST_TABLE = 2048, ALIAS_BITS = 11 };

static double poisson_mass(const poisson_constants *c, double x)
{
    return klf_exp(poisson_log_density(c, x));
}

/* The mass beyond `edge`, summed outwards by ratios of neighbours until it no longer changes. */
static double poisson_tail(const poisson_constants *c, double edge, int upward)
{
    double sum = 0.0;
    double term = edge >= 0.0 ? poisson_mass(c, edge) : 0.0;
    for (double x = edge; x >= 0.0 && term > 0x1p-60 * sum; x += upward ? 1.0 : -1.0) {
        sum += term;
        term *= upward ? c->rate / (x + 1.0) : x / c->rate;
    }
    return sum;
}

/* Walker's alias method with Vose's construction: Vose (1991), "A linear algorithm for generating
 * random numbers with a given distribution", IEEE Trans. Software Engineering 17. The masses in
 * `cell` become cells. */
static void poisson_alias(size_t size, double *cell)
{
    uint16_t small[LARGEST_TABLE], large[LARGEST_TABLE], alias[LARGEST_TABLE];
    size_t n_small = 0, n_large = 0;
    for (size_t i = 0; i < size; i++) {
        cell[i] *= (double)size;
        alias[i] = (uint16_t)i;
        if (cell[i] < 1.0)
            small[n_small++] = (uint16_t)i;
        else
            large[n_large++] = (uint16_t)i;
    }
    while (n_small && n_large) {
        const size_t low = small[--n_small], high = large[n_large - 1];
        alias[low] = (uint16_t)high;
        cell[high] = (cell[high] + cell[low]) - 1.0;
        if (cell[high] < 1.0) {
            n_large--;
            small[n_small++] = (uint16_t)high;
        }
    }
    for (size_t i = 0; i < size; i++) { /* what is left over, by rounding only, is full */
        const int full = alias[i] == i || cell[i] >= 1.0;
        const uint64_t threshold = full ? UINT64_C(1) << 52 : (uint64_t)(cell[i] * 0x1p52 + 0.5);
        cell[i] = klf_from_bits(threshold << ALIAS_BITS | alias[i]);
    }
}

static void prepare_sampler(size_t d, const double *theta, double *table)
{
    (void)d;
    const poisson_constants c = poisson_prepare(theta[RATE]);
    table[TABLE_SIZE] = 0.0;
    if (c.rate > POISSON_TABLE_RATE)
        return;
    size_t size = 64;
    while ((double)size < 16.0 * c.root + 40.0)
        size *= 2;
    const double low = floor(c.rate) - (double)(size / 2);
    const double first = low > 0.0 ? low : 0.0;
    table[TABLE_SIZE] = (double)size;
    table[TABLE_FIRST] = first;
    double *cell = table + TABLE_CELLS;
    for (size_t i = 0; i + 1 < size; i++)
        cell[i] = poisson_mass(&c, first + (double)i);
    cell[size - 1] = poisson_tail(&c, first - 1.0, 0)
                     + poisson_tail(&c, first + (double)(size - 1), 1);
    poisson_alias(size, cell);
}

/* An outcome outside the table, by inversion outwards from its ends. */
static double poisson_outside(const poisson_constants *c, const double *table, klf_stream stream,
                              uint64_t block, uint64_t index)
{
    uint64_t words[4];
    klf_rare_words(stream, block, index, 0, words);
    const double below = table[TABLE_FIRST] - 1.0;
    const double above = table[TABLE_FIRST] + table[TABLE_SIZE] - 1.0;
    const double below_mass = poisson_tail(c, below, 0), above_mass = poisson_tail(c, above, 1);
    double left = klf_uniform(words[0]) * (below_mass + above_mass);
    const int upward = left > below_mass;
    left -= upward ? below_mass : 0.0;
    double x = upward ? above : below, term = poisson_mass(c, x);
    while (left > term && term > 0.0 && (upward || x > 0.0)) {
        left -= term;
        term *= upward ? c->rate / (x + 1.0) : x / c->rate;
        x += upward ? 1.0 : -1.0;
    }
    return x;
}

static void poisson_from_table(const poisson_constants *c, const double *table, klf_stream stream,
                               uint64_t block, size_t n, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const double *restrict cells = table + TABLE_CELLS;
    const double last = table[TABLE_SIZE] - 1.0;
    unsigned bits = 0;
    while ((double)(UINT64_C(1) << bits) < table[TABLE_SIZE])
        bits++;
    uint64_t words[KLF_TILE];
    double outcome[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, start / KLF_TILE, 1, words);
        uint64_t outside = 0;
        for (size_t i = 0; i < KLF_TILE; i++) {
            const uint64_t own = words[i] >> (64 - bits), cell = klf_bits(cells[own]);
            const int64_t fraction = (int64_t)(words[i] << bits >> 12);
            const int64_t threshold = (int64_t)(cell >> ALIAS_BITS);
            const uint64_t alias = cell & ((1u << ALIAS_BITS) - 1);
            const uint64_t chosen = fraction < threshold ? own : alias;
            outcome[i] = klf_from_bits(chosen | klf_bits(0x1p52)) - 0x1p52; /* as a double */
        }
        for (size_t i = 0; i < KLF_TILE; i++)
            outside |= (uint64_t)(outcome[i] == last);
        for (size_t i = 0; i < count; i++)
            x[start + i] = table[TABLE_FIRST] + outcome[i];
        for (size_t i = 0; outside && i < count; i++)
            if (outcome[i] == last)
                x[start + i] = poisson_outside(c, table, stream, block, start + i);
    }
}

/* Hormann (1993), "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12, algorithm PTRS: acceptance is about 0.9 at large rates,
 * so the bound on the groups is never met. */
enum { POISSON_LAST_GROUP = 1 << 10 };

static size_t poisson_propose(const poisson_constants *c, const klf_key *key, uint64_t block,
                              uint64_t group, size_t wanted, double *restrict out)
{
    const double b = 0.931 + 2.53 * c->root, a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2.0);
    const double log_inverse_alpha = klf_log(inverse_alpha);
    uint64_t words[2 * KLF_TILE];
    double x[KLF_TILE], u_shifted[KLF_TILE], v[KLF_TILE];
    klf_fill_tiles(key, block, 2 * group, 2, words);
    for (size_t i = 0; i < KLF_TILE; i++) {
        const double u = klf_uniform(words[i]) - 0.5;
        u_shifted[i] = 0.5 - fabs(u);
        v[i] = klf_uniform(words[KLF_TILE + i]);
        x[i] = fma(2.0 * a / u_shifted[i] + b, u, c->rate + 0.43);
    }
    size_t accepted = 0;
    for (size_t i = 0; i < KLF_TILE && accepted < wanted; i++) {
        const double us = u_shifted[i], k = floor(x[i]);
        int accept = us >= 0.07 && v[i] <= quick;
        if (!accept && k >= 0.0 && us > 0.0 && !(us < 0.013 && v[i] > us))
            accept = klf_log(v[i]) + log_inverse_alpha - klf_log(a / (us * us) + b)
                     <= poisson_log_density(c, k);
        out[accepted] = k;
        accepted += (size_t)accept;
    }
    if (group >= POISSON_LAST_GROUP)
        while (accepted < wanted)
            out[accepted++] = floor(c->rate);
    return accepted;
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)work;
    const poisson_constants c = load(constants);
    if (table[TABLE_SIZE] > 0.0) {
        poisson_from_table(&c, table, stream, block, n, x);
        return;
    }
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t group = 0;
    for (size_t filled = 0; filled < n; group++) {
        const size_t room = n - filled;
        filled += poisson_propose(&c, &key, block, group, room < KLF_TILE ? room : KLF_TILE,
                                  x + filled);
    }
}

/* ---- Density and score ----------------------------------------------------------------------- */

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    (void)d, (void)work;
    const poisson_constants c = load(constants);
    for (size_t i = 0; i < n; i++)
        log_p[i] = poisson_log_density(&c, x[i]);
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    (void)d;
    const poisson_constants c = load(constants);
    for (size_t i = 0; i < n; i++) {
        const double inside = (x[i] - c.rate) * c.inverse_root;
        const int outside = (x[i] < 0.0) | !klf_is_whole(x[i]);
        s[i] = (outside & (x[i] == x[i])) ? 0.0 : inside;
    }
    if (log_p)
        log_density(d, constants, n, x, log_p, work);
}

static void log_density_each(size_t n, const double *const *parameters, const double *restrict x,
                             double *restrict log_p)
{
    const double *restrict rate = parameters[RATE];
    int tiny = 0;
    for (size_t i = 0; i < n; i++) {
        const poisson_constants c = poisson_prepare(rate[i] < POISSON_LEAST_RATE ? 1.0 : rate[i]);
        log_p[i] = poisson_log_density(&c, x[i]);
        tiny |= rate[i] < POISSON_LEAST_RATE;
    }
    for (size_t i = 0; tiny && i < n; i++) {
        const poisson_constants c = poisson_prepare(rate[i]);
        log_p[i] = poisson_log_density(&c, x[i]);
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

/* The sum -sum p log p where it is short; else the expansion of its exact value in 1/lambda
 * (Evans and Boersma, 1988, "The entropy of a Poisson distribution", SIAM Review 30), whose first
 * term left out is below 1e-15 at lambda = 1000. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double rate = theta[RATE];
    if (rate == 0.0)
        return 0.0;
    if (rate > 1000.0) {
        const double r = 1.0 / rate;
        const double series = r * (1.0 / 12.0 + r * (1.0 / 24.0 + r * (19.0 / 360.0
                              + r * 9.0 / 80.0)));
        return 0.5 * (KLF_LOG_2PI + 1.0 + klf_log(rate)) - series;
    }
    const poisson_constants c = poisson_prepare(rate);
    double sum = 0.0;
    for (double x = 0.0; x < rate + 20.0 * c.root + 40.0; x += 1.0) {
        const double log_p = poisson_log_density(&c, x);
        sum -= klf_exp(log_p) * log_p;
    }
    return sum;
}

/* D = lambda_q h(lambda_p/lambda_q - 1), with 0 log 0 = 0. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    if (p[RATE] == 0.0)
        return q[RATE];
    if (q[RATE] == 0.0)
        return INFINITY;
    const double ratio = p[RATE] / q[RATE];
    if (ratio > 0x1p-1000 && ratio < 0x1p1000) {
        double h;
        (void)klf_log_ratio_rising(ratio, (p[RATE] - q[RATE]) / q[RATE], &h);
        return q[RATE] * h;
    }
    return p[RATE] * (klf_log(p[RATE]) - klf_log(q[RATE]) - 1.0) + q[RATE];
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
    const poisson_constants c = load(constants);
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
    const poisson_constants c = load(constants);
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
    const poisson_constants c = load(constants);
    const double rate = fma(c.root, mean_score[0], theta_reference[RATE]);
    theta[RATE] = rate > 0x1p-50 * theta_reference[RATE] ? rate : 0.0; /* less is rounding */
    return KLF_OK;
}

static const klf_parameter parameters[] = {{"rate", KLF_SCALAR, KLF_NON_NEGATIVE, 0}};

const klf_family KLF_FAMILY(poisson) = {
    .name = "poisson",
    .is_integer = 1,
    .no_maximum = "every set of counts has one",
    .n_parameters = 1,
    .parameters = parameters,
    .log_density_each = log_density_each,
    .prepare_sampler = prepare_sampler,
    KLF_FUNCTIONS,
};
