/* fixed_words.h -- in the place of src_c/random/threefry.h: the same words always, so that tests
 * see whether samplers end when chance is against them.
 *
 * The stream says which: seed[0] and seed[1] are the two words, `stream` the pattern in which they
 * take turns. Include it before anything else (-include).
 */
#ifndef KLF_THREEFRY_H
#define KLF_THREEFRY_H

#include "klfast/klfast.h"

enum {
    KLF_PURPOSE_SAMPLES = 0, KLF_PURPOSE_RARE = 1, KLF_PURPOSE_SPAWN = 2, KLF_PURPOSE_NETS = 3
};

/* Who takes turns: none, tiles, halves of a tile, neighbours. */
enum { TURNS_NONE, TURNS_TILES, TURNS_HALVES, TURNS_NEIGHBOURS };

typedef struct {
    uint64_t word[5];
} klf_key;

static inline klf_key klf_make_key(uint64_t k0, uint64_t k1, uint64_t k2, uint64_t k3)
{
    return (klf_key){{k0, k1, k2, k3, 0}};
}

static inline klf_key klf_stream_key(klf_stream stream, uint64_t purpose)
{
    return klf_make_key(stream.seed[0], stream.seed[1], stream.stream, purpose);
}

static inline uint64_t fixed_word(const klf_key *key, uint64_t tile, uint64_t position)
{
    const uint64_t turn[] = {0, tile, position / (KLF_TILE / 2), position};
    return key->word[turn[key->word[2] % 4] % 2];
}

static inline void klf_fill_tiles(const klf_key *key, uint64_t block, uint64_t first_tile,
                                  size_t tiles, uint64_t *restrict words)
{
    (void)block;
    for (size_t t = 0; t < tiles; t++)
        for (size_t i = 0; i < KLF_TILE; i++)
            words[t * KLF_TILE + i] = fixed_word(key, first_tile + t, i);
}

static inline void klf_fill_few(const klf_key *key, uint64_t block, uint64_t tile, size_t lanes,
                                uint64_t *restrict words, uint64_t *restrict from_half)
{
    (void)block;
    for (size_t i = 0; i < lanes; i++) {
        words[i] = fixed_word(key, tile, i);
        from_half[i] = fixed_word(key, tile, KLF_TILE / 2 + i);
    }
}

static inline void klf_rare_words(klf_stream stream, uint64_t block, uint64_t index,
                                  uint64_t attempt, uint64_t words[4])
{
    (void)block, (void)index, (void)attempt;
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_RARE);
    for (uint64_t i = 0; i < 4; i++)
        words[i] = fixed_word(&key, i, i);
}

#endif
