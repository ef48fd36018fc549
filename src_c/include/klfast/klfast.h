/* klfast.h -- the C library of klfast: streams, families, accumulators, minimisers.
 *
 * Everything is made of blocks of at most KLF_BLOCK samples that flow through small stages:
 *
 *     stream -> sample -> log p -> log q -> score -> accumulate -> moments -> update
 *
 * A family is a const table of functions (klf_family); nothing else knows a family by name.
 * Functions never allocate, print, or keep state: the caller brings memory. Kernels assume valid
 * input; `check` functions establish it and report what is wrong as a klf_status.
 *
 * All arrays hold doubles unless said otherwise. `d` is the dimension of the event (1 for scalar
 * families), `k` the number of coordinates (minimal natural parameters).
 */
#ifndef KLFAST_KLFAST_H
#define KLFAST_KLFAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define KLF_RESTRICT
#else
#define KLF_RESTRICT restrict
#endif

#define KLF_VERSION "0.1.0"

/* ---- The constants that fix every bit (one place; changing any of them changes the stream) --- */

enum {
    KLF_BLOCK = 512,    /* samples to a block: the unit of addressing, of reduction, of threads */
    KLF_ROW = 520,      /* from row to row of a block's scores: a cache line more than KLF_BLOCK,
                         * so that equal places of the rows do not fall into one cache set */
    KLF_TILE = 64,      /* random words made at a time; samplers consume whole tiles */
    KLF_SUM_LANES = 16, /* virtual lanes of a reduction inside a block */
    KLF_ROUNDS = 13,    /* rounds of Threefry4x64 */
    KLF_NETS = 8,       /* independent nets of a step of quasi-random draws */
    KLF_NET_DIMENSIONS = 100 /* largest dimension of a net */
};

/* ---- Status ---------------------------------------------------------------------------------- */

typedef enum {
    KLF_OK = 0,
    KLF_E_DOMAIN,     /* a parameter is outside its domain */
    KLF_E_SUPPORT,    /* a datum is outside the support, or where a statistic is infinite */
    KLF_E_NO_MAXIMUM, /* no maximum-likelihood member exists */
    KLF_E_CAPACITY,   /* the caller's memory is too small */
    KLF_E_STREAM_END  /* the stream's 2^64 blocks are used up */
} klf_status;

typedef struct {
    size_t parameter; /* which of the family's parameters */
    size_t element;   /* which of its elements */
    const char *rule; /* the rule it broke, in words; static storage */
} klf_violation;

/* ---- Streams --------------------------------------------------------------------------------- */

/* A stream of random words: word (block, position) is a pure function of these three numbers. */
typedef struct {
    uint64_t seed[2];
    uint64_t stream;
} klf_stream;

/* ---- Families -------------------------------------------------------------------------------- */

typedef enum { KLF_SCALAR, KLF_VECTOR, KLF_MATRIX } klf_parameter_shape;

typedef enum {
    KLF_REAL,                 /* finite */
    KLF_POSITIVE,             /* finite and > 0 */
    KLF_NON_NEGATIVE,         /* finite and >= 0 */
    KLF_FROM_HALF,            /* finite and >= 1/2 */
    KLF_ABOVE_ONE,            /* finite and > 1 */
    KLF_PROBABILITY,          /* in [0, 1] */
    KLF_PROBABILITY_POSITIVE, /* in (0, 1] */
    KLF_PROBABILITY_INSIDE,   /* in (0, 1) */
    KLF_COUNT                 /* a whole number >= 0 */
} klf_domain;

/* A parameter, of whose every element the domain holds; a `check` may ask for more. Fixed
 * parameters say which exponential family it is, and are not fitted (Binomial's trials): they come
 * last. */
typedef struct {
    const char *name;
    klf_parameter_shape shape;
    klf_domain domain;
    int is_fixed;
} klf_parameter;

