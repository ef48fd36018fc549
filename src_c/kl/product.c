/* product.c -- products of independent members of any families, as one exponential family.
 *
 * Its natural parameters and its standard scores are those of the factors, one after the other:
 * where the Fisher information of each is the identity, so is theirs together. Divergences add.
 * The table has what the minimisers need.
 *
 * theta and constants both begin with the structure: the number of factors, then of each its place
 * in the level's families and its dimension. What belongs to the factors follows, in their order.
 */
#include <math.h>
#include <string.h>

#include "kernels.h"

extern const klf_level KLF_LEVEL_SYMBOL(klf_level);

/* One factor, and where its part begins in each of the arrays. */
typedef struct {
    const klf_family *family;
    size_t d;
    klf_sizes sizes;
    const double *structure;
    size_t left; /* factors from this one on */
    size_t parameter, constant, fitted, coordinate, table, column;
} factor;

static size_t structure_size(const double *structure)
{
    return 1 + 2 * (size_t)structure[0];
}

static void look_up(factor *f)
{
    const size_t number = (size_t)f->structure[0] - f->left;
    f->family = KLF_LEVEL_SYMBOL(klf_level).families[(size_t)f->structure[1 + 2 * number]];
    f->d = (size_t)f->structure[2 + 2 * number];
    f->family->sizes(f->d, &f->sizes);
}

static factor first_factor(const double *structure)
{
    const size_t size = structure_size(structure);
    factor f = {.structure = structure, .left = (size_t)structure[0], .parameter = size,
                .constant = size};
    look_up(&f);
    return f;
}

static void next_factor(factor *f)
{
    f->parameter += f->sizes.parameters;
    f->constant += f->sizes.constants;
    f->fitted += f->sizes.fitted;
    f->coordinate += f->sizes.coordinates;
    f->table += f->sizes.table;
    f->column += f->sizes.event;
    if (--f->left > 0)
        look_up(f);
}

#define FOR_FACTORS(f, structure) \
    for (factor f = first_factor(structure); f.left > 0; next_factor(&f))

/* The work of a kernel: a row for the factor's log-density, its columns, and its own scratch. */
void KLF_LEVEL_SYMBOL(klf_product_sizes)(const double *theta, klf_sizes *sizes)
{
    const size_t structure = structure_size(theta);
    *sizes = (klf_sizes){.parameters = structure, .constants = structure};
    FOR_FACTORS(f, theta) {
        const size_t work = (1 + f.sizes.event) * KLF_BLOCK + f.sizes.work;
        sizes->parameters += f.sizes.parameters;
        sizes->fitted += f.sizes.fitted;
        sizes->coordinates += f.sizes.coordinates;
        sizes->constants += f.sizes.constants;
        sizes->table += f.sizes.table;
        sizes->work = work > sizes->work ? work : sizes->work;
        sizes->event += f.sizes.event;
    }
}

static void copy_structure(const double *structure, double *to)
{
    memcpy(to, structure, structure_size(structure) * sizeof *to);
}

/* ---- Of the parameters ----------------------------------------------------------------------- */

/* What is wrong with parameter i of a factor is reported of the factor as a whole. */
static klf_status check(size_t d, const double *theta, klf_violation *violation, double *work)
{
    (void)d;
    FOR_FACTORS(f, theta) {
        const klf_status status = f.family->check(f.d, theta + f.parameter, violation, work);
        if (status != KLF_OK) {
            violation->parameter = (size_t)theta[0] - f.left;
            return status;
        }
    }
    return KLF_OK;
}

static void normalise(size_t d, double *theta)
{
    (void)d;
    FOR_FACTORS(f, theta)
        if (f.family->normalise)
            f.family->normalise(f.d, theta + f.parameter);
}

static int is_interior(size_t d, const double *theta)
{
    (void)d;
    int inside = 1;
    FOR_FACTORS(f, theta)
        inside &= f.family->is_interior(f.d, theta + f.parameter);
    return inside;
}

static void prepare(size_t d, const double *theta, double *constants)
{
    (void)d;
    copy_structure(theta, constants);
    FOR_FACTORS(f, theta)
        f.family->prepare(f.d, theta + f.parameter, constants + f.constant);
}

static void prepare_sampler(size_t d, const double *theta, double *table)
{
    (void)d;
    FOR_FACTORS(f, theta)
        if (f.family->prepare_sampler)
            f.family->prepare_sampler(f.d, theta + f.parameter, table + f.table);
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    (void)d;
    FOR_FACTORS(f, theta)
        f.family->to_natural(f.d, theta + f.parameter, eta + f.coordinate);
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    (void)d;
    FOR_FACTORS(f, theta)
        f.family->to_mean(f.d, theta + f.parameter, mu + f.coordinate);
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    (void)d;
    FOR_FACTORS(f, theta)
        f.family->to_unconstrained(f.d, theta + f.parameter, u + f.coordinate);
}

/* A status other than KLF_OK ends the function: there is no such member. */
#define TRY(call) \
    do { \
        const klf_status status_ = (call); \
        if (status_ != KLF_OK) \
            return status_; \
    } while (0)

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    (void)d;
    FOR_FACTORS(f, theta)
        TRY(f.family->from_unconstrained(f.d, u + f.coordinate, theta + f.parameter));
    return KLF_OK;
}

