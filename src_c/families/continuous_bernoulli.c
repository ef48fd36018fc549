/* continuous_bernoulli.c -- the continuous Bernoulli family on [0, 1]: the exponential distribution
 * cut off at 1, or its mirror image.
 *
 *   log p(x) = L x - A(L),  A = log((e^L - 1)/L)
 *   eta = L,  T = x,  log h = 0
 *   standard score = (x - m)/sqrt(v),  m = A' = 1/(1 - e^-L) - 1/L,  v = A''
 *
 * All is computed from the heavy end, where the density is largest: with a = |L| and y the distance
 * from that end, y = x for L <= 0 and 1 - x for L > 0,
 *
 *   log p = -a y - A(-a),
 *
 * whose terms do not cancel. Source: Loaiza-Ganem and Cunningham (2019), "The continuous Bernoulli:
 * fixing a pervasive error in variational autoencoders", NeurIPS 32.
 */
#include "../math/bregman.h"
#include "family.h"
#include "truncated_exponential.h"

enum { LOGIT };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"logit", KLF_SCALAR, KLF_REAL, 0}};

typedef struct {
    double sign;     /* y = offset + sign x, and x = offset + sign y */
    double offset;
    double size;     /* a */
    double constant; /* -A(-a) */
    double mean, deviation; /* of y */
    double inverse_deviation;
    double inverse, below, least, rise; /* of draws: 1/a, 1 - e^-a, e^-a, e^a */
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.sign = theta[LOGIT] > 0.0 ? -1.0 : 1.0;
    c.offset = 0.5 - 0.5 * c.sign;
    c.size = fabs(theta[LOGIT]);
    c.constant = 0.0 - klf_log_truncated_mass(c.size); /* no -0 */
    return c;
}

KLF_INLINE void prepare_inversion(double size, family_constants *c)
{
    const double a = size > 0x1p-100 ? size : 0x1p-100;
    c->inverse = 1.0 / a;
    c->below = -klf_expm1(-a);
    c->least = klf_exp(-a);
    c->rise = klf_exp(a < 500.0 ? a : 500.0);
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    (void)theta;
    prepare_inversion(c->size, c);
    c->mean = klf_truncated_mean(c->size);
    c->deviation = klf_truncated_deviation(c->size);
    c->inverse_deviation = 1.0 / c->deviation;
    c->inverse_deviation = c->inverse_deviation > DBL_MAX ? DBL_MAX : c->inverse_deviation;
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double inside = fma(-c->size, fma(c->sign, x, c->offset), c->constant);
    return ((x < 0.0) | (x > 1.0)) ? -INFINITY : inside;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double y = fma(c->sign, x, c->offset);
    const double inside = c->sign * (y - c->mean) * c->inverse_deviation;
    s[0] = ((x < 0.0) | (x > 1.0)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x;
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
    return (x >= 0.0) & (x <= 1.0);
}

#include "scalar_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

/* By inversion. The first bit of a word chooses the end from which the mass 0 < v <= 1/2 is
 * counted, so that both tails have all their digits. With f = 1 - e^-a,
 *
 *   from the heavy end:  y = -log(1 - v f)/a
 *   from the light end:  1 - y = log(1 + v f e^a)/a,  or y = -log(v f + e^-a)/a
 *
 * where v f e^a is above 1, so that the distance from the end that is near comes out. A logit below
 * 2^-100 in size is 0 to all draws. */
KLF_INLINE double draw_at(const family_constants *c, const uint64_t *word)
{
    const uint64_t is_heavy = *word >> 63;
    const double v = 0.5 * klf_uniform(*word << 1) * c->below, risen = v * c->rise;
    double excess = risen < 1.0 ? risen : (v + c->least) - 1.0, ignored;
    double ratio = risen < 1.0 ? 1.0 + risen : v + c->least;
    double end = risen < 1.0 ? 1.0 : -1.0; /* -1 for the heavy end, 1 for the light */
    excess = is_heavy ? -v : excess;
    ratio = is_heavy ? 1.0 - v : ratio;
    end = is_heavy ? -1.0 : end;
    const double distance = end * klf_log_ratio_normal(ratio, excess, &ignored) * c->inverse;
    const double place = end * c->sign < 0.0 ? distance : 1.0 - distance;
    const double drawn = klf_clamp_positive(place);
    return drawn < 1.0 ? drawn : 1.0 - 0x1p-53;
}

enum { DRAW_WORDS = 1 };

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    family_constants c = {.sign = theta[LOGIT] > 0.0 ? -1.0 : 1.0};
    prepare_inversion(fabs(theta[LOGIT]), &c);
    return c;
}

