/* normal.c -- the Normal family, N(loc, scale^2) on the real line.
 *
 *   log p(x) = -z^2/2 - log(scale) - log(2 pi)/2,      z = (x - loc)/scale
 *   eta      = (loc/scale^2, -1/(2 scale^2)),          T = (x, x^2),  log h = -log(2 pi)/2
 *   A        = loc^2/(2 scale^2) + log(scale)
 *   standard score = (z, (z^2 - 1)/sqrt 2): orthonormal under p
 *
 * Source: Wainwright and Jordan (2008), Graphical Models, Exponential Families, and Variational
 * Inference, section 3; Johnson, Kotz and Balakrishnan (1994), Continuous Univariate
 * Distributions, vol. 1, chapter 13.
 */
#include "family.h"

enum { LOC, SCALE };

typedef struct {
    klf_standardiser standard;
    double constant; /* -log(scale) - log(2 pi)/2 */
    double loc, scale;
} normal_constants;

KLF_INLINE normal_constants normal_prepare(double loc, double scale)
{
    return (normal_constants){.standard = klf_make_standardiser(loc, scale),
                              .constant = -klf_log(scale) - 0.5 * KLF_LOG_2PI,
                              .loc = loc, .scale = scale};
}

KLF_INLINE double normal_log_density(const normal_constants *c, double z)
{
    return fma(-0.5 * z, z, c->constant);
}

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = (klf_sizes){.parameters = 2, .fitted = 2, .coordinates = 2, .event = 1,
                     .constants = sizeof(normal_constants) / sizeof(double)};
}

static klf_status check(size_t d, const double *theta, klf_violation *violation, double *work)
{
    (void)d, (void)work;
    if (!(fabs(theta[LOC]) <= DBL_MAX))
        return klf_violate(violation, LOC, 0, "must be finite");
    if (!(theta[SCALE] > 0.0 && theta[SCALE] <= DBL_MAX))
        return klf_violate(violation, SCALE, 0, "must be finite and > 0");
    return KLF_OK;
}

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    const normal_constants c = normal_prepare(theta[LOC], theta[SCALE]);
    memcpy(constants, &c, sizeof c);
}

KLF_INLINE normal_constants load(const double *constants)
{
    normal_constants c;
    memcpy(&c, constants, sizeof c);
    return c;
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const normal_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    double z[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        klf_fill_normals(&key, block, start / KLF_TILE, 1, z);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++)
            x[start + i] = klf_clamp_finite(fma(c.scale, z[i], c.loc));
    }
}

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    (void)d, (void)work;
    const normal_constants c = load(constants);
    for (size_t i = 0; i < n; i++)
        log_p[i] = normal_log_density(&c, klf_standardise(&c.standard, x[i]));
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    (void)d;
    const normal_constants c = load(constants);
    double *restrict s_loc = s, *restrict s_scale = s + KLF_ROW;
    for (size_t i = 0; i < n; i++) {
        const double z = klf_standardise(&c.standard, x[i]);
        const double square = fma(z, z, -1.0) * (1.0 / KLF_SQRT2);
        s_loc[i] = fabs(x[i]) > DBL_MAX ? 0.0 : z; /* infinity is no point of the line */
        s_scale[i] = fabs(x[i]) > DBL_MAX ? 0.0 : square;
    }
    if (log_p)
        log_density(d, constants, n, x, log_p, work);
}

static void log_density_each(size_t n, const double *const *parameters, const double *restrict x,
                             double *restrict log_p)
{
    const double *restrict loc = parameters[LOC], *restrict scale = parameters[SCALE];
    for (size_t i = 0; i < n; i++) {
        const normal_constants c = normal_prepare(loc[i], scale[i]);
        log_p[i] = normal_log_density(&c, klf_standardise(&c.standard, x[i]));
    }
}

static void statistics(size_t d, const double *theta, size_t n, const double *x, double *t)
{
    (void)d, (void)theta;
    for (size_t i = 0; i < n; i++) {
        t[2 * i] = x[i];
        t[2 * i + 1] = x[i] * x[i];
    }
}

static void log_base_measure(size_t d, const double *theta, size_t n, const double *x,
                             double *log_h)
{
    (void)d, (void)theta;
    for (size_t i = 0; i < n; i++)
        log_h[i] = x[i] == x[i] ? -0.5 * KLF_LOG_2PI : x[i];
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double ratio = theta[LOC] / theta[SCALE];
    return fma(0.5 * ratio, ratio, klf_log(theta[SCALE]));
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = theta[LOC] / theta[SCALE] / theta[SCALE];
    eta[1] = -0.5 / theta[SCALE] / theta[SCALE];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    if (!(eta[1] < 0.0))
        return KLF_E_DOMAIN;
    theta[SCALE] = sqrt(-0.5 / eta[1]);
    theta[LOC] = eta[0] * theta[SCALE] * theta[SCALE];
    klf_violation ignored;
    return check(d, theta, &ignored, NULL);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = theta[LOC];
    mu[1] = fma(theta[LOC], theta[LOC], theta[SCALE] * theta[SCALE]);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    const double variance = fma(-mu[0], mu[0], mu[1]);
    theta[LOC] = mu[0];
    theta[SCALE] = sqrt(variance);
    klf_violation ignored;
    return variance > 0.0 ? check(d, theta, &ignored, NULL) : KLF_E_DOMAIN;
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = theta[LOC];
    u[1] = klf_log(theta[SCALE]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    theta[LOC] = u[0];
    theta[SCALE] = klf_exp(u[1]);
    klf_violation ignored;
    return check(d, theta, &ignored, NULL);
}

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return klf_log(theta[SCALE]) + 0.5 * (KLF_LOG_2PI + 1.0);
}

