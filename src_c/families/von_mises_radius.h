/* von_mises_radius.h -- the part of the von Mises family's algebra that concerns the concentration
 * alone: the exponential family on the circle with cos(x) as its statistic, whose mean is
 * A(k) = I1(k)/I0(k), and which tends to a Gamma family of shape 1/2 in 1 - cos(x) for large k.
 */
#ifndef KLF_VON_MISES_RADIUS_H
#define KLF_VON_MISES_RADIUS_H

#include "../math/bessel_functions.h"
#include "../math/bregman.h"
#include "family.h"

/* The terms beyond log(I0(k) e^-k) = -log(2 pi k)/2 for k > 300, to 2e-17 (Abramowitz and Stegun,
 * 1964, 9.7.1, the logarithm of the series). */
static inline double klf_log_bessel_rest(double k)
{
    const double v = 1.0 / k;
    return v * (1.0 / 8.0 + v * (1.0 / 16.0 + v * (25.0 / 384.0 + v * (13.0 / 128.0
           + v * (1073.0 / 5120.0 + v * (103.0 / 192.0))))));
}

/* D = log I0(q) - log I0(p) - (q - p) A(p) for near p and q, in two steps where a single quadrature
 * would be too coarse. */
static inline double klf_radial_near(double p, double q)
{
    if (fabs(q - p) < 0.9 || fabs(q - p) < 0.3 * p)
        return klf_bregman_near(klf_bessel_ratio_derivative, p, q);
    const double middle = 0.5 * (p + q);
    const double slope = klf_bessel_ratio_complement(p) - klf_bessel_ratio_complement(middle);
    return klf_bregman_near(klf_bessel_ratio_derivative, p, middle)
           + klf_bregman_near(klf_bessel_ratio_derivative, middle, q) + (q - middle) * slope;
}

/* The divergence between members of one loc. For large k it is half of r - 1 - log r, r = q/p, and
 * the Bregman divergence of what klf_log_bessel_rest gives. */
static inline double klf_radial_divergence(double p, double q)
{
    const double change = q - p, complement = klf_bessel_ratio_complement(p);
    if (p > 1e17 && q > 1e17)
        return 0.5 * klf_excess_over_log(q, p);
    if (fabs(change) < 0.9 || fabs(change) < 0.3 * p
        || (p < 300.0 && q > 0.5 * p && q < 1.7 * p))
        return klf_radial_near(p, q);
    if (p > 300.0 && q > 300.0)
        return 0.5 * klf_excess_over_log(q, p) + klf_log_bessel_rest(q) - klf_log_bessel_rest(p)
               + change * (complement - 0.5 / p);
    return klf_log_bessel_i0_scaled(q) - klf_log_bessel_i0_scaled(p) + change * complement;
}

/* The k >= 0 at which A(k) = length = 1 - complement, of which the smaller is to be exact. Newton,
 * about the length where it is small: A is concave, so that the steps from below do not pass the
 * root; about the complement else, where 1/(1 - A(k)) is nearly linear, 2 k + O(1). */
static inline double klf_concentration(double length, double complement)
{
    if (complement < 1e-9) /* 1 - A = (1 + 1/(4 k))/(2 k) + O(k^-3) */
        return 0.5 / complement + 0.25;
    double k = length < 0.5 ? 2.0 * length : 0.5 / complement;
    for (int i = 0; i < 60; i++) {
        const double slope = klf_bessel_ratio_derivative(k), there = klf_bessel_ratio(k);
        const double rest = klf_bessel_ratio_complement(k);
        const double step = length < 0.5 ? (length - there) / slope
                                         : (rest - complement) / complement * (rest / slope);
        const double next = k + step;
        const int done = fabs(next - k) <= 0x1p-51 * k;
        k = next > 0.0 ? next : 0.5 * k;
        if (done)
            break;
    }
    return k;
}

#endif
