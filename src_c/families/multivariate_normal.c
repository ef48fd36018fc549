/* multivariate_normal.c -- the Normal family on R^d with full covariance S = L L'.
 *
 *   log p(x) = -|z|^2/2 - log det L - (d/2) log 2 pi,       z = L^-1 (x - mean)
 *
 * Natural parameters, with P = S^-1: eta = (P mean, then for i >= j, by rows, -P_ii/2 on the
 * diagonal and -P_ij below it), T = (x, x_i x_j): off-diagonal entries stand once, so that eta.T
 * is a plain sum of k = d + d (d + 1)/2 products. log h = -(d/2) log 2 pi.
 * Unconstrained coordinates: the mean, then L by rows with the logarithm of its diagonal.
 *
 *   standard score = (z_i;  (z_i^2 - 1)/sqrt 2 on the diagonal, z_i z_j below it)
 *
 * orthonormal under p. Source: Anderson (2003), An Introduction to Multivariate Statistical
 * Analysis, chapters 2 and 3; Golub and Van Loan (2013), section 4.2.
 */
#include "family.h"
#include "packed_cholesky.h"

/* Samples are worked on in tiles of TILE, coordinate by coordinate, so that loops run over samples;
 * from row LONG of a triangle on it pays to take eight rows at once. */
enum { TILE = 16, LONG = 16 };

enum { MEAN, COVARIANCE };

/* Constants: mean (d), L packed, -log det L - (d/2) log 2 pi, the inverses of L's diagonal (d). */
static size_t packed_size(size_t d)
{
    return d * (d + 1) / 2;
}

static const double *factor(size_t d, const double *constants)
{
    return constants + d;
}

static const double *inverses(size_t d, const double *constants)
{
    return factor(d, constants) + packed_size(d) + 1;
}

static void sizes(size_t d, klf_sizes *s)
{
    const size_t triangle = packed_size(d);
    const size_t algebra = 3 * triangle + 3 * d * d + 2 * d;
    const size_t blocks = (KLF_TILE + TILE) * d;
    *s = (klf_sizes){.parameters = d + d * d, .fitted = d + d * d,
                     .coordinates = d + triangle,
                     .constants = d + triangle + 1 + d,
                     .work = algebra > blocks ? algebra : blocks,
                     .event = d};
}

static void pack_covariance(size_t d, const double *theta, double *packed)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            packed[klf_packed(i, j)] = theta[d + i * d + j];
}

/* A pivot this small beside its diagonal element is what rounding leaves of a singular matrix. */
static double least_pivot(size_t d)
{
    return (double)d * DBL_EPSILON;
}

static klf_status check(size_t d, const double *theta, klf_violation *violation, double *work)
{
    const double *s = theta + d;
    for (size_t i = 0; i < d; i++)
        if (!(fabs(theta[i]) <= DBL_MAX))
            return klf_violate(violation, MEAN, i, "must be finite");
    for (size_t i = 0; i < d * d; i++)
        if (!(fabs(s[i]) <= DBL_MAX))
            return klf_violate(violation, COVARIANCE, i, "must be finite");
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++) {
            const double a = s[i * d + j], b = s[j * d + i];
            if (fabs(a - b) > 1e-10 * sqrt(fabs(s[i * d + i])) * sqrt(fabs(s[j * d + j])))
                return klf_violate(violation, COVARIANCE, i * d + j,
                                   "must be symmetric: it differs from its mirror image");
        }
    pack_covariance(d, theta, work);
    const size_t row = klf_cholesky(d, work, least_pivot(d));
    if (row < d)
        return klf_violate(violation, COVARIANCE, row * d + row,
                           "must be positive definite: elimination leaves no positive pivot");
    return KLF_OK;
}

static int is_interior(size_t d, const double *theta)
{
    (void)d, (void)theta;
    return 1;
}

static void prepare(size_t d, const double *theta, double *constants)
{
    double *l = constants + d, log_det = 0.0;
    memcpy(constants, theta, d * sizeof *theta);
    pack_covariance(d, theta, l);
    (void)klf_cholesky(d, l, 0.0);
    for (size_t i = 0; i < d; i++) {
        log_det += klf_log(l[klf_packed(i, i)]);
        l[packed_size(d) + 1 + i] = 1.0 / l[klf_packed(i, i)];
    }
    l[packed_size(d)] = -log_det - 0.5 * (double)d * KLF_LOG_2PI;
}

