/* chi_square.c -- the chi-square family with k degrees of freedom (dof) on x > 0.
 *
 *   log p(x) = (k/2 - 1) log x - x/2 - lgamma(k/2) - (k/2) log 2
 *   eta = k/2 - 1,  T = log x,  log h = -x/2,  A = lgamma(k/2) + (k/2) log 2
 *   standard score = (log w - psi(a))/sqrt(psi1(a)),  w = x/2 ~ Gamma(a, 1),  a = dof/2
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 18.
 */
#include "family.h"

#define POWER 1.0
#define INVERSE_POWER 1.0
#define LOG_POWER 0.0

KLF_INLINE double half_power(double x)
{
    return 0.5 * x;
}

KLF_INLINE double half_power_less(double x, double shape)
{
    return fma(0.5, x, -shape);
}

KLF_INLINE double inverse_size(double inverse_shape)
{
    return 0.5 * inverse_shape;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = -0.5 * x;
    return x < 0.0 ? -INFINITY : inside;
}

KLF_INLINE double draw_of(double base, double half)
{
    return 2.0 * base * half * half;
}

#include "chi_family.h"

static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return gamma_entropy(0.5 * theta[DOF]) + KLF_LN2;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    mean[0] = theta[DOF];
    variance[0] = 2.0 * theta[DOF];
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    const double size = klf_block_size(n, x, 0.0, weights); /* dof = E x */
    theta[DOF] = size;
    theta[DOF] = theta[DOF] > 1e-2 ? theta[DOF] : 1e-2;
}

const klf_family KLF_FAMILY(chi_square) = {
    .name = "chi_square",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 0",
    .no_maximum = "the data are so near 0 or so large that the dof leaves the range of numbers",
    .natural_rule = "must be finite and > -1",
    .mean_rule = "must be finite",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    .sum_score = sum_score,
    KLF_SCALAR_FUNCTIONS,
};
