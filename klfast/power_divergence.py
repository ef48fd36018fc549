"""The divergences of Renyi and Amari."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from klfast._core.native import Distribution, Stream, as_stream, vector_function
from klfast.divergence import KLEstimate, check_pair, kl_divergence
from klfast.optimize.options import positive
from klfast.power_integral import Integral, of_any_two, of_one_family
from klfast.product import Product

_LARGEST_ORDER = 1e9


def renyi_divergence(
    p: Any, q: Any, alpha: float, *, samples: int = 1_000_000, rng: Any = 0
) -> Any:
    r"""Renyi's divergence of order alpha, in nats.

    .. math:: D_\alpha(p \| q) = \frac{1}{\alpha - 1} \log \int p(x)^\alpha q(x)^{1-\alpha} dx

    Parameters
    ----------
    p, q : distribution, Mixture or Product
        Members of one family with the same fixed parameters, batches too, have a closed form that
        keeps its accuracy near p = q and near alpha = 1. Products of the same structure have the
        sum of their factors'. Other pairs are summed over quadrature nodes, where they are of
        numbers or counts with one support, or else estimated by as many draws of p as of q.
    alpha : float
        Order, > 0 and at most 1e9. It is the limit `kl_divergence` at 1, and increases with alpha:
        towards -log q(p > 0) at 0, and the log of the essential supremum of p/q at infinity. At 1/2
        it is -2 log of the Bhattacharyya coefficient.
    samples, rng
        Of an estimate by draws, as for `kl_divergence`.

    Returns
    -------
    float, ndarray or KLEstimate
        The exact value, or an estimate with its error: of nodes the difference of two rules, of
        draws the standard error (by the delta method). That error is ``inf`` where nodes or draws
        do not show that the integral is finite. ``inf`` where the integral diverges, which it can
        for alpha > 1, or where alpha < 1 and p and q share no mass.

    Raises
    ------
    TypeError, ValueError
        As for `kl_divergence`; if alpha is not from 0 to 1e9, 0 left out; if a batch has members
        with different fixed parameters.

    Notes
    -----
    Skew symmetry: :math:`(1-\alpha) D_\alpha(p \| q) = \alpha D_{1-\alpha}(q \| p)` for alpha < 1.

    References
    ----------
    van Erven and Harremoes (2014), "Renyi divergence and Kullback-Leibler divergence", IEEE
    Transactions on Information Theory 60.

    Examples
    --------
    >>> import klfast as kf
    >>> p, q = kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)
    >>> [round(kf.renyi_divergence(p, q, alpha), 12) for alpha in (0.5, 1.0, 2.0)]
    [0.25, 0.5, 1.0]
    >>> kf.renyi_divergence(kf.Exponential(1.0), kf.Exponential(3.0), 2.0)
    inf
    """
    order = renyi_order(alpha)
    if order == 1.0:
        return kl_divergence(p, q, samples=samples, rng=rng)
    found = _log_integral(p, q, order, samples, as_stream(rng))
    value = _scalar(found.log / (order - 1.0))
    return _returned(value, found, found.error / abs(order - 1.0))


def alpha_divergence(
    p: Any, q: Any, alpha: float, *, samples: int = 1_000_000, rng: Any = 0
) -> Any:
    r"""Amari's alpha-divergence, between and beyond the two Kullback-Leibler divergences.

    .. math::
        D_\alpha(p \| q) = \frac{1 - \int p(x)^\alpha q(x)^{1-\alpha} dx}{\alpha (1 - \alpha)}

    Parameters
    ----------
    p, q, samples, rng
        As for `renyi_divergence`.
    alpha : float
        From -1e9 to 1e9, in the convention of Minka: 1 is D(p || q), 0 is D(q || p), 1/2 is four
        times the squared Hellinger distance 1 - sum sqrt(p q), 2 is half of Pearson's chi-square.
        Amari's own parameter is 1 - 2 alpha, or 2 alpha - 1.

    Returns
    -------
    float, ndarray or KLEstimate
        As for `renyi_divergence`. Between 0 and 1 at most 1/(alpha (1 - alpha)).

    Raises
    ------
    TypeError, ValueError
        As for `renyi_divergence`.

    Notes
    -----
    Skew symmetry: :math:`D_\alpha(p \| q) = D_{1-\alpha}(q \| p)`.

    References
    ----------
    Minka (2005), "Divergence measures and message passing", Microsoft Research MSR-TR-2005-173;
    Amari (2009), "alpha-divergence is unique, belonging to both f-divergence and Bregman divergence
    classes", IEEE Transactions on Information Theory 55.

    Examples
    --------
    >>> import klfast as kf
    >>> p, q = kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)
    >>> [round(kf.alpha_divergence(p, q, alpha), 9) for alpha in (0.0, 0.5, 1.0, 2.0)]
    [0.5, 0.47001239, 0.5, 0.859140914]
    """
    order = amari_order(alpha)
    if order in (0.0, 1.0):
        first, second = (p, q) if order == 1.0 else (q, p)
        check_pair(p, q)
        return kl_divergence(first, second, samples=samples, rng=rng)
    if order < 0.0:
        p, q, order = q, p, 1.0 - order
    found = _log_integral(p, q, order, samples, as_stream(rng))
    scale = order * (1.0 - order)
    value = _scalar(-_of("expm1", found.log) / scale)
    error = 0.0
    if found.error > 0.0:
        integral = float(_of("exp", found.log))
        error = math.inf if found.error == math.inf else found.error * integral / abs(scale)
    return _returned(value, found, error)


def renyi_order(alpha: object) -> float:
    """The order of a divergence of Renyi's, checked."""
    return _at_most(positive(alpha, "alpha"))