/* ---- Products with L and L^-1 of a tile ------------------------------------------------------ */

/* 2, 4 or 8 rows of L at once, j > 0 the first of them. The loop over samples is the outer one:
 * it becomes the vector, and the sums a0, a1, ... stay in registers. */
#define ROWS_1(statement) statement(0)
#define ROWS_2(statement) ROWS_1(statement) statement(1)
#define ROWS_4(statement) ROWS_2(statement) statement(2) statement(3)
#define ROWS_8(statement) ROWS_4(statement) statement(4) statement(5) statement(6) statement(7)

#define ROW(r) const double *restrict l##r = l + klf_packed(j + r, 0);
#define ADD_COLUMN(r) a##r = fma(l##r[k], zk, a##r);
#define STORE(r) y[r * TILE + i] = a##r;

/* a_r and the terms of row r before the diagonal, v0, v1, ... times the columns from j on. */
#define SUM_0(r, v) a##r
#define SUM_1(r, v) fma(l##r[j], v##0, a##r)
#define SUM_2(r, v) fma(l##r[j + 1], v##1, SUM_1(r, v))
#define SUM_3(r, v) fma(l##r[j + 2], v##2, SUM_2(r, v))
#define SUM_4(r, v) fma(l##r[j + 3], v##3, SUM_3(r, v))
#define SUM_5(r, v) fma(l##r[j + 4], v##4, SUM_4(r, v))
#define SUM_6(r, v) fma(l##r[j + 5], v##5, SUM_5(r, v))
#define SUM_7(r, v) fma(l##r[j + 6], v##6, SUM_6(r, v))

/* Rows of y = mean + L z. */
#define START(r) double a##r = 0.0;
#define MULTIPLY(r) \
    const double z##r = z[(j + r) * TILE + i]; \
    a##r = mean[j + r] + fma(l##r[j + r], z##r, SUM_##r(r, z));
#define MULTIPLY_ROWS(n) \
    static void multiply_##n(size_t j, const double *restrict mean, const double *restrict l, \
                             const double *restrict inverse, const double *restrict z, \
                             double *restrict y) \
    { \
        (void)inverse; \
        ROWS_##n(ROW) \
        for (size_t i = 0; i < TILE; i++) { \
            size_t k = 0; \
            ROWS_##n(START) \
            do { \
                const double zk = z[k * TILE + i]; \
                ROWS_##n(ADD_COLUMN) \
            } while (++k < j); \
            ROWS_##n(MULTIPLY) \
            ROWS_##n(STORE) \
        } \
    }

/* Rows of L^-1 (y - mean), in place of y; z are the rows before. */
#define START_DIFFERENCE(r) double a##r = y[r * TILE + i] - mean[j + r];
#define SOLVE(r) a##r = SUM_##r(r, -a) * inverse[j + r];
#define SOLVE_ROWS(n) \
    static void solve_##n(size_t j, const double *restrict mean, const double *restrict l, \
                          const double *restrict inverse, const double *restrict z, \
                          double *restrict y) \
    { \
        ROWS_##n(ROW) \
        for (size_t i = 0; i < TILE; i++) { \
            size_t k = 0; \
            ROWS_##n(START_DIFFERENCE) \
            do { \
                const double zk = -z[k * TILE + i]; \
                ROWS_##n(ADD_COLUMN) \
            } while (++k < j); \
            ROWS_##n(SOLVE) \
            ROWS_##n(STORE) \
        } \
    }

MULTIPLY_ROWS(2)
MULTIPLY_ROWS(4)
MULTIPLY_ROWS(8)
SOLVE_ROWS(2)
SOLVE_ROWS(4)
SOLVE_ROWS(8)

/* Of 2, 4 and 8 rows. Called by their addresses: a compiler that knew how few columns come before
 * the first rows would unroll the loop over them instead of the one over samples. */
typedef void (*rows_function)(size_t j, const double *restrict mean, const double *restrict l,
                              const double *restrict inverse, const double *restrict z,
                              double *restrict y);
static const rows_function multiply_rows[] = {multiply_2, multiply_4, multiply_8};
static const rows_function solve_rows[] = {solve_2, solve_4, solve_8};

/* Rows of a tile from the second or third on. Where their number is no multiple of 8 the fewest
 * come first, being the shortest; those from LONG on are taken by 8, which share each load of z. */
