/* reverse.c -- minimising D(p||q) over a family: one step, and a run of steps.
 *
 * In standard coordinates the Fisher information is the identity, so the natural gradient is the
 * covariance g = Cov(s, r) of score and log-ratio r = log p - log q, and a step v changes the
 * divergence by about g.v + v.Hv/2, H = I where q is in the family. See
 * Amari (1998), "Natural gradient works efficiently in learning", Neural Computation 10; Salimans
 * and Knowles (2013), "Fixed-form variational posterior approximation through stochastic linear
 * regression", Bayesian Analysis 8, for the regression; Williams (1992), "Simple statistical
 * gradient-following algorithms", Machine Learning 8, for the score function with a baseline.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "klfast/klfast.h"
#include "../families/packed_cholesky.h"

enum {
    FULL_UP_TO = KLF_LARGEST_FULL, /* coordinates for which r is regressed on s at every step */
    FULL_TRIANGLE = FULL_UP_TO * (FULL_UP_TO + 1) / 2,
    PROBE_UP_TO = 600,  /* coordinates for which the in-family probe is tried */
    SUM_NODES = 128,
    LARGEST_REJECTIONS = 40,
    LARGEST_STALLED = 8, /* steps in a row that should have landed on q and came no nearer: q is
                          * improper, at the edge of the family */
    QUIET_STEPS = 2,    /* a verdict must be reached this often in a row */
    VERDICT_SAMPLES = 1 << 18 /* and on no fewer samples, if max_samples allows: the far tails of
                               * p, where log q may be quite another, are rarely seen */
};

static const double TRUST_START = 0.5, TRUST_LEAST = 1e-3, TRUST_MOST = 2.0;
static const double NODES_GAIN = 1e-14;
static const double ADAM_MEAN = 0.9, ADAM_SQUARE = 0.999, ADAM_FLOOR = 1e-8;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

klf_moments_kind klf_reverse_kind(const klf_reverse *run)
{
    if (run->method == KLF_METHOD_POOLED)
        return KLF_MOMENTS_PRODUCTS;
    return run->sizes.coordinates <= FULL_UP_TO ? KLF_MOMENTS_FULL : KLF_MOMENTS_GRADIENT;
}

static size_t moments_width(const klf_reverse *run)
{
    return klf_moments_size(klf_reverse_kind(run), run->sizes.coordinates);
}

/* samples, log p, log q, r, score, two rows for the moments, and the scratch of the functions */
size_t klf_reverse_work(const klf_reverse *run)
{
    const size_t target = run->target ? run->target->work : 0;
    return (run->sizes.event + 5) * KLF_BLOCK + run->sizes.coordinates * KLF_ROW
           + larger(run->sizes.work, target);
}

void klf_reverse_memory(const klf_reverse *run, size_t *doubles, size_t *integers)
{
    const klf_sizes *s = &run->sizes;
    *doubles = 3 * s->parameters + s->constants + s->table + 8 * s->coordinates
               + moments_width(run) * (SUM_NODES + 1) + klf_reverse_work(run);
    *integers = 2 * SUM_NODES;
}

static double *take(double **memory, size_t count)
{
    double *start = *memory;
    *memory += count;
    return start;
}

static void prepare(klf_reverse *run)
{
    run->family->prepare(run->d, run->theta, run->constants);
    if (run->family->prepare_sampler)
        run->family->prepare_sampler(run->d, run->theta, run->table);
}

static size_t array_bytes(const klf_reverse *run)
{
    return (size_t)(run->moments - run->theta) * sizeof(double);
}

void klf_reverse_begin(klf_reverse *run, const double *theta, double *doubles, uint64_t *integers)
{
    const klf_sizes *s = &run->sizes;
    run->theta = take(&doubles, s->parameters);
    run->theta_previous = take(&doubles, s->parameters);
    run->theta_trial = take(&doubles, s->parameters);
    run->constants = take(&doubles, s->constants);
    run->table = take(&doubles, s->table);
    run->direction = take(&doubles, s->coordinates);
    run->gradient = take(&doubles, s->coordinates);
    run->direction_previous = take(&doubles, s->coordinates);
    run->gradient_previous = take(&doubles, s->coordinates);
    run->adam_mean = take(&doubles, s->coordinates);
    run->adam_square = take(&doubles, s->coordinates);
    run->unconstrained = take(&doubles, s->coordinates);
    run->baselines = take(&doubles, s->coordinates);
    run->moments = take(&doubles, moments_width(run));
    run->sums = (klf_accumulator){.width = moments_width(run), .capacity = SUM_NODES,
                                  .first = integers, .count = integers + SUM_NODES,
                                  .values = take(&doubles, moments_width(run) * SUM_NODES)};
    run->work = doubles;
    memset(run->theta, 0, array_bytes(run));
    memcpy(run->theta, theta, s->parameters * sizeof *theta);
    run->family->to_unconstrained(run->d, theta, run->unconstrained);
    run->status = KLF_RUN_GOING;
    run->next_block = run->steps = run->evaluations = 0;
    run->reference = run->log_mass = run->log_mass_error = 0.0;
    run->trust = TRUST_START;
    run->adam_power_mean = run->adam_power_square = 1.0;
    run->quiet = run->floored = run->has_previous = run->rejections = run->stalled = 0;
    run->kl = run->kl_error = run->gain = run->gain_error = NAN;
    run->explained = run->length = run->predicted = 0.0;
    run->variance = run->noise = run->draws = NAN;
    run->probe_gain = INFINITY;
    prepare(run);
}

