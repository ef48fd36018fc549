/* extra_functions.c -- what the tests need beyond the table of vector_math.c: functions that are
 * not for loops, those of two arguments or results, and whether this processor runs a level.
 */
#include <stddef.h>
#include <string.h>

#include "../../src_c/math/elementary.h"
#include "../../src_c/math/exponential_integral.h"
#include "../../src_c/math/zeta_functions.h"

void test_log_ratio(size_t n, const double *restrict ratio, const double *restrict excess,
                    double *restrict log, double *restrict phi)
{
    for (size_t i = 0; i < n; i++)
        log[i] = klf_log_ratio(ratio[i], excess[i], &phi[i]);
}

void test_log_ratio_rising(size_t n, const double *restrict ratio, const double *restrict excess,
                           double *restrict log, double *restrict h)
{
    for (size_t i = 0; i < n; i++)
        log[i] = klf_log_ratio_rising(ratio[i], excess[i], &h[i]);
}

void test_sincos_2pi(size_t n, const double *restrict u, double *restrict sine,
                     double *restrict cosine)
{
    for (size_t i = 0; i < n; i++)
        klf_sincos_2pi(u[i], &sine[i], &cosine[i]);
}

void test_scaled_exponential_integral(size_t n, const double *restrict x, double *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = klf_scaled_exponential_integral(x[i]);
}

#define TEST_OF_TWO(name) \
    void test_##name(size_t n, const double *restrict x, const double *restrict y, \
                     double *restrict out) \
    { \
        for (size_t i = 0; i < n; i++) \
            out[i] = klf_##name(x[i], y[i]); \
    }

TEST_OF_TWO(log_zeta)
TEST_OF_TWO(zeta_log_mean)
TEST_OF_TWO(zeta_log_variance)

void test_uniform(size_t n, const uint64_t *restrict words, double *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = klf_uniform(words[i]);
}

int test_processor_has(const char *level)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                   && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                   && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
                   && __builtin_cpu_supports("avx512vl");
    if (strcmp(level, "v3") == 0)
        return v3;
    if (strcmp(level, "v4") == 0)
        return v4;
#endif
    return strcmp(level, "baseline") == 0;
}
