/* gamma_algebra.h -- what the Gamma family shares with those whose statistics are Gamma distributed
 * with a shape to be fitted: InverseGamma, Chi, ChiSquare.
 *
 * w = b y is Gamma(a, 1) throughout; the standard score of (a, b) is
 *
 *   ( sqrt(a) (w/a - 1),  (log w - psi(a) - (w/a - 1))/sqrt(psi1(a) - 1/a) ):
 *
 * the mean and the shape are orthogonal under the Fisher information (Cox and Reid, 1987,
 * "Parameter orthogonality and approximate conditional inference").
 */
#ifndef KLF_GAMMA_ALGEBRA_H
#define KLF_GAMMA_ALGEBRA_H

#include "../math/bregman.h"
#include "family.h"
#include "log_product.h"

/* f(a) = lgamma(a) - a log a + a, whose derivatives psi(a) - log a and psi1(a) - 1/a have no
 * cancellation; f(a) = log(2 pi/a)/2 + delta(a) for a >= 1. */
static inline double gamma_f(double a)
{
    if (a >= 1.0)
        return 0.5 * (KLF_LOG_2PI - klf_log(a)) + klf_stirling_error(a);
    return klf_lgamma(a) - a * klf_log(a) + a;
}

/* Entropy of w. a + lgamma(a) + (1 - a) psi(a) = f(a) + log a + (1 - a)(psi(a) - log a) */
static inline double gamma_entropy(double a)
{
    return gamma_f(a) + klf_log(a) + (1.0 - a) * klf_digamma_minus_log(a);
}

static inline double gamma_log_partition(double a, double b)
{
    if (a < 1.0)
        return klf_lgamma(a) - a * klf_log(b);
    /* a log(a/b) - a + f(a): the logarithms meet before they are multiplied */
    return a * (klf_log(a) - klf_log(b) - 1.0) + gamma_f(a);
}

/* log(Gamma(a + 1/2)/(Gamma(a) sqrt a)) < 0: the logarithm of E sqrt(w)/sqrt(E w). From Stirling's
 * formula, with u = 1/(2 a), it is -a (u - log(1 + u)) + delta(a + 1/2) - delta(a); below 1 the
 * recurrence adds log(a/(a + 1/2)) less half of log(a/(a + 1)). */
static inline double gamma_log_half_ratio(double a)
{
    const double raised = a < 1.0 ? a + 1.0 : a, u = 0.5 / raised;
    double phi;
    (void)klf_log_ratio(1.0 + u, u, &phi);
    const double lost = raised < 0x1p400 ? raised * phi : 0.25 * u; /* phi = u^2/2 underflows */
    const double large = klf_stirling_error(raised + 0.5) - klf_stirling_error(raised) - lost;
    return a < 1.0 ? large + klf_log(a / (a + 0.5)) - 0.5 * klf_log(a / raised) : large;
}

/* The shape at which log a - psi(a) = s > 0. Newton on 1/(log a - psi(a)) = 1/s, which is nearly
 * linear in a at both ends (a and 2a); start from Minka (2002), "Estimating a Gamma
 * distribution". */
static inline double gamma_shape_from(double s)
{
    double a = (3.0 - s + sqrt((s - 3.0) * (s - 3.0) + 24.0 * s)) / (12.0 * s);
    a = s > 1e6 ? 1.0 / s : a; /* where the start cancels: -psi(a) = 1/a to first order */
    for (int i = 0; i < 30; i++) {
        const double g = -klf_digamma_minus_log(a);
        const double step = (g / s - 1.0) * g / klf_trigamma_minus_inverse(a);
        const double next = a + step > 0.0 ? a + step : 0.5 * a;
        const int done = fabs(next - a) <= 0x1p-27 * a; /* the next step would be its square */
        a = next;
        if (done)
            break;
    }
    return a;
}

/* The Bregman divergence of f, B = f(a1) - f(a0) - (a1 - a0) f'(a0): for near shapes by
 * quadrature of f''; where this may leave the range f is -log a, or half of it, to rounding. */
static inline double gamma_shape_divergence(double a0, double a1)
{
    const double change = a1 - a0;
    if (a0 < 0x1p-400 && a1 < 0x1p-400)
        return klf_excess_over_log(a1, a0);
    if (a0 > 0x1p400 && a1 > 0x1p400)
        return 0.5 * klf_excess_over_log(a1, a0);
    if (!(fabs(change) < 0.3 * a0))
        return gamma_f(a1) - gamma_f(a0) - change * klf_digamma_minus_log(a0);
    return klf_bregman_near(klf_trigamma_minus_inverse, a0, a1);
}