typedef struct {
    size_t parameters;  /* doubles that hold the usual parameters, flattened in order */
    size_t fitted;      /* how many of them, from the first, are fitted: the others are fixed */
    size_t coordinates; /* k: minimal natural, mean and unconstrained coordinates */
    size_t constants;   /* doubles that `prepare` writes */
    size_t table;       /* doubles that `prepare_sampler` writes; 0 if it has no work to do */
    size_t work;        /* scratch of the block kernels, doubles */
    size_t event;       /* doubles to one sample */
} klf_sizes;

typedef enum { KLF_PARAMETERS, KLF_NATURAL, KLF_UNCONSTRAINED } klf_coordinates;

/* Where a family's mass can lie. Half lines begin at the family's `origin`. */
typedef enum {
    KLF_SUPPORT_LINE,
    KLF_SUPPORT_HALF_LINE,
    KLF_SUPPORT_TWO_HALF_LINES, /* the line, with a kink of the density at the origin */
    KLF_SUPPORT_UNIT_INTERVAL,
    KLF_SUPPORT_CIRCLE,         /* angles in [-pi, pi) */
    KLF_SUPPORT_INTEGERS,       /* all or some */
    KLF_SUPPORT_SPACE           /* vectors */
} klf_support;

/* The table of one family. Every score is first made in *standard coordinates*: those in which the
 * Fisher information at the current parameters is the identity. For the Normal, with
 * z = (x - loc)/scale, they are (z, (z^2 - 1)/sqrt 2). There the natural gradient of D(p||q) is
 * plainly Cov(score, log p - log q), regressions are perfectly conditioned, and a step of length
 * |v| costs |v|^2/2 nats; `map_score` takes a score to any other coordinates. */
