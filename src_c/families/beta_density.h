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
    double power_a, power_b;  /* the exponents of x and y */
    double count_a, count_b;  /* A - power_a, B - power_b: small whole numbers */
    double plain_b;           /* 1 if log y stands for log sigma: see below */
    double constant;
    double at_zero, at_one;   /* the limits of log p at the ends */
    beta_coordinates standard;
} beta_constants;

/* What lifts numbers that are or would become subnormal, and its logarithm. */
static const double BETA_LIFT = 0x1p800;
static const double BETA_LOG_LIFT = 800.0 * 0x1.62e42fefa39efp-1;

/* log x = *high + the value returned, for a normal x. */
KLF_INLINE double beta_log_parts(double x, double *high)
{
    double k, half_square, ignored;
    const double f = klf_log_reduce_normal(x, &k) - 1.0;
    return klf_log_sum(k, f, klf_log_deficit(f, &half_square, &ignored), high);
}

/* 1/B(a, b) is that of the raised shapes times
 *
 *   one raised:  low (s + 1)/(s (low + 1)),   both:  a b (s + 2)^2/(s (s + 1) (a + 1) (b + 1)),
 *
 * low the lower shape, S/A and S/B of a raised shape included, which its further power of 1/x
 * brings. Returns the numerator times lift; no product here is subnormal or overflows. */
KLF_INLINE double beta_lowering(double a, double b, double raises, double lift, double *bottom)
{
    const double low = a < b ? a : b, high = a < b ? b : a, s = a + b;
    const double up = s < 0x1p-500 ? 0x1p500 : 1.0, most = s < 0x1p100 ? s : 0x1p100;
    const double top_one = most + 1.0, bottom_one = most * (1.0 + low);
    const double top_two = (high * up) * ((s + 2.0) * (s + 2.0));
    const double bottom_two = (s * up) * (s + 1.0) * ((a + 1.0) * (b + 1.0));
    double top = raises > 1.5 ? top_two : top_one;
    *bottom = raises > 1.5 ? bottom_two : bottom_one;
    *bottom = raises > 0.5 ? *bottom : 1.0;
    top *= low * lift;
    return raises > 0.5 ? top : 1.0;
}

/* delta(S) - delta(A) - delta(B), by one division. */
KLF_INLINE double beta_stirling(double a, double b)
{
    const double most = 0x1p300;
    const double x = (a < most ? a : most) + KLF_STIRLING_SHIFT;
    const double y = (b < most ? b : most) + KLF_STIRLING_SHIFT;
    const double z = (a + b < most ? a + b : most) + KLF_STIRLING_SHIFT;
    const double inverse = 1.0 / (x * y * z);
    return klf_stirling_series(x * y * inverse)
           - (klf_stirling_series(y * z * inverse) + klf_stirling_series(x * z * inverse));
}

/* A, B and S in their unit. */
KLF_INLINE void beta_prepare_sum(beta_constants *c, double raised_a, double raised_b)
{
    const int is_huge = (raised_a > 0x1p400) | (raised_b > 0x1p400);
    const double unit = is_huge ? 0x1p-600 : 1.0;
    c->inverse_unit = is_huge ? 0x1p600 : 1.0;
    c->part_a = raised_a * unit;
    c->part_b = raised_b * unit;
    c->total = c->part_a + c->part_b;
    const double from_b = c->total - c->part_a;
    c->total_tail = (c->part_a - (c->total - from_b)) + (c->part_b - from_b);
}

/* The inverses and ratios of these, and 1/bottom, which is returned: by one division. */
KLF_INLINE double beta_prepare_ratios(beta_constants *c, double bottom)
{
    const double product = c->part_a * c->part_b, inverse = 1.0 / (product * bottom);
    c->inverse_a = c->part_b * bottom * inverse;
    c->inverse_b = c->part_a * bottom * inverse;
    c->ratio_a = c->total * c->inverse_a;
    c->ratio_b = c->total * c->inverse_b;
    return product * inverse;
}

/* The limits of log p at 0 and, for Beta, at 1. */
KLF_INLINE void beta_prepare_ends(beta_constants *c, double a, double b, double lift,
                                  double log_lift)
{
    /* log b or log a, which are the same if both shapes are 1 */
    const double end = klf_log_normal((a == 1.0 ? b : a) * lift) - log_lift;
    const double at_zero = a < 1.0 ? INFINITY : -INFINITY, at_one = b < 1.0 ? INFINITY : -INFINITY;
    c->at_zero = a == 1.0 ? end : at_zero;
    c->at_one = b == 1.0 ? end : at_one;
}

