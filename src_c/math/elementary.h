/* elementary.h -- exponential, logarithm, sine, cosine and arctangent, and what is built of them,
 * without branches, for loops of them.
 *
 * Every function is plain C that a compiler turns into vector code when it stands in a loop: no
 * branches, tables or library calls, selections only. Only + - * / fma, comparisons, selections and
 * integer operations on the bits occur, each of which IEEE 754 and C determine to the last bit, so
 * that results do not depend on the instruction set (compile with -ffp-contract=off). A NaN that a
 * function makes itself is the constant NAN.
 *
 * Notation: MAGIC = 1.5*2^52 lies in the middle of the doubles whose unit in the last place is 1.
 * Adding it to y, |y| <= 2^51, rounds y to an integer, whose two's complement stands in the low
 * bits of the sum, and subtracting it again gives that integer as a double (Muller et al., 2018,
 * Handbook of Floating-Point Arithmetic, section 10.1). AVX2 has no other conversion.
 *
 * The coefficients come from tests/math/derive_coefficients.py. The errors stated are bounds on
 * those found against true values of 60 digits at some 10^5 random points in every range where a
 * function differs, and are checked by tests/math/test_vector_math.py. An ulp is the spacing of the
 * doubles at the true value.
 */
#ifndef KLF_ELEMENTARY_H
#define KLF_ELEMENTARY_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* For the scalar functions of the hot loops: a loop with a call in it is not vectorised. */
#if defined(__GNUC__)
#define KLF_INLINE static inline __attribute__((always_inline))
#else
#define KLF_INLINE static inline
#endif

static const double KLF_MAGIC = 0x1.8p52;                   /* 1.5*2^52 */
static const double KLF_LN2 = 0x1.62e42fefa39efp-1;         /* log 2 */
static const double KLF_LN2_TAIL = 0x1.abc9e3b39803fp-56;   /* log 2 - KLF_LN2 */

static inline uint64_t klf_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double klf_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- Exponential ----------------------------------------------------------------------------- */

/* x = n log 2 + r, |r| <= log(2)/2, for |x| <= 746. high = x - n KLF_LN2 is exact: it is a multiple
 * of 2^-54 (of the last place of x when n = 0) and below 1/2. r = high + t, t = -n KLF_LN2_TAIL,
 * which is returned. *shifted is n + MAGIC. */
static inline double klf_exp_split(double x, double *shifted, double *high)
{
    const double log2_e = 0x1.71547652b82fep+0;
    *shifted = fma(x, log2_e, KLF_MAGIC);
    const double n = *shifted - KLF_MAGIC;
    *high = fma(n, -KLF_LN2, x);
    return n * -KLF_LN2_TAIL;
}

/* The reduction of exp and expm1: the above and
 *
 *   e^r - 1 = high + tail,   tail = r^2 P(r) + t,
 *
 * where P = (e^r - 1 - r)/r^2 = 1/2 + r (1/6 + ...) has error 2^-57.3 of e^r. The idea of summing
 * the small terms before the leading one is from Tang (1989), "Table-driven implementation of the
 * exponential function in IEEE floating-point arithmetic", ACM TOMS 15. */
static inline double klf_exp_reduce(double x, double *shifted, double *high)
{
    const double t = klf_exp_split(x, shifted, high), r = *high + t;
    double p = 0x1.ad1f30893e55dp-26;
    p = fma(p, r, 0x1.289f9363eaf47p-22);
    p = fma(p, r, 0x1.71df55f639d24p-19);
    p = fma(p, r, 0x1.a019ab24b1cccp-16);
    p = fma(p, r, 0x1.a01a011bc42b4p-13);
    p = fma(p, r, 0x1.6c16c17cc5d1ep-10);
    p = fma(p, r, 0x1.11111111289a7p-7);
    p = fma(p, r, 0x1.55555555531ffp-5);
    p = fma(p, r, 0x1.5555555555501p-3);
    p = fma(p, r, 0.5);
    return fma(r * r, p, t);
}

