/* stein.c -- the step of a family of Normals from gradients of log q.
 *
 * With x = mean + L z and r = log p - log q let h = z + L' grad log q, which is -grad r in z. By
 * Stein's identity the natural gradient, the covariance of r with the standard score (z; z z'), is
 *
 *     -Cov(z, r) = E h = c,     -E[grad grad r] = E[h z'] = S,
 *
 * and the step multiplies p by exp(c.z + z'S z/2). c and S are the regression of h on (1, z): where
 * q is Normal it leaves nothing, and d + 1 draws are enough. Sources: Stein (1981), "Estimation of
 * the mean of a multivariate normal distribution", Annals of Statistics 9, lemma 1; Opper and
 * Archambeau (2009), "The variational Gaussian approximation revisited", Neural Computation 21;
 * Salimans and Knowles (2013), "Fixed-form variational posterior approximation through stochastic
 * linear regression", Bayesian Analysis 8, section 4.
 */
#include <math.h>
#include <string.h>

#include "../families/packed_cholesky.h"
#include "reverse_steps.h"

static const double SQRT2 = 0x1.6a09e667f3bcdp+0;

/* Of log q with itself along its gradients: more is another function's gradient. */
static const double VALUES_AGREE = 1e-9;

enum { RESIDUALS = 2 }; /* the rows of the second pass: v.s, and the noise of a draw */

size_t klf_stein_width(const klf_reverse *run)
{
    return klf_moments_size(KLF_MOMENTS_PRODUCTS, 2 * run->d);
}

size_t klf_stein_residual_width(void)
{
    return klf_moments_size(KLF_MOMENTS_PRODUCTS, RESIDUALS);
}

/* log p, r, two rows for the moments, the rows z and h, those of the second pass, and the scratch
 * of the functions. */
size_t klf_stein_work(const klf_reverse *run)
{
    return 4 * KLF_BLOCK + (2 * run->d + RESIDUALS) * KLF_ROW + run->sizes.work;
}

/* The rows z and h of a block. */
static void whitened_rows(const klf_reverse *run, size_t n, const double *x,
                          const double *gradient, double *rows, double *scratch)
{
    const size_t d = run->d;
    run->family->whiten(run->d, run->constants, n, x, gradient, rows, scratch);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < n; i++)
            rows[(d + j) * KLF_ROW + i] += rows[j * KLF_ROW + i];
}

/* Rows and log-ratios of a block, at their places in `work`. */
static int prepare_block(const klf_reverse *run, size_t n, const double *x, const double *log_q,
                         const double *gradient, double *work)
{
    double *log_p = work, *ratio = log_p + KLF_BLOCK, *rows = ratio + 3 * KLF_BLOCK;
    double *scratch = rows + (2 * run->d + RESIDUALS) * KLF_ROW;
    run->family->log_density(run->d, run->constants, n, x, log_p, scratch);
    whitened_rows(run, n, x, gradient, rows, scratch);
    return run->level->log_ratio(n, log_p, log_q, run->reference, ratio);
}

klf_run_status klf_stein_block(const klf_reverse *run, size_t n, const double *x,
                               const double *log_q, const double *gradient,
                               const double *weights, double *moments, double *work)
{
    double *ratio = work + KLF_BLOCK, *spare = ratio + KLF_BLOCK, *rows = spare + 2 * KLF_BLOCK;
    if (!prepare_block(run, n, x, log_q, gradient, work))
        return KLF_RUN_DIVERGED;
    run->level->block_moments(KLF_MOMENTS_PRODUCTS, 2 * run->d, n, rows, ratio, weights, moments,
                              spare);
    return KLF_RUN_GOING;
}

klf_run_status klf_stein_residual_block(const klf_reverse *run, size_t n, const double *x,
                                        const double *log_q, const double *gradient,
                                        const double *weights, double *moments, double *work)
{
    double *ratio = work + KLF_BLOCK, *spare = ratio + KLF_BLOCK, *rows = spare + 2 * KLF_BLOCK;
    double *fitted = rows + 2 * run->d * KLF_ROW, *noise = fitted + KLF_ROW;
    if (!prepare_block(run, n, x, log_q, gradient, work))
        return KLF_RUN_DIVERGED;
    run->level->stein_residuals(run->d, n, rows, run->direction, fitted, noise);
    for (size_t i = 0; i < n; i++)
        noise[i] *= sqrt(weights[i]); /* its square is summed with weight w: w^2 in all */
    run->level->block_moments(KLF_MOMENTS_PRODUCTS, RESIDUALS, n, fitted, ratio, weights, moments,
                              spare);
    return KLF_RUN_GOING;
}

