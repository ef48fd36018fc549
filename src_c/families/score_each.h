/* score_each.h -- scores of a scalar family with a member to each point, from its functions of one
 * point: the same numbers as `score` and `map_score` give for one member.
 *
 * Included by scalar_family.h, or by a family file that makes its own loops, after COORDINATES,
 * FITTED, PARAMETERS, family_constants, prepare, load and score_at(c, x, s).
 */
#ifndef KLF_SCORE_EACH_H
#define KLF_SCORE_EACH_H

#include "family.h"

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work);

static void score_each(size_t n, const double *const *theta, const double *restrict x,
                       klf_coordinates coordinates, double *restrict s)
{
    const size_t width = coordinates == KLF_PARAMETERS ? FITTED : COORDINATES;
    for (size_t i = 0; i < n; i++) {
        double one[PARAMETERS], standard[COORDINATES];
        double constants[sizeof(family_constants) / sizeof(double)];
        for (size_t j = 0; j < PARAMETERS; j++)
            one[j] = theta[j][i];
        prepare(1, one, constants);
        const family_constants c = load(constants);
        score_at(&c, x[i], standard);
        map_score(1, one, constants, coordinates, standard, s + i * width, NULL);
    }
}

#endif
