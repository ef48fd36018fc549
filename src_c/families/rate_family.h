/* rate_family.h -- what families of one coordinate share whose statistic is, but for sign and
 * origin, Gamma distributed with known shape k and a rate b to be fitted: Exponential, Rayleigh,
 * Weibull, Laplace and their kin.
 *
 *   T = sign y + origin,  y ~ Gamma(k, b),  eta = -sign b + constant,  w = b y
 *   standard score = (k - w)/sqrt(k):  sqrt(k) times it is d log p/d log b
 *   D(p||q) = k (e^t - 1 - t),  t = log(b_q/b_p)
 *
 * A family file includes this after scalar_family.h, and defines before it SIGN, NATURAL_OFFSET
 * (the constant in eta), gamma_shape(theta), statistic_origin(theta), and either what
 * power_rate_family.h asks for or
 *
 *   log_rate_slope(theta, coordinates)   d log b by theta[0] or by the unconstrained coordinate
 *   rate_of(theta), set_rate(theta, b)   b, and the member of a given b
 *   over_rate(theta, value)              value/b
 *   scale_rate(theta, factor, new)       the member with b times the factor
 *   log_rate_ratio(p, q)                 t, to relative accuracy
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1,
 * chapters 17 to 21 and vol. 2, chapter 24.
 */
#ifndef KLF_RATE_FAMILY_H
#define KLF_RATE_FAMILY_H

#include "family.h"

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = -SIGN * rate_of(theta) + NATURAL_OFFSET;
}

static klf_status from_rate(double rate, double *theta)
{
    if (!(rate > 0.0 && rate <= DBL_MAX))
        return KLF_E_DOMAIN;
    set_rate(theta, rate);
    return checked(theta);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    return from_rate(SIGN * (NATURAL_OFFSET - eta[0]), theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = SIGN * over_rate(theta, gamma_shape(theta)) + statistic_origin(theta);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    const double excess = SIGN * (mu[0] - statistic_origin(theta));
    return excess > 0.0 ? from_rate(gamma_shape(theta) / excess, theta) : KLF_E_DOMAIN;
}

static double rate_kl(const double *p, const double *q)
{
    return gamma_shape(p) * klf_expm1_excess(log_rate_ratio(p, q));
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)constants, (void)work;
    const double log_rate_score = sqrt(gamma_shape(theta)) * s[0];
    switch (coordinates) {
    case KLF_PARAMETERS:
    case KLF_UNCONSTRAINED:
        out[0] = log_rate_score * log_rate_slope(theta, coordinates);
        break;
    case KLF_NATURAL:
        out[0] = -SIGN * over_rate(theta, log_rate_score);
        break;
    }
}

/* log p + v s = log p - v w/sqrt(k) + ...: the rate grows by v/sqrt(k) of itself. */
static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)constants, (void)work;
    const double growth = direction[0] / sqrt(gamma_shape(theta));
    if (!(growth > -1.0 && growth <= DBL_MAX))
        return KLF_E_DOMAIN;
    memcpy(theta_new, theta, PARAMETERS * sizeof *theta);
    scale_rate(theta, 1.0 + growth, theta_new);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    return direction[0] < 0.0 ? c.root_shape / -direction[0] : INFINITY;
}

/* Mean w is k - sqrt(k) m: the rate that makes it k. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)constants, (void)work;
    const double share = 1.0 - mean_score[0] / sqrt(gamma_shape(theta_reference));
    if (!(share > 0x1p-50)) /* less is rounding: all statistics are 0 */
        return KLF_E_NO_MAXIMUM;
    memcpy(theta, theta_reference, PARAMETERS * sizeof *theta);
    scale_rate(theta_reference, 1.0 / share, theta);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

#endif
