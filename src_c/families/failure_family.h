/* failure_family.h -- the parameter algebra of the number of failures before the r-th success in
 * trials of probability p, r fixed: Geometric (r = 1) and NegativeBinomial (any r > 0).
 *
 *   eta = log(1 - p) = log q,  T = x,  A = -r log p = -r log(1 - e^eta)
 *   m   = r q/p,  s^2 = m/p;  the unconstrained coordinate is logit p
 *
 * p = 1 is a member, with all mass at 0. A family file includes this after count_family.h, and has
 * defined PROBABILITY, the place of p, and successes_of(theta).
 *
 * Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 5.
 */
#ifndef KLF_FAILURE_FAMILY_H
#define KLF_FAILURE_FAMILY_H

#include "family.h"
#include "logit.h"
#include "poisson_mass.h"

static int is_interior(size_t d, const double *theta)
{
    (void)d;
    return theta[PROBABILITY] < 1.0;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return 0.0 - successes_of(theta) * klf_log(theta[PROBABILITY]);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = klf_log1p(-theta[PROBABILITY]);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[PROBABILITY] = -klf_expm1(eta[0]);
    return checked(theta);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_logit(theta[PROBABILITY]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[PROBABILITY] = klf_sigmoid(u[0]);
    return checked(theta);
}

static double mean_of(const double *theta)
{
    return successes_of(theta) * (1.0 - theta[PROBABILITY]) / theta[PROBABILITY];
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = mean_of(theta);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    theta[PROBABILITY] = successes_of(theta) / (successes_of(theta) + mu[0]);
    return mu[0] >= 0.0 ? checked(theta) : KLF_E_DOMAIN; /* r - 1e-20 is r */
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = mean_of(theta);
    variance[0] = mean[0] / theta[PROBABILITY];
}

/* r/p - x/q for p: at p = 1 its limits. */
static double slope_score(const double *theta, klf_coordinates coordinates, double deviation)
{
    const double p = theta[PROBABILITY];
    if (coordinates == KLF_UNCONSTRAINED)
        return 0.0 - deviation * p;
    if (p == 1.0)
        return deviation > 0.0 ? -INFINITY : successes_of(theta);
    return (0.0 - deviation) / (1.0 - p);
}

/* 1 - q e^t; no step reaches p = 1. */
static klf_status shift_natural(const double *theta, double t, double *theta_new)
{
    const double p = theta[PROBABILITY];
    theta_new[PROBABILITY] = fma(p - 1.0, klf_expm1(t), p);
    const int inside = theta_new[PROBABILITY] > 0.0 && theta_new[PROBABILITY] < 1.0;
    return inside ? KLF_OK : KLF_E_DOMAIN;
}

/* Data that are all 0 give p = 1. */
static klf_status member_of_mean(const double *reference, double deviation, double *theta)
{
    const double before = mean_of(reference), mean = before + deviation;
    const double r = successes_of(reference);
    theta[PROBABILITY] = mean > 0x1p-50 * before ? r / (r + mean) : 1.0; /* less is rounding */
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

/* r times log(p/p') + (q/p) log(q/q'), as a sum of two that are not negative; the difference p - p'
 * is given, so that it may be more accurate than p and p'. */
static double failure_divergence(double r, double p, double p_other, double difference)
{
    const double failures = poisson_divergence(1.0 - p, 1.0 - p_other, -difference);
    const double ratio = p_other / p;
    double successes = ratio - 1.0 - (klf_log(p_other) - klf_log(p));
    if (ratio > 0x1p-1000 && ratio < 0x1p1000)
        (void)klf_log_ratio(ratio, -difference / p, &successes);
    return r * (successes + failures / p);
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    const double r = successes_of(theta), least = 1.0 / KLF_BLOCK;
    const double p = r / (r + (mean > least ? mean : least));
    theta[PROBABILITY] = p < 1.0 ? klf_clamp_positive(p) : 1.0 - 0x1p-53;
}

#endif
