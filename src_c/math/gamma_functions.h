/* gamma_functions.h -- the logarithm of the gamma function, its derivatives, and what is left of
 * them when their leading asymptotic terms are taken away.
 *
 * The rules of elementary.h hold here too, and its way of stating errors. Sources: NIST Digital
 * Library of Mathematical Functions (DLMF), sections 5.5 (recurrences), 5.11 and 5.15 (asymptotic
 * expansions), which are equations 6.1.15, 6.1.41, 6.3.5, 6.3.18, 6.4.6 and 6.4.12 of Abramowitz
 * and Stegun (1964), Handbook of Mathematical Functions.
 *
 * The asymptotic series in 1/x diverge, but each remainder is a smooth function on 0 <= 1/x <= 1,
 * all of whose singularities lie at x <= 0. In w = 1/(x + a) they lie farther from the interval
 * than in 1/x, so that one polynomial in w serves all of x >= 1; a was chosen by trial for the
 * shortest. tests/math/derive_coefficients.py fits them.
 */
#ifndef KLF_GAMMA_FUNCTIONS_H
#define KLF_GAMMA_FUNCTIONS_H

#include "elementary.h"

/* ---- Logarithm of the gamma function --------------------------------------------------------- */

/* The series of the next function, for w = 1/(x + KLF_STIRLING_SHIFT). */
static const double KLF_STIRLING_SHIFT = 0.6875;

static inline double klf_stirling_series(double w)
{
    double p = 0x1.1d208e25e74aap-8;
    p = fma(p, w, -0x1.548911d2c55d6p-6);
    p = fma(p, w, 0x1.896535ea97f2ap-5);
    p = fma(p, w, -0x1.15de8d2c82b6bp-4);
    p = fma(p, w, 0x1.08d37eee80f9fp-4);
    p = fma(p, w, -0x1.50aaf78bc1201p-5);
    p = fma(p, w, 0x1.1548fc2d0be6dp-6);
    p = fma(p, w, -0x1.0855ffb9017edp-9);
    p = fma(p, w, 0x1.2dd85b00944e7p-11);
    p = fma(p, w, 0x1.411e6c261c377p-10);
    p = fma(p, w, 0x1.abac1e80ccd8bp-9);
    p = fma(p, w, 0x1.2854ce20fbe19p-8);
    p = fma(p, w, 0x1.aa0c88c8673dfp-8);
    p = fma(p, w, 0x1.79ea23d572985p-7);
    p = fma(p, w, 0x1.5dccccdc91634p-6);
    p = fma(p, w, 0x1.2be93e93cd159p-5);
    p = fma(p, w, 0x1.d5555555557efp-5);
    p = fma(p, w, 0x1.5555555555555p-4);
    return w * p;
}

/* delta(x) = lgamma(x) - (x - 1/2) log x + x - log(2 pi)/2 = 1/(12 x) - 1/(360 x^3) + ... (DLMF
 * 5.11.1), the error of Stirling's formula, as w P(w), w = 1/(x + 11/16), P of degree 17 with
 * relative error 2^-54. For x >= 1; +inf gives 0; below 1 the value means nothing.
 * Max error: 3.5 ulp, absolutely 3e-17. */
static inline double klf_stirling_error(double x)
{
    return klf_stirling_series(1.0 / (x + KLF_STIRLING_SHIFT));
}

/* lgamma(x) in three pieces:
 *
 *   x >= 37/16:  (x - 1/2) (log x - 1) + (log(2 pi) - 1)/2 + delta(x), log x held in two doubles;
 *   x >= 7/8:    (u^2 - u) P(u)/Q(u), u = x - 1: the factor that holds the zeros at 1 and 2 is
 *                rounded once; P/Q has degree 7 over 6 and relative error 2^-54.5;
 *   x <  7/8:    lgamma(x + 1) - log x, the former by the second piece with u = x.
 *
 * x = 0 and +inf give +inf, negative x NaN.
 * Max error: 4.5 ulp. */
