/* beta_family.h -- what Beta and BetaPrime share: both are x, or the odds x/(1 - x), of a
 * Beta(a, b) share, so that they have the same coordinates, divergence and fit.
 *
 * A family file includes this after scalar_family.h, and defines before it
 *
 *   shares(n, x, share, rest)          of data: x and 1 - x of the Beta share
 *   to_log_means(mu, log_x, log_y)     mean parameters to E log x and E log y of the share
 *   natural_score(x, y, out)           T - E T from log x and log y of the share, centred
 */
#ifndef KLF_BETA_FAMILY_H
#define KLF_BETA_FAMILY_H

#include "beta_density.h"
#include "beta_divergence.h"
#include "beta_fit.h"
#include "log_product.h"

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

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return beta_log_partition(theta[A], theta[B]);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    double log_x, log_y;
    to_log_means(mu, &log_x, &log_y);
    beta_from_log_means(log_x, log_y, theta);
    return checked(theta);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[A] = klf_log(theta[A]);
    u[B] = klf_log(theta[B]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[A] = klf_exp(u[A]);
    theta[B] = klf_exp(u[B]);
    return checked(theta);
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return beta_divergence(p, q);
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    double of_a, of_b; /* by log a and log b */
    beta_log_scores(&c.standard, s, &of_a, &of_b);
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[A] = of_a / theta[A];
        out[B] = of_b / theta[B];
        break;
    case KLF_NATURAL:
        natural_score(of_a / theta[A], of_b / theta[B], out);
        break;
    case KLF_UNCONSTRAINED:
        out[A] = of_a;
        out[B] = of_b;
        break;
    }
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    double of_a, of_b;
    beta_growth(&c.standard, direction, &of_a, &of_b);
    theta_new[A] = fma(theta[A], of_a, theta[A]);
    theta_new[B] = fma(theta[B], of_b, theta[B]);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    double of_a, of_b;
    beta_growth(&c.standard, direction, &of_a, &of_b);
    const double least = of_a < of_b ? of_a : of_b;
    return least < 0.0 ? 1.0 / -least : INFINITY;
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* The sums of beta_score_inside. */
static int sum_score(size_t d, const double *constants, size_t n, const double *restrict x,
                     double *restrict sums)
{
    (void)d;
    const family_constants c = load(constants);
    const beta_coordinates *k = &c.standard;
    const int wide = k->is_wide > 0.0;
    double share[KLF_BLOCK], rest[KLF_BLOCK], excess_a, log_a, excess_b, log_b;
    if (k->a > LARGEST_SUMMED_SHAPE || k->b > LARGEST_SUMMED_SHAPE)
        return 0;
    shares(n, x, share, rest);
    if (!klf_ratio_sums(n, wide ? 1.0 : c.ratio_a, share, &excess_a, &log_a)
        || !klf_ratio_sums(n, wide ? 1.0 : c.ratio_b, rest, &excess_b, &log_b))
        return 0;
    const double first = wide ? log_a : log_a - log_b, second = wide ? log_b : excess_b - log_b;
    sums[0] = fma(k->first, first, -(double)n * k->first_mean);
    sums[1] = fma(k->second_a, excess_a - log_a, k->second_b * second)
              - fma((double)n, k->second_mean, k->regression * sums[0]);
    return 1;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double share[KLF_BLOCK], rest[KLF_BLOCK];
    share[0] = rest[0] = 0.5; /* of no data */
    shares(n, x, share, rest);
    beta_reference(n, share, rest, weights, theta);
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)theta_reference, (void)work;
    const family_constants c = load(constants);
    beta_fit(&c.standard, mean_score, theta);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

#endif
