/* generalized_inverse_gaussian.c -- the generalised inverse Gaussian family on x > 0.
 *
 *   log p(x) = (p - 1) log x - (a x + b/x)/2 - A,  A = log(2 K_p(sqrt(a b))) + (p/2) log(b/a)
 *   eta      = (p - 1, -a/2, -b/2),  T = (log x, x, 1/x),  log h = 0
 *
 * Evaluated about the mode m of x p(x), with s = x/m and phi(r) = r - 1 - log r,
 *
 *   log p(x) = -(alpha phi(s) + beta phi(1/s))/2 - log x - log Z:
 *
 * see gig_quadrature.h, which gives Z and the moments; K_p is not needed. The standard score is
 * G^-1 (v - E v) with v the statistics of that header and G the Cholesky factor of their
 * covariance.
 *
 * Source: Jorgensen (1982), Statistical Properties of the Generalized Inverse Gaussian
 * Distribution.
 */
#include "family.h"
#include "gig_quadrature.h"

enum { P, A, B };
enum { PARAMETERS = 3, FITTED = 3, COORDINATES = 3 };

static const klf_parameter parameters[] = {{"p", KLF_SCALAR, KLF_REAL, 0},
                                           {"a", KLF_SCALAR, KLF_POSITIVE, 0},
                                           {"b", KLF_SCALAR, KLF_POSITIVE, 0}};

/* Devroye's hat of the density in t, by its sides: flat up to `flat`, then exponential with mean
 * `scale` and height e^level at `at`. */
typedef struct {
    double at, level, flat, scale;
} hat_side;

typedef struct {
    gig_shape shape;
    double inverse_mode, constant; /* -log m - log Z */
    gig_form form;
    double inverse_root, root_of_inverse; /* 1/root of the forms of x and of 1/x */
    double mean[GIG_STATISTICS], factor[6], inverse[6];
    hat_side right, left;
} family_constants;

KLF_INLINE family_constants prepare_density(const double *theta)
{
    family_constants c;
    c.shape = gig_make_shape(theta[P], theta[A], theta[B]);
    c.inverse_mode = 1.0 / c.shape.mode; /* 0 or infinite beyond the range, where it is not used */
    c.constant = -c.shape.log_mode - klf_log(gig_normaliser(&c.shape));
    return c;
}

/* Devroye (2014), "Random variate generation for the generalized inverse Gaussian distribution",
 * Statistics and Computing 24, section 4: tangents where the density has fallen to 1/e. */
static hat_side make_side(const gig_shape *s, double side)
{
    hat_side hat = {.at = gig_reach(s, -1.0, side, 0.0)};
    hat.level = gig_exponent(s, side * hat.at);
    hat.scale = -1.0 / (side * gig_slope(s, side * hat.at));
    hat.flat = fma(hat.level, hat.scale, hat.at);
    return hat;
}

static void make_hat(family_constants *c)
{
    c->right = make_side(&c->shape, 1.0);
    c->left = make_side(&c->shape, -1.0);
}

static inline void prepare_rest(const double *theta, family_constants *c)
{
    (void)theta;
    const gig_rule rule = gig_make_rule(&c->shape);
    c->form = gig_make_form(&rule);
    c->inverse_root = 1.0 / c->form.x.root;
    c->root_of_inverse = 1.0 / c->form.inverse.root;
    gig_moments(&rule, &c->form, gig_integral(&rule), c->mean, c->factor);
    (void)klf_cholesky(GIG_STATISTICS, c->factor, 0.0);
    memcpy(c->inverse, c->factor, sizeof c->inverse);
    klf_invert_lower(GIG_STATISTICS, c->inverse);
    make_hat(c);
}

/* L = log s with phi(s) and phi(1/s). */
KLF_INLINE double relative(const family_constants *c, double x, double *rising, double *falling)
{
    const double s = x * c->inverse_mode, inverse = 1.0 / s;
    const double excess = fma(-c->shape.mode_rest, s, (x - c->shape.mode) * c->inverse_mode);
    (void)klf_log_ratio(inverse, -excess * inverse, falling);
    return klf_log_ratio(s, excess, rising);
}