/* 2^n (1 + (high + tail)). The power of two is applied in two factors of half the exponent so that
 * a subnormal result is rounded once, and 2^1024 does not occur. */
static inline double klf_exp_from(double shifted, double high, double tail)
{
    const double half = fma(shifted - KLF_MAGIC, 0.5, KLF_MAGIC); /* about n/2, an integer */
    const uint64_t one = UINT64_C(1023) << 52;                    /* the bits of 1.0 */
    const double factor = klf_from_bits((klf_bits(half) << 52) + one);
    const double rest = klf_from_bits(((klf_bits(shifted) - klf_bits(half)) << 52) + one);
    return (1.0 + (high + tail)) * factor * rest;
}

/* Half of 2^n (1 + high + tail) - 1 for -1022 < n < 1025, in two parts:
 *
 *   2^(n-1) (high + tail) + (2^(n-1) - 1/2) = *sum + the value returned,   *sum near all of it. */
static inline double klf_expm1_half(double shifted, double high, double tail, double *sum)
{
    const double power = klf_from_bits((klf_bits(shifted) + 1022) << 52); /* 2^(n-1) */
    const double offset = power - 0.5;
    *sum = fma(power, high, offset);
    const double lost = fma(power, high, offset - *sum);
    return fma(power, tail, lost);
}

/* exp(x) = 2^n (1 + (high + tail)).
 * All x: overflow gives +inf, underflow 0.
 * Max error: 0.9 ulp. */
static inline double klf_exp(double x)
{
    double shifted, high;
    x = x > 710.0 ? 710.0 : x;   /* beyond log(2^1024) = 709.78: overflows */
    x = x < -746.0 ? -746.0 : x; /* beyond log(2^-1075) = -745.13: rounds to 0 */
    const double tail = klf_exp_reduce(x, &shifted, &high);
    return klf_exp_from(shifted, high, tail);
}

/* expm1(x) = 2 (2^(n-1) (high + tail) + (2^(n-1) - 1/2)); the leading sum is kept in two doubles.
 * Arguments below 2^-54 in size, signed zeros and subnormals among them, are their own result.
 * All x: +inf gives +inf, -inf gives -1.
 * Max error: 1.2 ulp. */
static inline double klf_expm1(double x)
{
    double shifted, high, sum;
    double inside = x > 710.0 ? 710.0 : x;
    inside = inside < -40.0 ? -40.0 : inside; /* exp(-40) < 2^-57 */
    const double tail = klf_exp_reduce(inside, &shifted, &high);
    const double rest = klf_expm1_half(shifted, high, tail, &sum);
    const double result = 2.0 * (sum + rest);
    return fabs(x) < 0x1p-54 ? x : result;
}

/* exp(x) - 1 - x = 2 ((sum - x/2) + rest), sum + rest half of expm1 as above, the difference kept
 * in two doubles (Knuth's two-sum). Without reduction (n = 0), sum = x/2 and all that is left is
 * x^2 P(x), P a polynomial of its own, of degree 10 and relative error 2^-58.
 * All x: both infinities and overflow give +inf.
 * Max error: 2.4 ulp. */
static inline double klf_expm1_excess(double x)
{
    double shifted, high, sum;
    double inside = x > 710.0 ? 710.0 : x;
    inside = inside < -40.0 ? -40.0 : inside;
    const double t = klf_exp_split(inside, &shifted, &high), r = high + t;
    double p = 0x1.1f4eb860959dep-29;
    p = fma(p, r, 0x1.af4eb94f211b2p-26);
    p = fma(p, r, 0x1.27e4ef21758e5p-22);
    p = fma(p, r, 0x1.71de01b5a4a12p-19);
    p = fma(p, r, 0x1.a01a019fc3e9cp-16);
    p = fma(p, r, 0x1.a01a01ac1b387p-13);
    p = fma(p, r, 0x1.6c16c16c17144p-10);
    p = fma(p, r, 0x1.1111111110055p-7);
    p = fma(p, r, 0x1.5555555555555p-5);
    p = fma(p, r, 0x1.5555555555557p-3);
    p = fma(p, r, 0.5);
    const double rest = klf_expm1_half(shifted, high, fma(r * r, p, t), &sum);
    const double half = 0.5 * inside, difference = sum - half, part = difference - sum;
    const double lost = (sum - (difference - part)) - (half + part);
    const double result = 2.0 * (difference + (rest + lost));
    return x < -40.0 ? -1.0 - x : result;
}

