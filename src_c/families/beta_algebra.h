/* beta_algebra.h -- moments of log x and log y, y = 1 - x, under Beta(a, b), and the standard
 * coordinates made of them.
 *
 * With s = a + b, m = a/s, n = b/s, f(z) = lgamma(z) - z log z + z, f' = psi - log = g and
 * e = f'' = psi1 - 1/z, the centred statistics X = log x - E log x, Y = log y - E log y have
 *
 *   Var X = psi1(a) - psi1(s),  Var Y = psi1(b) - psi1(s),  Cov = -psi1(s).
 *
 * Which pair of their combinations is well conditioned depends on the shapes:
 *
 *   wide, min(a, b) < 1:  (a X, b Y), whose correlation is below 0.8 however unequal the shapes
 *   (nearly collinear, and X and Y cancel in x + y = 1, for large ones);
 *
 *   narrow:  (u, l) with u = X - Y and l = a X + b Y, that is log(x/m) a + log(y/n) b =
 *   -(a phi(x/m) + b phi(y/n)) less its mean. Here the terms 1/z of psi1 cancel exactly:
 *     Var u = psi1(a) + psi1(b),  Cov = a e(a) - b e(b),  Var l = a^2 e(a) + b^2 e(b) - s^2 e(s),
 *     E u = log(m/n) + g(a) - g(b),  E l = a g(a) + b g(b) - s g(s).
 *   z^2 e(z) falls from 1 to 1/2 and z g(z) rises from -1 to -1/2, so that nothing else cancels;
 *   the correlation is below 0.8.
 *
 * The standard score is the pair (w1, w2) made orthogonal by Cholesky's factorisation of its
 * covariance: w1 = r11 s1, w2 = r21 s1 + r22 s2.
 *
 * Source of the moments: Johnson, Kotz and Balakrishnan (1995), vol. 2, chapter 25.
 */
#ifndef KLF_BETA_ALGEBRA_H
#define KLF_BETA_ALGEBRA_H

#include "../math/gamma_increments.h"
#include "family.h"

/* a/(a + b), also where the sum overflows. */
static inline double beta_share(double a, double b)
{
    return a + b <= DBL_MAX ? a / (a + b) : 0.5 * a / (0.5 * a + 0.5 * b);
}

/* log(a/(a + b)), to relative accuracy. */
static inline double beta_log_share(double a, double b)
{
    if (b <= a)
        return -klf_log1p(b / a);
    const double ratio = a / b;
    return (ratio > 0x1p-1000 ? klf_log(ratio) : klf_log(a) - klf_log(b)) - klf_log1p(ratio);
}

static inline double beta_total(double a, double b)
{
    return a + b <= DBL_MAX ? a + b : DBL_MAX;
}

/* z^2 e(z) and z g(z), whose factors may leave the range. */
static inline double beta_scaled_trigamma(double z)
{
    const double inside = z * (z * klf_trigamma_minus_inverse(z));
    return z < 0x1p-60 ? 1.0 - z : (z > 0x1p60 ? 0.5 : inside);
}

static inline double beta_scaled_digamma(double z)
{
    return z < 0x1p-1000 ? -1.0 : z * klf_digamma_minus_log(z);
}

/* E log(x/y) = psi(a) - psi(b), from their difference. */
static inline double beta_mean_log_odds(double a, double b)
{
    if (a == b)
        return 0.0;
    return a > b ? klf_digamma_increment(b, a - b) / b : -klf_digamma_increment(a, b - a) / a;
}

/* ---- The pair of statistics ------------------------------------------------------------------ */

typedef struct {
    double first, second, both; /* the variances and the covariance */
} beta_covariance;

static inline int beta_is_wide(double a, double b)
{
    return (a < 1.0) | (b < 1.0);
}