/* Whether x/m is such that `relative` holds. */
KLF_INLINE int is_near(const family_constants *c, double x)
{
    const double s = x * c->inverse_mode;
    return (s > 0x1p-1000) & (s < 0x1p1000);
}

/* Where alpha or beta were raised, a x or b/x is all of its term. */
KLF_INLINE double density_at(const family_constants *c, double x)
{
    double rising, falling;
    const gig_shape *shape = &c->shape;
    const double log = relative(c, x, &rising, &falling);
    const double half_rise = 0.5 * x * shape->a; /* the halves neither overflow nor lose a or b */
    const double half_fall = x < 1.0 ? shape->b / (x + x) : shape->b / x * 0.5;
    const double up = shape->rising_delay > 0.0 ? half_rise : 2.0 * shape->alpha * rising;
    const double down = shape->falling_delay > 0.0 ? half_fall : 2.0 * shape->beta * falling;
    const double near = -(up + down) - log, pull = half_rise + half_fall;
    const double far_log = klf_log(x) - shape->log_mode;
    const double far = pull > DBL_MAX ? -INFINITY
                                      : fma(4.0, shape->r, (shape->p - 1.0) * far_log) - pull;
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    const double log_p = outside ? -INFINITY : c->constant + (is_near(c, x) ? near : far);
    return x == x ? log_p : x;
}

KLF_INLINE void statistics_near(const family_constants *c, double x, double *v)
{
    double rising, falling;
    const double near_log = relative(c, x, &rising, &falling);
    const double far_log = klf_log(x) - c->shape.log_mode, s = x * c->inverse_mode;
    const int near = is_near(c, x);
    const double log = near ? near_log : far_log;
    const double far_rise = s - 1.0 - far_log, far_fall = 1.0 / s - 1.0 + far_log;
    const double whole_rise = near ? rising : far_rise, whole_fall = near ? falling : far_fall;
    const double in_units = x * c->inverse_root * c->inverse_root;
    const double inverse_in_units = c->root_of_inverse / x * c->root_of_inverse;
    gig_statistics(&c->form, log, c->form.rising_unit > 1.0 ? in_units : whole_rise,
                   c->form.falling_unit > 1.0 ? inverse_in_units : whole_fall, v);
}

/* The rows of the inverse factor times v - E v, written out: a loop in the loop over points would
 * keep that from being vector code. */
KLF_INLINE void score_at(const family_constants *c, double x, double *s)
{
    double v[GIG_STATISTICS];
    const double *inverse = c->inverse;
    statistics_near(c, x, v);
    const double first = v[0] - c->mean[0], second = v[1] - c->mean[1], third = v[2] - c->mean[2];
    const double row[GIG_STATISTICS] = {
        inverse[0] * first, fma(inverse[2], second, inverse[1] * first),
        fma(inverse[5], third, fma(inverse[4], second, inverse[3] * first))};
    const int outside = (x <= 0.0) | (x > DBL_MAX);
    const double inside[GIG_STATISTICS] = {outside ? 0.0 : row[0], outside ? 0.0 : row[1],
                                           outside ? 0.0 : row[2]};
    s[0] = x == x ? inside[0] : x;
    s[1] = x == x ? inside[1] : x;
    s[2] = x == x ? inside[2] : x;
}

KLF_INLINE void statistics_at(const double *theta, double x, double *t)
{
    (void)theta;
    t[0] = klf_log(x);
    t[1] = x;
    t[2] = 1.0 / x;
}

KLF_INLINE double base_measure_at(const double *theta, double x)
{
    (void)theta;
    const double inside = x == x ? 0.0 : x;
    return x < 0.0 ? -INFINITY : inside;
}

/* Below 2^-1024 the inverse is infinite. */
KLF_INLINE int is_datum(const double *theta, double x)
{
    (void)theta;
    return (x > 0x1p-1024) & (x <= DBL_MAX);
}

