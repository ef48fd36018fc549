/* member_at.h -- the parameters of one member out of arrays of them. */
#ifndef KLF_MEMBER_AT_H
#define KLF_MEMBER_AT_H

#include "family.h"

typedef struct {
    double theta[PARAMETERS];
} member_parameters;

KLF_INLINE member_parameters member_at(const double *const *theta, size_t i)
{
    member_parameters one;
    for (size_t j = 0; j < PARAMETERS; j++)
        one.theta[j] = theta[j][i];
    return one;
}

#endif
