/* zeta_functions.h -- the logarithm of Riemann's zeta function and its first two derivatives, as
 * the Zipf (zeta) distribution p(n) = n^-s/zeta(s) needs them: log n has mean -zeta'(s)/zeta(s) and
 * variance (log zeta)''(s).
 *
 * Scalar functions, for the constants of a distribution and not for hot loops; deterministic by the
 * rules of elementary.h, whose way of stating errors holds here too. Sources: NIST Digital Library
 * of Mathematical Functions (DLMF), section 25.2: equations 25.2.1 (the series), 25.2.4 (Laurent's
 * series at 1) and 25.2.9 (the formula of Euler and Maclaurin).
 *
 * The arguments are s > 1 and e = s - 1, so that no digit is lost at either end: e is used where
 * e <= 1, s elsewhere. e = 0 gives +inf, negative e and NaN give NaN, s = +inf gives 0. Near 1,
 *
 *   log zeta = -log e + e R0(e),   -zeta'/zeta = 1/e - R1(e),   (log zeta)'' = 1/e^2 - R2(e),
 *
 * R0, R1, R2 > 0 rational of degree 5 over 5 on 0 <= e <= 1, with errors below 2^-59 of the left
 * sides (tests/math/derive_coefficients.py).
 */
#ifndef KLF_ZETA_FUNCTIONS_H
#define KLF_ZETA_FUNCTIONS_H

#include "elementary.h"

/* The sums over n >= 2 of n^-s, n^-s log n and n^-s (log n)^2: zeta - 1, -zeta' and zeta''. */
typedef struct {
    double excess, first, second;
} klf_zeta_sums;

/* n^-s = exp(-s log n), log n and the exponent held in two doubles. */
static inline double klf_zeta_power(double s, double log_n, double log_n_tail)
{
    const double exponent = s * log_n, lost = fma(s, log_n, -exponent);
    const double whole = klf_exp(-exponent);
    return fma(-whole, fma(s, log_n_tail, lost), whole);
}

/* The sums for s >= 2; the terms from n = 10 on, by the formula of Euler and Maclaurin, are
 *
 *   10^-s f(s),   f(s) = 10/(s - 1) + 1/2 + sum of B(2k)/(2k)! s (s + 1)...(s + 2k - 2) 10^(1-2k)
 *
 * over k = 1, ..., 8, which leaves less than 10^-17 of zeta - 1, and its derivatives. */
static inline klf_zeta_sums klf_zeta_series(double s)
{
    static const double log_head[] = {
        0x1.62e42fefa39efp-1, 0x1.193ea7aad030bp+0, 0x1.62e42fefa39efp+0,
        0x1.9c041f7ed8d33p+0, 0x1.cab0bfa2a2002p+0, 0x1.f2272ae325a57p+0,
        0x1.0a2b23f3bab73p+1, 0x1.193ea7aad030bp+1, 0x1.26bb1bbb55516p+1}; /* log 2 to log 10 */
    static const double log_tail[] = {
        0x1.abc9e3b39803fp-56, -0x1.a256f99caabebp-54, 0x1.abc9e3b39803fp-55,
        0x1.abf7dde94581dp-54, 0x1.9136fea076849p-55, 0x1.51bda525b3c98p-54,
        0x1.a06bb56359018p-53, -0x1.a256f99caabebp-53, -0x1.f48ad494ea3e9p-53};
    static const double factor[] = { /* B(2k)/(2k)! */
        1.0 / 12.0, -1.0 / 720.0, 1.0 / 30240.0, -1.0 / 1209600.0, 1.0 / 47900160.0,
        -691.0 / 1307674368000.0, 1.0 / 74724249600.0, -3617.0 / 10670622842880000.0};
    s = s > 2000.0 ? 2000.0 : s; /* 2^-2000 rounds to 0 */
    const double inverse = 1.0 / (s - 1.0);
    double f0 = fma(10.0, inverse, 0.5), f1 = 10.0 * inverse * inverse; /* f and -f' */
    double f2 = 2.0 * f1 * inverse;                                     /* f'' */
    double product = 0.1 * s;    /* s...(s + 2k - 2) 10^(1-2k) */
    double sum = 1.0 / s, square = sum * sum; /* of 1/(s + j) and of their squares */
    for (int k = 0; k < 8; k++) {
        const double term = factor[k] * product;
        f0 += term;
        f1 -= term * sum;
        f2 += term * (sum * sum - square);
        const double a = s + (2 * k + 1), b = a + 1.0, inverse_a = 1.0 / a, inverse_b = 1.0 / b;
        product *= 0.01 * a * b;
        sum += inverse_a + inverse_b;
        square += inverse_a * inverse_a + inverse_b * inverse_b;
    }
    const double ten = klf_zeta_power(s, log_head[8], log_tail[8]);
    klf_zeta_sums sums = {
        ten * f0, ten * fma(log_head[8], f0, f1),
        ten * fma(log_head[8], fma(log_head[8], f0, 2.0 * f1), f2)};
    for (int i = 7; i >= 0; i--) {
        const double log_n = log_head[i], power = klf_zeta_power(s, log_n, log_tail[i]);
        sums.excess += power;
        sums.first += power * log_n;
        sums.second += power * log_n * log_n;
    }
    return sums;
}

