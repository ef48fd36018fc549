/* fixed_words.c -- every sampler, of one member and of arrays of them, over words that never
 * change: one block to each line of the input,
 *
 *     family parameter parameter ...
 *
 * with the words 0, all ones and one half in every pattern of fixed_words.h. Prints the lines whose
 * draws have no finite log-density, which say that they lie outside the support. Scalar families.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the place of src_c/random/stream.c. */
void klf_spawn(const klf_stream *parent, klf_child_kind kind, uint64_t index, klf_stream *child)
{
    (void)kind, (void)index;
    *child = *parent;
}

#include "klfast/klfast.h"

enum { MOST = 1 << 13, PATTERNS = 4, LINE = 512, PARAMETERS = 8 };

static const uint64_t values[] = {0, UINT64_MAX, UINT64_C(1) << 63};
enum { VALUES = sizeof values / sizeof values[0] };

static double constants[MOST], table[MOST], work[MOST], x[KLF_BLOCK], log_p[KLF_BLOCK];
static double members[PARAMETERS][KLF_BLOCK];

static void check_draws(const char *line, const klf_family *family, klf_stream stream)
{
    family->log_density(1, constants, KLF_BLOCK, x, log_p, work);
    for (size_t i = 0; i < KLF_BLOCK; i++)
        if (!(fabs(log_p[i]) <= DBL_MAX)) {
            printf("%.*s: words %016llx %016llx, pattern %d: draw %g, log p %g\n",
                   (int)strcspn(line, "\n"), line, (unsigned long long)stream.seed[0],
                   (unsigned long long)stream.seed[1], (int)stream.stream, x[i], log_p[i]);
            return;
        }
}

static void sample_one(const char *line, const klf_family *family, klf_stream stream)
{
    family->sample(1, constants, table, stream, 0, KLF_BLOCK, x, work);
    check_draws(line, family, stream);
    const double *theta[PARAMETERS];
    for (size_t i = 0; i < PARAMETERS; i++)
        theta[i] = members[i];
    family->sample_each(KLF_BLOCK, theta, stream, 0, x);
    check_draws(line, family, stream);
}

static void sample_all(const char *line, const klf_family *family)
{
    for (size_t i = 0; i < VALUES; i++)
        for (size_t j = 0; j < VALUES; j++)
            for (uint64_t pattern = i == j ? 0 : 1; pattern < (i == j ? 1 : PATTERNS); pattern++)
                sample_one(line, family, (klf_stream){{values[i], values[j]}, pattern});
}

static int prepare(const char *line, const klf_level *level, const klf_family **family)
{
    char name[LINE];
    double theta[PARAMETERS];
    klf_sizes sizes;
    klf_violation violation;
    int at = 0;
    if (sscanf(line, "%511s%n", name, &at) != 1 || !(*family = klf_find_family(level, name)))
        return 0;
    (*family)->sizes(1, &sizes);
    if (sizes.constants > MOST || sizes.table > MOST || sizes.work > MOST ||
        sizes.parameters > PARAMETERS)
        return 0;
    char *rest = (char *)line + at;
    for (size_t i = 0; i < sizes.parameters; i++)
        theta[i] = strtod(rest, &rest);
    for (size_t i = 0; i < sizes.parameters; i++)
        for (size_t j = 0; j < KLF_BLOCK; j++)
            members[i][j] = theta[i];
    if ((*family)->check(1, theta, &violation, work) != KLF_OK)
        return 0;
    (*family)->prepare(1, theta, constants);
    if ((*family)->prepare_sampler)
        (*family)->prepare_sampler(1, theta, table);
    return 1;
}

int main(void)
{
    const char *message;
    const klf_level *level = klf_library(&message);
    char line[LINE];
    while (level && fgets(line, sizeof line, stdin)) {
        const klf_family *family;
        if (!prepare(line, level, &family)) {
            fprintf(stderr, "cannot prepare %s", line);
            return 1;
        }
        sample_all(line, family);
    }
    return level ? 0 : 1;
}
