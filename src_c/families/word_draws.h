/* word_draws.h -- the samplers of a family whose draws are a function of DRAW_WORDS random words.
 *
 * A family file includes this after scalar_family.h, and defines before it DRAW_WORDS and what
 * tile_draws.h asks for, prepare_draw(theta) and draw_at(c, w).
 */
#ifndef KLF_WORD_DRAWS_H
#define KLF_WORD_DRAWS_H

#include "family.h"

typedef uint64_t draw_deviate;
enum { DRAW_TILES = DRAW_WORDS };

static inline void fill_deviates(const klf_key *key, uint64_t block, uint64_t tile,
                                 uint64_t *restrict words)
{
    klf_fill_tiles(key, block, DRAW_WORDS * tile, DRAW_WORDS, words);
}

#include "tile_draws.h"

/* For the table of a family with DRAW_WORDS = 1 whose draw_at is monotone on each half. */
static inline void from_words(size_t d, const double *constants, size_t n,
                              const uint64_t *restrict words, double *restrict x,
                              double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++)
        x[i] = draw_at(&c, words + i);
}

#endif
