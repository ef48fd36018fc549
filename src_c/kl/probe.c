/* probe.c -- whether q is in the family: a regression whose residual is then rounding error. */
#include <math.h>
#include <string.h>

#include "reverse_steps.h"

enum {
    PROBE_UP_TO = 1400, /* coordinates for which the probe is tried */
    PANEL = 8,          /* columns of a regression that are worked on together */
    CONFIRMING = 64,    /* draws on which gradients must agree that q is a Normal: few may all lie
                         * where it only looks like one */
    LARGEST_STALLED = 8 /* steps in a row that should have landed on q and came no nearer: q is
                         * improper, at the edge of the family */
};

size_t klf_reverse_probe_samples(const klf_reverse *run)
{
    const size_t k = run->sizes.coordinates;
    if (run->method == KLF_METHOD_STEIN)
        return run->has_previous && run->d + 4 < CONFIRMING ? CONFIRMING : run->d + 4;
    if (run->method == KLF_METHOD_SCORE || k > PROBE_UP_TO)
        return 64; /* to begin with */
    const int affordable = 2 * k + 16 <= run->max_evaluations - run->evaluations;
    return affordable ? 2 * k + 16 : (k < 64 ? k : 64); /* too few for a regression */
}

/* Makes a column, from which all before it have been taken, a unit vector: 0 if it depends on
 * them. */
static int normalise_column(size_t n, double *a, double before, double *length)
{
    double after = 0.0;
    for (size_t i = 0; i < n; i++)
        after = fma(a[i], a[i], after);
    *length = sqrt(after);
    const double inverse = 1.0 / *length;
    for (size_t i = 0; i < n; i++)
        a[i] *= inverse;
    return after > 1e-16 * before;
}

/* The columns from `start` to `end` stay in the cache while those before them pass by. */
int klf_least_squares(const struct klf_level *level, size_t n, size_t k, size_t m, double *columns,
                      double *triangle, double *slopes, double *intercepts, double *residual)
{
    const size_t width = k + 1 + m;
    double *factor = triangle + width;
    for (size_t start = 0; start < width; start += PANEL) {
        const size_t end = start + PANEL < width ? start + PANEL : width;
        for (size_t i = 0; i < start && i <= k; i++)
            for (size_t l = start; l < end; l++)
                factor[i * width + l] = level->project(n, columns + i * n, columns + l * n);
        for (size_t i = start; i < end && i <= k; i++) {
            double *length = factor + i * width + i;
            if (!normalise_column(n, columns + i * n, triangle[i], length))
                return 0;
            for (size_t l = i + 1; l < end; l++)
                factor[i * width + l] = level->project(n, columns + i * n, columns + l * n);
        }
    }
    double square = 0.0;
    for (size_t i = 0; i < m * n; i++)
        square = fma(columns[(k + 1) * n + i], columns[(k + 1) * n + i], square);
    *residual = sqrt(square / (double)n);
    for (size_t side = 0; side < m; side++) {
        double *slope = slopes + side * k;
        for (size_t j = k + 1; j-- > 0;) {
            const double *row = factor + j * width;
            double sum = row[k + 1 + side];
            for (size_t l = j + 1; l <= k; l++)
                sum = fma(-row[l], slope[l - 1], sum);
            if (j == 0)
                intercepts[side] = sum / row[0];
            else
                slope[j - 1] = sum / row[j];
        }
    }
    return 1;
}

int klf_probe_level(klf_reverse *run, size_t n, const double *r)
{
    double total = 0.0, square = 0.0;
    for (size_t i = 0; i < n; i++)
        total += r[i] - r[0];
    if (!(fabs(total) < INFINITY))
        return 0;
    run->kl = run->reference = r[0] + total / (double)n;
    for (size_t i = 0; i < n; i++)
        square = fma(r[i] - run->reference, r[i] - run->reference, square);
    run->kl_error = n > 1 ? sqrt(square / ((double)n - 1.0) / (double)n) : INFINITY;
    return 1;
}

void klf_squared_norms(size_t n, size_t columns, const double *column, double *norms)
{
    for (size_t j = 0; j < columns; j++) {
        norms[j] = 0.0;
        for (size_t i = 0; i < n; i++)
            norms[j] = fma(column[j * n + i], column[j * n + i], norms[j]);
    }
}

/* Fills the columns (1, s, r - r_0), their squared norms, and returns the size of the rounding
 * errors in r, or a negative number if some r is not finite. */
static double probe_columns(klf_reverse *run, size_t n, const double *x, const double *log_q,
                            double *columns, double *norms, double *first, double *work)
{
    const size_t k = run->sizes.coordinates;
    double *log_p = work, *score = work + KLF_BLOCK, *scratch = score + k * KLF_ROW;
    double *r = columns + (k + 1) * n, largest = 0.0;
    for (size_t start = 0; start < n; start += KLF_BLOCK) {
        const size_t count = n - start < KLF_BLOCK ? n - start : KLF_BLOCK;
        run->family->score(run->d, run->constants, count, x + start * run->sizes.event, log_p,
                           score, scratch);
        for (size_t i = 0; i < count; i++) {
            columns[start + i] = 1.0;
            for (size_t j = 0; j < k; j++)
                columns[(j + 1) * n + start + i] = score[j * KLF_ROW + i];
            r[start + i] = log_p[i] - log_q[start + i];
            largest = fmax(largest, fabs(log_p[i]) + fabs(log_q[start + i]));
        }
    }
    if (!(klf_probe_level(run, n, r) && largest < INFINITY))
        return -1.0;
    *first = r[0];
    for (size_t i = 0; i < n; i++)
        r[i] -= *first;
    klf_squared_norms(n, k + 1, columns, norms);
    return largest;
}

