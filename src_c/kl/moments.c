/* moments.c -- the moments of one block, and the projection that regressions are made of: with the
 * sums of families/log_product.h the reductions over samples that the library has. All go through
 * the lanes of math/lanes.h.
 */
#include <float.h>
#include <math.h>

#include "../math/elementary.h"
#include "../math/lanes.h"
#include "kernels.h"

static const double SQRT2 = 0x1.6a09e667f3bcdp+0;

/* What is summed of rows a and b: a_i, (a_i^2 - 1)/sqrt 2 or a_i b_i. */
typedef enum { VALUES, SQUARES, PRODUCTS } summand;

KLF_INLINE double summand_of(summand what, double a, double b)
{
    if (what == SQUARES)
        return fma(a, a, -1.0) * (1.0 / SQRT2);
    return what == PRODUCTS ? a * b : a;
}

/* The sum of s_i, the summands. */
KLF_INLINE double sum_of(summand what, size_t n, const double *restrict a,
                         const double *restrict b)
{
    double lane[KLF_SUM_LANES] = {0.0};
    const size_t whole = n - n % KLF_SUM_LANES;
    for (size_t i = 0; i < whole; i += KLF_SUM_LANES)
        for (size_t l = 0; l < KLF_SUM_LANES; l++)
            lane[l] += summand_of(what, a[i + l], b[i + l]);
    for (size_t l = 0; l < n - whole; l++)
        lane[l] += summand_of(what, a[whole + l], b[whole + l]);
    return klf_lanes_total(lane);
}

/* sum s_i, sum s_i r_i and sum (s_i r_i)^2 in one pass */
KLF_INLINE void three_sums_of(summand what, size_t n, const double *restrict a,
                              const double *restrict b, const double *restrict r,
                              double *restrict total, double *restrict product,
                              double *restrict square)
{
    double lane[3][KLF_SUM_LANES];
    const size_t whole = n - n % KLF_SUM_LANES;
    for (size_t l = 0; l < KLF_SUM_LANES; l++)
        lane[0][l] = lane[1][l] = lane[2][l] = 0.0;
    for (size_t i = 0; i < whole; i += KLF_SUM_LANES)
        for (size_t l = 0; l < KLF_SUM_LANES; l++) {
            const double s = summand_of(what, a[i + l], b[i + l]), sr = s * r[i + l];
            lane[0][l] += s;
            lane[1][l] += sr;
            lane[2][l] = fma(sr, sr, lane[2][l]);
        }
    for (size_t l = 0; l < n - whole; l++) {
        const double s = summand_of(what, a[whole + l], b[whole + l]), sr = s * r[whole + l];
        lane[0][l] += s;
        lane[1][l] += sr;
        lane[2][l] = fma(sr, sr, lane[2][l]);
    }
    *total = klf_lanes_total(lane[0]);
    *product = klf_lanes_total(lane[1]);
    *square = klf_lanes_total(lane[2]);
}

static double sum(size_t n, const double *a)
{
    return sum_of(VALUES, n, a, a);
}

static void sum_dot_square(size_t n, const double *a, const double *r, double *total,
                           double *product, double *square)
{
    three_sums_of(VALUES, n, a, a, r, total, product, square);
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

/* Of the scores z_j, and by rows z_j z_i below the diagonal and (z_j^2 - 1)/sqrt 2 on it, which are
 * not written down: they are many more than z, and would leave the fast caches. */
void KLF_LEVEL_SYMBOL(klf_quadratic_moments)(klf_moments_kind kind, size_t d, size_t n,
                                             const double *z, const double *log_ratio,
                                             double *moments)
{
    const size_t k = d + d * (d + 1) / 2;
    double *total = moments + 3, *product = total + k + 2, *square = product + k;
    moments[0] = moments[1] = moments[2] = (double)n;
    if (kind == KLF_MOMENTS_SCORE) {
        for (size_t j = 0; j < d; j++)
            *total++ = sum(n, z + j * KLF_ROW);
        for (size_t j = 0; j < d; j++) {
            const double *z_j = z + j * KLF_ROW;
            for (size_t i = 0; i < j; i++)
                *total++ = sum_of(PRODUCTS, n, z_j, z + i * KLF_ROW);
            *total++ = sum_of(SQUARES, n, z_j, z_j);
        }
        return;
    }
    total[k] = sum(n, log_ratio);
    total[k + 1] = dot(n, log_ratio, log_ratio);
    for (size_t j = 0; j < d; j++)
        sum_dot_square(n, z + j * KLF_ROW, log_ratio, total++, product++, square++);
    for (size_t j = 0; j < d; j++) {
        const double *z_j = z + j * KLF_ROW;
        for (size_t i = 0; i < j; i++)
            three_sums_of(PRODUCTS, n, z_j, z + i * KLF_ROW, log_ratio, total++, product++,
                          square++);
        three_sums_of(SQUARES, n, z_j, z_j, log_ratio, total++, product++, square++);
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
