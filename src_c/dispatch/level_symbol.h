/* level_symbol.h -- the suffix that keeps one symbol per instruction-set level.
 *
 * Every file under families/, kl/, math/ and random/ is compiled once per level with
 * -DKLF_LEVEL=baseline, v3 or v4. Each exports tables only, named by this macro, and includes
 * headers that hold nothing but `static inline` functions, so that no instruction of a higher
 * level can reach code that runs on a lower one.
 */
#ifndef KLF_LEVEL_SYMBOL_H
#define KLF_LEVEL_SYMBOL_H

#ifndef KLF_LEVEL
#define KLF_LEVEL baseline
#endif

#define KLF_PASTE_(name, level) name##_##level
#define KLF_PASTE(name, level) KLF_PASTE_(name, level)
#define KLF_LEVEL_SYMBOL(name) KLF_PASTE(name, KLF_LEVEL)

#endif
