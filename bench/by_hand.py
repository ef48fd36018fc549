"""What one writes by hand in NumPy: the peers that have no library function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]
LOG_2PI = float(np.log(2.0 * np.pi))


# ---- Every family: one line each, for one member or arrays of parameters ----

exp, log, log1p, sqrt = np.exp, np.log, np.log1p, np.sqrt
expm1, gammaln, digamma, kve = special.expm1, special.gammaln, special.digamma, special.kve

LOG_DENSITY: dict[str, Callable[..., Any]] = {
    "Normal": lambda x, m, s: -0.5 * ((x - m) / s) ** 2 - log(s) - 0.5 * LOG_2PI,
    "LogNormal": lambda x, m, s:
        -0.5 * (((y := log(x)) - m) / s) ** 2 - y - log(s) - 0.5 * LOG_2PI,
    "HalfNormal": lambda x, s: -0.5 * (x / s) ** 2 - log(s) + 0.5 * log(2.0 / np.pi),
    "Exponential": lambda x, r: log(r) - r * x,
    "Gamma": lambda x, a, r: (a - 1.0) * log(x) - r * x + (a * log(r) - gammaln(a)),
    "InverseGamma": lambda x, a, s: (-a - 1.0) * log(x) - s / x + (a * log(s) - gammaln(a)),
    "ChiSquare": lambda x, k:
        (0.5 * k - 1.0) * log(x) - 0.5 * x - (0.5 * k * log(2.0) + gammaln(0.5 * k)),
    "Chi": lambda x, k:
        (k - 1.0) * log(x) - 0.5 * x * x - ((0.5 * k - 1.0) * log(2.0) + gammaln(0.5 * k)),
    "Beta": lambda x, a, b: (a - 1.0) * log(x) + (b - 1.0) * log1p(-x) - special.betaln(a, b),
    "BetaPrime": lambda x, a, b: (a - 1.0) * log(x) - (a + b) * log1p(x) - special.betaln(a, b),
    "Laplace": lambda x, s, c: -abs(x - c) / s - log(2.0 * s),
    "Weibull": lambda x, s, k: (k - 1.0) * log(z := x / s) - z**k + log(k / s),
    "Pareto": lambda x, a, m: (-a - 1.0) * log(x) + (log(a) + a * log(m)),
    "Rayleigh": lambda x, s: log(x) - 0.5 * (x / s) ** 2 - 2.0 * log(s),
    "Maxwell": lambda x, s:
        2.0 * log(x) - 0.5 * (x / s) ** 2 + (0.5 * log(2.0 / np.pi) - 3.0 * log(s)),
    "Nakagami": lambda x, w, k:
        (2.0 * k - 1.0) * log(x) - k / w * x * x + (log(2.0) + k * log(k / w) - gammaln(k)),
    "Gumbel": lambda x, m, s: -(z := (x - m) / s) - exp(-z) - log(s),
    "InverseGaussian": lambda x, m, k:
        -1.5 * log(x) - 0.5 * k / m**2 * (x - m) ** 2 / x + (0.5 * log(k) - 0.5 * LOG_2PI),
    "GeneralizedInverseGaussian": lambda x, p, a, b:
        (p - 1.0) * log(x) - 0.5 * (a * x + b / x)
        + (0.5 * p * log(a / b) - log(2.0 * kve(p, w := sqrt(a * b))) + w),
    "VonMises": lambda x, m, k: k * np.cos(x - m) - (k + log(2.0 * np.pi * special.i0e(k))),
    "ContinuousBernoulli": lambda x, t: t * x - log(expm1(t) / t),
    "Bernoulli": lambda x, p: x * log(p) + (1.0 - x) * log1p(-p),
    "Binomial": lambda x, p, n:
        x * log(p) + (n - x) * log1p(-p) + gammaln(n + 1.0) - gammaln(x + 1.0)
        - gammaln(n - x + 1.0),
    "Geometric": lambda x, p: log(p) + x * log1p(-p),
    "NegativeBinomial": lambda x, p, r:
        gammaln(x + r) - gammaln(x + 1.0) + x * log1p(-p) + (r * log(p) - gammaln(r)),
    "Poisson": lambda x, r: x * log(r) - r - gammaln(x + 1.0),
    "ZeroTruncatedPoisson": lambda x, r: x * log(r) - gammaln(x + 1.0) - log(expm1(r)),
    "Logarithmic": lambda x, p: x * log(p) - log(x) - log(-log1p(-p)),
    "Zipf": lambda x, s: -s * log(x) - log(special.zeta(s)),
}
"""By class name; x, then klfast's parameters in their order."""


def _pair(a: Any, b: Any, total: Any, first: Array, second: Array) -> tuple[Any, Any]:
    return first + (total - digamma(a)), second + (total - digamma(b))