/* The constants of x^(a-1) y^(b-1)/B(a, b), or of x^(a-1) y^(b+1)/B(a, b) for BetaPrime. */
KLF_INLINE beta_constants beta_prepare_density(double a, double b, int is_prime)
{
    beta_constants c;
    const double raise_a = a < 1.0 ? 1.0 : 0.0, raise_b = b < 1.0 ? 1.0 : 0.0;
    const int is_low = (a < 0x1p-400) | (b < 0x1p-400);
    const double lift = is_low ? BETA_LIFT : 1.0, log_lift = is_low ? BETA_LOG_LIFT : 0.0;
    double bottom, whole;
    const double top = beta_lowering(a, b, raise_a + raise_b, lift, &bottom);
    beta_prepare_sum(&c, a + raise_a, b + raise_b);
    const double lowering = top * beta_prepare_ratios(&c, bottom);
    beta_prepare_ends(&c, a, b, lift, log_lift);
    c.power_a = a - 1.0;
    c.power_b = is_prime ? b + 1.0 : b - 1.0;
    c.count_a = 1.0 + raise_a;
    c.count_b = is_prime ? raise_b - 1.0 : raise_b + 1.0;
    c.plain_b = is_prime && b < 4.0 ? 1.0 : 0.0;
    /* sqrt(A B/(2 pi S)) (S/A)^(1 + raise) (S/B)^(1 + raise), the powers from x = rho A/S; for
     * BetaPrime (S/B)^(raise - 1) */
    const double inverse_two_pi = 0x1.45f306dc9c883p-3;
    const double scale = c.inverse_unit > 1.0 ? inverse_two_pi * 0x1p-500 : inverse_two_pi;
    const double log_units = c.inverse_unit > 1.0 ? 550.0 * KLF_LN2 : 0.0; /* of the scales */
    const double root = sqrt(c.total * scale * c.ratio_a * c.ratio_b);
    double rest = beta_log_parts(root * lowering, &whole);
    rest += beta_stirling(a + raise_a, b + raise_b);
    if (is_prime) {
        /* of S/B; with plain_b, less the b + 1 of log sigma */
        const double power = b < 4.0 ? b - 1.0 : -2.0;
        double high_share;
        rest = fma(power, beta_log_parts(c.ratio_b, &high_share), rest);
        whole = fma(power, high_share, whole);
    }
    c.constant = whole + (rest + (log_units - log_lift));
    return c;
}

/* power log(rho) - A e, A e = `difference`, for rho = `ratio` over a lift of this logarithm. With
 * rho = 2^k m, f = e where k = 0 and m - 1 elsewhere, D = f - log(1 + f), count = A - power it is
 *
 *   k = 0:  -power D - count e,   else:  -power D + power (k log 2 + f) - A e:
 *
 * where rho is near 1 and A large, D is what is left of large terms. */
KLF_INLINE double beta_log_power(double ratio, double excess, double power, double count,
                                 double difference, double lift, int is_plain)
{
    double k, half_square, q;
    const double m = klf_log_reduce_normal(ratio, &k);
    const double f = k == 0.0 ? excess : m - 1.0;
    const double deficit = klf_log_deficit(f, &half_square, &q);
    const double far = fma(power, fma(k, KLF_LN2, f) - lift, -difference);
    const double near = -count * excess;
    return fma(-power, deficit, ((k == 0.0) & !is_plain) ? near : far);
}

/* rho = share ratio, ratio >= 1, lifted by a power of two with *log_lift where it is subnormal. */
KLF_INLINE double beta_lifted(double share, double ratio, double *log_lift)
{
    const double usual = share * ratio, lifted = share * (ratio * BETA_LIFT);
    *log_lift = usual < DBL_MIN ? BETA_LOG_LIFT : 0.0;
    return usual < DBL_MIN ? lifted : usual;
}

/* log p at a point inside (0, 1). BetaPrime's power of y is not small where b is: there log y
 * itself is taken, whose argument is rounded less often than sigma. */
KLF_INLINE double beta_density_inside(const beta_constants *c, beta_point point, int is_prime)
{
    const double d = point.difference * c->inverse_unit;
    const double excess_a = point.difference * c->inverse_a;
    const double excess_b = -point.difference * c->inverse_b;
    const int plain = is_prime & (c->plain_b > 0.0);
    double lift_a, lift_b = 0.0;
    const double rho = beta_lifted(point.x, c->ratio_a, &lift_a);
    const double sigma = is_prime ? beta_lifted(point.y, plain ? 1.0 : c->ratio_b, &lift_b)
                                  : point.y * c->ratio_b; /* 1 - x is never subnormal */
    return c->constant
           + (beta_log_power(rho, excess_a, c->power_a, c->count_a, d, lift_a, 0)
              + beta_log_power(sigma, plain ? -point.x : excess_b, c->power_b, c->count_b, -d,
                               lift_b, plain));
}

/* L = log rho and phi(rho) for rho = share ratio, ratio >= 1, and its excess over 1. A share of 0
 * or NaN gives nothing of use. */
KLF_INLINE double beta_log_ratio(double share, double ratio, double excess, double *phi)
{
    double lift;
    const double log = klf_log_ratio_normal(beta_lifted(share, ratio, &lift), excess, phi);
    *phi += lift;
    return log - lift;
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
    s[0] = fma(k->first, first * k->first_unit, -k->first_mean);
    s[0] += point.x - point.x; /* NaN for NaN */
    s[1] = fma(k->second_a, phi_a, fma(k->second_b, second * k->second_unit, -k->second_mean))
           - k->regression * klf_clamp_finite(s[0]); /* which may overflow where this does not */
}

#endif
