/* beta_fit.h -- the member of given E log x and E log y: maximum likelihood, and the way back from
 * mean parameters.
 *
 * Newton's method on the likelihood in the pair of statistics of beta_algebra.h that suits the
 * present member, so that members with shapes of 1e8, and data within 1e-12 of an end, keep their
 * digits. The data are held relative to shares m0, n0 near them: with r = log(x/m0) and
 * r' = log(y/n0),
 *
 *   spread V = -mean(m0 r + n0 r') = mean(m0 phi(x/m0) + n0 phi(y/n0)),   odds U = mean(r - r'),
 *
 * where for a member (a, b), and Delta = m - m0,
 *
 *   mean u - E u = U - log((m/n)/(m0/n0)) - (g(a) - g(b)),
 *   mean l - E l = -s (V - Delta U + KL(m || m0)) - (a g(a) + b g(b) - s g(s)).
 */
#ifndef KLF_BETA_FIT_H
#define KLF_BETA_FIT_H

#include "beta_algebra.h"

typedef struct {
    double m, n;         /* the shares m0 and n0 */
    double log_x, log_y; /* means */
    double spread, odds; /* V and U */
} beta_means;

/* What is left when the Newton equations of a member are set up: residuals of the pair. */
static inline void beta_residuals(const beta_means *t, int wide, double a, double b, double *first,
                                  double *second)
{
    double mean_first, mean_second;
    beta_pair_means(wide, a, b, &mean_first, &mean_second);
    if (wide) {
        *first = a * t->log_x - mean_first;
        *second = b * t->log_y - mean_second;
        return;
    }
    const double shift = klf_log_quotient(a / t->m, b / t->n), growth = klf_expm1(shift);
    const double change = t->m * t->n * growth / (1.0 + t->m * growth);
    double rise_a, rise_b;
    (void)klf_log_ratio_rising(beta_share(a, b) / t->m, change / t->m, &rise_a);
    (void)klf_log_ratio_rising(beta_share(b, a) / t->n, -change / t->n, &rise_b);
    const double divergence = t->m * rise_a + t->n * rise_b;
    *first = t->odds - shift - mean_first;
    *second = -(a + b) * (t->spread - change * t->odds + divergence) - mean_second;
}

/* The relative steps of a and b that Newton's method takes. */
static inline void beta_newton(const beta_means *t, double a, double b, double *of_a, double *of_b)
{
    const int wide = beta_is_wide(a, b) | !(t->m > DBL_MIN) | !(t->n > DBL_MIN);
    const beta_covariance v = beta_pair_covariance(wide, a, b);
    double r1, r2;
    beta_residuals(t, wide, a, b, &r1, &r2);
    const double slope = v.both / v.first;
    const double second = (r2 - slope * r1) / (v.second - slope * v.both);
    const double first = r1 / v.first - slope * second;
    *of_a = wide ? first : second + first / a;
    *of_b = wide ? second : second - first / b;
}

/* A shape that Newton's method moves by a share of itself: as a step of its inverse, in which the
 * equations are nearly linear for small shapes and for large ones. */
static inline double beta_moved(double shape, double growth)
{
    return growth < 0.9 ? shape / (1.0 - growth) : 10.0 * shape;
}

/* The member of these means, from a start that is right for large shapes (the geometric means of x
 * and y are m - n/(2 s), n - m/(2 s) to first order) and for small ones (psi(z) is about -1/z). The
 * deficit is 1 - e^(mean log x) - e^(mean log y) > 0. */
static inline void beta_solve(const beta_means *t, double deficit, double *theta)
{
    const double ratio = sqrt(t->log_y / t->log_x), most = 0x1p1000;
    double a = 0.5 * klf_exp(t->log_x) / deficit - 1.0 / (t->log_x * (1.0 + ratio));
    double b = 0.5 * klf_exp(t->log_y) / deficit - 1.0 / (t->log_y * (1.0 + 1.0 / ratio));
    a = a < most ? a : most;
    b = b < most ? b : most;
    for (int i = 0; i < 200; i++) {
        double of_a, of_b;
        beta_newton(t, a, b, &of_a, &of_b);
        a = beta_moved(a, of_a);
        b = beta_moved(b, of_b);
        if (!(fabs(of_a) > 0x1p-44 || fabs(of_b) > 0x1p-44))
            break;
    }
    theta[0] = a;
    theta[1] = b;
}