/* 1/(1 + exp(-x)), the logistic function, as e^x/(1 + e^x) for negative x.
 * All x: -inf gives 0, +inf 1.
 * Max error: 2.2 ulp. */
static inline double klf_sigmoid(double x)
{
    const double e = klf_exp(-fabs(x)), result = (x < 0.0 ? e : 1.0) / (1.0 + e);
    return result >= 0.0 ? result : NAN;
}

/* ---- Logarithm ------------------------------------------------------------------------------- */

static const double KLF_LN2_HIGH = 0x1.62e42fefa38p-1;      /* log 2 cut to a multiple of 2^-42 */
static const double KLF_LN2_LOW = 0x1.ef35793c7673p-45;     /* log 2 - KLF_LN2_HIGH */

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), for finite x > 0, subnormal or not; returns m. For any
 * other x, k and m are finite and of no use. */
static inline double klf_log_reduce_normal(double x, double *k)
{
    const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd); /* the bits of sqrt(1/2) */
    const uint64_t fraction = (UINT64_C(1) << 52) - 1;
    /* the exponent field of `steps` is k + 1024 */
    const uint64_t steps = klf_bits(x) - sqrt_half + (UINT64_C(1024) << 52);
    *k = klf_from_bits((steps >> 52) | klf_bits(0x1p52)) - (0x1p52 + 1024.0);
    return klf_from_bits((steps & fraction) + sqrt_half);
}

/* The same for subnormal x too, which are scaled first. */
static inline double klf_log_reduce(double x, double *k)
{
    const double m = klf_log_reduce_normal(x < DBL_MIN ? x * 0x1p54 : x, k);
    *k -= x < DBL_MIN ? 54.0 : 0.0;
    return m;
}

/* The core of every logarithm: f - log(1 + f) and f^2/2, for sqrt(1/2) <= 1 + f < sqrt(2). With
 * s = f/(2 + f), log(1 + f) = 2 atanh(s) = 2 s + s R, R = s^2 P(s^2), and 2 s = f - f^2/2 + s f^2/2
 * (the arrangement of the logarithm in Sun's fdlibm, 1993), so
 *
 *   f - log(1 + f) = f^2/2 - q,   q = s (f^2/2 + R).
 *
 * f^2/2 and q nowhere nearly cancel. P has degree 6; its error in log(1 + f) is 2^-59.4 of it. */
static inline double klf_log_deficit(double f, double *half_square, double *q)
{
    const double s = f / (2.0 + f), z = s * s;
    double p = 0x1.2f0ea2a8473d0p-3;
    p = fma(p, z, 0x1.39a0d713ed4ccp-3);
    p = fma(p, z, 0x1.746647758fec9p-3);
    p = fma(p, z, 0x1.c71c51e0e43d2p-3);
    p = fma(p, z, 0x1.2492494221bcep-2);
    p = fma(p, z, 0x1.999999997fa54p-2);
    p = fma(p, z, 0x1.5555555555593p-1);
    *half_square = 0.5 * f * f;
    *q = s * fma(p, z, *half_square);
    return *half_square - *q;
}

/* k log 2 + f - deficit, where *high is the rounded k KLF_LN2_HIGH + f, the product being exact,
 * and the value returned is the rest. */
static inline double klf_log_sum(double k, double f, double deficit, double *high)
{
    *high = fma(k, KLF_LN2_HIGH, f);
    const double lost = fma(k, KLF_LN2_HIGH, -*high) + f;
    return lost + fma(k, KLF_LN2_LOW, -deficit);
}

