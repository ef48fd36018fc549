/* estimates.c -- from the moments of a step's samples to its divergence, direction and gain. */
#include <math.h>
#include <string.h>

#include "../families/packed_cholesky.h"
#include "reverse_steps.h"

enum { FULL_TRIANGLE = KLF_LARGEST_FULL * (KLF_LARGEST_FULL + 1) / 2 };

static klf_estimates begin_estimates(const klf_reverse *run, const double *moments)
{
    const double *r = moments + 3 + run->sizes.coordinates, total = moments[1];
    /* the mean over a net has next to no error of its own that a divisor could correct */
    const int draws = (run->method == KLF_METHOD_NATURAL || run->method == KLF_METHOD_SCORE)
                      && !run->quasi_random;
    klf_estimates e = {.total = total, .freedom = draws ? total - 1.0 : total, .informative = 1};
    e.draws = run->method == KLF_METHOD_NODES ? INFINITY : total * (total / moments[2]);
    e.variance = fmax(0.0, (r[1] - r[0] * (r[0] / total)) / e.freedom);
    return e;
}

/* The natural gradient g = Cov(s, r). */
static void natural_gradient(klf_reverse *run, const double *moments, const klf_estimates *e)
{
    const size_t k = run->sizes.coordinates;
    const double *s = moments + 3, *r = s + k, *sr = r + 2;
    for (size_t j = 0; j < k; j++)
        run->gradient[j] = (sr[j] - s[j] * r[0] / e->total) / e->freedom;
}

/* The variances of its entries, from draws of weight 1. */
static void gradient_variances(const klf_reverse *run, const double *moments, double *variances)
{
    const size_t k = run->sizes.coordinates;
    const double n = moments[0], *sr = moments + 5 + k, *sr_square = sr + k;
    for (size_t j = 0; j < k; j++) {
        const double mean = sr[j] / n;
        variances[j] = fmax(0.0, sr_square[j] / n - mean * mean) / n;
    }
}

/* Least squares of r on s from the moments: R^2, and the slope in `slope`; `factor` holds
 * k (k + 1)/2 doubles. */
static double regression(const klf_reverse *run, const double *moments, klf_estimates *e,
                         double *factor, double *slope)
{
    const size_t k = run->sizes.coordinates;
    const double *s = moments + 3, *products = s + k + 2 + 2 * k;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++)
            factor[klf_packed(i, j)] =
                (products[klf_packed(i, j)] - s[i] * s[j] / e->total) / e->freedom;
    for (size_t i = 0; i < k; i++)
        e->informative &= factor[klf_packed(i, i)] > 0.05; /* its expectation is 1 */
    if (klf_cholesky(k, factor, 1e-8) < k) {
        e->informative = 0;
        return 0.0;
    }
    memcpy(slope, run->gradient, k * sizeof *slope);
    klf_solve_lower(k, factor, slope, 1);
    double explained = 0.0;
    for (size_t i = 0; i < k; i++)
        explained = fma(slope[i], slope[i], explained);
    klf_solve_transposed(k, factor, slope, 1);
    return e->variance > 0.0 ? explained / e->variance : 0.0;
}

/* The inverse Hessian of the divergence along the natural parameters, in standard coordinates:
 *
 *   H = I + third central moment of (s, s, r),
 *
 * since the derivative of Cov(T, r) is Cov(T, T) plus the third moment. H is I where q is near the
 * family; where the divergence has a flat valley its small eigenvalues tell how much there is still
 * to gain, which |g|^2/2 does not. Raised by twice its sampling error; I where it is then not
 * safely positive definite: 0 then, else 1. */
static int inverse_hessian(const klf_reverse *run, const double *moments, const klf_estimates *e,
                            double *inverse)
{
    const size_t k = run->sizes.coordinates, triangle = k * (k + 1) / 2;
    const double w = e->total, *s = moments + 3, *r = s + k, *sr = r + 2;
    const double *ss = sr + 2 * k, *ssr = ss + triangle;
    /* Var(s_i s_j r) is about E s_i^2 s_j^2 Var r, and E s^4 a few units */
    const double raise = 2.0 * sqrt(6.0 * e->variance / e->draws);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            const size_t ij = klf_packed(i, j);
            const double third = ssr[ij] / w - (r[0] * ss[ij] + s[i] * sr[j] + s[j] * sr[i]) / w / w
                                 + 2.0 * s[i] * s[j] * r[0] / w / w / w;
            inverse[ij] = (i == j ? 1.0 + raise : 0.0) + third;
        }
    int safe = klf_cholesky(k, inverse, 0.0) == k;
    for (size_t i = 0; safe && i < k; i++)
        safe = inverse[klf_packed(i, i)] > sqrt(raise);
    if (safe) {
        klf_invert_lower(k, inverse);
        klf_transposed_product(k, inverse);
        return 1;
    }
    memset(inverse, 0, triangle * sizeof *inverse);
    for (size_t i = 0; i < k; i++)
        inverse[klf_packed(i, i)] = 1.0;
    return 0;
}

