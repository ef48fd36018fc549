/* hashes.c -- the C library's own test: everything it computes, as 64-bit hashes.
 *
 *     hashes [baseline|v3|v4]
 *
 * One line to each vector function, one to the random words and one to nets; then, for each family
 * of the registry, each parameter set and each number of samples, a line
 *
 *     family set size  samples densities moments algebra reverse forward
 *
 * of hashes. The lines must be the same on every instruction-set level, processor and compiler.
 * Parameters come from unconstrained coordinates, which exist for any family: none is named here.
 * Exit status: 0, 1 on an error, 77 if this processor or this build lacks the level.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "klfast/klfast.h"

/* d is used by vector families. The values are taken in turn for u_0, u_1, ...; together the sets
 * reach shapes below and above 1, counts few and many, factors with and without whole blocks. */
typedef struct {
    size_t d;
    double values[3];
} parameter_set;

static const parameter_set sets[] = {
    {3, {0.3, -0.4, 0.2}},
    {9, {-1.2, 0.7, -0.5}},
    {2, {10.0, 2.0, -1.0}},
};
enum { SETS = sizeof sets / sizeof sets[0] };

static const size_t block_counts[] = {0, 1, 7, 511, 512, 513, 1024, 1541};
enum { SIZES = sizeof block_counts / sizeof block_counts[0], STEPS = 6, VALUES = 600 };

static const klf_stream stream = {{UINT64_C(0x243F6A8885A308D3), 42}, 7};

/* ---- Hashes ---------------------------------------------------------------------------------- */

/* FNV-1a, 64 bits, of the little-endian bytes (Fowler, Noll and Vo). */
static const uint64_t EMPTY = UINT64_C(0xCBF29CE484222325);

static void hash_word(uint64_t *hash, uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        *hash ^= (word >> (8 * i)) & 0xFF;
        *hash *= UINT64_C(0x100000001B3);
    }
}

/* Sign and payload of a NaN differ between processors and mean nothing. */
static void hash_double(uint64_t *hash, double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    hash_word(hash, value != value ? UINT64_C(0x7FF8000000000000) : word);
}

