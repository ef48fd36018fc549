/* normal_draws.h -- the samplers of a family whose draws are a function of one standard normal
 * deviate.
 *
 * A family file includes this after scalar_family.h, and defines before it
 *
 *   prepare_draw(theta)     the constants that draw_at needs
 *   draw_at(c, z)           the draw, free of branches
 */
#ifndef KLF_NORMAL_DRAWS_H
#define KLF_NORMAL_DRAWS_H

#include "member_at.h"

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    double z[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        klf_fill_normals(&key, block, start / KLF_TILE, 1, z);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++)
            x[start + i] = draw_at(&c, z[i]);
    }
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    double z[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        klf_fill_normals(&key, block, start / KLF_TILE, 1, z);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++) {
            const member_parameters one = member_at(theta, start + i);
            const family_constants c = prepare_draw(one.theta);
            x[start + i] = draw_at(&c, z[i]);
        }
    }
}

#endif
