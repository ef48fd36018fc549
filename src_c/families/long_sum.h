/* long_sum.h -- sums over all counts of smooth functions that fall off slowly, by bounded work. */
#ifndef KLF_LONG_SUM_H
#define KLF_LONG_SUM_H

#include "family.h"

/* The integral of f over [a, b] by the Gauss-Legendre rule of 16 points (Abramowitz and Stegun,
 * 1964, table 25.4). */
static double integral_16(double (*f)(const void *context, double x), const void *context,
                          double a, double b)
{
    static const double node[8] = {0.09501250983763744019, 0.28160355077925891323,
                                   0.45801677765722738634, 0.61787624440264374845,
                                   0.75540440835500303390, 0.86563120238783174388,
                                   0.94457502307323257608, 0.98940093499164993260};
    static const double weight[8] = {0.18945061045506849629, 0.18260341504492358887,
                                     0.16915651939500253819, 0.14959598881657673208,
                                     0.12462897125553387205, 0.09515851168249278481,
                                     0.06225352393864789286, 0.02715245941175409485};
    const double half = 0.5 * (b - a), centre = a + half;
    double sum = 0.0;
    for (int i = 0; i < 8; i++)
        sum += weight[i] * (f(context, fma(-node[i], half, centre))
                            + f(context, fma(node[i], half, centre)));
    return half * sum;
}

/* The sum of f over the counts least, least + 1, ... up to `most`, beyond which f is as good as 0
 * and smooth, for f whose logarithm changes slowly over `scale` where x - least is large, and over
 * x - least before.
 *
 * The first 256 terms are taken one by one, and all where there are at most 4096. For the others,
 * with A the first of them and d_n the n-th central difference of f at A - 1/2,
 *
 *   sum = integral of f from A - 1/2 + d_1/24 - 17 d_3/5760 + 367 d_5/967680 - ...
 *
 * (the Euler-Maclaurin formula about midpoints, its derivatives by differences: DLMF 2.10(i) and
 * 3.4), the next term of which is below 1e-17 of f there. The integral is taken over intervals that
 * double until their width is `scale`, some 1200 of 16 points each at most: over an interval
 * [a, 2a] the rule's error is that of a function with its nearest singularity at 0, 1e-24. */
static double long_sum(double (*f)(const void *context, double x), const void *context,
                       double least, double most, double scale)
{
    enum { HEAD = 256, DIRECT = 4096 };
    const int is_short = most - least <= DIRECT;
    const double head_end = is_short ? floor(most) : least + (HEAD - 1);
    double sum = 0.0;
    for (double x = least; x <= head_end; x += 1.0)
        sum += f(context, x);
    if (is_short)
        return sum;
    const double first = least + HEAD;
    double value[6], difference[6];
    for (int i = 0; i < 6; i++)
        value[i] = f(context, first - 3.0 + i);
    difference[1] = value[3] - value[2];
    difference[3] = value[4] - 3.0 * value[3] + 3.0 * value[2] - value[1];
    difference[5] = value[5] - 5.0 * value[4] + 10.0 * value[3] - 10.0 * value[2] + 5.0 * value[1]
                    - value[0];
    sum += difference[1] / 24.0 - 17.0 / 5760.0 * difference[3] + 367.0 / 967680.0 * difference[5];
    double a = first - 0.5;
    for (int i = 0; i < 4096 && a < most; i++) {
        const double width = a - least < scale ? a - least : scale;
        const double b = a + width < most ? a + width : most;
        sum += integral_16(f, context, a, b);
        a = b;
    }
    return sum;
}

#endif