#include "word_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log_expm1_ratio(theta[LOGIT]);
}

/* The natural parameter, the unconstrained coordinate and the parameter are one. */
static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = theta[LOGIT];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[LOGIT] = eta[0];
    return checked(theta);
}

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
    const double mean = klf_truncated_mean(fabs(theta[LOGIT]));
    mu[0] = theta[LOGIT] > 0.0 ? 1.0 - mean : mean;
}

/* The logit at which the mean is `low` from 0 and `high` from 1, of which the smaller is exact. */
static double logit_from_means(double low, double high)
{
    return low <= high ? 0.0 - klf_truncated_size(low) : klf_truncated_size(high);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    if (!(mu[0] > 0.0 && mu[0] < 1.0))
        return KLF_E_DOMAIN;
    theta[LOGIT] = logit_from_means(mu[0], 1.0 - mu[0]);
    return checked(theta);
}

/* D(p||q) = A(q) - A(p) - (q - p) m(p), the sign chosen so that p <= 0: by quadrature of A''
 * between near logits (its poles are at the multiples of 2 pi i); between two that are far below 0,
 * with a and b their sizes,
 *
 *   D = (b/a - 1 - log(b/a)) + log((1 - e^-b)/(1 - e^-a)) - (b - a)/(e^a - 1),
 *
 * where the large terms of the logarithms have met. */
static double truncated_kl(double p, double q)
{
    const double change = q - p;
    const double a = -p, b = -q;
    if (a > 750.0 && b > 750.0) /* exponential distributions */
        return klf_excess_over_log(b, a);
    if (fabs(change) < 2.0 || fabs(change) < 0.3 * a)
        return klf_bregman_near(klf_truncated_variance, p, q);
    if (a > 2.0 && b > 2.0)
        return klf_excess_over_log(b, a) + (klf_log_minus_expm1(-b) - klf_log_minus_expm1(-a))
               - (a < 700.0 ? (b - a) / klf_expm1(a) : 0.0);
    return klf_log_expm1_ratio(q) - klf_log_expm1_ratio(p)
           - (q * klf_truncated_mean(a) - p * klf_truncated_mean(a));
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double sign = p[LOGIT] > 0.0 ? -1.0 : 1.0;
    return truncated_kl(sign * p[LOGIT], sign * q[LOGIT]);
}

/* Less the divergence from the uniform distribution. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return 0.0 - truncated_kl(-fabs(theta[LOGIT]), 0.0);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    to_mean(d, theta, mean);
    variance[0] = klf_truncated_variance(theta[LOGIT]);
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)theta, (void)coordinates, (void)work;
    const family_constants c = load(constants);
    out[0] = c.deviation * s[0];
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    theta_new[LOGIT] = fma(direction[0], c.inverse_deviation, theta[LOGIT]);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)constants, (void)direction, (void)work;
    return INFINITY;
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* The member of the block's mean, kept off the ends. */
static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, ignored;
    klf_block_mean_sd(n, x, 1, weights, &mean, &ignored);
    mean = mean > 0.0 ? mean : 1.0 / (4.0 * KLF_BLOCK);
    mean = mean < 1.0 ? mean : 1.0 - 1.0 / (4.0 * KLF_BLOCK);
    theta[LOGIT] = logit_from_means(mean, 1.0 - mean);
    if (!(fabs(theta[LOGIT]) <= DBL_MAX))
        theta[LOGIT] = -DBL_MAX;
}

/* From the mean of y; a share of it below rounding is none. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)theta_reference, (void)work;
    const family_constants c = load(constants);
    const double mean = fma(c.sign * c.deviation, mean_score[0], c.mean);
    const double rest = 1.0 - mean;
    if (!(mean > 0x1p-48 * c.mean && rest > 0x1p-48))
        return KLF_E_NO_MAXIMUM;
    theta[LOGIT] = c.sign * logit_from_means(mean, rest) + 0.0; /* no -0 */
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

const klf_family KLF_FAMILY(continuous_bernoulli) = {
    .name = "continuous_bernoulli",
    .support = KLF_SUPPORT_UNIT_INTERVAL,
    .data_rule = "must be in [0, 1]",
    .no_maximum = "the data are all 0 or all 1, and the likelihood grows without bound with the "
                  "logit",
    .natural_rule = "must be finite",
    .mean_rule = "must be > 0 and < 1",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .from_words = from_words,
    KLF_SCALAR_FUNCTIONS,
};