/* Half the step's quadratic form, S, in standard coordinates: row i of S added to its place. */
static void add_row(size_t d, size_t i, const double *row, double *quadratic)
{
    for (size_t j = 0; j < d; j++)
        if (i == j)
            quadratic[klf_packed(i, i)] += row[i] / SQRT2;
        else
            quadratic[i > j ? klf_packed(i, j) : klf_packed(j, i)] += 0.5 * row[j];
}

int klf_stein_direction(klf_reverse *run, const double *moments, double *work)
{
    const size_t d = run->d;
    const double total = moments[1], *sums = moments + 3, *products = sums + 2 + 6 * d;
    double *factor = work, *row = factor + d * (d + 1) / 2, *c = run->direction;
    memset(run->direction, 0, run->sizes.coordinates * sizeof *c);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            factor[klf_packed(i, j)] =
                (products[klf_packed(i, j)] - sums[i] * sums[j] / total) / total;
    int informative = 1;
    for (size_t i = 0; i < d; i++)
        informative &= factor[klf_packed(i, i)] > 0.05; /* its expectation is 1 */
    if (!informative || klf_cholesky(d, factor, 1e-8) < d)
        return 0;
    for (size_t i = 0; i < d; i++) {
        const double mean = sums[d + i] / total;
        for (size_t j = 0; j < d; j++)
            row[j] = products[klf_packed(d + i, j)] / total - mean * (sums[j] / total);
        klf_solve_lower(d, factor, row, 1);
        klf_solve_transposed(d, factor, row, 1);
        c[i] = mean;
        for (size_t j = 0; j < d; j++)
            c[i] = fma(-row[j], sums[j] / total, c[i]);
        add_row(d, i, row, c + d);
    }
    return 1;
}

/* Estimates from the sums of the second pass.
 *
 * The step's noise is that of a regression: the variance of c + S z about what it is fitted to, in
 * nats, from the residuals e of each draw, (|e|^2 + (|e|^2 |z|^2 + (e.z)^2)/4)/2. The known mean of
 * v.s, 0, takes what v.s explains of r out of the divergence's error, as far as v is not noise,
 * which comes from the same draws. */
klf_estimates klf_estimate_from_stein(klf_reverse *run, const double *moments, int informative)
{
    const double total = moments[1], *fitted = moments + 3, *r = fitted + RESIDUALS;
    const double *products = r + 2 + 2 * RESIDUALS;
    klf_estimates e = {.total = total, .freedom = total, .informative = informative};
    e.draws = total * (total / moments[2]);
    e.variance = fmax(0.0, (r[1] - r[0] * (r[0] / total)) / total);
    const double spare = fmax(e.draws - (double)run->d - 1.0, 1.0);
    double length = 0.0;
    for (size_t j = 0; j < run->sizes.coordinates; j++) {
        length = fma(run->direction[j], run->direction[j], length);
        run->gradient[j] = -run->direction[j];
    }
    e.informative &= e.draws > (double)run->d + 2.0;
    e.noise = 0.5 * (products[2] / total / total) * (e.draws / spare);
    run->gain = 0.5 * length;
    run->gain_error = e.noise;
    const double square = (products[0] - fitted[0] * (fitted[0] / total)) / total;
    const double product = (r[2] - fitted[0] * (r[0] / total)) / total;
    const double sure = run->gain > e.noise ? 1.0 - e.noise / run->gain : 0.0;
    const double slope = square > 0.0 ? sure * product / square : 0.0;
    const double left = fmax(0.0, e.variance + slope * (slope * square - 2.0 * product));
    run->explained = e.variance > 0.0 ? 1.0 - left / e.variance : 0.0;
    run->kl = run->reference + (r[0] - slope * fitted[0]) / total;
    run->kl_error = sqrt(left / spare);
    return e;
}

/* ---- The probe ------------------------------------------------------------------------------- */

size_t klf_stein_probe_work(const klf_reverse *run, size_t n)
{
    const size_t d = run->d, width = 2 * d + 1;
    return n * (width + 1) + (d + 2) * width + d * (d + 1) + klf_stein_work(run);
}