static void for_rows(const rows_function *functions, size_t d, const double *constants,
                     const double *z, double *y)
{
    size_t j = 2 - d % 2;
    while (j < d) {
        const size_t left = d - j, i = left & 2 ? 0 : left & 4 || j < LONG ? 1 : 2;
        functions[i](j, constants, factor(d, constants), inverses(d, constants), z, y + j * TILE);
        j += (size_t)2 << i;
    }
}

/* y = mean + L z on one tile: both (d, TILE). */
static void multiply_tile(size_t d, const double *constants, const double *restrict z,
                          double *restrict y)
{
    const double *mean = constants, *l = factor(d, constants);
    for (size_t i = 0; i < TILE; i++)
        y[i] = mean[0] + fma(l[0], z[i], 0.0);
    for (size_t i = 0; i < TILE && d % 2 == 0; i++)
        y[TILE + i] = mean[1] + fma(l[2], z[TILE + i], fma(l[1], z[i], 0.0));
    for_rows(multiply_rows, d, constants, z, y);
}

/* y becomes L^-1 (y - mean) on one tile. */
static void solve_tile(size_t d, const double *constants, double *y)
{
    const double *mean = constants, *l = factor(d, constants), *inverse = inverses(d, constants);
    for (size_t i = 0; i < TILE; i++)
        y[i] = (y[i] - mean[0]) * inverse[0];
    for (size_t i = 0; i < TILE && d % 2 == 0; i++)
        y[TILE + i] = fma(l[1], -y[i], y[TILE + i] - mean[1]) * inverse[1];
    for_rows(solve_rows, d, constants, y, y);
}

/* ---- Block kernels --------------------------------------------------------------------------- */

/* A perfect shuffle by four, and its inverse: two of them transpose TILE rows, with whole vectors
 * read and written whatever d. */
static void shuffle(size_t quarter, const double *restrict from, double *restrict to)
{
    for (size_t m = 0; m < quarter; m++) {
        to[4 * m] = from[m];
        to[4 * m + 1] = from[quarter + m];
        to[4 * m + 2] = from[2 * quarter + m];
        to[4 * m + 3] = from[3 * quarter + m];
    }
}

static void unshuffle(size_t quarter, const double *restrict from, double *restrict to)
{
    for (size_t m = 0; m < quarter; m++) {
        to[m] = from[4 * m];
        to[quarter + m] = from[4 * m + 1];
        to[2 * quarter + m] = from[4 * m + 2];
        to[3 * quarter + m] = from[4 * m + 3];
    }
}

/* One tile of x, row-major, to z = L^-1 (x - mean), coordinate by coordinate; `work` is another. */
static void standardise_tile(size_t d, const double *constants, size_t count,
                             const double *restrict x, double *restrict z, double *restrict work)
{
    if (count < TILE) { /* the samples that are missing are 0 */
        memcpy(z, x, count * d * sizeof *z);
        memset(z + count * d, 0, (TILE - count) * d * sizeof *z);
    }
    shuffle(4 * d, count < TILE ? z : x, work);
    shuffle(4 * d, work, z);
    solve_tile(d, constants, z);
}

static void tile_log_density(size_t d, const double *constants, size_t count,
                             const double *restrict z, double *restrict log_p)
{
    double square[TILE] = {0.0};
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < TILE; i++)
            square[i] = fma(z[j * TILE + i], z[j * TILE + i], square[i]);
    const double constant = factor(d, constants)[packed_size(d)];
    for (size_t i = 0; i < count; i++)
        log_p[i] = fma(-0.5, square[i], constant);
}

/* Standard normal deviates of one tile to samples: mean + L z, row-major. Overwrites z. */
static void place_tile(size_t d, const double *constants, size_t count, double *restrict z,
                       double *restrict y, double *restrict x)
{
    multiply_tile(d, constants, z, y);
    for (size_t i = 0; i < d * TILE; i++)
        y[i] = klf_clamp_finite(y[i]);
    unshuffle(4 * d, y, z);
    unshuffle(4 * d, z, count < TILE ? y : x);
    if (count < TILE)
        memcpy(x, y, count * d * sizeof *x);
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)table;
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    double *restrict z = work, *restrict y = work + d * KLF_TILE;
    for (size_t start = 0; start < n; start += KLF_TILE) { /* as many samples: d tiles of normals */
        const size_t left = n - start < KLF_TILE ? n - start : KLF_TILE;
        const size_t normals = (left + TILE - 1) / TILE * TILE * d;
        klf_fill_normals(&key, block, start / KLF_TILE * d, (normals + KLF_TILE - 1) / KLF_TILE,
                         z);
        for (size_t at = 0; at < left; at += TILE) {
            const size_t count = left - at < TILE ? left - at : TILE;
            place_tile(d, constants, count, z + at * d, y, x + (start + at) * d);
        }
    }
}

