"""Divergences of other orders, from the draws that a fit is made of: no further value of log q.

With t = log p - log q at draws whose weights are those of p, all are made of logarithms of means,
log E_p[exp(c t)], which keep their accuracy wherever t lies, and of plain means of t. The means are
self-normalised, and their errors those of the delta method: Owen (2013), Monte Carlo Theory,
Methods and Examples, sections 2.7 and 9.2. The divergences: van Erven and Harremoes (2014), "Renyi
divergence and Kullback-Leibler divergence", IEEE Transactions on Information Theory 60; Minka
(2005), "Divergence measures and message passing", Microsoft Research MSR-TR-2005-173.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import NETS, Distribution, vector_function
from klfast.diagnostics import pareto_k
from klfast.divergence import KLEstimate
from klfast.optimize.pooled import Pool

Values = NDArray[np.float64]

_RELIABLE = 0.7  # k-hat up to which a mean of weights has a standard error


class PooledRatios(NamedTuple):
    """The draws of a fit, as estimates of divergences between p, the fit, and q need them.

    Attributes
    ----------
    log_ratio : ndarray of shape (n,)
        log p - log q at the draws; inf outside q's support.
    log_weight : ndarray of shape (n,)
        Logarithms of the draws' weights under p, up to a constant.
    nets : ndarray of shape (n,), or None
        Which of the independent nets a quasi-random draw belongs to.
    is_cut : bool
        Whether the fit is p cut to q's support.
    """

    log_ratio: Values
    log_weight: Values
    nets: NDArray[np.int64] | None
    is_cut: bool


def pooled_ratios(
    pool: Pool, p: Distribution, threads: int, *, by_nets: bool = False, is_cut: bool = False
) -> PooledRatios:
    """Those of a pool, under its member p."""
    x, log_q, nets = np.concatenate(pool.x), np.concatenate(pool.log_q), np.concatenate(pool.nets)
    log_p = p.log_density(x, threads=threads)
    log_weight = log_p - pool.log_mixture(x, threads)
    kept = log_p > -np.inf
    return PooledRatios((log_p - log_q)[kept], log_weight[kept], nets[kept] if by_nets else None,
                        is_cut)


class _Mean(NamedTuple):
    """A mean under weights, or its logarithm, and what each draw adds to its error."""

    value: float
    shares: Values
    reliable: bool


def _of(name: str, x: float) -> float:
    return float(vector_function(name, np.array([x]))[0])


def _log_sum(logs: Values) -> float:
    top = float(logs.max())
    if not math.isfinite(top):
        return top
    return top + _of("log", math.fsum(vector_function("exp", logs - top)))


def _is_reliable(log_w: Values) -> bool:
    return bool((log_w > -np.inf).any()) and pareto_k(log_w) <= _RELIABLE


def _log_mean(log_w: Values, exponent: Values) -> _Mean:
    """Log of the w-mean of exp(exponent), accurate where that is near 1 too."""
    if np.isposinf(exponent).any():
        return _Mean(math.inf, np.zeros(len(log_w)), True)
    total, tilted = _log_sum(log_w), log_w + exponent
    w = vector_function("exp", log_w - total)
    value = _log_sum(tilted) - total
    near = exponent < 1.0
    if near.all():
        excess = math.fsum(w * vector_function("expm1", exponent))
        value = _of("log1p", excess) if abs(excess) < 0.5 else value
    if not math.isfinite(value):
        return _Mean(value, np.zeros(len(log_w)), False)
    # the draw's part of the mean, over the mean, less its weight
    moved = exponent - value
    far = vector_function("exp", tilted - total - value) - w
    shares = np.where(moved < 1.0, w * vector_function("expm1", np.minimum(moved, 1.0)), far)
    return _Mean(value, shares, _is_reliable(tilted))


def _mean(log_w: Values, values: Values) -> _Mean:
    """The w-mean of values, which need not be finite where w is 0."""
    w = vector_function("exp", log_w - _log_sum(log_w))
    inside = np.where(w > 0.0, values, 0.0)
    mean = math.fsum(w * inside)
    if not math.isfinite(mean):
        return _Mean(mean, np.zeros(len(w)), True)
    return _Mean(mean, w * (inside - mean), _is_reliable(log_w))


def _combined(parts: list[tuple[float, _Mean]], nets: NDArray[np.int64] | None) -> KLEstimate:
    """A sum of means with factors; its error by the delta method, or by its spread over nets."""
    parts = [(factor, part) for factor, part in parts if factor]
    value = sum(factor * part.value for factor, part in parts)
    if math.isinf(value) and all(part.reliable for _, part in parts):
        return KLEstimate(value, 0.0)
    if not math.isfinite(value) or not all(part.reliable for _, part in parts):
        return KLEstimate(value, math.inf)
    shares: Values = np.sum([factor * part.shares for factor, part in parts], axis=0)
    if nets is not None:
        shares = np.array([math.fsum(shares[nets == net]) for net in range(NETS)])
    n = len(shares)
    return KLEstimate(value, math.sqrt(n / (n - 1.0) * math.fsum(shares * shares)))


class _Draws:
    """The means that divergences are made of."""

    def __init__(self, draws: PooledRatios) -> None:
        ratio, self.log_w, self.nets, self.is_cut = draws
        self.inside = ratio < np.inf
        self.t = np.where(self.inside, ratio, 0.0)

    def _exponents(self, factor: float) -> Values:
        """Factor t; outside q's support t is inf, but nothing is there of a p that is cut."""
        outside = math.inf if factor > 0.0 and not self.is_cut else -math.inf
        return np.where(self.inside, factor * self.t, outside)

    def power(self, factor: float) -> _Mean:
        """Log E_p[exp(factor t)]."""
        return _log_mean(self.log_w, self._exponents(factor))

    def power_under_q(self, factor: float) -> _Mean:
        """Log E_q[exp(factor t)]."""
        return _log_mean(self._weights_under_q(), factor * self.t)

    def _weights_under_q(self) -> Values:
        return self.log_w + self._exponents(-1.0)

    def mean(self) -> _Mean:
        """E_p[t], inside q's support if p is cut to it."""
        if self.is_cut:
            return _mean(np.where(self.inside, self.log_w, -np.inf), self.t)
        return _mean(self.log_w, np.where(self.inside, self.t, np.inf))

    def mean_under_q(self) -> _Mean:
        """E_q[t]."""
        return _mean(self._weights_under_q(), self.t)

    def cut(self, order: float) -> list[tuple[float, _Mean]]:
        """What the cut of p does to log of the integral of p^order q^(1 - order)."""
        if not self.is_cut or self.inside.all():
            return []
        return [(-order, _log_mean(self.log_w, np.where(self.inside, 0.0, -np.inf)))]


