/* chi_family.h -- what Chi and ChiSquare share: w = x^p/2, p = 2 or 1, is Gamma(a, 1) distributed,
 * a = dof/2, so that they have the same coordinates, divergence and fit.
 *
 *   standard score = (log w - psi(a))/sqrt(psi1(a))
 *
 * A family file defines before it
 *
 *   POWER, INVERSE_POWER, LOG_POWER        p, 1/p and log p
 *   half_power(x), half_power_less(x, a)   w and w - a
 *   inverse_size(inverse_a)                1/x where w = a
 *   base_measure_at(theta, x)              log h
 *   draw_of(base, half)                    x where w = base half^2
 *
 * and after it the entropy, the mean and variance, and `reference`.
 */
#ifndef KLF_CHI_FAMILY_H
#define KLF_CHI_FAMILY_H

#include "gamma_algebra.h"
#include "gamma_power.h"

enum { DOF };
enum { PARAMETERS = 1, FITTED = 1, COORDINATES = 1 };

static const klf_parameter parameters[] = {{"dof", KLF_SCALAR, KLF_POSITIVE, 0}};

typedef struct {
    gamma_power power;
    double shape;              /* a */
    double root, inverse_root; /* of psi1(a) */
    double log_root;           /* a times the root */
    double offset;             /* log w - psi(a) = L + offset root */
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.power = gamma_power_prepare(0.5 * theta[DOF], POWER, INVERSE_POWER, LOG_POWER, -KLF_LN2);
    return c;
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    c->shape = 0.5 * theta[DOF];
    const double log_raise = klf_log(c->power.raised) - klf_log(c->shape);
    const double raise = c->shape < 1.0 ? log_raise : 0.0;
    /* For tiny a psi1(a) = 1/a^2 may be beyond the range: it is taken at a clamped one. */
    const double least = 0x1p-400, clamped = c->shape < least ? least : c->shape;
    const double below = c->shape / clamped; /* 1 but for tiny a */
    const double root = sqrt(klf_trigamma(clamped));
    c->root = root / below;
    c->inverse_root = below / root;
    c->log_root = clamped * root;
    c->offset = fma(raise, c->inverse_root, -klf_digamma_minus_log(clamped) / root);
}

/* L of w */
KLF_INLINE double log_relative(const family_constants *c, double x, double *excess, double *phi)
{
    *excess = half_power_less(x, c->power.raised) * c->power.inverse_raised;
    return gamma_power_log(&c->power, x, half_power(x) * c->power.inverse_raised, *excess, phi);
}

KLF_INLINE double density_at(const family_constants *c, double x)
{
    double excess, phi;
    const double log = log_relative(c, x, &excess, &phi);
    const double inside = gamma_power_density(&c->power, excess, log, phi);
    double log_p = x > DBL_MAX ? -INFINITY : inside;
    log_p = x == 0.0 ? c->power.at_zero : log_p;
    return x < 0.0 ? -INFINITY : log_p;
}

KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double excess, phi;
    const double inside = fma(log_relative(c, x, &excess, &phi), c->inverse_root, c->offset);
    s[0] = ((x < 0.0) | (x > DBL_MAX)) ? 0.0 : inside;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = POWER * klf_log(x);
}

KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0.0) & (x <= DBL_MAX);
}

#include "scalar_family.h"

/* By log w/A = p log(x/size), w/A = 1 at x = size. */
static int sum_score(size_t d, const double *constants, size_t n, const double *restrict x,
                     double *restrict sums)
{
    (void)d;
    const family_constants c = load(constants);
    const double factor = inverse_size(c.power.inverse_raised);
    double excess, log;
    if (c.shape > LARGEST_SUMMED_SHAPE || !klf_ratio_sums(n, factor, x, &excess, &log))
        return 0;
    sums[0] = fma(POWER * log, c.inverse_root, (double)n * c.offset);
    return 1;
}

static void sizes(size_t d, klf_sizes *s)
{
    (void)d;
    *s = scalar_sizes();
}

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

KLF_INLINE family_constants prepare_draw(const double *theta)
{
    return (family_constants){.shape = 0.5 * theta[DOF]};
}

KLF_INLINE double draw_shape(const family_constants *c)
{
    return c->shape;
}

KLF_INLINE double draw_at(const family_constants *c, double base, double half)
{
    (void)c;
    return klf_clamp_positive(draw_of(base, half));
}

#include "gamma_draws.h"

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    return gamma_log_partition(0.5 * theta[DOF], 0.5);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = 0.5 * theta[DOF] - 1.0;
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[DOF] = 2.0 * (eta[0] + 1.0);
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    mu[0] = klf_digamma(0.5 * theta[DOF]) + KLF_LN2;
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    /* psi(1) = -gamma */
    theta[DOF] = 2.0 * gamma_shape_by_digamma(1.0, mu[0] - KLF_LN2 + KLF_EULER_GAMMA);
    return checked(theta);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = klf_log(theta[DOF]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[DOF] = klf_exp(u[0]);
    return checked(theta);
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    return gamma_log_divergence(0.5 * p[DOF], 0.5 * q[DOF]);
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work, (void)theta;
    const family_constants c = load(constants);
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[0] = 0.5 * (c.root * s[0]);
        break;
    case KLF_NATURAL: /* by a */
        out[0] = c.root * s[0];
        break;
    case KLF_UNCONSTRAINED:
        out[0] = c.log_root * s[0];
        break;
    }
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    theta_new[DOF] = fma(2.0 * direction[0], c.inverse_root, theta[DOF]);
    return checked(theta_new);
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    return direction[0] < 0.0 ? c.log_root / -direction[0] : INFINITY;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work, (void)theta_reference;
    const family_constants c = load(constants);
    theta[DOF] = 2.0 * gamma_shape_by_digamma(c.shape, c.root * mean_score[0]);
    return checked(theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

#endif
