"""Targets of `evaluations.py`: log q in NumPy and JAX, and the divergence without sampling error.

The divergence of a Normal from a target whose log-density is a sum of functions of projections of x
is a sum of one-dimensional Gauss-Hermite quadratures, whatever the dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

import klfast as kf

Array = NDArray[np.float64]
LogDensity = Callable[[Any, Any], Any]

LOG_TURN = math.log(2.0 * math.pi)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True)
class Target:
    """A target, the member that the fits start at, and what is known.

    log_q: of points (n,) or (n, d), by the array module that is the second argument; divergence: of
    a member, up to a constant that is the same for all; least: its minimum, None to look for it;
    note: what explains a result; gradient: of log q, in NumPy.
    """

    name: str
    start: Any
    log_q: LogDensity
    divergence: Callable[[Any], float]
    least: float | None = None
    note: str = ""
    gradient: Callable[[Array], Array] | None = None

    @property
    def dimension(self) -> int:
        """Of x; 0 for numbers."""
        return self.start.event_shape[0] if self.start.event_shape else 0

    @cached_property
    def _least(self) -> float:
        return self._look() if self.least is None else self.least

    def _look(self) -> float:
        """The minimum: a long fit, and BFGS on the divergence from there."""
        family, d = type(self.start), max(self.dimension, 1)
        reached = kf.minimize_reverse_kl(
            self.start, lambda x: self.log_q(x, np), tolerance=1e-6,
            max_evaluations=300 * (d + 1) ** 2, rng=0).distribution
        found = optimize.minimize(
            lambda u: self.divergence(family.from_unconstrained(u, **self.start.fixed)),
            reached.unconstrained, method="BFGS", options={"gtol": 1e-7})
        return float(min(found.fun, self.divergence(reached)))

    def excess(self, p: Any) -> float:
        """The divergence of p above the least."""
        return self.divergence(p) - self._least


def _normal_of_projections(p: Any, directions: Array) -> tuple[Array, Array]:
    """Means and standard deviations of the projections of a Normal, (m,) each."""
    if not p.event_shape:
        return p.mean() * directions[:, 0], np.abs(directions[:, 0]) * math.sqrt(p.variance())
    mean, covariance = p.parameters["mean"], p.parameters["covariance"]
    variance = np.einsum("ij,jk,ik->i", directions, covariance, directions)
    return directions @ mean, np.sqrt(variance)


def expected_sum(p: Any, directions: Array, function: Callable[[Array], Array]) -> float:
    """E_p of the sum of functions of the projections; `function` takes values (nodes, m)."""
    mean, scale = _normal_of_projections(p, directions)
    return float(WEIGHTS @ function(mean + NODES[:, None] * scale).sum(axis=1))


# ---- Numbers and counts ----


def _lognormal(x: Any, xp: Any) -> Any:
    log_x = xp.log(x)
    return -log_x - 2.0 * log_x**2 - math.log(0.5) - 0.5 * LOG_TURN


def _lognormal_divergence(p: Any) -> float:
    shape, rate = p.parameters["shape"], p.parameters["rate"]
    mean, variance = special.digamma(shape) - math.log(rate), special.polygamma(1, shape)
    return float(-p.entropy() + mean + 2.0 * (variance + mean**2) + math.log(0.5) + 0.5 * LOG_TURN)


def _laplace(x: Any, xp: Any) -> Any:
    return -xp.abs(x) - math.log(2.0)


def _laplace_divergence(p: Any) -> float:
    m, s = p.parameters["loc"], p.parameters["scale"]
    folded = s * math.sqrt(2.0 / math.pi) * math.exp(-0.5 * (m / s) ** 2)
    return float(-p.entropy() + folded + m * math.erf(m / s / math.sqrt(2.0)) + math.log(2.0))


def _two_normals(x: Any, xp: Any) -> Any:
    first = -0.5 * ((x + 1.0) / 0.8) ** 2 + math.log(0.3 / 0.8)
    second = -0.5 * ((x - 1.0) / 0.6) ** 2 + math.log(0.7 / 0.6)
    return xp.logaddexp(first, second) - 0.5 * LOG_TURN


def _two_normals_divergence(p: Any) -> float:
    return -p.entropy() - expected_sum(p, np.ones((1, 1)), lambda x: _two_normals(x, np))


COUNTS = np.arange(2000.0)
LOG_MASS = kf.NegativeBinomial(0.25, 3.0).log_density(COUNTS)


def _counts(x: Any, xp: Any) -> Any:
    return xp.asarray(LOG_MASS)[xp.clip(x, 0, len(COUNTS) - 1).astype(int)]


def _counts_divergence(p: Any) -> float:
    log_p = p.log_density(COUNTS)
    return float(np.exp(log_p) @ (log_p - LOG_MASS))


# ---- Vectors ----


def _start(d: int) -> Any:
    return kf.MultivariateNormal(np.zeros(d), np.eye(d))


def gaussian(d: int) -> Target:
    """A Normal whose covariance is A A' + 1e-3 I with A of standard normal entries."""
    rng = np.random.default_rng(d)
    a = rng.normal(size=(d, d))
    covariance, mean = a @ a.T + 1e-3 * np.eye(d), rng.normal(size=d)
    precision = np.linalg.inv(covariance)
    precision = 0.5 * (precision + precision.T)
    q = kf.MultivariateNormal(mean, covariance)

    def log_q(x: Any, xp: Any) -> Any:
        return -0.5 * xp.sum((x - mean) @ xp.asarray(precision) * (x - mean), axis=-1)

    return Target(f"Gaussian, d = {d}", _start(d), log_q,
                  lambda p: float(kf.kl_divergence(p, q)), 0.0,
                  gradient=lambda x: (mean - x) @ precision)


