/* bessel_functions.h -- the modified Bessel functions I0 and I1 as the von Mises distribution needs
 * them: the logarithm of I0, the ratio A(k) = I1(k)/I0(k), 1 - A and the derivative A'.
 *
 * The rules of elementary.h hold here too, and its way of stating errors. Everywhere k >= 0;
 * negative k gives NaN. Sources: NIST Digital Library of Mathematical Functions (DLMF), sections
 * 10.25 (series), 10.29 (derivatives) and 10.40 (asymptotic expansions), which are equations
 * 9.6.10, 9.6.26 and 9.7.1 of Abramowitz and Stegun (1964); for A, Mardia and Jupp (2000),
 * Directional Statistics, appendix 1.
 *
 * k/A(k) differs little from k + 1/2. With
 *
 *   k I0(k)/I1(k) = k + 1/2 + g(k),
 *
 * g falls from 3/2 at 0 as 3/(8 k), and all follows without cancellation (A' = 1 - A/k - A^2):
 *
 *   A/k = 1/(k + 1/2 + g),   1 - A = (1/2 + g)/(k + 1/2 + g),
 *   A' = (2 k g + g^2 - 1/4)/(k + 1/2 + g)^2.
 *
 * tests/math/derive_coefficients.py fits g, whose poles are the zeros of I1, on the imaginary axis.
 * As rational functions of the distance of k or 1/k from the end of an interval, the fits have
 * positive coefficients, or nearly so, and lose nothing.
 */
#ifndef KLF_BESSEL_FUNCTIONS_H
#define KLF_BESSEL_FUNCTIONS_H

#include "elementary.h"

/* The whole k/A(k) = k + 1/2 + g as the result, *part = 1/2 + g and the numerator of A' in three
 * pieces:
 *
 *   k < 2:   k/A = 2 + z T, T = 1/4 + z R(z), z = k^2, R of degree 3 over 3; the numerator is then
 *            2 + z (3 T - 1 + z T^2);
 *   k < 16:  k g = 3/8 + R(k - 2), R of degree 12 over 13;
 *   else     k g = 3/8 + R(1/16 - 1/k), R of degree 7 over 7,
 *
 * each with error 2^-55 of g. */