enum {
    STATE_START = offsetof(klf_reverse, status),
    STATE_BYTES = offsetof(klf_reverse, theta) - offsetof(klf_reverse, status),
    STATE_DOUBLES = (STATE_BYTES + sizeof(double) - 1) / sizeof(double)
};

size_t klf_reverse_saved(const klf_reverse *run)
{
    return STATE_DOUBLES + array_bytes(run) / sizeof(double);
}

void klf_reverse_save(const klf_reverse *run, double *saved)
{
    memset(saved, 0, STATE_DOUBLES * sizeof *saved);
    memcpy(saved, (const char *)run + STATE_START, STATE_BYTES);
    memcpy(saved + STATE_DOUBLES, run->theta, array_bytes(run));
}

void klf_reverse_restore(klf_reverse *run, const double *saved)
{
    memcpy((char *)run + STATE_START, saved, STATE_BYTES);
    memcpy(run->theta, saved + STATE_DOUBLES, array_bytes(run));
}

/* ---- Samples to moments ---------------------------------------------------------------------- */

/* Why a log-ratio is not finite, and at which sample. log p is finite at every draw of p. */
static klf_run_status find_cause(size_t n, const double *log_q, uint64_t *bad_index)
{
    for (size_t i = 0; i < n; i++) {
        if (fabs(log_q[i]) < INFINITY)
            continue;
        *bad_index = i;
        if (log_q[i] != log_q[i])
            return KLF_RUN_TARGET_NAN;
        return log_q[i] < 0.0 ? KLF_RUN_SUPPORT : KLF_RUN_TARGET_INFINITE;
    }
    *bad_index = 0; /* finite but too large to subtract */
    return KLF_RUN_DIVERGED;
}

klf_run_status klf_reverse_block_given(const klf_reverse *run, size_t n, const double *x,
                                       const double *log_q, const double *weights,
                                       double *moments, double *work, uint64_t *bad_index)
{
    double *log_p = work, *ratio = work + KLF_BLOCK, *rows = ratio + KLF_BLOCK;
    double *score = rows + 2 * KLF_BLOCK;
    double *scratch = score + run->sizes.coordinates * KLF_ROW;
    run->family->score(run->d, run->constants, n, x, log_p, score, scratch);
    if (!run->level->log_ratio(n, log_p, log_q, run->reference, ratio))
        return find_cause(n, log_q, bad_index);
    run->level->block_moments(klf_reverse_kind(run), run->sizes.coordinates, n, score, ratio,
                              weights, moments, rows);
    return KLF_RUN_GOING;
}

klf_run_status klf_reverse_block(const klf_reverse *run, uint64_t block, size_t n, double *moments,
                                 double *work, uint64_t *bad_index)
{
    double *x = work, *log_q = x + run->sizes.event * KLF_BLOCK, *rest = log_q + KLF_BLOCK;
    run->family->sample(run->d, run->constants, run->table, run->stream, block, n, x, rest);
    run->target->log_density(run->target, n, x, log_q, rest);
    return klf_reverse_block_given(run, n, x, log_q, NULL, moments, rest, bad_index);
}

/* ---- From moments to estimates --------------------------------------------------------------- */

/* Draws of the present member have weight 1, and a mean over them the freedom n - 1. Weighted
 * samples are quadrature nodes, which have no sampling error, or pooled draws, which are worth
 * (sum w)^2 / sum w^2 draws of weight 1 (Kong, Liu and Wong, 1994, "Sequential imputations and
 * Bayesian missing data problems", Journal of the American Statistical Association 89). */
typedef struct {
    double total, freedom; /* sum w; what divides a sum about the mean */
    double draws;          /* of weight 1 that they are worth */
    double variance;       /* of r */
    double noise;          /* what the sampling error of g adds to the predicted gain on average */
    int informative;       /* the samples show every coordinate of the score */
} estimates;

