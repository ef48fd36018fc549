/* exponential_integral.h -- the exponential integral as the inverse Gaussian distribution needs it:
 * e^z E1(z), where E1(z) is the integral of e^-t/t over t > z; E log(x/mean) = -e^z E1(z) at
 * z = 2 shape/mean.
 *
 * A scalar function, for the constants of a distribution and not for hot loops; deterministic by
 * the rules of elementary.h, whose way of stating errors holds here too. Sources: NIST Digital
 * Library of Mathematical Functions (DLMF), equations 6.2.4 and 6.6.4 (the series) and 6.9.1 (the
 * continued fraction); Johnson, Kotz and Balakrishnan (1994), vol. 1, chapter 15, for the mean.
 */
#ifndef KLF_EXPONENTIAL_INTEGRAL_H
#define KLF_EXPONENTIAL_INTEGRAL_H

#include "elementary.h"

/* E1(z) + log z = -gamma + z (1 - (z/2) (1/2 - (z/3) (1/3 - ...))) for 0 <= z <= 1, where the terms
 * from the 19th on are below 10^-18. */
static inline double klf_exponential_integral_series(double z)
{
    const double euler_gamma = 0x1.2788cfc6fb619p-1;
    double sum = 0.0;
    for (int k = 18; k >= 1; k--)
        sum = 1.0 / k - z / (k + 1) * sum;
    return fma(z, sum, -euler_gamma);
}

/* z + 1/(1 + 1/(z + 2/(1 + 2/(z + 3/(1 + ...))))) = 1/(e^z E1(z)) for z >= 1, from the inside out.
 * All terms are positive and errors die out. Cut after n pairs its relative error is of the order
 * of exp(-4 sqrt(n z)). */
static inline double klf_exponential_integral_fraction(double z)
{
    double tail = z;
    for (int k = (int)(100.0 / z) + 10; k >= 1; k--)
        tail = z + k / (1.0 + k / tail);
    return tail;
}

/* e^z E1(z) for z >= 0: -log z - gamma near 0, 1/z for large z. Zeros give +inf, +inf 0, negative z
 * and NaN give NaN.
 * Max error: 3.5 ulp. */
static inline double klf_scaled_exponential_integral(double z)
{
    if (z >= 1.0)
        return 1.0 / klf_exponential_integral_fraction(z);
    return klf_exp(z) * (klf_exponential_integral_series(z) - klf_log(z));
}

#endif
