/* angles.h -- angles in radians: reduction by whole turns, sine and cosine, and polar coordinates.
 *
 * The rules of elementary.h hold here too. An angle beyond 2^50 in size counts as 0: there the
 * doubles lie a large part of a turn apart.
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
KLF_INLINE double klf_wrap_angle(double x)
{
    const double reduced = klf_angle_sum(klf_angle_between(x, 0.0), 0.0);
    return fabs(x) <= KLF_BELOW_PI ? x : reduced;
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
