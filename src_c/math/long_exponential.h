/* long_exponential.h -- the exponential in two doubles, without branches.
 *
 * The arithmetic of two doubles: Dekker (1971), "A floating-point technique for extending the
 * available precision", Numerische Mathematik 18; products by fma.
 */
#ifndef KLF_LONG_EXPONENTIAL_H
#define KLF_LONG_EXPONENTIAL_H

#include "elementary.h"

/* (high + low)/(unit other_unit), high between 1/2 and 2; the units are powers of two, two of them
 * since their product may be beyond the range. */
typedef struct {
    double high, low, unit, other_unit;
} klf_long_exponential;

/* c + u (high + low), c in two doubles and larger. */
KLF_INLINE void klf_long_step(double c, double c_low, double u, double *high, double *low)
{
    const double product = u * *high, lost = fma(u, *high, -product);
    const double sum = c + product;
    *low = fma(u, *low, lost + c_low) + ((c - sum) + product);
    *high = sum;
}

/* (1 + high + low)^2 - 1 */
KLF_INLINE void klf_long_square(double *high, double *low)
{
    const double square = *high * *high, lost = fma(*high, *high, -square);
    const double twice = 2.0 * *high, sum = twice + square;
    *low = fma(*low, fma(2.0, 1.0 + *high, *low), lost) + ((twice - sum) + square);
    *high = sum;
}

/* exp(x) for |x| < 760; 1 elsewhere, of no use. With x = n log 2 + 16 r, e^r - 1
 * is its series, with the terms from r^8 on, which are below 2^-59, in one double; four squarings.
 * Max error: 2^-95 of the exponential. */
KLF_INLINE klf_long_exponential klf_exp_long(double x)
{
    double shifted, reduced;
    const double inside = fabs(x) < 760.0 ? x : 0.0;
    const double rest = klf_exp_split(inside, &shifted, &reduced) * 0x1p-4;
    const double r = reduced * 0x1p-4;
    double high = 0x1.6124613a86d09p-33; /* 1/13! */
    high = fma(high, r, 0x1.1eed8eff8d898p-29);
    high = fma(high, r, 0x1.ae64567f544e4p-26);
    high = fma(high, r, 0x1.27e4fb7789f5cp-22);
    high = fma(high, r, 0x1.71de3a556c734p-19);
    high = fma(high, r, 0x1.a01a01a01a01ap-16);
    double low = 0.0;
    klf_long_step(0x1.a01a01a01a01ap-13, 0x1.a01a01a01a01ap-73, r, &high, &low);
    klf_long_step(0x1.6c16c16c16c17p-10, -0x1.f49f49f49f49fp-65, r, &high, &low);
    klf_long_step(0x1.1111111111111p-7, 0x1.1111111111111p-63, r, &high, &low);
    klf_long_step(0x1.5555555555555p-5, 0x1.5555555555555p-59, r, &high, &low);
    klf_long_step(0x1.5555555555555p-3, 0x1.5555555555555p-57, r, &high, &low);
    klf_long_step(0.5, 0.0, r, &high, &low);
    klf_long_step(1.0, 0.0, r, &high, &low);
    const double product = r * high, lost = fma(r, high, -product);
    low = fma(r, low, lost) + rest * (1.0 + product);
    high = product;
    for (int i = 0; i < 4; i++)
        klf_long_square(&high, &low);
    const double sum = 1.0 + high, below = low + ((1.0 - sum) + high), whole = sum + below;
    const double inverse = 2.0 * KLF_MAGIC - shifted;             /* MAGIC - n */
    const double half = fma(inverse - KLF_MAGIC, 0.5, KLF_MAGIC); /* about -n/2, an integer */
    const uint64_t one = UINT64_C(1023) << 52;                    /* the bits of 1.0 */
    const double unit = klf_from_bits((klf_bits(half) << 52) + one);
    const double other = klf_from_bits(((klf_bits(inverse) - klf_bits(half)) << 52) + one);
    return (klf_long_exponential){whole, (sum - whole) + below, unit, other};
}

#endif
