/* mixture.c -- the log-density of a mixture of members of any families, as a stable log-sum-exp.
 *
 *   log q(x) = m + log sum_j exp(log w_j + log p_j(x) - m),    m the largest term
 *
 * A mixture of one is a member of a family: its density is not touched. Components of weight 0 are
 * left out by whoever makes the target. -inf where every component is.
 */
#include <math.h>

#include "../math/elementary.h"
#include "kernels.h"

/* Two terms need one exponential and one logarithm. */
static void add_two(size_t n, double weight_a, const double *restrict log_a, double weight_b,
                    const double *restrict log_b, double *restrict log_q)
{
    for (size_t i = 0; i < n; i++) {
        const double a = log_a[i] + weight_a, b = log_b[i] + weight_b;
        const double high = a < b ? b : a, low = a < b ? a : b;
        const double total = high + klf_log1p_unit(klf_exp(low - high));
        log_q[i] = fabs(high) == INFINITY ? high : total;
    }
}

static void add_many(size_t n, size_t components, const double *restrict terms,
                     double *restrict log_q)
{
    double high[KLF_BLOCK], total[KLF_BLOCK];
    for (size_t i = 0; i < n; i++) {
        high[i] = terms[i];
        total[i] = 0.0;
    }
    for (size_t c = 1; c < components; c++)
        for (size_t i = 0; i < n; i++)
            high[i] = high[i] < terms[c * KLF_BLOCK + i] ? terms[c * KLF_BLOCK + i] : high[i];
    for (size_t c = 0; c < components; c++)
        for (size_t i = 0; i < n; i++)
            total[i] += klf_exp(terms[c * KLF_BLOCK + i] - high[i]);
    for (size_t i = 0; i < n; i++) {
        const double finite = high[i] + klf_log(total[i]);
        log_q[i] = fabs(high[i]) == INFINITY ? high[i] : finite;
    }
}

void KLF_LEVEL_SYMBOL(klf_mixture)(const klf_target *target, size_t n, const double *restrict x,
                                   double *restrict log_q, double *restrict work)
{
    const size_t components = target->n_components;
    if (components == 1) {
        const klf_component *one = target->components;
        one->family->log_density(target->d, one->constants, n, x, log_q, work);
        return;
    }
    double *terms = work, *scratch = work + components * KLF_BLOCK;
    for (size_t c = 0; c < components; c++) {
        const klf_component *component = target->components + c;
        component->family->log_density(target->d, component->constants, n, x,
                                       terms + c * KLF_BLOCK, scratch);
    }
    if (components == 2) {
        add_two(n, target->components[0].log_weight, terms, target->components[1].log_weight,
                terms + KLF_BLOCK, log_q);
        return;
    }
    for (size_t c = 0; c < components; c++)
        for (size_t i = 0; i < n; i++)
            terms[c * KLF_BLOCK + i] += target->components[c].log_weight;
    add_many(n, components, terms, log_q);
}