/* D = ((loc_p - loc_q)/scale_q)^2/2 + (r^2 - 1 - log r^2)/2 with r = scale_p/scale_q, where
 * r^2 - 1 - log r^2 = (r - 1)^2 + 2 (r - 1 - log r) has no cancellation. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const double shift = p[LOC] / q[SCALE] - q[LOC] / q[SCALE];
    const double near = (p[LOC] - q[LOC]) / q[SCALE];
    const double z = fabs(near) <= DBL_MAX ? near : shift;
    const double excess = (p[SCALE] - q[SCALE]) / q[SCALE];
    return 0.5 * (z * z + excess * excess) + klf_excess_over_log(p[SCALE], q[SCALE]);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[LOC];
    variance[0] = theta[SCALE] * theta[SCALE];
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work, (void)constants;
    const double loc = theta[LOC], scale = theta[SCALE];
    switch (coordinates) {
    case KLF_PARAMETERS: /* d/d loc = z/scale, d/d scale = (z^2 - 1)/scale */
        out[0] = s[0] / scale;
        out[1] = KLF_SQRT2 * s[1] / scale;
        break;
    case KLF_NATURAL: /* x - loc = scale z; x^2 - E x^2 = scale^2 (z^2 - 1) + 2 loc scale z */
        out[0] = scale * s[0];
        out[1] = scale * (KLF_SQRT2 * scale * s[1] + 2.0 * loc * s[0]);
        break;
    case KLF_UNCONSTRAINED:
        out[0] = s[0] / scale;
        out[1] = KLF_SQRT2 * s[1];
        break;
    }
}

/* log p + a z + b (z^2 - 1)/sqrt 2 is quadratic in z with precision 1 - sqrt 2 b. */
static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)constants, (void)work;
    const double precision = 1.0 - KLF_SQRT2 * direction[1];
    if (!(precision > 0.0))
        return KLF_E_DOMAIN;
    theta_new[LOC] = fma(theta[SCALE], direction[0] / precision, theta[LOC]);
    theta_new[SCALE] = theta[SCALE] / sqrt(precision);
    klf_violation ignored;
    return check(d, theta_new, &ignored, NULL);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)constants, (void)work;
    return direction[1] > 0.0 ? 1.0 / (KLF_SQRT2 * direction[1]) : INFINITY;
}

static size_t check_data(size_t d, const double *theta, size_t n, const double *x)
{
    (void)d, (void)theta;
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (uint64_t)!(fabs(x[i]) <= DBL_MAX);
    size_t i = bad ? 0 : n;
    while (i < n && fabs(x[i]) <= DBL_MAX)
        i++;
    return i;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    klf_block_mean_sd(n, x, 1, weights, &theta[LOC], &theta[SCALE]);
    const double least = fabs(theta[LOC]) * 0x1p-40; /* equal data so far: any spread will do */
    if (!(theta[SCALE] > least))
        theta[SCALE] = least > DBL_MIN ? least : 1.0;
}

/* Mean of z is a, of z^2 is 1 + sqrt 2 b: the variance in units of the reference's. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)constants, (void)work;
    const double a = mean_score[0];
    const double variance = fma(-a, a, fma(KLF_SQRT2, mean_score[1], 1.0));
    /* What rounding leaves of a difference of squares of size 1 + a^2 is no variance. */
    if (!(variance > 0x1p-44 * (1.0 + a * a)))
        return KLF_E_NO_MAXIMUM;
    theta[LOC] = fma(theta_reference[SCALE], a, theta_reference[LOC]);
    theta[SCALE] = theta_reference[SCALE] * sqrt(variance);
    klf_violation ignored;
    return check(d, theta, &ignored, NULL) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static const klf_parameter parameters[] = {{"loc", KLF_SCALAR, KLF_REAL, 0},
                                           {"scale", KLF_SCALAR, KLF_POSITIVE, 0}};

const klf_family KLF_FAMILY(normal) = {
    .name = "normal",
    .no_maximum = "the data are all equal, and the likelihood grows without bound as the scale "
                  "goes to 0",
    .n_parameters = 2,
    .parameters = parameters,
    .log_density_each = log_density_each,
    KLF_FUNCTIONS,
};
