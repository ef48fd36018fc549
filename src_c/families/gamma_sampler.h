/* gamma_sampler.h -- exact standard Gamma deviates of one shape, a block at a time, for the
 * families that are made of them.
 */
#ifndef KLF_GAMMA_SAMPLER_H
#define KLF_GAMMA_SAMPLER_H

#include "family.h"

typedef struct {
    double shape;
    int is_lowered; /* a shape below 1 is drawn at shape + 1 and lowered */
    double d, c;    /* Marsaglia and Tsang's */
} klf_gamma_sampler;

static inline klf_gamma_sampler klf_make_gamma_sampler(double shape)
{
    klf_gamma_sampler s = {.shape = shape, .is_lowered = shape < 1.0};
    s.d = (s.is_lowered ? shape + 1.0 : shape) - 1.0 / 3.0;
    s.c = 1.0 / sqrt(9.0 * s.d);
    return s;
}

/* Marsaglia and Tsang (2000), "A simple method for generating gamma variables", ACM TOMS 26: with
 * t = c z, the proposal d (1 + t)^3 is accepted when
 *
 *   log u < z^2/2 + d (1 - v + log v) = d (3 t^2/2 - t^3 - 3 (t - log(1 + t))),   v = (1 + t)^3,
 *
 * whose right-hand form keeps its accuracy at shapes of 1e15. */
KLF_OUTLINE int klf_gamma_accept(const klf_gamma_sampler *c, double z, double u)
{
    const double t = c->c * z;
    double phi; /* infinite for t = -1, NaN below: both refuse */
    (void)klf_log_ratio(1.0 + t, t, &phi);
    return klf_log(u) < c->d * (t * t * (1.5 - t) - 3.0 * phi);
}

/* A proposal is refused with probability below 0.05, so that fewer than 512 of 8192 are
 * accepted with probability below e^-20000 (Chernoff's bound): the bound on the groups only makes
 * the loop's end provable. */
enum { KLF_GAMMA_LAST_GROUP = 1 << 7 };

/* `lanes` proposals as cubes (1 + t)^3; quick[i] is 1 where a squeeze accepts. Returns whether it
 * accepts all.
 *
 * The squeeze: t - log(1 + t) = t^2/2 - t^3/3 + R with 0 <= R <= t^4/4 for t >= 0 and
 * R <= t^4/(4 (1 + t)) below, so the right-hand side of the test is at least -w,
 * w = 3 d t^4/4, doubled for -1/2 < t < 0, and u < 1 - w implies log u < -w. It leaves 0.04/d of
 * the proposals undecided, a few times fewer than the paper's, which does not depend on d. */
KLF_INLINE int klf_gamma_squeeze(const klf_gamma_sampler *c, size_t lanes,
                                 const double *restrict z, const double *restrict u,
                                 double *restrict cube, uint64_t *restrict quick)
{
    uint64_t all = 1;
    for (size_t i = 0; i < lanes; i++) {
        const double t = c->c * z[i], v = 1.0 + t, square = t * t;
        const double w = (t < 0.0 ? 1.5 : 0.75) * c->d * square * square;
        cube[i] = v * v * v;
        quick[i] = (uint64_t)((u[i] < 1.0 - w) & (t > -0.5));
    }
    for (size_t i = 0; i < lanes; i++)
        all &= quick[i];
    return (int)all;
}

/* The accepted among the first `lanes` of one group of proposals, in order, up to `wanted`: all
 * KLF_TILE of the group, or KLF_TILE/4 at most. */
KLF_INLINE size_t klf_gamma_propose(const klf_gamma_sampler *c, const klf_key *key, uint64_t block,
                                    uint64_t first_tile, uint64_t group, size_t lanes,
                                    size_t wanted, double *restrict out)
{
    uint64_t words[KLF_TILE], ignored[KLF_TILE / 4], quick[KLF_TILE];
    double z[KLF_TILE], u[KLF_TILE], cube[KLF_TILE];
    if (lanes <= KLF_TILE / 4) {
        klf_fill_few_normals(key, block, first_tile + 2 * group, lanes, z);
        klf_fill_few(key, block, first_tile + 2 * group + 1, lanes, words, ignored);
    } else {
        klf_fill_normals(key, block, first_tile + 2 * group, 1, z);
        klf_fill_tiles(key, block, first_tile + 2 * group + 1, 1, words);
    }
    for (size_t i = 0; i < lanes; i++)
        u[i] = klf_uniform(words[i]);
    size_t count = lanes;
    if (!klf_gamma_squeeze(c, lanes, z, u, cube, quick)) {
        count = 0;
        for (size_t i = 0; i < lanes && count < wanted; i++) {
            const double kept = cube[i];
            cube[count] = kept;
            count += quick[i] || klf_gamma_accept(c, z[i], u[i]);
        }
    }
    count = count < wanted ? count : wanted;
    memcpy(out, cube, count * sizeof *out);
    return count;
}

/* The first n cubes that are accepted. For a few of them the first proposals are likely to do, and
 * save most of the time; if they do not, the whole group comes to the same. */
static inline void klf_gamma_cubes(const klf_gamma_sampler *c, const klf_key *key, uint64_t block,
                                   uint64_t first_tile, size_t n, double *restrict cube)
{
    size_t filled = 0;
    if (n <= 6)
        filled = klf_gamma_propose(c, key, block, first_tile, 0, 8, n, cube);
    else if (n <= 13)
        filled = klf_gamma_propose(c, key, block, first_tile, 0, 16, n, cube);
    filled = filled < n ? 0 : n;
    for (uint64_t group = 0; filled < n && group < KLF_GAMMA_LAST_GROUP; group++) {
        const size_t room = n - filled;
        filled += klf_gamma_propose(c, key, block, first_tile, group, KLF_TILE,
                                    room < KLF_TILE ? room : KLF_TILE, cube + filled);
    }
    while (filled < n)
        cube[filled++] = 1.0;
}