typedef struct klf_family {
    const char *name;
    int is_integer; /* the support is a set of integers */
    int is_vector;  /* an event is a vector: d is free */
    klf_support support;
    const klf_parameter *origin; /* the parameter at which a half line begins; NULL: at 0 */
    const char *data_rule;  /* what data must be for a fit, for users: "must be finite and > 0" */
    const char *no_maximum; /* why some data have no maximum-likelihood member, for users */
    const char *natural_rule; /* what eta must be to be a member's, for users: "must be finite" */
    const char *mean_rule;    /* the same of mu, the mean parameters */
    size_t n_parameters;
    const klf_parameter *parameters;

    void (*sizes)(size_t d, klf_sizes *sizes);
    /* `work` of this and of the functions below: sizes.work doubles. */
    klf_status (*check)(size_t d, const double *theta, klf_violation *violation, double *work);
    /* Writes checked parameters in the one form in which they are reported: angles in [-pi, pi).
     * The other functions take either form. NULL: they have no other. */
    void (*normalise)(size_t d, double *theta);
    /* The start of a fit must be inside the domain: Poisson's rate 0 is allowed by `check` but no
     * step can leave it. */
    int (*is_interior)(size_t d, const double *theta);
    void (*prepare)(size_t d, const double *theta, double *constants);
    void (*prepare_sampler)(size_t d, const double *theta, double *table); /* NULL: none needed */

    /* Block kernels: n <= KLF_BLOCK; x is row-major (n, event); score is (k, KLF_ROW). */
    void (*sample)(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *KLF_RESTRICT x, double *KLF_RESTRICT work);
    void (*log_density)(size_t d, const double *constants, size_t n, const double *KLF_RESTRICT x,
                        double *KLF_RESTRICT log_p, double *KLF_RESTRICT work);
    /* log_p may be NULL when only the score is wanted. */
    void (*score)(size_t d, const double *constants, size_t n, const double *KLF_RESTRICT x,
                  double *KLF_RESTRICT log_p, double *KLF_RESTRICT score,
                  double *KLF_RESTRICT work);
    /* The sums of the score over a block of data that `check_data` has passed, where they can be
     * had more cheaply than score by score and to about the same error; returns 0 where not, and
     * then what is in `sums` is of no use. NULL: nowhere. */
    int (*sum_score)(size_t d, const double *constants, size_t n, const double *KLF_RESTRICT x,
                     double *KLF_RESTRICT sums);
    /* One parameter set to each x, any n; parameters[i] is the array of the i-th. NULL for vector
     * families. */
    void (*log_density_each)(size_t n, const double *const *parameters,
                             const double *KLF_RESTRICT x, double *KLF_RESTRICT log_p);
    /* The same for the score in any coordinates: n rows, row-major. */
    void (*score_each)(size_t n, const double *const *parameters, const double *KLF_RESTRICT x,
                       klf_coordinates coordinates, double *KLF_RESTRICT score);
    /* The same for draws: n <= KLF_BLOCK draws of a block, each of a member of its own. NULL where
     * `sample` must serve. */
    void (*sample_each)(size_t n, const double *const *parameters, klf_stream stream,
                        uint64_t block, double *KLF_RESTRICT x);

    /* Draws from given words, of which those at one place of all the rows make one draw: words is
     * (event, KLF_BLOCK), n <= KLF_BLOCK. The draw is a function of the word's number in (0, 1)
     * that is monotone on each half, so that nets keep their evenness. NULL where draws have no
     * such form. */
    void (*from_words)(size_t d, const double *constants, size_t n,
                       const uint64_t *KLF_RESTRICT words, double *KLF_RESTRICT x,
                       double *KLF_RESTRICT work);

    /* Densities as exponential family: log p = eta.T(x) - A(eta) + log h(x). Of theta the first two
     * read the fixed parameters only. */
    void (*statistics)(size_t d, const double *theta, size_t n, const double *x,
                       double *statistics); /* (n, k) */
    void (*log_base_measure)(size_t d, const double *theta, size_t n, const double *x,
                             double *log_h);
    double (*log_partition)(size_t d, const double *theta, double *work);

    /* Parameter algebra of one distribution. `from_*` find the fixed parameters in theta and write
     * the others, which are undefined on failure. */
    void (*to_natural)(size_t d, const double *theta, double *eta);
    klf_status (*from_natural)(size_t d, const double *eta, double *theta);
    void (*to_mean)(size_t d, const double *theta, double *mu);
    klf_status (*from_mean)(size_t d, const double *mu, double *theta);
    void (*to_unconstrained)(size_t d, const double *theta, double *u);
    klf_status (*from_unconstrained)(size_t d, const double *u, double *theta);
    double (*entropy)(size_t d, const double *theta, double *work);
    double (*kl)(size_t d, const double *theta_p, const double *theta_q, double *work);
    void (*mean_variance)(size_t d, const double *theta, double *mean, double *variance);
    /* Whether all draws of `members` members fit 64-bit integers, found cheaply: 0 where that is in
     * doubt. For families of counts whose mean or variance is dear; NULL: these tell. */
    int (*fits_integers)(size_t members, const double *theta);

    /* From standard coordinates: of one score to another system (written to `out`, which has
     * sizes.fitted or sizes.coordinates entries) ... */
    void (*map_score)(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *score, double *out,
                      double *work);
    /* ... and of a direction: the member whose log-density is log p + direction.score - constant.
     * KLF_E_DOMAIN if there is none. The natural parameters move along a straight line. */
    klf_status (*move)(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work);
    /* The largest length for which `move` along `direction` stays in the domain. */
    double (*max_step)(size_t d, const double *constants, const double *direction, double *work);
    /* Of the families of Normals, whose standard score is (z; (z_i^2 - 1)/sqrt 2 on the diagonal,
     * z_i z_j below it) with x = mean + L z: z, and L' gradient for the gradient in x of some
     * function, as 2 d rows KLF_ROW apart; both inputs row-major (n, d). NULL for others. */
    void (*whiten)(size_t d, const double *constants, size_t n, const double *KLF_RESTRICT x,
                   const double *KLF_RESTRICT gradient, double *KLF_RESTRICT rows,
                   double *KLF_RESTRICT work);
    /* Of those, for vectors: z alone, as d rows KLF_ROW apart, from which `quadratic_moments` makes
     * the scores, for finite x; log_p may be NULL. NULL for others. Rows of this and of `whiten`
     * may be written up to the next multiple of 16 beyond n. */
    void (*standardise)(size_t d, const double *constants, size_t n, const double *KLF_RESTRICT x,
                        double *KLF_RESTRICT log_p, double *KLF_RESTRICT z,
                        double *KLF_RESTRICT work);

    /* Forward: data to members. `check_data` gives the index of the first datum on which a
     * statistic is infinite or which lies outside the support (n if all are well inside); of theta
     * it reads the fixed parameters only. */
    size_t (*check_data)(size_t d, const double *theta, size_t n, const double *x);
    /* A valid member near the data of one block, to serve as reference; weights may be NULL. The
     * fixed parameters stand in theta. */
    void (*reference)(size_t d, size_t n, const double *x, const double *weights, double *theta);
    /* The member whose mean parameters are the data's, given the mean of the standard score under
     * the reference member: maximum likelihood. */
    klf_status (*fit)(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work);
} klf_family;

