/* angles.h -- angles in radians: reduction by whole turns, sine and cosine, and polar coordinates.
 *
 * The rules of elementary.h hold here too. What stands in loops takes an angle beyond 2^50 in size
 * for 0; klf_near_angle, which has branches, brings those near first.
 *
 * The reductions take off n P, P a turn or a quarter of it held in two doubles (Cody and Waite,
 * 1980, Software Manual for the Elementary Functions, chapter 8): fma(-n, high, x) is exact where
 * n P and x nearly cancel, since it is a multiple of the last place of `high` or of x and fits 53
 * bits. What is left is wrong by n 2^-107 P and one rounding.
 */
#ifndef KLF_ANGLES_H
#define KLF_ANGLES_H

#include "elementary.h"

static const double KLF_TURN = 0x1.921fb54442d18p+2;       /* 2 pi */
static const double KLF_TURN_TAIL = 0x1.1a62633145c07p-52; /* 2 pi - KLF_TURN */
static const double KLF_BELOW_PI = 0x1.921fb54442d18p+1;   /* the largest double below pi */
static const double KLF_LARGEST_ANGLE = 0x1p50;

/* x less whole turns, in [-pi, pi], for finite |x| >= 2^50, by Payne and Hanek's reduction (1983,
 * "Radian reduction for trigonometric functions", SIGNUM Newsletter 18): of m 2^e/(2 pi), m the 53
 * bits of |x|, the digits of 1/(2 pi) above 2^-e give whole turns, and 192 bits below are enough:
 * no double but 0 is nearer than 2^-64 turns to a whole number of them (Muller, 2016, Elementary
 * Functions, chapter 11). The table holds 1/(2 pi), after 32 zeros for negative e.
 * Max error: 2 ulp. */
static inline double klf_reduce_far_angle(double x)
{
    static const uint32_t inverse_turn[39] = {
        0x00000000, 0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770, 0x36d8a566, 0x4f10e410,
        0x7f9458ea, 0xf7aef158, 0x6dc91b8e, 0x909374b8, 0x01924bba, 0x82746487, 0x3f877ac7,
        0x2c4a69cf, 0xba208d7d, 0x4baed121, 0x3a671c09, 0xad17df90, 0x4e64758e, 0x60d4ce7d,
        0x272117e2, 0xef7e4a0e, 0xc7fe25ff, 0xf7816603, 0xfbcbc462, 0xd6829b47, 0xdb4d9fb3,
        0xc9f2c26d, 0xd3d18fd9, 0xa797fa8b, 0x5d49eeb1, 0xfaf97c5e, 0xcf41ce7d, 0xe294a4ba,
        0x9afed7ec, 0x47e35742, 0x1580cc11, 0xbf1edaea};
    enum { LIMBS = 6 };
    const uint64_t bits = klf_bits(fabs(x)), low_half = UINT64_C(0xffffffff);
    const uint64_t m = (bits & ((UINT64_C(1) << 52) - 1)) | (UINT64_C(1) << 52);
    const unsigned place = (unsigned)(bits >> 52) - 1075 + 32; /* e, counted from the zeros */
    uint64_t window[LIMBS], product[LIMBS], carry = 0;
    for (unsigned i = 0; i < LIMBS; i++) {
        const uint32_t *digits = inverse_turn + place / 32 + i;
        const uint64_t pair = (uint64_t)digits[0] << 32 | digits[1];
        window[i] = (pair << place % 32) >> 32;
    }
    for (unsigned i = LIMBS; i-- > 0; carry >>= 32) {
        carry += window[i] * (m & low_half);
        product[i] = carry & low_half;
    }
    carry = 0;
    for (unsigned i = LIMBS; i-- > 1; carry >>= 32) {
        carry += product[i - 1] + window[i] * (m >> 32);
        product[i - 1] = carry & low_half;
    }
    /* half a turn or more counts from the other side */
    const uint64_t flip = product[0] >> 31 ? low_half : 0;
    double turns = 0.0;
    for (unsigned i = LIMBS; i-- > 0;)
        turns = (turns + (double)(product[i] ^ flip)) * 0x1p-32;
    const double angle = fma(turns, KLF_TURN, turns * KLF_TURN_TAIL);
    return (x < 0.0) != (flip != 0) ? -angle : angle;
}

/* The same angle where |x| <= 2^50 or x is not finite: x itself; else one in [-pi, pi]. */
static inline double klf_near_angle(double x)
{
    const double size = fabs(x);
    return size > KLF_LARGEST_ANGLE && size <= DBL_MAX ? klf_reduce_far_angle(x) : x;
}

