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

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    family_constants c = prepare_density(theta);
    prepare_rest(theta, &c);
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

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    const family_constants c = load(constants);
    for (size_t i = 0; i < n; i++) {
        double one[COORDINATES];
        score_at(&c, x[i], one);
        for (size_t j = 0; j < COORDINATES; j++)
            s[j * KLF_ROW + i] = one[j];
    }
    if (log_p)
        log_density(d, constants, n, x, log_p, work);
}

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
