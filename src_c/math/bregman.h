/* bregman.h -- Bregman divergences of nearly equal points, without cancellation, by the
 * Gauss-Legendre rule of 8 points (Abramowitz and Stegun, 1964, table 25.4).
 *
 * Where the integrand is analytic but at 0 and the interval reaches from a0 to a1 with
 * |a1/a0 - 1| < 0.3, the rule's error is below 15^-16 of the value.
 */
#ifndef KLF_BREGMAN_H
#define KLF_BREGMAN_H

#include <math.h>

/* The non-negative nodes on (-1, 1); each has a mirror image of the same weight. */
enum { KLF_LEGENDRE = 4 };
static const double klf_legendre_node[KLF_LEGENDRE] = {
    0.18343464249564980494, 0.52553240991632898582, 0.79666647741362673959, 0.96028985649753623168};
static const double klf_legendre_weight[KLF_LEGENDRE] = {
    0.36268378337836198297, 0.31370664587788728734, 0.22238103445337447054, 0.10122853629037625915};

/* f(a1) - f(a0) - (a1 - a0) f'(a0) = (a1 - a0)^2 times the integral over 0 < t < 1 of
 * (1 - t) f''(a0 + t (a1 - a0)), whose terms are positive for convex f. */
static inline double klf_bregman_near(double (*second_derivative)(double), double a0, double a1)
{
    const double change = a1 - a0;
    double sum = 0.0;
    for (int i = 0; i < KLF_LEGENDRE; i++) {
        const double node = klf_legendre_node[i];
        const double low = 0.5 * (1.0 - node), high = 0.5 * (1.0 + node);
        const double f_low = second_derivative(fma(low, change, a0));
        const double f_high = second_derivative(fma(high, change, a0));
        sum += 0.5 * klf_legendre_weight[i] * (high * f_low + low * f_high);
    }
    return change * change * sum;
}

/* change^2 times the integral over 0 < t < 1 of (1 - t) f(context, t change): the same divergence
 * where only the change is known to relative accuracy, f giving the second derivative at a distance
 * from the first point. */
static inline double klf_bregman_along(double (*f)(const void *context, double distance),
                                       const void *context, double change)
{
    static const double node[4] = {0.18343464249564980494, 0.52553240991632898582,
                                   0.79666647741362673959, 0.96028985649753623168};
    static const double weight[4] = {0.36268378337836198297, 0.31370664587788728734,
                                     0.22238103445337447054, 0.10122853629037625915};
    double sum = 0.0;
    for (int i = 0; i < 4; i++) {
        const double low = 0.5 * (1.0 - node[i]), high = 0.5 * (1.0 + node[i]);
        const double f_low = f(context, low * change), f_high = f(context, high * change);
        sum += 0.5 * weight[i] * (high * f_low + low * f_high);
    }
    return change * change * sum;
}

#endif