/* ---- Targets: what q may be ------------------------------------------------------------------ */

typedef struct klf_component {
    const klf_family *family;
    const double *constants; /* prepared */
    double log_weight;
} klf_component;

/* q, by its log-density over a block. For a member of a family or a mixture, log_density is the
 * level's `mixture`; any other function may stand there, with `context` its own. */
typedef struct klf_target {
    void (*log_density)(const struct klf_target *target, size_t n, const double *KLF_RESTRICT x,
                        double *KLF_RESTRICT log_q, double *KLF_RESTRICT work);
    size_t d;
    size_t work; /* doubles of scratch that log_density needs */
    size_t n_components;
    const klf_component *components;
    void *context;
} klf_target;

/* ---- Moments and accumulators ---------------------------------------------------------------- */

/* What is summed over a block of weighted standard scores s and log-ratios r, in this order:
 *   all kinds    n, sum w, sum w^2, sum w s_j
 *   GRADIENT on  sum w r, sum w r^2, sum w s_j r, sum (w s_j r)^2
 *   PRODUCTS on  sum w s_i s_j, i >= j, packed by rows
 *   FULL         sum w s_i s_j r likewise
 * r is taken about a reference value that is the same for all blocks. */
typedef enum {
    KLF_MOMENTS_SCORE, KLF_MOMENTS_GRADIENT, KLF_MOMENTS_PRODUCTS, KLF_MOMENTS_FULL
} klf_moments_kind;

size_t klf_moments_size(klf_moments_kind kind, size_t k);

/* Sums of numbered blocks, kept as complete subtrees of one fixed binary tree over the block
 * numbers: whatever the order and grouping in which blocks are added and accumulators merged, each
 * subtree's value is the same, bit for bit. A run of n consecutive blocks needs at most
 * 2 log2(n) + 2 nodes. */
typedef struct {
    size_t width, capacity, used;
    uint64_t *first; /* (capacity) the subtree's first block */
    uint64_t *count; /* (capacity) its number of blocks, a power of two */
    double *values;  /* (capacity, width) */
} klf_accumulator;

/* KLF_E_CAPACITY if there is no room (nothing is then changed), KLF_E_DOMAIN if a block is there
 * already. */
klf_status klf_accumulator_add(klf_accumulator *accumulator, uint64_t block, const double *values);
klf_status klf_accumulator_merge(klf_accumulator *into, const klf_accumulator *from);
void klf_accumulator_total(const klf_accumulator *accumulator, double *values);

/* ---- Reverse minimisation: D(p||q) over a family --------------------------------------------- */