static inline double klf_lgamma(double x)
{
    double k, high, half_square, ignored;
    const double f = klf_log_reduce(x, &k) - 1.0;
    const double low = klf_log_sum(k, f, klf_log_deficit(f, &half_square, &ignored), &high);

    const double u = x < 0.875 ? x : x - 1.0;
    double p = -0x1.cbe537065ea06p-21;
    p = fma(p, u, 0x1.3f2f9985a9672p-14);
    p = fma(p, u, 0x1.3894c9db16fc8p-7);
    p = fma(p, u, 0x1.152a6c5b7ac9cp-3);
    p = fma(p, u, 0x1.5c9ee392643e6p-1);
    p = fma(p, u, 0x1.84fed3290530cp+0);
    p = fma(p, u, 0x1.8a0c352803aa2p+0);
    p = fma(p, u, 0x1.2788cfc6fb619p-1);
    double q = 0x1.9c3a407da6e9bp-9;
    q = fma(q, u, 0x1.3696e620fb9dcp-4);
    q = fma(q, u, 0x1.31d1f59ba850dp-1);
    q = fma(q, u, 0x1.0dedd30812f04p+1);
    q = fma(q, u, 0x1.d6a06de716cbp+1);
    q = fma(q, u, 0x1.8bb86ca2e22b1p+1);
    q = fma(q, u, 1.0);
    const double middle = fma(u, u, -u) * p / q;
    const double small = (middle - low) - high;

    const double constant = 0x1.acfe390c97d69p-2; /* (log(2 pi) - 1)/2 */
    const double shifted = x - 0.5;
    const double minor = fma(shifted, low, constant + klf_stirling_error(x));
    const double large = fma(shifted, high - 1.0, minor);

    double result = x < 0.875 ? small : middle;
    result = x < 2.3125 ? result : large;
    result = x > 0.0 ? result : NAN;
    return x == 0.0 || x > DBL_MAX ? INFINITY : result;
}

/* ---- First derivative ------------------------------------------------------------------------ */

/* psi(x) - log x for x >= 1, = -1/(2 x) - 1/(12 x^2) + ... (DLMF 5.11.2), as -w P(w),
 * w = 1/(x + 5/8), P of degree 18 with relative error 2^-55. */
static inline double klf_digamma_minus_log_from_1(double x)
{
    const double w = 1.0 / (x + 0.625);
    double p = 0x1.b89cd320c5974p-6;
    p = fma(p, w, -0x1.0114d1788b296p-3);
    p = fma(p, w, 0x1.19110e0d37a13p-2);
    p = fma(p, w, -0x1.622b5bf2657b8p-2);
    p = fma(p, w, 0x1.0c7f6ce7de98ap-2);
    p = fma(p, w, -0x1.647c0acbfbf1ep-4);
    p = fma(p, w, -0x1.d3441f2a83afap-6);
    p = fma(p, w, 0x1.d84c792df3559p-5);
    p = fma(p, w, -0x1.953efd92f0d6fp-7);
    p = fma(p, w, 0x1.6b0e71b2d17p-7);
    p = fma(p, w, 0x1.98b83b9548da8p-6);
    p = fma(p, w, 0x1.31ca195e5c887p-5);
    p = fma(p, w, 0x1.a74d7397bf8d5p-5);
    p = fma(p, w, 0x1.52a6995b4d723p-4);
    p = fma(p, w, 0x1.183ffed160f52p-3);
    p = fma(p, w, 0x1.b0eeeef59d70fp-3);
    p = fma(p, w, 0x1.32aaaaaaa1136p-2);
    p = fma(p, w, 0x1.95555555555fp-2);
    p = fma(p, w, 0.5);
    return -w * p;
}

/* psi(x) - log x, of which the first piece serves x >= 1. Below, by psi(x) = psi(x + 1) - 1/x,
 *
 *   psi(x) - log x = (psi(x + 1) - log(x + 1)) - (v - log(1 + v)),   v = 1/x,
 *
 * both terms negative. x = 0 gives -inf, +inf gives -0, negative x NaN.
 * Max error: 4 ulp. */
static inline double klf_digamma_minus_log(double x)
{
    const double v = 1.0 / x;
    double excess;
    (void)klf_log_ratio(1.0 + v, v, &excess);
    const double raised = klf_digamma_minus_log_from_1(x < 1.0 ? x + 1.0 : x);
    double result = x < 1.0 ? raised - excess : raised;
    result = x >= 0.0 ? result : NAN;
    return x == 0.0 ? -INFINITY : result;
}

/* psi(x) in three pieces:
 *
 *   x >= 2:  log x + (psi(x) - log x);
 *   x >= 1:  (x - x0) P(u)/Q(u), u = x - 1, about the zero x0 = 1.4616..., held in two doubles; the
 *            rational function of degree 6 over 5 has relative error 2^-56;
 *   x <  1:  psi(x + 1) - 1/x, the former by the second piece with u = x.
 *
 * x = 0 gives -inf, +inf gives +inf, negative x NaN.
 * Max error: 4 ulp. */
