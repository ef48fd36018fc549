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

#include "../families/packed_cholesky.h"
#include "reverse_steps.h"

enum {
    SUM_NODES = 128,
    LARGEST_REJECTIONS = 40,
    FEW_REJECTIONS = 4,
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
    if (run->method == KLF_METHOD_STEIN || run->method == KLF_METHOD_LIKELIHOOD
        || (run->method == KLF_METHOD_SCORE && run->baseline != KLF_BASELINE_PER_COORDINATE))
        return KLF_MOMENTS_GRADIENT;
    return run->sizes.coordinates <= KLF_LARGEST_FULL ? KLF_MOMENTS_FULL : KLF_MOMENTS_GRADIENT;
}

static size_t moments_width(const klf_reverse *run)
{
    return klf_moments_size(klf_reverse_kind(run), run->sizes.coordinates);
}

static size_t nets(const klf_reverse *run)
{
    return run->quasi_random ? KLF_NETS : 0;
}

/* samples, log p, log q, r, score, two rows for the moments, and the scratch of the functions. The
 * score begins half a block off the samples: a store to a place whose low 12 bits are those of a
 * sample that is read next would hold up that read. A pooled step's regression has its slope and
 * its triangle where the scores were, and a net its words, which are not more; a mini-batch needs
 * weights and words besides. */
size_t klf_reverse_work(const klf_reverse *run)
{
    const size_t batch = run->method == KLF_METHOD_LIKELIHOOD ? 2 * KLF_BLOCK : 0;
    const size_t target = run->target ? run->target->work : 0, k = run->sizes.coordinates;
    const size_t triangle = run->method == KLF_METHOD_POOLED ? k + k * (k + 1) / 2 : 0;
    return batch + (run->sizes.event + 5) * KLF_BLOCK + KLF_BLOCK / 2
           + larger(k * KLF_ROW, triangle) + larger(run->sizes.work, target);
}

void klf_reverse_memory(const klf_reverse *run, size_t *doubles, size_t *integers)
{
    const klf_sizes *s = &run->sizes;
    *doubles = 3 * s->parameters + s->constants + s->table + 8 * s->coordinates
               + moments_width(run) * (SUM_NODES + 1 + nets(run)) + klf_reverse_work(run);
    *integers = 2 * SUM_NODES;
}

static double *take(double **memory, size_t count)
{
    double *start = *memory;
    *memory += count;
    return start;
}

void klf_reverse_prepare(klf_reverse *run)
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
    run->work = take(&doubles, klf_reverse_work(run)); /* first, where memory is aligned best */
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
    run->nets = take(&doubles, moments_width(run) * nets(run));
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
    klf_reverse_prepare(run);
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
    double *score = rows + 2 * KLF_BLOCK + KLF_BLOCK / 2;
    double *scratch = score + run->sizes.coordinates * KLF_ROW;
    const klf_moments_kind kind = klf_reverse_kind(run);
    const int from_z = run->family->standardise && kind == KLF_MOMENTS_GRADIENT && !weights;
    if (from_z)
        run->family->standardise(run->d, run->constants, n, x, log_p, score, scratch);
    else
        run->family->score(run->d, run->constants, n, x, log_p, score, scratch);
    if (!run->level->log_ratio(n, log_p, log_q, run->reference, ratio))
        return find_cause(n, log_q, bad_index);
    if (from_z)
        run->level->quadratic_moments(kind, run->d, n, score, ratio, moments);
    else
        run->level->block_moments(kind, run->sizes.coordinates, n, score, ratio, weights, moments,
                                  rows);
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

void klf_reverse_draw_net(const klf_reverse *run, uint64_t net, uint64_t points, uint64_t first,
                          size_t n, double *x, double *work)
{
    uint64_t *words = (uint64_t *)work;
    size_t log2_points = 0;
    while ((points - 1) >> log2_points)
        log2_points++;
    run->level->net(&run->stream, net, run->sizes.event, log2_points, first, n, words);
    run->family->from_words(run->d, run->constants, n, words, x,
                            work + run->sizes.event * KLF_BLOCK);
}