static void from_words(size_t d, const double *constants, size_t n,
                       const uint64_t *restrict words, double *restrict x, double *restrict work)
{
    double *restrict z = work, *restrict y = work + d * TILE;
    for (size_t start = 0; start < n; start += TILE) {
        const size_t count = n - start < TILE ? n - start : TILE;
        memset(z, 0, count < TILE ? d * TILE * sizeof *z : 0);
        for (size_t j = 0; j < d; j++)
            for (size_t i = 0; i < count; i++)
                z[j * TILE + i] = klf_normal_of_word(words[j * KLF_BLOCK + start + i]);
        place_tile(d, constants, count, z, y, x + start * d);
    }
}

/* Infinite coordinates make NaN of the tile's arithmetic: the log-density is -inf there and the
 * score (if asked for) 0; NaN stays where a coordinate is NaN. */
static void settle_infinite(size_t d, size_t n, const double *x, double *log_p, double *score)
{
    int finite = 1;
    for (size_t i = 0; i < n; i++)
        finite &= fabs(log_p[i]) <= DBL_MAX;
    for (size_t i = 0; i < n && !finite; i++) {
        int infinite = 0, nan = 0;
        for (size_t j = 0; j < d && !(fabs(log_p[i]) <= DBL_MAX); j++) {
            infinite |= fabs(x[i * d + j]) > DBL_MAX;
            nan |= x[i * d + j] != x[i * d + j];
        }
        if (!infinite || nan)
            continue;
        log_p[i] = -INFINITY;
        for (size_t j = 0; score && j < d + packed_size(d); j++)
            score[j * KLF_ROW + i] = 0.0;
    }
}

static void log_density(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict work)
{
    for (size_t start = 0; start < n; start += TILE) {
        const size_t count = n - start < TILE ? n - start : TILE;
        standardise_tile(d, constants, count, x + start * d, work, work + d * TILE);
        tile_log_density(d, constants, count, work, log_p + start);
    }
    settle_infinite(d, n, x, log_p, NULL);
}

static void standardise(size_t d, const double *constants, size_t n, const double *restrict x,
                        double *restrict log_p, double *restrict z, double *restrict work)
{
    for (size_t start = 0; start < n; start += TILE) {
        const size_t count = n - start < TILE ? n - start : TILE;
        standardise_tile(d, constants, count, x + start * d, work, work + d * TILE);
        for (size_t j = 0; j < d; j++)
            memcpy(z + j * KLF_ROW + start, work + j * TILE, TILE * sizeof *z);
        if (log_p)
            tile_log_density(d, constants, count, work, log_p + start);
    }
}

/* The second part of the score from the first, which is z. */
static void multiply_scores(size_t d, size_t n, const double *restrict z, double *restrict s)
{
    for (size_t j = 0; j < d; j++) {
        const double *restrict z_j = z + j * KLF_ROW;
        for (size_t k = 0; k < j; k++, s += KLF_ROW)
            for (size_t i = 0; i < n; i++)
                s[i] = z_j[i] * z[k * KLF_ROW + i];
        for (size_t i = 0; i < n; i++)
            s[i] = fma(z_j[i], z_j[i], -1.0) * (1.0 / KLF_SQRT2);
        s += KLF_ROW;
    }
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    double own[KLF_BLOCK], *density = log_p ? log_p : own;
    standardise(d, constants, n, x, density, s, work);
    multiply_scores(d, n, s, s + d * KLF_ROW);
    settle_infinite(d, n, x, density, s);
}

/* y = L' g on one tile, both (d, TILE): a column of L to each row of y. */
static void multiply_transposed_tile(size_t d, const double *restrict l, const double *restrict g,
                                     double *restrict y)
{
    memset(y, 0, d * TILE * sizeof *y);
    for (size_t k = 0; k < d; k++)
        for (size_t j = 0; j <= k; j++)
            for (size_t i = 0; i < TILE; i++)
                y[j * TILE + i] = fma(l[klf_packed(k, j)], g[k * TILE + i], y[j * TILE + i]);
}

