/* threefry.h -- random words as a pure function of (seed, stream, block, position).
 *
 * The generator is Threefry4x64 with 13 rounds: Salmon, Moraes, Dror and Shaw (2011), "Parallel
 * random numbers: as easy as 1, 2, 3", SC'11, section 3.2 and table 2, where 12 rounds already
 * pass every battery of TestU01. It has no state: any block can be computed by any thread, process
 * or machine.
 *
 *     key     = (seed[0], seed[1], stream, purpose)
 *     counter = (block, index, attempt, 0)
 *
 * Four words come from one counter. Words are laid out in tiles of KLF_TILE = 64 so that the loop
 * over counters is a vector loop whose stores are contiguous: position p of a block is component
 * (p mod 64) / 16 of counter index 16 (p / 64) + p mod 16.
 */
#ifndef KLF_THREEFRY_H
#define KLF_THREEFRY_H

#include "klfast/klfast.h"

enum {
    KLF_PURPOSE_SAMPLES = 0, /* the words of the blocks */
    KLF_PURPOSE_RARE = 1,    /* words for rare branches, addressed by sample and attempt */
    KLF_PURPOSE_SPAWN = 2,   /* seeds of child streams */
    KLF_PURPOSE_NETS = 3     /* words that randomise nets */
};

static inline uint64_t klf_rotate_left(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

#define KLF_MIX(a, b, bits) \
    do { \
        (a) += (b); \
        (b) = klf_rotate_left((b), (bits)) ^ (a); \
    } while (0)

/* Two rounds: `first` bits for the pairs (0,1) and (2,3), `second` for (0,3) and (2,1). */
#define KLF_TWO_ROUNDS(x0, x1, x2, x3, first01, first23, second03, second21) \
    do { \
        KLF_MIX(x0, x1, first01); \
        KLF_MIX(x2, x3, first23); \
        KLF_MIX(x0, x3, second03); \
        KLF_MIX(x2, x1, second21); \
    } while (0)

/* The key schedule's parity constant C240 of Threefish (Skein 1.3, section 3.3.2). */
#define KLF_PARITY UINT64_C(0x1BD11BDAA9FC1A22)

typedef struct {
    uint64_t word[5];
} klf_key;

static inline klf_key klf_make_key(uint64_t k0, uint64_t k1, uint64_t k2, uint64_t k3)
{
    return (klf_key){{k0, k1, k2, k3, KLF_PARITY ^ k0 ^ k1 ^ k2 ^ k3}};
}

static inline klf_key klf_stream_key(klf_stream stream, uint64_t purpose)
{
    return klf_make_key(stream.seed[0], stream.seed[1], stream.stream, purpose);
}

/* The 13 rounds, with the key added after every fourth. Straight-line code, so that a loop over
 * counters vectorises. Rotation constants: the same paper, table 1 (those of Threefish-256). */
static inline void klf_threefry_13(const klf_key *key, uint64_t c0, uint64_t c1, uint64_t c2,
                                   uint64_t *w0, uint64_t *w1, uint64_t *w2, uint64_t *w3)
{
    const uint64_t *k = key->word;
    uint64_t x0 = c0 + k[0], x1 = c1 + k[1], x2 = c2 + k[2], x3 = k[3];
    KLF_TWO_ROUNDS(x0, x1, x2, x3, 14, 16, 52, 57);
    KLF_TWO_ROUNDS(x0, x1, x2, x3, 23, 40, 5, 37);
    x0 += k[1], x1 += k[2], x2 += k[3], x3 += k[4] + 1;
    KLF_TWO_ROUNDS(x0, x1, x2, x3, 25, 33, 46, 12);
    KLF_TWO_ROUNDS(x0, x1, x2, x3, 58, 22, 32, 32);
    x0 += k[2], x1 += k[3], x2 += k[4], x3 += k[0] + 2;
    KLF_TWO_ROUNDS(x0, x1, x2, x3, 14, 16, 52, 57);
    KLF_TWO_ROUNDS(x0, x1, x2, x3, 23, 40, 5, 37);
    x0 += k[3], x1 += k[4], x2 += k[0], x3 += k[1] + 3;
    KLF_MIX(x0, x1, 25);
    KLF_MIX(x2, x3, 33);
    *w0 = x0, *w1 = x1, *w2 = x2, *w3 = x3;
}

/* Tiles [first_tile, first_tile + tiles) of a block's words. */
static inline void klf_fill_tiles(const klf_key *key, uint64_t block, uint64_t first_tile,
                                  size_t tiles, uint64_t *restrict words)
{
    for (size_t t = 0; t < tiles; t++) {
        uint64_t *restrict w = words + t * KLF_TILE;
        const uint64_t index = (first_tile + t) * (KLF_TILE / 4);
        for (size_t i = 0; i < KLF_TILE / 4; i++)
            klf_threefry_13(key, block, index + i, 0, w + i, w + 16 + i, w + 32 + i, w + 48 + i);
    }
}

/* The first `lanes` words of a tile, KLF_TILE/4 at most, and as many from its half on: of the four
 * that each of as many counters makes, the first and the third. */
static inline void klf_fill_few(const klf_key *key, uint64_t block, uint64_t tile, size_t lanes,
                                uint64_t *restrict words, uint64_t *restrict from_half)
{
    for (size_t i = 0; i < lanes; i++) {
        uint64_t w1, w3;
        klf_threefry_13(key, block, tile * (KLF_TILE / 4) + i, 0, words + i, &w1, from_half + i,
                        &w3);
    }
}

/* Four words for a rare branch of sample `index`: the same wherever and whenever it is taken. */
static inline void klf_rare_words(klf_stream stream, uint64_t block, uint64_t index,
                                  uint64_t attempt, uint64_t words[4])
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_RARE);
    klf_threefry_13(&key, block, index, attempt, words, words + 1, words + 2, words + 3);
}

#endif