/* D = a1 (rho - 1 - log rho) + B(a0, a1) with rho the ratio of the means m0/m1: both terms are
 * non-negative. rho is given with rho - 1, the rates by their ratio b1/b0 and its logarithm. */
static inline double gamma_kl_by_ratio(double a0, double a1, double ratio, double excess,
                                       double rates, double log_rates)
{
    double phi;
    if (ratio > 0x1p-1000 && ratio < 0x1p1000) {
        (void)klf_log_ratio(ratio, excess, &phi);
    } else {
        /* a1 ratio may be a number where ratio is none */
        const double log = klf_log(a0) - klf_log(a1) + log_rates;
        const double far = a0 * rates - a1 * (1.0 + log) + gamma_shape_divergence(a0, a1);
        return rates > DBL_MAX ? INFINITY : far;
    }
    return a1 * phi + gamma_shape_divergence(a0, a1);
}

/* x = (a - b)/b, and what its rounding took, for a and b within a factor of 2. */
static inline double gamma_relative_change(double a, double b, double *lost)
{
    const double change = a - b, x = change / b;
    *lost = fma(-x, b, change) / b;
    return x;
}

/* (1 + x)(1 + y) - 1 = x + y + x y for rho = (a0/a1) (b1/b0): all three may nearly cancel, and the
 * shape multiplies what is left, so that each sum and product keeps its rounding error. */
static inline double gamma_means_excess(double a0, double b0, double a1, double b1)
{
    double lost_x, lost_y;
    const double x = gamma_relative_change(a0, a1, &lost_x);
    const double y = gamma_relative_change(b1, b0, &lost_y);
    const double product = x * y, sum = x + y, total = sum + product;
    const double of_sum = sum - x, of_total = total - sum;
    const double lost = (x - (sum - of_sum)) + (y - of_sum) + (sum - (total - of_total))
                        + (product - of_total) + fma(x, y, -product);
    const double near = total + (lost + fma(lost_x, 1.0 + y, lost_y * (1.0 + x)));
    return fabs(x) < 0.5 && fabs(y) < 0.5 ? near : (a0 / a1) * (b1 / b0) - 1.0;
}

static inline double gamma_kl(double a0, double b0, double a1, double b1)
{
    const double rates = b1 / b0;
    return gamma_kl_by_ratio(a0, a1, (a0 / a1) * rates, gamma_means_excess(a0, b0, a1, b1), rates,
                             klf_log(b1) - klf_log(b0));
}

/* A member near data of the given mean and standard deviation: any will do for equal data. */
static inline void gamma_reference(double mean, double sd, double *shape, double *rate)
{
    const double ratio = mean / sd;
    *shape = ratio < 1e12 ? ratio * ratio : 1e24;
    *shape = *shape > 1e-2 ? *shape : 1e-2;
    *rate = klf_clamp_positive(*shape / mean);
}

/* The Bregman divergence of lgamma, lgamma(a1) - lgamma(a0) - (a1 - a0) psi(a0): that of
 * x log x - x, which is a0 (r log r - (r - 1)) with r = a1/a0, and that of f. */
static inline double gamma_log_divergence(double a0, double a1)
{
    double h;
    (void)klf_log_ratio_rising(a1 / a0, (a1 - a0) / a0, &h);
    return a0 * h + gamma_shape_divergence(a0, a1);
}

/* The solution a of psi(a) - psi(a0) = change, where the difference is known better than either:
 * Newton in a, monotone from below since psi is concave; the start is Minka's (2002, "Estimating a
 * Dirichlet distribution", appendix C). */
static inline double gamma_shape_by_digamma(double a0, double change)
{
    const double excess0 = klf_digamma_minus_log(a0), y = klf_log(a0) + excess0 + change;
    double a = y >= -2.22 ? klf_exp(y) + 0.5 : -1.0 / (y + KLF_EULER_GAMMA);
    if (a < 0x1p-400) /* the start is right to rounding, and 1/a^2 beyond the range */
        return a;
    for (int i = 0; i < 60; i++) {
        const double short_of = change - klf_log_quotient(a, a0)
                                - (klf_digamma_minus_log(a) - excess0);
        const double next = a + short_of / klf_trigamma(a);
        const int done = fabs(next - a) <= 0x1p-51 * a;
        a = next > 0.0 ? next : 0.5 * a;
        if (done)
            break;
    }
    return a;
}

