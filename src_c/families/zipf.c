/* zipf.c -- the Zipf (zeta) family with exponent s > 1.
 *
 *   log p(x) = -s log x - log zeta(s),  x = 1, 2, ...
 *   eta      = -s,  T = log x,  log h = 0,  A = log zeta(s)
 *   m        = -zeta'(s)/zeta(s),  v = (log zeta)''(s)
 *
 * e = s - 1 is exact where it is small, and serves there. The unconstrained coordinate is
 * u = log(exp(e) - 1), near log e at one end and e at the other: m falls off as 2^-s there, so that
 * equal steps in log e would soon leave no draw but 1. Source: Johnson, Kemp and Kotz (2005),
 * Univariate Discrete Distributions, chapter 11.
 */
#include "../math/bregman.h"
#include "../math/zeta_functions.h"
#include "family.h"

enum { EXPONENT };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"exponent", KLF_SCALAR, KLF_ABOVE_ONE, 0}};

typedef struct {
    double exponent, excess, constant; /* s, e, -log zeta(s) */
    double mean, sd, inverse_sd;       /* of log x */
    double tail_share, quick_share, quick, inverse_excess; /* see `sample` */
} family_constants;

KLF_OUTLINE double log_zeta(double s)
{
    return klf_log_zeta(s, s - 1.0);
}

KLF_OUTLINE double log_mean(double s)
{
    return klf_zeta_log_mean(s, s - 1.0);
}

/* sqrt(v); 0 above exponents of 1020, where v is no normal number: all mass is at 1 to rounding. */
KLF_OUTLINE double log_sd(double s)
{
    const double variance = klf_zeta_log_variance(s, s - 1.0);
    return variance >= DBL_MIN ? sqrt(variance) : 0.0;
}

static inline family_constants prepare_density(const double *theta)
{
    return (family_constants){.exponent = theta[EXPONENT],
                              .constant = 0.0 - log_zeta(theta[EXPONENT])};
}

static void prepare_rest(const double *theta, family_constants *c);

KLF_INLINE int is_inside(const family_constants *c, double x)
{
    (void)c;
    return klf_is_whole(x) & (x >= 1.0);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    const double inside = fma(-c->exponent, klf_log_normal(x), c->constant);
    const double log_p = is_inside(c, x) ? inside : -INFINITY;
    return x == x ? log_p : x;
}

KLF_INLINE double standard_at(const family_constants *c, double x)
{
    return (klf_log(x) - c->mean) * c->inverse_sd;
}

KLF_INLINE double natural_room(const family_constants *c)
{
    return c->excess;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return klf_is_whole(x) & (x >= 1.0);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    const double inside = is_datum(theta, x) ? 0.0 : -INFINITY;
    return x == x ? inside : x;
}

#define DENSITY_CONSTANTS 3 /* the series of zeta has branches */
#include "count_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

/* ---- Sampling -------------------------------------------------------------------------------- */

/* By rejection from a hat that is 1 at x = 1 and, about every x >= 2, the integral of y^-s from
 * x - 1/2 to x + 1/2, which is above x^-s since y^-s is convex. The hat's mass from 2 on is
 * H = 1.5^-e/e, and y is drawn there by inversion as 1.5 t^(-1/e), t uniform. The whole is
 * accepted with probability zeta/(1 + H) > 0.98 for every s.
 *
 * x^-s over the hat grows with x, so that its value `quick` at 2 is a bound below: this part of the
 * tail, H quick/(1 + H) of the mass, is accepted at once, and a draw takes one word. The rest of
 * the tail, at most 2.6% of the mass, takes words of its own.
 *
 * The integral of (y/x)^-s, with h = 1/(2 x), a = atanh h:
 *
 *   ((1 - h)^-e - (1 + h)^-e)/(2 h e) = (1 - h^2)^(-e/2) sinh(a e)/(h e). */
KLF_INLINE double log_acceptance(double e, double x)
{
    const double h = 0.5 / x, a = 0.5 * klf_log1p(2.0 * h / (1.0 - h));
    const double log_sinh_ratio = klf_log_expm1_ratio(2.0 * a * e) - a * e;
    return 0.5 * e * klf_log1p(-h * h) - log_sinh_ratio - klf_log(a / h);
}

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    const double log_1_5 = 0x1.9f323ecbf984cp-2;
    family_constants c = {.excess = theta[EXPONENT] - 1.0};
    const double tail = klf_exp(-c.excess * log_1_5) / c.excess;
    c.tail_share = tail / (1.0 + tail);
    c.quick = klf_exp(log_acceptance(c.excess, 2.0));
    c.quick_share = c.quick * c.tail_share;
    c.inverse_excess = 1.0 / c.excess;
    return c;
}

