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
 * ROWS rows of the triangle share each load. */
enum { TILE = 16, ROWS = 8 };

enum { MEAN, COVARIANCE };

/* Constants: mean (d), L packed, then -log det L - (d/2) log 2 pi. */
static size_t packed_size(size_t d)
{
    return d * (d + 1) / 2;
}

static const double *factor(size_t d, const double *constants)
{
    return constants + d;
}

static void sizes(size_t d, klf_sizes *s)
{
    const size_t triangle = packed_size(d);
    const size_t algebra = 3 * triangle + 3 * d * d + 2 * d;
    const size_t blocks = d * KLF_BLOCK + KLF_TILE + TILE * d;
    *s = (klf_sizes){.parameters = d + d * d, .fitted = d + d * d,
                     .coordinates = d + triangle,
                     .constants = d + triangle + 1,
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
    for (size_t i = 0; i < d; i++)
        log_det += klf_log(l[klf_packed(i, i)]);
    l[packed_size(d)] = -log_det - 0.5 * (double)d * KLF_LOG_2PI;
}

/* ---- Block kernels --------------------------------------------------------------------------- */

/* ROWS rows at once. The loop over samples is the outer one: it becomes the vector, and the sums
 * stay in registers. */
#define ROW_POINTERS(row) \
    const double *restrict r0 = (row)[0], *restrict r1 = (row)[1], *restrict r2 = (row)[2]; \
    const double *restrict r3 = (row)[3], *restrict r4 = (row)[4], *restrict r5 = (row)[5]; \
    const double *restrict r6 = (row)[6], *restrict r7 = (row)[7]
#define LOAD_ROWS(acc) \
    double a0 = (acc)[0][i], a1 = (acc)[1][i], a2 = (acc)[2][i], a3 = (acc)[3][i]; \
    double a4 = (acc)[4][i], a5 = (acc)[5][i], a6 = (acc)[6][i], a7 = (acc)[7][i]
#define ADD_COLUMN(k, zk) \
    a0 = fma(r0[k], zk, a0), a1 = fma(r1[k], zk, a1), a2 = fma(r2[k], zk, a2), \
    a3 = fma(r3[k], zk, a3), a4 = fma(r4[k], zk, a4), a5 = fma(r5[k], zk, a5), \
    a6 = fma(r6[k], zk, a6), a7 = fma(r7[k], zk, a7)
#define STORE_ROWS(acc) \
    (acc)[0][i] = a0, (acc)[1][i] = a1, (acc)[2][i] = a2, (acc)[3][i] = a3, \
    (acc)[4][i] = a4, (acc)[5][i] = a5, (acc)[6][i] = a6, (acc)[7][i] = a7

/* acc[r] += sum over k < end of row[r][k] z[k] */
static void add_rows(size_t end, const double *const row[ROWS], const double *restrict z,
                     double acc[ROWS][TILE])
{
    ROW_POINTERS(row);
    for (size_t i = 0; i < TILE; i++) {
        LOAD_ROWS(acc);
        for (size_t k = 0; k < end; k++)
            ADD_COLUMN(k, z[k * TILE + i]);
        STORE_ROWS(acc);
    }
}

/* acc[r] -= sum over k < end of row[r][k] z[k] */
static void subtract_rows(size_t end, const double *const row[ROWS], const double *restrict z,
                          double acc[ROWS][TILE])
{
    ROW_POINTERS(row);
    for (size_t i = 0; i < TILE; i++) {
        LOAD_ROWS(acc);
        for (size_t k = 0; k < end; k++)
            ADD_COLUMN(k, -z[k * TILE + i]);
        STORE_ROWS(acc);
    }
}

/* acc becomes T^-1 acc, T the triangle of ROWS rows that starts at column j. */
static void solve_triangle(size_t j, const double *const row[ROWS], double acc[ROWS][TILE])
{
    const double *t[ROWS];
    double inverse[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        t[r] = row[r] + j;
        inverse[r] = 1.0 / t[r][r];
    }
    for (size_t i = 0; i < TILE; i++) {
        LOAD_ROWS(acc);
        a0 *= inverse[0];
        a1 = fma(-t[1][0], a0, a1) * inverse[1];
        a2 = fma(-t[2][1], a1, fma(-t[2][0], a0, a2)) * inverse[2];
        a3 = fma(-t[3][1], a1, fma(-t[3][0], a0, a3));
        a3 = fma(-t[3][2], a2, a3) * inverse[3];
        a4 = fma(-t[4][1], a1, fma(-t[4][0], a0, a4));
        a4 = fma(-t[4][3], a3, fma(-t[4][2], a2, a4)) * inverse[4];
        a5 = fma(-t[5][1], a1, fma(-t[5][0], a0, a5));
        a5 = fma(-t[5][3], a3, fma(-t[5][2], a2, a5));
        a5 = fma(-t[5][4], a4, a5) * inverse[5];
        a6 = fma(-t[6][1], a1, fma(-t[6][0], a0, a6));
        a6 = fma(-t[6][3], a3, fma(-t[6][2], a2, a6));
        a6 = fma(-t[6][5], a5, fma(-t[6][4], a4, a6)) * inverse[6];
        a7 = fma(-t[7][1], a1, fma(-t[7][0], a0, a7));
        a7 = fma(-t[7][3], a3, fma(-t[7][2], a2, a7));
        a7 = fma(-t[7][5], a5, fma(-t[7][4], a4, a7));
        a7 = fma(-t[7][6], a6, a7) * inverse[7];
        STORE_ROWS(acc);
    }
}

/* y = start + sum over k < count of row[k] z[k], for one row. */
static void multiply_row(size_t count, const double *restrict row, const double *restrict z,
                         const double *restrict start, double *restrict y)
{
    for (size_t i = 0; i < TILE; i++) {
        double sum = start[i];
        for (size_t k = 0; k < count; k++)
            sum = fma(row[k], z[k * TILE + i], sum);
        y[i] = sum;
    }
}

/* y = (start - sum over k < count of row[k] z[k]) / row[count], for one row. */
static void solve_row(size_t count, const double *restrict row, const double *restrict z,
                      const double *restrict start, double *restrict y)
{
    const double inverse = 1.0 / row[count];
    for (size_t i = 0; i < TILE; i++) {
        double sum = start[i];
        for (size_t k = 0; k < count; k++)
            sum = fma(-row[k], z[k * TILE + i], sum);
        y[i] = sum * inverse;
    }
}

/* The rows of the triangle from j on; where fewer than ROWS are left the last stands in, unused. */
static size_t block_rows(size_t d, const double *l, size_t j, const double *row[ROWS])
{
    const size_t rows = d - j < ROWS ? d - j : ROWS;
    for (size_t r = 0; r < ROWS; r++)
        row[r] = l + klf_packed(j + (r < rows ? r : rows - 1), 0);
    return rows;
}

/* y = L z on one tile: both (d, TILE). */
static void multiply_tile(size_t d, const double *restrict l, const double *restrict z,
                          double *restrict y)
{
    const double *row[ROWS];
    double acc[ROWS][TILE];
    for (size_t j = 0; j < d; j += ROWS) {
        const size_t rows = block_rows(d, l, j, row);
        memset(acc, 0, (j > 0 ? ROWS : rows) * sizeof acc[0]);
        if (j > 0)
            add_rows(j, row, z, acc); /* also of rows not wanted: they are not looked at */
        for (size_t r = 0; r < rows; r++)
            multiply_row(r + 1, row[r] + j, z + j * TILE, acc[r], y + (j + r) * TILE);
    }
}

/* y becomes L^-1 y on one tile. */
static void solve_tile(size_t d, const double *restrict l, double *y)
{
    const double *row[ROWS];
    double acc[ROWS][TILE];
    for (size_t j = 0; j < d; j += ROWS) {
        const size_t rows = block_rows(d, l, j, row);
        memset(acc, 0, j > 0 && rows < ROWS ? sizeof acc : 0); /* the rows not wanted too */
        memcpy(acc, y + j * TILE, rows * sizeof acc[0]);
        if (j > 0)
            subtract_rows(j, row, y, acc);
        if (rows == ROWS) {
            solve_triangle(j, row, acc);
            memcpy(y + j * TILE, acc, sizeof acc);
            continue;
        }
        for (size_t r = 0; r < rows; r++)
            solve_row(r, row[r] + j, y + j * TILE, acc[r], y + (j + r) * TILE);
    }
}

/* One tile of x, row-major, to z = L^-1 (x - mean), coordinate by coordinate; missing samples of
 * the last tile are 0. */
static void standardise_tile(size_t d, const double *constants, size_t count,
                             const double *restrict x, double *restrict z)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < d; j++)
            z[j * TILE + i] = x[i * d + j] - constants[j];
    for (size_t i = count; i < TILE; i++)
        for (size_t j = 0; j < d; j++)
            z[j * TILE + i] = 0.0;
    solve_tile(d, factor(d, constants), z);
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

