/* poisson_mixture.h -- exact Poisson draws, each with a rate of its own. */
#ifndef KLF_POISSON_MIXTURE_H
#define KLF_POISSON_MIXTURE_H

#include "poisson_mass.h"

/* Below this rate by inversion, from it on by Hormann's PTRS. */
static const double MIXTURE_HAT_RATE = 10.0;

/* The count at which the cumulative mass passes u; `none` is the mass at 0. Where u is nearly 1,
 * rounding may leave more of it than there is mass: a mass below 2^-60 ends the search. */
static double mixture_inversion(double rate, double none, double u)
{
    double x = 0.0, term = none;
    while (u > term && term > 0x1p-60) {
        u -= term;
        x += 1.0;
        term *= rate / x;
    }
    return x;
}

/* One proposal of algorithm PTRS (see transformed_rejection.h), -1 if it is refused. */
KLF_INLINE double mixture_propose(double rate, double u, double v)
{
    const poisson_constants c = poisson_prepare(rate);
    const double b = 0.931 + 2.53 * c.root, a = -0.059 + 0.02483 * b;
    const double centred = u - 0.5, us = 0.5 - fabs(centred);
    const double k = floor(fma(2.0 * a / us + b, centred, rate + 0.43));
    const double log_p = k == 0.0 ? -rate : poisson_log_mass(&c, k < 0.0 ? 0.0 : k);
    const double scale = (1.1239 + 1.1328 / (b - 3.4)) * v / (a / (us * us) + b);
    return ((k >= 0.0) & (us > 0.0) & (klf_log(scale) <= log_p)) ? k : -1.0;
}

/* The same, again until one is accepted: a proposal is refused with probability below 0.4, so that
 * the bound is met with one below 0.4^128 < 2^-160. */
KLF_OUTLINE double mixture_retry(double rate, klf_stream stream, uint64_t block, uint64_t index)
{
    enum { LAST_ATTEMPT = 1 << 6 };
    double x = -1.0;
    for (uint64_t attempt = 0; x < 0.0 && attempt < LAST_ATTEMPT; attempt++) {
        uint64_t words[4];
        klf_rare_words(stream, block, index, attempt, words);
        x = mixture_propose(rate, klf_uniform(words[0]), klf_uniform(words[1]));
        if (x < 0.0)
            x = mixture_propose(rate, klf_uniform(words[2]), klf_uniform(words[3]));
    }
    return x < 0.0 ? floor(rate) : x;
}

/* Tiles to one round of proposals of a block: a u and a v to each draw. */
enum { MIXTURE_ROUND = 2 * KLF_BLOCK / KLF_TILE };

/* A second proposal for the draws of a tile that are -1, all in one vector loop, and further ones
 * where it too is refused. */
static void mixture_again(const klf_key *key, klf_stream stream, uint64_t block,
                          uint64_t first_tile, size_t start, const double *restrict rate,
                          double *restrict draw)
{
    uint64_t words[2 * KLF_TILE];
    size_t place[KLF_TILE + 1], n = 0;
    double its_rate[KLF_TILE], u[KLF_TILE], v[KLF_TILE];
    for (size_t i = 0; i < KLF_TILE; i++) {
        place[n] = i;
        n += (size_t)(draw[i] < 0.0);
    }
    if (n == 0)
        return;
    klf_fill_tiles(key, block, first_tile + MIXTURE_ROUND + 2 * (start / KLF_TILE), 2, words);
    const size_t whole = (n + 7) & ~(size_t)7; /* whole vectors: those past n are of no account */
    for (size_t j = 0; j < whole; j++) {
        const size_t i = j < n ? place[j] : 0;
        its_rate[j] = rate[i];
        u[j] = klf_uniform(words[i]);
        v[j] = klf_uniform(words[KLF_TILE + i]);
    }
    for (size_t j = 0; j < whole; j++)
        u[j] = mixture_propose(its_rate[j], u[j], v[j]);
    for (size_t j = 0; j < n; j++)
        draw[place[j]] = u[j] < 0.0 ? mixture_retry(its_rate[j], stream, block, start + place[j])
                                    : u[j];
}

/* In `x` the rates of a block, at most 2^1000, which become the draws. */
static void mixture_block(klf_stream stream, uint64_t block, uint64_t first_tile, size_t n,
                          double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t words[2 * KLF_TILE];
    double rate[KLF_TILE], none[KLF_TILE], u[KLF_TILE], v[KLF_TILE], draw[KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        klf_fill_tiles(&key, block, first_tile + 2 * (start / KLF_TILE), 2, words);
        for (size_t i = 0; i < KLF_TILE; i++)
            draw[i] = i < count ? x[start + i] : 0.0;
        int large = 0;
        for (size_t i = 0; i < KLF_TILE; i++)
            large |= draw[i] >= MIXTURE_HAT_RATE;
        for (size_t i = 0; i < KLF_TILE; i++) {
            u[i] = klf_uniform(words[i]);
            v[i] = klf_uniform(words[KLF_TILE + i]);
            none[i] = klf_exp(-draw[i]);
            rate[i] = draw[i] < MIXTURE_HAT_RATE ? MIXTURE_HAT_RATE : draw[i];
        }
        if (large) {
            for (size_t i = 0; i < KLF_TILE; i++) {
                const double proposed = mixture_propose(rate[i], u[i], v[i]);
                draw[i] = draw[i] < MIXTURE_HAT_RATE ? 0.0 : proposed;
            }
            mixture_again(&key, stream, block, first_tile, start, rate, draw);
        }
        for (size_t i = 0; i < count; i++) {
            const double given = x[start + i];
            x[start + i] = given < MIXTURE_HAT_RATE ? mixture_inversion(given, none[i], u[i])
                                                    : draw[i];
        }
    }
}

/* In `x` the rates of a block, n <= KLF_BLOCK, which become the draws, by words of 4 KLF_BLOCK/
 * KLF_TILE tiles from `first_tile` on. */
static void mixture_draws(klf_stream stream, uint64_t block, uint64_t first_tile, size_t n,
                          double *restrict x)
{
    const double largest = 0x1p1000; /* so large a draw is its rate, to rounding */
    double rate[KLF_BLOCK];
    for (size_t i = 0; i < n; i++) {
        rate[i] = x[i];
        x[i] = rate[i] < largest ? rate[i] : largest;
    }
    mixture_block(stream, block, first_tile, n, x);
    for (size_t i = 0; i < n; i++)
        x[i] = rate[i] < largest ? x[i] : rate[i];
}

/* `fits_integers` of a family whose one parameter is the rate: the bound leaves room for 40
 * standard deviations. */
static inline int rates_fit_integers(size_t members, const double *rates)
{
    int fits = 1;
    for (size_t i = 0; i < members; i++)
        fits &= rates[i] <= 9e18;
    return fits;
}

#endif
