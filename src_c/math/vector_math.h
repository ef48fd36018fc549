/* vector_math.h -- declares the table of this level's functions of arrays. */
#ifndef KLF_VECTOR_MATH_H
#define KLF_VECTOR_MATH_H

#include "../dispatch/level_symbol.h"
#include "klfast/klfast.h"

/* ends with a NULL name */
extern const klf_vector_function KLF_LEVEL_SYMBOL(klf_vector_functions)[];

#endif
