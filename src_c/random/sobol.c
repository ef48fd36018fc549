/* sobol.c -- randomised nets: the first 2^m points of a scrambled Sobol' sequence.
 *
 * Point i of the sequence is, in each dimension, the sum modulo 2 of the direction numbers v_b over
 * the binary digits b of i: Sobol' (1967), "On the distribution of points in a cube and the
 * approximate evaluation of integrals", USSR Computational Mathematics and Mathematical Physics 7.
 * A net is randomised, in each dimension by itself, by a random lower triangular matrix with ones
 * on its diagonal, which the digits of the v_b are multiplied by, and a random shift modulo 2 of
 * all digits: Matousek (1998), "On the L2-discrepancy for anchored boxes", Journal of Complexity
 * 14. Each point is then uniform on the cube and the points are still a net; the variance of a
 * mean is that of Owen's nested uniform scrambling: Owen (2003), "Variance with alternative
 * scramblings of digital nets", ACM TOMACS 13.
 *
 * A point's coordinate is a word, as a random one: klf_uniform makes a number inside (0, 1) of it.
 */
#include "sobol.h"

#include "sobol_numbers.h"
#include "threefry.h"

enum { DIGITS = 64 };

static size_t degree(uint16_t polynomial)
{
    size_t found = 0;
    while (polynomial >> (found + 1))
        found++;
    return found;
}

/* The first `count` direction numbers, their binary point before the word's first digit. */
static void make_directions(uint16_t polynomial, const uint16_t *numbers, size_t count,
                            uint64_t *v)
{
    const size_t s = degree(polynomial);
    for (size_t b = 0; b < count; b++) {
        if (b < s || s == 0) {
            v[b] = (uint64_t)(s == 0 ? 1 : numbers[b]) << (DIGITS - 1 - b);
            continue;
        }
        v[b] = v[b - s] ^ (v[b - s] >> s);
        for (size_t i = 1; i < s; i++)
            v[b] ^= (polynomial >> (s - i)) & 1 ? v[b - i] : 0;
    }
}

/* Multiplies them by a random matrix, from one tile of words to a dimension; the shift. */
static uint64_t scramble(const klf_key *key, uint64_t net, size_t dimension, size_t count,
                         uint64_t *v)
{
    uint64_t words[KLF_TILE];
    klf_fill_tiles(key, net, dimension, 1, words);
    for (size_t c = 0; c < count; c++) /* the matrix, column by column */
        words[c] = (words[c] | UINT64_C(1) << (DIGITS - 1)) >> c;
    for (size_t b = 0; b < count; b++) {
        uint64_t product = 0;
        for (size_t c = 0; c <= b; c++)
            product ^= words[c] & (0 - (v[b] >> (DIGITS - 1 - c) & 1));
        v[b] = product;
    }
    return words[KLF_TILE - 1];
}

static inline void add_direction(size_t n, uint64_t direction, const uint64_t *restrict from,
                                 uint64_t *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] ^ direction;
}

/* Points first to first + n of one dimension. */
static void fill_points(const uint64_t *v, uint64_t shift, uint64_t first, size_t n,
                        uint64_t *restrict words)
{
    words[0] = shift;
    for (size_t b = 0; first >> b; b++)
        words[0] ^= first >> b & 1 ? v[b] : 0;
    for (size_t b = 0, half = 1; half < n; b++, half *= 2)
        add_direction(half, v[b], words, words + half);
}

void KLF_LEVEL_SYMBOL(klf_net)(const klf_stream *stream, uint64_t net, size_t dimensions,
                               size_t log2_points, uint64_t first, size_t n,
                               uint64_t *restrict words)
{
    uint64_t v[DIGITS];
    klf_key key = {{0}};
    if (stream)
        key = klf_stream_key(*stream, KLF_PURPOSE_NETS);
    const uint16_t *numbers = sobol_numbers;
    for (size_t j = 0; j < dimensions; j++) {
        make_directions(sobol_polynomials[j], numbers, log2_points, v);
        const uint64_t shift = stream ? scramble(&key, net, j, log2_points, v) : 0;
        fill_points(v, shift, first, n, words + j * KLF_BLOCK);
        numbers += degree(sobol_polynomials[j]);
    }
}
