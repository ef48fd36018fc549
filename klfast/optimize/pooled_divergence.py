"""Divergences of other orders, from the draws that a fit is made of: no further value of log q."""

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
        log p - log q at the draws inside q's support, p cut to it where draws lie outside.
    log_weight : ndarray of shape (n,)
        Logarithms of the draws' weights under p, up to a constant.
    nets : ndarray of shape (n,), or None
        Which of the independent nets a quasi-random draw belongs to.
    """

    log_ratio: Values
    log_weight: Values
    nets: NDArray[np.int64] | None


def pooled_ratios(pool: Pool, p: Distribution, by_nets: bool, threads: int) -> PooledRatios:
    """Those of a pool, under its member p."""
    draws = pool.weighted(p, threads)
    ratio = p.log_density(draws.x, threads=threads) - draws.log_mass - draws.log_q
    inside = draws.weights > 0.0
    return PooledRatios(ratio[inside], vector_function("log", draws.weights[inside]),
                        draws.nets[inside] if by_nets else None)


class _Mean(NamedTuple):
    """The logarithm of a weighted mean, or a mean, and what each draw adds to its error."""

    value: float
    shares: Values
    reliable: bool


def _share(log_w: Values) -> Values:
    """Weights over their sum."""
    w = vector_function("exp", log_w - log_w.max())
    return w / math.fsum(w)


def _log_mean(log_w: Values, exponent: Values) -> _Mean:
    """Log of the w-mean of exp(exponent), accurate where that is near 1."""
    w, tilted = _share(log_w), log_w + exponent
    largest = float(exponent.max())
    if not math.isfinite(largest):
        return _Mean(largest, np.zeros_like(w), False)
    if largest < 1.0:
        excess = math.fsum(w * vector_function("expm1", exponent))
        value = _of("log1p", excess)
    else:
        value = largest + _of("log", math.fsum(w * vector_function("exp", exponent - largest)))
    return _Mean(value, _share(tilted) - w, _is_reliable(tilted))


def _mean(log_w: Values, values: Values) -> _Mean:
    w = _share(log_w)
    mean = math.fsum(w * values)
    return _Mean(mean, w * (values - mean), _is_reliable(log_w))


def _is_reliable(log_w: Values) -> bool:
    return pareto_k(log_w) <= _RELIABLE


def _of(name: str, x: float) -> float:
    return float(vector_function(name, np.array([x]))[0])


def _combined(parts: list[tuple[float, _Mean]], nets: NDArray[np.int64] | None) -> KLEstimate:
    """A sum of means with factors; its error by the delta method, or by its spread over nets."""
    value = sum(factor * part.value for factor, part in parts)
    shares: Values = np.sum([factor * part.shares for factor, part in parts], axis=0)
    if not all(part.reliable for factor, part in parts if factor):
        return KLEstimate(value, math.inf)
    if nets is not None:
        shares = np.array([math.fsum(shares[nets == net]) for net in range(NETS)])
    n = len(shares)
    return KLEstimate(value, math.sqrt(n / (n - 1.0) * math.fsum(shares * shares)))


def pooled_renyi(draws: PooledRatios, order: float, normalise: bool) -> KLEstimate:
    """Renyi's divergence of an order, also <= 0, between p and q.

    With A = E_p[exp((order - 1) t)], t = log p - log q: log A/(order - 1), and log Z more where q
    is to be normalised, Z = E_p[exp(-t)].
    """
    t, log_w, nets = draws
    if order == 1.0:
        parts = [(1.0, _mean(log_w, t))]
    else:
        parts = [(1.0 / (order - 1.0), _log_mean(log_w, (order - 1.0) * t))]
    if normalise:
        parts.append((1.0, _log_mean(log_w, -t)))
    return _combined(parts, nets)


def pooled_alpha(draws: PooledRatios, order: float, normalise: bool) -> KLEstimate:
    """Amari's alpha-divergence, by log I of its integral I = E_p[exp((order - 1) t)]."""
    t, log_w, nets = draws
    if order == 1.0:
        return pooled_renyi(draws, 1.0, normalise)
    of_q = _log_mean(log_w, -t)                       # log Z, and weights under q
    if order == 0.0:
        parts = [(-1.0, _mean_under_q(log_w, t, of_q))]
        return _combined([*parts, (-1.0, of_q)] if normalise else parts, nets)
    if abs(order) < 0.5:                              # about q, where I/Z is near 1
        about_q = _log_mean(log_w - t, order * t)
        parts = [(1.0, about_q), (order if normalise else 1.0, of_q)]
    else:
        parts = [(1.0, _log_mean(log_w, (order - 1.0) * t))]
        parts += [(order - 1.0, of_q)] if normalise else []
    log_integral, error = _combined(parts, nets)
    scale = order * (1.0 - order)
    value = -_of("expm1", log_integral) / scale
    return KLEstimate(value + 0.0, error * _of("exp", log_integral) / abs(scale))


def _mean_under_q(log_w: Values, t: Values, of_q: _Mean) -> _Mean:
    found = _mean(log_w - t, t)
    return found._replace(reliable=found.reliable and of_q.reliable)
