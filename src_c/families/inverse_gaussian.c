/* inverse_gaussian.c -- the inverse Gaussian (Wald) family with mean m and shape l on x > 0.
 *
 *   log p(x) = (log l - log(2 pi) - 3 log x - z^2)/2,   z = sqrt(l/x) (x - m)/m
 *   eta      = (-l/(2 m^2), -l/2),  T = (x, 1/x),  log h = -log(2 pi)/2 - (3/2) log x
 *   A        = -log(l)/2 - l/m
 *
 *   standard score = ( sqrt(l/m) (x - m)/m,  (z^2 - 1)/sqrt 2 )
 *
 * z^2 is chi-square with one degree of freedom, and the mean and the shape are orthogonal under the
 * Fisher information, which is diag(l/m^3, 1/(2 l^2)). Roots are taken of m, l and x apart, so that
 * no ratio of them under- or overflows where the result does not. Sources: Tweedie (1957),
 * "Statistical properties of inverse Gaussian distributions I", Annals of Mathematical Statistics
 * 28; Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 15.
 */
#include "../math/exponential_integral.h"
#include "family.h"

enum { MEAN, SHAPE };
enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

static const klf_parameter parameters[] = {{"mean", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"shape", KLF_SCALAR, KLF_POSITIVE, 0}};

/* The sampler's constants: see draw_at. */
typedef struct {
    double rest, slope, lower_top, upper_scale;
} draw_constants;

typedef struct {
    double mean, inverse_root_mean, root_shape;
    double root_ratio; /* sqrt(l/m) */
    double constant;   /* (log l - log(2 pi))/2 */
    draw_constants draw;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.mean = theta[MEAN];
    c.inverse_root_mean = 1.0 / sqrt(theta[MEAN]);
    c.root_shape = sqrt(theta[SHAPE]);
    const double root_ratio = klf_clamp_positive(c.root_shape * c.inverse_root_mean);
    c.root_ratio = root_ratio < 0x1p1000 ? root_ratio : 0x1p1000; /* 0 times it is to be 0 */
    c.constant = 0.5 * (klf_log(theta[SHAPE]) - KLF_LOG_2PI);
    return c;
}

KLF_INLINE draw_constants draw_constants_of(const double *theta)
{
    const double ratio = klf_clamp_positive(theta[SHAPE] / theta[MEAN]);
    const int is_narrow = ratio >= 1.0;
    return (draw_constants){.rest = is_narrow ? 1.0 : ratio,
                            .slope = is_narrow ? theta[MEAN] / theta[SHAPE] : 1.0,
                            .lower_top = is_narrow ? theta[MEAN] : theta[SHAPE],
                            .upper_scale = is_narrow ? 1.0 : 1.0 / ratio};
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->draw = draw_constants_of(theta);
}

/* z at x > 0 and the root of x/m, their product being the first score: z below the mean as
 * ((x - m)/m) sqrt(l/x), above it as ((x - m)/x) sqrt(x/m) sqrt(l/m), whose factors stay in
 * range. */
KLF_INLINE double deviate(const family_constants *c, double x, double *root_relative)
{
    const int is_below = x < c->mean;
    const double root = sqrt(x), share = (x - c->mean) / (is_below ? c->mean : x);
    *root_relative = root * c->inverse_root_mean;
    const double below = c->root_shape / root, above = *root_relative * c->root_ratio;
    return share * (is_below ? below : above);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double ignored;
    const double z = deviate(c, x, &ignored);
    const double inside = c->constant - fma(0.5 * z, z, 1.5 * klf_log(x));
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    const double log_p = outside ? -INFINITY : inside;
    return x == x ? log_p : x;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double root_relative;
    const double z = deviate(c, x, &root_relative);
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    const double first = outside ? 0.0 : z * root_relative;
    const double second = outside ? 0.0 : fma(z, z, -1.0) * (1.0 / KLF_SQRT2);
    s[0] = x == x ? first : x;
    s[1] = x == x ? second : x;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = x;
    t[1] = 1.0 / x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = -0.5 * KLF_LOG_2PI - 1.5 * klf_log(x);
    return x < 0.0 ? -INFINITY : inside;
}

