/* von_mises.c -- the von Mises family on the circle, with loc m and concentration k.
 *
 *   log p(x) = -k (1 - cos(x - m)) - log(2 pi) - log(I0(k) e^-k)
 *   eta = k (cos m, sin m),  T = (cos x, sin x),  log h = -log(2 pi),  A(eta) = log I0(k)
 *
 * With t = x - m less whole turns and A(k) = I1(k)/I0(k), the mean of cos t,
 *
 *   standard score = (sin t/sqrt(A(k)/k),  (cos t - A(k))/sqrt(A'(k))),
 *   cos t - A = (1 - A) - (1 - cos t),   1 - cos t = 2 sin^2(t/2),
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
    c.loc = theta[LOC]; /* in [-pi, pi) */
    c.concentration = theta[CONCENTRATION];
    c.constant = -(KLF_LOG_2PI + klf_log_bessel_i0_scaled(c.concentration));
    return c;
}

/* See `sample`. */
KLF_INLINE void prepare_proposals(double k, family_constants *c)
{
    c->square = k < 1e100 ? 1.0 / (2.0 * k + sqrt(fma(4.0 * k, k, 1.0))) : 0.25 / k;
    c->tangent = sqrt(c->square);
    c->rise = 2.0 * (k * c->square);
    c->offset = c->rise / (1.0 + c->square);
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    const double k = theta[CONCENTRATION], bend = klf_bessel_bend(k);
    c->loc = klf_wrap_angle(theta[LOC]);
    c->complement = klf_bessel_ratio_complement(k);
    c->sine_root = sqrt(bend);
    /* A' = 1/(2 k^2) for large k */
    c->cosine_root = k < 1e100 ? sqrt(klf_bessel_ratio_derivative(k)) : bend / KLF_SQRT2;
    c->inverse_sine_root = 1.0 / c->sine_root;
    c->inverse_cosine_root = klf_clamp_finite(1.0 / c->cosine_root);
    prepare_proposals(k, c);
}

/* The sine and cosine of t/2. */
KLF_INLINE void half_angle(const family_constants *c, double x, double *sine, double *cosine)
{
    klf_sincos_2pi(klf_angle_between(x, c->loc) * (0.5 / KLF_TURN), sine, cosine);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    /* a sum, not a selection, which GCC would make a branch around all of the density */
    const double outside = fabs(x) > DBL_MAX ? -INFINITY : 0.0;
    const double fall = klf_versine(klf_angle_between(x, c->loc));
    return fma(-c->concentration, fall, c->constant) + outside;
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

/* x itself, or a copy with all changed where any is beyond the bound: angles beyond the reach of
 * the loops, which are rare. At most KLF_BLOCK of them. */
static const double *within(double bound, double (*change)(double), size_t n,
                            const double *restrict x, double *restrict copy)
{
    uint64_t beyond = 0;
    for (size_t i = 0; i < n; i++)
        beyond |= (uint64_t)(fabs(x[i]) > bound);
    if (!beyond)
        return x;
    for (size_t i = 0; i < n; i++)
        copy[i] = change(x[i]);
    return copy;
}

static const double *near_points(size_t n, const double *x, double *copy)
{
    return within(KLF_LARGEST_ANGLE, klf_near_angle, n, x, copy);
}

static void log_density_anywhere(size_t d, const double *constants, size_t n,
                                 const double *restrict x, double *restrict log_p,
                                 double *restrict work)
{
    double copy[KLF_BLOCK];
    log_density(d, constants, n, near_points(n, x, copy), log_p, work);
}

static void score_anywhere(size_t d, const double *constants, size_t n, const double *restrict x,
                           double *restrict log_p, double *restrict s, double *restrict work)
{
    double copy[KLF_BLOCK];
    score(d, constants, n, near_points(n, x, copy), log_p, s, work);
}

static size_t block_from(size_t start, size_t n)
{
    return n - start < KLF_BLOCK ? n - start : KLF_BLOCK;
}

/* The parameters of a block of members with their locations in [-pi, pi). */
static void near_members(size_t start, size_t size, const double *const *theta, double *copy,
                         const double **near)
{
    near[LOC] = within(KLF_BELOW_PI, klf_wrap_angle, size, theta[LOC] + start, copy);
    near[CONCENTRATION] = theta[CONCENTRATION] + start;
}

static void log_density_each_anywhere(size_t n, const double *const *theta,
                                      const double *restrict x, double *restrict log_p)
{
    double copy[KLF_BLOCK], locs[KLF_BLOCK];
    const double *members[PARAMETERS];
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t size = block_from(start, n);
        near_members(start, size, theta, locs, members);
        log_density_each(size, members, near_points(size, x + start, copy), log_p + start);
    }
}

static void score_each_anywhere(size_t n, const double *const *theta, const double *restrict x,
                                klf_coordinates coordinates, double *restrict s)
{
    const size_t width = coordinates == KLF_PARAMETERS ? FITTED : COORDINATES;
    double copy[KLF_BLOCK], locs[KLF_BLOCK];
    const double *members[PARAMETERS];
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t size = block_from(start, n);
        near_members(start, size, theta, locs, members);
        score_each(size, members, near_points(size, x + start, copy), coordinates,
                   s + start * width);
    }
}