static void whiten(size_t d, const double *constants, size_t n, const double *restrict x,
                   const double *restrict gradient, double *restrict rows, double *restrict work)
{
    double *restrict g = work, *restrict y = work + d * TILE;
    standardise(d, constants, n, x, NULL, rows, work);
    for (size_t start = 0; start < n; start += TILE) {
        for (size_t i = 0; i < TILE; i++)
            for (size_t j = 0; j < d; j++)
                g[j * TILE + i] = start + i < n ? gradient[(start + i) * d + j] : 0.0;
        multiply_transposed_tile(d, factor(d, constants), g, y);
        for (size_t j = 0; j < d; j++)
            memcpy(rows + (d + j) * KLF_ROW + start, y + j * TILE, TILE * sizeof *y);
    }
}

static void statistics(size_t d, const double *theta, size_t n, const double *x, double *t)
{
    (void)theta;
    const size_t k = d + packed_size(d);
    for (size_t i = 0; i < n; i++) {
        memcpy(t + i * k, x + i * d, d * sizeof *t);
        for (size_t j = 0; j < d; j++)
            for (size_t l = 0; l <= j; l++)
                t[i * k + d + klf_packed(j, l)] = x[i * d + j] * x[i * d + l];
    }
}

static void log_base_measure(size_t d, const double *theta, size_t n, const double *x,
                             double *log_h)
{
    (void)theta;
    for (size_t i = 0; i < n; i++) {
        log_h[i] = -0.5 * (double)d * KLF_LOG_2PI;
        for (size_t j = 0; j < d; j++)
            log_h[i] = x[i * d + j] == x[i * d + j] ? log_h[i] : x[i * d + j];
    }
}

/* ---- Parameter algebra ----------------------------------------------------------------------- */

/* Covariance in theta as N N' for a full d x d matrix N. */
static void covariance_from_root(size_t d, const double *n, double *theta)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < d; k++)
                sum = fma(n[i * d + k], n[j * d + k], sum);
            theta[d + i * d + j] = theta[d + j * d + i] = sum;
        }
}

static double log_partition(size_t d, const double *theta, double *work)
{
    double *z = work + packed_size(d), sum = 0.0;
    pack_covariance(d, theta, work);
    (void)klf_cholesky(d, work, 0.0);
    memcpy(z, theta, d * sizeof *z);
    klf_solve_lower(d, work, z, 1);
    for (size_t i = 0; i < d; i++)
        sum += fma(0.5 * z[i], z[i], klf_log(work[klf_packed(i, i)]));
    return sum;
}

static void to_natural(size_t d, const double *theta, double *eta)
{
    double *p = eta + d;
    pack_covariance(d, theta, p);
    (void)klf_cholesky(d, p, 0.0);
    memcpy(eta, theta, d * sizeof *eta);
    klf_solve_lower(d, p, eta, 1);
    klf_solve_transposed(d, p, eta, 1);
    klf_invert_lower(d, p);
    klf_transposed_product(d, p);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            p[klf_packed(i, j)] *= i == j ? -0.5 : -1.0;
}

/* The lower half of the covariance's memory holds the packed triangle while it is worked on. */
static klf_status from_natural(size_t d, const double *eta, double *theta)
{
    double *s = theta + d;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            s[klf_packed(i, j)] = eta[d + klf_packed(i, j)] * (i == j ? -2.0 : -1.0);
    if (klf_cholesky(d, s, least_pivot(d)) < d)
        return KLF_E_DOMAIN;
    memcpy(theta, eta, d * sizeof *theta);
    klf_solve_lower(d, s, theta, 1);
    klf_solve_transposed(d, s, theta, 1);
    klf_invert_lower(d, s);
    klf_transposed_product(d, s);
    for (size_t i = d; i-- > 0;) /* from the end: the packed row i lies before row i */
        for (size_t j = i + 1; j-- > 0;)
            s[i * d + j] = s[klf_packed(i, j)];
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++)
            s[j * d + i] = s[i * d + j];
    return KLF_OK;
}

static void to_mean(size_t d, const double *theta, double *mu)
{
    memcpy(mu, theta, d * sizeof *mu);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            mu[d + klf_packed(i, j)] = fma(theta[i], theta[j], theta[d + i * d + j]);
}

static klf_status from_mean(size_t d, const double *mu, double *theta)
{
    double *s = theta + d;
    memcpy(theta, mu, d * sizeof *theta);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            s[klf_packed(i, j)] = fma(-mu[i], mu[j], mu[d + klf_packed(i, j)]);
    if (klf_cholesky(d, s, least_pivot(d)) < d)
        return KLF_E_DOMAIN;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            s[i * d + j] = s[j * d + i] = fma(-mu[i], mu[j], mu[d + klf_packed(i, j)]);
    return KLF_OK;
}

