/* beta_sampler.h -- exact draws of the odds x/(1 - x) of Beta(a, b), as a ratio of two Gammas.
 *
 * Shapes below 1 are drawn at the shape plus one and lowered by a power U^(1/shape), which is kept
 * as a logarithm: it may be far below the smallest double, and where both shapes are tiny it alone
 * decides to which end a draw falls.
 */
#ifndef KLF_BETA_SAMPLER_H
#define KLF_BETA_SAMPLER_H

#include "beta_algebra.h"
#include "gamma_sampler.h"

/* Where the words of the second Gamma begin. */
#define KLF_BETA_SECOND_TILE (UINT64_C(1) << 33)

/* n <= KLF_BLOCK pairs (g, h) whose ratio g/h is the odds. Where a shape is below 1 the larger of
 * them is 1, and the other may be 0. */
static inline void beta_draw_pairs(double a, double b, klf_stream stream, uint64_t block, size_t n,
                                   double *restrict g, double *restrict h)
{
    klf_gamma_sampler of_a = klf_make_gamma_sampler(a), of_b = klf_make_gamma_sampler(b);
    /* the samplers divide the logarithms of the powers by the shape: here in units of the smaller
     * one, since both quotients may overflow where their difference does not */
    const double unit = a < b ? a : b;
    double power_a[KLF_BLOCK], power_b[KLF_BLOCK];
    of_a.shape = a / unit;
    of_b.shape = b / unit;
    klf_gamma_block(&of_a, stream, block, 0, n, g, power_a);
    klf_gamma_block(&of_b, stream, block, KLF_BETA_SECOND_TILE, n, h, power_b);
    for (size_t i = 0; i < n; i++) { /* shapes near the largest double */
        g[i] = 0.25 * klf_clamp_finite(g[i]);
        h[i] = 0.25 * klf_clamp_finite(h[i]);
    }
    if (!of_a.is_lowered && !of_b.is_lowered)
        return;
    for (size_t i = 0; i < n; i++) {
        const double logit = klf_log(g[i] / h[i]) + (power_a[i] - power_b[i]) / unit;
        const double small = klf_exp(-fabs(logit));
        g[i] = logit < 0.0 ? small : 1.0;
        h[i] = logit < 0.0 ? 1.0 : small;
    }
}

#endif