static inline double klf_digamma(double x)
{
    const double zero_less_1 = 0x1.d8b618d5af8fcp-2, zero_tail = 0x1.b86a722197829p-54;
    const double u = x < 1.0 ? x : x - 1.0;
    double p = -0x1.5e0935c598034p-21;
    p = fma(p, u, 0x1.da59f084ebc99p-15);
    p = fma(p, u, 0x1.32119f4537cf5p-7);
    p = fma(p, u, 0x1.357b050ceb077p-3);
    p = fma(p, u, 0x1.a49faf8706deap-1);
    p = fma(p, u, 0x1.c1b0ae45b1e8bp+0);
    p = fma(p, u, 0x1.4018e9a62525ep+0);
    double q = 0x1.30346a6327bc6p-9;
    q = fma(q, u, 0x1.d332082fea92ep-5);
    q = fma(q, u, 0x1.cbd6d9a6b5fc1p-2);
    q = fma(q, u, 0x1.7b95b887026b8p+0);
    q = fma(q, u, 0x1.0b50bc1f5991ap+1);
    q = fma(q, u, 1.0);
    const double middle = ((u - zero_less_1) - zero_tail) * p / q;
    double result = x < 1.0 ? middle - 1.0 / x : middle;
    result = x < 2.0 ? result : klf_log(x) + klf_digamma_minus_log_from_1(x);
    result = x >= 0.0 ? result : NAN;
    return x == 0.0 ? -INFINITY : result;
}

/* ---- Second derivative ----------------------------------------------------------------------- */

/* psi'(x) - 1/x = 1/(2 x^2) + 1/(6 x^3) - ... (DLMF 5.15.8), as w^2 P(w), w = 1/(x + 5/8), P of
 * degree 20 with relative error 2^-56, for x >= 1; below, by psi'(x) = psi'(x + 1) + 1/x^2,
 *
 *   psi'(x) - 1/x = (psi'(x + 1) - 1/(x + 1)) + 1/(x^2 (x + 1)).
 *
 * x = 0 gives +inf, +inf gives 0, negative x NaN.
 * Max error: 6 ulp. */
static inline double klf_trigamma_minus_inverse(double x)
{
    const double raised = x < 1.0 ? x + 1.0 : x;
    const double w = 1.0 / (raised + 0.625);
    double p = 0x1.d809622893d1ep-1;
    p = fma(p, w, -0x1.6b572f3133d74p+2);
    p = fma(p, w, 0x1.09aed653a97dbp+4);
    p = fma(p, w, -0x1.e1ec8b109ab8p+4);
    p = fma(p, w, 0x1.2cd4707fddb46p+5);
    p = fma(p, w, -0x1.0dacee074bd39p+5);
    p = fma(p, w, 0x1.5f59793fc5b5p+4);
    p = fma(p, w, -0x1.405e739cb8286p+3);
    p = fma(p, w, 0x1.7768436c1759cp+1);
    p = fma(p, w, -0x1.11d161a3abc9dp-2);
    p = fma(p, w, 0x1.4263fb596b1f8p-4);
    p = fma(p, w, 0x1.2f3210f25ea5fp-4);
    p = fma(p, w, 0x1.d58989e92da5fp-3);
    p = fma(p, w, 0x1.31535a25888b5p-2);
    p = fma(p, w, 0x1.726be032b92d8p-2);
    p = fma(p, w, 0x1.fbf98523a3b62p-2);
    p = fma(p, w, 0x1.5e4ffff7e9acap-1);
    p = fma(p, w, 0x1.b0eeeeef47333p-1);
    p = fma(p, w, 0x1.cbfffffffeb8ap-1);
    p = fma(p, w, 0x1.955555555556dp-1);
    p = fma(p, w, 0.5);
    const double v = 1.0 / x;
    double result = w * (w * p);
    result = x < 1.0 ? result + v * (v / raised) : result;
    return x >= 0.0 ? result : NAN;
}

/* psi'(x) = 1/x + (psi'(x) - 1/x), a sum of positive terms. x = 0 gives +inf, +inf gives 0,
 * negative x NaN.
 * Max error: 4 ulp. */
static inline double klf_trigamma(double x)
{
    const double sum = fabs(1.0 / x) + klf_trigamma_minus_inverse(x);
    return x >= 0.0 ? sum : NAN;
}

#endif
