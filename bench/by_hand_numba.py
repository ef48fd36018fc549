"""What one writes by hand in Numba: plain loops; fastmath only where the name says so."""

from __future__ import annotations

import math

import numba
import numpy as np

LOG_2PI = math.log(2.0 * math.pi)


@numba.njit
def draw_normal(rng, out):
    for i in range(out.size):
        out[i] = rng.standard_normal()


@numba.njit
def draw_gamma(rng, shape, out):
    for i in range(out.size):
        out[i] = rng.standard_gamma(shape)


@numba.njit
def draw_poisson(rng, rate, out):
    for i in range(out.size):
        out[i] = rng.poisson(rate)


@numba.njit
def draw_exponential(rng, out):
    for i in range(out.size):
        out[i] = rng.standard_exponential()


@numba.njit
def draw_beta(rng, a, b, out):
    for i in range(out.size):
        out[i] = rng.beta(a, b)


@numba.njit
def draw_binomial(rng, probability, trials, out):
    for i in range(out.size):
        out[i] = rng.binomial(trials, probability)


@numba.njit
def draw_bernoulli(rng, probability, out):
    for i in range(out.size):
        out[i] = rng.random() < probability


@numba.njit
def draw_geometric(rng, probability, out):
    for i in range(out.size):
        out[i] = rng.geometric(probability) - 1


@numba.njit
def draw_von_mises(rng, loc, concentration, out):
    """Best and Fisher's rejection from a wrapped Cauchy: Numba's generator has no such method."""
    tau = 1.0 + math.sqrt(1.0 + 4.0 * concentration * concentration)
    rho = (tau - math.sqrt(2.0 * tau)) / (2.0 * concentration)
    r = (1.0 + rho * rho) / (2.0 * rho)
    for i in range(out.size):
        while True:
            z = math.cos(math.pi * rng.random())
            f = (1.0 + r * z) / (r + z)
            c = concentration * (r - f)
            u = rng.random()
            if c * (2.0 - c) > u or math.log(c / u) + 1.0 >= c:
                break
        angle = math.acos(f) if rng.random() < 0.5 else -math.acos(f)
        out[i] = (loc + angle + math.pi) % (2.0 * math.pi) - math.pi


@numba.njit(fastmath=True)
def normal_log_density_fast(x, loc, scale, out):
    constant = -math.log(scale) - 0.5 * LOG_2PI
    inverse = 1.0 / scale
    for i in range(x.size):
        z = (x[i] - loc) * inverse
        out[i] = constant - 0.5 * z * z


@numba.njit
def gamma_log_density(x, shape, rate, out):
    constant = shape * math.log(rate) - math.lgamma(shape)
    for i in range(x.size):
        out[i] = constant + (shape - 1.0) * math.log(x[i]) - rate * x[i]


@numba.njit
def poisson_log_density(x, rate, out):
    log_rate = math.log(rate)
    for i in range(x.size):
        out[i] = x[i] * log_rate - rate - math.lgamma(x[i] + 1.0)


@numba.njit
def beta_log_density(x, a, b, out):
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for i in range(x.size):
        out[i] = constant + (a - 1.0) * math.log(x[i]) + (b - 1.0) * math.log1p(-x[i])


@numba.njit
def binomial_log_density(x, probability, trials, out):
    log_odds = math.log(probability) - math.log1p(-probability)
    constant = math.lgamma(trials + 1.0) + trials * math.log1p(-probability)
    for i in range(x.size):
        out[i] = constant + x[i] * log_odds - math.lgamma(x[i] + 1.0) \
            - math.lgamma(trials - x[i] + 1.0)


@numba.njit
def von_mises_log_density(x, loc, concentration, out):
    term, bessel, k = 1.0, 1.0, 0
    while term > 1e-17 * bessel:
        k += 1
        term *= (0.5 * concentration / k) ** 2
        bessel += term
    constant = math.log(2.0 * math.pi * bessel)
    for i in range(x.size):
        out[i] = concentration * math.cos(x[i] - loc) - constant


@numba.njit
def beta_log_density_each(x, a, b, out):
    for i in range(x.size):
        constant = math.lgamma(a[i] + b[i]) - math.lgamma(a[i]) - math.lgamma(b[i])
        out[i] = constant + (a[i] - 1.0) * math.log(x[i]) + (b[i] - 1.0) * math.log1p(-x[i])


@numba.njit
def gamma_log_density_each(x, shape, rate, out):
    for i in range(x.size):
        a, b = shape[i], rate[i]
        out[i] = a * math.log(b) - math.lgamma(a) + (a - 1.0) * math.log(x[i]) - b * x[i]


@numba.njit
def poisson_log_density_each(x, rate, out):
    for i in range(x.size):
        out[i] = x[i] * math.log(rate[i]) - rate[i] - math.lgamma(x[i] + 1.0)


@numba.njit(fastmath=True)
def normal_score_fast(x, loc, scale):
    inverse = 1.0 / scale
    first, second = 0.0, 0.0
    for i in range(x.size):
        z = (x[i] - loc) * inverse
        first += z
        second += z * z
    return first * inverse, (second - x.size) * inverse


@numba.njit
def digamma(x):
    shift = 0.0
    while x < 10.0:
        shift -= 1.0 / x
        x += 1.0
    w = 1.0 / (x * x)
    series = 1.0 / 252.0 - w * (1.0 / 240.0 - w / 132.0)
    series = w * (1.0 / 12.0 - w * (1.0 / 120.0 - w * series))
    return shift + math.log(x) - 0.5 / x - series


