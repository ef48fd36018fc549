/* beta_density.h -- log-density and standard score of Beta(a, b), for the families made of it.
 *
 * In Loader's form (Catherine Loader, 2000, "Fast and accurate computation of binomial
 * probabilities"), in which nothing large cancels: with y = 1 - x, s = a + b, rho = x s/a and
 * sigma = y s/b the two shares over their means, phi(r) = r - 1 - log r and delta the error of
 * Stirling's formula,
 *
 *   log p(x) = -a phi(rho) - b phi(sigma) - log x - log y
 *              + log(a b/(2 pi s))/2 + delta(s) - delta(a) - delta(b).
 *
 * Since a rho + b sigma = s, both excesses come from one difference, d = s x - a:
 * rho - 1 = d/a, sigma - 1 = -d/b. A shape below 1 is raised by one, x^(a-1) = x^a/x, where
 * Stirling's formula holds; A, B and S are the shapes so used and their sum.
 *
 * A family file says where a point lies, as a beta_point, and to which powers of x and y the
 * density is to be taken: Beta has a - 1 and b - 1, BetaPrime's Jacobian makes it b + 1.
 */
#ifndef KLF_BETA_DENSITY_H
#define KLF_BETA_DENSITY_H

#include "beta_algebra.h"

/* x, y = 1 - x, each to its own relative accuracy, and d in the unit of the constants. */
typedef struct {
    double x, y, difference;
} beta_point;

typedef struct {
    /* A, B and S in a unit that keeps S finite, S in two parts; inverses and ratios of these */
    double inverse_unit, part_a, part_b, total, total_tail, inverse_a, inverse_b, ratio_a, ratio_b;
    double raised_a, raised_b; /* A and B themselves */
    double near_a, near_b;     /* the excesses below which Loader's form serves */
    double plain_b;            /* 1 if log y stands for log sigma: see below */
    double power_a, power_b;   /* the exponents of x and y */
    double count_a, count_b;   /* A - power_a, B - power_b: small whole numbers */
    double constant, at_zero, at_one; /* the latter two: limits of log p at the ends */
    beta_coordinates standard;
} beta_constants;

/* 1/B(a, b) over that of the raised shapes, times a power of two whose logarithm is *lifted:
 *
 *   one raised, a:  a/s,   both:  a b/(s (s + 1)),
 *
 * each times S/A, S/B of a raised shape, which its further power of 1/x brings, in forms in which
 * nothing over- or underflows. */
KLF_INLINE double beta_lowering(double a, double b, double raises, double *lifted)
{
    const double low = a < b ? a : b, high = a < b ? b : a, s = a + b;
    const double lift = low < 0x1p-900 ? 0x1p200 : 1.0; /* so that no product is subnormal */
    const double share = (raises > 1.5 ? high * lift : 1.0) / (raises > 1.5 ? s * lift : s);
    const double above = raises > 1.5 ? share * (s + 2.0) * (s + 2.0) : 1.0 + share;
    const double below = raises > 1.5 ? (s + 1.0) * (a + 1.0) * (b + 1.0) : 1.0 + low;
    *lifted = low < 0x1p-900 ? -200.0 * KLF_LN2 : 0.0;
    return raises > 0.5 ? above / below * (low * lift) : 1.0;
}

/* log x = *high + the value returned, for a normal x. */
KLF_INLINE double beta_log_parts(double x, double *high)
{
    double k, half_square, ignored;
    const double f = klf_log_reduce_normal(x, &k) - 1.0;
    return klf_log_sum(k, f, klf_log_deficit(f, &half_square, &ignored), high);
}