/* direction = -H^-1 g; H^-1 = I without `inverse`. Predicted gain g.H^-1 g/2 less what the noise of
 * g adds to it on average, and its error. No noise without `variances`. */
static void newton_direction(klf_reverse *run, const double *inverse, const double *variances,
                             klf_estimates *e)
{
    const size_t k = run->sizes.coordinates;
    double square = 0.0, gain_variance = 0.0;
    for (size_t i = 0; i < k; i++) {
        double sum = inverse ? 0.0 : run->gradient[i];
        for (size_t j = 0; inverse && j < k; j++)
            sum = fma(inverse[i > j ? klf_packed(i, j) : klf_packed(j, i)], run->gradient[j], sum);
        const double variance = variances ? variances[i] : 0.0;
        const double noise = variance * (inverse ? inverse[klf_packed(i, i)] : 1.0);
        run->direction[i] = -sum;
        square = fma(run->gradient[i], sum, square);
        e->noise += 0.5 * noise;
        gain_variance += variance * sum * sum + 0.5 * noise * noise;
        e->noise_variance += 0.5 * noise * noise;
    }
    run->gain = 0.5 * square - e->noise;
    run->gain_error = sqrt(gain_variance);
}

/* Where the score explains nearly all of r the regression has the smaller error. */
static void prefer_regression(klf_reverse *run, const double *slope)
{
    for (size_t j = 0; run->explained > 0.9 && j < run->sizes.coordinates; j++)
        run->direction[j] = -slope[j];
}

/* What a net's points, or all of them, say of v.g - v.Hv/2 at v = -direction, which is the gain and
 * stationary there. `mean` is that of all r; H is I unless `is_curved`. */
static double gain_of_points(const klf_reverse *run, const double *moments, double mean,
                             int is_curved)
{
    const size_t k = run->sizes.coordinates, triangle = k * (k + 1) / 2;
    const double *s = moments + 3, *sr = s + k + 2, *ss = sr + 2 * k, *ssr = ss + triangle;
    double first = 0.0, second = 0.0, shift = 0.0, slope = 0.0;
    for (size_t i = 0; i < k; i++) {
        const double v = -run->direction[i];
        first = fma(v, sr[i] - mean * s[i], first);
        shift = fma(v, s[i], shift);
        slope = fma(v, run->gradient[i], slope);
        for (size_t j = 0; is_curved && j <= i; j++) {
            const double third = ssr[klf_packed(i, j)] - mean * ss[klf_packed(i, j)];
            second = fma(i == j ? v * v : -2.0 * v * run->direction[j], third, second);
        }
    }
    return (first - 0.5 * second + (is_curved ? shift * slope : 0.0)) / moments[0];
}

/* The error of the gain from its spread over the nets. */
static double gain_spread(const klf_reverse *run, const double *moments, const double *nets,
                          int is_curved, const klf_estimates *e)
{
    const double mean = moments[3 + run->sizes.coordinates] / e->total;
    const double all = gain_of_points(run, moments, mean, is_curved);
    double square = 0.0;
    for (size_t i = 0; i < KLF_NETS; i++) {
        const double *net = nets + i * run->sums.width;
        const double off = gain_of_points(run, net, mean, is_curved) - all;
        square = fma(off, off, square);
    }
    return sqrt(square / (KLF_NETS * (KLF_NETS - 1.0)) + e->noise_variance);
}

/* The direction, gain and its error, given the gradient and the variances of its entries; `nets` is
 * NULL for independent draws. */
static void estimate_gain(klf_reverse *run, const double *moments, const double *nets,
                          const double *variances, klf_estimates *e)
{
    const size_t k = run->sizes.coordinates;
    double inverse[FULL_TRIANGLE] = {0.0}, factor[FULL_TRIANGLE], slope[KLF_LARGEST_FULL];
    const int full = klf_reverse_kind(run) == KLF_MOMENTS_FULL && moments[0] > 4.0 * (double)k;
    const int is_curved = full && inverse_hessian(run, moments, e, inverse);
    newton_direction(run, full ? inverse : NULL, variances, e);
    if (nets)
        run->gain_error = gain_spread(run, moments, nets, is_curved, e);
    if (!full) {
        const double share = e->variance > 0.0 ? 2.0 * run->gain / e->variance : 0.0;
        run->explained = fmin(fmax(share, 0.0), 0.9);
        return;
    }
    run->explained = regression(run, moments, e, factor, slope);
    prefer_regression(run, slope);
}