static void statistics_anywhere(size_t d, const double *theta, size_t n, const double *x,
                                double *t)
{
    double copy[KLF_BLOCK];
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t size = block_from(start, n);
        statistics(d, theta, size, near_points(size, x + start, copy), t + start * COORDINATES);
    }
}

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
 * groups, 8192 proposals for 512 draws, is met with probability below e^-5000 (Chernoff's bound):
 * it makes the loop's end provable. */
enum { VON_MISES_LAST_GROUP = 1 << 7 };

/* A proposal h; returns whether it is accepted. */
KLF_INLINE int propose_at(const family_constants *c, double angle, double u, double *h)
{
    double sine, cosine;
    klf_sincos_turn(angle, &sine, &cosine);
    const double below = fma(c->square * sine, sine, cosine * cosine);
    const double e = c->rise * sine * sine / below - c->offset;
    *h = c->tangent * sine / cosine;
    return u <= (1.0 + e) * klf_exp(-e);
}

static void von_mises_group(const family_constants *c, const uint64_t *restrict words,
                            double *restrict h, uint64_t *restrict accepted)
{
    for (size_t i = 0; i < KLF_TILE; i++)
        accepted[i] = (uint64_t)propose_at(c, klf_uniform(words[i]),
                                           klf_uniform(words[KLF_TILE + i]), h + i);
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

/* The same proposals, all accepted, where s rounds to 1: a concentration below 2^-54. */
static void sample_uniform(const family_constants *c, const klf_key *key, uint64_t block, size_t n,
                           double *restrict x)
{
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(key, block, 2 * (start / KLF_TILE), 1, words);
        for (size_t i = 0; i < count; i++) {
            const double turns = 2.0 * klf_uniform(words[i]);
            const double part = turns - ((turns + KLF_MAGIC) - KLF_MAGIC);
            x[start + i] = klf_angle_sum(c->loc, KLF_TURN * part);
        }
    }
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    if (c.square == 1.0) {
        sample_uniform(&c, &key, block, n, x);
        return;
    }
    uint64_t group = 0;
    for (size_t filled = 0; filled < n; group++) {
        const size_t room = n - filled;
        filled += von_mises_propose(&c, &key, block, group, room < KLF_TILE ? room : KLF_TILE,
                                    x + filled);
    }
    for (size_t i = 0; i < n; i++)
        x[i] = klf_angle_sum(c.loc, 2.0 * klf_atan(x[i]));
}

/* Further proposals for a draw whose first was refused. */
KLF_OUTLINE double propose_again(double concentration, klf_stream stream, uint64_t block,
                                 uint64_t index)
{
    family_constants c;
    prepare_proposals(concentration, &c);
    for (uint64_t attempt = 0; attempt < VON_MISES_LAST_GROUP; attempt++) {
        uint64_t words[4];
        double h;
        klf_rare_words(stream, block, index, attempt, words);
        for (size_t i = 0; i < 4; i += 2)
            if (propose_at(&c, klf_uniform(words[i]), klf_uniform(words[i + 1]), &h))
                return h;
    }
    return 0.0;
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream, uint64_t block,
                        double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const double *restrict k = theta[CONCENTRATION];
    uint64_t words[2 * KLF_TILE], accepted[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        klf_fill_tiles(&key, block, 2 * (start / KLF_TILE), 2, words);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++) {
            family_constants c;
            prepare_proposals(k[start + i], &c);
            accepted[i] = (uint64_t)propose_at(&c, klf_uniform(words[i]),
                                               klf_uniform(words[KLF_TILE + i]), x + start + i);
        }
        for (size_t i = 0; i < count; i++)
            if (!accepted[i])
                x[start + i] = propose_again(k[start + i], stream, block, start + i);
    }
    const double *members[PARAMETERS];
    double locs[KLF_BLOCK];
    near_members(0, n, theta, locs, members);
    for (size_t i = 0; i < n; i++)
        x[i] = klf_angle_sum(members[LOC][i], 2.0 * klf_atan(x[i]));
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
    klf_sincos(klf_near_angle(theta[LOC]), &eta[1], &eta[0]);
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
    klf_sincos(klf_near_angle(theta[LOC]), &mu[1], &mu[0]);
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
    klf_sincos(klf_near_angle(theta[LOC]), &sine, &cosine);
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
        klf_sincos(0.5 * klf_angle_between(klf_near_angle(x[i]), origin), &sine, &cosine);
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
    .support = KLF_SUPPORT_CIRCLE,
    .data_rule = "must be finite",
    .no_maximum = "the data are all one angle, and the likelihood grows without bound with the "
                  "concentration",
    .natural_rule = "must be finite",
    .mean_rule = "must be inside the unit circle",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .normalise = normalise,
    .log_density = log_density_anywhere,
    .score = score_anywhere,
    .statistics = statistics_anywhere,
    .log_density_each = log_density_each_anywhere,
    .score_each = score_each_anywhere,
    .sample_each = sample_each,
    KLF_OTHER_FUNCTIONS,
};
