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

/* Acceptance is about 0.9 at large means, so the bound on the groups is never met. */
enum { HAT_LAST_GROUP = 1 << 10 };

/* The accepted among one group of KLF_TILE proposals, in order. */
static size_t hat_propose(const family_constants *c, const transformed_hat *hat,
                          const klf_key *key, uint64_t block, uint64_t group, size_t wanted,
                          double *restrict out)
{
    uint64_t words[2 * KLF_TILE];
    double x[KLF_TILE], u_shifted[KLF_TILE], v[KLF_TILE];
    klf_fill_tiles(key, block, 2 * group, 2, words);
    for (size_t i = 0; i < KLF_TILE; i++) {
        const double u = klf_uniform(words[i]) - 0.5;
        u_shifted[i] = 0.5 - fabs(u);
        v[i] = klf_uniform(words[KLF_TILE + i]);
        x[i] = fma(2.0 * hat->a / u_shifted[i] + hat->b, u, hat->centre);
    }
    size_t accepted = 0;
    for (size_t i = 0; i < KLF_TILE && accepted < wanted; i++) {
        const double us = u_shifted[i], k = floor(x[i]);
        int accept = us >= 0.07 && v[i] <= hat->quick;
        if (!accept && k >= 0.0 && us > 0.0 && !(us < hat->corner && v[i] > us))
            accept = klf_log(v[i]) + hat->log_scale - klf_log(hat->a / (us * us) + hat->b)
                     <= density_at(c, k);
        out[accepted] = k;
        accepted += (size_t)accept;
    }
    if (group >= HAT_LAST_GROUP)
        while (accepted < wanted)
            out[accepted++] = floor(hat->centre);
    return accepted;
}

/* The first n draws of a block. */
static void hat_sample(const family_constants *c, const transformed_hat *hat, klf_stream stream,
                       uint64_t block, size_t n, double *restrict x)
{
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t group = 0;
    for (size_t filled = 0; filled < n; group++) {
        const size_t room = n - filled;
        filled += hat_propose(c, hat, &key, block, group, room < KLF_TILE ? room : KLF_TILE,
                              x + filled);
    }
}

#endif
