/* von_mises.c -- the von Mises family on the circle, with loc m and concentration k.
 *
 *   log p(x) = -k (1 - cos(x - m)) - log(2 pi) - log(I0(k) e^-k)
 *   eta = k (cos m, sin m),  T = (cos x, sin x),  log h = -log(2 pi),  A(eta) = log I0(k)
 *
 * With t = x - m less whole turns, 1 - cos t = 2 sin^2(t/2) and A(k) = I1(k)/I0(k), the mean of
 * cos t,
 *
 *   standard score = (sin t/sqrt(A(k)/k),  (cos t - A(k))/sqrt(A'(k))),
 *   cos t - A = (1 - A) - (1 - cos t),
 *
 * in which nothing cancels at large k. At k = 0, the uniform distribution, both variances are 1/2,
 * and loc is arbitrary. Sources: Mardia and Jupp (2000), Directional Statistics, section 3.5; Best
 * and Fisher (1979), "Efficient simulation of the von Mises distribution", Applied Statistics 28.
 */
#include "../math/angles.h"
#include "family.h"
#include "von_mises_radius.h"

enum { LOC, CONCENTRATION };
enum { PARAMETERS = 2, FITTED = 2, COORDINATES = 2 };

static const klf_parameter parameters[] = {
    {"loc", KLF_SCALAR, KLF_REAL, 0}, {"concentration", KLF_SCALAR, KLF_NON_NEGATIVE, 0}};

typedef struct {
    double loc, concentration;
    double constant;                     /* -log(2 pi) - log(I0(k) e^-k) */
    double complement;                   /* 1 - A */
    double sine_root, cosine_root;       /* deviations of the sine and the cosine of t */
    double inverse_sine_root, inverse_cosine_root;
    /* for the sampler */
    double square, tangent, rise, offset;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.loc = klf_wrap_angle(theta[LOC]);
    c.concentration = theta[CONCENTRATION];
    c.constant = -(KLF_LOG_2PI + klf_log_bessel_i0_scaled(c.concentration));
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    const double k = theta[CONCENTRATION], bend = klf_bessel_bend(k);
    c->complement = klf_bessel_ratio_complement(k);
    c->sine_root = sqrt(bend);
    /* A' = 1/(2 k^2) for large k */
    c->cosine_root = k < 1e100 ? sqrt(klf_bessel_ratio_derivative(k)) : bend / KLF_SQRT2;
    c->inverse_sine_root = 1.0 / c->sine_root;
    c->inverse_cosine_root = klf_clamp_finite(1.0 / c->cosine_root);
    c->square = k < 1e100 ? 1.0 / (2.0 * k + sqrt(fma(4.0 * k, k, 1.0))) : 0.25 / k;
    c->tangent = sqrt(c->square);
    c->rise = 2.0 * (k * c->square);
    c->offset = c->rise / (1.0 + c->square);
}

/* The sine and cosine of t/2. */
KLF_INLINE void half_angle(const family_constants *c, double x, double *sine, double *cosine)
{
    klf_sincos_2pi(klf_angle_between(x, c->loc) * (0.5 / KLF_TURN), sine, cosine);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double sine, cosine;
    half_angle(c, x, &sine, &cosine);
    /* a sum, not a selection, which GCC would make a branch around all of the density */
    const double outside = fabs(x) > DBL_MAX ? -INFINITY : 0.0;
    return fma(-2.0 * (c->concentration * sine), sine, c->constant) + outside;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double sine, cosine;
    half_angle(c, x, &sine, &cosine);
    const double of_sine = 2.0 * sine * cosine * c->inverse_sine_root;
    const double of_cosine = fma(-2.0 * sine, sine, c->complement) * c->inverse_cosine_root;
    s[0] = fabs(x) > DBL_MAX ? 0.0 : of_sine;
    s[1] = fabs(x) > DBL_MAX ? 0.0 : of_cosine;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    klf_sincos(x, &t[1], &t[0]);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = x == x ? -KLF_LOG_2PI : x;
    return fabs(x) > DBL_MAX ? -INFINITY : inside;
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return fabs(x) <= DBL_MAX;
}

#include "scalar_family.h"

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