/* ---- Scores ---------------------------------------------------------------------------------- */

typedef struct {
    double shape, root_shape, inverse_shape;
    double is_raised, log_raise; /* densities may use shape + 1: log((shape + 1)/shape) then */
    double digamma_excess;       /* psi(a) - log a */
    double root_excess, inverse_root_excess; /* sqrt(psi1(a) - 1/a) */
} gamma_scores;

static inline gamma_scores gamma_prepare_scores(double shape)
{
    gamma_scores s = {.shape = shape, .root_shape = sqrt(shape), .inverse_shape = 1.0 / shape};
    s.is_raised = shape < 1.0 ? 1.0 : 0.0;
    s.log_raise = shape < 1.0 ? klf_log(shape + 1.0) - klf_log(shape) : 0.0;
    s.digamma_excess = klf_digamma_minus_log(shape);
    s.root_excess = sqrt(klf_trigamma_minus_inverse(shape));
    if (!(shape > 0x1p-400 && shape < 0x1p400)) /* 1/a^2 or half of it, which leaves the range */
        s.root_excess = (shape < 1.0 ? 1.0 : 0.5 * KLF_SQRT2) * s.inverse_shape;
    s.inverse_root_excess = 1.0 / s.root_excess;
    return s;
}

/* excess = w/a - 1 */
KLF_INLINE double gamma_mean_score(const gamma_scores *s, double excess)
{
    return s->root_shape * excess;
}

/* log and phi are those of w by the raised shape. */
KLF_INLINE double gamma_shape_score(const gamma_scores *s, double excess, double log, double phi)
{
    const double phi_shape = s->is_raised > 0.0 ? excess - (log + s->log_raise) : phi;
    return -(phi_shape + s->digamma_excess) * s->inverse_root_excess;
}

/* The sums of both scores over rho = w/a = factor x, where these can be had by their product. */
static inline int gamma_sum_score(const gamma_scores *s, double factor, size_t n,
                                  const double *restrict x, double *restrict sums)
{
    double excess, log;
    if (s->shape > LARGEST_SUMMED_SHAPE || !klf_ratio_sums(n, factor, x, &excess, &log))
        return 0;
    sums[0] = s->root_shape * excess;
    sums[1] = -fma((double)n, s->digamma_excess, excess - log) * s->inverse_root_excess;
    return 1;
}

/* log w - psi(a) of a standard score */
static inline double gamma_log_score(const gamma_scores *s, const double *score)
{
    return fma(score[1], s->root_excess, score[0] / s->root_shape);
}

/* The coefficients that a direction adds to log w and, in units of the rate, to -w. */
static inline void gamma_increments(const gamma_scores *c, const double *direction, double *shape,
                             double *relative_rate)
{
    *shape = direction[1] * c->inverse_root_excess;
    *relative_rate = (*shape - direction[0] * c->root_shape) * c->inverse_shape;
}

static inline double gamma_max_step(const gamma_scores *c, const double *direction)
{
    double shape, relative_rate;
    gamma_increments(c, direction, &shape, &relative_rate);
    const double shape_limit = shape < 0.0 ? c->shape / -shape : INFINITY;
    const double rate_limit = relative_rate < 0.0 ? 1.0 / -relative_rate : INFINITY;
    return shape_limit < rate_limit ? shape_limit : rate_limit;
}

/* The shape of largest likelihood for a mean score under the reference, or 0 if there is none, and
 * the mean of y in units of the reference's: about the reference,
 * log(mean y) - mean(log y) = mean phi - phi(mean excess). */
static inline double gamma_fit_shape(const gamma_scores *c, const double *mean_score,
                                     double *mean_ratio)
{
    const double excess = mean_score[0] / c->root_shape;
    if (!(excess > -1.0))
        return 0.0;
    double phi;
    (void)klf_log_ratio(1.0 + excess, excess, &phi);
    const double mean_phi = -fma(mean_score[1], c->root_excess, c->digamma_excess);
    const double spread = mean_phi - phi;
    const double rounding = 0x1p-48 * (phi > -c->digamma_excess ? phi : -c->digamma_excess);
    const double of_sums = c->shape > LARGEST_SUMMED_SHAPE ? 0.0 : 0x1p-51;
    if (!(spread > rounding && spread > of_sums))
        return 0.0;
    *mean_ratio = 1.0 + excess;
    return gamma_shape_from(spread);
}

#endif