static void to_unconstrained(size_t d, const double *theta, double *u)
{
    memcpy(u, theta, d * sizeof *u);
    pack_covariance(d, theta, u + d);
    (void)klf_cholesky(d, u + d, 0.0);
    for (size_t i = 0; i < d; i++)
        u[d + klf_packed(i, i)] = klf_log(u[d + klf_packed(i, i)]);
}

static double unconstrained_entry(size_t d, const double *u, size_t i, size_t j)
{
    const double value = u[d + klf_packed(i, j)];
    return i == j ? klf_exp(value) : value;
}

static klf_status from_unconstrained(size_t d, const double *u, double *theta)
{
    memcpy(theta, u, d * sizeof *theta);
    int finite = 1;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.0;
            for (size_t k = 0; k <= j; k++)
                sum = fma(unconstrained_entry(d, u, i, k), unconstrained_entry(d, u, j, k), sum);
            theta[d + i * d + j] = theta[d + j * d + i] = sum;
            finite &= fabs(sum) <= DBL_MAX && (i != j || sum > 0.0);
        }
    for (size_t i = 0; i < d; i++)
        finite &= fabs(theta[i]) <= DBL_MAX;
    return finite ? KLF_OK : KLF_E_DOMAIN;
}

static double entropy(size_t d, const double *theta, double *work)
{
    double sum = 0.5 * (double)d * (1.0 + KLF_LOG_2PI);
    pack_covariance(d, theta, work);
    (void)klf_cholesky(d, work, 0.0);
    for (size_t i = 0; i < d; i++)
        sum += klf_log(work[klf_packed(i, i)]);
    return sum;
}

/* C = Lq^-1 (Sp - Sq) Lq'^-1, full. Returns its largest entry. */
static double relative_difference(size_t d, const double *p, const double *q, const double *l,
                                  double *c)
{
    double largest = 0.0;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            const size_t low = i > j ? i * d + j : j * d + i; /* the lower halves count */
            c[i * d + j] = p[d + low] - q[d + low];
        }
    for (size_t j = 0; j < d; j++)
        klf_solve_lower(d, l, c + j, d);
    for (size_t i = 0; i < d; i++)
        klf_solve_lower(d, l, c + i * d, 1);
    for (size_t i = 0; i < d * d; i++)
        largest = fabs(c[i]) > largest ? fabs(c[i]) : largest;
    return largest;
}

/* F with (I + F)(I + F)' = I + C, by the Cholesky recurrence written for the difference from I, so
 * that F has the relative accuracy of C. Lower triangle of c, in place. */
static void factor_minus_identity(size_t d, double *c)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = c[i * d + j];
            for (size_t k = 0; k < j; k++)
                sum = fma(-c[i * d + k], c[j * d + k], sum);
            c[i * d + j] = i == j ? sum / (1.0 + sqrt(1.0 + sum)) : sum / (1.0 + c[j * d + j]);
        }
}

/* F = Lq^-1 Lp - I where the covariances are far apart. Lower triangle of f. */
static void factor_ratio_minus_identity(size_t d, const double *p, const double *l, double *f,
                                        double *packed)
{
    pack_covariance(d, p, packed);
    (void)klf_cholesky(d, packed, 0.0);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            f[i * d + j] = j <= i ? packed[klf_packed(i, j)] : 0.0;
    for (size_t j = 0; j < d; j++)
        klf_solve_lower(d, l, f + j, d);
    for (size_t i = 0; i < d; i++)
        f[i * d + i] -= 1.0;
}

/* With M = Lq^-1 Lp = I + F, and m = M_ii:
 *   2 D = |Lq^-1 (mean_p - mean_q)|^2 + sum of F_ij^2 below the diagonal
 *         + sum of m^2 - 1 - log m^2,     m^2 - 1 - log m^2 = (m - 1)^2 + 2 (m - 1 - log m). */