static void prepare_rest(const double *theta, family_constants *c)
{
    const double s = theta[EXPONENT], constant = c->constant;
    *c = prepare_draw(theta);
    c->exponent = s;
    c->constant = constant;
    c->mean = log_mean(s);
    c->sd = log_sd(s);
    c->inverse_sd = c->sd > 0.0 ? 1.0 / c->sd : 1.0;
}

/* The count nearest to y, for 0 < t <= 1. */
KLF_INLINE double tail_count(const family_constants *c, double t)
{
    const double y = klf_clamp_finite(1.5 * klf_exp(-klf_log_normal(t) * c->inverse_excess));
    const double below = floor(y);
    return y - below < 0.5 ? below : below + 1.0;
}

/* A draw from the rest of the tail; where it is refused, any draw, which is accepted with
 * probability > 0.98: the bound is never met, and only makes the loop's end provable. */
KLF_OUTLINE double slow_draw(const family_constants *c, klf_stream stream, uint64_t block,
                             uint64_t index)
{
    enum { LAST_ATTEMPT = 1 << 10 };
    double choice = c->tail_share;
    for (uint64_t attempt = 0; attempt < LAST_ATTEMPT && choice <= c->tail_share; attempt++) {
        uint64_t words[4];
        klf_rare_words(stream, block, index, attempt, words);
        const double x = tail_count(c, klf_uniform(words[0]));
        const double v = fma(1.0 - c->quick, klf_uniform(words[1]), c->quick);
        if (choice <= c->quick_share || klf_log(v) <= log_acceptance(c->excess, x))
            return x;
        choice = klf_uniform(words[2]);
    }
    return 1.0;
}

/* The draw that a word decides; 0 where it is one of the slow. */
KLF_INLINE double quick_draw(const family_constants *c, uint64_t word)
{
    const double u = klf_uniform(word), quick = tail_count(c, u / c->quick_share);
    const double other = u > c->tail_share ? 1.0 : 0.0;
    return u > c->quick_share ? other : quick;
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, start / KLF_TILE, 1, words);
        for (size_t i = 0; i < count; i++)
            x[start + i] = quick_draw(&c, words[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (x[i] == 0.0)
            x[i] = slow_draw(&c, stream, block, i);
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream, uint64_t block,
                        double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, start / KLF_TILE, 1, words);
        for (size_t i = 0; i < count; i++) {
            const member_parameters one = member_at(theta, start + i);
            const family_constants c = prepare_draw(one.theta);
            x[start + i] = quick_draw(&c, words[i]);
        }
    }
    for (size_t i = 0; i < n; i++)
        if (x[i] == 0.0) {
            const member_parameters one = member_at(theta, i);
            const family_constants c = prepare_draw(one.theta);
            x[i] = slow_draw(&c, stream, block, i);
        }
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

/* No step can leave a member all of whose draws are 1. */
static int is_interior(size_t d, const double *theta)
{
    (void)d;
    return log_sd(theta[EXPONENT]) > 0.0;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return log_zeta(theta[EXPONENT]);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = -theta[EXPONENT];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[EXPONENT] = -eta[0];
    return checked(theta);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    const double e = theta[EXPONENT] - 1.0;
    u[0] = e + klf_log_minus_expm1(-e);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[EXPONENT] = 1.0 + klf_log1p_exp(u[0]);
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = log_mean(theta[EXPONENT]);
}

/* e where E log x = m > 0, by Newton's method on log m: as a function of log e where e < 1, of e
 * elsewhere, since m is near 1/e and near 2^-s log 2 at the two ends. */
static double excess_of_mean(double m)
{
    const double size = m > 0x1p-1000 ? m : 0x1p-1000; /* its inverse is finite */
    double e = klf_log1p(0.5 * KLF_LN2 / size) / KLF_LN2;
    for (int i = 0; i < 40; i++) {
        const double s = 1.0 + e, found = klf_zeta_log_mean(s, e);
        const double step = found / klf_zeta_log_variance(s, e) * klf_log_quotient(found, m);
        e = e < 1.0 ? e * klf_exp(step / e) : e + step;
        if (!(fabs(step) > 0x1p-52 * e))
            break;
    }
    return e;
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    if (!(mu[0] > 0.0 && mu[0] <= DBL_MAX))
        return KLF_E_DOMAIN;
    theta[EXPONENT] = 1.0 + excess_of_mean(mu[0]);
    return checked(theta);
}

