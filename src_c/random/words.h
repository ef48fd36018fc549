/* words.h -- declares the block-of-words kernel of each level. */
#ifndef KLF_WORDS_H
#define KLF_WORDS_H

#include "../dispatch/level_symbol.h"
#include "klfast/klfast.h"

void KLF_LEVEL_SYMBOL(klf_words)(klf_stream stream, uint64_t block, uint64_t first_tile,
                                 size_t tiles, uint64_t *restrict words);

#endif