/* Standard normal deviates of one tile to samples: mean + L z, row-major. */
static void place_tile(size_t d, const double *constants, size_t count, const double *restrict z,
                       double *restrict y, double *restrict x)
{
    multiply_tile(d, factor(d, constants), z, y);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < TILE; i++)
            y[j * TILE + i] = klf_clamp_finite(constants[j] + y[j * TILE + i]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < d; j++)
            x[i * d + j] = y[j * TILE + i];
}

static void sample(size_t d, const double *constants, const double *table, klf_stream stream,
                   uint64_t block, size_t n, double *restrict x, double *restrict work)
{
    (void)table;
    const klf_key key = klf_stream_key(stream, KLF_PURPOSE_SAMPLES);
    const size_t sample_tiles = (n + TILE - 1) / TILE;
    const size_t normals = sample_tiles * TILE * d;
    double *restrict z = work, *restrict y = work + d * KLF_BLOCK + KLF_TILE;
    klf_fill_normals(&key, block, 0, (normals + KLF_TILE - 1) / KLF_TILE, z);
    for (size_t t = 0; t < sample_tiles; t++) {
        const size_t start = t * TILE, count = n - start < TILE ? n - start : TILE;
        place_tile(d, constants, count, z + start * d, y, x + start * d);
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
    for (size_t i = 0; i < n; i++) {
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
        standardise_tile(d, constants, count, x + start * d, work);
        tile_log_density(d, constants, count, work, log_p + start);
        settle_infinite(d, count, x + start * d, log_p + start, NULL);
    }
}

static void tile_score(size_t d, size_t count, const double *restrict z, double *restrict s)
{
    double *restrict quadratic = s + d * KLF_ROW;
    for (size_t j = 0; j < d; j++) {
        for (size_t i = 0; i < count; i++)
            s[j * KLF_ROW + i] = z[j * TILE + i];
        for (size_t k = 0; k < j; k++)
            for (size_t i = 0; i < count; i++)
                quadratic[klf_packed(j, k) * KLF_ROW + i] = z[j * TILE + i] * z[k * TILE + i];
        for (size_t i = 0; i < count; i++)
            quadratic[klf_packed(j, j) * KLF_ROW + i] =
                fma(z[j * TILE + i], z[j * TILE + i], -1.0) * (1.0 / KLF_SQRT2);
    }
}

static void score(size_t d, const double *constants, size_t n, const double *restrict x,
                  double *restrict log_p, double *restrict s, double *restrict work)
{
    for (size_t start = 0; start < n; start += TILE) {
        const size_t count = n - start < TILE ? n - start : TILE;
        standardise_tile(d, constants, count, x + start * d, work);
        double own[TILE];
        double *density = log_p ? log_p + start : own;
        tile_log_density(d, constants, count, work, density);
        tile_score(d, count, work, s + start);
        settle_infinite(d, count, x + start * d, density, s + start);
    }
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
    for (size_t start = 0; start < n; start += TILE) {
        const size_t count = n - start < TILE ? n - start : TILE;
        standardise_tile(d, constants, count, x + start * d, y);
        for (size_t j = 0; j < d; j++)
            memcpy(rows + j * KLF_ROW + start, y + j * TILE, count * sizeof *y);
        for (size_t i = 0; i < TILE; i++)
            for (size_t j = 0; j < d; j++)
                g[j * TILE + i] = i < count ? gradient[(start + i) * d + j] : 0.0;
        multiply_transposed_tile(d, factor(d, constants), g, y);
        for (size_t j = 0; j < d; j++)
            memcpy(rows + (d + j) * KLF_ROW + start, y + j * TILE, count * sizeof *y);
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
    .from_words = from_words,
    KLF_FUNCTIONS,
};
