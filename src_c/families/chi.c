/* chi.c -- the chi family with k degrees of freedom (dof) on x > 0: the root of a chi-square.
 *
 *   log p(x) = (k - 1) log x - x^2/2 - lgamma(k/2) - (k/2 - 1) log 2
 *   eta = k/2 - 1,  T = 2 log x,  log h = log 2 + log x - x^2/2,  A = lgamma(k/2) + (k/2) log 2
 *   standard score = (log w - psi(a))/sqrt(psi1(a)),  w = x^2/2 ~ Gamma(a, 1),  a = dof/2
 *
 * Source: Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 18.
 */
#include "family.h"

#define POWER 2.0
#define INVERSE_POWER 0.5
#define LOG_POWER KLF_LN2

KLF_INLINE double half_power(double x)
{
    return 0.5 * x * x;
}

KLF_INLINE double half_power_less(double x, double shape)
{
    return fma(0.5 * x, x, -shape);
}

KLF_INLINE double inverse_size(double inverse_shape)
{
    return sqrt(0.5 * inverse_shape);
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = KLF_LN2 + klf_log(x) - 0.5 * x * x;
    return x < 0.0 ? -INFINITY : inside;
}

KLF_INLINE double draw_of(double base, double half)
{
    return sqrt(2.0 * base) * half;
}

#include "chi_family.h"

/* The entropy of w less E log x, the logarithm of dw/dx. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const double a = 0.5 * theta[DOF], excess = klf_digamma_minus_log(a);
    return gamma_f(a) + (1.0 - a) * excess + 0.5 * (klf_log(a) - excess - KLF_LN2);
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const double log_ratio = gamma_log_half_ratio(0.5 * theta[DOF]);
    mean[0] = sqrt(theta[DOF]) * klf_exp(log_ratio);
    variance[0] = theta[DOF] * -klf_expm1(2.0 * log_ratio);
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    const double size = klf_block_size(n, x, 0.0, weights); /* dof = E x^2 */
    theta[DOF] = size < 1e150 ? size * size : 1e300;
    theta[DOF] = theta[DOF] > 1e-2 ? theta[DOF] : 1e-2;
}

const klf_family KLF_FAMILY(chi) = {
    .name = "chi",
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
