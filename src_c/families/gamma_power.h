/* gamma_power.h -- the density of x where w = c x^p is Gamma(a, 1) distributed, p and c known, in
 * Loader's form (see gamma.c):
 *
 *   log p(x) = constant - slope L - A phi,   L = log rho,  phi = rho - 1 - L,  rho = w/A,
 *
 * where A is the shape a, raised by one if it is below 1, shift that one or 0, slope = shift + 1/p.
 */
#ifndef KLF_GAMMA_POWER_H
#define KLF_GAMMA_POWER_H

#include "family.h"

typedef struct {
    double raised, inverse_raised, slope, constant;
    double power, log_factor; /* L = power log x + log_factor */
    double at_zero;           /* the limit of log p at x = 0, for p > 0 */
} gamma_power;

KLF_INLINE gamma_power gamma_power_prepare(double shape, double power, double inverse_power,
                                           double log_size_of_power, double log_coefficient)
{
    gamma_power g;
    const double shift = shape < 1.0 ? 1.0 : 0.0;
    g.raised = shape + shift;
    g.inverse_raised = 1.0 / g.raised;
    g.slope = shift + inverse_power;
    const double log_raised = klf_log(g.raised), log_lowered = klf_log(shape) - log_raised;
    g.power = power;
    g.log_factor = log_coefficient - log_raised;
    /* log |d log w/dx| = log |p| - log x, log x = (L - log_factor)/p */
    g.constant = 0.5 * (log_raised - KLF_LOG_2PI) - klf_stirling_error(g.raised)
                 + (shift > 0.0 ? log_lowered : 0.0) + log_size_of_power
                 + inverse_power * g.log_factor;
    /* x^(p a - 1): constant - slope L - A (-1 - L) at rho = 0, where slope = A */
    const double exponent = power * shape - 1.0;
    g.at_zero = exponent > 0.0 ? -INFINITY : (exponent < 0.0 ? INFINITY : g.constant + g.raised);
    return g;
}

/* L and phi for w given as rho and rho - 1; where rho is no normal number, by log x. */
KLF_INLINE double gamma_power_log(const gamma_power *g, double x, double ratio, double excess,
                                  double *phi)
{
    const int extreme = !((ratio > 0x1p-1000) & (ratio < 0x1p1000));
    double near;
    const double log = klf_log_ratio(extreme ? x : ratio, extreme ? x - 1.0 : excess, &near);
    const double total = extreme ? fma(g->power, log, g->log_factor) : log;
    *phi = extreme ? excess - total : near;
    return total;
}

/* Inside 0 < x < inf. Where rho - 1 is not small, slope L and A phi may be large and cancel. */
KLF_INLINE double gamma_power_density(const gamma_power *g, double excess, double log, double phi)
{
    const double near = -fma(g->raised, phi, g->slope * log);
    const double far = fma(g->raised - g->slope, log, -g->raised * excess);
    const double sum = fabs(excess) < 0.5 ? near : far;
    return g->constant + (excess > DBL_MAX ? -INFINITY : sum);
}

#endif
