/* packed_cholesky.h -- dense lower-triangular algebra on packed rows, for small dimensions.
 *
 * Row i of a lower triangle of order d starts at i (i + 1)/2. Plain loops in a fixed order: the
 * same bits on every level, which no BLAS promises. Algorithms: Golub and Van Loan (2013), Matrix
 * Computations, section 4.2.
 */
#ifndef KLF_PACKED_CHOLESKY_H
#define KLF_PACKED_CHOLESKY_H

#include <math.h>
#include <stddef.h>

static inline size_t klf_packed(size_t row, size_t column)
{
    return row * (row + 1) / 2 + column;
}

/* The factor of a symmetric positive definite matrix, in place. Returns d, or the first row whose
 * pivot is not above `least` times the diagonal element it came from. */
static inline size_t klf_cholesky(size_t d, double *a, double least)
{
    for (size_t i = 0; i < d; i++) {
        double *row = a + klf_packed(i, 0);
        for (size_t j = 0; j < i; j++) {
            const double *other = a + klf_packed(j, 0);
            double sum = row[j];
            for (size_t k = 0; k < j; k++)
                sum = fma(-row[k], other[k], sum);
            row[j] = sum / other[j];
        }
        double pivot = row[i];
        for (size_t k = 0; k < i; k++)
            pivot = fma(-row[k], row[k], pivot);
        if (!(pivot > least * row[i]))
            return i;
        row[i] = sqrt(pivot);
    }
    return d;
}

/* The inverse of a lower triangle, in place. */
static inline void klf_invert_lower(size_t d, double *l)
{
    for (size_t i = 0; i < d; i++) {
        double *row = l + klf_packed(i, 0);
        const double inverse = 1.0 / row[i];
        for (size_t j = 0; j < i; j++) {
            double sum = 0.0;
            for (size_t k = j; k < i; k++)
                sum = fma(row[k], l[klf_packed(k, j)], sum);
            row[j] = -inverse * sum;
        }
        row[i] = inverse;
    }
}

/* W becomes the lower half of W' W, in place: entry (j, i), j >= i, needs column i only from row j
 * down, and columns to the right of i, which are still whole. */
static inline void klf_transposed_product(size_t d, double *w)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = i; j < d; j++) {
            double sum = 0.0;
            for (size_t k = j; k < d; k++)
                sum = fma(w[klf_packed(k, i)], w[klf_packed(k, j)], sum);
            w[klf_packed(j, i)] = sum;
        }
}

/* b becomes L^-1 b; its entries lie `stride` apart. */
static inline void klf_solve_lower(size_t d, const double *l, double *b, size_t stride)
{
    for (size_t i = 0; i < d; i++) {
        double sum = b[i * stride];
        for (size_t k = 0; k < i; k++)
            sum = fma(-l[klf_packed(i, k)], b[k * stride], sum);
        b[i * stride] = sum / l[klf_packed(i, i)];
    }
}

/* b becomes L'^-1 b. */
static inline void klf_solve_transposed(size_t d, const double *l, double *b, size_t stride)
{
    for (size_t i = d; i-- > 0;) {
        double sum = b[i * stride];
        for (size_t k = i + 1; k < d; k++)
            sum = fma(-l[klf_packed(k, i)], b[k * stride], sum);
        b[i * stride] = sum / l[klf_packed(i, i)];
    }
}

/* b becomes L b. */
static inline void klf_multiply_lower(size_t d, const double *l, double *b, size_t stride)
{
    for (size_t i = d; i-- > 0;) {
        double sum = 0.0;
        for (size_t k = 0; k <= i; k++)
            sum = fma(l[klf_packed(i, k)], b[k * stride], sum);
        b[i * stride] = sum;
    }
}

#endif