static inline beta_covariance beta_pair_covariance(int wide, double a, double b)
{
    const double s = beta_total(a, b);
    if (wide) {
        const double total = s > 0x1p60 ? s : s + beta_scaled_trigamma(s); /* s^2 psi1(s) */
        return (beta_covariance){klf_trigamma_increment(a, b), klf_trigamma_increment(b, a),
                                 -beta_share(a, b) * total * beta_share(b, a)};
    }
    const double of_a = beta_scaled_trigamma(a), of_b = beta_scaled_trigamma(b);
    return (beta_covariance){(1.0 + of_a / a) / a + (1.0 + of_b / b) / b,
                             of_a + (of_b - beta_scaled_trigamma(s)), of_a / a - of_b / b};
}

/* The means of the pair: E a log x and E b log y; or those of u less log(m/n) and of l. */
static inline void beta_pair_means(int wide, double a, double b, double *first, double *second)
{
    if (wide) {
        *first = -klf_digamma_increment(a, b);
        *second = -klf_digamma_increment(b, a);
        return;
    }
    *first = klf_digamma_minus_log(a) - klf_digamma_minus_log(b);
    *second = beta_scaled_digamma(a)
              + (beta_scaled_digamma(b) - beta_scaled_digamma(beta_total(a, b)));
}

/* ---- Standard coordinates -------------------------------------------------------------------- */

typedef struct {
    double is_wide, a, b, share_a, share_b;
    double r11, r21, r22;
    /* the score is s1 = first w - first_mean, w = log x or u; s2 = second_a phi(x/m) + second_b w'
     * - second_mean - regression s1, w' = log y or phi(y/n) */
    double first, first_mean, second_a, second_b, second_mean, regression;
    double first_unit, second_unit; /* those of first and second_b, which could overflow else */
} beta_coordinates;

static inline beta_coordinates beta_prepare_coordinates(double a, double b)
{
    const int wide = beta_is_wide(a, b);
    const beta_covariance v = beta_pair_covariance(wide, a, b);
    double first, second;
    beta_pair_means(wide, a, b, &first, &second);
    beta_coordinates c = {.is_wide = wide ? 1.0 : 0.0, .a = a, .b = b};
    c.share_a = beta_share(a, b);
    c.share_b = beta_share(b, a);
    c.r11 = sqrt(klf_clamp_positive(v.first));
    c.r21 = v.both / c.r11;
    c.r22 = sqrt(klf_clamp_positive(v.second - c.r21 * c.r21));
    const int huge_a = wide & (a > 0x1p400), huge_b = wide & (b > 0x1p400);
    c.first_unit = huge_a ? 0x1p600 : 1.0;
    c.second_unit = huge_b ? 0x1p600 : 1.0;
    c.first = wide ? a / c.first_unit / c.r11 : 1.0 / c.r11;
    c.first_mean = first / c.r11;
    /* finite: beyond 1e307 too they multiply zeros */
    c.second_a = wide ? 0.0 : klf_clamp_finite(-a / c.r22);
    c.second_b = wide ? b / c.second_unit / c.r22 : klf_clamp_finite(-b / c.r22);
    c.second_mean = second / c.r22;
    c.regression = c.r21 / c.r22;
    return c;
}

/* (a X, b Y) of a standard score. */
static inline void beta_log_scores(const beta_coordinates *c, const double *s, double *by_log_a,
                                   double *by_log_b)
{
    const double first = c->r11 * s[0];
    const double second = fma(c->r21, klf_clamp_finite(s[0]), c->r22 * s[1]);
    const int wide = c->is_wide > 0.0;
    /* X = l/s + n u,  Y = l/s - m u */
    *by_log_a = wide ? first : c->share_a * fma(c->b, first, second);
    *by_log_b = wide ? second : c->share_b * fma(-c->a, first, second);
}

/* What a direction adds to a and b, as shares of them. */
static inline void beta_growth(const beta_coordinates *c, const double *direction, double *of_a,
                               double *of_b)
{
    const double second = direction[1] / c->r22; /* the coefficients of w2 and w1 */
    const double first = (direction[0] - c->r21 * second) / c->r11;
    const int wide = c->is_wide > 0.0;
    *of_a = wide ? first : second + first / c->a;
    *of_b = wide ? second : second - first / c->b;
}

#endif
