/* words.c -- the random words of a block as an array, and row numbers of them. */
#include "../math/elementary.h"
#include "threefry.h"
#include "words.h"

void KLF_LEVEL_SYMBOL(klf_words)(klf_stream stream, uint64_t block, uint64_t first_tile,
                                 size_t tiles, uint64_t *restrict words)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    klf_fill_tiles(&key, block, first_tile, tiles, words);
}

/* The first 53 places of the word as a fraction of 1, times `rows`, rounded once and then down. As
 * in klf_uniform: the high half counts 2^-32, and of the low half 21 places count 2^-53. */
static inline uint64_t row_number(uint64_t word, double rows)
{
    const double high = klf_from_bits(klf_bits(0x1p20) | (word >> 32));
    const double low = klf_from_bits(klf_bits(0x1p-1) | ((word & UINT64_C(0xffffffff)) >> 11));
    const double place = ((high - (0x1p20 + 0x1p-1)) + low) * rows;
    return klf_bits(floor(place) + 0x1p52) - klf_bits(0x1p52);
}

void KLF_LEVEL_SYMBOL(klf_choose)(klf_stream stream, uint64_t block, uint64_t rows, size_t n,
                                  uint64_t *restrict chosen)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    klf_fill_tiles(&key, block, 0, (n + KLF_TILE - 1) / KLF_TILE, chosen);
    for (size_t i = 0; i < n; i++)
        chosen[i] = row_number(chosen[i], (double)rows);
}