/* R0(e) = (log zeta(s) + log e)/e, for 0 <= e <= 1. */
static inline double klf_zeta_r0(double e)
{
    double top = 0x1.637fe3450f6f1p-21;
    top = fma(top, e, 0x1.c6a926c12b3d2p-13);
    top = fma(top, e, 0x1.963b978c432c8p-9);
    top = fma(top, e, 0x1.94084518e102ap-5);
    top = fma(top, e, 0x1.3e836d0a25d05p-2);
    top = fma(top, e, 0x1.2788cfc6fb618p-1);
    double bottom = 0x1.ae3f645ccae51p-15;
    bottom = fma(bottom, e, 0x1.3dbd8d992581p-10);
    bottom = fma(bottom, e, 0x1.2ce8f2c9718f8p-6);
    bottom = fma(bottom, e, 0x1.5b3426c33d8c6p-3);
    bottom = fma(bottom, e, 0x1.6715558c1428p-1);
    bottom = fma(bottom, e, 1.0);
    return top / bottom;
}

/* R1(e) = 1/e + zeta'(s)/zeta(s), for 0 <= e <= 1: the derivative of e R0. */
static inline double klf_zeta_r1(double e)
{
    double top = -0x1.e0a34bd031d0cp-19;
    top = fma(top, e, 0x1.731fc648338b5p-13);
    top = fma(top, e, 0x1.b1bee3ff06d78p-12);
    top = fma(top, e, 0x1.9318962a1b63fp-6);
    top = fma(top, e, 0x1.00705e591e8d3p-2);
    top = fma(top, e, 0x1.2788cfc6fb61bp-1);
    double bottom = 0x1.2a5a15d9160e6p-14;
    bottom = fma(bottom, e, 0x1.8dd078226aab2p-10);
    bottom = fma(bottom, e, 0x1.7bd6ec6380e8fp-6);
    bottom = fma(bottom, e, 0x1.98ce2ac283b69p-3);
    bottom = fma(bottom, e, 0x1.847db7deff259p-1);
    bottom = fma(bottom, e, 1.0);
    return top / bottom;
}

/* log zeta(s), 2^-s for large s.
 * Max error: 3 ulp. */
static inline double klf_log_zeta(double s, double e)
{
    if (e > 1.0)
        return klf_log1p(klf_zeta_series(s).excess);
    return fma(e, klf_zeta_r0(e), -klf_log(e));
}

/* The mean of log n, -zeta'(s)/zeta(s): 1/e near 1, 2^-s log 2 for large s.
 * Max error: 3.5 ulp. */
static inline double klf_zeta_log_mean(double s, double e)
{
    double mean = 1.0 / e - klf_zeta_r1(e);
    if (e > 1.0) {
        const klf_zeta_sums sums = klf_zeta_series(s);
        mean = sums.first / (1.0 + sums.excess);
    }
    return e >= 0.0 && mean >= 0.0 ? mean : NAN;
}

/* The variance of log n, (log zeta)''(s): 1/e^2 near 1, 2^-s (log 2)^2 for large s.
 * Max error: 5 ulp. */
static inline double klf_zeta_log_variance(double s, double e)
{
    double top = -0x1.3c4ff46ef737dp-19;
    top = fma(top, e, 0x1.3c66d89cf632dp-14);
    top = fma(top, e, -0x1.5fe55d60c8755p-11);
    top = fma(top, e, 0x1.f9613f4bd2545p-9);
    top = fma(top, e, 0x1.2e75022330073p-4);
    top = fma(top, e, 0x1.80183d444c8acp-3);
    double bottom = 0x1.96e4c38aebd26p-13;
    bottom = fma(bottom, e, 0x1.0d88dda72c869p-9);
    bottom = fma(bottom, e, 0x1.39d735c71f068p-5);
    bottom = fma(bottom, e, 0x1.38c785e4cf854p-2);
    bottom = fma(bottom, e, 0x1.e3cebea8adaf2p-1);
    bottom = fma(bottom, e, 1.0);
    double variance = 1.0 / e / e - top / bottom;
    if (e > 1.0) {
        const klf_zeta_sums sums = klf_zeta_series(s);
        const double whole = 1.0 + sums.excess, mean = sums.first / whole;
        variance = fma(-mean, mean, sums.second / whole);
    }
    return e >= 0.0 && variance >= 0.0 ? variance : NAN;
}

#endif
