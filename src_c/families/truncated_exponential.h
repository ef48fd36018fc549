/* truncated_exponential.h -- the exponential distribution of rate a >= 0 cut off at 1: its mass,
 * mean and variance, and the rate of a given mean.
 *
 *   m(a) = 1/a - 1/(e^a - 1),   v(a) = -m'(a) = 1/a^2 - e^-a/(1 - e^-a)^2
 *
 * Below a = 2, where these cancel, by the series whose coefficients are Bernoulli numbers
 * (Abramowitz and Stegun, 1964, 23.1.1), which converges for a < 2 pi:
 *
 *   1/2 - m(a) = sum B_2k/(2k)! a^(2k-1),   v(a) = sum (2k - 1) B_2k/(2k)! a^(2k-2),   k >= 1.
 *
 * Of its 19 terms the last is below 1e-18 of the sum. Errors below 8 units in the last place.
 */
#ifndef KLF_TRUNCATED_EXPONENTIAL_H
#define KLF_TRUNCATED_EXPONENTIAL_H

#include "../math/elementary.h"

/* log((1 - e^-a)/a), free of branches. The ratio is 1 - (e^-a - 1 + a)/a near 1. */
static inline double klf_log_truncated_mass(double a)
{
    const double rate = a > 0x1p-1000 ? a : 0x1p-1000;
    double ignored;
    return klf_log_ratio(-klf_expm1(-rate) / rate, -klf_expm1_excess(-rate) / rate, &ignored);
}

enum { KLF_BERNOULLI_TERMS = 19 };

/* B_2k/(2k)!, k = 1, 2, ... */
static const double KLF_BERNOULLI_SERIES[KLF_BERNOULLI_TERMS] = {
    0x1.5555555555555p-4, -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15, -0x1.bbd779334ef0bp-21,
    0x1.66a8f2bf70ebep-26, -0x1.22805d644267fp-31, 0x1.d6db2c4e09162p-37, -0x1.7da4e1f79955cp-42,
    0x1.355871d652e9ep-47, -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58, -0x1.497d9033a2b5cp-63,
    0x1.0b132d7c6ad06p-68, -0x1.b0f72d59f1c16p-74, 0x1.5ef2da4cca26dp-79, -0x1.1c77df96de38bp-84,
    0x1.cd299de521b62p-90, -0x1.75cde656574a7p-95, 0x1.2efe8db3b4adfp-100};

static const double KLF_TRUNCATED_SERIES_END = 2.0; /* the series serves smaller rates */

/* 1/2 - m(a) for a below KLF_TRUNCATED_SERIES_END. */
static inline double klf_truncated_mean_deficit(double a)
{
    const double square = a * a;
    double sum = 0.0;
    for (int k = KLF_BERNOULLI_TERMS - 1; k >= 0; k--)
        sum = fma(sum, square, KLF_BERNOULLI_SERIES[k]);
    return a * sum;
}

static inline double klf_truncated_mean(double a)
{
    if (a < KLF_TRUNCATED_SERIES_END)
        return 0.5 - klf_truncated_mean_deficit(a);
    return 1.0 / a - 1.0 / klf_expm1(a);
}

/* v, an even function. */
static inline double klf_truncated_variance(double a)
{
    const double size = fabs(a), square = size * size;
    if (size < KLF_TRUNCATED_SERIES_END) {
        double sum = 0.0;
        for (int k = KLF_BERNOULLI_TERMS - 1; k >= 0; k--)
            sum = fma(sum, square, (2 * k + 1) * KLF_BERNOULLI_SERIES[k]);
        return sum;
    }
    const double rest = -klf_expm1(-size);
    return 1.0 / size / size - klf_exp(-size) / (rest * rest);
}

static inline double klf_truncated_deviation(double a)
{
    return a < 1000.0 ? sqrt(klf_truncated_variance(a)) : 1.0 / a;
}

/* The a >= 0 at which m(a) = mean, 0 < mean <= 1/2. Newton on 1/m(a) = 1/mean, which rises and is
 * convex, from a point at or above the root: m(a) <= 1/a. The last step is below rounding. */
static inline double klf_truncated_size(double mean)
{
    if (mean < 0x1p-10) /* 1/(e^1024 - 1) is nothing */
        return 1.0 / mean;
    if (mean == 0.5)
        return 0.0;
    double a = mean > 0.4 ? 2.0 : 1.0 / mean;
    for (int i = 0; i < 40; i++) {
        const double there = klf_truncated_mean(a);
        const double near = (0.5 - mean) - klf_truncated_mean_deficit(a);
        const double excess = a < KLF_TRUNCATED_SERIES_END ? near : there - mean;
        const double next = a + excess / mean * (there / klf_truncated_variance(a));
        const int done = fabs(next - a) <= 0x1p-51 * a;
        a = next > 0.0 ? next : 0.5 * a;
        if (done)
            break;
    }
    return a;
}

#endif