/* Fills the columns (1, z, h) and r; returns the size of what is added up in h, whose rounding
 * errors are those of the gradients, stretched by L. */
static double probe_columns(const klf_reverse *run, size_t n, const double *x,
                            const double *log_q, const double *gradient, double *columns,
                            double *r, double *work)
{
    const size_t d = run->d;
    const double *rows = work + 4 * KLF_BLOCK;
    double farthest = 0.0, spread = 0.0, steepest = 0.0;
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t count = n - start < KLF_BLOCK ? n - start : KLF_BLOCK;
        (void)prepare_block(run, count, x + start * d, log_q + start, gradient + start * d, work);
        for (size_t i = 0; i < count; i++) {
            columns[start + i] = 1.0;
            for (size_t j = 0; j < 2 * d; j++)
                columns[(j + 1) * n + start + i] = rows[j * KLF_ROW + i];
            r[start + i] = work[i] - log_q[start + i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        double of_z = 0.0, of_x = 0.0, of_g = 0.0;
        for (size_t j = 0; j < d; j++) {
            const double z = columns[(j + 1) * n + i], apart = x[i * d + j] - x[j];
            of_z = fma(z, z, of_z);
            of_x = fma(apart, apart, of_x);
            of_g = fma(gradient[i * d + j], gradient[i * d + j], of_g);
        }
        farthest = fmax(farthest, sqrt(of_z));
        spread = fmax(spread, sqrt(of_x));
        steepest = fmax(steepest, sqrt(of_g));
    }
    return farthest + spread * steepest;
}

/* Whether r + v.s is constant, as it is where q is the step's end: its mean is the divergence. */
static int values_agree(const klf_reverse *run, size_t n, const double *x, const double *gradient,
                        const double *r, double *work, double *mean)
{
    const size_t d = run->d;
    double *rows = work, *fitted = rows + 2 * d * KLF_ROW, *noise = fitted + KLF_ROW;
    double *scratch = noise + KLF_ROW;
    double first = 0.0, total = 0.0, least = INFINITY, most = -INFINITY, size = 0.0, largest = 0.0;
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t count = n - start < KLF_BLOCK ? n - start : KLF_BLOCK;
        whitened_rows(run, count, x + start * d, gradient + start * d, rows, scratch);
        run->level->stein_residuals(d, count, rows, run->direction, fitted, noise);
        for (size_t i = 0; i < count; i++) {
            const double sum = r[start + i] + fitted[i];
            first = start + i == 0 ? sum : first;
            total += sum - first;
            least = fmin(least, sum);
            most = fmax(most, sum);
            size = fmax(size, fabs(r[start + i] - run->reference) + fabs(fitted[i]));
            largest = fmax(largest, fabs(r[start + i]));
        }
    }
    *mean = first + total / (double)n;
    return most - least <= VALUES_AGREE * size + KLF_ROUNDING * largest;
}

int klf_stein_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                    const double *gradient, double *work)
{
    const size_t d = run->d, width = 2 * d + 1;
    double *columns = work, *r = columns + n * width, *triangle = r + n;
    double *slopes = triangle + (d + 2) * width, *intercepts = slopes + d * d;
    double *rest = intercepts + d, residual;
    const double size = probe_columns(run, n, x, log_q, gradient, columns, r, rest);
    if (!(klf_probe_level(run, n, r) && size < INFINITY)) {
        (void)klf_reverse_undo_landing(run);
        return 0;
    }
    klf_squared_norms(n, d + 1, columns, triangle);
    if (!klf_least_squares(run->level, n, d, d, columns, triangle, slopes, intercepts, &residual))
        return -1;
    memset(run->direction, 0, run->sizes.coordinates * sizeof *run->direction);
    memcpy(run->direction, intercepts, d * sizeof *intercepts);
    for (size_t i = 0; i < d; i++)
        add_row(d, i, slopes + i * d, run->direction + d);
    for (size_t j = 0; j < run->sizes.coordinates; j++)
        run->gradient[j] = -run->direction[j];
    double kl;
    if (residual > KLF_ROUNDING * size || !values_agree(run, n, x, gradient, r, rest, &kl))
        return 0;
    return klf_reverse_land(run, n, kl, residual);
}
