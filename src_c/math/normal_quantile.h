/* normal_quantile.h -- the standard normal distribution's quantiles, free of branches.
 *
 * Wichura (1988), "Algorithm AS 241: the percentage points of the normal distribution", Applied
 * Statistics 37, routine PPND16: three rational functions of degree 7, whose coefficients are
 * selected one by one, so that one of them is evaluated.
 */
#ifndef KLF_NORMAL_QUANTILE_H
#define KLF_NORMAL_QUANTILE_H

#include "elementary.h"

/* z of Phi(z) = p for normal p in (0, 1/2]: in the middle, p >= 0.075, q R(0.180625 - q^2) with
 * q = p - 1/2; else -R(r - 1.6) and from r = 5 on -R(r - 5), with r = sqrt(-log p). */
KLF_INLINE double klf_lower_normal_quantile(double p)
{
    const double q = p - 0.5, r = sqrt(-klf_log_normal(p));
    const int middle = q >= -0.425, near = r <= 5.0;
    const double tail = near ? r - 1.6 : r - 5.0;
    const double t = middle ? fma(-q, q, 0.180625) : tail;
#define SELECT(a, b, c) (middle ? (a) : (near ? (b) : (c)))
    double top = SELECT(2509.0809287301226727, 7.7454501427834140764e-4, 2.01033439929228813265e-7);
    top = fma(top, t,
              SELECT(33430.575583588128105, 2.27238449892691845833e-2, 2.71155556874348757815e-5));
    top = fma(top, t,
              SELECT(67265.770927008700853, 0.24178072517745061177, 1.2426609473880784386e-3));
    top = fma(top, t,
              SELECT(45921.953931549871457, 1.27045825245236838258, 2.6532189526576123093e-2));
    top = fma(top, t,
              SELECT(13731.693765509461125, 3.64784832476320460504, 0.29656057182850489123));
    top = fma(top, t,
              SELECT(1971.5909503065514427, 5.7694972214606914055, 1.7848265399172913358));
    top = fma(top, t,
              SELECT(133.14166789178437745, 4.6303378461565452959, 5.4637849111641143699));
    top = fma(top, t,
              SELECT(3.387132872796366608, 1.42343711074968357734, 6.6579046435011037772));
    double bottom =
        SELECT(5226.495278852854561, 1.05075007164441684324e-9, 2.04426310338993978564e-15);
    bottom = fma(bottom, t,
                 SELECT(28729.085735721942674, 5.475938084995344946e-4, 1.4215117583164458887e-7));
    bottom = fma(bottom, t,
                 SELECT(39307.89580009271061, 1.51986665636164571966e-2, 1.8463183175100546818e-5));
    bottom = fma(bottom, t,
                 SELECT(21213.794301586595867, 0.14810397642748007459, 7.868691311456132591e-4));
    bottom = fma(bottom, t,
                 SELECT(5394.1960214247511077, 0.68976733498510000455, 1.48753612908506148525e-2));
    bottom = fma(bottom, t,
                 SELECT(687.1870074920579083, 1.6763848301838038494, 0.13692988092273580531));
    bottom = fma(bottom, t,
                 SELECT(42.313330701600911252, 2.05319162663775882187, 0.59983220655588793769));
#undef SELECT
    const double ratio = top / fma(bottom, t, 1.0);
    return middle ? q * ratio : -ratio;
}

/* z of Phi(z) = p. 0 gives -inf, 1 gives +inf, other p outside (0, 1) NaN; subnormal p are taken as
 * DBL_MIN.
 * Max error: 6 ulp. */
KLF_INLINE double klf_normal_quantile(double p)
{
    const double least = p <= 0.5 ? p : 1.0 - p;
    const double lower = klf_lower_normal_quantile(least > DBL_MIN ? least : DBL_MIN);
    double z = p <= 0.5 ? lower : -lower;
    z = p == 0.0 ? -INFINITY : z;
    z = p == 1.0 ? INFINITY : z;
    return ((p >= 0.0) & (p <= 1.0)) ? z : NAN;
}

/* The quantile at (word + 1/2) 2^-64, which is exact in both tails. */
KLF_INLINE double klf_normal_of_word(uint64_t word)
{
    const int upper = (int)(word >> 63);
    const double lower = klf_lower_normal_quantile(klf_uniform(upper ? ~word : word));
    return upper ? -lower : lower;
}

#endif
