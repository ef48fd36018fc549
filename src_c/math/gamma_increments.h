/* gamma_increments.h -- differences of digamma and trigamma over an interval h > 0, without
 * cancellation where h is small beside z: scaled by z and z^2, so that neither a tiny z nor a large
 * one over- or underflows.
 *
 * With r = z/(z + h), 1 - r = h/(z + h):
 *
 *   z (psi(z + h) - psi(z))      = (1 - r) + (z/(z + 1)) times the same at z + 1,
 *   z^2 (psi1(z) - psi1(z + h))  = (1 - r)(1 + r) + (z/(z + 1))^2 times the same at z + 1
 *
 * (DLMF 5.5.2 and its derivative) bring z above 12, where the asymptotic series (DLMF 5.11.2 and
 * 5.15.8) are differenced term by term: z^-n - (z + h)^-n = z^-n (1 - r)(1 + r + ... + r^(n-1)).
 * Every term of the recurrences is positive, and nothing else cancels.
 */
#ifndef KLF_GAMMA_INCREMENTS_H
#define KLF_GAMMA_INCREMENTS_H

#include "elementary.h"

/* Bernoulli numbers B_2, B_4, ..., B_18: at z = 12 the next is below 3e-18 of the sum. */
enum { KLF_BERNOULLI = 9 };
static const double klf_bernoulli[KLF_BERNOULLI] = {
    1.0 / 6.0,  -1.0 / 30.0,     1.0 / 42.0, -1.0 / 30.0,     5.0 / 66.0,
    -691.0 / 2730.0, 7.0 / 6.0, -3617.0 / 510.0, 43867.0 / 798.0,
};

/* z (psi(z + h) - psi(z)) for z > 0, h > 0, both finite.
 * Max error: 8 ulp. */
static inline double klf_digamma_increment(double z, double h)
{
    double sum = 0.0, at = z;
    while (at < 12.0) {
        sum += (z / at) * (h / (at + h));
        at += 1.0;
    }
    const double p = 1.0 / at, r = at / (at + h), rest = h / (at + h);
    double power = p, geometric = 1.0 + r, series = 0.0; /* p^(2n-1); 1 + r + ... + r^(2n-1) */
    for (int n = 0; n < KLF_BERNOULLI; n++) {
        series += klf_bernoulli[n] / (2.0 * n + 2.0) * power * geometric;
        power *= p * p;
        geometric = 1.0 + r * (1.0 + r * geometric);
    }
    return sum + (z / at) * (at * klf_log1p(h / at) + rest * (0.5 + series));
}

/* z^2 (psi1(z) - psi1(z + h)) for z > 0, h > 0, both finite; where both are tiny a function of h/z.
 * Max error: 8 ulp. */
static inline double klf_trigamma_increment(double z, double h)
{
    const double unit = z + h < 0x1p-1000 ? 0x1p500 : 1.0; /* 1/(z + h) would overflow */
    z *= unit;
    h *= unit;
    double sum = 0.0, at = z;
    while (at < 12.0) {
        const double scale = z / at, inverse = 1.0 / (at + h);
        sum += scale * scale * (h * inverse) * (1.0 + at * inverse);
        at += 1.0;
    }
    const double p = 1.0 / at, r = at / (at + h), rest = h / (at + h), scale = z / at;
    double power = p, geometric = 1.0 + r * (1.0 + r), series = 0.0;
    for (int n = 0; n < KLF_BERNOULLI; n++) {
        series += klf_bernoulli[n] * power * geometric;
        power *= p * p;
        geometric = 1.0 + r * (1.0 + r * geometric);
    }
    return sum + scale * scale * (h * r + rest * (0.5 * (1.0 + r) + series));
}

#endif
