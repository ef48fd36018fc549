/* exponential_tiles.h -- standard exponential deviates, a tile at a time: -log u, exact and free of
 * branches. u is at least 2^-65, so they reach 45.05, beyond which lie 3e-20 of the distribution.
 */
#ifndef KLF_EXPONENTIAL_TILES_H
#define KLF_EXPONENTIAL_TILES_H

#include "../math/elementary.h"
#include "threefry.h"

KLF_INLINE double klf_exponential(uint64_t word)
{
    return -klf_log_normal(klf_uniform(word));
}

/* The first n deviates of a block, n <= KLF_BLOCK, from tiles [first_tile, ...). */
static inline void klf_block_exponentials(klf_stream stream, uint64_t block, uint64_t first_tile,
                                          size_t n, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        klf_fill_tiles(&key, block, first_tile + start / KLF_TILE, 1, words);
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++)
            x[start + i] = klf_exponential(words[i]);
    }
}

#endif
