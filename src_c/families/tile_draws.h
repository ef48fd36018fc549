/* tile_draws.h -- the samplers of a family whose deviates are made a tile of draws at a time.
 *
 * A family file includes this, or word_draws.h or normal_draws.h which do, after scalar_family.h,
 * and defines before it
 *
 *   draw_deviate, DRAW_TILES                    their type, and how many a draw takes
 *   fill_deviates(key, block, tile, deviates)   makes those of a tile
 *   prepare_draw(theta)                         the constants that draw_at needs
 *   draw_at(c, w)                               the draw from w[0], w[KLF_TILE], ..., free of
 *                                               branches
 */
#ifndef KLF_TILE_DRAWS_H
#define KLF_TILE_DRAWS_H

#include "member_at.h"

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    draw_deviate deviates[DRAW_TILES * KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        fill_deviates(&key, block, start / KLF_TILE, deviates);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++)
            x[start + i] = draw_at(&c, deviates + i);
    }
}

static void sample_each(size_t n, const double *const *theta, klf_stream stream,
                        uint64_t block, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    draw_deviate deviates[DRAW_TILES * KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        fill_deviates(&key, block, start / KLF_TILE, deviates);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++) {
            const member_parameters one = member_at(theta, start + i);
            const family_constants c = prepare_draw(one.theta);
            x[start + i] = draw_at(&c, deviates + i);
        }
    }
}

#endif
