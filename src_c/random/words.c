/* words.c -- the random words of a block as an array, and what needs no level. */
#include "threefry.h"
#include "words.h"

void KLF_LEVEL_SYMBOL(klf_words)(klf_stream stream, uint64_t block, uint64_t first_tile,
                                 size_t tiles, uint64_t *restrict words)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    klf_fill_tiles(&key, block, first_tile, tiles, words);
}