/* A step can leave the uniform distribution too. */
static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static void normalise(size_t d, double *theta)
{
    (void)d;
    theta[LOC] = klf_wrap_angle(theta[LOC]);
}

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Best and Fisher's rejection from the wrapped Cauchy distribution, written for h = tan(t/2), whose
 * density is that of exp(-2 k h^2/(1 + h^2))/(1 + h^2). The proposal is h = c sqrt(s) with c a
 * Cauchy deviate, and
 *
 *   s = sqrt(1 + 4 k^2) - 2 k = 1/(2 k + sqrt(1 + 4 k^2))
 *
 * accepts most often: 2/3 of all for large k, all at k = 0. With that s the ratio of the densities
 * is (1 + e) e^-e of its largest value,
 *
 *   e = r c^2/(1 + s c^2) - r/(1 + s),   r = 2 k s = (1 - s^2)/2,   e >= -1/2,
 *
 * for every k without over- or underflow. c is the tangent of a uniform angle. The bound on the
 * groups, 8192 proposals for 512 draws, is met with probability below e^-5000 (Chernoff's bound): it
 * makes the loop's end provable. */
enum { VON_MISES_LAST_GROUP = 1 << 7 };

/* Proposals h and whether each is accepted. */
static void von_mises_group(const family_constants *c, const uint64_t *restrict words,
                            double *restrict h, uint64_t *restrict accepted)
{
    for (size_t i = 0; i < KLF_TILE; i++) {
        double sine, cosine;
        klf_sincos_turn(klf_uniform(words[i]), &sine, &cosine);
        const double below = fma(c->square * sine, sine, cosine * cosine);
        const double e = c->rise * sine * sine / below - c->offset;
        const double u = klf_uniform(words[KLF_TILE + i]);
        accepted[i] = (uint64_t)(u <= (1.0 + e) * klf_exp(-e));
        h[i] = c->tangent * sine / cosine;
    }
}

static size_t von_mises_propose(const family_constants *c, const klf_key *key, uint64_t block,
                                uint64_t group, size_t wanted, double *restrict out)
{
    uint64_t words[2 * KLF_TILE], accepted[KLF_TILE];
    double h[KLF_TILE];
    klf_fill_tiles(key, block, 2 * group, 2, words);
    von_mises_group(c, words, h, accepted);
    size_t count = 0;
    for (size_t i = 0; i < KLF_TILE; i++) {
        const double kept = h[i];
        h[count] = kept;
        count += accepted[i];
    }
    count = count < wanted ? count : wanted;
    memcpy(out, h, count * sizeof *out);
    if (group >= VON_MISES_LAST_GROUP)
        while (count < wanted)
            out[count++] = 0.0;
    return count;
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t group = 0;
    for (size_t filled = 0; filled < n; group++) {
        const size_t room = n - filled;
        filled += von_mises_propose(&c, &key, block, group, room < KLF_TILE ? room : KLF_TILE,
                                    x + filled);
    }
    for (size_t i = 0; i < n; i++)
        x[i] = klf_angle_sum(c.loc, 2.0 * klf_atan(x[i]));
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

/* log I0(k), whose two terms cancel for small k. */
static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double k = theta[CONCENTRATION];
    if (k < 0.9)
        return klf_radial_divergence(0.0, k);
    return klf_log_bessel_i0_scaled(k) + k;
}

/* The member of loc and k given by a vector in the frame of `origin`. */
static klf_status from_vector(double along, double across, double origin, double *theta)
{
    theta[LOC] = klf_angle_sum(origin, klf_atan2(across, along));
    theta[CONCENTRATION] = klf_hypot(along, across);
    return checked(theta);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    klf_sincos(theta[LOC], &eta[1], &eta[0]);
    eta[0] *= theta[CONCENTRATION];
    eta[1] *= theta[CONCENTRATION];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    return from_vector(eta[0], eta[1], 0.0, theta);
}

/* The natural parameters are unconstrained. */
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
    const double length = klf_bessel_ratio(theta[CONCENTRATION]);
    klf_sincos(theta[LOC], &mu[1], &mu[0]);
    mu[0] *= length;
    mu[1] *= length;
}

/* The member whose mean of (cos, sin) in the frame of `origin` is (along, across); 1 - along is
 * given too, accurately where it is small, and 1 - length^2 is formed from it. */