def skewed(d: int) -> Target:
    """Independent sinh-arcsinh axes of skew 0.3, scaled and rotated at random."""
    rng = np.random.default_rng(100 + d)
    rotation = np.linalg.qr(rng.normal(size=(d, d)))[0]
    to_axes = rotation / np.exp(0.5 * rng.normal(size=d))  # axes in columns

    def axis(z: Any, xp: Any) -> Any:
        y = xp.arcsinh(z) - 0.3
        return -0.5 * xp.sinh(y) ** 2 + xp.log(xp.cosh(y)) - 0.5 * xp.log1p(z**2)

    def log_q(x: Any, xp: Any) -> Any:
        return xp.sum(axis(x @ xp.asarray(to_axes), xp), axis=-1)

    def gradient(x: Array) -> Array:
        z = x @ to_axes
        y = np.arcsinh(z) - 0.3
        slope = (np.tanh(y) - np.sinh(y) * np.cosh(y)) / np.hypot(1.0, z) - z / (1.0 + z**2)
        return slope @ to_axes.T

    def divergence(p: Any) -> float:
        return -p.entropy() - expected_sum(p, to_axes.T, lambda z: axis(z, np))

    return Target(f"sinh-arcsinh, d = {d}", _start(d), log_q, divergence, gradient=gradient)


def logistic(d: int) -> Target:
    """Logistic regression on 200 made-up points, with standard normal coefficients."""
    rng = np.random.default_rng(d)
    covariates = rng.normal(size=(200, d))
    chance = 1.0 / (1.0 + np.exp(-covariates @ rng.normal(size=d)))
    signed = covariates * np.where(rng.random(200) < chance, 1.0, -1.0)[:, None]

    def log_q(x: Any, xp: Any) -> Any:
        margins = x @ xp.asarray(signed.T)
        return -xp.sum(xp.logaddexp(0.0, -margins), axis=-1) - 0.5 * xp.sum(x**2, axis=-1)

    def gradient(x: Array) -> Array:
        return special.expit(-(x @ signed.T)) @ signed - x

    def divergence(p: Any) -> float:
        square = float(np.sum(p.mean() ** 2 + p.variance()))
        likelihood = expected_sum(p, signed, lambda m: -np.logaddexp(0.0, -m))
        return -p.entropy() - likelihood + 0.5 * square

    return Target(f"logistic regression, d = {d}", _start(d), log_q, divergence,
                  gradient=gradient)


def targets() -> list[Target]:
    """All, in the order of the page."""
    return [
        Target("lognormal by a Gamma", kf.Gamma(1.0, 1.0), _lognormal, _lognormal_divergence,
               0.019185802128915),
        Target("Laplace by a Normal", kf.Normal(1.0, 2.0), _laplace, _laplace_divergence,
               1.0 + math.log(2.0) - 0.5 * math.log(math.e * math.pi**2)),
        Target("two Normals by a Normal", kf.Normal(0.0, 2.0), _two_normals,
               _two_normals_divergence),
        Target("negative binomial by a Poisson", kf.Poisson(3.0), _counts, _counts_divergence),
        *map(skewed, (1, 2, 5, 10)), *map(gaussian, (4, 16, 32, 50)), logistic(6),
    ]