/* Below 2^-1024 the inverse is infinite. */
KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0x1p-1024) & (x <= DBL_MAX);
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

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Michael, Schucany and Haas (1976), "Generating random variates using transformations with
 * multiple roots", The American Statistician 30: z^2 = l (x - m)^2/(m^2 x) has, given its value,
 * the roots m/g and m g,
 *
 *   g = 1 + y + sqrt(y (2 + y)),   y = m z^2/(2 l),
 *
 * in which nothing cancels; the larger is taken with probability 1/(1 + g). Where l < m all is
 * multiplied by l/m, for the sake of large y: with `rest` = min(1, l/m), `slope` = min(1, m/l) and
 * n = z^2/2, g = sum/rest. */
KLF_INLINE double draw_at(const family_constants *c, const double *deviates)
{
    const draw_constants *own = &c->draw;
    const double z = deviates[0], u = deviates[KLF_TILE], y = 0.5 * z * z * own->slope;
    const double sum = own->rest + y + sqrt(y * fma(2.0, own->rest, y));
    const double lower = own->lower_top / sum, upper = c->mean * (sum * own->upper_scale);
    return klf_clamp_positive(u * (sum + own->rest) <= own->rest ? upper : lower);
}

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.mean = theta[MEAN], .draw = draw_constants_of(theta)};
}

typedef double draw_deviate;
enum { DRAW_TILES = 2 };

static void fill_deviates(const klf_key *key, uint64_t block, uint64_t tile,
                          double *restrict deviates)
{
    uint64_t words[2 * KLF_TILE];
    klf_fill_tiles(key, block, 2 * tile, 2, words);
    klf_normal_tile(words, deviates);
    for (size_t i = KLF_TILE; i < 2 * KLF_TILE; i++)
        deviates[i] = klf_uniform(words[i]);
}

#include "tile_draws.h"


/* ---- Parameter algebra ----------------------------------------------------------------------- */

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return -0.5 * klf_log(theta[SHAPE]) - theta[SHAPE] / theta[MEAN];
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = -0.5 * (theta[SHAPE] / theta[MEAN]) / theta[MEAN];
    eta[1] = -0.5 * theta[SHAPE];
}

/* eta_1 = 0, Levy's distribution, has an infinite mean and is no member. */
static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    if (!(eta[0] < 0.0 && eta[1] < 0.0))
        return KLF_E_DOMAIN;
    theta[MEAN] = sqrt(-eta[1]) / sqrt(-eta[0]);
    theta[SHAPE] = -2.0 * eta[1];
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = theta[MEAN];
    mu[1] = 1.0 / theta[MEAN] + 1.0 / theta[SHAPE];
}

/* 1/l = mu_2 - 1/mu_1 = (mu_1 mu_2 - 1)/mu_1, the numerator rounded once; where it overflows,
 * 1/mu_1 is of no account. */
static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    const double excess = fma(mu[0], mu[1], -1.0);
    theta[MEAN] = mu[0];
    theta[SHAPE] = excess <= DBL_MAX ? mu[0] / excess : 1.0 / mu[1];
    return mu[0] > 0.0 && excess > 0.0 ? checked(theta) : KLF_E_DOMAIN;
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_log(theta[MEAN]);
    u[1] = klf_log(theta[SHAPE]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[MEAN] = klf_exp(u[0]);
    theta[SHAPE] = klf_exp(u[1]);
    return checked(theta);
}

