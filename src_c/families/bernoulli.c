/* bernoulli.c -- the Bernoulli family with probability p on {0, 1}.
 *
 *   log p(1) = log p,  log p(0) = log(1 - p),  log h = 0;  the rest: success_family.h
 */
#include "family.h"

enum { PROBABILITY };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"probability", KLF_SCALAR, KLF_PROBABILITY, 0}};

typedef struct {
    double probability, log_of_one, log_of_zero;
    double sd, inverse_sd;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    const double p = theta[PROBABILITY];
    return (family_constants){.probability = p, .log_of_one = klf_log(p),
                              .log_of_zero = 0.0 + klf_log1p(-p)};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->sd = sqrt(theta[PROBABILITY] * (1.0 - theta[PROBABILITY]));
    c->inverse_sd = c->sd > 0.0 ? 1.0 / c->sd : 1.0;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double log_p = x == 1.0 ? c->log_of_one : -INFINITY;
    log_p = x == 0.0 ? c->log_of_zero : log_p;
    return x == x ? log_p : x;
}

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    (void)c;
    return (x == 0.0) | (x == 1.0);
}

KLF_INLINE double standard_at(const family_constants *c, double x)
{
    return (x - c->probability) * c->inverse_sd;
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
    return (x == 0.0) | (x == 1.0);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double inside = is_datum(theta, x) ? 0.0 : -INFINITY;
    return x == x ? inside : x;
}

#include "count_family.h"

static double trials_of(const double *theta)
{
    (void)theta;
    return 1.0;
}

#include "success_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

/* One word to a draw, 1 where it is below p 2^64: right to 2^-64, and always at p = 1. */
static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const uint64_t top = UINT64_C(1) << 63; /* signed comparisons are the ones that vectors have */
    const int64_t threshold = c.probability < 1.0
                                  ? (int64_t)((uint64_t)(c.probability * 0x1p64) ^ top)
                                  : INT64_MAX;
    const uint64_t one = klf_bits(1.0), at_threshold = c.probability < 1.0 ? 0 : one;
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, start / KLF_TILE, 1, words);
        for (size_t i = 0; i < count; i++)
            x[start + i] = klf_from_bits((int64_t)(words[i] ^ top) < threshold ? one
                                                                               : at_threshold);
    }
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const double *restrict probability = theta[PROBABILITY];
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, start / KLF_TILE, 1, words);
        for (size_t i = 0; i < count; i++)
            x[start + i] = klf_uniform(words[i]) <= probability[start + i] ? 1.0 : 0.0;
    }
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double p = theta[PROBABILITY];
    return p > 0.0 && p < 1.0 ? -p * klf_log(p) - (1.0 - p) * klf_log1p(-p) : 0.0;
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return success_divergence(1.0, p[PROBABILITY], q[PROBABILITY],
                              p[PROBABILITY] - q[PROBABILITY]);
}

const klf_family KLF_FAMILY(bernoulli) = {
    .name = "bernoulli",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be 0 or 1",
    .no_maximum = "every set of zeros and ones has one",
    .natural_rule = "must not be NaN",
    .mean_rule = "must be in [0, 1]",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
