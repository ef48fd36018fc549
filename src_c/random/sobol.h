/* sobol.h -- declares the points of randomised nets, of each level. */
#ifndef KLF_SOBOL_H
#define KLF_SOBOL_H

#include "../dispatch/level_symbol.h"
#include "klfast/klfast.h"

void KLF_LEVEL_SYMBOL(klf_net)(const klf_stream *stream, uint64_t net, size_t dimensions,
                               size_t log2_points, uint64_t first, size_t n,
                               uint64_t *restrict words);

#endif