/* Fills the run's gradient, direction, KL, gain and their errors from draws of the member. */
klf_estimates klf_estimate(klf_reverse *run, const double *moments)
{
    klf_estimates e = begin_estimates(run, moments);
    double *variances = run->work;
    run->kl = run->reference + moments[3 + run->sizes.coordinates] / e.total;
    run->kl_error = sqrt(e.variance / e.total);
    natural_gradient(run, moments, &e);
    gradient_variances(run, moments, variances);
    estimate_gain(run, moments, NULL, variances, &e);
    return e;
}

/* The same from nets of equal size: the points of one are not independent, but the nets are, and
 * their spread shows the errors. Owen (1997), "Monte Carlo variance of scrambled net quadrature",
 * SIAM Journal on Numerical Analysis 34. */
klf_estimates klf_estimate_from_nets(klf_reverse *run, const double *moments, const double *nets)
{
    const size_t k = run->sizes.coordinates, width = run->sums.width;
    klf_estimates e = begin_estimates(run, moments);
    double *variances = run->work, square = 0.0;
    const double mean = moments[3 + k] / e.total, points = e.total / KLF_NETS;
    natural_gradient(run, moments, &e);
    memset(variances, 0, k * sizeof *variances);
    for (size_t i = 0; i < KLF_NETS; i++) {
        const double *s = nets + i * width + 3, *r = s + k, *sr = r + 2;
        square += (r[0] / points - mean) * (r[0] / points - mean);
        for (size_t j = 0; j < k; j++) {
            const double off = (sr[j] - mean * s[j]) / points - run->gradient[j];
            variances[j] = fma(off, off / (KLF_NETS * (KLF_NETS - 1.0)), variances[j]);
        }
    }
    run->kl = run->reference + mean;
    run->kl_error = sqrt(square / (KLF_NETS * (KLF_NETS - 1.0)));
    estimate_gain(run, moments, nets, variances, &e);
    e.draws = square > 0.0 ? e.variance / (run->kl_error * run->kl_error) : e.draws;
    return e;
}

static void follow_regression(klf_reverse *run, const double *slope, const klf_estimates *e)
{
    for (size_t j = 0; j < run->sizes.coordinates; j++)
        run->direction[j] = -slope[j];
    run->gain = 0.5 * run->explained * e->variance;
}

/* The same from quadrature nodes, whose error is how far it is to every second node. */
klf_estimates klf_estimate_from_nodes(klf_reverse *run, const double *moments,
                                      const double *coarse)
{
    const size_t k = run->sizes.coordinates;
    double inverse[FULL_TRIANGLE] = {0.0}, factor[FULL_TRIANGLE], slope[KLF_LARGEST_FULL];
    klf_estimates e = begin_estimates(run, coarse);
    natural_gradient(run, coarse, &e);
    memcpy(slope, run->gradient, k * sizeof *slope);
    run->kl_error = coarse[3 + k] / e.total;
    e = begin_estimates(run, moments);
    natural_gradient(run, moments, &e);
    double error = 0.0;
    for (size_t j = 0; j < k; j++)
        error = fma(slope[j] - run->gradient[j], slope[j] - run->gradient[j], error);
    run->kl = moments[3 + k] / e.total;
    run->kl_error = fabs(run->kl - run->kl_error) + run->log_mass_error;
    run->kl += run->reference - run->log_mass;
    inverse_hessian(run, moments, &e, inverse);
    newton_direction(run, inverse, NULL, &e);
    run->gain_error = 0.5 * error;
    run->explained = regression(run, moments, &e, factor, slope);
    if (run->restricted) /* the information of p cut to the support is not the identity */
        follow_regression(run, slope, &e);
    else
        prefer_regression(run, slope);
    return e;
}

/* The same from pooled draws. Their regression is the step; the known mean of the score, 0, takes
 * what the score explains out of the KL's error. Owen and Zhou (2000), "Safe and effective
 * importance sampling", Journal of the American Statistical Association 95, section 2. */
