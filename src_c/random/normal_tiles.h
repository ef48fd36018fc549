/* normal_tiles.h -- standard normal deviates, a tile at a time, for every sampler that needs them.
 *
 * Box and Muller (1958), "A note on the generation of random normal deviates", Annals of
 * Mathematical Statistics 29: from uniforms u, v in (0, 1],
 *
 *     z1 = sqrt(-2 log u) cos(2 pi v),   z2 = sqrt(-2 log u) sin(2 pi v).
 *
 * Exact and free of branches. u is a 64-bit word scaled to (0, 1] with the floating-point
 * resolution of small numbers, so |z| reaches sqrt(130 log 2) = 9.49, beyond which lie 2e-21 of
 * the distribution.
 */
#ifndef KLF_NORMAL_TILES_H
#define KLF_NORMAL_TILES_H

#include "../math/elementary.h"
#include "threefry.h"

/* One tile of words to KLF_TILE normals: cosines in the first half, sines in the second. */
static inline void klf_normal_tile(const uint64_t *restrict words, double *restrict z)
{
    for (size_t i = 0; i < KLF_TILE / 2; i++) {
        double sine, cosine;
        klf_sincos_turn(klf_uniform(words[KLF_TILE / 2 + i]), &sine, &cosine);
        const double radius = sqrt(-2.0 * klf_log_normal(klf_uniform(words[i])));
        z[i] = radius * cosine;
        z[KLF_TILE / 2 + i] = radius * sine;
    }
}

/* Tiles [first_tile, first_tile + tiles) of a block as normals. */
static inline void klf_fill_normals(const klf_key *key, uint64_t block, uint64_t first_tile,
                                    size_t tiles, double *restrict z)
{
    uint64_t words[KLF_TILE];
    for (size_t t = 0; t < tiles; t++) {
        klf_fill_tiles(key, block, first_tile + t, 1, words);
        klf_normal_tile(words, z + t * KLF_TILE);
    }
}

/* The first `lanes` of a tile, KLF_TILE/4 at most, of which both words come from one counter. */
static inline void klf_fill_few_normals(const klf_key *key, uint64_t block, uint64_t tile,
                                        size_t lanes, double *restrict z)
{
    uint64_t u[KLF_TILE / 4], v[KLF_TILE / 4];
    klf_fill_few(key, block, tile, lanes, u, v);
    for (size_t i = 0; i < lanes; i++) {
        double sine, cosine;
        klf_sincos_turn(klf_uniform(v[i]), &sine, &cosine);
        z[i] = sqrt(-2.0 * klf_log_normal(klf_uniform(u[i]))) * cosine;
    }
}

#endif
