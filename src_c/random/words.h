/* words.h -- declares the block-of-words kernels of each level. */
#ifndef KLF_WORDS_H
#define KLF_WORDS_H

#include "../dispatch/level_symbol.h"
#include "klfast/klfast.h"

void KLF_LEVEL_SYMBOL(klf_words)(klf_stream stream, uint64_t block, uint64_t first_tile,
                                 size_t tiles, uint64_t *restrict words);
void KLF_LEVEL_SYMBOL(klf_choose)(klf_stream stream, uint64_t block, uint64_t rows, size_t n,
                                  uint64_t *restrict chosen);

#endif
