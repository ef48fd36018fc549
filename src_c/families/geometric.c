/* geometric.c -- the Geometric family with probability p of success: failures before the first.
 *
 *   log p(x) = log p + x log(1 - p),  x = 0, 1, ...,  log h = 0;  the rest: failure_family.h
 */
#include "family.h"

enum { PROBABILITY };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"probability", KLF_SCALAR, KLF_PROBABILITY_POSITIVE,
                                            0}};

typedef struct {
    double probability, log_success, log_failure;
    double inverse_root, sd, inverse_sd; /* the first 1/sqrt(q) */
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    const double p = theta[PROBABILITY];
    return (family_constants){.probability = p, .log_success = klf_log(p),
                              .log_failure = klf_log1p(-p)};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    const double p = theta[PROBABILITY], root = sqrt(1.0 - p);
    c->inverse_root = p < 1.0 ? 1.0 / root : 1.0;
    c->sd = root / p;
    c->inverse_sd = p < 1.0 ? p / root : 1.0;
}

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    (void)c;
    return klf_is_whole(x) & (x >= 0.0);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double log_p = fma(x, c->log_failure, c->log_success);
    log_p = x == 0.0 ? c->log_success : log_p; /* where p = 1 */
    log_p = is_inside(c, x) ? log_p : -INFINITY;
    return x == x ? log_p : x;
}

/* p (x - m) = p (x + 1) - 1 = x p - q */
KLF_INLINE double standard_at(const family_constants *c, double x)
{
    return fma(c->probability, x, c->probability - 1.0) * c->inverse_root;
}

KLF_INLINE double natural_room(const family_constants *c)
{
    return -c->log_failure;
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

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double inside = is_datum(theta, x) ? 0.0 : -INFINITY;
    return x == x ? inside : x;
}

#include "count_family.h"

static double successes_of(const double *theta)
{
    (void)theta;
    return 1.0;
}

#include "failure_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

/* By inversion: e/-log q, e exponential, is at least k with probability q^k. */
enum { DRAW_WORDS = 1 };

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.log_failure = klf_log1p(-theta[PROBABILITY])};
}

KLF_INLINE double draw_at(const family_constants *c, const uint64_t *w)
{
    return klf_clamp_finite(fabs(floor(klf_exponential(*w) / -c->log_failure)));
}

#include "word_draws.h"

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double p = theta[PROBABILITY];
    return p < 1.0 ? -klf_log(p) - (1.0 - p) * (klf_log1p(-p) / p) : 0.0;
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return failure_divergence(1.0, p[PROBABILITY], q[PROBABILITY],
                              p[PROBABILITY] - q[PROBABILITY]);
}

const klf_family KLF_FAMILY(geometric) = {
    .name = "geometric",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be finite, a whole number >= 0",
    .no_maximum = "the data are too large for any probability that a double can hold",
    .natural_rule = "must be < 0",
    .mean_rule = "must be finite and >= 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
