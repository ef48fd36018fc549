/* reverse_steps.h -- what the files of the reverse run share: its estimates and its steps. */
#ifndef KLF_REVERSE_STEPS_H
#define KLF_REVERSE_STEPS_H

#include "klfast/klfast.h"

/* Draws of the present member have weight 1, and a mean over them the freedom n - 1. Weighted
 * samples are quadrature nodes, which have no sampling error, or pooled draws, which are worth
 * (sum w)^2 / sum w^2 draws of weight 1 (Kong, Liu and Wong, 1994, "Sequential imputations and
 * Bayesian missing data problems", Journal of the American Statistical Association 89). */
typedef struct {
    double total, freedom; /* sum w; what divides a sum about the mean */
    double draws;          /* of weight 1 that they are worth */
    double variance;       /* of r */
    double noise;          /* what the sampling error of g adds to the predicted gain on average */
    double noise_variance; /* of the noise in the predicted gain, about its average */
    int informative;       /* the samples show every coordinate of the score */
} klf_estimates;

/* Fill the run's gradient, direction, KL, gain and their errors from draws of the member; from all
 * nets of such draws, and each of them; from quadrature nodes, and every second of them; from
 * pooled draws. */
klf_estimates klf_estimate(klf_reverse *run, const double *moments);
klf_estimates klf_estimate_from_nets(klf_reverse *run, const double *moments, const double *nets);
klf_estimates klf_estimate_from_nodes(klf_reverse *run, const double *moments,
                                      const double *coarse);
klf_estimates klf_estimate_from_pool(klf_reverse *run, const double *moments);
/* From a mini-batch of data. */
klf_estimates klf_estimate_of_likelihood(klf_reverse *run, const double *moments);
klf_estimates klf_estimate_from_pooled_nets(klf_reverse *run, const double *moments,
                                            const double *nets);

/* From the sums of the second pass over draws with gradients; the direction is the step's. */
klf_estimates klf_estimate_from_stein(klf_reverse *run, const double *moments, int informative);

/* What rounding may leave of a residual, beside the size of what was subtracted. */
#define KLF_ROUNDING (64.0 * 0x1p-52)

/* Modified Gram-Schmidt on n x (1 + k + m) columns (1, s, y) (Golub and Van Loan, 2013, section
 * 5.2.8): the slopes (m, k) of each y on s, the intercepts, and the root mean square
 * of what is left of y, all columns together. `triangle` holds k + 2 rows as long as there are
 * columns, with the squared norms of (1, s) in the first. 0 if the samples do not determine the
 * slopes. */
int klf_least_squares(const struct klf_level *level, size_t n, size_t k, size_t m, double *columns,
                      double *triangle, double *slopes, double *intercepts, double *residual);
/* The squared norms of columns of n numbers. */
void klf_squared_norms(size_t n, size_t columns, const double *column, double *norms);
/* The reference and the divergence from the log-ratios of a probe; 0 if they are not finite. */
int klf_probe_level(klf_reverse *run, size_t n, const double *r);
/* The step onto q, along the direction, that the probe's n samples have shown to be in the family
 * but for `residual`: 1, or 0 if it has led away from q before. */
int klf_reverse_land(klf_reverse *run, size_t n, double kl, double residual);
size_t klf_stein_probe_work(const klf_reverse *run, size_t n);

/* The family's constants and table of the present member. */
void klf_reverse_prepare(klf_reverse *run);
/* The longest step up to 1 that stays in the domain and within D(p_new||p_old) <= radius, its end
 * in theta_trial; 0 if there is none. */
double klf_reverse_step_length(klf_reverse *run, double radius);
/* theta_trial becomes the present member. */
void klf_reverse_accept(klf_reverse *run);
/* Keep what a retreat needs: the estimates at the member that the next step starts from. */
void klf_reverse_keep(klf_reverse *run);

#endif
