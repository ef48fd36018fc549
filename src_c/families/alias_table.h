/* alias_table.h -- exact draws of a family of counts from a table of at most 2048 outcomes, one
 * word to a draw.
 *
 * Walker's alias method with Vose's construction: Vose (1991), "A linear algorithm for generating
 * random numbers with a given distribution", IEEE Trans. Software Engineering 17. The last cell's
 * own outcome stands for all outcomes outside the table, which are then found by inversion outwards
 * from its ends: the rarest outcomes have their own probabilities too.
 *
 * A family file includes this after it has defined
 *
 *   family_constants, density_at(c, x)     log p(x): -inf outside the support
 *   ratio_above(c, x), ratio_below(c, x)   p(x + 1)/p(x) and p(x - 1)/p(x): 0 past the ends
 */
#ifndef KLF_ALIAS_TABLE_H
#define KLF_ALIAS_TABLE_H

#include "family.h"

/* The table: size (0 if the member has none), first outcome, then the cells. A cell is one 64-bit
 * integer, so that a look-up is one load: a threshold of 53 bits and, in the low 11, an alias. A
 * cell keeps its own outcome when the next 52 bits of the random word are below the threshold. */
enum { TABLE_SIZE, TABLE_FIRST, TABLE_CELLS, LARGEST_TABLE = 2048, ALIAS_BITS = 11 };
enum { TABLE_DOUBLES = TABLE_CELLS + LARGEST_TABLE };

KLF_OUTLINE double table_mass(const family_constants *c, double x)
{
    return klf_exp(density_at(c, x));
}

/* The mass beyond `edge`, summed outwards by ratios of neighbours until it no longer changes. */
static double table_tail(const family_constants *c, double edge, int upward)
{
    double sum = 0.0, term = table_mass(c, edge);
    for (double x = edge; term > 0x1p-60 * sum; x += upward ? 1.0 : -1.0) {
        sum += term;
        term *= upward ? ratio_above(c, x) : ratio_below(c, x);
    }
    return sum;
}

/* The masses in `cell` become cells. */
static void table_make_cells(size_t size, double *cell)
{
    uint16_t small[LARGEST_TABLE], large[LARGEST_TABLE], alias[LARGEST_TABLE];
    size_t n_small = 0, n_large = 0;
    for (size_t i = 0; i < size; i++) {
        cell[i] *= (double)size;
        alias[i] = (uint16_t)i;
        if (cell[i] < 1.0)
            small[n_small++] = (uint16_t)i;
        else
            large[n_large++] = (uint16_t)i;
    }
    while (n_small && n_large) {
        const size_t low = small[--n_small], high = large[n_large - 1];
        alias[low] = (uint16_t)high;
        cell[high] = (cell[high] + cell[low]) - 1.0;
        if (cell[high] < 1.0) {
            n_large--;
            small[n_small++] = (uint16_t)high;
        }
    }
    for (size_t i = 0; i < size; i++) { /* what is left over, by rounding only, is full */
        const int full = alias[i] == i || cell[i] >= 1.0;
        const uint64_t threshold = full ? UINT64_C(1) << 52 : (uint64_t)(cell[i] * 0x1p52 + 0.5);
        cell[i] = klf_from_bits(threshold << ALIAS_BITS | alias[i]);
    }
}

/* At least `width` outcomes from `least` on, about `centre` where the support allows. */
static void table_prepare(const family_constants *c, double centre, double width, double least,
                          double *table)
{
    size_t size = 64;
    while ((double)size < width && size < LARGEST_TABLE)
        size *= 2;
    const double low = floor(centre) - (double)(size / 2);
    const double first = low > least ? low : least;
    table[TABLE_SIZE] = (double)size;
    table[TABLE_FIRST] = first;
    double *cell = table + TABLE_CELLS;
    for (size_t i = 0; i + 1 < size; i++)
        cell[i] = table_mass(c, first + (double)i);
    cell[size - 1] = table_tail(c, first - 1.0, 0)
                     + table_tail(c, first + (double)(size - 1), 1);
    table_make_cells(size, cell);
}

/* An outcome outside the table. */
static double table_outside(const family_constants *c, const double *table, klf_stream stream,
                            uint64_t block, uint64_t index)
{
    uint64_t words[4];
    klf_rare_words(stream, block, index, 0, words);
    const double below = table[TABLE_FIRST] - 1.0;
    const double above = table[TABLE_FIRST] + table[TABLE_SIZE] - 1.0;
    const double below_mass = table_tail(c, below, 0), above_mass = table_tail(c, above, 1);
    double left = klf_uniform(words[0]) * (below_mass + above_mass);
    const int upward = left > below_mass;
    left -= upward ? below_mass : 0.0;
    double x = upward ? above : below, term = table_mass(c, x);
    while (left > term) {
        left -= term;
        const double next = term * (upward ? ratio_above(c, x) : ratio_below(c, x));
        if (!(next > 0.0)) /* the last outcome of all: what is left is rounding */
            break;
        term = next;
        x += upward ? 1.0 : -1.0;
    }
    return x;
}

/* The first n draws of a block. */
static void table_sample(const family_constants *c, const double *table, klf_stream stream,
                         uint64_t block, size_t n, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const double *restrict cells = table + TABLE_CELLS;
    const double last = table[TABLE_SIZE] - 1.0;
    unsigned bits = 0;
    while ((double)(UINT64_C(1) << bits) < table[TABLE_SIZE])
        bits++;
    uint64_t words[KLF_TILE];
    double outcome[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, start / KLF_TILE, 1, words);
        uint64_t outside = 0;
        for (size_t i = 0; i < KLF_TILE; i++) {
            const uint64_t own = words[i] >> (64 - bits), cell = klf_bits(cells[own]);
            const int64_t fraction = (int64_t)(words[i] << bits >> 12);
            const int64_t threshold = (int64_t)(cell >> ALIAS_BITS);
            const uint64_t alias = cell & ((1u << ALIAS_BITS) - 1);
            const uint64_t chosen = fraction < threshold ? own : alias;
            outcome[i] = klf_from_bits(chosen | klf_bits(0x1p52)) - 0x1p52; /* as a double */
        }
        for (size_t i = 0; i < KLF_TILE; i++)
            outside |= (uint64_t)(outcome[i] == last);
        for (size_t i = 0; i < count; i++)
            x[start + i] = table[TABLE_FIRST] + outcome[i];
        for (size_t i = 0; outside && i < count; i++)
            if (outcome[i] == last)
                x[start + i] = table_outside(c, table, stream, block, start + i);
    }
}

#endif