static klf_status from_mean_vector(double along, double rest, double across, double origin,
                                   double *theta)
{
    const double length = klf_hypot(along, across);
    const double complement = fma(-across, across, rest * (1.0 + along)) / (1.0 + length);
    if (!(length <= 1.0 && complement > 0.0))
        return KLF_E_DOMAIN;
    theta[LOC] = klf_angle_sum(origin, klf_atan2(across, along));
    theta[CONCENTRATION] = klf_concentration(length, complement);
    return checked(theta);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    const double a = mu[0], b = mu[1];
    if (!(fabs(a) <= 1.0 && fabs(b) <= 1.0))
        return KLF_E_DOMAIN;
    const double quarter = 0.25 * KLF_TURN; /* the axis that is nearest becomes the first */
    if (fabs(a) >= fabs(b))
        return a >= 0.0 ? from_mean_vector(a, 1.0 - a, b, 0.0, theta)
                        : from_mean_vector(-a, 1.0 + a, -b, -2.0 * quarter, theta);
    return b >= 0.0 ? from_mean_vector(b, 1.0 - b, -a, quarter, theta)
                    : from_mean_vector(-b, 1.0 + b, a, -quarter, theta);
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double k = theta[CONCENTRATION];
    return KLF_LOG_2PI + klf_log_bessel_i0_scaled(k) + k * klf_bessel_ratio_complement(k);
}

/* D = that between the concentrations + A(k_p) k_q (1 - cos(m_p - m_q)). */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double apart = klf_angle_between(klf_wrap_angle(p[LOC]), klf_wrap_angle(q[LOC]));
    double sine, cosine;
    klf_sincos(0.5 * apart, &sine, &cosine);
    const double turned = klf_bessel_ratio(p[CONCENTRATION]) * (q[CONCENTRATION] * sine) * sine;
    return fma(2.0, turned, klf_radial_divergence(p[CONCENTRATION], q[CONCENTRATION]));
}

/* The circular mean and variance, 1 - A. */
static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = klf_wrap_angle(theta[LOC]);
    variance[0] = klf_bessel_ratio_complement(theta[CONCENTRATION]);
}

/* T - E T is (cos t - A, sin t) turned by loc. */
static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    const double along = s[1] * c.cosine_root, across = s[0] * c.sine_root;
    double sine, cosine;
    klf_sincos(theta[LOC], &sine, &cosine);
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[0] = c.concentration * across;
        out[1] = along;
        break;
    case KLF_NATURAL:
    case KLF_UNCONSTRAINED:
        out[0] = fma(cosine, along, -sine * across);
        out[1] = fma(sine, along, cosine * across);
        break;
    }
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)theta, (void)work;
    const family_constants c = load(constants);
    return from_vector(fma(direction[1], c.inverse_cosine_root, c.concentration),
                       direction[0] * c.inverse_sine_root, c.loc, theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)constants, (void)direction, (void)work;
    return INFINITY;
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* The mean of the cosines' complements and of the sines about `origin`. */
static void block_vector(size_t n, const double *x, const double *weights, double origin,
                         double *rest, double *across)
{
    double total = 0.0;
    for (size_t i = 0; i < n; i++)
        total += weights ? weights[i] : 1.0;
    *rest = *across = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double share = total > 0.0 ? (weights ? weights[i] : 1.0) / total : 1.0 / (double)n;
        double sine, cosine;
        klf_sincos(0.5 * klf_angle_between(x[i], origin), &sine, &cosine);
        *rest += share * (2.0 * sine * sine);
        *across += share * (2.0 * sine * cosine);
    }
}

/* About the first datum, then about the direction found, for the sake of concentrated data. */
static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double rest, across, origin = klf_wrap_angle(x[0]);
    block_vector(n, x, weights, origin, &rest, &across);
    origin = klf_angle_sum(origin, klf_atan2(across, 1.0 - rest));
    block_vector(n, x, weights, origin, &rest, &across);
    theta[LOC] = origin;
    theta[CONCENTRATION] = 1e16; /* equal data so far: any large concentration will do */
    if (rest > 1e-300)
        (void)from_mean_vector(1.0 - rest, rest, across, origin, theta);
    if (!(theta[CONCENTRATION] <= 1e300))
        theta[CONCENTRATION] = 1e16;
}

/* From the mean of (cos t - A, sin t); a complement below rounding is none. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)theta_reference, (void)work;
    const family_constants c = load(constants);
    const double excess = mean_score[1] * c.cosine_root, across = mean_score[0] * c.sine_root;
    const double rest = c.complement - excess, along = 1.0 - rest;
    const double spread = fma(-across, across, rest * (1.0 + along));
    if (!(spread > 0x1p-46 * (c.complement + across * across)))
        return KLF_E_NO_MAXIMUM;
    const klf_status status = from_mean_vector(along, rest, across, c.loc, theta);
    return status == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

const klf_family KLF_FAMILY(von_mises) = {
    .name = "von_mises",
    .no_maximum = "the data are all one angle, and the likelihood grows without bound with the "
                  "concentration",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .normalise = normalise,
    .log_density_each = log_density_each,
    KLF_FUNCTIONS,
};