@numba.njit
def trigamma(x):
    shift = 0.0
    while x < 10.0:
        shift += 1.0 / (x * x)
        x += 1.0
    w = 1.0 / (x * x)
    series = 1.0 / 42.0 - w * (1.0 / 30.0 - w * 5.0 / 66.0)
    series = w * (1.0 / 6.0 - w * (1.0 / 30.0 - w * series))
    return shift + 1.0 / x + 0.5 * w + series / x


@numba.njit
def gamma_score(x, shape, rate):
    logs, total = 0.0, 0.0
    for i in range(x.size):
        logs += math.log(x[i])
        total += x[i]
    n = x.size
    return logs + n * (math.log(rate) - digamma(shape)), n * shape / rate - total


@numba.njit
def beta_score(x, a, b):
    first, second = 0.0, 0.0
    for i in range(x.size):
        first += math.log(x[i])
        second += math.log1p(-x[i])
    n, both = x.size, digamma(a + b)
    return first + n * (both - digamma(a)), second + n * (both - digamma(b))


@numba.njit
def mvn_score(x, mean, inverse):
    n, d = x.shape
    first, second, z = np.zeros(d), np.zeros((d, d)), np.empty(d)
    for i in range(n):
        for j in range(d):
            total = 0.0
            for k in range(j + 1):
                total += inverse[j, k] * (x[i, k] - mean[k])
            z[j] = total
        for j in range(d):
            first[j] += z[j]
            for k in range(j + 1):
                second[j, k] += z[j] * z[k]
    return first, second


@numba.njit
def gamma_fit(x):
    logs, total = 0.0, 0.0
    for i in range(x.size):
        logs += math.log(x[i])
        total += x[i]
    mean = total / x.size
    s = math.log(mean) - logs / x.size
    a = (3.0 - s + math.sqrt((s - 3.0) ** 2 + 24.0 * s)) / (12.0 * s)
    for _ in range(4):
        a -= (math.log(a) - digamma(a) - s) / (1.0 / a - trigamma(a))
    return a, a / mean


@numba.njit
def gamma_fits(rows, out):
    for i in range(rows.shape[0]):
        out[i, 0], out[i, 1] = gamma_fit(rows[i])


@numba.njit
def forward_gamma(rng, u0, u1, data, batch, steps, rate):
    for _ in range(steps):
        a, b = math.exp(u0), math.exp(u1)
        logs, total = 0.0, 0.0
        for _ in range(batch):
            x = data[rng.integers(0, data.size)]
            logs += math.log(x)
            total += x
        first = a * (logs / batch + u1 - digamma(a))
        u1 += rate * (a - b * total / batch)
        u0 += rate * first
    return u0, u1


@numba.njit
def reverse_normal(rng, u0, u1, weights, locs, scales, samples, steps, rate):
    """The target is a mixture of one Normal or two."""
    logs = np.log(weights) - np.log(scales) - 0.5 * LOG_2PI
    for _ in range(steps):
        scale = math.exp(u1)
        r_sum, s0, s1, sr0, sr1 = 0.0, 0.0, 0.0, 0.0, 0.0
        for _ in range(samples):
            z = rng.standard_normal()
            x = u0 + scale * z
            a = (x - locs[0]) / scales[0]
            log_q = logs[0] - 0.5 * a * a
            if len(locs) == 2:
                b = (x - locs[1]) / scales[1]
                other = logs[1] - 0.5 * b * b
                high, low = max(log_q, other), min(log_q, other)
                log_q = high + math.log1p(math.exp(low - high))
            r = -0.5 * z * z - u1 - 0.5 * LOG_2PI - log_q
            t = z * z - 1.0
            r_sum += r
            s0 += z
            s1 += t
            sr0 += z * r
            sr1 += t * r
        u0 -= rate * (sr0 - s0 * r_sum / samples) / (scale * (samples - 1))
        u1 -= rate * (sr1 - s1 * r_sum / samples) / (samples - 1)
    return u0, u1


@numba.njit
def reverse_mvn(rng, mean, factor, q_mean, q_inverse, q_constant, samples, steps, rate):
    d = mean.size
    mean, factor = mean.copy(), factor.copy()
    z, x = np.empty(d), np.empty(d)
    for _ in range(steps):
        r_sum = 0.0
        s0, s1 = np.zeros(d), np.zeros((d, d))
        sr0, sr1 = np.zeros(d), np.zeros((d, d))
        log_det = 0.0
        for j in range(d):
            log_det += math.log(factor[j, j])
        for _ in range(samples):
            square = 0.0
            for j in range(d):
                z[j] = rng.standard_normal()
                square += z[j] * z[j]
            for j in range(d):
                total = mean[j]
                for k in range(j + 1):
                    total += factor[j, k] * z[k]
                x[j] = total - q_mean[j]
            q_square = 0.0
            for j in range(d):
                total = 0.0
                for k in range(j + 1):
                    total += q_inverse[j, k] * x[k]
                q_square += total * total
            r = -0.5 * square - log_det - 0.5 * d * LOG_2PI - q_constant + 0.5 * q_square
            r_sum += r
            for j in range(d):
                s0[j] += z[j]
                sr0[j] += z[j] * r
                for k in range(j + 1):
                    product = z[j] * z[k]
                    s1[j, k] += product
                    sr1[j, k] += product * r
        g0 = (sr0 - s0 * (r_sum / samples)) / (samples - 1)
        g1 = (sr1 - s1 * (r_sum / samples)) / (samples - 1)
        g1 = g1 + np.tril(g1, -1).T
        inverse = np.linalg.inv(factor).T.copy()
        mean -= rate * (inverse @ g0)
        by_factor = inverse @ g1
        for j in range(d):
            for k in range(j):
                factor[j, k] -= rate * by_factor[j, k]
            factor[j, j] *= math.exp(-rate * by_factor[j, j] * factor[j, j])
    return mean, factor
