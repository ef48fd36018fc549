/* moments.c -- the moments of one block, and the projection that regressions are made of: the only
 * reductions over samples in the library.
 */
#include <float.h>
#include <math.h>

#include "../math/lanes.h"
#include "kernels.h"

/* sum a_i */
static double sum(size_t n, const double *restrict a)
{
    double lane[KLF_SUM_LANES] = {0.0};
    const size_t whole = n - n % KLF_SUM_LANES;
    for (size_t i = 0; i < whole; i += KLF_SUM_LANES)
        for (size_t l = 0; l < KLF_SUM_LANES; l++)
            lane[l] += a[i + l];
    for (size_t l = 0; l < n - whole; l++)
        lane[l] += a[whole + l];
    return klf_lanes_total(lane);
}

/* sum a_i b_i */
static double dot(size_t n, const double *a, const double *b)
{
    double lane[KLF_SUM_LANES] = {0.0};
    const size_t whole = n - n % KLF_SUM_LANES;
    for (size_t i = 0; i < whole; i += KLF_SUM_LANES)
        for (size_t l = 0; l < KLF_SUM_LANES; l++)
            lane[l] = fma(a[i + l], b[i + l], lane[l]);
    for (size_t l = 0; l < n - whole; l++)
        lane[l] = fma(a[whole + l], b[whole + l], lane[l]);
    return klf_lanes_total(lane);
}

/* sum a_i, sum a_i b_i and sum (a_i b_i)^2 in one pass */
static void sum_dot_square(size_t n, const double *restrict a, const double *restrict b,
                           double *restrict total, double *restrict product,
                           double *restrict square)
{
    double lane[3][KLF_SUM_LANES] = {{0.0}};
    const size_t whole = n - n % KLF_SUM_LANES;
    for (size_t i = 0; i < whole; i += KLF_SUM_LANES)
        for (size_t l = 0; l < KLF_SUM_LANES; l++) {
            const double ab = a[i + l] * b[i + l];
            lane[0][l] += a[i + l];
            lane[1][l] += ab;
            lane[2][l] = fma(ab, ab, lane[2][l]);
        }
    for (size_t l = 0; l < n - whole; l++) {
        const double ab = a[whole + l] * b[whole + l];
        lane[0][l] += a[whole + l];
        lane[1][l] += ab;
        lane[2][l] = fma(ab, ab, lane[2][l]);
    }
    *total = klf_lanes_total(lane[0]);
    *product = klf_lanes_total(lane[1]);
    *square = klf_lanes_total(lane[2]);
}

static void multiply(size_t n, const double *restrict a, const double *restrict b,
                     double *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

void KLF_LEVEL_SYMBOL(klf_block_moments)(klf_moments_kind kind, size_t k, size_t n,
                                         const double *score, const double *log_ratio,
                                         const double *weights, double *moments, double *work)
{
    double *weighted_ratio = work, *weighted_score = work + KLF_BLOCK;
    double *next = moments;
    *next++ = (double)n;
    *next++ = weights ? sum(n, weights) : (double)n;
    *next++ = weights ? dot(n, weights, weights) : (double)n;
    double *score_sum = next, *products = next + k + 2, unweighted;
    if (kind == KLF_MOMENTS_SCORE || weights)
        for (size_t j = 0; j < k; j++)
            score_sum[j] = weights ? dot(n, score + j * KLF_ROW, weights)
                                   : sum(n, score + j * KLF_ROW);
    if (kind == KLF_MOMENTS_SCORE)
        return;
    const double *wr = log_ratio;
    if (weights) {
        multiply(n, weights, log_ratio, weighted_ratio);
        wr = weighted_ratio;
    }
    next[k] = sum(n, wr);
    next[k + 1] = dot(n, wr, log_ratio);
    for (size_t j = 0; j < k; j++)
        sum_dot_square(n, score + j * KLF_ROW, wr, weights ? &unweighted : score_sum + j,
                       products + j, products + k + j);
    next = products + 2 * k;
    if (kind == KLF_MOMENTS_GRADIENT)
        return;
    double *with_ratio = next + k * (k + 1) / 2;
    for (size_t i = 0; i < k; i++) {
        const double *s = score + i * KLF_ROW, *ws = s;
        if (weights) {
            multiply(n, weights, s, weighted_score);
            ws = weighted_score;
        }
        for (size_t j = 0; j <= i; j++)
            *next++ = dot(n, ws, score + j * KLF_ROW);
        if (kind == KLF_MOMENTS_PRODUCTS)
            continue;
        multiply(n, s, wr, weighted_score);
        for (size_t j = 0; j <= i; j++)
            *with_ratio++ = dot(n, weighted_score, score + j * KLF_ROW);
    }
}

double KLF_LEVEL_SYMBOL(klf_project)(size_t n, const double *restrict a, double *restrict b)
{
    const double product = dot(n, a, b);
    for (size_t i = 0; i < n; i++)
        b[i] = fma(-product, a[i], b[i]);
    return product;
}

int KLF_LEVEL_SYMBOL(klf_log_ratio_block)(size_t n, const double *log_p, const double *log_q,
                                          double reference, double *log_ratio)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        log_ratio[i] = (log_p[i] - log_q[i]) - reference;
        bad |= (uint64_t)!(fabs(log_ratio[i]) <= DBL_MAX);
    }
    return !bad;
}
