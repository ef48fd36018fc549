/* family.h -- what every family file includes: the table's type and a few shared inlines. */
#ifndef KLF_FAMILY_H
#define KLF_FAMILY_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "../dispatch/level_symbol.h"
#include "../math/elementary.h"
#include "../math/gamma_functions.h"
#include "../math/lanes.h"
#include "../math/normal_quantile.h"
#include "../random/exponential_deviates.h"
#include "../random/normal_tiles.h"
#include "domains.h"
#include "klfast/klfast.h"

/* For calls of them outside of loops: compilers inline less where a file grows too large. */
#if defined(__GNUC__)
#define KLF_OUTLINE static __attribute__((noinline))
#else
#define KLF_OUTLINE static
#endif

#define KLF_FAMILY(name) KLF_PASTE(klf_family_##name, KLF_LEVEL)

static const double KLF_LOG_2PI = 0x1.d67f1c864beb5p+0;      /* log(2 pi) */
static const double KLF_SQRT2 = 0x1.6a09e667f3bcdp+0;        /* sqrt(2) */
static const double KLF_EULER_GAMMA = 0x1.2788cfc6fb619p-1;  /* -psi(1) */
static const double KLF_SMALLEST = 0x1p-1074;                /* the smallest positive double */

/* Every family file names its functions as the table does. */
#define KLF_FUNCTIONS \
    .log_density = log_density, .score = score, .statistics = statistics, KLF_OTHER_FUNCTIONS

/* Those but for the ones that a family with far points wraps. */
#define KLF_OTHER_FUNCTIONS \
    .sizes = sizes, .check = check, .is_interior = is_interior, .prepare = prepare, \
    .sample = sample, .log_base_measure = log_base_measure, .log_partition = log_partition, \
    .to_natural = to_natural, .from_natural = from_natural, \
    .to_mean = to_mean, .from_mean = from_mean, \
    .to_unconstrained = to_unconstrained, .from_unconstrained = from_unconstrained, \
    .entropy = entropy, .kl = kl, .mean_variance = mean_variance, .map_score = map_score, \
    .move = move, .max_step = max_step, .check_data = check_data, .reference = reference, \
    .fit = fit

/* And those of a scalar family two more. */
#define KLF_SCALAR_FUNCTIONS \
    KLF_FUNCTIONS, .log_density_each = log_density_each, .score_each = score_each

static inline klf_status klf_violate(klf_violation *violation, size_t parameter, size_t element,
                                     const char *rule)
{
    *violation = (klf_violation){parameter, element, rule};
    return KLF_E_DOMAIN;
}

/* Every parameter of a scalar family against its domain. */
static inline klf_status klf_check_domains(const klf_parameter *parameters, size_t n,
                                           const double *theta, klf_violation *violation)
{
    for (size_t i = 0; i < n; i++) {
        const char *rule = klf_domain_rule(parameters[i].domain, theta[i]);
        if (rule)
            return klf_violate(violation, i, 0, rule);
    }
    return KLF_OK;
}

/* z = (x - loc)/scale as (x unit - loc unit)/(scale unit), where unit is a power of two that keeps
 * the difference and the inverse finite at the ends of the range. */
typedef struct {
    double unit, minus_loc, inverse_scale; /* the last two in units */
} klf_standardiser;

KLF_INLINE klf_standardiser klf_make_standardiser(double loc, double scale)
{
    klf_standardiser s;
    const double raise = fabs(loc) < 0x1p900 ? 0x1p60 : 1.0; /* loc itself must not overflow */
    s.unit = scale < 0x1p-960 ? raise : (scale > 0x1p960 ? 0x1p-60 : 1.0);
    s.minus_loc = -loc * s.unit;
    s.inverse_scale = 1.0 / (scale * s.unit);
    s.inverse_scale = s.inverse_scale > DBL_MAX ? DBL_MAX : s.inverse_scale;
    return s;
}

KLF_INLINE double klf_standardise(const klf_standardiser *s, double x)
{
    return fma(x, s->unit, s->minus_loc) * s->inverse_scale;
}

/* Samples that would round to infinity are the largest finite double of their sign. */
KLF_INLINE double klf_clamp_finite(double x)
{
    return fabs(x) > DBL_MAX ? copysign(DBL_MAX, x) : x;
}

/* Samples of a positive family that would round to 0 are the smallest positive double. */
KLF_INLINE double klf_clamp_positive(double x)
{
    x = x > DBL_MAX ? DBL_MAX : x;
    return x < KLF_SMALLEST ? KLF_SMALLEST : x;
}

/* x log(x) - style differences at one point: r - 1 - log r for r = a/b, keeping relative accuracy
 * near a = b, and right when a/b under- or overflows. */
