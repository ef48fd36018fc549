/* normal_draws.h -- the samplers of a family whose draws are a function of one standard normal
 * deviate.
 *
 * A family file includes this after scalar_family.h, and defines before it what tile_draws.h asks
 * for, prepare_draw(theta) and draw_at(c, z).
 */
#ifndef KLF_NORMAL_DRAWS_H
#define KLF_NORMAL_DRAWS_H

#include "family.h"

typedef double draw_deviate;
enum { DRAW_TILES = 1 };

static inline void fill_deviates(const klf_key *key, uint64_t block, uint64_t tile,
                                 double *restrict z)
{
    klf_fill_normals(key, block, tile, 1, z);
}

#include "tile_draws.h"

static void from_words(size_t d, const double *constants, size_t n,
                       const uint64_t *restrict words, double *restrict x, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++) {
        const double z = klf_normal_of_word(words[i]);
        x[i] = draw_at(&c, &z);
    }
}

#endif
