/* kernels.h -- declares the kernels of one level that are no family's. */
#ifndef KLF_KERNELS_H
#define KLF_KERNELS_H

#include "../dispatch/level_symbol.h"
#include "klfast/klfast.h"

void KLF_LEVEL_SYMBOL(klf_block_moments)(klf_moments_kind kind, size_t k, size_t n,
                                         const double *score, const double *log_ratio,
                                         const double *weights, double *moments, double *work);
void KLF_LEVEL_SYMBOL(klf_quadratic_moments)(klf_moments_kind kind, size_t d, size_t n,
                                             const double *z, const double *log_ratio,
                                             double *moments);
void KLF_LEVEL_SYMBOL(klf_mixture)(const klf_target *target, size_t n, const double *restrict x,
                                   double *restrict log_q, double *restrict work);
void KLF_LEVEL_SYMBOL(klf_to_integers)(size_t n, const double *restrict x,
                                       int64_t *restrict integers);
double KLF_LEVEL_SYMBOL(klf_project)(size_t n, const double *restrict a, double *restrict b);
void KLF_LEVEL_SYMBOL(klf_stein_residuals)(size_t d, size_t n, const double *restrict rows,
                                           const double *restrict direction,
                                           double *restrict fitted, double *restrict noise);
void KLF_LEVEL_SYMBOL(klf_product_sizes)(const double *theta, klf_sizes *sizes);
extern const klf_family KLF_LEVEL_SYMBOL(klf_product);
int KLF_LEVEL_SYMBOL(klf_log_ratio_block)(size_t n, const double *log_p, const double *log_q,
                                          double reference, double *log_ratio);

#endif
