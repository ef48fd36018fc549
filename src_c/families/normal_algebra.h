/* normal_algebra.h -- the parameter algebra of N(loc, scale^2), shared by the families that are
 * Normal in some coordinate y of x; T = (y, y^2).
 *
 * A family file includes this after scalar_family.h. Its standard score is (z, (z^2 - 1)/sqrt 2),
 * z = (y - loc)/scale.
 */
#ifndef KLF_NORMAL_ALGEBRA_H
#define KLF_NORMAL_ALGEBRA_H

#include "family.h"

enum { LOC, SCALE };

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
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
    (void)d;
    if (!(eta[1] < 0.0))
        return KLF_E_DOMAIN;
    theta[SCALE] = sqrt(-0.5 / eta[1]);
    theta[LOC] = eta[0] * theta[SCALE] * theta[SCALE];
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = theta[LOC];
    mu[1] = fma(theta[LOC], theta[LOC], theta[SCALE] * theta[SCALE]);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    const double variance = fma(-mu[0], mu[0], mu[1]);
    theta[LOC] = mu[0];
    theta[SCALE] = sqrt(variance);
    return variance > 0.0 ? checked(theta) : KLF_E_DOMAIN;
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = theta[LOC];
    u[1] = klf_log(theta[SCALE]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[LOC] = u[0];
    theta[SCALE] = klf_exp(u[1]);
    return checked(theta);
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
        out[1] = s[1] > DBL_MAX ? s[1] : out[1]; /* not less an infinite 2 loc z */
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
    (void)d, (void)constants, (void)work;
    const double precision = 1.0 - KLF_SQRT2 * direction[1];
    if (!(precision > 0.0))
        return KLF_E_DOMAIN;
    theta_new[LOC] = fma(theta[SCALE], direction[0] / precision, theta[LOC]);
    theta_new[SCALE] = theta[SCALE] / sqrt(precision);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)constants, (void)work;
    return direction[1] > 0.0 ? 1.0 / (KLF_SQRT2 * direction[1]) : INFINITY;
}

/* Mean of z is a, of z^2 is 1 + sqrt 2 b: the variance in units of the reference's. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)constants, (void)work;
    const double a = mean_score[0];
    const double variance = fma(-a, a, fma(KLF_SQRT2, mean_score[1], 1.0));
    /* What rounding leaves of a difference of squares of size 1 + a^2 is no variance. */
    if (!(variance > 0x1p-44 * (1.0 + a * a)))
        return KLF_E_NO_MAXIMUM;
    theta[LOC] = fma(theta_reference[SCALE], a, theta_reference[LOC]);
    theta[SCALE] = theta_reference[SCALE] * sqrt(variance);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

/* Near data of the given mean and standard deviation; equal data may have any spread. */
static inline void normal_reference(double mean, double sd, double *theta)
{
    const double least = fabs(mean) * 0x1p-40;
    theta[LOC] = mean;
    theta[SCALE] = sd > least ? sd : (least > DBL_MIN ? least : 1.0);
}

#endif