/* Preparing takes a quadrature, in a loop of its own. */
#define DENSITY_CONSTANTS (offsetof(family_constants, form) / sizeof(double))
#include "scalar_family.h"

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

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Three words to a proposal: which part of the hat, where in it, and the test. More than a third of
 * the proposals are accepted: 512 of the first 8192, so that the bound on the groups is not met,
 * but with probability below e^-1700 (Chernoff's bound); nor is that on the attempts, but with
 * probability (2/3)^256. */
enum { LAST_GROUP = 1 << 7, LAST_ATTEMPT = 1 << 8, WORD_TILES = 3 };

KLF_INLINE double propose_at(const family_constants *c, double part, double place, double *log_hat)
{
    const double middle = c->right.flat + c->left.flat;
    const double total = middle + c->right.scale + c->left.scale, which = part * total;
    const double tail = -klf_log_normal(place);
    const double flat = fma(place, middle, -c->left.flat);
    const double right = fma(c->right.scale, tail, c->right.flat);
    const double left = -fma(c->left.scale, tail, c->left.flat);
    const int in_middle = which < middle, in_right = which < middle + c->right.scale;
    const double outer = in_right ? right : left;
    *log_hat = in_middle ? 0.0 : -tail;
    return in_middle ? flat : outer;
}

/* Whether the proposal t, drawn from the words u, v and w, is accepted. */
KLF_INLINE int is_accepted(const family_constants *c, uint64_t u, uint64_t v, uint64_t w, double *t)
{
    double log_hat;
    *t = propose_at(c, klf_uniform(u), klf_uniform(v), &log_hat);
    return klf_log_normal(klf_uniform(w)) + log_hat <= gig_exponent(&c->shape, *t);
}

static size_t propose(const family_constants *c, const klf_key *key, uint64_t block,
                      uint64_t group, size_t wanted, double *restrict out)
{
    uint64_t words[WORD_TILES * KLF_TILE], accept[KLF_TILE];
    double t[KLF_TILE];
    klf_fill_tiles(key, block, WORD_TILES * group, WORD_TILES, words);
    for (size_t i = 0; i < KLF_TILE; i++)
        accept[i] = (uint64_t)is_accepted(c, words[i], words[KLF_TILE + i],
                                          words[2 * KLF_TILE + i], t + i);
    size_t accepted = 0;
    for (size_t i = 0; i < KLF_TILE && accepted < wanted; i++) {
        out[accepted] = t[i];
        accepted += accept[i];
    }
    if (group >= LAST_GROUP)
        while (accepted < wanted)
            out[accepted++] = 0.0;
    return accepted;
}

/* The root of x = m e^t, by fourths of t: m and e^t may both be beyond the range. */
KLF_INLINE double root_at(const gig_shape *shape, double t)
{
    const double fourth = klf_exp(0.25 * t);
    return shape->root_mode * fourth * fourth;
}

KLF_INLINE double draw_at(const gig_shape *shape, double t)
{
    const double root = root_at(shape, t);
    return klf_clamp_positive(root * root);
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)d, (void)table, (void)work;
    const family_constants c = load(constants);
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    uint64_t group = 0;
    for (size_t filled = 0; filled < n; group++) {
        const size_t room = n - filled;
        filled += propose(&c, &key, block, group, room < KLF_TILE ? room : KLF_TILE, x + filled);
    }
    for (size_t i = 0; i < n; i++)
        x[i] = draw_at(&c.shape, x[i]);
}