klf_estimates klf_estimate_from_pool(klf_reverse *run, const double *moments)
{
    const size_t k = run->sizes.coordinates;
    const double *s = moments + 3, *r = s + k;
    double *slope = run->work, *factor = slope + k;
    klf_estimates e = begin_estimates(run, moments);
    natural_gradient(run, moments, &e);
    memset(slope, 0, k * sizeof *slope);
    run->explained = fmin(regression(run, moments, &e, factor, slope), 1.0);
    const double left = e.variance * (1.0 - run->explained), spare = e.draws - (double)k - 1.0;
    const double *sr_square = r + 2 + k;
    double square = 0.0, shift = 0.0, noise = 0.0;
    for (size_t j = 0; j < k; j++) {
        noise += sr_square[j] / e.total / e.total;
        run->direction[j] = e.informative ? -slope[j] : -run->gradient[j];
        square = fma(run->direction[j], run->direction[j], square);
        shift = run->restricted ? 0.0 : fma(slope[j], s[j] / e.total, shift);
    }
    e.informative &= spare > 1.0;
    /* near the minimum the first holds, far tails included: there r is what is left of r */
    e.noise = 0.5 * fmax(noise * e.draws, (double)k * left) / fmax(spare, 1.0);
    run->kl = run->reference - run->log_mass + (r[0] / e.total - shift);
    run->kl_error = sqrt((run->restricted ? e.variance : left) / fmax(spare, 1.0))
                    + run->log_mass_error;
    run->gain = 0.5 * square;
    run->gain_error = e.noise;
    return e;
}

/* Of the likelihood: the gain of a natural step is half the square of the mean score, which has
 * unit variance where the family is right. */
klf_estimates klf_estimate_of_likelihood(klf_reverse *run, const double *moments)
{
    const size_t k = run->sizes.coordinates;
    klf_estimates e = begin_estimates(run, moments);
    double square = 0.0;
    for (size_t j = 0; j < k; j++) {
        const double mean = moments[3 + j] / e.total;
        square = fma(mean, mean, square);
    }
    e.noise = 0.5 * (double)k / e.draws;
    run->kl = run->reference + moments[3 + k] / e.total;
    run->kl_error = sqrt(e.variance / e.draws);
    run->gain = 0.5 * square - e.noise;
    run->gain_error = sqrt((square + e.noise) / e.draws);
    run->explained = 0.0;
    return e;
}

/* Sum over a net's points of w (s_j - mean s_j) times what the regression leaves of r. */
static double net_residual(const klf_reverse *run, const double *net, const double *mean_s,
                           double mean_r, size_t j)
{
    const size_t k = run->sizes.coordinates;
    const double *s = net + 3, *r = s + k, *sr = r + 2, *ss = sr + 2 * k;
    double sum = sr[j] - mean_r * s[j] - mean_s[j] * (r[0] - mean_r * net[1]);
    for (size_t i = 0; i < k; i++) {
        const double product = ss[i > j ? klf_packed(i, j) : klf_packed(j, i)];
        const double about = product - s[i] * mean_s[j] - mean_s[i] * (s[j] - mean_s[j] * net[1]);
        sum = fma(run->direction[i], about, sum);
    }
    return sum;
}

/* The errors from the spread over the nets, as if these were independent though the members that
 * their points are drawn from have come of all of them. */
klf_estimates klf_estimate_from_pooled_nets(klf_reverse *run, const double *moments,
                                            const double *nets)
{
    const size_t k = run->sizes.coordinates, width = run->sums.width;
    klf_estimates e = klf_estimate_from_pool(run, moments);
    double *mean_s = run->work, square = 0.0, noise = 0.0;
    const double mean_r = moments[3 + k] / e.total;
    for (size_t j = 0; j < k; j++)
        mean_s[j] = moments[3 + j] / e.total;
    for (size_t i = 0; i < KLF_NETS; i++) {
        const double *net = nets + i * width;
        double off = net[3 + k] - mean_r * net[1];
        for (size_t j = 0; j < k; j++) {
            const double residual = net_residual(run, net, mean_s, mean_r, j) / e.total;
            if (!run->restricted) /* else the score's mean is not known: kl is r's alone */
                off = fma(run->direction[j], net[3 + j] - mean_s[j] * net[1], off);
            noise = fma(residual, residual, noise);
        }
        square = fma(off / e.total, off / e.total, square);
    }
    const double spare = e.draws - (double)k - 1.0;
    const double factor = KLF_NETS / (KLF_NETS - 1.0) * (e.draws / fmax(spare, 1.0));
    run->kl_error = sqrt(factor * square) + run->log_mass_error;
    run->gain_error = e.noise = 0.5 * factor * noise;
    return e;
}
