/* likelihood.c -- forward minimisation by stochastic gradients: mini-batches of rows in memory. */
#include "klfast/klfast.h"

/* Words to a row's place below `rows` < 2^53: the product rounds to less than `rows`. */
static size_t place(uint64_t word, size_t rows)
{
    return (size_t)((double)(word >> 11) * 0x1p-53 * (double)rows);
}

/* The moments of n rows that the words of a block choose, into run->moments. */
static klf_run_status batch_block(klf_reverse *run, uint64_t block, size_t n, size_t rows,
                                  const double *x, const double *weights)
{
    const size_t event = run->sizes.event;
    double *chosen = run->work, *chosen_weights = chosen + event * KLF_BLOCK;
    double *log_q = chosen_weights + KLF_BLOCK, *rest = log_q + 2 * KLF_BLOCK;
    uint64_t *words = (uint64_t *)(log_q + KLF_BLOCK);
    run->level->words(run->stream, block, 0, (n + KLF_TILE - 1) / KLF_TILE, words);
    for (size_t i = 0; i < n; i++) {
        const size_t row = place(words[i], rows);
        log_q[i] = 0.0;
        for (size_t j = 0; j < event; j++)
            chosen[i * event + j] = x[row * event + j];
        chosen_weights[i] = weights ? weights[row] : 1.0;
    }
    return klf_reverse_block_given(run, n, chosen, log_q, weights ? chosen_weights : NULL,
                                   run->moments, rest, &run->bad_index);
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