/* The tiles of the uniforms that lower the shape stand apart from those of the proposals. */
#define KLF_GAMMA_LOWERING_TILE (UINT64_C(1) << 32)

/* n <= KLF_BLOCK deviates as base e^log_low, from tiles first_tile + [0, 2^33): several Gammas of
 * one block keep 2^33 tiles apart. Gamma(a) = Gamma(a + 1) U^(1/a) for a < 1 (Marsaglia and Tsang,
 * section 6); the power may be far below the smallest double, so that its logarithm is kept.
 * log_low is 0 where the shape is not lowered. It has room for whole vectors, of which the numbers
 * past n are of no account. */
static inline void klf_gamma_block(const klf_gamma_sampler *c, klf_stream stream, uint64_t block,
                                   uint64_t first_tile, size_t n, double *restrict base,
                                   double *restrict log_low)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[KLF_TILE], ignored[8];
    klf_gamma_cubes(c, &key, block, first_tile, n, base);
    for (size_t i = 0; i < n; i++)
        base[i] *= c->d;
    if (!c->is_lowered) {
        for (size_t i = 0; i < n; i++)
            log_low[i] = 0.0;
        return;
    }
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        const uint64_t tile = first_tile + KLF_GAMMA_LOWERING_TILE + start / KLF_TILE;
        const size_t whole = (count + 7) & ~(size_t)7;
        if (count <= 8)
            klf_fill_few(&key, block, tile, 8, words, ignored);
        else
            klf_fill_tiles(&key, block, tile, 1, words);
        for (size_t i = 0; i < whole; i++)
            log_low[start + i] = klf_log(klf_uniform(words[i])) / c->shape;
    }
}

/* ---- A shape to each deviate ----------------------------------------------------------------- */

/* Further proposals for one deviate whose first was refused. */
KLF_OUTLINE double klf_gamma_again(const klf_gamma_sampler *c, klf_stream stream, uint64_t block,
                                   uint64_t index)
{
    for (uint64_t attempt = 0; attempt <= KLF_GAMMA_LAST_GROUP; attempt++) {
        uint64_t words[4];
        klf_rare_words(stream, block, index, attempt, words);
        double sine, cosine;
        klf_sincos_turn(klf_uniform(words[1]), &sine, &cosine);
        const double z = sqrt(2.0 * klf_exponential(words[0])) * cosine, t = 1.0 + c->c * z;
        if (klf_gamma_accept(c, z, klf_uniform(words[2])))
            return c->d * (t * t * t);
    }
    return c->d;
}

/* One tile of first proposals, z and u, for as many shapes; quick[i] is 1 where the squeeze
 * accepts. */
static inline void klf_gamma_squeeze_each(const double *restrict shape, const double *restrict z,
                                          const double *restrict u, double *restrict base,
                                          uint64_t *restrict quick)
{
    for (size_t i = 0; i < KLF_TILE; i++) {
        const double d = (shape[i] < 1.0 ? shape[i] + 1.0 : shape[i]) - 1.0 / 3.0;
        const double t = z[i] / sqrt(9.0 * d), v = 1.0 + t, square = t * t;
        const double w = (t < 0.0 ? 1.5 : 0.75) * d * square * square;
        base[i] = d * (v * v * v);
        quick[i] = (uint64_t)((u[i] < 1.0 - w) & (t > -0.5));
    }
}

/* The rare words of Gammas stand apart from those of other deviates of the same block. */
#define KLF_GAMMA_RARE (UINT64_C(1) << 40)

/* n <= KLF_BLOCK deviates, each of its own shape, as klf_gamma_block gives them. The logarithms of
 * the lowering powers are divided by `divisor`: the shape, or the shape in other units. */
static inline void klf_gamma_each(klf_stream stream, uint64_t block, uint64_t first_tile, size_t n,
                                  const double *shape, const double *divisor,
                                  double *restrict base, double *restrict log_low)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[KLF_TILE], quick[KLF_TILE];
    double own[KLF_TILE], z[KLF_TILE], u[KLF_TILE], first[KLF_TILE], low[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t tile = start / KLF_TILE, count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < KLF_TILE; i++)
            own[i] = shape[start + (i < count ? i : 0)];
        klf_fill_normals(&key, block, first_tile + 2 * tile, 1, z);
        klf_fill_tiles(&key, block, first_tile + 2 * tile + 1, 1, words);
        for (size_t i = 0; i < KLF_TILE; i++)
            u[i] = klf_uniform(words[i]);
        klf_gamma_squeeze_each(own, z, u, first, quick);
        klf_fill_tiles(&key, block, first_tile + KLF_GAMMA_LOWERING_TILE + tile, 1, words);
        for (size_t i = 0; i < KLF_TILE; i++) {
            const double log = klf_log_normal(klf_uniform(words[i]));
            low[i] = own[i] < 1.0 ? log / divisor[start + (i < count ? i : 0)] : 0.0;
        }
        for (size_t i = 0; i < count; i++) {
            const klf_gamma_sampler c = klf_make_gamma_sampler(own[i]);
            base[start + i] = quick[i] || klf_gamma_accept(&c, z[i], u[i])
                                  ? first[i]
                                  : klf_gamma_again(&c, stream, block,
                                                    KLF_GAMMA_RARE + first_tile + start + i);
            log_low[start + i] = low[i];
        }
    }
}

#endif