/* What log is outside 0 < x < inf: -inf at zeros, +inf at +inf, NaN for negative x and NaN. */
static inline double klf_log_special(double x, double log)
{
    log = x > 0.0 ? log : NAN;
    log = x == 0.0 ? -INFINITY : log;
    return x > DBL_MAX ? INFINITY : log;
}

/* log(x) = k log 2 + log(1 + f), f = m - 1 exact.
 * Max error: 0.9 ulp. */
static inline double klf_log(double x)
{
    double k, high, half_square, q;
    const double f = klf_log_reduce(x, &k) - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double low = klf_log_sum(k, f, deficit, &high);
    return klf_log_special(x, high + low);
}

/* log(x) for normal finite x > 0, where the special cases fall away: the same bits as klf_log. */
static inline double klf_log_normal(double x)
{
    double k, high, half_square, q;
    const double f = klf_log_reduce_normal(x, &k) - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double low = klf_log_sum(k, f, deficit, &high);
    return high + low;
}

/* log(1 + x) for 0 <= x <= 1, by no reduction: with s = x/(2 + x) <= 1/3, z = s^2,
 *
 *   log(1 + x) = 2 atanh(s) = 2 s + s z P(z) = x - s (x - z P(z)),
 *
 * since 2 s = x - s x. P has degree 9; its error in log(1 + x) is 2^-59.4 of it.
 * Max error: 1.1 ulp. */
static inline double klf_log1p_unit(double x)
{
    const double s = x / (2.0 + x), z = s * s;
    double p = 0x1.5c5cc89693a6bp-3;
    p = fma(p, z, 0x1.55cdf17be22b3p-4);
    p = fma(p, z, 0x1.efd211048aa63p-4);
    p = fma(p, z, 0x1.106822b0fa0d4p-3);
    p = fma(p, z, 0x1.3b1dd4f666edfp-3);
    p = fma(p, z, 0x1.745cb444b3531p-3);
    p = fma(p, z, 0x1.c71c741ad38e7p-3);
    p = fma(p, z, 0x1.249249208ed9bp-2);
    p = fma(p, z, 0x1.99999999a0723p-2);
    p = fma(p, z, 0x1.5555555555535p-1);
    return fma(-s, fma(-z, p, x), x);
}

/* log(1 + x) = log(u) + c/u, u the rounded sum and c what rounding took (Knuth's two-sum; the
 * correction is fdlibm's). When u needs no reduction, f = x itself and c = 0. Signed zeros and
 * subnormals are their own result; -1 gives -inf, less gives NaN.
 * Max error: 0.9 ulp. */
static inline double klf_log1p(double x)
{
    double k, high, half_square, q;
    const double u = 1.0 + x, x_part = u - 1.0;
    const double lost = (1.0 - (u - x_part)) + (x - x_part);
    const double m = klf_log_reduce(u, &k);
    const double f = k == 0.0 ? x : m - 1.0;
    const double correction = k == 0.0 ? 0.0 : lost / u;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double low = klf_log_sum(k, f, deficit - correction, &high);
    const double result = klf_log_special(u, high + low);
    return fabs(x) < 0x1p-54 ? x : result;
}

/* ---- The two directions of the logarithm of a ratio ------------------------------------------ */

/* L = log(ratio) and *phi = excess - L, for ratio = 1 + excess > 0 given both ways: `excess` must
 * be accurate near 1 and `ratio` far from it. Where ratio = 2^k m has k = 0, f = excess, else
 * f = m - 1; then log(ratio) = k log 2 + f - deficit and, because excess - f = ratio - m,
 *
 *   phi = (ratio - m) - k log 2 + deficit,
 *
 * in which nothing large cancels; phi ~ excess^2/2 near 1. ratio 0: -inf and +inf; +inf: both
 * +inf; negative or NaN: both NaN.
 * Max error, inputs taken as exact: L 0.9 ulp, phi 3.5 ulp. */
