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

#endif
