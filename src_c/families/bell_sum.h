/* bell_sum.h -- sums over the counts that carry mass of a family whose mass is bell-shaped where
 * its standard deviation is large. */
#ifndef KLF_BELL_SUM_H
#define KLF_BELL_SUM_H

#include "family.h"

/* sum of f over least, ..., most for f that falls off like the mass of a count of this mean and
 * standard deviation s. Where s is below 32 every count within 20 s is taken; else every k-th,
 * times k, within 12 s, k the largest power of two up to s/4: for smooth f the error is
 * exp(-2 (pi s/k)^2) of it (Trefethen and Weideman, 2014, "The exponentially convergent trapezoidal
 * rule", SIAM Review 56). At most 1400 terms. The counts are multiples of k, so that those beyond
 * 2^53 are doubles too. */
static double bell_sum(double (*f)(const void *context, double x), const void *context,
                       double mean, double sd, double least, double most)
{
    const double reach = sd < 32.0 ? 20.0 * sd + 40.0 : 12.0 * sd;
    double stride = 1.0;
    while (sd >= 32.0 && stride <= 0.125 * sd)
        stride *= 2.0;
    const double centre = floor(mean / stride) * stride;
    const double steps = floor(reach / stride) + 1.0;
    double sum = 0.0;
    for (double i = -steps; i <= steps; i += 1.0) {
        const double x = fma(i, stride, centre);
        if (x >= least && x <= most)
            sum += f(context, x);
    }
    return stride * sum;
}

/* The entropy of a bell so wide that it is the Normal's to rounding: its correction is of the order
 * of 1/variance. */
static double wide_bell_entropy(double sd)
{
    return 0.5 * (KLF_LOG_2PI + 1.0) + klf_log(sd);
}

#endif
