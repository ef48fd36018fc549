/* fit.c -- maximum likelihood for the rows of one array: a few passes over them, each of which sums
 * the standard score under a reference member and takes the member whose mean parameters are the
 * data's.
 *
 * The first reference is made from the first block. Data far from it lose digits, so that a fit far
 * from its reference is made again about itself. The sums go by blocks through the fixed tree of
 * accumulator.c: the same bits as any other way of adding the same rows.
 */
#include <string.h>

#include "klfast/klfast.h"

enum { REPEATS = 2, SPREAD_ROWS = KLF_BLOCK / 2 };

typedef struct {
    const klf_level *level;
    const klf_family *family;
    size_t d, n;
    const double *x, *weights;
    klf_sizes sizes;
    double *constants, *score, *pair, *moments, *total, *work, *rows;
    klf_accumulator sums;
} fit_run;

static size_t nodes_for(size_t n)
{
    size_t nodes = 4;
    for (size_t blocks = n / KLF_BLOCK; blocks; blocks /= 2)
        nodes += 2;
    return nodes;
}

static size_t moments_width(const klf_sizes *sizes)
{
    return klf_moments_size(KLF_MOMENTS_SCORE, sizes->coordinates);
}

size_t klf_fit_memory(const klf_family *family, size_t d, size_t n)
{
    klf_sizes s;
    family->sizes(d, &s);
    const size_t width = moments_width(&s), nodes = nodes_for(n);
    return s.constants + s.coordinates * KLF_ROW + 2 * KLF_BLOCK + 2 * width + s.work
           + KLF_BLOCK * s.event + nodes * (width + 2) + s.parameters;
}

void klf_score_moments(const klf_level *level, const klf_family *family, size_t d, size_t k,
                       const double *constants, size_t n, const double *x, const double *weights,
                       double *moments, double *score, double *pair, double *work)
{
    if (!weights && family->sum_score && family->sum_score(d, constants, n, x, moments + 3)) {
        moments[0] = moments[1] = moments[2] = (double)n;
        return;
    }
    if (!weights && family->standardise) {
        family->standardise(d, constants, n, x, NULL, score, work);
        level->quadratic_moments(KLF_MOMENTS_SCORE, d, n, score, NULL, moments);
        return;
    }
    family->score(d, constants, n, x, NULL, score, work);
    level->block_moments(KLF_MOMENTS_SCORE, k, n, score, NULL, weights, moments, pair);
}

/* Sum w and the sums of the weighted standard score under the prepared reference, into `total`. */
static void pass(fit_run *run)
{
    run->sums.used = 0;
    for (size_t block = 0; block * KLF_BLOCK < run->n; block++) {
        const size_t at = block * KLF_BLOCK;
        const size_t n = run->n - at < KLF_BLOCK ? run->n - at : KLF_BLOCK;
        klf_score_moments(run->level, run->family, run->d, run->sizes.coordinates, run->constants,
                          n, run->x + at * run->sizes.event,
                          run->weights ? run->weights + at : NULL, run->moments, run->score,
                          run->pair, run->work);
        (void)klf_accumulator_add(&run->sums, block, run->moments);
    }
    klf_accumulator_total(&run->sums, run->total);
}

/* The fit about the reference; *distance is the square of the mean standard score. */
static klf_status fit_about(fit_run *run, const double *reference, double *theta,
                            double *distance)
{
    run->family->prepare(run->d, reference, run->constants);
    pass(run);
    double *mean = run->total + 3;
    *distance = 0.0;
    for (size_t j = 0; j < run->sizes.coordinates; j++) {
        mean[j] /= run->total[1];
        *distance += mean[j] * mean[j];
    }
    return run->family->fit(run->d, reference, run->constants, mean, theta, run->work);
}

/* A reference from rows spread evenly over all of them: the first, all equal perhaps, may be no
 * guide to the spread of the rest. */
static void spread_reference(fit_run *run, double *theta)
{
    const size_t step = (run->n + SPREAD_ROWS - 1) / SPREAD_ROWS, event = run->sizes.event;
    size_t count = 0;
    for (size_t i = 0; i < run->n && count < KLF_BLOCK; i += step)
        memcpy(run->rows + event * count++, run->x + event * i, event * sizeof *run->rows);
    run->family->reference(run->d, count, run->rows, NULL, theta);
}

klf_status klf_fit(const klf_level *level, const klf_family *family, size_t d, size_t n,
                   const double *x, const double *weights, double *theta, double *memory)
{
    fit_run run = {.level = level, .family = family, .d = d, .n = n, .x = x, .weights = weights};
    family->sizes(d, &run.sizes);
    const size_t width = moments_width(&run.sizes), nodes = nodes_for(n);
    run.score = memory;
    run.pair = run.score + run.sizes.coordinates * KLF_ROW;
    run.rows = run.pair + 2 * KLF_BLOCK;
    run.work = run.rows + KLF_BLOCK * run.sizes.event;
    run.constants = run.work + run.sizes.work;
    run.moments = run.constants + run.sizes.constants;
    run.total = run.moments + width;
    double *reference = run.total + width;
    double *values = reference + run.sizes.parameters;
    uint64_t *integers = (uint64_t *)(values + nodes * width);
    run.sums = (klf_accumulator){.width = width, .capacity = nodes, .values = values,
                                 .first = integers, .count = integers + nodes};
    const size_t bytes = run.sizes.parameters * sizeof *theta;
    double distance;
    family->reference(d, n < KLF_BLOCK ? n : KLF_BLOCK, x, weights, theta);
    memcpy(reference, theta, bytes);
    klf_status status = fit_about(&run, reference, theta, &distance);
    if (status != KLF_OK) {
        memcpy(theta, reference, bytes); /* the fixed parameters among them */
        spread_reference(&run, theta);
        memcpy(reference, theta, bytes);
        status = fit_about(&run, reference, theta, &distance);
    }
    for (int i = 0; status == KLF_OK && distance > 1.0 && i < REPEATS; i++) {
        memcpy(reference, theta, bytes);
        status = fit_about(&run, reference, theta, &distance);
    }
    return status;
}