static estimates begin_estimates(const klf_reverse *run, const double *moments)
{
    const double *r = moments + 3 + run->sizes.coordinates, total = moments[1];
    const int draws = run->method == KLF_METHOD_NATURAL || run->method == KLF_METHOD_SCORE;
    estimates e = {.total = total, .freedom = draws ? total - 1.0 : total, .informative = 1};
    e.draws = run->method == KLF_METHOD_NODES ? INFINITY : total * (total / moments[2]);
    e.variance = fmax(0.0, (r[1] - r[0] * (r[0] / total)) / e.freedom);
    return e;
}

/* The natural gradient g = Cov(s, r). */
static void natural_gradient(klf_reverse *run, const double *moments, const estimates *e)
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
static double regression(const klf_reverse *run, const double *moments, estimates *e,
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
 * safely positive definite. */
static void inverse_hessian(const klf_reverse *run, const double *moments, const estimates *e,
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
        return;
    }
    memset(inverse, 0, triangle * sizeof *inverse);
    for (size_t i = 0; i < k; i++)
        inverse[klf_packed(i, i)] = 1.0;
}

/* direction = -H^-1 g; H^-1 = I without `inverse`. Predicted gain g.H^-1 g/2 less what the noise of
 * g adds to it on average, and its error. No noise without `variances`. */
static void newton_direction(klf_reverse *run, const double *inverse, const double *variances,
                             estimates *e)
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

/* Fills the run's gradient, direction, KL, gain and their errors from draws of the member. */
static estimates estimate(klf_reverse *run, const double *moments)
{
    const size_t k = run->sizes.coordinates;
    const int full = klf_reverse_kind(run) == KLF_MOMENTS_FULL && moments[0] > 4.0 * (double)k;
    estimates e = begin_estimates(run, moments);
    double *variances = run->work;
    run->kl = run->reference + moments[3 + k] / e.total;
    run->kl_error = sqrt(e.variance / e.total);
    natural_gradient(run, moments, &e);
    gradient_variances(run, moments, variances);
    if (!full) {
        newton_direction(run, NULL, variances, &e);
        const double share = e.variance > 0.0 ? 2.0 * run->gain / e.variance : 0.0;
        run->explained = fmin(fmax(share, 0.0), 0.9);
        return e;
    }
    double inverse[FULL_TRIANGLE] = {0.0}, factor[FULL_TRIANGLE], slope[FULL_UP_TO];
    inverse_hessian(run, moments, &e, inverse);
    newton_direction(run, inverse, variances, &e);
    run->explained = regression(run, moments, &e, factor, slope);
    prefer_regression(run, slope);
    return e;
}

static void follow_regression(klf_reverse *run, const double *slope, const estimates *e)
{
    for (size_t j = 0; j < run->sizes.coordinates; j++)
        run->direction[j] = -slope[j];
    run->gain = 0.5 * run->explained * e->variance;
}