static void hash_doubles(uint64_t *hash, size_t n, const double *values)
{
    for (size_t i = 0; i < n; i++)
        hash_double(hash, values[i]);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void fail(const char *message)
{
    fprintf(stderr, "hashes: %s\n", message);
    exit(1);
}

/* Filled with NaN, so that what is read before it is written shows. */
static double *new_doubles(size_t n)
{
    double *memory = malloc((n + 1) * sizeof *memory);
    if (!memory)
        fail("out of memory");
    for (size_t i = 0; i < n; i++)
        memory[i] = NAN;
    return memory;
}

/* ---- Members --------------------------------------------------------------------------------- */

typedef struct {
    const klf_family *family;
    size_t d;
    klf_sizes sizes;
    double *theta, *constants, *table, *work;
} member;

static void prepare(member *m)
{
    klf_violation violation;
    if (m->family->check(m->d, m->theta, &violation, m->work) != KLF_OK)
        fail(violation.rule);
    m->family->prepare(m->d, m->theta, m->constants);
    if (m->family->prepare_sampler)
        m->family->prepare_sampler(m->d, m->theta, m->table);
}

static member empty_member(const klf_family *family, size_t d)
{
    member m = {.family = family, .d = family->is_vector ? d : 1};
    family->sizes(m.d, &m.sizes);
    m.theta = new_doubles(m.sizes.parameters);
    for (size_t i = m.sizes.fitted; i < m.sizes.parameters; i++)
        m.theta[i] = 3.0; /* fixed parameters: inside every domain of them */
    m.constants = new_doubles(m.sizes.constants);
    m.table = new_doubles(m.sizes.table);
    m.work = new_doubles(m.sizes.work);
    return m;
}

/* The member of a set whose unconstrained coordinates are all shifted. */
static member new_member(const klf_family *family, const parameter_set *set, double shift)
{
    member m = empty_member(family, set->d);
    double *u = new_doubles(m.sizes.coordinates);
    for (size_t i = 0; i < m.sizes.coordinates; i++)
        u[i] = set->values[i % 3] + shift;
    if (family->from_unconstrained(m.d, u, m.theta) != KLF_OK)
        fail("unconstrained coordinates outside the domain");
    free(u);
    prepare(&m);
    return m;
}

static void free_member(member *m)
{
    free(m->theta);
    free(m->constants);
    free(m->table);
    free(m->work);
}

static size_t block_length(size_t size, size_t start)
{
    return size - start < KLF_BLOCK ? size - start : KLF_BLOCK;
}

/* ---- The stages ------------------------------------------------------------------------------ */

static void draw(const member *m, size_t size, double *x)
{
    for (size_t start = 0; start < size; start += KLF_BLOCK)
        m->family->sample(m->d, m->constants, m->table, stream, start / KLF_BLOCK,
                          block_length(size, start), x + start * m->sizes.event, m->work);
}

static uint64_t hash_densities(const member *m, size_t size, const double *x)
{
    uint64_t hash = EMPTY;
    double *log_p = new_doubles(size), *t = new_doubles(size * m->sizes.coordinates);
    for (size_t start = 0; start < size; start += KLF_BLOCK)
        m->family->log_density(m->d, m->constants, block_length(size, start),
                               x + start * m->sizes.event, log_p + start, m->work);
    hash_doubles(&hash, size, log_p);
    m->family->log_base_measure(m->d, m->theta, size, x, log_p);
    hash_doubles(&hash, size, log_p);
    m->family->statistics(m->d, m->theta, size, x, t);
    hash_doubles(&hash, size * m->sizes.coordinates, t);
    free(log_p);
    free(t);
    return hash;
}

/* A member to each point, near this one where that is in the domain. */
static double *new_columns(const member *m, size_t size, const double **columns)
{
    const size_t n = m->family->n_parameters;
    double *values = new_doubles(n * size), *one = new_doubles(n);
    klf_violation ignored;
    for (size_t i = 0; i < size; i++) {
        for (size_t p = 0; p < n; p++)
            one[p] = m->theta[p] * (1.0 + (p < m->sizes.fitted ? 0x1p-9 * (double)(i % 64) : 0.0));
        const int valid = m->family->check(m->d, one, &ignored, m->work) == KLF_OK;
        for (size_t p = 0; p < n; p++)
            values[p * size + i] = valid ? one[p] : m->theta[p];
    }
    for (size_t p = 0; p < n; p++)
        columns[p] = values + p * size;
    free(one);
    return values;
}

/* Log-densities, scores and draws of scalar families with a member to each point. */
static void hash_each(uint64_t *hash, const member *m, size_t size, const double *x)
{
    enum { MOST = 8 };
    const klf_family *family = m->family;
    if (family->n_parameters > MOST)
        fail("more than 8 parameters");
    const double *columns[MOST], *block[MOST];
    double *values = new_columns(m, size, columns);
    double *out = new_doubles(size * m->sizes.coordinates);
    family->log_density_each(size, columns, x, out);
    hash_doubles(hash, size, out);
    for (int c = KLF_PARAMETERS; c <= KLF_UNCONSTRAINED; c++) {
        family->score_each(size, columns, x, (klf_coordinates)c, out);
        hash_doubles(hash, size * (c ? m->sizes.coordinates : m->sizes.fitted), out);
    }
    for (size_t start = 0; start < size && family->sample_each; start += KLF_BLOCK) {
        for (size_t p = 0; p < family->n_parameters; p++)
            block[p] = columns[p] + start;
        const size_t n = block_length(size, start);
        family->sample_each(n, block, stream, start / KLF_BLOCK, out);
        hash_doubles(hash, n, out);
    }
    free(values);
    free(out);
}

/* The accumulated moments of all blocks; returns their number. log_ratio, weights: may be NULL. */
static size_t moments_of(const klf_level *level, const member *m, klf_moments_kind kind,
                         size_t size, const double *x, const double *log_ratio,
                         const double *weights, double *total)
{
    enum { NODES = 64 };
    uint64_t nodes[2 * NODES];
    const size_t k = m->sizes.coordinates, width = klf_moments_size(kind, k);
    double *score = new_doubles(k * KLF_ROW), *rows = new_doubles(2 * KLF_BLOCK);
    double *values = new_doubles(width), *sums = new_doubles(NODES * width);
    klf_accumulator accumulator = {.width = width, .capacity = NODES, .first = nodes,
                                   .count = nodes + NODES, .values = sums};
    for (size_t start = 0; start < size; start += KLF_BLOCK) {
        const size_t n = block_length(size, start);
        m->family->score(m->d, m->constants, n, x + start * m->sizes.event, NULL, score, m->work);
        level->block_moments(kind, k, n, score, log_ratio ? log_ratio + start : NULL,
                             weights ? weights + start : NULL, values, rows);
        if (klf_accumulator_add(&accumulator, start / KLF_BLOCK, values) != KLF_OK)
            fail("the accumulator refuses a block");
    }
    klf_accumulator_total(&accumulator, total);
    free(score);
    free(rows);
    free(values);
    free(sums);
    return width;
}

static uint64_t hash_moments(const klf_level *level, const member *m, size_t size, const double *x)
{
    uint64_t hash = EMPTY;
    double *total = new_doubles(klf_moments_size(KLF_MOMENTS_FULL, m->sizes.coordinates));
    double *ratio = new_doubles(size), *weights = new_doubles(size);
    for (size_t i = 0; i < size; i++) {
        ratio[i] = 0x1p-7 * (double)(i % 97) - 0.3;
        weights[i] = 0x1p-6 * (double)(i % 61);
    }
    for (int kind = KLF_MOMENTS_SCORE; kind <= KLF_MOMENTS_FULL; kind++)
        for (int weighted = 0; weighted < 2; weighted++) {
            const size_t width = moments_of(level, m, (klf_moments_kind)kind, size, x, ratio,
                                            weighted ? weights : NULL, total);
            hash_doubles(&hash, width, total);
        }
    free(total);
    free(ratio);
    free(weights);
    return hash;
}

/* Coordinates there and back, and the functions of one or two members: no samples in it. */
static uint64_t hash_algebra(const member *m, const member *other)
{
    const klf_family *family = m->family;
    const size_t d = m->d, k = m->sizes.coordinates, n = m->sizes.parameters;
    uint64_t hash = EMPTY;
    double *u = new_doubles(k), *theta = new_doubles(n), *out = new_doubles(n + k);
    memcpy(theta, m->theta, n * sizeof *theta); /* the maps read the fixed parameters there */
    hash_double(&hash, family->log_partition(d, m->theta, m->work));
    hash_double(&hash, family->entropy(d, m->theta, m->work));
    hash_double(&hash, family->kl(d, m->theta, other->theta, m->work));
    hash_double(&hash, family->kl(d, other->theta, m->theta, m->work));
    family->to_natural(d, m->theta, u);
    hash_doubles(&hash, k, u);
    if (family->from_natural(d, u, theta) == KLF_OK)
        hash_doubles(&hash, n, theta);
    family->to_mean(d, m->theta, u);
    hash_doubles(&hash, k, u);
    if (family->from_mean(d, u, theta) == KLF_OK)
        hash_doubles(&hash, n, theta);
    family->to_unconstrained(d, m->theta, u);
    hash_doubles(&hash, k, u);
    double *variance = new_doubles(m->sizes.event), *mean = new_doubles(m->sizes.event);
    family->mean_variance(d, m->theta, mean, variance);
    hash_doubles(&hash, m->sizes.event, mean);
    free(mean);
    hash_doubles(&hash, m->sizes.event, variance);
    for (size_t j = 0; j < k; j++)
        u[j] = 0.125 / (double)(j + 1);
    for (int c = KLF_PARAMETERS; c <= KLF_UNCONSTRAINED; c++) {
        family->map_score(d, m->theta, m->constants, (klf_coordinates)c, u, out, m->work);
        hash_doubles(&hash, c == KLF_PARAMETERS ? n : k, out);
    }
    hash_double(&hash, family->max_step(d, m->constants, u, m->work));
    if (family->move(d, m->theta, m->constants, u, theta, m->work) == KLF_OK)
        hash_doubles(&hash, n, theta);
    free(variance);
    free(u);
    free(theta);
    free(out);
    return hash;
}

/* The in-family probe, as often as it takes a step. */
static void probe(klf_reverse *run, const member *start)
{
    const size_t n = klf_reverse_probe_samples(run);
    double *x = new_doubles(n * run->sizes.event), *log_q = new_doubles(n);
    double *work = new_doubles(klf_reverse_probe_work(run, n));
    int landed = 1;
    while (landed > 0 && run->status == KLF_RUN_GOING) {
        for (size_t i = 0; i < n; i += KLF_BLOCK) {
            const size_t count = block_length(n, i);
            double *rows = x + i * run->sizes.event;
            start->family->sample(run->d, run->constants, run->table, run->stream,
                                  run->next_block++, count, rows, work);
            run->target->log_density(run->target, count, rows, log_q + i, work);
        }
        run->evaluations += n;
        landed = klf_reverse_probe(run, n, x, log_q, work);
    }
    free(x);
    free(log_q);
    free(work);
}

static void hash_run(uint64_t *hash, const klf_level *level, const member *start,
                     const klf_target *target, klf_method method, size_t samples)
{
    klf_reverse run = {.level = level, .family = start->family, .target = target,
                       .stream = stream, .d = start->d, .sizes = start->sizes, .method = method,
                       .step_rule = KLF_STEP_ADAM,
                       .baseline = KLF_BASELINE_LEAVE_ONE_OUT, .step_size = 0.01,
                       .tolerance = 1e-6, .samples = samples, .max_samples = 2 * samples,
                       .max_steps = STEPS, .max_evaluations = UINT64_C(1) << 40};
    size_t doubles, integers;
    klf_reverse_memory(&run, &doubles, &integers);
    double *memory = new_doubles(doubles);
    uint64_t *words = malloc(integers * sizeof *words);
    const size_t width = KLF_ROW_COLUMNS + start->sizes.parameters;
    double *history = new_doubles((STEPS + 1) * width);
    if (!words)
        fail("out of memory");
    klf_reverse_begin(&run, start->theta, memory, words);
    probe(&run, start);
    const uint64_t rows = klf_reverse_run(&run, STEPS + 1, history);
    hash_doubles(hash, (size_t)rows * width, history);
    hash_doubles(hash, start->sizes.parameters, run.theta);
    hash_double(hash, run.kl);
    hash_word(hash, run.evaluations);
    hash_word(hash, (uint64_t)run.status);
    free(memory);
    free(words);
    free(history);
}

/* Whole fits by both methods, to another member and to a mixture of two. */
static uint64_t hash_reverse(const klf_level *level, const member *start, const member *left,
                             const member *right, size_t samples)
{
    uint64_t hash = EMPTY;
    const klf_component components[] = {{left->family, left->constants, -0x1.269621134db92p-2},
                                        {right->family, right->constants, -0x1.62e42fefa39efp+0},
                                        {start->family, start->constants, -2.5}};
    for (size_t n = 1; n <= 3; n++) {
        const klf_target target = {.log_density = level->mixture, .d = start->d,
                                   .work = n * KLF_BLOCK + start->sizes.work,
                                   .n_components = n, .components = components};
        hash_run(&hash, level, start, &target, KLF_METHOD_NATURAL, samples);
        hash_run(&hash, level, start, &target, KLF_METHOD_SCORE, samples);
    }
    return hash;
}

/* Maximum likelihood: a reference near the first block, the mean of its score, the fit. */
static uint64_t hash_forward(const klf_level *level, const member *truth, size_t size,
                             const double *x)
{
    uint64_t hash = EMPTY;
    member reference = empty_member(truth->family, truth->d);
    double *theta = new_doubles(truth->sizes.parameters);
    double *total = new_doubles(klf_moments_size(KLF_MOMENTS_SCORE, truth->sizes.coordinates));
    hash_word(&hash, truth->family->check_data(truth->d, truth->theta, size, x));
    truth->family->reference(truth->d, block_length(size, 0), x, NULL, reference.theta);
    hash_doubles(&hash, truth->sizes.parameters, reference.theta);
    prepare(&reference);
    (void)moments_of(level, &reference, KLF_MOMENTS_SCORE, size, x, NULL, NULL, total);
    for (size_t j = 0; j < truth->sizes.coordinates; j++)
        total[3 + j] /= total[1];
    const klf_status status = truth->family->fit(truth->d, reference.theta, reference.constants,
                                                 total + 3, theta, reference.work);
    hash_word(&hash, (uint64_t)status);
    if (status == KLF_OK)
        hash_doubles(&hash, truth->sizes.parameters, theta);
    free(theta);
    free(total);
    free_member(&reference);
    return hash;
}

/* ---- The lines ------------------------------------------------------------------------------- */

static void print_family(const klf_level *level, const klf_family *family, size_t set)
{
    member m = new_member(family, &sets[set], 0.0);
    member left = new_member(family, &sets[set], 0.25);
    member right = new_member(family, &sets[set], -0.5);
    for (size_t i = 0; i < SIZES; i++) {
        const size_t size = block_counts[i];
        double *x = new_doubles(size * m.sizes.event);
        uint64_t samples = EMPTY;
        draw(&m, size, x);
        hash_doubles(&samples, size * m.sizes.event, x);
        uint64_t densities = hash_densities(&m, size, x);
        if (family->log_density_each)
            hash_each(&densities, &m, size, x);
        const uint64_t moments = hash_moments(level, &m, size, x);
        const uint64_t algebra = hash_algebra(&m, &left);
        const uint64_t reverse = size < 2 ? EMPTY : hash_reverse(level, &m, &left, &right, size);
        const uint64_t forward = size < 1 ? EMPTY : hash_forward(level, &m, size, x);
        printf("%s %zu %zu  %016llx %016llx %016llx %016llx %016llx %016llx\n", family->name, set,
               size, (unsigned long long)samples, (unsigned long long)densities,
               (unsigned long long)moments, (unsigned long long)algebra,
               (unsigned long long)reverse, (unsigned long long)forward);
        free(x);
    }
    free_member(&m);
    free_member(&left);
    free_member(&right);
}

static void print_vector_functions(const klf_level *level)
{
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 0x1p-1074, 0x1p-1022,
                                     0x1p1023, -0x1p-60, 1.0, -1.0, 2.0, 709.5, -745.0, 0x1p60};
    enum { SPECIAL = sizeof special / sizeof special[0], N = SPECIAL + VALUES };
    double x[N], y[N];
    memcpy(x, special, sizeof special);
    for (size_t i = 0; i < VALUES; i++) /* magnitudes from 2^-30 to 2^30, one in four negative */
        x[SPECIAL + i] = ldexp(1.0 + 0x1p-8 * (double)(i % 251), (int)(i / 10) - 30)
                         * (i % 4 == 3 ? -1.0 : 1.0);
    for (const klf_vector_function *f = level->vector_functions; f->name; f++) {
        uint64_t hash = EMPTY;
        f->apply(N, x, y);
        hash_doubles(&hash, N, y);
        printf("%s %016llx\n", f->name, (unsigned long long)hash);
    }
}

