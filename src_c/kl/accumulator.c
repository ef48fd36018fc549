/* accumulator.c -- sums over blocks that do not depend on the grouping; see klfast.h.
 *
 * Nodes lie in the order of their first block. A new node is put in its place and joined with its
 * sibling in the fixed tree as long as that is there: the set of nodes, and each node's value, is
 * then a function of the set of blocks alone. (Pairwise summation, whose error grows with the
 * logarithm of the number of blocks: Higham, 2002, Accuracy and Stability of Numerical Algorithms,
 * section 4.1.)
 */
#include <string.h>

#include "klfast/klfast.h"

size_t klf_moments_size(klf_moments_kind kind, size_t k)
{
    const size_t score = 3 + k, gradient = score + 2 + 2 * k;
    if (kind == KLF_MOMENTS_SCORE)
        return score;
    if (kind == KLF_MOMENTS_GRADIENT)
        return gradient;
    return gradient + k * (k + 1) / (kind == KLF_MOMENTS_PRODUCTS ? 2 : 1);
}

/* The first node that starts at or after `first`. */
static size_t position_of(const klf_accumulator *a, uint64_t first)
{
    size_t i = a->used;
    while (i > 0 && a->first[i - 1] >= first)
        i--;
    return i;
}

static int overlaps(const klf_accumulator *a, size_t i, uint64_t first, uint64_t count)
{
    const int before = i > 0 && first - a->first[i - 1] < a->count[i - 1];
    const int after = i < a->used && a->first[i] - first < count;
    return before || after;
}

static void remove_node(klf_accumulator *a, size_t i)
{
    const size_t after = a->used - i - 1;
    memmove(a->first + i, a->first + i + 1, after * sizeof *a->first);
    memmove(a->count + i, a->count + i + 1, after * sizeof *a->count);
    memmove(a->values + i * a->width, a->values + (i + 1) * a->width,
            after * a->width * sizeof *a->values);
    a->used--;
}

static void insert_node(klf_accumulator *a, size_t i, uint64_t first, uint64_t count,
                        const double *values)
{
    const size_t after = a->used - i;
    memmove(a->first + i + 1, a->first + i, after * sizeof *a->first);
    memmove(a->count + i + 1, a->count + i, after * sizeof *a->count);
    memmove(a->values + (i + 1) * a->width, a->values + i * a->width,
            after * a->width * sizeof *a->values);
    a->first[i] = first;
    a->count[i] = count;
    memcpy(a->values + i * a->width, values, a->width * sizeof *values);
    a->used++;
}

/* Joins nodes i and i + 1 if they are the two children of one parent. */
static int join(klf_accumulator *a, size_t i)
{
    const uint64_t count = a->count[i];
    const int siblings = count == a->count[i + 1] && (a->first[i] ^ count) == a->first[i + 1]
                         && !(a->first[i] & count) && count < UINT64_C(1) << 63;
    if (!siblings)
        return 0;
    double *left = a->values + i * a->width;
    const double *right = left + a->width;
    for (size_t j = 0; j < a->width; j++)
        left[j] += right[j];
    a->count[i] = 2 * count;
    remove_node(a, i + 1);
    return 1;
}

static klf_status add_node(klf_accumulator *a, uint64_t first, uint64_t count,
                           const double *values)
{
    size_t i = position_of(a, first);
    if (overlaps(a, i, first, count))
        return KLF_E_DOMAIN;
    if (a->used == a->capacity)
        return KLF_E_CAPACITY;
    insert_node(a, i, first, count, values);
    for (;;) {
        if (i > 0 && join(a, i - 1))
            i--;
        else if (!(i + 1 < a->used && join(a, i)))
            return KLF_OK;
    }
}

klf_status klf_accumulator_add(klf_accumulator *accumulator, uint64_t block, const double *values)
{
    return add_node(accumulator, block, 1, values);
}

klf_status klf_accumulator_merge(klf_accumulator *into, const klf_accumulator *from)
{
    if (into->capacity - into->used < from->used)
        return KLF_E_CAPACITY;
    for (size_t i = 0; i < from->used; i++)
        if (overlaps(into, position_of(into, from->first[i]), from->first[i], from->count[i]))
            return KLF_E_DOMAIN;
    for (size_t i = 0; i < from->used; i++)
        (void)add_node(into, from->first[i], from->count[i], from->values + i * from->width);
    return KLF_OK;
}

void klf_accumulator_total(const klf_accumulator *accumulator, double *values)
{
    memset(values, 0, accumulator->width * sizeof *values);
    for (size_t i = 0; i < accumulator->used; i++)
        for (size_t j = 0; j < accumulator->width; j++)
            values[j] += accumulator->values[i * accumulator->width + j];
}