/* The quadrature of the other constants is left out: the hat is most of the work. */
static void sample_each(size_t n, const double *const *theta, klf_stream stream, uint64_t block,
                        double *restrict x)
{
    for (size_t i = 0; i < n; i++) {
        family_constants c;
        c.shape = gig_make_shape(theta[P][i], theta[A][i], theta[B][i]);
        make_hat(&c);
        double t = 0.0;
        uint64_t words[4];
        for (uint64_t attempt = 0; attempt < LAST_ATTEMPT; attempt++) {
            klf_rare_words(stream, block, i, attempt, words);
            if (is_accepted(&c, words[0], words[1], words[2], &t))
                break;
        }
        x[i] = draw_at(&c.shape, t);
    }
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

static family_constants prepared(const double *theta)
{
    family_constants c = prepare_density(theta);
    prepare_rest(theta, &c);
    return c;
}

static double log_partition(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = prepare_density(theta);
    return fma(-4.0, c.shape.r, (theta[P] - 1.0) * c.shape.log_mode) - c.constant;
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    eta[0] = theta[P] - 1.0;
    eta[1] = -0.5 * theta[A];
    eta[2] = -0.5 * theta[B];
}

static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    (void)d;
    theta[P] = eta[0] + 1.0;
    theta[A] = -2.0 * eta[1];
    theta[B] = -2.0 * eta[2];
    return checked(theta);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    const family_constants c = prepared(theta);
    mu[0] = c.shape.log_mode + c.mean[0] / c.form.sharpness;
    mu[1] = gig_linear_at(&c.form.x, c.form.x.origin, c.mean);
    mu[2] = gig_linear_at(&c.form.inverse, c.form.inverse.origin, c.mean);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    u[0] = theta[P];
    u[1] = klf_log(theta[A]);
    u[2] = klf_log(theta[B]);
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    theta[P] = u[0];
    theta[A] = klf_exp(u[1]);
    theta[B] = klf_exp(u[2]);
    return checked(theta);
}

typedef struct {
    const gig_shape *shape;
    double centre;
} gig_centred;

/* t, less a centre */
static double distance_at(const void *context, double t)
{
    const gig_centred *c = context;
    return t - c->centre;
}

static double minus_log_density(const void *context, double t)
{
    const gig_centred *c = context;
    return t - c->centre - gig_exponent(c->shape, t);
}

/* log Z + E(log x - g), log x about its mean: log m and E t may be large and of opposite sign. */
static double entropy(size_t d, const double *theta, double *work)
{
    (void)d, (void)work;
    const gig_shape shape = gig_make_shape(theta[P], theta[A], theta[B]);
    const gig_rule rule = gig_make_rule(&shape);
    const double integral = gig_integral(&rule);
    gig_centred about = {&shape, 0.0};
    about.centre = gig_expectation(&rule, integral, distance_at, &about);
    const double rest = gig_expectation(&rule, integral, minus_log_density, &about);
    return rest + klf_log(integral) + (shape.log_mode + about.centre);
}

/* E phi(s) and E phi(1/s) about another mode, log(m_new/m) = shift: from e^-shift s and its
 * inverse, of terms none of which cancels a larger one. */
static void shift_excesses(double shift, double log, double *rising, double *falling)
{
    *rising = klf_exp(-shift) * *rising + klf_expm1(-shift) * log + klf_expm1_excess(-shift);
    *falling = klf_exp(shift) * *falling - klf_expm1(shift) * log + klf_expm1_excess(shift);
}

/* ---- Divergence: log p - log q as functions of t, about the mode of p ------------------------ */

typedef struct {
    const gig_shape *shape;
    double log, rising, falling, centre; /* coefficients of t and of the two excesses */
} gig_change;

static double change_at(const void *context, double t)
{
    const gig_change *c = context;
    const double rising = c->rising * klf_expm1_excess(t - c->shape->rising_delay);
    const double falling = c->falling * klf_expm1_excess(-t - c->shape->falling_delay);
    return fma(c->log, t, falling + rising) - c->centre;
}

static double square_of_change(const void *context, double t)
{
    const double change = change_at(context, t);
    return change * change;
}

static double excess_of_change(const void *context, double t)
{
    return klf_expm1_excess(change_at(context, t));
}

typedef struct {
    const gig_shape *p, *q;
    double shift; /* log of the ratio of the modes */
} gig_pair;

static double difference_at(const void *context, double t)
{
    const gig_pair *pair = context;
    return gig_exponent(pair->p, t) - gig_exponent(pair->q, t - pair->shift);
}

/* The same, times 2^-200, where e^(t - shift) overflows though a x does not, or only where the mass
 * is so small that the mean is finite. */