/* NATURAL and SCORE step from draws of the present member. NODES, POOLED and STEIN step from
 * weighted samples that the caller brings: nodes of a quadrature of p, or draws of all members up
 * to now, STEIN with gradients of log q. LIKELIHOOD, the one method of the forward divergence,
 * steps by the rules of SCORE along the mean score of mini-batches of data. */
typedef enum {
    KLF_METHOD_NATURAL, KLF_METHOD_SCORE, KLF_METHOD_NODES, KLF_METHOD_POOLED, KLF_METHOD_STEIN,
    KLF_METHOD_LIKELIHOOD
} klf_method;
typedef enum {
    KLF_STEP_CONSTANT, KLF_STEP_DECAYING, KLF_STEP_MOMENTUM, KLF_STEP_ADAM
} klf_step_rule;
/* What the score method takes from r: nothing, so that it is the textbook's 1 + r; the mean of the
 * other draws; for each coordinate E[s^2 r]/E[s^2] of the step before, for at most
 * KLF_LARGEST_FULL coordinates. */
typedef enum {
    KLF_BASELINE_NONE, KLF_BASELINE_LEAVE_ONE_OUT, KLF_BASELINE_PER_COORDINATE
} klf_baseline;
enum { KLF_LARGEST_FULL = 16 };

typedef enum {
    KLF_RUN_GOING,
    KLF_RUN_EXACT,       /* q is in the family: the fit is q, to rounding */
    KLF_RUN_CONVERGED,   /* the predicted gain is below the tolerance, twice running */
    KLF_RUN_NOISE_FLOOR, /* what gain is left cannot be told from noise at max_samples */
    KLF_RUN_BUDGET,
    KLF_RUN_SUPPORT,     /* log q is -inf at a sample */
    KLF_RUN_TARGET_NAN,
    KLF_RUN_TARGET_INFINITE, /* log q is +inf at a sample */
    KLF_RUN_DIVERGED         /* no valid step could be taken */
} klf_run_status;

/* One row of history; the parameters follow it in memory. */
enum {
    KLF_ROW_EVALUATIONS, KLF_ROW_SAMPLES, KLF_ROW_KL, KLF_ROW_KL_ERROR, KLF_ROW_GAIN,
    KLF_ROW_GAIN_ERROR, KLF_ROW_EXPLAINED, KLF_ROW_LENGTH, KLF_ROW_VARIANCE, KLF_ROW_NOISE,
    KLF_ROW_DRAWS, KLF_ROW_COLUMNS
};

typedef struct {
    const struct klf_level *level;
    const klf_family *family;
    const klf_target *target;
    klf_stream stream;
    size_t d;
    klf_sizes sizes;
    /* options */
    klf_step_rule step_rule;
    klf_baseline baseline;
    int restricted; /* NODES and POOLED: p is cut to q's support, where the samples given lie */
    /* The draws are points of KLF_NETS independent nets, by the family's from_words. A step of
     * NATURAL and SCORE is one of new nets of 2^m points each: samples and max_samples are
     * KLF_NETS 2^m, m >= 1. The caller of POOLED brings the moments of each net. */
    int quasi_random;
    double step_size, tolerance;
    uint64_t max_samples, max_steps, max_evaluations;
    /* state, from the first of these to the last, and what the pointers point to */
    klf_run_status status;
    klf_method method; /* set before the start */
    uint64_t samples;  /* of the next step; likewise */
    uint64_t next_block, steps, evaluations;
    uint64_t bad_block, bad_index; /* the sample at which the target failed */
    double reference;              /* r is summed about it */
    /* of p inside q's support, and its error; for `restricted` set by the caller */
    double log_mass, log_mass_error;
    double trust;                  /* largest D(p_new||p_old) of an unexplained step, nats */
    int quiet, floored;            /* steps in a row without sign of gain; at max_samples */
    int has_previous, rejections, stalled;
    double kl, kl_error, gain, gain_error, explained, length; /* of the last step */
    double variance; /* of the log-ratio */
    double noise;    /* what sampling adds to g.g/2 on average */
    double draws;    /* of p that the samples are worth */
    double kl_previous, kl_error_previous, gain_previous, explained_previous, predicted;
    double probe_gain; /* of the probe before */
    double adam_power_mean, adam_power_square;
    double *theta, *theta_previous, *theta_trial, *constants, *table;
    double *direction, *gradient, *direction_previous, *gradient_previous;
    double *adam_mean, *adam_square, *unconstrained, *baselines;
    double *moments, *nets, *work;
    klf_accumulator sums;
} klf_reverse;

