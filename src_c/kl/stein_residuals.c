/* stein_residuals.c -- what a step by gradients of log q leaves of them: see stein.c. */
#include <math.h>

#include "../families/packed_cholesky.h"
#include "kernels.h"

static const double SQRT2 = 0x1.6a09e667f3bcdp+0;

/* Row i of S times z, for every point. */
static void curvature(size_t d, size_t i, size_t n, const double *restrict z,
                      const double *restrict quadratic, double *restrict out)
{
    for (size_t t = 0; t < n; t++)
        out[t] = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double s = i == j ? SQRT2 * quadratic[klf_packed(i, i)]
                                : quadratic[i > j ? klf_packed(i, j) : klf_packed(j, i)];
        for (size_t t = 0; t < n; t++)
            out[t] = fma(s, z[j * KLF_ROW + t], out[t]);
    }
}

void KLF_LEVEL_SYMBOL(klf_stein_residuals)(size_t d, size_t n, const double *restrict rows,
                                           const double *restrict direction,
                                           double *restrict fitted, double *restrict noise)
{
    double curve[KLF_BLOCK], along[KLF_BLOCK] = {0.0}, size[KLF_BLOCK] = {0.0};
    const double *quadratic = direction + d;
    for (size_t t = 0; t < n; t++)
        fitted[t] = noise[t] = 0.0;
    for (size_t i = 0; i < d; i++) {
        const double *z = rows + i * KLF_ROW, *h = rows + (d + i) * KLF_ROW;
        const double c = direction[i], trace = SQRT2 * quadratic[klf_packed(i, i)];
        curvature(d, i, n, rows, quadratic, curve);
        for (size_t t = 0; t < n; t++) {
            const double e = h[t] - c - curve[t];
            fitted[t] += c * z[t] + 0.5 * (curve[t] * z[t] - trace);
            noise[t] = fma(e, e, noise[t]);
            along[t] = fma(e, z[t], along[t]);
            size[t] = fma(z[t], z[t], size[t]);
        }
    }
    for (size_t t = 0; t < n; t++)
        noise[t] = sqrt(noise[t] + 0.25 * (noise[t] * size[t] + along[t] * along[t]));
}
