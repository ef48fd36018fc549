/* domains.h -- what a parameter's domain asks of each of its values. */
#ifndef KLF_DOMAINS_H
#define KLF_DOMAINS_H

#include <float.h>
#include <math.h>

#include "klfast/klfast.h"

/* The rule that the value breaks, in words; NULL if it is inside. NaN breaks every rule. */
static inline const char *klf_domain_rule(klf_domain domain, double value)
{
    const int finite = fabs(value) <= DBL_MAX;
    switch (domain) {
    case KLF_REAL:
        return finite ? NULL : "must be finite";
    case KLF_POSITIVE:
        return finite && value > 0.0 ? NULL : "must be finite and > 0";
    case KLF_NON_NEGATIVE:
        return finite && value >= 0.0 ? NULL : "must be finite and >= 0";
    case KLF_FROM_HALF:
        return finite && value >= 0.5 ? NULL : "must be finite and >= 1/2";
    case KLF_ABOVE_ONE:
        return finite && value > 1.0 ? NULL : "must be finite and > 1";
    case KLF_PROBABILITY:
        return value >= 0.0 && value <= 1.0 ? NULL : "must be finite, in [0, 1]";
    case KLF_PROBABILITY_POSITIVE:
        return value > 0.0 && value <= 1.0 ? NULL : "must be finite, in (0, 1]";
    case KLF_PROBABILITY_INSIDE:
        return value > 0.0 && value < 1.0 ? NULL : "must be finite, in (0, 1)";
    case KLF_COUNT:
        return finite && value >= 0.0 && floor(value) == value
                   ? NULL
                   : "must be finite, a whole number >= 0";
    }
    return "has an unknown domain";
}

#endif