/* Doubles and 64-bit integers of memory that a run needs. */
void klf_reverse_memory(const klf_reverse *run, size_t *doubles, size_t *integers);
/* With level, family, target, d and the options set: divides the memory and starts at theta. */
void klf_reverse_begin(klf_reverse *run, const double *theta, double *doubles, uint64_t *integers);
klf_moments_kind klf_reverse_kind(const klf_reverse *run);

/* The moments of one block of n samples of the present member into `moments`. Several threads may
 * do several blocks at once, each with its own work (klf_reverse_work(run) doubles) and moments. */
size_t klf_reverse_work(const klf_reverse *run);
klf_run_status klf_reverse_block(const klf_reverse *run, uint64_t block, size_t n, double *moments,
                                 double *work, uint64_t *bad_index);
/* The same from samples whose log_q is known; weights may be NULL. */
klf_run_status klf_reverse_block_given(const klf_reverse *run, size_t n, const double *x,
                                       const double *log_q, const double *weights,
                                       double *moments, double *work, uint64_t *bad_index);
/* Points first to first + n of the first `points` of a net as draws of the present member:
 * n <= KLF_BLOCK is a power of two that divides `first`. A step's nets are numbered on from its
 * first block. `work` has sizes.event KLF_BLOCK + sizes.work doubles. */
void klf_reverse_draw_net(const klf_reverse *run, uint64_t net, uint64_t points, uint64_t first,
                          size_t n, double *x, double *work);
/* The moments of a whole net; `sums` is scratch for KLF_BLOCK points to a block. */
klf_run_status klf_reverse_net(const klf_reverse *run, uint64_t net, uint64_t points,
                               klf_accumulator *sums, double *moments, double *work,
                               uint64_t *bad_index);
/* n, or for nets the largest KLF_NETS 2^m up to it, m >= 1. */
uint64_t klf_reverse_whole(const klf_reverse *run, uint64_t n);
/* The number of samples that the in-family probe wants: few if the family is too large for it, or
 * the budget too small. */
size_t klf_reverse_probe_samples(const klf_reverse *run);
/* The probe: least squares of r on the score over n samples x with their log q. If what it leaves
 * is rounding, q is in the family, and the step is taken that lands on it; 1 then, else 0, or -1 if
 * the samples do not tell: a lattice family with nearly all its mass at one point, say. `work` has
 * klf_reverse_probe_work doubles. */
int klf_reverse_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                      double *work);
size_t klf_reverse_probe_work(const klf_reverse *run, size_t n);
/* Back to the member before a landing at which log q turned out not to be finite; 0 if there was no
 * landing. */
int klf_reverse_undo_landing(klf_reverse *run);
/* The state as klf_reverse_saved numbers, and back into a run with the same family, dimension and
 * options: it goes on to the same bits. For this version and kind of machine only. */
size_t klf_reverse_saved(const klf_reverse *run);
void klf_reverse_save(const klf_reverse *run, double *saved);
void klf_reverse_restore(klf_reverse *run, const double *saved);
/* One update of the parameters from the moments of a step of n samples; sets status when done. */
void klf_reverse_update(klf_reverse *run, const double *moments);
/* The same from the moments of each of the KLF_NETS nets. */
void klf_reverse_update_nets(klf_reverse *run, const double *nets);
/* The same for NODES; `coarse` are the moments of every second node. */
void klf_reverse_update_nodes(klf_reverse *run, const double *moments, const double *coarse);
/* STEIN, for families with `whiten`: a step is two passes over the samples, whose log q is finite;
 * `gradient` is that of log q, row-major (n, d). The moments of a block of the first pass,
 * klf_stein_width doubles; from their sum the direction of the step, or 0 if the samples do not
 * determine it; the moments of a block about it, klf_stein_residual_width doubles; and from their
 * sum the step. `work` has klf_stein_work doubles. KLF_RUN_DIVERGED if log p - log q overflows. */
