/* vector_math.c -- applies each function of the headers to an array: for the tests and for users of
 * the C library. Compiled once per instruction-set level.
 */
#include "vector_math.h"

#include "angles.h"
#include "bessel_functions.h"
#include "elementary.h"
#include "gamma_functions.h"
#include "normal_quantile.h"

#define KLF_VECTOR(name) \
    static void vector_##name(size_t n, const double *restrict x, double *restrict out) \
    { \
        for (size_t i = 0; i < n; i++) \
            out[i] = klf_##name(x[i]); \
    }

KLF_VECTOR(exp)
KLF_VECTOR(expm1)
KLF_VECTOR(log)
KLF_VECTOR(log1p)
KLF_VECTOR(expm1_excess)
KLF_VECTOR(sigmoid)
KLF_VECTOR(log1p_exp)
KLF_VECTOR(log_minus_expm1)
KLF_VECTOR(log_expm1_ratio)
KLF_VECTOR(atan)
KLF_VECTOR(versine)
KLF_VECTOR(stirling_error)
KLF_VECTOR(lgamma)
KLF_VECTOR(digamma)
KLF_VECTOR(digamma_minus_log)
KLF_VECTOR(trigamma)
KLF_VECTOR(trigamma_minus_inverse)
KLF_VECTOR(log_bessel_i0_scaled)
KLF_VECTOR(bessel_ratio)
KLF_VECTOR(bessel_ratio_complement)
KLF_VECTOR(bessel_ratio_derivative)
KLF_VECTOR(bessel_bend)
KLF_VECTOR(normal_quantile)

static void vector_sin_2pi(size_t n, const double *restrict x, double *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        double ignored;
        klf_sincos_2pi(x[i], &out[i], &ignored);
    }
}

static void vector_cos_2pi(size_t n, const double *restrict x, double *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        double ignored;
        klf_sincos_2pi(x[i], &ignored, &out[i]);
    }
}

#define KLF_ENTRY(name) {#name, vector_##name}

const klf_vector_function KLF_LEVEL_SYMBOL(klf_vector_functions)[] = {
    KLF_ENTRY(exp),
    KLF_ENTRY(expm1),
    KLF_ENTRY(log),
    KLF_ENTRY(log1p),
    KLF_ENTRY(expm1_excess),
    KLF_ENTRY(sigmoid),
    KLF_ENTRY(log1p_exp),
    KLF_ENTRY(log_minus_expm1),
    KLF_ENTRY(log_expm1_ratio),
    KLF_ENTRY(atan),
    KLF_ENTRY(sin_2pi),
    KLF_ENTRY(cos_2pi),
    KLF_ENTRY(versine),
    KLF_ENTRY(stirling_error),
    KLF_ENTRY(lgamma),
    KLF_ENTRY(digamma),
    KLF_ENTRY(digamma_minus_log),
    KLF_ENTRY(trigamma),
    KLF_ENTRY(trigamma_minus_inverse),
    KLF_ENTRY(log_bessel_i0_scaled),
    KLF_ENTRY(bessel_ratio),
    KLF_ENTRY(bessel_ratio_complement),
    KLF_ENTRY(bessel_ratio_derivative),
    KLF_ENTRY(bessel_bend),
    KLF_ENTRY(normal_quantile),
    {NULL, NULL},
};