def amari_order(alpha: object) -> float:
    """The order of an alpha-divergence, checked."""
    try:
        order = float(alpha)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"alpha={alpha!r}: must be a number") from None
    if not math.isfinite(order):
        raise ValueError(f"alpha={alpha!r}: must be finite")
    return _at_most(order)


def _at_most(order: float) -> float:
    """`order`, refused where rounding would decide: it is a factor of the natural parameters."""
    if abs(order) > _LARGEST_ORDER:
        raise ValueError(f"alpha={order!r}: must be at most {_LARGEST_ORDER:g} in size")
    return order


def _of(name: str, x: Any) -> Any:
    """The library's function of a number or an array: the same bits everywhere."""
    return vector_function(name, np.asarray(x)).reshape(np.shape(x))


def _scalar(value: Any) -> Any:
    """A number or an array, with no negative zero."""
    value = value + 0.0
    return value if np.shape(value) else float(value)


def _returned(value: Any, found: Integral, error: float) -> Any:
    return KLEstimate(value, error) if found.estimated else value


def _log_integral(p: Any, q: Any, a: float, samples: int, stream: Stream) -> Integral:
    """The logarithm of the integral of p^a q^(1-a), for a > 0, a != 1."""
    check_pair(p, q)
    if type(p) is type(q) and isinstance(p, Distribution):
        if _same_fixed(p, q):
            return Integral(of_one_family(p, q, a))
        if p.batch_shape or q.batch_shape:
            raise ValueError(
                f"{type(p).__name__}: fixed parameters differ: {p.fixed} and {q.fixed}; only a "
                "single pair has an estimate"
            )
    if p == q:
        return Integral(0.0)
    if isinstance(p, Product) and p._matches(q):
        parts = [_log_integral(f, g, a, samples, stream)
                 for f, g in zip(p.factors, q.factors, strict=True)]
        total = float(sum(part.log for part in parts))
        errors = [part.error for part in parts if math.isfinite(part.log) or part.error]
        return Integral(total, math.hypot(*errors), any(part.estimated for part in parts))
    return of_any_two(p, q, a, samples, stream)


def _same_fixed(p: Distribution, q: Distribution) -> bool:
    return all(np.all(np.equal(p.fixed[name], q.fixed[name])) for name in p.fixed)