/* x - origin less whole turns, |origin| <= pi: in [-pi, pi] but for rounding. Infinities count as 0
 * too. The error is an ulp of the result, and where turns are taken off half an ulp of 2 pi. */
KLF_INLINE double klf_angle_between(double x, double origin)
{
    const double angle = fabs(x) > KLF_LARGEST_ANGLE ? 0.0 : x;
    const double turns = fma(angle - origin, 1.0 / KLF_TURN, KLF_MAGIC) - KLF_MAGIC;
    return fma(-turns, KLF_TURN_TAIL, fma(-turns, KLF_TURN, angle) - origin);
}

/* An angle with |angle| <= 2 pi, but for rounding, in [-pi, pi): `origin` + `change` is it. */
KLF_INLINE double klf_angle_sum(double origin, double change)
{
    const double sum = origin + change;
    double turns = sum > KLF_BELOW_PI ? 1.0 : 0.0;
    turns = sum < -KLF_BELOW_PI ? -1.0 : turns;
    double angle = fma(-turns, KLF_TURN_TAIL, fma(-turns, KLF_TURN, origin) + change);
    angle = angle > KLF_BELOW_PI ? KLF_BELOW_PI : angle;
    return angle < -KLF_BELOW_PI ? -KLF_BELOW_PI : angle;
}

/* The same angle in [-pi, pi); those that are there already stay as they are. */
static inline double klf_wrap_angle(double x)
{
    if (fabs(x) <= KLF_BELOW_PI)
        return x;
    return klf_angle_sum(klf_angle_between(klf_near_angle(x), 0.0), 0.0);
}

/* sin(x) and cos(x), by klf_sincos_2pi's polynomials after taking off quarters of a turn.
 * Infinities give NaN.
 * Max error: 2.5 ulp each. */
KLF_INLINE void klf_sincos(double x, double *sine, double *cosine)
{
    const double quarter_magic = 0x1.8p50; /* its last place is 1/4 */
    const double infinite = fabs(x) > DBL_MAX ? NAN : 0.0;
    const double angle = fabs(x) > KLF_LARGEST_ANGLE ? infinite : x;
    const double quarters = fma(angle, 4.0 / KLF_TURN, KLF_MAGIC) - KLF_MAGIC;
    const double high = fma(-quarters, 0.25 * KLF_TURN, angle);
    const double rest = fma(-quarters, 0.25 * KLF_TURN_TAIL, high);
    klf_sincos_reduced(rest / KLF_TURN, fma(0.25, quarters, quarter_magic), sine, cosine);
}

/* 1 - cos(t) = t^2 (1/2 + t^2 P(t^2)) for |t| <= pi, P of degree 9 with error 2^-61.
 * Max error: 2.5 ulp, for |t| >= 2^-510. */
KLF_INLINE double klf_versine(double t)
{
    const double z = t * t;
    double p = 0x1.e507cd93399d9p-71;
    p = fma(p, z, -0x1.e2c3b68d5a29cp-62);
    p = fma(p, z, 0x1.68163cabe7243p-53);
    p = fma(p, z, -0x1.ae7ea8c5b2ab7p-45);
    p = fma(p, z, 0x1.939747476d4c7p-37);
    p = fma(p, z, -0x1.1eed8ef3c7437p-29);
    p = fma(p, z, 0x1.27e4fb7754f6bp-22);
    p = fma(p, z, -0x1.a01a01a018ec1p-16);
    p = fma(p, z, 0x1.6c16c16c16be9p-10);
    p = fma(p, z, -0x1.5555555555555p-5);
    return z * fma(p, z, 0.5);
}

/* The angle of the point (x, y) in [-pi, pi]; 0 at the origin. */
static inline double klf_atan2(double y, double x)
{
    const double a = fabs(x), b = fabs(y), larger = a > b ? a : b;
    double angle = larger > 0.0 ? klf_atan((a > b ? b : a) / larger) : 0.0;
    angle = b > a ? 0.25 * KLF_TURN - angle : angle;
    angle = x < 0.0 ? (0.5 * KLF_TURN - angle) + 0.5 * KLF_TURN_TAIL : angle;
    return y < 0.0 ? -angle : angle;
}

/* sqrt(x^2 + y^2) without overflow of the squares. */
static inline double klf_hypot(double x, double y)
{
    const double a = fabs(x), b = fabs(y), larger = a > b ? a : b;
    const double ratio = (a > b ? b : a) / larger;
    return larger > 0.0 ? larger * sqrt(fma(ratio, ratio, 1.0)) : a + b;
}

#endif