KLF_INLINE double klf_bessel_parts(double k, double *part, double *numerator)
{
    const double z = k * k, t = k - 2.0, inverse = 1.0 / k, v = 0.0625 - inverse;
    double top = -0x1.13521aeb0bacfp-32;
    top = fma(top, z, -0x1.2a5be65663c4p-19);
    top = fma(top, z, -0x1.6a6bc4af23833p-12);
    top = fma(top, z, -0x1.5555555555203p-7);
    double bottom = 0x1.5473e5722a107p-17;
    bottom = fma(bottom, z, 0x1.09a74efb76e27p-9);
    bottom = fma(bottom, z, 0x1.87e869c1a2a56p-4);
    bottom = fma(bottom, z, 1.0);
    double middle_top = 0x1.c56af4d56d5e3p-39;
    middle_top = fma(middle_top, t, 0x1.6e13e4300a063p-34);
    middle_top = fma(middle_top, t, 0x1.ce2364565eff9p-30);
    middle_top = fma(middle_top, t, 0x1.f2a933559e7a4p-26);
    middle_top = fma(middle_top, t, 0x1.37bdd9b2b195p-22);
    middle_top = fma(middle_top, t, 0x1.524388ff74535p-18);
    middle_top = fma(middle_top, t, 0x1.d08bb16491c2ap-17);
    middle_top = fma(middle_top, t, 0x1.0208e44cb6cefp-11);
    middle_top = fma(middle_top, t, -0x1.32dbf6b3ac309p-12);
    middle_top = fma(middle_top, t, 0x1.3cc922a70ee3p-6);
    middle_top = fma(middle_top, t, -0x1.67c66343357dp-10);
    middle_top = fma(middle_top, t, 0x1.2fdfc0c9c2397p-3);
    middle_top = fma(middle_top, t, 0x1.6e17064c5e111p-2);
    double middle_bottom = 0x1.2ea3f6e419c12p-37;
    middle_bottom = fma(middle_bottom, t, 0x1.f18d6f35eee28p-33);
    middle_bottom = fma(middle_bottom, t, 0x1.46444b59776c7p-28);
    middle_bottom = fma(middle_bottom, t, 0x1.43164865a6dc8p-24);
    middle_bottom = fma(middle_bottom, t, 0x1.06da541831885p-20);
    middle_bottom = fma(middle_bottom, t, 0x1.64b8b402b7d76p-17);
    middle_bottom = fma(middle_bottom, t, 0x1.97912d9c108bbp-14);
    middle_bottom = fma(middle_bottom, t, 0x1.87b51578e8873p-11);
    middle_bottom = fma(middle_bottom, t, 0x1.39fbc74578c4ep-8);
    middle_bottom = fma(middle_bottom, t, 0x1.9d62dd600ca93p-6);
    middle_bottom = fma(middle_bottom, t, 0x1.b102d5280e732p-4);
    middle_bottom = fma(middle_bottom, t, 0x1.5bed2624f895ap-2);
    middle_bottom = fma(middle_bottom, t, 0x1.7b8e028f5331ep-1);
    middle_bottom = fma(middle_bottom, t, 1.0);
    double far_top = -0x1.4cd270786c3bp+18;
    far_top = fma(far_top, v, -0x1.04f1541f1e617p+19);
    far_top = fma(far_top, v, -0x1.74f85094a8fbfp+17);
    far_top = fma(far_top, v, -0x1.f1d35a9e44e42p+13);
    far_top = fma(far_top, v, 0x1.0f6abe97216c1p+9);
    far_top = fma(far_top, v, 0x1.dd0c421573b62p+5);
    far_top = fma(far_top, v, 0x1.13792ac52212ap+0);
    far_top = fma(far_top, v, 0x1.a37078640125cp-6);
    double far_bottom = 0x1.c09e2263074eep+19;
    far_bottom = fma(far_bottom, v, 0x1.39bdd2ff77988p+21);
    far_bottom = fma(far_bottom, v, 0x1.04c015d705efap+21);
    far_bottom = fma(far_bottom, v, 0x1.4240f902580e6p+19);
    far_bottom = fma(far_bottom, v, 0x1.31addb9182142p+16);
    far_bottom = fma(far_bottom, v, 0x1.a2302b67c3052p+11);
    far_bottom = fma(far_bottom, v, 0x1.dc7e384353f07p+5);
    far_bottom = fma(far_bottom, v, 1.0);
    top = k < 2.0 ? top : middle_top;
    top = k < 16.0 ? top : far_top;
    bottom = k < 2.0 ? bottom : middle_bottom;
    bottom = k < 16.0 ? bottom : far_bottom;
    const double ratio = top / bottom;
    const double slope = fma(z, ratio, 0.25);             /* T, for k < 2 */
    const double gap = (0.375 + ratio) * inverse;         /* g, elsewhere */
    const double inner = fma(z * slope, slope, fma(3.0, slope, -1.0));
    *part = k < 2.0 ? fma(z, slope, 2.0 - k) : 0.5 + gap;
    *numerator = k < 2.0 ? fma(z, inner, 2.0) : fma(gap, gap, fma(2.0, ratio, 0.5));
    return k < 2.0 ? fma(z, slope, 2.0) : k + *part;
}

/* A(k)/k, the variance of the sine under the von Mises distribution: 1/2 at 0, 0 at +inf.
 * Max error: 1.7 ulp. */
static inline double klf_bessel_bend(double k)
{
    double part, numerator;
    const double whole = klf_bessel_parts(k, &part, &numerator);
    return k >= 0.0 ? 1.0 / whole : NAN;
}

/* 1 - A(k): 1 at 0, 1/(2 k) for large k, 0 at +inf.
 * Max error: 2.4 ulp. */
static inline double klf_bessel_ratio_complement(double k)
{
    double part, numerator;
    const double whole = klf_bessel_parts(k, &part, &numerator);
    return k >= 0.0 ? part / whole : NAN;
}

/* A(k) = I1(k)/I0(k), the mean resultant length: k/2 near 0, 1 at +inf.
 * Max error: 1.6 ulp. */
static inline double klf_bessel_ratio(double k)
{
    double part, numerator;
    const double whole = klf_bessel_parts(k, &part, &numerator);
    const double result = k < 2.0 ? k / whole : 1.0 - part / whole;
    return k >= 0.0 ? result : NAN;
}

