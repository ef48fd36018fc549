/* bell_sum.h -- sums over the counts that carry mass of a family whose mass is bell-shaped where
 * its standard deviation is large. */
#ifndef KLF_BELL_SUM_H
#define KLF_BELL_SUM_H

#include "family.h"

/* sum of f over least, ..., most for f that falls off like the mass of a count of this mean and
 * standard deviation s. Where s is below 32 every count within 20 s is taken; else every k-th,
 * times k, within 12 s, k at most s/4: for smooth f the error is exp(-2 (pi s/k)^2) of it (Trefethen
 * and Weideman, 2014, "The exponentially convergent trapezoidal rule", SIAM Review 56). At most
 * 1400 terms. */
static double bell_sum(double (*f)(const void *context, double x), const void *context,
                       double mean, double sd, double least, double most)
{
    const double reach = sd < 32.0 ? 20.0 * sd + 40.0 : 12.0 * sd;
    const double stride = sd < 32.0 ? 1.0 : floor(0.25 * sd), centre = floor(mean);
    const double steps = floor(reach / stride) + 1.0;
    double sum = 0.0;
    for (double i = -steps; i <= steps; i += 1.0) {
        const double x = fma(i, stride, centre);
        if (x >= least && x <= most)
            sum += f(context, x);
    }
    return stride * sum;
}

#endif
