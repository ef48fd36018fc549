/* choose.c -- which level this process runs: compiled for the baseline only.
 *
 * KLF_HAS_V3 and KLF_HAS_V4 tell which levels the build made. The choice is made once and kept in
 * an atomic pointer to constant data: threads that race make the same choice.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../families/domains.h"
#include "klfast/klfast.h"

extern const klf_level klf_level_baseline;
#ifdef KLF_HAS_V3
extern const klf_level klf_level_v3;
#endif
#ifdef KLF_HAS_V4
extern const klf_level klf_level_v4;
#endif

/* The features that tell the level: every processor with these has the rest of the psABI's list
 * (lzcnt, movbe, f16c), which older compilers cannot ask for. The run-time library's test includes
 * whether the system saves the registers. */
#ifdef KLF_HAS_V3
static int processor_has_v3(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
           && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
           && __builtin_cpu_supports("avx") && __builtin_cpu_supports("sse4.2")
           && __builtin_cpu_supports("popcnt");
}
#endif

#ifdef KLF_HAS_V4
static int processor_has_v4(void)
{
    return processor_has_v3() && __builtin_cpu_supports("avx512f")
           && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
           && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

size_t klf_levels(const klf_level *levels[4])
{
    size_t n = 0;
    levels[n++] = &klf_level_baseline;
#if defined(KLF_HAS_V3) || defined(KLF_HAS_V4)
    __builtin_cpu_init();
#endif
#ifdef KLF_HAS_V3
    if (processor_has_v3())
        levels[n++] = &klf_level_v3;
#endif
#ifdef KLF_HAS_V4
    if (processor_has_v4())
        levels[n++] = &klf_level_v4;
#endif
    return n;
}

static const klf_level *choose(const char **message)
{
    const klf_level *levels[4];
    const size_t n = klf_levels(levels);
    const char *wanted = getenv("KLFAST_ISA");
    if (!wanted)
        return levels[n - 1];
    for (size_t i = 0; i < n; i++)
        if (strcmp(wanted, levels[i]->name) == 0)
            return levels[i];
    const int known = !strcmp(wanted, "v3") || !strcmp(wanted, "v4");
    *message = known ? "is a level that this processor or this build does not have"
                     : "is unknown: it must be baseline, v3 or v4";
    return NULL;
}

const klf_level *klf_library(const char **message)
{
    static _Atomic(const klf_level *) chosen;
    const klf_level *level = atomic_load(&chosen);
    if (!level) {
        level = choose(message);
        atomic_store(&chosen, level);
    }
    return level;
}

const char *klf_compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

const klf_family *klf_find_family(const klf_level *level, const char *name)
{
    for (const klf_family *const *family = level->families; *family; family++)
        if (strcmp((*family)->name, name) == 0)
            return *family;
    return NULL;
}

const char *klf_broken_rule(klf_domain domain, double value)
{
    return klf_domain_rule(domain, value);
}