static double far_difference_at(const void *context, double t)
{
    const gig_pair *pair = context;
    const gig_shape *q = pair->q;
    const double root = root_at(pair->p, t), low = 0x1p-100 * root, high = 0x1p-100 / root;
    const double pull = q->a * low * low + q->b * high * high;
    const double rest = fma(-4.0, q->r, gig_exponent(pair->p, t)) - q->p * (t - pair->shift);
    return fma(0x1p-200, rest, 0.5 * pull);
}

/* Near members by log(1 + E(e^u - 1 - u)), u the change of the log-density less its mean, where the
 * nodes of p reach as far as q does; others by the mean of the difference. */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d, (void)work;
    const gig_shape one = gig_make_shape(p[P], p[A], p[B]);
    const gig_shape other = gig_make_shape(q[P], q[A], q[B]);
    const gig_rule rule = gig_make_rule(&one), other_rule = gig_make_rule(&other);
    const double integral = gig_integral(&rule);
    const double share_a = (q[A] - p[A]) / p[A], share_b = (q[B] - p[B]) / p[B];
    gig_change change = {.shape = &one, .rising = -2.0 * share_a * one.alpha,
                         .falling = -2.0 * share_b * one.beta};
    change.log = q[P] - p[P] + change.rising - change.falling;
    if (one.r > 1.0 && gig_mode_is_normal(&one) && one.rising_delay + one.falling_delay == 0.0)
        change.log = -0.5 * gig_imbalance(q[P] - p[P], q[A] - p[A], q[B] - p[B], one.mode)
                     + one.mode_rest * (change.rising + change.falling);
    change.centre = gig_expectation(&rule, integral, change_at, &change);
    /* what raised coefficients add to u must be nothing */
    const double raised = (one.rising_delay > 0.0 ? fabs(change.rising) : 0.0)
                          + (one.falling_delay > 0.0 ? fabs(change.falling) : 0.0);
    if (share_a > -0.1 && share_b > -0.1 && raised < 1e-60
        && gig_expectation(&rule, integral, square_of_change, &change) < 1e-2)
        return klf_log1p(gig_expectation(&rule, integral, excess_of_change, &change));
    const gig_pair pair = {&one, &other, gig_mode_shift(&one, &other)};
    const int is_far = !(fabs(pair.shift) < 100.0);
    const double mean = (is_far ? 0x1p200 : 1.0)
                        * gig_expectation(&rule, integral,
                                          is_far ? far_difference_at : difference_at, &pair);
    const double found = mean + klf_log(gig_integral(&other_rule)) - klf_log(integral);
    return found <= 0.0 ? 0.0 : found; /* NaN stays NaN */
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    const family_constants c = prepared(theta);
    const gig_linear *x = &c.form.x;
    double square = 0.0;
    mean[0] = gig_linear_at(x, x->origin, c.mean);
    for (size_t k = 0; k < GIG_STATISTICS; k++) {
        double sum = 0.0;
        for (size_t l = k; l < GIG_STATISTICS; l++)
            sum += x->of[l] * c.factor[klf_packed(l, k)];
        square = fma(sum, sum, square);
    }
    variance[0] = x->unit * x->unit * square;
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    double v[GIG_STATISTICS] = {s[0], s[1], s[2]};
    klf_multiply_lower(GIG_STATISTICS, c.factor, v, 1);
    const double of_x = gig_linear_at(&c.form.x, 0.0, v);
    const double of_inverse = gig_linear_at(&c.form.inverse, 0.0, v);
    out[0] = v[0] / c.form.sharpness;
    switch (coordinates) {
    case KLF_PARAMETERS:
        out[1] = -0.5 * of_x;
        out[2] = -0.5 * of_inverse;
        break;
    case KLF_NATURAL:
        out[1] = of_x;
        out[2] = of_inverse;
        break;
    case KLF_UNCONSTRAINED:
        out[1] = -0.5 * theta[A] * of_x;
        out[2] = -0.5 * theta[B] * of_inverse;
        break;
    }
}

