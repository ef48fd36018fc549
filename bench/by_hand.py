"""What one writes by hand in NumPy: the peers that have no library function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]
LOG_2PI = float(np.log(2.0 * np.pi))


# ---- Log-densities ----

def normal_log_density(x: Array, loc: Any, scale: Any, out: Array) -> Array:
    np.subtract(x, loc, out=out)
    out *= 1.0 / scale
    np.multiply(out, out, out=out)
    out *= -0.5
    out += -np.log(scale) - 0.5 * LOG_2PI
    return out


def gamma_log_density(x: Array, shape: Any, rate: Any, out: Array) -> Array:
    np.log(x, out=out)
    out *= shape - 1.0
    out -= rate * x
    out += shape * np.log(rate) - special.gammaln(shape)
    return out


def poisson_log_density(x: Array, rate: Any, out: Array) -> Array:
    np.add(x, 1.0, out=out)
    special.gammaln(out, out=out)
    np.subtract(x * np.log(rate), out, out=out)
    out -= rate
    return out


def mvn_log_density(x: Array, mean: Array, inverse: Array, constant: float) -> Array:
    z = (x - mean) @ inverse.T
    return constant - 0.5 * np.einsum("ij,ij->i", z, z)


# ---- Sums of scores ----

def normal_score(x: Array, loc: float, scale: float, work: Array) -> tuple[float, float]:
    np.subtract(x, loc, out=work)
    work *= 1.0 / scale
    return work.sum() / scale, (np.dot(work, work) - len(x)) / scale


def gamma_score(x: Array, shape: float, rate: float, work: Array) -> tuple[float, float]:
    np.log(x, out=work)
    n = len(x)
    return work.sum() + n * (np.log(rate) - special.digamma(shape)), n * shape / rate - x.sum()


def mvn_score(x: Array, mean: Array, inverse: Array) -> tuple[Array, Array]:
    z = (x - mean) @ inverse.T
    return inverse.T @ z.sum(axis=0), inverse.T @ (z.T @ z - len(x) * np.eye(len(mean))) @ inverse


# ---- Reverse steps, in (loc, log scale), with the leave-one-out baseline ----

def reverse_normal(
    rng: np.random.Generator, u: Array, log_q: Callable[[Array], Array], samples: int,
    steps: int, rate: float,
) -> Array:
    z = np.empty(samples)
    for _ in range(steps):
        scale = np.exp(u[1])
        rng.standard_normal(out=z)
        x = u[0] + scale * z
        r = -0.5 * z * z - u[1] - 0.5 * LOG_2PI - log_q(x)
        r -= r.mean()
        gradient = np.array([np.dot(z, r) / scale, np.dot(z * z - 1.0, r)]) / (samples - 1)
        u = u - rate * gradient
    return u


def normal_target(loc: float, scale: float) -> Callable[[Array], Array]:
    constant = -np.log(scale) - 0.5 * LOG_2PI
    return lambda x: -0.5 * ((x - loc) / scale) ** 2 + constant


def mixture_target(weights: Array, locs: Array, scales: Array) -> Callable[[Array], Array]:
    first, second = (normal_target(m, s) for m, s in zip(locs, scales, strict=True))
    a, b = np.log(weights)
    return lambda x: np.logaddexp(a + first(x), b + second(x))


def reverse_mvn(
    rng: np.random.Generator, mean: Array, factor: Array, target: tuple[Array, Array, float],
    samples: int, steps: int, rate: float,
) -> tuple[Array, Array]:
    """In the mean and the Cholesky factor, its diagonal by its logarithm."""
    d = len(mean)
    factor = factor.copy()
    z = np.empty((samples, d))
    diagonal = np.arange(d)
    for _ in range(steps):
        rng.standard_normal(out=z)
        x = mean + z @ factor.T
        log_p = -0.5 * np.einsum("ij,ij->i", z, z) - np.log(np.diag(factor)).sum()
        r = log_p - 0.5 * d * LOG_2PI - mvn_log_density(x, *target)
        r -= r.mean()
        inverse = np.linalg.inv(factor)
        zr = z * r[:, None]
        by_mean = inverse.T @ zr.sum(axis=0) / (samples - 1)
        by_factor = np.tril(inverse.T @ (zr.T @ z)) / (samples - 1)
        mean = mean - rate * by_mean
        log_diagonal = np.log(np.diag(factor)) - rate * np.diag(by_factor) * np.diag(factor)
        factor -= rate * by_factor
        factor[diagonal, diagonal] = np.exp(log_diagonal)
    return mean, factor


# ---- Maximum likelihood of the Gamma family ----

def gamma_fit(x: Array, work: Array | None = None) -> tuple[float, float]:
    mean = x.mean()
    s = np.log(mean) - np.log(x, out=work).mean()
    a = (3.0 - s + np.sqrt((s - 3.0) ** 2 + 24.0 * s)) / (12.0 * s)
    for _ in range(4):
        value = np.log(a) - special.digamma(a) - s
        a -= value / (1.0 / a - special.polygamma(1, a))
    return a, a / mean


def gamma_fits(rows: Array) -> tuple[Array, Array]:
    mean = rows.mean(axis=1)
    s = np.log(mean) - np.log(rows).mean(axis=1)
    a = (3.0 - s + np.sqrt((s - 3.0) ** 2 + 24.0 * s)) / (12.0 * s)
    for _ in range(4):
        value = np.log(a) - special.digamma(a) - s
        a -= value / (1.0 / a - special.polygamma(1, a))
    return a, a / mean


def forward_gamma(
    rng: np.random.Generator, u: Array, data: Array, batch: int, steps: int, rate: float
) -> Array:
    """In (log shape, log rate), by natural steps on random mini-batches."""
    for _ in range(steps):
        x = data[rng.integers(0, len(data), batch)]
        a, b = np.exp(u)
        gradient = np.array([
            a * (np.log(x).mean() + u[1] - special.digamma(a)), a - b * x.mean()
        ])
        u = u + rate * gradient
    return u