/* A'(k), the variance of the cosine: 1/2 at 0, 1/(2 k^2) for large k, 0 at +inf.
 * Max error: 5 ulp. */
static inline double klf_bessel_ratio_derivative(double k)
{
    double part, numerator;
    const double whole = klf_bessel_parts(k, &part, &numerator);
    return k >= 0.0 ? numerator / whole / whole : NAN;
}

/* log(I0(k) exp(-k)), which is -k near 0 and -log(2 pi k)/2 for large k:
 *
 *   k < 8:  log(1 + u) - k, u = I0(k) - 1 = z P(z), z = k^2, P of degree 14 and relative error
 *           2^-57; the logarithm is held in two doubles;
 *   else    log(S^2/(2 pi k))/2, where S = I0(k) exp(-k) sqrt(2 pi k) is a rational function of
 *           1/8 - 1/k of degree 9 over 9 whose error is 2^-54 of the result.
 *
 * +inf gives -inf.
 * Max error: 2.8 ulp. */
KLF_INLINE double klf_log_bessel_i0_scaled(double k)
{
    const double two_pi = 0x1.921fb54442d18p+2;
    const double z = k * k, inverse = 1.0 / k, t = 0.125 - inverse;
    double p = 0x1.19028d3ee2a9ep-110;
    p = fma(p, z, 0x1.13b6930a2cc3p-101);
    p = fma(p, z, 0x1.f16ab95ef1c9cp-92);
    p = fma(p, z, 0x1.40c949ba8471ep-82);
    p = fma(p, z, 0x1.69e0db4f7f114p-73);
    p = fma(p, z, 0x1.55ffd7795a769p-64);
    p = fma(p, z, 0x1.0b3149f3cbd37p-55);
    p = fma(p, z, 0x1.522a422b46ef8p-47);
    p = fma(p, z, 0x1.522a440ec6a7ep-39);
    p = fma(p, z, 0x1.02e85c07b898p-31);
    p = fma(p, z, 0x1.23456789b6053p-24);
    p = fma(p, z, 0x1.c71c71c71be76p-18);
    p = fma(p, z, 0x1.c71c71c71c756p-12);
    p = fma(p, z, 0x1.fffffffffffffp-7);
    p = fma(p, z, 0.25);
    double top = 0x1.37c2a4381c0d9p+18;
    top = fma(top, t, 0x1.464bb369ac769p+23);
    top = fma(top, t, 0x1.02cb11058a236p+24);
    top = fma(top, t, 0x1.b22179c215c61p+21);
    top = fma(top, t, 0x1.a12cc8953e6e4p+14);
    top = fma(top, t, 0x1.25f10ab0dda91p+15);
    top = fma(top, t, -0x1.165bbca2bbbd2p+10);
    top = fma(top, t, 0x1.3800ddff9c42bp+8);
    top = fma(top, t, -0x1.5c619e15c356ep+3);
    top = fma(top, t, 0x1.0453e06d491ep+0);
    double bottom = 0x1.d07afce17c8eap+19;
    bottom = fma(bottom, t, 0x1.800b3f9a0f4eap+23);
    bottom = fma(bottom, t, 0x1.064fb7447a1e3p+24);
    bottom = fma(bottom, t, 0x1.aae5a078740b2p+21);
    bottom = fma(bottom, t, 0x1.f0c1dae52e6e6p+14);
    bottom = fma(bottom, t, 0x1.1f90a7f47940dp+15);
    bottom = fma(bottom, t, -0x1.064f351ee54cep+10);
    bottom = fma(bottom, t, 0x1.312b8c9c2cb67p+8);
    bottom = fma(bottom, t, -0x1.51f3c1d4a67dcp+3);
    bottom = fma(bottom, t, 1.0);
    const double scaled = top / bottom, excess = z * p;
    const double ratio = k < 8.0 ? 1.0 + excess : scaled * scaled * inverse / two_pi;
    double exponent, high, half_square, ignored;
    const double m = klf_log_reduce(ratio, &exponent);
    const double f = exponent == 0.0 ? excess : m - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &ignored);
    const double low = klf_log_sum(exponent, f, deficit, &high);
    double result = k < 8.0 ? (high - k) + low : 0.5 * (high + low);
    result = k > DBL_MAX ? -INFINITY : result;
    return k >= 0.0 ? result : NAN;
}

#endif
