/* beta_divergence.h -- log-partition, entropy and Kullback-Leibler divergence of Beta(a, b), in
 * which the logarithms of large shapes meet before they are multiplied.
 *
 * With f(z) = lgamma(z) - z log z + z, f' = psi - log, e = f'' = psi1 - 1/z, m = a/s, n = b/s:
 *
 *   log B(a, b) = f(a) + f(b) - f(s) + a log m + b log n
 *   D(p||q) = s_q KL(m_q || m_p) + F(a) + F(b) - F(s)
 *
 * with KL that of two Bernoulli probabilities and F(z) = f(z_q) - f(z_p) - (z_q - z_p) f'(z_p).
 */
#ifndef KLF_BETA_DIVERGENCE_H
#define KLF_BETA_DIVERGENCE_H

#include "../math/bregman.h"
#include "beta_algebra.h"
#include "gamma_algebra.h"

static inline double beta_log_partition(double a, double b)
{
    return gamma_f(a) + (gamma_f(b) - gamma_f(beta_total(a, b))) + a * beta_log_share(a, b)
           + b * beta_log_share(b, a);
}

/* A power of two that brings a positive number within 2^-20 and 2^20. */
static inline double beta_unit(double x)
{
    double unit = 1.0;
    while (x * unit > 0x1p20 && unit > 0x1p-1020)
        unit *= 0x1p-20;
    while (x * unit < 0x1p-20 && unit < 0x1p1020)
        unit *= 0x1p20;
    return unit;
}

/* a d - b c, to relative accuracy (Kahan's; Muller et al., 2018, Handbook of Floating-Point
 * Arithmetic, section 4.9). */
static inline double beta_cross(double a, double b, double c, double d)
{
    const double product = b * c, lost = fma(-b, c, product);
    return fma(a, d, -product) + lost;
}

/* ---- Near members ---------------------------------------------------------------------------- */

/* The integral over 0 < t < 1 of (1 - t) v'F v, F the Fisher information at p + t v, v = q - p: its
 * terms are positive, also where b is far below a and F(a) - F(s) would cancel. In the pair's
 * coordinates v is (da/a, db/b) or ((b da - a db)/s, (da + db)/s); b da - a db is the same all the
 * way. */
static inline double beta_near_divergence(const double *p, double da, double db)
{
    const int wide = beta_is_wide(p[0], p[1]);
    const double unit_a = beta_unit(p[0]), unit_b = beta_unit(p[1]);
    const double unit_large = p[0] > p[1] ? unit_a : unit_b;
    const double unit_small = p[0] > p[1] ? unit_b : unit_a;
    const double cross = beta_cross(da * unit_a, db * unit_b, p[0] * unit_a, p[1] * unit_b);
    double sum = 0.0;
    for (int i = 0; i < 2 * KLF_LEGENDRE; i++) {
        const double node = (i & 1 ? 0.5 : -0.5) * klf_legendre_node[i / 2], t = 0.5 + node;
        const double a = fma(t, da, p[0]), b = fma(t, db, p[1]), s = beta_total(a, b);
        const beta_covariance v = beta_pair_covariance(wide, a, b);
        const double first = wide ? da / a : cross / (s * unit_large) / unit_small;
        const double second = wide ? db / b : da / s + db / s;
        const double square = first * v.first * first + 2.0 * first * (second * v.both)
                              + second * v.second * second;
        sum += 0.5 * klf_legendre_weight[i / 2] * (1.0 - t) * square;
    }
    return sum;
}

/* ---- Others ---------------------------------------------------------------------------------- */

/* z log(1 + b/a), where b/a may be subnormal and z large. */
static inline double beta_times_log1p(double z, double b, double a)
{
    if (b / a > 0x1p-960)
        return z * klf_log1p(b / a);
    return z > a ? z * 0x1p-100 / a * (b * 0x1p100) : z * (b / a);
}

/* a_q log(m_q/m_p), from logarithms that are small where it is. */
static inline double beta_share_change(double a_p, double b_p, double a_q, double b_q)
{
    if (a_p < b_p && a_q < b_q)
        return a_q * (klf_log_quotient(a_q, a_p)
                      - klf_log_quotient(beta_total(a_q, b_q), beta_total(a_p, b_p)));
    if (a_p >= b_p && a_q >= b_q)
        return beta_times_log1p(a_q, b_p, a_p) - beta_times_log1p(a_q, b_q, a_q);
    return a_q * (beta_log_share(a_q, b_q) - beta_log_share(a_p, b_p));
}

/* s_q KL(m_q || m_p) = s_q (m_p h(m_q/m_p) + n_p h(n_q/n_p)), h(r) = r log r - r + 1, where
 * m_q/m_p - 1 = (a_q b_p - b_q a_p)/(a_p s_q). */
static inline double beta_mean_divergence(const double *p, const double *q)
{
    const double total_q = beta_total(q[0], q[1]);
    const double unit_p = beta_unit(beta_total(p[0], p[1])), unit_q = beta_unit(total_q);
    const double a_p = p[0] * unit_p, b_p = p[1] * unit_p, s_p = a_p + b_p;
    const double a_q = q[0] * unit_q, b_q = q[1] * unit_q, s_q = a_q + b_q;
    const double least = 0x1p-980;
    if (!(a_p > least && b_p > least && a_q > least && b_q > least))
        return beta_share_change(p[0], p[1], q[0], q[1])
               + beta_share_change(p[1], p[0], q[1], q[0]);
    const double cross = beta_cross(a_q, b_q, a_p, b_p);
    double rise_a, rise_b;
    (void)klf_log_ratio_rising((a_q / s_q) * (s_p / a_p), cross / a_p / s_q, &rise_a);
    (void)klf_log_ratio_rising((b_q / s_q) * (s_p / b_p), -cross / b_p / s_q, &rise_b);
    return total_q * (a_p / s_p * rise_a + b_p / s_p * rise_b);
}

