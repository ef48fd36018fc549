/* integers.c -- counts that were drawn as doubles, as 64-bit integers. */
#include <math.h>

#include "../math/elementary.h"
#include "kernels.h"

/* Adding 1.5*2^52 to a whole number up to 2^51 leaves it in the low bits of the sum: a vector loop
 * on levels that have no conversion. Where one is larger the processor's conversion serves all;
 * from 2^63 on, the largest integer. */
void KLF_LEVEL_SYMBOL(klf_to_integers)(size_t n, const double *restrict x,
                                       int64_t *restrict integers)
{
    uint64_t large = 0;
    for (size_t i = 0; i < n; i++) {
        integers[i] = (int64_t)(klf_bits(x[i] + KLF_MAGIC) - klf_bits(KLF_MAGIC));
        large |= (uint64_t)(fabs(x[i]) > 0x1p51);
    }
    for (size_t i = 0; large && i < n; i++)
        integers[i] = x[i] < 0x1p63 ? (int64_t)x[i] : INT64_MAX;
}