static double kl(size_t d, const double *p, const double *q, double *work)
{
    double *l = work, *packed = l + packed_size(d), *f = packed + packed_size(d);
    double *shift = f + d * d, sum = 0.0;
    pack_covariance(d, q, l);
    (void)klf_cholesky(d, l, 0.0);
    if (!(relative_difference(d, p, q, l, f) < 0.5 / (double)d))
        factor_ratio_minus_identity(d, p, l, f, packed);
    else
        factor_minus_identity(d, f);
    for (size_t i = 0; i < d; i++)
        shift[i] = p[i] - q[i];
    klf_solve_lower(d, l, shift, 1);
    for (size_t i = 0; i < d; i++) {
        double phi;
        (void)klf_log_ratio(1.0 + f[i * d + i], f[i * d + i], &phi);
        sum += shift[i] * shift[i] + 2.0 * phi;
        for (size_t j = 0; j <= i; j++)
            sum = fma(f[i * d + j], f[i * d + j], sum);
    }
    return 0.5 * sum;
}

static void mean_variance(size_t d, const double *theta, double *mean, double *variance)
{
    memcpy(mean, theta, d * sizeof *mean);
    for (size_t i = 0; i < d; i++)
        variance[i] = theta[d + i * d + i];
}

/* The symmetric matrix z z' - I of a standard score, full. */
static void score_matrix(size_t d, const double *s, double *matrix)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            const double value = s[d + klf_packed(i, j)] * (i == j ? KLF_SQRT2 : 1.0);
            matrix[i * d + j] = matrix[j * d + i] = value;
        }
}

/* With g = z and G = z z' - I:
 *   mean: L'^-1 g;  covariance: L'^-1 G L^-1/2 (each of its d^2 entries its own variable)
 *   natural: x - mean = L g;  x x' - E x x' = L G L' + mean (L g)' + (L g) mean'
 *   L: the lower half of L'^-1 G, the diagonal times L_ii for its logarithm. */
static void map_score(size_t d, const double *theta, const double *constants,
                      klf_coordinates coordinates, const double *s, double *out, double *work)
{
    const double *l = factor(d, constants);
    memcpy(out, s, d * sizeof *out);
    score_matrix(d, s, work);
    if (coordinates == KLF_NATURAL) {
        klf_multiply_lower(d, l, out, 1);
        for (size_t j = 0; j < d; j++)
            klf_multiply_lower(d, l, work + j, d);
        for (size_t i = 0; i < d; i++)
            klf_multiply_lower(d, l, work + i * d, 1);
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j <= i; j++)
                out[d + klf_packed(i, j)] =
                    work[i * d + j] + theta[i] * out[j] + theta[j] * out[i];
        return;
    }
    klf_solve_transposed(d, l, out, 1);
    for (size_t j = 0; j < d; j++)
        klf_solve_transposed(d, l, work + j, d);
    if (coordinates == KLF_UNCONSTRAINED) {
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j <= i; j++)
                out[d + klf_packed(i, j)] =
                    work[i * d + j] * (i == j ? l[klf_packed(i, i)] : 1.0);
        return;
    }
    for (size_t i = 0; i < d; i++)
        klf_solve_transposed(d, l, work + i * d, 1);
    for (size_t i = 0; i < d * d; i++)
        out[d + i] = 0.5 * work[i];
}

/* The precision in z that a direction scaled by `length` leaves, I - length B, packed. */
static void direction_precision(size_t d, const double *direction, double length, double *packed)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            const double b = direction[d + klf_packed(i, j)] * (i == j ? KLF_SQRT2 : 1.0);
            packed[klf_packed(i, j)] = (i == j ? 1.0 : 0.0) - length * b;
        }
}

/* n = L W' for packed lower W: the root of the covariance L (W' W) L'. */
static void root_from(size_t d, const double *l, const double *w, double *n)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            double sum = 0.0;
            for (size_t k = 0; k <= (i < j ? i : j); k++)
                sum = fma(l[klf_packed(i, k)], w[klf_packed(j, k)], sum);
            n[i * d + j] = sum;
        }
}

static klf_status finite_status(size_t d, const double *theta)
{
    for (size_t i = 0; i < d + d * d; i++)
        if (!(fabs(theta[i]) <= DBL_MAX))
            return KLF_E_DOMAIN;
    return KLF_OK;
}

/* log p + a.z + z'Bz/2 is quadratic in z with precision P = I - B = C C': with W = C^-1 the new
 * covariance is (L W')(L W')' and the new mean mean + L W' W a. */