static void print_words(const klf_level *level)
{
    uint64_t words[4 * KLF_TILE], hash = EMPTY;
    level->words(stream, UINT64_C(1) << 40, 3, 4, words);
    for (size_t i = 0; i < 4 * KLF_TILE; i++)
        hash_word(&hash, words[i]);
    klf_stream child;
    klf_spawn(&stream, KLF_CHILD_SPAWNED, 5, &child);
    hash_word(&hash, child.seed[0]);
    hash_word(&hash, child.seed[1]);
    printf("words %016llx\n", (unsigned long long)hash);
}

static void print_nets(const klf_level *level)
{
    enum { DIMENSIONS = 7 };
    static uint64_t words[DIMENSIONS * KLF_BLOCK];
    uint64_t hash = EMPTY;
    for (uint64_t first = 0; first < 4 * KLF_BLOCK; first += KLF_BLOCK) {
        level->net(&stream, UINT64_C(1) << 40, DIMENSIONS, 11, first, KLF_BLOCK, words);
        for (size_t i = 0; i < DIMENSIONS * KLF_BLOCK; i++)
            hash_word(&hash, words[i]);
    }
    printf("nets %016llx\n", (unsigned long long)hash);
}

int main(int count, char **arguments)
{
    const char *message = "";
    const klf_level *level = klf_library(&message), *levels[4];
    if (count > 1) {
        const size_t n = klf_levels(levels);
        level = NULL;
        for (size_t i = 0; i < n; i++)
            if (strcmp(levels[i]->name, arguments[1]) == 0)
                level = levels[i];
        message = "this processor or this build lacks the level";
    }
    if (!level) {
        fprintf(stderr, "hashes: %s\n", message);
        return 77;
    }
    print_words(level);
    print_nets(level);
    print_vector_functions(level);
    for (const klf_family *const *family = level->families; *family; family++)
        for (size_t set = 0; set < SETS; set++)
            print_family(level, *family, set);
    return 0;
}