/* The same from quadrature nodes, whose error is how far it is to every second node. */
static estimates estimate_from_nodes(klf_reverse *run, const double *moments,
                                     const double *coarse)
{
    const size_t k = run->sizes.coordinates;
    double inverse[FULL_TRIANGLE] = {0.0}, factor[FULL_TRIANGLE], slope[FULL_UP_TO];
    estimates e = begin_estimates(run, coarse);
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
static estimates estimate_from_pool(klf_reverse *run, const double *moments)
{
    const size_t k = run->sizes.coordinates;
    const double *s = moments + 3, *r = s + k;
    double *slope = run->work, *factor = slope + k;
    estimates e = begin_estimates(run, moments);
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
    run->kl_error = sqrt(left / fmax(spare, 1.0)) + run->log_mass_error;
    run->gain = 0.5 * square;
    run->gain_error = e.noise;
    return e;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* Tries theta_trial = the member `length` along the direction; 0 if there is none. */
static int try_length(klf_reverse *run, double length)
{
    double *scaled = run->work;
    const size_t k = run->sizes.coordinates;
    for (size_t j = 0; j < k; j++)
        scaled[j] = length * run->direction[j];
    return run->family->move(run->d, run->theta, run->constants, scaled, run->theta_trial,
                             run->work + k) == KLF_OK
           && run->family->check(run->d, run->theta_trial, &(klf_violation){0}, run->work)
                  == KLF_OK;
}

/* The longest step up to 1 that stays in the domain and within D(p_new||p_old) <= radius. */
static double step_length(klf_reverse *run, double radius)
{
    double length = 1.0;
    if (!try_length(run, length)) {
        length = 0.9 * run->family->max_step(run->d, run->constants, run->direction, run->work);
        length = length < 1.0 ? length : 0.5;
        while (length > 1e-12 && !try_length(run, length))
            length *= 0.5;
    }
    while (length > 1e-12) {
        const double moved = run->family->kl(run->d, run->theta_trial, run->theta, run->work);
        if (moved <= radius)
            return length;
        const double guess = 0.95 * sqrt(radius / moved);
        length *= guess > 0.1 && guess < 0.9 ? guess : (guess >= 0.9 ? 0.9 : 0.1);
        if (!try_length(run, length))
            return 0.0;
    }
    return 0.0;
}

static void accept_trial(klf_reverse *run)
{
    const size_t bytes = run->sizes.parameters * sizeof *run->theta;
    memcpy(run->theta_previous, run->theta, bytes);
    memcpy(run->theta, run->theta_trial, bytes);
    prepare(run);
    run->steps++;
}

/* A step of length `most` at most. */
static void natural_step(klf_reverse *run, double most)
{
    const double unexplained = fmax(1.0 - run->explained, 1e-12);
    run->length = step_length(run, run->trust / unexplained);
    if (most < run->length && try_length(run, most))
        run->length = most;
    if (run->length == 0.0) {
        run->status = KLF_RUN_DIVERGED;
        return;
    }
    double slope = 0.0;
    for (size_t j = 0; j < run->sizes.coordinates; j++)
        slope = fma(-run->direction[j], run->gradient[j], slope);
    run->predicted = run->length * (1.0 - 0.5 * run->length) * slope;
    accept_trial(run);
}

/* The divergence has risen by more than its error: back, and again with a shorter step. */
static void retreat(klf_reverse *run)
{
    const size_t bytes = run->sizes.coordinates * sizeof *run->direction;
    memcpy(run->theta, run->theta_previous, run->sizes.parameters * sizeof *run->theta);
    memcpy(run->direction, run->direction_previous, bytes);
    memcpy(run->gradient, run->gradient_previous, bytes);
    prepare(run);
    run->kl = run->kl_previous;
    run->kl_error = run->kl_error_previous;
    run->gain = run->gain_previous;
    run->explained = run->explained_previous;
    run->trust *= 0.25;
    if (++run->rejections > LARGEST_REJECTIONS)
        run->status = KLF_RUN_DIVERGED;
    else
        natural_step(run, 1.0);
}

/* What a retreat needs: the estimates at the member that the next step starts from. */
static void keep_previous(klf_reverse *run)
{
    const size_t bytes = run->sizes.coordinates * sizeof *run->direction;
    run->has_previous = 1;
    run->kl_previous = run->kl;
    run->kl_error_previous = run->kl_error;
    run->gain_previous = run->gain;
    run->explained_previous = run->explained;
    memcpy(run->direction_previous, run->direction, bytes);
    memcpy(run->gradient_previous, run->gradient, bytes);
}

static void adapt_trust(klf_reverse *run)
{
    const double gained = run->kl_previous - run->kl;
    const double error = sqrt(run->kl_error * run->kl_error
                              + run->kl_error_previous * run->kl_error_previous);
    if (gained + error > 0.5 * run->predicted)
        run->trust = fmin(TRUST_MOST, fmax(TRUST_LEAST, 1.5 * run->trust));
    else if (gained - error < 0.25 * run->predicted)
        run->trust = fmax(TRUST_LEAST, 0.5 * run->trust);
}

static void update_natural(klf_reverse *run, const estimates *e)
{
    const double error = sqrt(run->kl_error * run->kl_error
                              + run->kl_error_previous * run->kl_error_previous);
    if (run->has_previous) {
        const double rise = run->kl - run->kl_previous;
        if (rise > 4.0 * error + 1e-12 * fabs(run->kl)) {
            retreat(run);
            return;
        }
        adapt_trust(run);
    }
    keep_previous(run);
    run->rejections = 0;
    const int noisy = run->gain < 2.0 * run->gain_error || !e->informative;
    if (noisy && run->samples > (uint64_t)e->total) /* more are coming already */
        run->floored = 0;
    else if (noisy && run->samples < run->max_samples)
        run->samples = 2 * run->samples < run->max_samples ? 2 * run->samples : run->max_samples;
    else
        run->floored = noisy && !run->quiet ? run->floored + 1 : 0;
    if (run->floored >= QUIET_STEPS)
        run->status = KLF_RUN_NOISE_FLOOR;
    else
        natural_step(run, 1.0);
}

/* The gradient of the score method in standard coordinates. Greensmith, Bartlett and Baxter (2004),
 * "Variance reduction techniques for gradient estimates in reinforcement learning", Journal of
 * Machine Learning Research 5, section 4, for the baseline of least variance; of the step before,
 * so that there is no bias. */
static void baseline_gradient(klf_reverse *run, const double *moments, double *standard)
{
    const size_t k = run->sizes.coordinates, triangle = k * (k + 1) / 2;
    const double n = moments[0], *s = moments + 3, *sr = s + k + 2;
    const int first = run->steps == 0 || run->baseline != KLF_BASELINE_PER_COORDINATE;
    for (size_t j = 0; j < k; j++) {
        const double constant = run->baseline == KLF_BASELINE_NONE ? 1.0 : -run->baselines[j];
        standard[j] = run->baseline != KLF_BASELINE_NONE && first
                          ? run->gradient[j]
                          : (s[j] * (constant + run->reference) + sr[j]) / n;
    }
    if (run->baseline != KLF_BASELINE_PER_COORDINATE)
        return;
    const double *ss = sr + 2 * k, *ssr = ss + triangle;
    for (size_t j = 0; j < k; j++)
        run->baselines[j] = run->reference + ssr[klf_packed(j, j)] / ss[klf_packed(j, j)];
}

/* The step rule's direction for one coordinate. Polyak (1964), "Some methods of speeding up the
 * convergence of iteration methods", USSR Computational Mathematics 4; Kingma and Ba (2015), "Adam:
 * a method for stochastic optimization", algorithm 1. */
static double ruled(klf_reverse *run, size_t j, double gradient)
{
    double *mean = run->adam_mean + j, *square = run->adam_square + j;
    if (run->step_rule == KLF_STEP_MOMENTUM)
        return *mean = ADAM_MEAN * *mean + gradient;
    if (run->step_rule != KLF_STEP_ADAM)
        return gradient;
    *mean = ADAM_MEAN * *mean + (1.0 - ADAM_MEAN) * gradient;
    *square = ADAM_SQUARE * *square + (1.0 - ADAM_SQUARE) * gradient * gradient;
    return *mean / (1.0 - run->adam_power_mean)
           / (sqrt(*square / (1.0 - run->adam_power_square)) + ADAM_FLOOR);
}

/* The plain stochastic gradient in unconstrained coordinates, where every point is a member. */
static void update_score(klf_reverse *run, const double *moments)
{
    const size_t k = run->sizes.coordinates;
    double *standard = run->work, *scratch = run->work + k, *u = scratch;
    baseline_gradient(run, moments, standard);
    run->family->map_score(run->d, run->theta, run->constants, KLF_UNCONSTRAINED, standard,
                           run->gradient, scratch);
    const double t = (double)run->steps + 1.0;
    const double rate = run->step_size / (run->step_rule == KLF_STEP_DECAYING ? sqrt(t) : 1.0);
    run->adam_power_mean *= ADAM_MEAN;
    run->adam_power_square *= ADAM_SQUARE;
    for (size_t j = 0; j < k; j++)
        u[j] = fma(-rate, ruled(run, j, run->gradient[j]), run->unconstrained[j]);
    run->length = rate;
    /* the fixed parameters */
    memcpy(run->theta_trial, run->theta, run->sizes.parameters * sizeof *run->theta);
    if (run->family->from_unconstrained(run->d, u, run->theta_trial) != KLF_OK
        || run->family->check(run->d, run->theta_trial, &(klf_violation){0}, scratch + k)
               != KLF_OK) {
        run->status = KLF_RUN_DIVERGED;
        return;
    }
    memcpy(run->unconstrained, u, k * sizeof *u);
    accept_trial(run);
}

/* Whether the gain that is left is below the tolerance by more than its error. A natural run says
 * so only of enough samples; where these are missing it takes them at the next step. */
static int is_quiet(klf_reverse *run, const estimates *e)
{
    const uint64_t left = run->max_evaluations - run->evaluations;
    const uint64_t most = run->max_samples < left ? run->max_samples : left;
    const uint64_t verdict = most < VERDICT_SAMPLES ? most : VERDICT_SAMPLES;
    int quiet = e->informative && run->gain + 2.0 * run->gain_error <= run->tolerance
                && e->noise <= run->tolerance;
    if (run->method == KLF_METHOD_NODES) /* more steps cost next to nothing */
        quiet &= run->gain <= fmax(NODES_GAIN, run->gain_error)
                 && run->kl_error <= run->tolerance;
    if (!quiet || run->method != KLF_METHOD_NATURAL || run->samples >= verdict)
        return quiet;
    run->samples = verdict;
    return 0;
}

/* The length at which the derivative along the last direction would have been 0, by the secant. Where
 * full steps overshoot, the divergence hardly changes from one member to the next: pooled draws do
 * not show that, but the direction that turns round does. */
static double secant(const klf_reverse *run)
{
    double before = 0.0, now = 0.0;
    for (size_t j = 0; j < run->sizes.coordinates; j++) {
        before = fma(run->direction_previous[j], run->direction_previous[j], before);
        now = fma(run->direction_previous[j], run->direction[j], now);
    }
    if (!(run->gain >= 4.0 * run->gain_error) || !(now < before))
        return 1.0; /* a direction that is noise tells nothing */
    return fmax(0.1, run->length * before / (before - now));
}

/* A step from weighted samples; those of the next step are not fewer. */
static void update_weighted(klf_reverse *run, const estimates *e)
{
    if (run->has_previous) {
        const double error = run->kl_error + run->kl_error_previous;
        if (run->kl - run->kl_previous > 4.0 * error + 1e-12 * (1.0 + fabs(run->kl))) {
            retreat(run);
            return;
        }
        adapt_trust(run);
    }
    const int pooled = run->has_previous && run->method == KLF_METHOD_POOLED;
    const double most = pooled ? secant(run) : 1.0;
    keep_previous(run);
    run->rejections = 0;
    if (e->informative)
        natural_step(run, most);
}

static void update(klf_reverse *run, const double *moments, const estimates *e)
{
    run->variance = e->variance;
    run->noise = e->noise;
    run->draws = e->draws;
    if (!(fabs(run->kl) < INFINITY && run->gain_error < INFINITY)) {
        run->status = KLF_RUN_DIVERGED;
        return;
    }
    run->quiet = is_quiet(run, e) ? run->quiet + 1 : 0;
    if (run->quiet >= QUIET_STEPS)
        run->status = KLF_RUN_CONVERGED;
    else if (run->steps >= run->max_steps
             || run->evaluations + run->samples > run->max_evaluations)
        run->status = KLF_RUN_BUDGET;
    else if (run->method == KLF_METHOD_NATURAL)
        update_natural(run, e);
    else if (run->method == KLF_METHOD_SCORE)
        update_score(run, moments);
    else
        update_weighted(run, e);
    const uint64_t left = run->max_evaluations - run->evaluations; /* at least the old samples */
    run->samples = run->samples < left ? run->samples : left;
    run->reference = run->kl + run->log_mass;
}

void klf_reverse_update(klf_reverse *run, const double *moments)
{
    const estimates e = run->method == KLF_METHOD_POOLED ? estimate_from_pool(run, moments)
                                                         : estimate(run, moments);
    update(run, moments, &e);
}

void klf_reverse_update_nodes(klf_reverse *run, const double *moments, const double *coarse)
{
    const estimates e = estimate_from_nodes(run, moments, coarse);
    update(run, moments, &e);
}

/* ---- The in-family probe --------------------------------------------------------------------- */

size_t klf_reverse_probe_samples(const klf_reverse *run)
{
    const size_t k = run->sizes.coordinates;
    return k <= PROBE_UP_TO && run->method != KLF_METHOD_SCORE ? 2 * k + 16 : 64;
}

/* Modified Gram-Schmidt on the columns (1, s, r) of an n x (k + 2) matrix, column by column (Golub
 * and Van Loan, 2013, section 5.2.8): the slope of r on s, the intercept, and the root mean square
 * of what is left of r. 0 if the samples do not determine the slope. */
static int least_squares(size_t n, size_t k, double *columns, double *triangle, double *slope,
                         double *intercept, double *residual)
{
    const size_t last = k + 1;
    for (size_t j = 0; j <= k; j++) {
        double *a = columns + j * n, before = triangle[j], after = 0.0;
        for (size_t i = 0; i < n; i++)
            after = fma(a[i], a[i], after);
        if (!(after > 1e-16 * before))
            return 0;
        const double inverse = 1.0 / sqrt(after);
        for (size_t i = 0; i < n; i++)
            a[i] *= inverse;
        for (size_t l = j + 1; l <= last; l++) {
            double *b = columns + l * n, product = 0.0;
            for (size_t i = 0; i < n; i++)
                product = fma(a[i], b[i], product);
            for (size_t i = 0; i < n; i++)
                b[i] = fma(-product, a[i], b[i]);
            triangle[(j + 1) * (last + 1) + l] = product;
        }
        triangle[(j + 1) * (last + 1) + j] = sqrt(after);
    }
    double square = 0.0;
    for (size_t i = 0; i < n; i++)
        square = fma(columns[last * n + i], columns[last * n + i], square);
    *residual = sqrt(square / (double)n);
    for (size_t j = k + 1; j-- > 0;) {
        const double *row = triangle + (j + 1) * (last + 1);
        double sum = row[last];
        for (size_t l = j + 1; l <= k; l++)
            sum = fma(-row[l], slope[l - 1], sum);
        if (j == 0)
            *intercept = sum / row[0];
        else
            slope[j - 1] = sum / row[j];
    }
    return 1;
}

/* Fills the columns (1, s, r - r_0), their squared norms, and returns the size of the rounding
 * errors in r, or a negative number if some r is not finite. */
static double probe_columns(klf_reverse *run, size_t n, const double *x, const double *log_q,
                            double *columns, double *norms, double *first, double *work)
{
    const size_t k = run->sizes.coordinates;
    double *log_p = work, *score = work + KLF_BLOCK, *scratch = score + k * KLF_ROW;
    double *r = columns + (k + 1) * n, largest = 0.0, total = 0.0;
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t count = n - start < KLF_BLOCK ? n - start : KLF_BLOCK;
        run->family->score(run->d, run->constants, count, x + start * run->sizes.event, log_p,
                           score, scratch);
        for (size_t i = 0; i < count; i++) {
            columns[start + i] = 1.0;
            for (size_t j = 0; j < k; j++)
                columns[(j + 1) * n + start + i] = score[j * KLF_ROW + i];
            r[start + i] = log_p[i] - log_q[start + i];
            largest = fmax(largest, fabs(log_p[i]) + fabs(log_q[start + i]));
            total += r[start + i] - r[0];
        }
    }
    if (!(fabs(total) < INFINITY && largest < INFINITY))
        return -1.0;
    run->reference = r[0] + total / (double)n;
    double square = 0.0;
    for (size_t i = 0; i < n; i++)
        square = fma(r[i] - run->reference, r[i] - run->reference, square);
    run->kl = run->reference;
    run->kl_error = sqrt(square / ((double)n - 1.0) / (double)n);
    *first = r[0];
    for (size_t i = 0; i < n; i++)
        r[i] -= *first;
    for (size_t j = 0; j <= k; j++) {
        norms[j] = 0.0;
        for (size_t i = 0; i < n; i++)
            norms[j] = fma(columns[j * n + i], columns[j * n + i], norms[j]);
    }
    return largest;
}

size_t klf_reverse_probe_work(const klf_reverse *run, size_t n)
{
    const size_t width = run->sizes.coordinates + 2;
    const int regresses = run->sizes.coordinates <= PROBE_UP_TO;
    return n * width + (regresses ? width * width : width) + klf_reverse_work(run);
}

int klf_reverse_undo_landing(klf_reverse *run)
{
    if (!run->has_previous)
        return 0;
    memcpy(run->theta, run->theta_previous, run->sizes.parameters * sizeof *run->theta);
    prepare(run);
    run->has_previous = 0;
    run->kl = run->reference = run->kl_previous;
    run->kl_error = run->kl_error_previous;
    return 1;
}

enum { FEW_POINTS = 8 };

/* Whether the draws are on so few points of a lattice that any log-ratio is linear there in the
 * score, while the support has more points, next to these. */
static int sees_too_few_points(const klf_reverse *run, size_t n, const double *x, double *work)
{
    const size_t k = run->sizes.coordinates;
    double seen[FEW_POINTS], beside[2 * FEW_POINTS] = {0.0}, log_p[2 * FEW_POINTS];
    size_t points = 0, besides = 0;
    if (!run->family->is_integer || run->family->is_vector || k + 1 >= FEW_POINTS)
        return 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < points && seen[j] != x[i])
            j++;
        if (j == points) {
            if (points == k + 1)
                return 0;
            seen[points++] = x[i];
        }
    }
    for (size_t i = 0; i < points; i++) {
        beside[besides++] = seen[i] - 1.0;
        beside[besides++] = seen[i] + 1.0;
    }
    run->family->log_density(run->d, run->constants, besides, beside, log_p, work);
    for (size_t i = 0; i < besides; i++) {
        int is_seen = 0;
        for (size_t j = 0; j < points; j++)
            is_seen |= seen[j] == beside[i];
        if (!is_seen && log_p[i] > -INFINITY)
            return 1;
    }
    return 0;
}

