/* exponential_deviates.h -- a standard exponential deviate of one word: -log u, exact and free of
 * branches. u is at least 2^-65, so that it reaches 45.05, beyond which lie 3e-20 of the
 * distribution.
 */
#ifndef KLF_EXPONENTIAL_DEVIATES_H
#define KLF_EXPONENTIAL_DEVIATES_H

#include "../math/elementary.h"

KLF_INLINE double klf_exponential(uint64_t word)
{
    return -klf_log_normal(klf_uniform(word));
}

#endif
