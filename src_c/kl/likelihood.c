/* likelihood.c -- forward minimisation by stochastic gradients: mini-batches of rows in memory. */
#include <string.h>

#include "klfast/klfast.h"

static void gather(size_t n, size_t event, const uint64_t *restrict chosen,
                   const double *restrict from, double *restrict to)
{
    if (event == 1) /* no copy of unknown length */
        for (size_t i = 0; i < n; i++)
            to[i] = from[chosen[i]];
    else
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * event, from + chosen[i] * event, event * sizeof *to);
}

/* The moments of n rows that the words of a block choose, into run->moments. */
static klf_run_status batch_block(klf_reverse *run, uint64_t block, size_t n, size_t rows,
                                  const double *x, const double *weights)
{
    const size_t event = run->sizes.event;
    double *own = run->work, *own_weights = own + event * KLF_BLOCK;
    double *log_q = own_weights + KLF_BLOCK, *rest = log_q + 2 * KLF_BLOCK;
    uint64_t *chosen = (uint64_t *)(log_q + KLF_BLOCK);
    run->level->choose(run->stream, block, rows, n, chosen);
    gather(n, event, chosen, x, own);
    if (weights)
        gather(n, 1, chosen, weights, own_weights);
    memset(log_q, 0, n * sizeof *log_q);
    return klf_reverse_block_given(run, n, own, log_q, weights ? own_weights : NULL, run->moments,
                                   rest, &run->bad_index);
}

static void one_step(klf_reverse *run, size_t rows, const double *x, const double *weights)
{
    const uint64_t samples = run->samples;
    run->sums.used = 0;
    for (uint64_t done = 0; done < samples; done += KLF_BLOCK) {
        const size_t n = samples - done < KLF_BLOCK ? (size_t)(samples - done) : KLF_BLOCK;
        const klf_run_status status = batch_block(run, run->next_block++, n, rows, x, weights);
        if (status != KLF_RUN_GOING) {
            run->status = KLF_RUN_DIVERGED;
            return;
        }
        (void)klf_accumulator_add(&run->sums, done / KLF_BLOCK, run->moments);
    }
    run->evaluations += samples;
    klf_accumulator_total(&run->sums, run->moments);
    klf_reverse_update(run, run->moments);
}

uint64_t klf_likelihood_run(klf_reverse *run, size_t n, const double *x, const double *weights,
                            uint64_t steps, double *history)
{
    const size_t width = KLF_ROW_COLUMNS + run->sizes.parameters;
    uint64_t rows = 0;
    while (rows < steps && run->status == KLF_RUN_GOING) {
        one_step(run, n, x, weights);
        klf_reverse_row(run, history + rows++ * width);
    }
    return rows;
}