/* The member with E log x and E log y; theta is NaN if there is none. */
static inline void beta_from_log_means(double log_x, double log_y, double *theta)
{
    const double near = log_x > log_y ? log_x : log_y, far = log_x > log_y ? log_y : log_x;
    const double deficit = -klf_expm1(near) - klf_exp(far);
    theta[0] = theta[1] = NAN;
    if (!(log_x < 0.0 && log_y < 0.0 && deficit > 0.0))
        return;
    /* by the shares of the geometric means both log-ratios are the same, and V is minus it */
    const beta_means t = {.m = 1.0 / (1.0 + klf_exp(log_y - log_x)),
                          .n = 1.0 / (1.0 + klf_exp(log_x - log_y)), .log_x = log_x,
                          .log_y = log_y, .spread = -klf_log1p(-deficit), .odds = 0.0};
    beta_solve(&t, deficit, theta);
}

/* The member of largest likelihood for a mean standard score under a reference; theta is NaN if
 * there is none. */
static inline void beta_fit(const beta_coordinates *c, const double *mean_score, double *theta)
{
    const double a = c->a, b = c->b, s = beta_total(a, b);
    const int wide = c->is_wide > 0.0;
    double first, second, x, y; /* the data's means of the pair; of the log-ratios */
    beta_pair_means(wide, a, b, &first, &second);
    first += c->r11 * mean_score[0];
    second += fma(c->r21, mean_score[0], c->r22 * mean_score[1]);
    beta_means t = {.m = beta_share(a, b), .n = beta_share(b, a)};
    const double log_m = beta_log_share(a, b), log_n = beta_log_share(b, a);
    double rounding; /* of the spread */
    if (wide) {
        t.log_x = first / a;
        t.log_y = second / b;
        x = t.log_x - log_m;
        y = t.log_y - log_n;
        t.odds = x - y;
        t.spread = -(t.m * x + t.n * y);
        rounding = t.m * fabs(x) + t.n * fabs(y);
    } else {
        t.odds = first;
        t.spread = -second / s;
        x = t.n * t.odds - t.spread;
        y = -t.m * t.odds - t.spread;
        t.log_x = x + log_m;
        t.log_y = y + log_n;
        rounding = t.spread + 0.25 / s;
    }
    const double deficit = t.spread - t.m * klf_expm1_excess(x) - t.n * klf_expm1_excess(y);
    theta[0] = theta[1] = NAN;
    if (t.log_x < 0.0 && t.log_y < 0.0 && deficit > 0x1p-48 * rounding)
        beta_solve(&t, deficit, theta);
}

/* A member near the data of one block, x with y = 1 - x, by their means and the deviation. Equal
 * data give large shapes, which serve as well as any: no digits are lost by a reference narrower
 * than the data. */
static inline void beta_reference(size_t n, const double *x, const double *y,
                                  const double *weights, double *theta)
{
    double mean_x, mean_y, sd, sd_y;
    klf_block_mean_sd(n, x, 1, weights, &mean_x, &sd);
    klf_block_mean_sd(n, y, 1, weights, &mean_y, &sd_y);
    if (!(mean_x > 0.0 && mean_y > 0.0 && mean_x + mean_y < 1.5)) /* not data of this family */
        mean_x = mean_y = 0.5;
    sd = mean_x < mean_y ? sd : sd_y; /* of the one that has its digits */
    const double least = mean_x < mean_y ? mean_x : mean_y;
    double s = (mean_x / sd) * (mean_y / sd) - 1.0;
    const double most = least > 1e-283 ? 1e24 / least : 1e307;
    s = s < most ? s : most; /* NaN too */
    s = s > 1e-3 ? s : 1e-3;
    theta[0] = mean_x * s > 1e-3 ? mean_x * s : 1e-3;
    theta[1] = mean_y * s > 1e-3 ? mean_y * s : 1e-3;
}

#endif