/* The constants of x^(a-1) y^(b-1)/B(a, b), or of x^(a-1) y^(b+1)/B(a, b) for BetaPrime. */
KLF_INLINE beta_constants beta_prepare_density(double a, double b, int is_prime)
{
    beta_constants c;
    const double raise_a = a < 1.0 ? 1.0 : 0.0, raise_b = b < 1.0 ? 1.0 : 0.0;
    const double high = a < b ? b : a, unit = high > 0x1p400 ? 0x1p-600 : 1.0;
    c.raised_a = a + raise_a;
    c.raised_b = b + raise_b;
    c.inverse_unit = high > 0x1p400 ? 0x1p600 : 1.0;
    c.part_a = c.raised_a * unit;
    c.part_b = c.raised_b * unit;
    c.total = c.part_a + c.part_b;
    const double from_b = c.total - c.part_a;
    c.total_tail = (c.part_a - (c.total - from_b)) + (c.part_b - from_b);
    c.inverse_a = 1.0 / c.part_a;
    c.inverse_b = 1.0 / c.part_b;
    c.ratio_a = c.total * c.inverse_a;
    c.ratio_b = c.total * c.inverse_b;
    c.near_a = a < 4.0 ? 0.0 : 0.5;
    c.near_b = b < 4.0 ? 0.0 : 0.5;
    c.plain_b = is_prime && b < 4.0 ? 1.0 : 0.0;
    c.power_a = a - 1.0;
    c.power_b = is_prime ? b + 1.0 : b - 1.0;
    c.count_a = 1.0 + raise_a;
    c.count_b = is_prime ? raise_b - 1.0 : raise_b + 1.0;
    /* sqrt(A B/(2 pi S)) (S/A)^(1 + raise) (S/B)^(1 + raise), the powers from x = rho A/S; for
     * BetaPrime (S/B)^(raise - 1) */
    const double inverse_two_pi = 0x1.45f306dc9c883p-3;
    double lifted, whole;
    const double lowering = beta_lowering(a, b, raise_a + raise_b, &lifted);
    const double factor = sqrt(c.total * inverse_two_pi) * sqrt(0.25 * c.ratio_a * c.ratio_b)
                          * 2.0 * lowering;
    const double stirling = klf_stirling_error(c.raised_a) + klf_stirling_error(c.raised_b)
                            - klf_stirling_error(c.raised_a + c.raised_b);
    double rest = beta_log_parts(factor, &whole) - stirling;
    if (is_prime) {
        /* of S/B; with plain_b, less the b + 1 of log sigma */
        const double power = b < 4.0 ? b - 1.0 : -2.0;
        double high_share;
        rest = fma(power, beta_log_parts(c.ratio_b, &high_share), rest);
        whole = fma(power, high_share, whole);
    }
    c.constant = whole + (rest + (lifted + (high > 0x1p400 ? 300.0 * KLF_LN2 : 0.0)));
    c.at_zero = a < 1.0 ? INFINITY : (a > 1.0 ? -INFINITY : klf_log(b));
    c.at_one = b < 1.0 ? INFINITY : (b > 1.0 ? -INFINITY : klf_log(a));
    return c;
}

/* L = log rho and phi(rho) for rho = share ratio, ratio >= 1, and its excess over 1. Where rho
 * would be subnormal it is lifted by a power of two. A share of 0 or NaN gives nothing of use. */
KLF_INLINE double beta_log_ratio(double share, double ratio, double excess, double *phi)
{
    const double usual = share * ratio, lifted = share * 0x1p200 * ratio;
    const double lift = usual < DBL_MIN ? 200.0 * KLF_LN2 : 0.0;
    const double log = klf_log_ratio_normal(usual < DBL_MIN ? lifted : usual, excess, phi);
    *phi += lift;
    return log - lift;
}

/* Where the excess e = rho - 1 is small and A is not, -A phi - (A - power) L; elsewhere L and A phi
 * may cancel, and it is power L - A e. A e is d for one shape and -d for the other. */
KLF_INLINE double beta_log_power(double raised, double power, double count, int is_near,
                                 double difference, double log, double phi)
{
    const double near = -fma(raised, phi, count * log);
    const double far = fma(power, log, -difference);
    return is_near ? near : far;
}

/* log p at a point inside (0, 1). BetaPrime's power of y is not small where b is: there log y
 * itself is taken, whose argument is rounded less often than sigma. */
KLF_INLINE double beta_density_inside(const beta_constants *c, beta_point point, int is_prime)
{
    const double d = point.difference * c->inverse_unit;
    const double excess_a = point.difference * c->inverse_a;
    const double excess_b = -point.difference * c->inverse_b;
    const int plain = is_prime & (c->plain_b > 0.0);
    double phi_a, phi_b;
    const double log_a = beta_log_ratio(point.x, c->ratio_a, excess_a, &phi_a);
    const double log_b = beta_log_ratio(point.y, plain ? 1.0 : c->ratio_b,
                                        plain ? -point.x : excess_b, &phi_b);
    return c->constant
           + (beta_log_power(c->raised_a, c->power_a, c->count_a, fabs(excess_a) < c->near_a, d,
                             log_a, phi_a)
              + beta_log_power(c->raised_b, c->power_b, c->count_b, fabs(excess_b) < c->near_b, -d,
                               log_b, phi_b));
}

/* ---- Standard score -------------------------------------------------------------------------- */

/* The standard score at a point inside (0, 1): see beta_algebra.h for its two forms. Both take the
 * logarithms of x and y by their means, where a mean is replaced by 1 in the wide form. */
KLF_INLINE void beta_score_inside(const beta_constants *c, beta_point point, double *s)
{
    const beta_coordinates *k = &c->standard;
    const int wide = k->is_wide > 0.0;
    double phi_a, phi_b;
    const double excess_a = wide ? -point.y : point.difference * c->inverse_a;
    const double excess_b = wide ? -point.x : -point.difference * c->inverse_b;
    const double log_a = beta_log_ratio(point.x, wide ? 1.0 : c->ratio_a, excess_a, &phi_a);
    const double log_b = beta_log_ratio(point.y, wide ? 1.0 : c->ratio_b, excess_b, &phi_b);
    const double first = wide ? log_a : log_a - log_b;
    const double second = wide ? log_b : phi_b;
    s[0] = fma(k->first, first, -k->first_mean) + (point.x - point.x); /* NaN for NaN */
    s[1] = fma(k->second_a, phi_a, fma(k->second_b, second, -k->second_mean))
           - k->regression * s[0];
}

#endif
