/* power_rate_family.h -- those rate families whose rate is a power of their one fitted parameter,
 * b = coefficient theta[0]^power, theta[0] > 0; the unconstrained coordinate is its logarithm.
 *
 * A family file includes this before rate_family.h and defines before it
 *
 *   rate_power(theta), rate_coefficient(theta)
 */
#ifndef KLF_POWER_RATE_FAMILY_H
#define KLF_POWER_RATE_FAMILY_H

#include "family.h"

static double rate_of(const double *theta)
{
    return rate_coefficient(theta) * klf_power(theta[0], rate_power(theta));
}

/* 1/b may leave the range where the quotient does not; clamped, its root makes no NaN of an
 * infinite value. */
static double over_rate(const double *theta, double value)
{
    const double power = rate_power(theta), part = value / rate_coefficient(theta);
    if (power == 1.0)
        return part / theta[0];
    if (power == -1.0)
        return part * theta[0];
    const double half = klf_clamp_positive(klf_power(theta[0], -0.5 * power));
    return part * half * half;
}

static void set_rate(double *theta, double rate)
{
    theta[0] = klf_power(rate / rate_coefficient(theta), 1.0 / rate_power(theta));
}

static void scale_rate(const double *theta, double factor, double *theta_new)
{
    theta_new[0] = theta[0] * klf_power(factor, 1.0 / rate_power(theta));
}

static double log_rate_slope(const double *theta, klf_coordinates coordinates)
{
    return rate_power(theta) / (coordinates == KLF_PARAMETERS ? theta[0] : 1.0);
}

static double log_rate_ratio(const double *p, const double *q)
{
    return rate_power(p) * klf_log_quotient(q[0], p[0]);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_log(theta[0]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[0] = klf_exp(u[0]);
    return checked(theta);
}

#endif
