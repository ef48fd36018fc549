/* lanes.h -- sums over samples in KLF_SUM_LANES = 16 virtual lanes, sample i in lane i mod 16, and
 * the lanes joined by a fixed tree: the same bits on every level, and a vector loop on each. */
#ifndef KLF_LANES_H
#define KLF_LANES_H

#include "klfast/klfast.h"

_Static_assert(KLF_SUM_LANES == 16, "the tree of klf_lanes_total is written out for 16 lanes");

static inline double klf_lanes_total(double lane[KLF_SUM_LANES])
{
    for (size_t i = 0; i < KLF_SUM_LANES / 2; i++)
        lane[i] += lane[i + KLF_SUM_LANES / 2];
    for (size_t i = 0; i < KLF_SUM_LANES / 4; i++)
        lane[i] += lane[i + KLF_SUM_LANES / 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

static inline double klf_lanes_product(double lane[KLF_SUM_LANES])
{
    for (size_t half = KLF_SUM_LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lane[i] *= lane[i + half];
    return lane[0];
}

#endif
