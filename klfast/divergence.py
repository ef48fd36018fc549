"""Divergences between distributions: closed form where there is one, else with an error bar."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from klfast._core.native import Distribution, Stream, as_stream, bounded_integer, sum_and_square
from klfast.product import Product
from klfast.spaces import Compound, check_same_space, kind_of


class KLEstimate(NamedTuple):
    """A Monte Carlo estimate with its standard error, in nats."""

    value: float
    standard_error: float

    def __repr__(self) -> str:
        return f"KLEstimate(value={self.value:.6g}, standard_error={self.standard_error:.2g})"


_CHUNK = 1 << 17


def kl_divergence(p: Any, q: Any, *, samples: int = 1_000_000, rng: Any = 0) -> Any:
    r"""Kullback-Leibler divergence D(p || q), in nats.

    .. math:: D(p \| q) = E_p[\log p(x) - \log q(x)]

    Parameters
    ----------
    p, q : distribution, Mixture or Product
        Members of one family, batches too, have a closed form that keeps its relative accuracy
        down to p = q. Products of the same structure have the sum of their factors'. Any other
        pair of the same event shape is estimated.
    samples : int
        Draws of the estimate.
    rng : int, None, SeedSequence, numpy Generator or Stream
        Random numbers of the estimate; the same by default at every call.

    Returns
    -------
    float, ndarray or KLEstimate
        The exact value, or an estimate with its standard error. ``inf`` where q is zero on part of
        p's support.

    Raises
    ------
    TypeError
        If p or q is no distribution, or one is of integers and the other of real numbers; the
        message names both.
    ValueError
        If their events differ in shape.

    References
    ----------
    Kullback and Leibler (1951), "On information and sufficiency", Annals of Mathematical
    Statistics 22.

    Examples
    --------
    >>> import klfast as kf
    >>> kf.kl_divergence(kf.Poisson(0.0), kf.Poisson(3.0))
    3.0
    """
    check_pair(p, q)
    if type(p) is type(q) and isinstance(p, Distribution):
        return p._kl(q)
    if p == q:
        return 0.0
    if isinstance(p, Product) and p._matches(q):
        return _sum_over_factors(p, q, samples, as_stream(rng))
    return _estimate(p, q, samples, rng)


def check_pair(p: Any, q: Any) -> None:
    """Refuse what has no divergence."""
    for name, value in (("p", p), ("q", q)):
        if not isinstance(value, Distribution | Compound):
            raise TypeError(
                f"{name} is {kind_of(value)}: D(p || q) needs two distributions"
            )
    check_same_space(p, q, "p", "q")
    shapes = [getattr(value, "batch_shape", ()) for value in (p, q)]
    if () not in shapes:
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            raise ValueError(
                f"p has batch shape {shapes[0]}, q has {shapes[1]}: they do not broadcast"
            ) from None


def _sum_over_factors(p: Product, q: Product, samples: int, stream: Stream) -> Any:
    """Exact if all the factors' divergences are, or one is infinite."""
    parts = [kl_divergence(a, b, samples=samples, rng=stream)
             for a, b in zip(p.factors, q.factors, strict=True)]
    return sum_of_estimates(parts)


def sum_of_estimates(parts: list[Any]) -> Any:
    """The sum of independent terms, with its standard error if any has one."""
    values = [part.value if isinstance(part, KLEstimate) else part for part in parts]
    errors = [part.standard_error for part in parts if isinstance(part, KLEstimate)]
    if np.inf in values:
        errors = [0.0 for _ in errors]
    total = float(sum(values))
    return KLEstimate(total, math.hypot(*errors)) if errors else total


def _estimate(p: Any, q: Any, samples: int, rng: Any) -> KLEstimate:
    """E_p[log p - log q] by draws of p; both moments about the first value."""
    for name, value in (("p", p), ("q", q)):
        if getattr(value, "batch_shape", ()) != ():
            raise ValueError(
                f"{name} has batch shape {value.batch_shape}: an estimate is made for one pair"
            )
    if bounded_integer(samples, "samples", 2**62) < 2:
        raise ValueError(f"samples={samples}: must be at least 2")
    stream = as_stream(rng)
    count, centre, total, square = 0, None, 0.0, 0.0
    while count < samples:
        x = p.sample(min(_CHUNK, samples - count), rng=stream)
        ratio = p.log_density(x) - q.log_density(x)
        if np.isposinf(ratio).any():
            return KLEstimate(np.inf, 0.0)
        centre = float(ratio[0]) if centre is None else centre
        chunk_total, chunk_square = sum_and_square(ratio - centre)
        total += chunk_total
        square += chunk_square
        count += len(ratio)
    mean = total / count
    variance = max(square - count * mean * mean, 0.0) / (count - 1)
    return KLEstimate(float(centre or 0.0) + mean, float(np.sqrt(variance / count)))


def cross_entropy(p: Any, q: Any, *, samples: int = 1_000_000, rng: Any = 0) -> Any:
    """Cross-entropy -E_p[log q(x)] = H(p) + D(p || q), in nats.

    Parameters and errors as for `kl_divergence`; p must be a member of a family, or a Product of
    such, whose entropy is exact.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Normal(0.0, 1.0)
    >>> kf.cross_entropy(p, p) == p.entropy()
    True
    """
    if not isinstance(p, Distribution | Product):
        raise TypeError(f"p is {kind_of(p)}: its entropy has no closed form")
    entropy = p.entropy()
    divergence = kl_divergence(p, q, samples=samples, rng=rng)
    if isinstance(divergence, KLEstimate):
        return KLEstimate(entropy + divergence.value, divergence.standard_error)
    return entropy + divergence