/* f(z1) - f(z0). Both below 1, f(z) = lgamma(z + 1) - log z - z log z + z. */
static inline double beta_f_difference(double z0, double z1)
{
    if (z0 >= 1.0 && z1 >= 1.0)
        return klf_stirling_error(z1) - klf_stirling_error(z0) - 0.5 * klf_log_quotient(z1, z0);
    if (z0 < 1.0 && z1 < 1.0)
        return (klf_lgamma(z1 + 1.0) - klf_lgamma(z0 + 1.0)) - klf_log_quotient(z1, z0)
               - (z1 * klf_log(z1) - z0 * klf_log(z0)) + (z1 - z0);
    return gamma_f(z1) - gamma_f(z0);
}

/* F(z); for near z by quadrature of f'' = e, in units in which z^2 e(z) appears. */
static inline double beta_f_divergence(double z0, double z1)
{
    const double growth = (z1 - z0) / z0;
    if (!(fabs(growth) < 0.3))
        return beta_f_difference(z0, z1) - growth * beta_scaled_digamma(z0);
    double sum = 0.0;
    for (int i = 0; i < 2 * KLF_LEGENDRE; i++) {
        const double t = 0.5 + (i & 1 ? 0.5 : -0.5) * klf_legendre_node[i / 2];
        const double ratio = fma(t, growth, 1.0);
        sum += 0.5 * klf_legendre_weight[i / 2] * (1.0 - t)
               * (beta_scaled_trigamma(z0 * ratio) / (ratio * ratio));
    }
    return growth * growth * sum;
}

/* What b adds, f(a + b) - f(a) and a (f'(a + b) - f'(a)): where it is small, as integrals of f' and
 * f''. */
static inline void beta_added(double a, double b, double *value, double *slope)
{
    const double s = beta_total(a, b), growth = b / a;
    if (!(growth < 0.3)) {
        *value = beta_f_difference(a, s);
        *slope = beta_share(a, b) * beta_scaled_digamma(s) - beta_scaled_digamma(a);
        return;
    }
    *value = *slope = 0.0;
    for (int i = 0; i < 2 * KLF_LEGENDRE; i++) {
        const double t = 0.5 + (i & 1 ? 0.5 : -0.5) * klf_legendre_node[i / 2];
        const double ratio = fma(t, growth, 1.0);
        const double share = 0.5 * klf_legendre_weight[i / 2] * growth / ratio;
        *value += share * beta_scaled_digamma(a * ratio);
        *slope += share * beta_scaled_trigamma(a * ratio) / ratio;
    }
}

/* With a the larger, F(s) - F(a) is taken as one: what b adds to f. */
static inline double beta_far_divergence(const double *p, const double *q)
{
    const int large = p[0] < p[1], small = !large;
    const double a0 = p[large], b0 = p[small], a1 = q[large], b1 = q[small];
    const double s0 = beta_total(a0, b0);
    double value0, value1, slope0, slope1;
    beta_added(a0, b0, &value0, &slope0);
    beta_added(a1, b1, &value1, &slope1);
    const double growth = (a1 - a0) / a0;
    const double along = growth <= DBL_MAX ? growth * slope0 : (a1 - a0) * (slope0 / a0);
    const double added = value1 - value0 - along
                         - (b1 - b0) / s0 * beta_scaled_digamma(s0);
    return beta_mean_divergence(p, q) + (beta_f_divergence(b0, b1) - added);
}

static inline double beta_divergence(const double *p, const double *q)
{
    const double da = q[0] - p[0], db = q[1] - p[1];
    if (fabs(da) < 0.3 * p[0] && fabs(db) < 0.3 * p[1])
        return beta_near_divergence(p, da, db);
    const double far = beta_far_divergence(p, q);
    if (far != far) /* terms that overflow, of which the positive one is the larger */
        return INFINITY;
    return far < 0.0 ? 0.0 : far;
}

/* ---- Entropy --------------------------------------------------------------------------------- */

/* log B(a, b) - (a E log x + b E log y), in which the terms a log m and b log n cancel. */
static inline double beta_entropy_of_shapes(double a, double b)
{
    const double s = beta_total(a, b);
    const double log_gamma = gamma_f(a) + (gamma_f(b) - gamma_f(s));
    return log_gamma - (beta_scaled_digamma(a)
                        + (beta_scaled_digamma(b) - beta_scaled_digamma(s)));
}

/* Of Beta: minus its divergence from the uniform, and near that so computed. */
static inline double beta_entropy(const double *theta)
{
    const double a = theta[0], b = theta[1];
    if (fabs(1.0 - a) < 0.3 * a && fabs(1.0 - b) < 0.3 * b)
        return -beta_near_divergence(theta, 1.0 - a, 1.0 - b);
    return beta_entropy_of_shapes(a, b) - klf_digamma_increment(a, b) / a
           - klf_digamma_increment(b, a) / b;
}

/* Of the odds x/y: greater by -2 E log y, the Jacobian's. */
static inline double beta_odds_entropy(const double *theta)
{
    return beta_entropy_of_shapes(theta[0], theta[1]) + beta_mean_log_odds(theta[0], theta[1]);
}

#endif
