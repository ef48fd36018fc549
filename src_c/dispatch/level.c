/* level.c -- the table of everything compiled at one instruction-set level. */
#include "../kl/kernels.h"
#include "../math/vector_math.h"
#include "../random/sobol.h"
#include "../random/words.h"
#include "level_symbol.h"

#define KLF_REGISTER(name) extern const klf_family KLF_PASTE(klf_family_##name, KLF_LEVEL);
#include "../families/families.def"
#undef KLF_REGISTER

#define KLF_REGISTER(name) &KLF_PASTE(klf_family_##name, KLF_LEVEL),
static const klf_family *const families[] = {
#include "../families/families.def"
    NULL};
#undef KLF_REGISTER

#define KLF_QUOTE_(name) #name
#define KLF_QUOTE(name) KLF_QUOTE_(name)

const klf_level KLF_LEVEL_SYMBOL(klf_level) = {
    .name = KLF_QUOTE(KLF_LEVEL),
    .families = families,
    .vector_functions = KLF_LEVEL_SYMBOL(klf_vector_functions),
    .words = KLF_LEVEL_SYMBOL(klf_words),
    .choose = KLF_LEVEL_SYMBOL(klf_choose),
    .net = KLF_LEVEL_SYMBOL(klf_net),
    .block_moments = KLF_LEVEL_SYMBOL(klf_block_moments),
    .quadratic_moments = KLF_LEVEL_SYMBOL(klf_quadratic_moments),
    .mixture = KLF_LEVEL_SYMBOL(klf_mixture),
    .to_integers = KLF_LEVEL_SYMBOL(klf_to_integers),
    .project = KLF_LEVEL_SYMBOL(klf_project),
    .stein_residuals = KLF_LEVEL_SYMBOL(klf_stein_residuals),
    .log_ratio = KLF_LEVEL_SYMBOL(klf_log_ratio_block),
    .product = &KLF_LEVEL_SYMBOL(klf_product),
    .product_sizes = KLF_LEVEL_SYMBOL(klf_product_sizes),
};