size_t klf_stein_width(const klf_reverse *run);
size_t klf_stein_residual_width(void);
size_t klf_stein_work(const klf_reverse *run);
klf_run_status klf_stein_block(const klf_reverse *run, size_t n, const double *x,
                               const double *log_q, const double *gradient,
                               const double *weights, double *moments, double *work);
int klf_stein_direction(klf_reverse *run, const double *moments, double *work);
klf_run_status klf_stein_residual_block(const klf_reverse *run, size_t n, const double *x,
                                        const double *log_q, const double *gradient,
                                        const double *weights, double *moments, double *work);
void klf_reverse_update_stein(klf_reverse *run, const double *moments, int informative);
/* klf_reverse_probe by gradients. */
int klf_stein_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                    const double *gradient, double *work);
/* Up to `steps` steps of LIKELIHOOD, each from run->samples rows that are chosen at random, with
 * replacement, from all (n, event); weights may be NULL. In `history` as for klf_reverse_run, with
 * the mean of log p for the divergence: log q counts as 0. */
uint64_t klf_likelihood_run(klf_reverse *run, size_t n, const double *x, const double *weights,
                            uint64_t steps, double *history);
/* Up to `steps` whole steps; history rows (KLF_ROW_COLUMNS + sizes.parameters doubles each). */
uint64_t klf_reverse_run(klf_reverse *run, uint64_t steps, double *history);
void klf_reverse_row(const klf_reverse *run, double *row);

/* ---- Forward minimisation of rows in memory -------------------------------------------------- */

/* Maximum likelihood for n >= 1 rows that `check_data` has passed; weights may be NULL and are not
 * all 0. The fixed parameters stand in theta, which receives the fit. KLF_E_NO_MAXIMUM if there is
 * none. `memory` has klf_fit_memory doubles. */
size_t klf_fit_memory(const klf_family *family, size_t d, size_t n);
/* The SCORE moments of one block of such rows under a prepared reference; weights may be NULL.
 * score is (k, KLF_ROW); pair has 2 KLF_BLOCK doubles and work sizes.work. */
void klf_score_moments(const struct klf_level *level, const klf_family *family, size_t d,
                       size_t k, const double *constants, size_t n, const double *x,
                       const double *weights, double *moments, double *score, double *pair,
                       double *work);
klf_status klf_fit(const struct klf_level *level, const klf_family *family, size_t d, size_t n,
                   const double *x, const double *weights, double *theta, double *memory);

