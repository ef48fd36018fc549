/* count_family.h -- the table of a family of counts with one coordinate, the mean of T(x) = x or
 * log x; it brings scalar_family.h with it.
 *
 *   standard score = (T - m)/s,  m and s the mean and standard deviation of T
 *
 * A family file includes this after it has defined what scalar_family.h asks for but score_at, its
 * family_constants holding
 *
 *   sd, inverse_sd    s and its inverse; 0 and 1 for a member with all its mass on one count: its
 *                     score holds T - m itself
 *
 * and
 *
 *   is_inside(c, x)         whether x is in the support
 *   standard_at(c, x)       (T(x) - m) inverse_sd, wherever x lies
 *   natural_room(c)         how far eta may grow; INFINITY where it has no upper end
 *
 * and, declared here and defined after,
 *
 *   slope_score             d log p by theta[0] or by the unconstrained coordinate, given T - m
 *   shift_natural           the member whose natural parameter is greater by t
 *   member_of_mean          the member whose m is that of theta plus a deviation;
 *                           KLF_E_NO_MAXIMUM if there is none
 */
#ifndef KLF_COUNT_FAMILY_H
#define KLF_COUNT_FAMILY_H

#include "family.h"

/* What `log_h` and `log p` are outside the support and at NaN. */
KLF_INLINE double count_or_outside(int inside, double x, double value)
{
    value = inside ? value : -INFINITY;
    return x == x ? value : x;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    const double inside = standard_at(c, x);
    s[0] = (is_inside(c, x) | (x != x)) ? inside : 0.0;
}

#include "scalar_family.h"

static double slope_score(const double *theta, klf_coordinates coordinates, double deviation);
static klf_status shift_natural(const double *theta, double t, double *theta_new);
static klf_status member_of_mean(const double *reference, double deviation, double *theta);

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    const double deviation = c.sd > 0.0 ? s[0] * c.sd : s[0];
    out[0] = coordinates == KLF_NATURAL ? deviation : slope_score(theta, coordinates, deviation);
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    memcpy(theta_new, theta, PARAMETERS * sizeof *theta);
    return shift_natural(theta, direction[0] * c.inverse_sd, theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    return direction[0] > 0.0 ? natural_room(&c) * c.sd / direction[0] : INFINITY;
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    memcpy(theta, theta_reference, PARAMETERS * sizeof *theta);
    const double deviation = c.sd > 0.0 ? mean_score[0] * c.sd : mean_score[0];
    return member_of_mean(theta_reference, deviation, theta);
}

#endif