size_t klf_reverse_probe_work(const klf_reverse *run, size_t n)
{
    const size_t width = run->sizes.coordinates + 2;
    if (run->method == KLF_METHOD_STEIN)
        return klf_stein_probe_work(run, n);
    const int regresses = run->sizes.coordinates <= PROBE_UP_TO;
    return n * width + (regresses ? width * width : width) + klf_reverse_work(run);
}

int klf_reverse_undo_landing(klf_reverse *run)
{
    if (!run->has_previous)
        return 0;
    memcpy(run->theta, run->theta_previous, run->sizes.parameters * sizeof *run->theta);
    klf_reverse_prepare(run);
    run->has_previous = 0;
    run->kl = run->reference = run->kl_previous;
    run->kl_error = run->kl_error_previous;
    return 1;
}

enum { FEW_POINTS = 8 };

/* Whether the draws are on so few points of a lattice that any log-ratio is linear there in the
 * score, while the support has more points, next to these. */
static int sees_too_few_points(const klf_reverse *run, size_t n, const double *x, double *work)
{
    const size_t k = run->sizes.coordinates;
    double seen[FEW_POINTS], beside[2 * FEW_POINTS] = {0.0}, log_p[2 * FEW_POINTS];
    size_t points = 0, besides = 0;
    if (!run->family->is_integer || run->family->is_vector || k + 1 >= FEW_POINTS)
        return 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < points && seen[j] != x[i])
            j++;
        if (j == points) {
            if (points == k + 1)
                return 0;
            seen[points++] = x[i];
        }
    }
    for (size_t i = 0; i < points; i++) {
        beside[besides++] = seen[i] - 1.0;
        beside[besides++] = seen[i] + 1.0;
    }
    run->family->log_density(run->d, run->constants, besides, beside, log_p, work);
    for (size_t i = 0; i < besides; i++) {
        int is_seen = 0;
        for (size_t j = 0; j < points; j++)
            is_seen |= seen[j] == beside[i];
        if (!is_seen && log_p[i] > -INFINITY)
            return 1;
    }
    return 0;
}

int klf_reverse_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                      double *work)
{
    const size_t k = run->sizes.coordinates;
    double *columns = work, *triangle = columns + n * (k + 2);
    double *rest = triangle + (k <= PROBE_UP_TO ? (k + 2) * (k + 2) : k + 2);
    double first;
    const double size = probe_columns(run, n, x, log_q, columns, triangle, &first, rest);
    if (size < 0.0) {
        (void)klf_reverse_undo_landing(run);
        return 0;
    }
    if (run->method == KLF_METHOD_SCORE || k > PROBE_UP_TO || n <= k)
        return 0;
    if (sees_too_few_points(run, n, x, rest))
        return -1;
    double intercept, residual;
    if (!klf_least_squares(run->level, n, k, 1, columns, triangle, run->gradient, &intercept,
                           &residual))
        return -1;
    if (residual > KLF_ROUNDING * size)
        return 0;
    for (size_t j = 0; j < k; j++)
        run->direction[j] = -run->gradient[j];
    return klf_reverse_land(run, n, first + intercept, residual);
}

int klf_reverse_land(klf_reverse *run, size_t n, double kl, double residual)
{
    if (run->has_previous && kl - run->kl_previous > 1e-6 * (1.0 + fabs(kl))) {
        /* The landing has raised the divergence: q only looked like a member where p was. Back, and
         * on by natural steps. */
        (void)klf_reverse_undo_landing(run);
        return 0;
    }
    double square = 0.0;
    for (size_t j = 0; j < run->sizes.coordinates; j++)
        square = fma(run->direction[j], run->direction[j], square);
    const double gain = 0.5 * square;
    run->variance = 2.0 * gain + residual * residual;
    run->noise = 0.0;
    run->draws = (double)n;
    run->kl = kl;
    run->kl_error = residual / sqrt((double)n);
    run->gain_error = 0.0;
    run->explained = 1.0;
    run->length = 0.0;
    /* On q itself only rounding is left, which a further step does not reduce. */
    const int no_better = gain > 0.25 * run->probe_gain && gain < 1e-6;
    run->stalled = gain > 0.5 * run->probe_gain ? run->stalled + 1 : 0;
    run->gain = run->probe_gain = gain;
    const int sure = run->method != KLF_METHOD_STEIN || n >= CONFIRMING;
    if (sure && (gain <= 1e-24 || no_better))
        run->status = KLF_RUN_EXACT;
    else if (run->steps >= run->max_steps)
        run->status = KLF_RUN_BUDGET;
    else {
        run->length = klf_reverse_step_length(run, INFINITY);
        if (run->length == 0.0 || run->stalled > LARGEST_STALLED)
            run->status = KLF_RUN_DIVERGED;
        else
            klf_reverse_accept(run);
        run->explained = 0.0; /* should a natural step follow and find the divergence risen */
        klf_reverse_keep(run);
        run->explained = 1.0;
    }
    return 1;
}