static klf_status move(size_t d, const double *theta, const double *constants,
                       const double *direction, double *theta_new, double *work)
{
    double *w = work, *n = w + packed_size(d), *a = n + d * d;
    direction_precision(d, direction, 1.0, w);
    if (klf_cholesky(d, w, least_pivot(d)) < d)
        return KLF_E_DOMAIN;
    klf_invert_lower(d, w);
    memcpy(a, direction, d * sizeof *a);
    klf_multiply_lower(d, w, a, 1);
    root_from(d, factor(d, constants), w, n);
    for (size_t i = 0; i < d; i++) {
        theta_new[i] = theta[i];
        for (size_t j = 0; j < d; j++)
            theta_new[i] = fma(n[i * d + j], a[j], theta_new[i]);
    }
    covariance_from_root(d, n, theta_new);
    return finite_status(d, theta_new);
}

/* The reciprocal of B's largest eigenvalue, by bisection on whether I - length B has a factor. */
static double max_step(size_t d, const double *constants, const double *direction, double *work)
{
    (void)constants;
    double inside = 0.0, outside = 1.0;
    for (int i = 0; i < 64; i++, outside *= 2.0) {
        direction_precision(d, direction, outside, work);
        if (klf_cholesky(d, work, 0.0) < d)
            break;
        inside = outside;
    }
    if (outside > 0x1p63)
        return INFINITY;
    while (outside - inside > 0x1p-20 * outside && outside > 0x1p-200) {
        const double middle = 0.5 * (inside + outside);
        direction_precision(d, direction, middle, work);
        if (klf_cholesky(d, work, 0.0) < d)
            outside = middle;
        else
            inside = middle;
    }
    return inside;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static size_t check_data(size_t d, const double *theta, size_t n, const double *x)
{
    (void)theta;
    size_t i = 0;
    while (i < n * d && fabs(x[i]) <= DBL_MAX)
        i++;
    return i / d;
}

/* Independent coordinates: the correlations come with the mean score. */
static void reference(size_t d, size_t n, const double *x, const double *weights, double *theta)
{
    memset(theta + d, 0, d * d * sizeof *theta);
    for (size_t j = 0; j < d; j++) {
        double sd;
        klf_block_mean_sd(n, x + j, d, weights, &theta[j], &sd);
        const double least = fabs(theta[j]) * 0x1p-40;
        sd = sd > least ? sd : (least > DBL_MIN ? least : 1.0);
        theta[d + j * d + j] = sd * sd;
    }
}

/* The covariance in z is I + B - a a' = G G': in x it is (L G)(L G)'. */
static klf_status fit(size_t d, const double *theta_reference, const double *constants,
                      const double *mean_score, double *theta, double *work)
{
    double *g = work, *n = g + packed_size(d);
    const double *a = mean_score, *l = factor(d, constants);
    direction_precision(d, mean_score, -1.0, g);
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j <= i; j++)
            g[klf_packed(i, j)] = fma(-a[i], a[j], g[klf_packed(i, j)]);
        if (!(g[klf_packed(i, i)] > 0x1p-44 * (1.0 + a[i] * a[i])))
            return KLF_E_NO_MAXIMUM;
    }
    if (klf_cholesky(d, g, 0x1p-46) < d)
        return KLF_E_NO_MAXIMUM;
    memset(n, 0, d * d * sizeof *n);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            for (size_t k = j; k <= i; k++)
                n[i * d + j] = fma(l[klf_packed(i, k)], g[klf_packed(k, j)], n[i * d + j]);
    memcpy(theta, a, d * sizeof *theta);
    klf_multiply_lower(d, l, theta, 1);
    for (size_t i = 0; i < d; i++)
        theta[i] += theta_reference[i];
    covariance_from_root(d, n, theta);
    return finite_status(d, theta) == KLF_OK ? KLF_OK : KLF_E_NO_MAXIMUM;
}

static const klf_parameter parameters[] = {{"mean", KLF_VECTOR, KLF_REAL, 0},
                                           {"covariance", KLF_MATRIX, KLF_REAL, 0}};

const klf_family KLF_FAMILY(multivariate_normal) = {
    .name = "multivariate_normal",
    .is_vector = 1,
    .support = KLF_SUPPORT_SPACE,
    .data_rule = "must be finite",
    .no_maximum = "the data are too few or lie on a hyperplane, and the likelihood grows without "
                  "bound as the spread across it goes to 0",
    .natural_rule = "must be finite, the quadratic form of the last d (d + 1)/2 negative definite",
    .mean_rule = "must be finite, the second moments less products of means positive definite",
    .n_parameters = 2,
    .parameters = parameters,
    .whiten = whiten,
    .standardise = standardise,
    .from_words = from_words,
    KLF_FUNCTIONS,
};
