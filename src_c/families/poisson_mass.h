/* poisson_mass.h -- the Poisson mass with rate lambda and what goes with it, for the Poisson
 * family, its truncation at zero and the divergences of counts.
 *
 * Loader's form (Catherine Loader, 2000, "Fast and accurate computation of binomial
 * probabilities"), shifted by one so that Stirling's formula holds at x = 0 too: with X = x + 1,
 * L = log(X/lambda), h(u) = (1 + u) log(1 + u) - u at u = X/lambda - 1 and delta the error of
 * Stirling's formula,
 *
 *   log p(x) = -lambda h - delta(X) + L/2 - log(lambda)/2 - log(2 pi)/2.
 */
#ifndef KLF_POISSON_MASS_H
#define KLF_POISSON_MASS_H

#include "family.h"

/* Below this rate X/lambda would overflow for every X: the mass is then lambda_used's, shifted by x
 * times the difference of the logarithms. */
static const double POISSON_LEAST_RATE = 0x1p-900;

typedef struct {
    double rate, used, inverse_used;
    double log_deficit; /* log(rate) - log(used): 0 but for tiny rates */
    double constant;    /* -log(used)/2 - log(2 pi)/2 */
    double root, inverse_root;
} poisson_constants;

KLF_INLINE poisson_constants poisson_prepare(double rate)
{
    poisson_constants c;
    c.rate = rate;
    c.used = rate < POISSON_LEAST_RATE ? POISSON_LEAST_RATE : rate;
    c.inverse_used = 1.0 / c.used;
    const double log_used = klf_log(c.used);
    c.log_deficit = rate < POISSON_LEAST_RATE ? klf_log(rate) - log_used : 0.0;
    c.constant = -0.5 * (log_used + KLF_LOG_2PI);
    c.root = sqrt(rate);
    c.inverse_root = rate > 0.0 ? 1.0 / c.root : 1.0; /* at rate 0 the score holds x itself */
    return c;
}

/* At the counts 1, 2, ...; lambda h is X (L - 1) where that may overflow. */
KLF_INLINE double poisson_log_mass(const poisson_constants *c, double x)
{
    const double raised = x + 1.0, ratio = raised * c->inverse_used;
    const double excess = (raised - c->used) * c->inverse_used;
    const int beyond = ratio > 0x1p1000;
    const double log_used = -2.0 * c->constant - KLF_LOG_2PI;
    double h;
    const double log = klf_log_ratio_rising(beyond ? raised : ratio, beyond ? raised : excess, &h)
                       - (beyond ? log_used : 0.0);
    const double less = log - 1.0, size = beyond ? raised : c->used;
    const double log_p = fma(0.5, log, c->constant)
                         - fma(size, beyond ? less : h, klf_stirling_error(raised));
    return fma(x, c->log_deficit, log_p);
}

/* a log(a/b) - a + b >= 0 for a, b >= 0, with 0 log 0 = 0: the divergence of the Poisson of rate a
 * from that of rate b, from which those of other counts are made. The difference a - b is given,
 * so that it may be more accurate than a and b. */
static inline double poisson_divergence(double a, double b, double difference)
{
    if (a == 0.0)
        return b;
    if (b == 0.0)
        return INFINITY;
    const double ratio = a / b;
    if (ratio > 0x1p-1000 && ratio < 0x1p1000) {
        double h;
        (void)klf_log_ratio_rising(ratio, difference / b, &h);
        return b * h;
    }
    return a * (klf_log(a) - klf_log(b) - 1.0) + b;
}

/* Up to this rate an alias table of this width spans at least 8 standard deviations to either side
 * of the mean. */
static const double POISSON_TABLE_RATE = 15000.0;

static inline double poisson_table_width(double sd)
{
    return 16.0 * sd + 40.0;
}

/* Evans and Boersma (1988), "The entropy of a Poisson distribution", SIAM Review 30; the first term
 * left out is below 1e-15 from the rate 1000 on. */
static inline double poisson_large_entropy(double rate)
{
    const double r = 1.0 / rate;
    const double series = r * (1.0 / 12.0 + r * (1.0 / 24.0 + r * (19.0 / 360.0
                          + r * 9.0 / 80.0)));
    return 0.5 * (KLF_LOG_2PI + 1.0 + klf_log(rate)) - series;
}

#endif