/* (1 + log(2 pi) - log l + 3 E log x)/2 with E log x = log m - e^w E1(w), w = 2 l/m; where w is too
 * small to be held, e^w E1(w) = -gamma - log w. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double w = 2.0 * (theta[SHAPE] / theta[MEAN]);
    const double log_mean = klf_log(theta[MEAN]), log_shape = klf_log(theta[SHAPE]);
    const double tiny = -KLF_EULER_GAMMA - KLF_LN2 - (log_shape - log_mean);
    const double lost = w > DBL_MIN ? klf_scaled_exponential_integral(w) : tiny;
    return 0.5 * (1.0 + KLF_LOG_2PI - log_shape) + 1.5 * (log_mean - lost);
}

/* (r - 1 - log r)/2 + z^2/2, r the ratio of the shapes and z the deviate of m_p under q; r/2 may be
 * finite where r is not. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const family_constants other = prepare_density(q);
    double ignored;
    const double z = deviate(&other, p[MEAN], &ignored);
    const double half_ratio = 0.5 * q[SHAPE] / p[SHAPE];
    const double shapes = half_ratio < 0x1p1000 ? 0.5 * klf_excess_over_log(q[SHAPE], p[SHAPE])
                                                : half_ratio;
    return fma(0.5 * z, z, shapes);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const family_constants c = prepare_density(theta);
    const double ratio = theta[MEAN] / theta[SHAPE], sd = theta[MEAN] / c.root_ratio;
    mean[0] = theta[MEAN];
    variance[0] = ratio > DBL_MIN && ratio < DBL_MAX ? theta[MEAN] * ratio * theta[MEAN] : sd * sd;
}

/* With s the standard score and R = sqrt(l/m): x - m = m s_1/R and
 * 1/x - E 1/x = (sqrt 2 s_2 - R s_1)/l. */
static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[0] = c.root_ratio * s[0] / theta[MEAN];
        out[1] = -s[1] / KLF_SQRT2 / theta[SHAPE];
        break;
    case KLF_NATURAL:
        out[0] = theta[MEAN] * (s[0] / c.root_ratio);
        out[1] = fma(KLF_SQRT2, s[1], -c.root_ratio * s[0]) / theta[SHAPE];
        break;
    case KLF_UNCONSTRAINED:
        out[0] = c.root_ratio * s[0];
        out[1] = -s[1] / KLF_SQRT2;
        break;
    }
}

/* What a direction takes from the natural parameters, as shares of them. */
static void decrements(const double *constants, const double *direction, double *share)
{
    const family_constants c = load(constants);
    share[1] = KLF_SQRT2 * direction[1];
    share[0] = share[1] + 2.0 * direction[0] / c.root_ratio;
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)work;
    double share[COORDINATES];
    decrements(constants, direction, share);
    if (!(share[0] < 1.0 && share[1] < 1.0))
        return KLF_E_DOMAIN;
    theta_new[MEAN] = theta[MEAN] * sqrt((1.0 - share[1]) / (1.0 - share[0]));
    theta_new[SHAPE] = fma(-theta[SHAPE], share[1], theta[SHAPE]);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    double share[COORDINATES];
    decrements(constants, direction, share);
    const double largest = share[0] > share[1] ? share[0] : share[1];
    return largest > 0.0 ? 1.0 / largest : INFINITY;
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* Near data of their mean and standard deviation, m sqrt(m/l); equal data may have any spread. */
static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    theta[MEAN] = mean > 0.0 ? mean : x[0];
    const double least = 0x1p-40 * theta[MEAN], inverse = theta[MEAN] / (sd > least ? sd : least);
    theta[SHAPE] = klf_clamp_positive(theta[MEAN] * inverse * inverse);
}

/* The first mean is R (m/m_0 - 1). The second gives Q, the mean of z^2 about m_0, of which
 *
 *   l_0/l = l_0 (mean(1/x) - 1/m) = Q - l_0 (m - m_0)^2/(m_0^2 m)
 *
 * is left about m, a difference of two squares. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    const double a = mean_score[0], growth = 1.0 + a / c.root_ratio;
    const double square = a * a / growth, total = fma(KLF_SQRT2, mean_score[1], 1.0);
    const double left = total - square;
    /* What rounding leaves of a difference of terms of this size is no spread. */
    if (!(growth > 0.0 && left > 0x1p-44 * (1.0 + square)))
        return KLF_E_NO_MAXIMUM;
    theta[MEAN] = fma(theta_reference[MEAN], a / c.root_ratio, theta_reference[MEAN]);
    theta[SHAPE] = theta_reference[SHAPE] / left;
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

const klf_family KLF_FAMILY(inverse_gaussian) = {
    .name = "inverse_gaussian",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 5.6e-309, so that 1/x is finite",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the shape "
                  "does",
    .natural_rule = "must be finite, both < 0",
    .mean_rule = "must be finite, both > 0, the product > 1",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