static double kl(size_t d, const double *p, const double *q, double *work)
{
    (void)d;
    double sum = 0.0;
    FOR_FACTORS(f, p)
        sum += f.family->kl(f.d, p + f.parameter, q + f.parameter, work);
    return sum;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    (void)d;
    FOR_FACTORS(f, theta)
        f.family->mean_variance(f.d, theta + f.parameter, mean + f.column, variance + f.column);
}

static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *score, double *out, double *work)
{
    (void)d;
    FOR_FACTORS(f, theta)
        f.family->map_score(f.d, theta + f.parameter, constants + f.constant, coordinates,
                            score + f.coordinate,
                            out + (coordinates == KLF_PARAMETERS ? f.fitted : f.coordinate), work);
}

static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    (void)d;
    copy_structure(theta, theta_new);
    FOR_FACTORS(f, theta)
        TRY(f.family->move(f.d, theta + f.parameter, constants + f.constant,
                           direction + f.coordinate, theta_new + f.parameter, work));
    return KLF_OK;
}

static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)d;
    double least = INFINITY;
    FOR_FACTORS(f, constants)
        least = fmin(least, f.family->max_step(f.d, constants + f.constant,
                                               direction + f.coordinate, work));
    return least;
}

static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    (void)d;
    FOR_FACTORS(f, theta_reference)
        TRY(f.family->fit(f.d, theta_reference + f.parameter, constants + f.constant,
                          mean_score + f.coordinate, theta + f.parameter, work));
    return KLF_OK;
}

/* ---- Of the points --------------------------------------------------------------------------- */

/* Columns f.column to f.column + width of n rows of length d, side by side, and back. */
static void gather(const factor *f, size_t d, size_t n, const double *restrict x,
                   double *restrict columns)
{
    const size_t width = f->sizes.event;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            columns[i * width + j] = x[i * d + f->column + j];
}

static void scatter(const factor *f, size_t d, size_t n, const double *restrict columns,
                    double *restrict x)
{
    const size_t width = f->sizes.event;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            x[i * d + f->column + j] = columns[i * width + j];
}

/* Each factor draws from a stream of its own: a child of the one given. */
static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    uint64_t number = 0;
    FOR_FACTORS(f, constants) {
        double *columns = work, *scratch = columns + f.sizes.event * KLF_BLOCK;
        klf_stream own;
        klf_spawn(&stream, KLF_CHILD_OF_FACTOR, number++, &own);
        f.family->sample(f.d, constants + f.constant, table + f.table, own, block, n, columns,
                         scratch);
        scatter(&f, d, n, columns, x);
    }
}

/* For factors that have it, each by its own rows of the words. */
static void from_words(size_t d, const double *constants, size_t n,
                       const uint64_t *restrict words, double *restrict x, double *restrict work)
{
    FOR_FACTORS(f, constants) {
        double *columns = work, *scratch = columns + f.sizes.event * KLF_BLOCK;
        f.family->from_words(f.d, constants + f.constant, n, words + f.column * KLF_BLOCK, columns,
                             scratch);
        scatter(&f, d, n, columns, x);
    }
}

/* A point outside one support is outside, whatever pole of another factor it is at. */
static void add(size_t n, const double *restrict term, double *restrict log_p)
{
    for (size_t i = 0; i < n; i++) {
        const double a = log_p[i], b = term[i];
        const int outside = ((a == -INFINITY) | (b == -INFINITY)) & (a == a) & (b == b);
        log_p[i] = outside ? -INFINITY : a + b;
    }
}

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    double *term = work, *columns = term + KLF_BLOCK;
    memset(log_p, 0, n * sizeof *log_p);
    FOR_FACTORS(f, constants) {
        gather(&f, d, n, x, columns);
        f.family->log_density(f.d, constants + f.constant, n, columns, term,
                              columns + f.sizes.event * KLF_BLOCK);
        add(n, term, log_p);
    }
}

/* Inside the support; outside of one factor's only its own scores are 0. */
static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    double *term = work, *columns = term + KLF_BLOCK;
    if (log_p)
        memset(log_p, 0, n * sizeof *log_p);
    FOR_FACTORS(f, constants) {
        gather(&f, d, n, x, columns);
        f.family->score(f.d, constants + f.constant, n, columns, log_p ? term : NULL,
                        s + f.coordinate * KLF_ROW, columns + f.sizes.event * KLF_BLOCK);
        if (log_p)
            add(n, term, log_p);
    }
}

const klf_family KLF_LEVEL_SYMBOL(klf_product) = {
    .name = "product",
    .is_vector = 1,
    .support = KLF_SUPPORT_SPACE,
    .check = check,
    .normalise = normalise,
    .is_interior = is_interior,
    .prepare = prepare,
    .prepare_sampler = prepare_sampler,
    .sample = sample,
    .from_words = from_words,
    .log_density = log_density,
    .score = score,
    .to_natural = to_natural,
    .to_mean = to_mean,
    .to_unconstrained = to_unconstrained,
    .from_unconstrained = from_unconstrained,
    .kl = kl,
    .mean_variance = mean_variance,
    .map_score = map_score,
    .move = move,
    .max_step = max_step,
    .fit = fit,
};