static inline double klf_excess_over_log(double a, double b)
{
    const double ratio = a / b;
    double phi;
    if (ratio > 0x1p-1000 && ratio < 0x1p1000) {
        (void)klf_log_ratio(ratio, (a - b) / b, &phi);
        return phi;
    }
    return ratio - 1.0 - (klf_log(a) - klf_log(b));
}

/* log(a/b) for positive a and b, to relative accuracy where they are close, and where a/b under- or
 * overflows. */
static inline double klf_log_quotient(double a, double b)
{
    const double ratio = a / b;
    double ignored;
    if (ratio > 0x1p-1000 && ratio < 0x1p1000)
        return klf_log_ratio(ratio, (a - b) / b, &ignored);
    return klf_log(a) - klf_log(b);
}

/* x^p for x > 0; exactly rounded where p is one of the powers that families have. */
static inline double klf_power(double x, double p)
{
    if (p == 1.0)
        return x;
    if (p == -1.0)
        return 1.0 / x;
    if (p == 2.0)
        return x * x;
    if (p == 0.5)
        return sqrt(x);
    if (p == -0.5)
        return 1.0 / sqrt(x);
    return klf_exp(p * klf_log(x));
}

/* Mean and standard deviation of x[i * stride] in one pass about the first datum; returns 0 where
 * this may lose digits, overflow or underflow. */
static inline int klf_block_usual_mean_sd(size_t n, const double *x, size_t stride, double *mean,
                                          double *sd)
{
    double sum[KLF_SUM_LANES] = {0.0}, squares[KLF_SUM_LANES] = {0.0};
    for (size_t start = 0; start < n; start += KLF_SUM_LANES)
        for (size_t l = 0; l < KLF_SUM_LANES; l++) {
            const size_t i = start + l < n ? start + l : 0; /* the first adds 0 */
            const double change = x[i * stride] - x[0];
            sum[l] += change;
            squares[l] = fma(change, change, squares[l]);
        }
    const double shift = klf_lanes_total(sum) / (double)n;
    const double square = klf_lanes_total(squares) / (double)n;
    const double variance = fma(-shift, shift, square);
    *mean = x[0] + shift;
    *sd = sqrt(variance);
    return (variance > 0x1p-20 * square) & (square > 0x1p-900) & (square < 0x1p900);
}

/* Weighted mean and standard deviation of one coordinate of a block (x[i * stride]); weights may be
 * NULL. Taken about the first datum and in units of the largest deviation, so that neither 1e308
 * overflows nor equal data get a spread from rounding. Serves `reference`: accuracy is not asked,
 * robustness is. */
static inline void klf_block_mean_sd(size_t n, const double *x, size_t stride,
                                     const double *weights, double *mean, double *sd)
{
    double total = 0.0, centre = 0.0, largest = 0.0, square = 0.0;
    if (!weights && klf_block_usual_mean_sd(n, x, stride, mean, sd))
        return;
    for (size_t i = 0; i < n; i++)
        total += weights ? weights[i] : 1.0;
    if (!(total > 0.0)) { /* a block of zero weights: any datum is as good */
        weights = NULL;
        total = (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double share = (weights ? weights[i] : 1.0) / total;
        centre += share * x[i * stride] - share * x[0];
    }
    centre += x[0];
    for (size_t i = 0; i < n; i++) {
        const double deviation = fabs(0.5 * x[i * stride] - 0.5 * centre);
        largest = deviation > largest ? deviation : largest;
    }
    for (size_t i = 0; i < n && largest > 0.0; i++) {
        const double share = (weights ? weights[i] : 1.0) / total;
        const double unit = (0.5 * x[i * stride] - 0.5 * centre) / largest;
        square += share * unit * unit;
    }
    *mean = centre;
    *sd = klf_clamp_finite(2.0 * largest * sqrt(square));
}

/* Weighted mean of |x - centre| over a block, where it is a positive finite number; else 1: a start
 * for `reference`. */
static inline double klf_block_size(size_t n, const double *x, double centre,
                                    const double *weights)
{
    double total = 0.0, size = 0.0;
    for (size_t i = 0; i < n; i++)
        total += weights ? weights[i] : 1.0;
    if (!(total > 0.0)) {
        weights = NULL;
        total = (double)n;
    }
    for (size_t i = 0; i < n; i++)
        size += (weights ? weights[i] : 1.0) / total * fabs(x[i] - centre);
    return size > 0.0 && size <= DBL_MAX ? size : 1.0;
}

/* Whether a double is a whole number: adding 2^52 rounds to an integer; above it all are. */
KLF_INLINE int klf_is_whole(double x)
{
    const double magic = 0x1p52, size = fabs(x);
    const double nearest = size < magic ? (size + magic) - magic : size;
    return (nearest == size) & (size <= DBL_MAX);
}

#endif
