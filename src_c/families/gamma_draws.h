/* gamma_draws.h -- the samplers of a family whose draws are a function of one standard Gamma
 * deviate, whose shape may be below 1 and its draws below the smallest double.
 *
 * A family file includes this after scalar_family.h, or its own loops, and defines before it
 *
 *   prepare_draw(theta)       the constants that these need
 *   draw_shape(c)             the deviate's shape
 *   draw_at(c, base, half)    the draw from the deviate base half^2, free of branches
 */
#ifndef KLF_GAMMA_DRAWS_H
#define KLF_GAMMA_DRAWS_H

#include "gamma_sampler.h"
#include "member_at.h"

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_gamma_sampler sampler = klf_make_gamma_sampler(draw_shape(&c));
    double log_low[KLF_BLOCK];
    klf_gamma_block(&sampler, stream, block, 0, n, x, log_low);
    if (sampler.is_lowered)
        for (size_t i = 0; i < n; i++)
            x[i] = draw_at(&c, x[i], klf_exp(0.5 * log_low[i]));
    else
        for (size_t i = 0; i < n; i++)
            x[i] = draw_at(&c, x[i], 1.0);
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    double shape[KLF_BLOCK], log_low[KLF_BLOCK];
    for (size_t i = 0; i < n; i++) {
        const member_parameters one = member_at(theta, i);
        const family_constants c = prepare_draw(one.theta);
        shape[i] = draw_shape(&c);
    }
    klf_gamma_each(stream, block, 0, n, shape, shape, x, log_low);
    for (size_t i = 0; i < n; i++) {
        const member_parameters one = member_at(theta, i);
        const family_constants c = prepare_draw(one.theta);
        x[i] = draw_at(&c, x[i], klf_exp(0.5 * log_low[i]));
    }
}

#endif