static inline double klf_log_ratio(double ratio, double excess, double *phi)
{
    double k, high, half_square, q;
    const double m = klf_log_reduce(ratio, &k);
    const double f = k == 0.0 ? excess : m - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double low = klf_log_sum(k, f, deficit, &high);
    const double raised = fma(-k, KLF_LN2_HIGH, ratio - m);
    *phi = raised + fma(-k, KLF_LN2_LOW, deficit);
    *phi = ratio > 0.0 ? *phi : NAN;
    *phi = ratio == 0.0 ? INFINITY : *phi;
    return klf_log_special(ratio, high + low);
}

/* The same where 2^-1000 < ratio < 2^1000: the same bits; of no use elsewhere. */
static inline double klf_log_ratio_normal(double ratio, double excess, double *phi)
{
    double k, high, half_square, q;
    const double m = klf_log_reduce_normal(ratio, &k);
    const double f = k == 0.0 ? excess : m - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double low = klf_log_sum(k, f, deficit, &high);
    *phi = fma(-k, KLF_LN2_HIGH, ratio - m) + fma(-k, KLF_LN2_LOW, deficit);
    return high + low;
}

/* The same L, and *h = ratio L - excess = (1 + u) log(1 + u) - u at u = excess. Where k = 0,
 *
 *   h = u^2 - (1 + u) deficit = u^2/2 + q - u deficit;
 *
 * elsewhere ratio L + (1 - ratio), summed from the two parts of L. ratio 0: -inf and 1, the limit;
 * +inf: both +inf; negative or NaN: both NaN.
 * Max error, inputs taken as exact: L 0.9 ulp, h 4 ulp. */
static inline double klf_log_ratio_rising(double ratio, double excess, double *h)
{
    double k, high, half_square, q;
    const double m = klf_log_reduce(ratio, &k);
    const double f = k == 0.0 ? excess : m - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double low = klf_log_sum(k, f, deficit, &high);
    const double near_one = fma(-f, deficit, half_square + q);
    const double elsewhere = fma(ratio, low, fma(ratio, high, 1.0 - ratio));
    *h = k == 0.0 ? near_one : elsewhere;
    *h = ratio >= 0.0 ? *h : NAN;
    *h = ratio > DBL_MAX ? INFINITY : *h;
    return klf_log_special(ratio, high + low);
}

/* ---- Logarithms of exponentials -------------------------------------------------------------- */

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)).
 * All x: -inf gives 0, +inf itself.
 * Max error: 1.8 ulp. */
static inline double klf_log1p_exp(double x)
{
    const double log = klf_log1p_unit(klf_exp(-fabs(x))), result = (x > 0.0 ? x : 0.0) + log;
    return result >= 0.0 ? result : NAN;
}

/* log(1 - exp(x)) for x <= 0, as log(-expm1(x)) or log1p(-exp(x)), whichever has the smaller
 * argument to reduce (Maechler, 2012, "Accurately computing log(1 - exp(-|a|))", with the threshold
 * where 1 - exp(x) = sqrt(1/2)). Zero gives -inf, -inf gives 0, positive x NaN.
 * Max error: 2.3 ulp. */
KLF_INLINE double klf_log_minus_expm1(double x)
{
    double shifted, high, sum, ignored;
    double inside = x > 1.0 ? 1.0 : x;
    inside = inside < -746.0 ? -746.0 : inside;
    const double tail = klf_exp_reduce(inside, &shifted, &high);
    const double e = klf_exp_from(shifted, high, tail);
    const double rest = klf_expm1_half(shifted, high, tail, &sum);
    double ratio = -2.0 * (sum + rest);
    ratio = fabs(x) < 0x1p-54 ? -x : ratio;
    ratio = x < -2.0 ? 1.0 - e : ratio;
    return klf_log_ratio(ratio, -e, &ignored);
}

/* log((exp(x) - 1)/x), the logarithm of the mean of exp over [0, x]:
 *
 *   |x| < 2:   x/2 + log(sinh(x/2)/(x/2)) = x/2 + x^2 P(x^2), P of degree 9, relative error of the
 *              sum 2^-60;
 *   |x| >= 2:  max(x, 0) + log((1 - exp(-|x|))/|x|).
 *
 * All x: zeros give 0, each infinity itself.
 * Max error: 1.8 ulp. */
