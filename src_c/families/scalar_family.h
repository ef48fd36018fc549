/* scalar_family.h -- the table's loops of a scalar family, made from its functions of one point.
 *
 * A family file includes this once, after it has defined
 *
 *   COORDINATES, FITTED, PARAMETERS     how many: an enum
 *   parameters                          the table of its parameters
 *   family_constants                    a struct of doubles
 *   prepare_density(theta)              the constants that the log-density needs
 *   prepare_rest(theta, c)              those that only the score and the sampler need
 *   density_at(c, x)                    log p(x): -inf outside the support, NaN for NaN
 *   score_at(c, x, s)                   the standard score: 0 outside, NaN for NaN
 *   statistics_at(theta, x, t)          T(x); theta's fixed parameters only
 *   base_measure_at(theta, x)           log h(x): -inf outside the support, NaN for NaN
 *   is_datum(theta, x)                  whether x may stand among data: T(x) is finite there, but
 *                                       for overflow
 *   DENSITY_CONSTANTS                   a macro, where prepare_density has loops or branches: the
 *                                       number of constants, from the first, that density_at reads
 *
 * and defines the rest of the table after it. The functions of one point are always inlined, so
 * that the loops here are what the compiler turns into vector code.
 */
#ifndef KLF_SCALAR_FAMILY_H
#define KLF_SCALAR_FAMILY_H

#include "family.h"

static void sizes(size_t d, klf_sizes *s);
/* What every scalar family's sizes have in common. */
static inline klf_sizes scalar_sizes(void)
{
    return (klf_sizes){.parameters = PARAMETERS, .fitted = FITTED, .coordinates = COORDINATES,
                       .event = 1, .constants = sizeof(family_constants) / sizeof(double)};
}

static klf_status check(size_t d, const double *theta, klf_violation *violation, double *work)
{
    (void)d, (void)work;
    return klf_check_domains(parameters, PARAMETERS, theta, violation);
}

/* What the maps from other coordinates end with. */
static inline klf_status checked(const double *theta)
{
    klf_violation ignored;
    return check(1, theta, &ignored, NULL);
}

KLF_INLINE family_constants prepare_constants(const double *theta)
{
    family_constants c = prepare_density(theta);
    prepare_rest(theta, &c);
    return c;
}

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    const family_constants c = prepare_constants(theta);
    memcpy(constants, &c, sizeof c);
}

KLF_INLINE family_constants load(const double *constants)
{
    family_constants c;
    memcpy(&c, constants, sizeof c);
    return c;
}

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++)
        log_p[i] = density_at(&c, x[i]);
}

KLF_INLINE void write_score(const family_constants *c, double x, double *s)
{
    double one[COORDINATES];
    score_at(c, x, one);
    for (size_t j = 0; j < COORDINATES; j++)
        s[j * KLF_ROW] = one[j];
}

/* In one loop with the density, whose logarithms are the score's. */
static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    for (size_t i = 0; !log_p && i < n; i++)
        write_score(&c, x[i], s + i);
    for (size_t i = 0; log_p && i < n; i++) {
        write_score(&c, x[i], s + i);
        log_p[i] = density_at(&c, x[i]);
    }
}

#ifdef DENSITY_CONSTANTS

/* A tile of members is prepared, the constants in rows; then come the points, in vector code. */
static void log_density_each(size_t n, const double *const *theta, const double *restrict x,
                             double *restrict log_p)
{
    double rows[DENSITY_CONSTANTS][KLF_TILE];
    for (size_t start = 0; start < n; start += KLF_TILE) {
        const size_t count = n - start < KLF_TILE ? n - start : KLF_TILE;
        for (size_t i = 0; i < count; i++) {
            double one[PARAMETERS], values[DENSITY_CONSTANTS];
            for (size_t j = 0; j < PARAMETERS; j++)
                one[j] = theta[j][start + i];
            const family_constants c = prepare_density(one);
            memcpy(values, &c, sizeof values);
            for (size_t j = 0; j < DENSITY_CONSTANTS; j++)
                rows[j][i] = values[j];
        }
        for (size_t i = 0; i < count; i++) {
            double values[DENSITY_CONSTANTS];
            family_constants c;
            for (size_t j = 0; j < DENSITY_CONSTANTS; j++)
                values[j] = rows[j][i];
            memcpy(&c, values, sizeof values);
            log_p[start + i] = density_at(&c, x[start + i]);
        }
    }
}

#else

static void log_density_each(size_t n, const double *const *theta, const double *restrict x,
                             double *restrict log_p)
{
    for (size_t i = 0; i < n; i++) {
        double one[PARAMETERS];
        for (size_t j = 0; j < PARAMETERS; j++)
            one[j] = theta[j][i];
        const family_constants c = prepare_density(one);
        log_p[i] = density_at(&c, x[i]);
    }
}

#endif

#include "score_each.h"

static void statistics(size_t d, const double *theta, size_t n, const double *x, double *t)
{
    (void)d;
    for (size_t i = 0; i < n; i++)
        statistics_at(theta, x[i], t + i * COORDINATES);
}

static void log_base_measure(size_t d, const double *theta, size_t n, const double *x,
                             double *log_h)
{
    (void)d;
    for (size_t i = 0; i < n; i++)
        log_h[i] = base_measure_at(theta, x[i]);
}

static size_t check_data(size_t d, const double *theta, size_t n, const double *x)
{
    (void)d;
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (uint64_t)!is_datum(theta, x[i]);
    size_t i = bad ? 0 : n;
    while (i < n && is_datum(theta, x[i]))
        i++;
    return i;
}

#endif