def _generalized(x: Array, p: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    w = sqrt(a * b)
    middle, step = kve(p, w), 1e-5
    ratio, both = kve(p + 1.0, w) / middle, sqrt(b / a)
    mean_log = (log(kve(p + step, w)) - log(kve(p - step, w))) / (2.0 * step) + log(both)
    return log(x) - mean_log, 0.5 * (both * ratio - x), 0.5 * (ratio / both - 2.0 * p / b - 1.0 / x)


def _log_zeta_slope(s: Any, step: float = 1e-5) -> Any:
    return log(special.zeta(s + step) / special.zeta(s - step)) / (2.0 * step)


SCORE: dict[str, Callable[..., Any]] = {
    "Normal": lambda x, m, s: ((z := (x - m) / s) / s, (z * z - 1.0) / s),
    "LogNormal": lambda x, m, s: ((z := (log(x) - m) / s) / s, (z * z - 1.0) / s),
    "HalfNormal": lambda x, s: ((x / s) ** 2 - 1.0) / s,
    "Exponential": lambda x, r: 1.0 / r - x,
    "Gamma": lambda x, a, r: (log(x) + (log(r) - digamma(a)), a / r - x),
    "InverseGamma": lambda x, a, s: ((log(s) - digamma(a)) - log(x), a / s - 1.0 / x),
    "ChiSquare": lambda x, k: 0.5 * (log(x) - (log(2.0) + digamma(0.5 * k))),
    "Chi": lambda x, k: log(x) - 0.5 * (log(2.0) + digamma(0.5 * k)),
    "Beta": lambda x, a, b: _pair(a, b, digamma(a + b), log(x), log1p(-x)),
    "BetaPrime": lambda x, a, b:
        _pair(a, b, digamma(a + b), log(x) - (y := log1p(x)), -y),
    "Laplace": lambda x, s, c: (abs(x - c) / s - 1.0) / s,
    "Weibull": lambda x, s, k: k * ((x / s) ** k - 1.0) / s,
    "Pareto": lambda x, a, m: (1.0 / a + log(m)) - log(x),
    "Rayleigh": lambda x, s: ((x / s) ** 2 - 2.0) / s,
    "Maxwell": lambda x, s: ((x / s) ** 2 - 3.0) / s,
    "Nakagami": lambda x, w, k: k * (x * x / w - 1.0) / w,
    "Gumbel": lambda x, m, s: (1.0 - exp((m - x) / s)) / s,
    "InverseGaussian": lambda x, m, k:
        (k * (y := x - m) / m**3, 0.5 / k - 0.5 / m**2 * (y * y / x)),
    "GeneralizedInverseGaussian": _generalized,
    "VonMises": lambda x, m, k:
        (k * np.sin(x - m), np.cos(x - m) - special.i1e(k) / special.i0e(k)),
    "ContinuousBernoulli": lambda x, t: x + (1.0 / expm1(-t) + 1.0 / t),
    "Bernoulli": lambda x, p: (x - p) / (p * (1.0 - p)),
    "Binomial": lambda x, p, n: (x - n * p) / (p * (1.0 - p)),
    "Geometric": lambda x, p: 1.0 / p - x / (1.0 - p),
    "NegativeBinomial": lambda x, p, r: r / p - x / (1.0 - p),
    "Poisson": lambda x, r: x / r - 1.0,
    "ZeroTruncatedPoisson": lambda x, r: x / r + 1.0 / expm1(-r),
    "Logarithmic": lambda x, p: x / p + 1.0 / ((1.0 - p) * log1p(-p)),
    "Zipf": lambda x, s: -log(x) - _log_zeta_slope(s),
}
"""By class name; by the parameters that are not fixed, point by point."""


# ---- Log-densities without needless temporaries ----

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


def beta_log_density(x: Array, a: Any, b: Any, out: Array) -> Array:
    np.negative(x, out=out)
    np.log1p(out, out=out)
    out *= b - 1.0
    out += (a - 1.0) * np.log(x)
    out -= special.betaln(a, b)
    return out


def binomial_log_density(x: Array, probability: float, trials: int, out: Array) -> Array:
    np.add(x, 1.0, out=out)
    special.gammaln(out, out=out)
    out += special.gammaln((trials + 1.0) - x)
    np.subtract(x * special.logit(probability), out, out=out)
    out += special.gammaln(trials + 1.0) + trials * np.log1p(-probability)
    return out


def von_mises_log_density(x: Array, loc: float, concentration: float, out: Array) -> Array:
    np.subtract(x, loc, out=out)
    np.cos(out, out=out)
    out *= concentration
    out -= concentration + np.log(2.0 * np.pi * special.i0e(concentration))
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


def beta_score(x: Array, a: float, b: float, work: Array) -> tuple[float, float]:
    np.log(x, out=work)
    first = work.sum()
    np.negative(x, out=work)
    np.log1p(work, out=work)
    n, both = len(x), special.digamma(a + b)
    return (first + n * (both - special.digamma(a)),
            work.sum() + n * (both - special.digamma(b)))


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