/* zeta(s) - 1 */
static double zeta_excess(double s, double e)
{
    return klf_expm1(klf_log_zeta(s, e));
}

/* Of x - 1, whose moments are sums that hardly cancel: with z(s) = zeta(s) - 1,
 *
 *   zeta E(x - 1) = z(s - 1) - z(s),   zeta E(x - 1)^2 = z(s - 2) - 2 z(s - 1) + z(s). */
static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double s = theta[EXPONENT], e = s - 1.0;
    *mean = *variance = INFINITY;
    if (s <= 2.0)
        return;
    const double own = zeta_excess(s, e), first = zeta_excess(s - 1.0, e - 1.0);
    const double mean_excess = (first - own) / (1.0 + own);
    *mean = 1.0 + mean_excess;
    if (s > 3.0)
        *variance = (zeta_excess(s - 2.0, e - 2.0) - 2.0 * first + own) / (1.0 + own)
                    - mean_excess * mean_excess;
}

/* Where there is a variance, mean and standard deviation are below 2^52 (the exponents next to 2
 * and 3 tell); where there is none, draws stop at the largest integer. */
static int fits_integers(size_t members, const double *theta)
{
    (void)members, (void)theta;
    return 1;
}

/* ds/du = 1 - exp(-e) */
static double slope_score(const double *theta, klf_coordinates coordinates, double deviation)
{
    const double slope = coordinates == KLF_PARAMETERS ? 1.0 : -klf_expm1(1.0 - theta[EXPONENT]);
    return 0.0 - slope * deviation;
}

static klf_status shift_natural(const double *theta, double t, double *theta_new)
{
    theta_new[EXPONENT] = theta[EXPONENT] - t;
    return checked(theta_new);
}

static klf_status member_of_mean(const double *reference, double deviation, double *theta)
{
    const double before = log_mean(reference[EXPONENT]), mean = before + deviation;
    if (!(mean > 0x1p-50 * before)) /* less is rounding: all data are 1 */
        return KLF_E_NO_MAXIMUM;
    return from_mean(1, &mean, theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double total = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double weight = weights ? weights[i] : 1.0;
        total += weight;
        sum += weight * klf_log(x[i]);
    }
    const double mean = sum / total;
    const int usable = mean > 0x1p-1000 && mean < 710.0;
    theta[EXPONENT] = 1.0 + excess_of_mean(usable ? mean : 1.0 / KLF_BLOCK);
}

/* ---- Entropy and divergence ------------------------------------------------------------------ */

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return fma(theta[EXPONENT], log_mean(theta[EXPONENT]), log_zeta(theta[EXPONENT]));
}

static double variance_along(const void *context, double distance)
{
    const double *theta = context;
    const double e = (theta[EXPONENT] - 1.0) + distance;
    return klf_zeta_log_variance(theta[EXPONENT] + distance, e);
}

/* With c = s_q - s_p, where near by quadrature of v along s, else
 *
 *   D = log zeta(s_q) - log zeta(s_p) + c m_p,
 *
 * where e <= 1 for both in two parts, that of 1/e in zeta and the rest, neither of which cancels:
 * log zeta(s) = -log e + e R0(e) there. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double own = p[EXPONENT] - 1.0, other = q[EXPONENT] - 1.0;
    const double change = q[EXPONENT] - p[EXPONENT];
    if (fabs(change) < 0.3 * (own < 10.0 ? own : 10.0))
        return klf_bregman_along(variance_along, p, change);
    if (own <= 1.0 && other <= 1.0) {
        const double rest = fma(other, klf_zeta_r0(other), -own * klf_zeta_r0(own));
        return klf_excess_over_log(other, own) + fma(-change, klf_zeta_r1(own), rest);
    }
    const double found = fma(change, log_mean(p[EXPONENT]),
                             log_zeta(q[EXPONENT]) - log_zeta(p[EXPONENT]));
    return found > 0.0 ? found : 0.0; /* less is the rounding of subnormals */
}

const klf_family KLF_FAMILY(zipf) = {
    .name = "zipf",
    .is_integer = 1,
    .support = KLF_SUPPORT_INTEGERS,
    .data_rule = "must be finite, a whole number >= 1",
    .no_maximum = "the data are all 1, and the likelihood grows without bound with the exponent",
    .natural_rule = "must be finite and < -1",
    .mean_rule = "must be finite and > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .fits_integers = fits_integers,
    KLF_SCALAR_FUNCTIONS,
};