int klf_reverse_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                      double *work)
{
    const size_t k = run->sizes.coordinates;
    double *columns = work, *triangle = columns + n * (k + 2);
    double *rest = triangle + (k <= PROBE_UP_TO ? (k + 2) * (k + 2) : k + 2);
    double first;
    const double size = probe_columns(run, n, x, log_q, columns, triangle, &first, rest);
    if (size < 0.0) {
        (void)klf_reverse_undo_landing(run);
        return 0;
    }
    if (run->method == KLF_METHOD_SCORE || k > PROBE_UP_TO)
        return 0;
    if (sees_too_few_points(run, n, x, rest))
        return -1;
    double intercept, residual;
    if (!least_squares(n, k, columns, triangle, run->gradient, &intercept, &residual))
        return -1;
    if (residual > 64.0 * 0x1p-52 * size)
        return 0;
    const double kl = first + intercept;
    if (run->has_previous && kl - run->kl_previous > 1e-6 * (1.0 + fabs(kl))) {
        /* The landing has raised the divergence: q only looked like a member where p was. Back, and
         * on by natural steps. */
        (void)klf_reverse_undo_landing(run);
        return 0;
    }
    double square = 0.0;
    for (size_t j = 0; j < k; j++) {
        run->direction[j] = -run->gradient[j];
        square = fma(run->gradient[j], run->gradient[j], square);
    }
    const double gain = 0.5 * square;
    run->variance = 2.0 * gain + residual * residual;
    run->noise = 0.0;
    run->draws = (double)n;
    run->kl = kl;
    run->kl_error = residual / sqrt((double)n);
    run->gain_error = 0.0;
    run->explained = 1.0;
    run->length = 0.0;
    /* On q itself only rounding is left, which a further step does not reduce. */
    const int no_better = gain > 0.25 * run->probe_gain && gain < 1e-6;
    run->stalled = gain > 0.5 * run->probe_gain ? run->stalled + 1 : 0;
    run->gain = run->probe_gain = gain;
    if (gain <= 1e-24 || no_better)
        run->status = KLF_RUN_EXACT;
    else if (run->steps >= run->max_steps)
        run->status = KLF_RUN_BUDGET;
    else {
        run->length = step_length(run, INFINITY);
        if (run->length == 0.0 || run->stalled > LARGEST_STALLED)
            run->status = KLF_RUN_DIVERGED;
        else
            accept_trial(run);
        run->explained = 0.0; /* should a natural step follow and find the divergence risen */
        keep_previous(run);
        run->explained = 1.0;
    }
    return 1;
}