def pooled_renyi(ratios: PooledRatios, order: float, normalise: bool) -> KLEstimate:
    """Renyi's divergence of an order > 0: log E_p[exp((order - 1) t)]/(order - 1).

    At 1 E_p[t]; and log Z more where q is to be normalised, Z = E_p[exp(-t)].
    """
    draws = _Draws(ratios)
    if order == 1.0:
        parts = [(1.0, draws.mean()), *draws.cut(1.0)]
    else:
        of_integral = [(1.0, draws.power(order - 1.0)), *draws.cut(order)]
        parts = [(factor / (order - 1.0), part) for factor, part in of_integral]
    if normalise:
        parts.append((1.0, draws.power(-1.0)))
    return _combined(parts, draws.nets)


def pooled_alpha(ratios: PooledRatios, order: float, normalise: bool) -> KLEstimate:
    """Amari's alpha-divergence, by log I of its integral I = E_p[exp((order - 1) t)]."""
    if order == 1.0:
        return pooled_renyi(ratios, 1.0, normalise)
    draws = _Draws(ratios)
    of_q = draws.power(-1.0)  # log Z
    if order == 0.0:
        cut = [(-factor, part) for factor, part in draws.cut(1.0)]
        parts = [(-1.0, draws.mean_under_q()), *cut, (-1.0 if normalise else 0.0, of_q)]
        return _combined(parts, draws.nets)
    if abs(order) < 0.5:  # about q, where I/Z is near 1
        parts = [(1.0, draws.power_under_q(order)), (order if normalise else 1.0, of_q)]
    else:
        parts = [(1.0, draws.power(order - 1.0)), (order - 1.0 if normalise else 0.0, of_q)]
    log_integral, error = _combined(parts + draws.cut(order), draws.nets)
    scale = order * (1.0 - order)
    value = -_of("expm1", log_integral) / scale + 0.0
    if error in (0.0, math.inf):
        return KLEstimate(value, error)
    return KLEstimate(value, error * _of("exp", log_integral) / abs(scale))
