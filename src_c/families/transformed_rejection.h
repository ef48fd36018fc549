/* transformed_rejection.h -- exact draws of counts whose mass is bell-shaped, however large: a
 * uniform U in (-1/2, 1/2) becomes (2 a/(1/2 - |U|) + b) U + centre, whose density is a hat
 * for the mass, and rounded down.
 *
 * Hormann (1993), "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12 (algorithm PTRS), and "The generation of binomial random
 * variates", Journal of Statistical Computation and Simulation 46 (algorithm BTRS), from where a
 * family takes the constants.
 *
 * A family file includes this after it has defined family_constants and density_at(c, x), log p(x)
 * or -inf outside the support.
 */
#ifndef KLF_TRANSFORMED_REJECTION_H
#define KLF_TRANSFORMED_REJECTION_H

#include "family.h"

typedef struct {
    double a, b, centre;
    double log_scale; /* of the hat: accept where log(v) + log_scale - log(a/us^2 + b) <= log p */
    double quick;     /* v up to this accepts where us >= 0.07 */
    double corner;    /* v above us refuses where us < corner */
} transformed_hat;

/* Algorithm PTRS. */
static inline transformed_hat poisson_hat(double rate, double sd)
{
    transformed_hat hat;
    hat.b = 0.931 + 2.53 * sd;
    hat.a = -0.059 + 0.02483 * hat.b;
    hat.centre = rate + 0.43;
    hat.log_scale = klf_log(1.1239 + 1.1328 / (hat.b - 3.4));
    hat.quick = 0.9277 - 3.6224 / (hat.b - 2.0);
    hat.corner = 0.013;
    return hat;
}

/* Acceptance is about 0.9 at large means, above 0.6 at any: the bound on the groups of a block,
 * 8192 proposals for 512 draws, is met with probability below e^-4000 (Chernoff's bound), and only
 * makes the loop's end provable. */
enum { HAT_LAST_GROUP = 1 << 7 };

/* One group of KLF_TILE proposals: the counts and whether each is accepted, 1 or 0. The few that
 * the squeeze leaves undecided are gathered, so that their masses too are made in a vector loop. */
static void hat_propose(const family_constants *c, const transformed_hat *hat, const klf_key *key,
                        uint64_t block, uint64_t group, double *restrict count,
                        uint64_t *restrict accepted)
{
    uint64_t words[2 * KLF_TILE], undecided[KLF_TILE];
    double u_shifted[KLF_TILE], v[KLF_TILE];
    klf_fill_tiles(key, block, 2 * group, 2, words);
    for (size_t i = 0; i < KLF_TILE; i++) {
        const double u = klf_uniform(words[i]) - 0.5, us = 0.5 - fabs(u);
        const double vi = klf_uniform(words[KLF_TILE + i]);
        const double k = floor(fma(2.0 * hat->a / us + hat->b, u, hat->centre));
        const uint64_t quick = (uint64_t)((us >= 0.07) & (vi <= hat->quick));
        const uint64_t out = (uint64_t)((k < 0.0) | !(us > 0.0) | ((us < hat->corner) & (vi > us)));
        u_shifted[i] = us;
        v[i] = vi;
        count[i] = k;
        accepted[i] = quick;
        undecided[i] = (quick | out) ^ 1;
    }
    size_t place[KLF_TILE], n = 0;
    double k[KLF_TILE];
    memcpy(k, count, sizeof k);
    for (size_t i = 0; i < KLF_TILE; i++) {
        place[n] = i;
        u_shifted[n] = u_shifted[i];
        v[n] = v[i];
        k[n] = count[i];
        n += undecided[i];
    }
    const family_constants own = *c;           /* a copy, which no store can alter */
    const size_t whole = (n + 7) & ~(size_t)7; /* whole vectors: those past n are of no account */
    for (size_t j = 0; j < whole; j++) {
        const double us = u_shifted[j], slope = hat->a / (us * us) + hat->b;
        k[j] = klf_log(v[j]) + hat->log_scale - klf_log(slope) - density_at(&own, k[j]);
    }
    for (size_t j = 0; j < n; j++)
        accepted[place[j]] = (uint64_t)(k[j] <= 0.0);
}

/* The first n draws of a block. */
static void hat_sample(const family_constants *c, const transformed_hat *hat, klf_stream stream,
                       uint64_t block, size_t n, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    double count[KLF_TILE];
    uint64_t accepted[KLF_TILE];
    size_t filled = 0;
    for (uint64_t group = 0; filled < n && group < HAT_LAST_GROUP; group++) {
        hat_propose(c, hat, &key, block, group, count, accepted);
        size_t kept = 0;
        for (size_t i = 0; i < KLF_TILE; i++) {
            count[kept] = count[i];
            kept += accepted[i];
        }
        kept = kept < n - filled ? kept : n - filled;
        memcpy(x + filled, count, kept * sizeof *x);
        filled += kept;
    }
    while (filled < n)
        x[filled++] = floor(hat->centre);
}

#endif
