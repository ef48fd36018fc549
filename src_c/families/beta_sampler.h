/* beta_sampler.h -- the samplers of the families of Beta(a, b): exact draws of its odds x/(1 - x),
 * as a ratio of two Gammas.
 *
 * Shapes below 1 are drawn at the shape plus one and lowered by a power U^(1/shape), which is kept
 * as a logarithm: it may be far below the smallest double, and where both shapes are tiny it alone
 * decides to which end a draw falls.
 *
 * A family file includes this after scalar_family.h, and defines before it
 *
 *   draw_from(g, h)     the draw at the odds g/h, free of branches
 */
#ifndef KLF_BETA_SAMPLER_H
#define KLF_BETA_SAMPLER_H

#include "beta_algebra.h"
#include "gamma_sampler.h"

/* Where the words of the second Gamma begin. */
#define KLF_BETA_SECOND_TILE (UINT64_C(1) << 33)

/* Deviates g and h, made finite where the shapes are near the largest double. */
KLF_INLINE void beta_pair(double *g, double *h)
{
    *g = 0.25 * klf_clamp_finite(*g);
    *h = 0.25 * klf_clamp_finite(*h);
}

/* The same lowered by powers, of which `power` is the logarithm of the ratio times the unit. */
KLF_INLINE void beta_lowered_pair(double unit, double power, double *g, double *h)
{
    beta_pair(g, h);
    const double logit = klf_log(*g / *h) + power / unit, small = klf_exp(-fabs(logit));
    *g = logit < 0.0 ? small : 1.0;
    *h = logit < 0.0 ? 1.0 : small;
}

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
    if (of_a.is_lowered || of_b.is_lowered)
        for (size_t i = 0; i < n; i++)
            beta_lowered_pair(unit, power_a[i] - power_b[i], g + i, h + i);
    else
        for (size_t i = 0; i < n; i++)
            beta_pair(g + i, h + i);
}

/* The same with the shapes of another Beta for each pair. */
static inline void beta_draw_pairs_each(const double *a, const double *b, klf_stream stream,
                                        uint64_t block, size_t n, double *restrict g,
                                        double *restrict h)
{
    double unit[KLF_BLOCK], units_a[KLF_BLOCK], units_b[KLF_BLOCK];
    double power_a[KLF_BLOCK], power_b[KLF_BLOCK];
    if (n == 0) /* so that compilers see the arrays filled before they are read */
        return;
    for (size_t i = 0; i < n; i++) {
        unit[i] = a[i] < b[i] ? a[i] : b[i];
        units_a[i] = a[i] / unit[i];
        units_b[i] = b[i] / unit[i];
    }
    klf_gamma_each(stream, block, 0, n, a, units_a, g, power_a);
    klf_gamma_each(stream, block, KLF_BETA_SECOND_TILE, n, b, units_b, h, power_b);
    for (size_t i = 0; i < n; i++) {
        double g_lowered = g[i], h_lowered = h[i];
        beta_lowered_pair(unit[i], power_a[i] - power_b[i], &g_lowered, &h_lowered);
        beta_pair(g + i, h + i);
        g[i] = unit[i] < 1.0 ? g_lowered : g[i];
        h[i] = unit[i] < 1.0 ? h_lowered : h[i];
    }
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    double rest[KLF_BLOCK];
    beta_draw_pairs(c.standard.a, c.standard.b, stream, block, n, x, rest);
    for (size_t i = 0; i < n; i++)
        x[i] = draw_from(x[i], rest[i]);
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream, uint64_t block,
                        double *restrict x)
{
    double rest[KLF_BLOCK];
    beta_draw_pairs_each(theta[A], theta[B], stream, block, n, x, rest);
    for (size_t i = 0; i < n; i++)
        x[i] = draw_from(x[i], rest[i]);
}

#endif