/* What a direction adds to p, and to a and b as shares of them. */
static void increments(const family_constants *c, const double *direction, double *to_p,
                       double *share_a, double *share_b)
{
    double change[GIG_STATISTICS] = {direction[0], direction[1], direction[2]};
    double log, rising, falling;
    klf_solve_transposed(GIG_STATISTICS, c->factor, change, 1);
    gig_coefficients(&c->form, change, &log, &rising, &falling);
    const gig_linear *x = &c->form.x, *inverse = &c->form.inverse;
    *to_p = log - x->origin * rising + inverse->origin * falling;
    *share_a = -2.0 * rising / (c->shape.a * x->root * x->root);
    *share_b = -2.0 * falling / (c->shape.b * inverse->root * inverse->root);
}

static klf_status move_by(const family_constants *c, const double *theta, const double *direction,
                          double *theta_new)
{
    double to_p, share_a, share_b;
    increments(c, direction, &to_p, &share_a, &share_b);
    theta_new[P] = theta[P] + to_p;
    theta_new[A] = fma(theta[A], share_a, theta[A]);
    theta_new[B] = fma(theta[B], share_b, theta[B]);
    return checked(theta_new);
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    return move_by(&c, theta, direction, theta_new);
}

static double largest_step(const family_constants *c, const double *direction)
{
    double to_p, share_a, share_b;
    increments(c, direction, &to_p, &share_a, &share_b);
    const double least = share_a < share_b ? share_a : share_b;
    return least < 0.0 ? -1.0 / least : INFINITY;
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    return largest_step(&c, direction);
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* Means of log(x/m), phi(x/m) and phi(m/x) over data or a member. */
typedef struct {
    double log_mode, log, rising, falling;
} gig_target;

/* Whether a member has the mean excesses of the target, but for what the last step mends: where
 * a variance is huge means may differ by much that is little in its units. */
static int has_excesses(const family_constants *c, const gig_target *here)
{
    double rising, falling;
    gig_excesses(&c->form, c->mean, &rising, &falling);
    return fabs(rising - here->rising) <= 1e-5 * (fabs(rising) + fabs(here->rising))
           && fabs(falling - here->falling) <= 1e-5 * (fabs(falling) + fabs(here->falling));
}

/* Newton in the natural parameters for the member with given means, its steps damped as far from
 * the solution as the standard score of the means is long. KLF_E_NO_MAXIMUM if a or b runs to 0:
 * the likelihood then has its supremum in the Gamma or inverse Gamma family. */
static klf_status solve(gig_target target, double *theta)
{
    for (int i = 0; i < 200; i++) {
        const family_constants c = prepared(theta);
        gig_target here = target;
        const double shift = c.shape.log_mode - target.log_mode;
        here.log = target.log - shift;
        shift_excesses(shift, target.log, &here.rising, &here.falling);
        double v[GIG_STATISTICS], direction[GIG_STATISTICS], size = 0.0;
        gig_means(&c.form, here.log, here.rising, here.falling, v);
        for (size_t k = 0; k < GIG_STATISTICS; k++) {
            double sum = 0.0;
            for (size_t l = 0; l <= k; l++)
                sum = fma(c.inverse[klf_packed(k, l)], v[l] - c.mean[l], sum);
            direction[k] = sum;
            size = fma(sum, sum, size);
        }
        size = sqrt(size);
        if (!(size <= DBL_MAX))
            return KLF_E_NO_MAXIMUM;
        if (size < 1e-8 && !has_excesses(&c, &here))
            return KLF_E_NO_MAXIMUM;
        if (size < 1e-15)
            return KLF_OK;
        double length = size > 0.3 ? 1.0 / (1.0 + size) : 1.0;
        const double limit = 0.9 * largest_step(&c, direction);
        length = length < limit ? length : limit;
        for (size_t k = 0; k < GIG_STATISTICS; k++)
            direction[k] *= length;
        double next[PARAMETERS];
        if (move_by(&c, theta, direction, next) != KLF_OK)
            return KLF_E_NO_MAXIMUM;
        memcpy(theta, next, sizeof next);
        if (size < 1e-8) /* quadratic: the step has brought it to rounding */
            return KLF_OK;
    }
    return KLF_E_NO_MAXIMUM;
}

/* p = 0 with the spread of the means, about m: E (cosh t - 1) = 1/(2 R) for large R. */
static int start_near(gig_target target, double *theta)
{
    const double spread = target.rising + target.falling;
    if (!(spread > 0.0 && spread <= DBL_MAX))
        return 0;
    const double r = 1.0 / spread, m = klf_exp(target.log_mode);
    theta[P] = 0.0;
    theta[A] = klf_clamp_positive(r / m);
    theta[B] = klf_clamp_positive(r * m);
    return 1;
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    (void)d;
    if (!(mu[1] > 0.0 && mu[2] > 0.0))
        return KLF_E_DOMAIN;
    const double m = klf_exp(mu[0]);
    const gig_target target = {.log_mode = mu[0], .rising = mu[1] / m - 1.0,
                               .falling = mu[2] * m - 1.0};
    if (!(target.rising > 0.0 && target.falling > 0.0 && start_near(target, theta)))
        return KLF_E_DOMAIN;
    return solve(target, theta) == KLF_OK ? checked(theta) : KLF_E_DOMAIN;
}

static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    (void)d;
    double total = 0.0, log = 0.0;
    for (size_t i = 0; i < n; i++)
        total += weights ? weights[i] : 1.0;
    if (!(total > 0.0)) {
        weights = NULL;
        total = (double)n;
    }
    for (size_t i = 0; i < n; i++)
        log += (weights ? weights[i] : 1.0) / total * klf_log(x[i]);
    gig_target target = {.log_mode = log};
    for (size_t i = 0; i < n; i++) {
        const double t = klf_log(x[i]) - log, weight = (weights ? weights[i] : 1.0) / total;
        target.rising += weight * klf_expm1_excess(t);
        target.falling += weight * klf_expm1_excess(-t);
    }
    const double spread = target.rising + target.falling;
    if (!(spread > 1e-20)) /* equal data: any spread will do */
        target.rising = target.falling = 1e-12;
    if (!(start_near(target, theta) && checked(theta) == KLF_OK))
        theta[P] = 0.0, theta[A] = theta[B] = 1.0;
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d, (void)work;
    const family_constants c = load(constants);
    double v[GIG_STATISTICS] = {mean_score[0], mean_score[1], mean_score[2]};
    klf_multiply_lower(GIG_STATISTICS, c.factor, v, 1);
    for (size_t k = 0; k < GIG_STATISTICS; k++)
        v[k] += c.mean[k];
    gig_target target = {.log_mode = c.shape.log_mode, .log = v[0] / c.form.sharpness};
    gig_excesses(&c.form, v, &target.rising, &target.falling);
    /* what rounding leaves of a spread is no spread: that about the mean logarithm */
    gig_target centred = target;
    shift_excesses(target.log, target.log, &centred.rising, &centred.falling);
    if (!(centred.rising + centred.falling > 0x1p-44 * (target.rising + target.falling)))
        return KLF_E_NO_MAXIMUM;
    memcpy(theta, theta_reference, PARAMETERS * sizeof *theta);
    return solve(target, theta);
}

const klf_family KLF_FAMILY(generalized_inverse_gaussian) = {
    .name = "generalized_inverse_gaussian",
    .support = KLF_SUPPORT_HALF_LINE,
    .data_rule = "must be finite and > 5.6e-309, so that 1/x is finite",
    .no_maximum = "the data are all equal, or the likelihood rises towards a or b = 0: fit Gamma, "
                  "InverseGamma or InverseGaussian instead",
    .natural_rule = "must be finite, the second and the third < 0",
    .mean_rule = "must be finite, those of log(x), x and 1/x for some p, a > 0 and b > 0",
    .n_parameters = PARAMETERS,
    .parameters = parameters,
    .sample_each = sample_each,
    KLF_SCALAR_FUNCTIONS,
};
