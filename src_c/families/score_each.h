/* score_each.h -- scores of a scalar family with a member to each point, from its functions of one
 * point: the same numbers as `score` and `map_score` give for one member.
 *
 * Included by scalar_family.h, or by a family file that makes its own loops, after COORDINATES,
 * FITTED, PARAMETERS, family_constants, prepare_constants(theta) and score_at(c, x, s).
 */
#ifndef KLF_SCORE_EACH_H
#define KLF_SCORE_EACH_H

#include "member_at.h"

KLF_INLINE void map_score(size_t d, const double *theta, const double *constants,
                          klf_coordinates coordinates, const double *s, double *out, double *work);

/* With the coordinates known when it is compiled, so that the loop may be vector code. */
KLF_INLINE void score_each_in(klf_coordinates coordinates, size_t width, size_t n,
                              const double *const *theta, const double *restrict x,
                              double *restrict s)
{
    for (size_t i = 0; i < n; i++) {
        const member_parameters one = member_at(theta, i);
        const family_constants c = prepare_constants(one.theta);
        double constants[sizeof c / sizeof(double)], standard[COORDINATES];
        memcpy(constants, &c, sizeof c);
        score_at(&c, x[i], standard);
        map_score(1, one.theta, constants, coordinates, standard, s + i * width, NULL);
    }
}

static void score_each(size_t n, const double *const *theta, const double *restrict x,
                       klf_coordinates coordinates, double *restrict s)
{
    switch (coordinates) {
    case KLF_PARAMETERS:
        score_each_in(KLF_PARAMETERS, FITTED, n, theta, x, s);
        break;
    case KLF_NATURAL:
        score_each_in(KLF_NATURAL, COORDINATES, n, theta, x, s);
        break;
    case KLF_UNCONSTRAINED:
        score_each_in(KLF_UNCONSTRAINED, COORDINATES, n, theta, x, s);
        break;
    }
}

#endif