klf_run_status klf_reverse_net(const klf_reverse *run, uint64_t net, uint64_t points,
                               klf_accumulator *sums, double *moments, double *work,
                               uint64_t *bad_index)
{
    double *x = work, *log_q = x + run->sizes.event * KLF_BLOCK, *rest = log_q + KLF_BLOCK;
    const size_t n = points < KLF_BLOCK ? (size_t)points : KLF_BLOCK;
    sums->used = 0;
    for (uint64_t first = 0; first < points; first += n) {
        klf_reverse_draw_net(run, net, points, first, n, x, rest);
        run->target->log_density(run->target, n, x, log_q, rest);
        const klf_run_status status =
            klf_reverse_block_given(run, n, x, log_q, NULL, moments, rest, bad_index);
        if (status != KLF_RUN_GOING) {
            *bad_index += first;
            return status;
        }
        (void)klf_accumulator_add(sums, first / n, moments);
    }
    klf_accumulator_total(sums, moments);
    return KLF_RUN_GOING;
}

uint64_t klf_reverse_whole(const klf_reverse *run, uint64_t n)
{
    uint64_t whole = 2 * KLF_NETS;
    if (!run->quasi_random || run->method == KLF_METHOD_POOLED || n < whole)
        return n;
    while (whole <= n / 2)
        whole *= 2;
    return whole;
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

double klf_reverse_step_length(klf_reverse *run, double radius)
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

void klf_reverse_accept(klf_reverse *run)
{
    const size_t bytes = run->sizes.parameters * sizeof *run->theta;
    memcpy(run->theta_previous, run->theta, bytes);
    memcpy(run->theta, run->theta_trial, bytes);
    klf_reverse_prepare(run);
    run->steps++;
}

/* A step of length `most` at most. */
static void natural_step(klf_reverse *run, double most)
{
    const double unexplained = fmax(1.0 - run->explained, 1e-12);
    run->length = klf_reverse_step_length(run, run->trust / unexplained);
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
    klf_reverse_accept(run);
}

/* The divergence has risen by more than its error: back, and again with a shorter step. */
static void retreat(klf_reverse *run)
{
    const size_t bytes = run->sizes.coordinates * sizeof *run->direction;
    memcpy(run->theta, run->theta_previous, run->sizes.parameters * sizeof *run->theta);
    memcpy(run->direction, run->direction_previous, bytes);
    memcpy(run->gradient, run->gradient_previous, bytes);
    klf_reverse_prepare(run);
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

void klf_reverse_keep(klf_reverse *run)
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

/* Whether the divergence has risen by more than its errors: by four of them, or as rarely where
 * they come from few nets and have Student's distribution. Weighted draws, and nets, may mislead
 * once: if not one of several shorter steps helps, it was the estimate before that was wrong. */
static int has_risen(const klf_reverse *run, double error, double rounding)
{
    const double sure = run->quasi_random ? 8.5 : 4.0;
    const int may_mislead = run->quasi_random || run->method == KLF_METHOD_POOLED
                            || run->method == KLF_METHOD_STEIN;
    if (may_mislead && run->rejections >= FEW_REJECTIONS)
        return 0;
    return run->kl - run->kl_previous > sure * error + rounding;
}

static void update_natural(klf_reverse *run, const klf_estimates *e)
{
    const double error = sqrt(run->kl_error * run->kl_error
                              + run->kl_error_previous * run->kl_error_previous);
    if (run->has_previous) {
        if (has_risen(run, error, 1e-12 * fabs(run->kl))) {
            retreat(run);
            return;
        }
        adapt_trust(run);
    }
    klf_reverse_keep(run);
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

/* The mean score of data, for a descent. */
static void likelihood_gradient(const klf_reverse *run, const double *moments, double *standard)
{
    for (size_t j = 0; j < run->sizes.coordinates; j++)
        standard[j] = -moments[3 + j] / moments[1];
}

/* The plain stochastic gradient in unconstrained coordinates, where every point is a member. */
static void update_score(klf_reverse *run, const double *moments)
{
    const size_t k = run->sizes.coordinates;
    double *standard = run->work, *scratch = run->work + k, *u = scratch;
    if (run->method == KLF_METHOD_LIKELIHOOD)
        likelihood_gradient(run, moments, standard);
    else
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
    klf_reverse_accept(run);
}

/* Whether the gain that is left is below the tolerance by more than its error. A natural run says
 * so only of enough samples; where these are missing it takes them at the next step. */
static int is_quiet(klf_reverse *run, const klf_estimates *e)
{
    const uint64_t left = run->max_evaluations - run->evaluations;
    const uint64_t most = run->max_samples < left ? run->max_samples : left;
    const uint64_t verdict = klf_reverse_whole(run, most < VERDICT_SAMPLES ? most
                                                                           : VERDICT_SAMPLES);
    int quiet = run->tolerance > 0.0 && e->informative && e->noise <= run->tolerance
                && run->gain + 2.0 * run->gain_error <= run->tolerance;
    if (run->method == KLF_METHOD_NODES) /* more steps cost next to nothing */
        quiet &= run->gain <= fmax(NODES_GAIN, run->gain_error)
                 && run->kl_error <= run->tolerance;
    if (!quiet || run->method != KLF_METHOD_NATURAL || run->samples >= verdict)
        return quiet;
    run->samples = verdict;
    return 0;
}

/* The length at which the derivative along the last direction would have been 0, by the secant.
 * Where full steps overshoot, the divergence hardly changes from one member to the next: pooled
 * draws do not show that, but the direction that turns round does. */
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
static void update_weighted(klf_reverse *run, const klf_estimates *e)
{
    if (run->has_previous) {
        const double error = run->kl_error + run->kl_error_previous;
        if (has_risen(run, error, 1e-12 * (1.0 + fabs(run->kl)))) {
            retreat(run);
            return;
        }
        adapt_trust(run);
    }
    const int pooled = run->has_previous && run->method != KLF_METHOD_NODES;
    const double most = pooled ? secant(run) : 1.0;
    klf_reverse_keep(run);
    run->rejections = 0;
    if (e->informative) {
        natural_step(run, most);
        return;
    }
    run->has_previous = 0; /* no step to go back from */
    memcpy(run->theta_previous, run->theta, run->sizes.parameters * sizeof *run->theta);
}

static void update(klf_reverse *run, const double *moments, const klf_estimates *e)
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
    else if (run->method == KLF_METHOD_SCORE || run->method == KLF_METHOD_LIKELIHOOD)
        update_score(run, moments);
    else
        update_weighted(run, e);
    const uint64_t left = run->max_evaluations - run->evaluations; /* at least the old samples */
    run->samples = klf_reverse_whole(run, run->samples < left ? run->samples : left);
    run->reference = run->kl + run->log_mass;
}

void klf_reverse_update(klf_reverse *run, const double *moments)
{
    const klf_estimates e = run->method == KLF_METHOD_POOLED ? klf_estimate_from_pool(run, moments)
                            : run->method == KLF_METHOD_LIKELIHOOD
                                ? klf_estimate_of_likelihood(run, moments)
                                : klf_estimate(run, moments);
    update(run, moments, &e);
}

void klf_reverse_update_stein(klf_reverse *run, const double *moments, int informative)
{
    const klf_estimates e = klf_estimate_from_stein(run, moments, informative);
    update(run, moments, &e);
}

void klf_reverse_update_nets(klf_reverse *run, const double *nets_moments)
{
    const size_t width = moments_width(run);
    memset(run->moments, 0, width * sizeof *run->moments);
    for (size_t i = 0; i < KLF_NETS * width; i++)
        run->moments[i % width] += nets_moments[i];
    const klf_estimates e =
        run->method == KLF_METHOD_POOLED
            ? klf_estimate_from_pooled_nets(run, run->moments, nets_moments)
            : klf_estimate_from_nets(run, run->moments, nets_moments);
    update(run, run->moments, &e);
}

void klf_reverse_update_nodes(klf_reverse *run, const double *moments, const double *coarse)
{
    const klf_estimates e = klf_estimate_from_nodes(run, moments, coarse);
    update(run, moments, &e);
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

static void step_by_nets(klf_reverse *run)
{
    const uint64_t points = run->samples / KLF_NETS;
    for (size_t i = 0; i < KLF_NETS; i++) {
        const uint64_t net = run->next_block++;
        const klf_run_status status =
            klf_reverse_net(run, net, points, &run->sums, run->nets + i * run->sums.width,
                            run->work, &run->bad_index);
        if (status != KLF_RUN_GOING) {
            run->bad_block = net;
            run->status = status;
            run->evaluations += (i + 1) * points;
            return;
        }
    }
    run->evaluations += run->samples;
    klf_reverse_update_nets(run, run->nets);
}

static void one_step(klf_reverse *run)
{
    if (run->quasi_random) {
        step_by_nets(run);
        return;
    }
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