/* ---- A whole run ----------------------------------------------------------------------------- */

void klf_reverse_row(const klf_reverse *run, double *row)
{
    row[KLF_ROW_EVALUATIONS] = (double)run->evaluations;
    row[KLF_ROW_SAMPLES] = (double)run->samples;
    row[KLF_ROW_KL] = run->kl;
    row[KLF_ROW_KL_ERROR] = run->kl_error;
    row[KLF_ROW_GAIN] = run->gain;
    row[KLF_ROW_GAIN_ERROR] = run->gain_error;
    row[KLF_ROW_EXPLAINED] = run->explained;
    row[KLF_ROW_LENGTH] = run->length;
    row[KLF_ROW_VARIANCE] = run->variance;
    row[KLF_ROW_NOISE] = run->noise;
    row[KLF_ROW_DRAWS] = run->draws;
    /* while the run goes on a step has been taken: the estimates are those of the member before */
    const double *theta = run->status == KLF_RUN_GOING ? run->theta_previous : run->theta;
    memcpy(row + KLF_ROW_COLUMNS, theta, run->sizes.parameters * sizeof *row);
}

static void one_step(klf_reverse *run)
{
    const uint64_t samples = run->samples;
    double *values = run->moments;
    run->sums.used = 0;
    for (uint64_t done = 0; done < samples; done += KLF_BLOCK) {
        const size_t n = samples - done < KLF_BLOCK ? (size_t)(samples - done) : KLF_BLOCK;
        const uint64_t block = run->next_block++;
        const klf_run_status status =
            klf_reverse_block(run, block, n, values, run->work, &run->bad_index);
        if (status != KLF_RUN_GOING) {
            run->bad_block = block;
            run->status = status;
            run->evaluations += done + n;
            return;
        }
        (void)klf_accumulator_add(&run->sums, done / KLF_BLOCK, values);
    }
    run->evaluations += samples;
    klf_accumulator_total(&run->sums, values);
    klf_reverse_update(run, values);
}

uint64_t klf_reverse_run(klf_reverse *run, uint64_t steps, double *history)
{
    const size_t width = KLF_ROW_COLUMNS + run->sizes.parameters;
    uint64_t rows = 0;
    while (rows < steps && run->status == KLF_RUN_GOING) {
        one_step(run);
        klf_reverse_row(run, history + rows++ * width);
    }
    return rows;
}
