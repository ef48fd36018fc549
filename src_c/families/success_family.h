/* success_family.h -- the parameter algebra of the number of successes in n trials of probability
 * p, n fixed: Bernoulli (n = 1) and Binomial.
 *
 *   eta = log(p/(1 - p)) = logit p,  T = x,  A = n log(1 + e^eta) = -n log(1 - p)
 *
 * p = 0 and p = 1 are members, with all mass at 0 and n. A family file includes this after
 * count_family.h, and has defined PROBABILITY, the place of p, and trials_of(theta).
 *
 * Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 3.
 */
#ifndef KLF_SUCCESS_FAMILY_H
#define KLF_SUCCESS_FAMILY_H

#include "family.h"
#include "logit.h"
#include "poisson_mass.h"

static int is_interior(size_t d, const double *theta)
{
    (void)d;
    return theta[PROBABILITY] > 0.0 && theta[PROBABILITY] < 1.0 && trials_of(theta) > 0.0;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double n = trials_of(theta);
    return n > 0.0 ? 0.0 - n * klf_log1p(-theta[PROBABILITY]) : 0.0;
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = klf_logit(theta[PROBABILITY]);
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[PROBABILITY] = klf_sigmoid(eta[0]);
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
    mu[0] = trials_of(theta) * theta[PROBABILITY];
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    theta[PROBABILITY] = mu[0] / trials_of(theta);
    return checked(theta);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = trials_of(theta) * theta[PROBABILITY];
    variance[0] = mean[0] * (1.0 - theta[PROBABILITY]);
}

/* At p = 0 and p = 1 the limits. */
static double slope_score(const double *theta, klf_coordinates coordinates, double deviation)
{
    const double p = theta[PROBABILITY], n = trials_of(theta);
    if (coordinates == KLF_UNCONSTRAINED)
        return deviation;
    if (p == 0.0)
        return deviation > 0.0 ? INFINITY : -n;
    if (p == 1.0)
        return deviation < 0.0 ? -INFINITY : n;
    return deviation / p / (1.0 - p);
}

/* p e^t/(q + p e^t); no step reaches the ends. */
static klf_status shift_natural(const double *theta, double t, double *theta_new)
{
    const double p = theta[PROBABILITY], q = 1.0 - p;
    const double shrink = klf_exp(-fabs(t));
    theta_new[PROBABILITY] = t > 0.0 ? p / (p + q * shrink) : p * shrink / (q + p * shrink);
    const int inside = theta_new[PROBABILITY] > 0.0 && theta_new[PROBABILITY] < 1.0;
    return inside ? KLF_OK : KLF_E_DOMAIN;
}

/* Data that are all 0 or all n give the ends. */
static klf_status member_of_mean(const double *reference, double deviation, double *theta)
{
    const double n = trials_of(reference), p = reference[PROBABILITY], q = 1.0 - p;
    if (!(n > 0.0))
        return KLF_E_NO_MAXIMUM;
    const double share = deviation / n, successes = p + share, failures = q - share;
    theta[PROBABILITY] = successes < failures ? successes : 1.0 - failures;
    if (successes <= 0x1p-50 * p) /* less is rounding */
        theta[PROBABILITY] = 0.0;
    if (failures <= 0x1p-50 * q)
        theta[PROBABILITY] = 1.0;
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

/* n times p log(p/p') + q log(q/q'), as a sum of two that are not negative; the difference p - p'
 * is given, so that it may be more accurate than p and p'. */
static double success_divergence(double n, double p, double p_other, double difference)
{
    return poisson_divergence(n * p, n * p_other, n * difference)
           + poisson_divergence(n * (1.0 - p), n * (1.0 - p_other), n * -difference);
}

/* The share of successes in the data, kept inside. */
static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double mean, sd;
    klf_block_mean_sd(n, x, 1, weights, &mean, &sd);
    const double trials = trials_of(theta), share = trials > 0.0 ? mean / trials : 0.5;
    const double least = 0.5 / KLF_BLOCK / (trials > 1.0 ? trials : 1.0);
    theta[PROBABILITY] = share > least ? share : least;
    if (theta[PROBABILITY] > 1.0 - least || !(theta[PROBABILITY] < 1.0))
        theta[PROBABILITY] = 1.0 - (least > 0x1p-53 ? least : 0x1p-53);
}

#endif