static inline double klf_log_expm1_ratio(double x)
{
    const double z = x * x, size = fabs(x);
    double p = -0x1.f7dcddc34d09cp-58;
    p = fma(p, z, 0x1.ffd0918e34d17p-52);
    p = fma(p, z, -0x1.7aca796b5c0e5p-46);
    p = fma(p, z, 0x1.0ced6cf03c368p-40);
    p = fma(p, z, -0x1.8353cb503b8d2p-35);
    p = fma(p, z, 0x1.1eed855405d33p-29);
    p = fma(p, z, -0x1.bbd778fbfb659p-24);
    p = fma(p, z, 0x1.71de3a551669fp-18);
    p = fma(p, z, -0x1.6c16c16c16860p-12);
    p = fma(p, z, 0x1.5555555555555p-5);
    const double near = fma(p, z, 0.5 * x);
    const double far = (x > 0.0 ? x : 0.0) + klf_log(-klf_expm1(-size) / size);
    const double result = size < 2.0 ? near : far;
    return x > DBL_MAX ? x : result;
}

/* ---- Arctangent ------------------------------------------------------------------------------ */

/* atan(x) = c + atan(f) for x > 0, with
 *
 *   x <= 1/2:  f = x, c = 0;   x < 2:  f = (x - 1)/(x + 1), c = pi/4;   else  f = -1/x, c = pi/2,
 *
 * c held in two doubles, and atan(f) = f + f^3 P(f^2) for |f| <= 1/2, P of degree 11 with relative
 * error 2^-57.8. The reduction is fdlibm's (Sun, 1993), with fewer intervals.
 * All x: infinities give +-pi/2, -0 itself.
 * Max error: 1.4 ulp. */
static inline double klf_atan(double x)
{
    const double quarter_pi = 0x1.921fb54442d18p-1, quarter_pi_tail = 0x1.1a62633145c07p-55;
    const double size = fabs(x);
    double above = size > 0.5 ? size - 1.0 : size, below = size > 0.5 ? size + 1.0 : 1.0;
    above = size < 2.0 ? above : -1.0;
    below = size < 2.0 ? below : size;
    double quarters = size > 0.5 ? 1.0 : 0.0;
    quarters = size < 2.0 ? quarters : 2.0;
    const double f = above / below, z = f * f;
    double p = 0x1.4b7bd2b9bcda0p-7;
    p = fma(p, z, -0x1.c179f1a108479p-6);
    p = fma(p, z, 0x1.56f3f456cc18bp-5);
    p = fma(p, z, -0x1.a397c24e6de74p-5);
    p = fma(p, z, 0x1.dfe953e2382c5p-5);
    p = fma(p, z, -0x1.10f31c8e7d89ep-4);
    p = fma(p, z, 0x1.3b113d8502af0p-4);
    p = fma(p, z, -0x1.745cf4c7c23a3p-4);
    p = fma(p, z, 0x1.c71c7090cb6f8p-4);
    p = fma(p, z, -0x1.249249215da64p-3);
    p = fma(p, z, 0x1.999999999113dp-3);
    p = fma(p, z, -0x1.5555555555516p-2);
    const double rest = fma(f * z, p, quarters * quarter_pi_tail);
    const double high = fma(quarters, quarter_pi, f);
    const double lost = fma(quarters, quarter_pi, -high) + f;
    const double result = high + (lost + rest);
    const uint64_t sign = UINT64_C(1) << 63;
    return klf_from_bits((klf_bits(result) & ~sign) | (klf_bits(x) & sign));
}

/* ---- Sine and cosine of turns ---------------------------------------------------------------- */

/* The polynomials of the next two functions, for r in turns, |r| <= 1/8, and the quarter in the low
 * bits of `shifted`. */