/* ---- Levels ---------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    void (*apply)(size_t n, const double *KLF_RESTRICT x, double *KLF_RESTRICT out);
} klf_vector_function;

/* All code of one instruction-set level. */
typedef struct klf_level {
    const char *name;
    const klf_family *const *families;             /* NULL-terminated, in the registry's order */
    const klf_vector_function *vector_functions;   /* ends with a NULL name */
    void (*words)(klf_stream stream, uint64_t block, uint64_t first_tile, size_t tiles,
                  uint64_t *KLF_RESTRICT words);
    /* Numbers of n <= KLF_BLOCK rows out of `rows` < 2^51, with replacement, by a block's words;
     * there is room for KLF_BLOCK of them. */
    void (*choose)(klf_stream stream, uint64_t block, uint64_t rows, size_t n,
                   uint64_t *KLF_RESTRICT chosen);
    /* Words of points first to first + n of the first 2^log2_points of a Sobol' sequence, n of them
     * to each of the (dimensions, KLF_BLOCK) rows: n <= KLF_BLOCK is a power of two and divides
     * `first`. Scrambled by the stream's words of net `net`; the sequence itself if stream is NULL.
     */
    void (*net)(const klf_stream *stream, uint64_t net, size_t dimensions, size_t log2_points,
                uint64_t first, size_t n, uint64_t *KLF_RESTRICT words);
    /* weights and log_ratio may be NULL; score is (k, KLF_ROW); work has 2 KLF_BLOCK doubles */
    void (*block_moments)(klf_moments_kind kind, size_t k, size_t n, const double *score,
                          const double *log_ratio, const double *weights, double *moments,
                          double *work);
    /* The same where the family has `standardise`, from z, (d, KLF_ROW), without weights, for
     * SCORE and GRADIENT. */
    void (*quadratic_moments)(klf_moments_kind kind, size_t d, size_t n, const double *z,
                              const double *log_ratio, double *moments);
    void (*mixture)(const klf_target *target, size_t n, const double *KLF_RESTRICT x,
                    double *KLF_RESTRICT log_q, double *KLF_RESTRICT work);
    /* whole numbers below 2^63 as integers */
    void (*to_integers)(size_t n, const double *KLF_RESTRICT x, int64_t *KLF_RESTRICT integers);
    /* b less its projection on the unit vector a; returns a.b. */
    double (*project)(size_t n, const double *KLF_RESTRICT a, double *KLF_RESTRICT b);
    /* From the rows z and h = z + L' grad log q of n points and a direction v of a family with
     * `whiten`: v.s, and the size of what one draw of weight 1 adds to the noise of v, the root of
     * |e|^2 + (|e|^2 |z|^2 + (e.z)^2)/4 with e what v leaves of h. */
    void (*stein_residuals)(size_t d, size_t n, const double *KLF_RESTRICT rows,
                            const double *KLF_RESTRICT direction, double *KLF_RESTRICT fitted,
                            double *KLF_RESTRICT noise);
    /* log p - log q - reference; returns 0 if any is not finite */
    int (*log_ratio)(size_t n, const double *log_p, const double *log_q, double reference,
                     double *log_ratio);
    /* Products of independent members of these families, with the functions that the minimisers
     * need; the others are NULL. d is that of all factors together; theta has their number, of each
     * its index in `families` and its d, and then their parameters in order. `sizes` asks theta:
     * here it stands apart from the table. */
    const klf_family *product;
    void (*product_sizes)(const double *theta, klf_sizes *sizes);
} klf_level;

/* The level chosen at the first call from the processor, lowered by the environment variable
 * KLFAST_ISA=baseline|v3|v4. On an unknown or unsupported value returns NULL and points *message
 * at the reason. */
const klf_level *klf_library(const char **message);
/* The levels in this library that this processor can run, lowest first; returns their number. */
size_t klf_levels(const klf_level *levels[4]);
/* Name and version of the compiler that built the library. */
const char *klf_compiler(void);
/* NULL if there is none of that name. */
const klf_family *klf_find_family(const klf_level *level, const char *name);
/* The rule of the domain that the value breaks, in words; NULL if it is inside. */
const char *klf_broken_rule(klf_domain domain, double value);

/* One Threefry4x64 evaluation: the published generator itself. */
void klf_threefry4x64(int rounds, const uint64_t key[4], const uint64_t counter[4],
                      uint64_t out[4]);
/* Child number `index` of a stream, another seed. Children that users ask for, those that a run
 * makes for its own draws and those of a product's factors are numbered apart. */
typedef enum { KLF_CHILD_SPAWNED, KLF_CHILD_OF_RUN, KLF_CHILD_OF_FACTOR } klf_child_kind;
void klf_spawn(const klf_stream *parent, klf_child_kind kind, uint64_t index, klf_stream *child);

#ifdef __cplusplus
}
#endif
#endif
