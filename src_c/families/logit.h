/* logit.h -- log(p/(1 - p)). */
#ifndef KLF_LOGIT_H
#define KLF_LOGIT_H

#include "../math/elementary.h"

/* About p = 1/2, where it is 0, from 2 p - 1, which is exact. 0 and 1 give -inf and +inf.
 * Max error: 3 ulp. */
static inline double klf_logit(double p)
{
    const double q = 1.0 - p;
    if (p > 0.25 && p < 0.75)
        return klf_log1p((p - 0.5) * 2.0 / q);
    return p < 0.5 ? klf_log(p) - klf_log1p(-p) : klf_log(p) - klf_log(q);
}

#endif