static inline void klf_sincos_reduced(double r, double shifted, double *sine, double *cosine)
{
    const double two_pi = 0x1.921fb54442d18p+2, two_pi_tail = 0x1.1a62633145c07p-52;
    const double z = r * r;
    double s = 0x1.e405a9b2288bdp+1;
    s = fma(s, z, -0x1.e300ac2ad20c3p+3);
    s = fma(s, z, 0x1.507830224bd15p+5);
    s = fma(s, z, -0x1.32d2cce33ad0ap+6);
    s = fma(s, z, 0x1.466bc67758dffp+6);
    s = fma(s, z, -0x1.4abbce625be47p+5);
    s = fma(s, z, two_pi_tail);
    s = fma(r, two_pi, r * s);
    double c = -0x1.b005ad3e4bf44p+0;
    c = fma(c, z, 0x1.f9c41ce81f347p+2);
    c = fma(c, z, -0x1.a6d1e18f4c7b5p+4);
    c = fma(c, z, 0x1.e1f50674f96e1p+5);
    c = fma(c, z, -0x1.55d3c7e3bf8a0p+6);
    c = fma(c, z, 0x1.03c1f081b5a50p+6);
    c = fma(c, z, -0x1.3bd3cc9be45dep+4);
    c = fma(c, z, 1.0);
    const uint64_t n = klf_bits(shifted);
    const uint64_t odd = n & 1, sine_sign = (n & 2) << 62, cosine_sign = ((n + 1) & 2) << 62;
    *sine = klf_from_bits(klf_bits(odd ? c : s) ^ sine_sign);
    *cosine = klf_from_bits(klf_bits(odd ? s : c) ^ cosine_sign);
}

/* sin(2 pi u) and cos(2 pi u). u less its nearest integer is v, exactly; v = n/4 + r, |r| <= 1/8,
 * n read from v + 1.5*2^50, where the unit in the last place is 1/4. With z = r^2,
 *
 *   sin(2 pi r) = 2 pi r + r z S(z),   cos(2 pi r) = 1 + z C(z),
 *
 * 2 pi held in two doubles, S and C of relative error 2^-58 and less; odd n swaps them and n gives
 * the signs. All finite u (those from 2^52 on are integers: 0 and 1); infinities give NaN. A
 * zero sine at a multiple of 1/2 has the sign that sine has just above it; u = -0 gives -0.
 * Max error: 0.9 ulp each, for |u| <= 2^51. */
static inline void klf_sincos_2pi(double u, double *sine, double *cosine)
{
    const double quarter_magic = 0x1.8p50;
    const double whole = fabs(u) < 0x1p52 ? (u + KLF_MAGIC) - KLF_MAGIC : u;
    const double difference = u - whole;
    const double v = difference == difference ? difference : NAN;
    const double shifted = v + quarter_magic;
    klf_sincos_reduced(v - (shifted - quarter_magic), shifted, sine, cosine);
}

/* The same for 0 <= u <= 1, which needs no whole turns taken off: the same bits but for the sign of
 * a zero. */
static inline void klf_sincos_turn(double u, double *sine, double *cosine)
{
    const double quarter_magic = 0x1.8p50, shifted = u + quarter_magic;
    klf_sincos_reduced(u - (shifted - quarter_magic), shifted, sine, cosine);
}

/* ---- Uniforms -------------------------------------------------------------------------------- */

/* (word + 1/2) 2^-64 in (0, 1], rounded once. The high half of the word is written into the last
 * 32 places of 2^20, so that it counts 2^-32 each; the low half and the 1/2 into the last 33 places
 * of 2^-13, so that they count 2^-64 and 2^-65; the two powers leave with the first, exact, sum.
 * Never 0: at least 2^-65. */
static inline double klf_uniform(uint64_t word)
{
    const double high = klf_from_bits(klf_bits(0x1p20) | (word >> 32));
    const double low = klf_from_bits(klf_bits(0x1p-13) | ((word & UINT64_C(0xffffffff)) << 1) | 1);
    return (high - (0x1p20 + 0x1p-13)) + low;
}

#endif
