/* log_product.h -- the sum of many logarithms as the logarithm of a product: one logarithm for a
 * block in place of one for each number.
 *
 * In each lane GROUP numbers are multiplied, and of the product the power of two is taken off and
 * counted, so that the product of what is left, one factor in [sqrt(1/2), sqrt 2) for each group,
 * stays near 1. Each product is rounded to 2^-53 of itself: the sum of n logarithms has an error of
 * about 2^-53 sqrt n, that of single logarithms near 1 in size.
 */
#ifndef KLF_LOG_PRODUCT_H
#define KLF_LOG_PRODUCT_H

#include "family.h"

enum { GROUP = 4, SPAN = GROUP * KLF_SUM_LANES };

/* rho - 1 - log rho of a ratio to the mean is about 1/(2 a) in the mean for a shape a: for larger
 * ones than this it would lose digits as a difference of two sums. */
static const double LARGEST_SUMMED_SHAPE = 64.0;

typedef struct {
    double excess[KLF_SUM_LANES]; /* sum of rho - 1 */
    double power[KLF_SUM_LANES], product[KLF_SUM_LANES]; /* of all rho: product 2^power */
    double least[KLF_SUM_LANES], most[KLF_SUM_LANES];
} ratio_lanes;

KLF_INLINE double smaller(double a, double b)
{
    return a < b ? a : b;
}

KLF_INLINE double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Adds SPAN ratios rho = factor x. */
KLF_INLINE void add_ratios(double factor, const double *restrict x, ratio_lanes *restrict lanes)
{
    for (size_t l = 0; l < KLF_SUM_LANES; l++) {
        double product = 1.0, excess = lanes->excess[l], power;
        double least = lanes->least[l], most = lanes->most[l];
        for (size_t g = 0; g < GROUP; g++) {
            const double ratio = factor * x[g * KLF_SUM_LANES + l];
            least = smaller(ratio, least);
            most = larger(ratio, most);
            excess += ratio - 1.0;
            product *= ratio;
        }
        lanes->least[l] = least;
        lanes->most[l] = most;
        lanes->excess[l] = excess;
        lanes->product[l] *= klf_log_reduce_normal(product, &power);
        lanes->power[l] += power;
    }
}

/* The sums of rho - 1 and of log rho over the ratios rho = factor x of a block of numbers. Returns
 * 0 if some ratio is so far from 1 that a product of GROUP may leave the range, or the factor has
 * lost digits. */
static inline int klf_ratio_sums(size_t n, double factor, const double *restrict x,
                                 double *restrict excess, double *restrict log)
{
    ratio_lanes lanes;
    for (size_t l = 0; l < KLF_SUM_LANES; l++) {
        lanes.excess[l] = lanes.power[l] = 0.0;
        lanes.product[l] = lanes.least[l] = lanes.most[l] = 1.0;
    }
    const size_t whole = n - n % SPAN;
    for (size_t i = 0; i < whole; i += SPAN)
        add_ratios(factor, x + i, &lanes);
    if (whole < n) {
        double rest[SPAN];
        for (size_t i = 0; i < SPAN; i++)
            rest[i] = whole + i < n ? factor * x[whole + i] : 1.0;
        add_ratios(1.0, rest, &lanes);
    }
    int usual = factor > DBL_MIN;
    for (size_t l = 0; l < KLF_SUM_LANES; l++)
        usual &= (lanes.least[l] > 0x1p-250) & (lanes.most[l] < 0x1p250);
    const double power = klf_lanes_total(lanes.power);
    *excess = klf_lanes_total(lanes.excess);
    *log = fma(power, KLF_LN2_HIGH,
               fma(power, KLF_LN2_LOW, klf_log_normal(klf_lanes_product(lanes.product))));
    return usual;
}

#endif
