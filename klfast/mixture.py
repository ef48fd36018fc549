"""Finite mixtures of distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import (
    TILE,
    Distribution,
    Target,
    as_float64,
    as_stream,
    check_out,
    new_array,
    size_shape,
    vector_function,
)
from klfast.spaces import (
    Compound,
    as_points,
    check_same_space,
    integer_coordinates,
    kind_of,
)


class Mixture(Compound):
    r"""A finite mixture of distributions, as a target.

    .. math:: q(x) = \sum_j w_j q_j(x)

    Parameters
    ----------
    weights : array_like of shape (m,)
        Non-negative; scaled to sum to 1. A component of weight 0 is left out.
    components : sequence of m distributions or Products
        Of any families whose events have one shape; each one distribution, not a batch.

    Raises
    ------
    TypeError, ValueError
        If a weight is negative or not finite, all are 0, or the components do not match.

    Notes
    -----
    Not an exponential family: there are no natural parameters, and its divergences have no closed
    form. The log-density is a stable log-sum-exp, in C unless a component is a Product; as a target
    of a fit in C then too, unless that has a Mixture in it.

    Examples
    --------
    >>> import klfast as kf
    >>> q = kf.Mixture([0.3, 0.7], [kf.Normal(-2.0, 0.5), kf.Normal(1.0, 1.0)])
    >>> round(q.log_density(0.0), 6)
    -1.77514
    >>> round(q.mean(), 12)
    0.1
    """

    def __init__(self, weights: ArrayLike, components: Sequence[Any]) -> None:
        w = as_float64(weights, "weights")
        parts = list(components)
        if w.ndim != 1 or len(w) != len(parts) or not parts:
            raise ValueError(
                f"weights has shape {w.shape} for {len(parts)} components: "
                "there must be one weight to each of at least one component"
            )
        for i, part in enumerate(parts):
            if isinstance(part, Mixture) or not isinstance(part, Distribution | Compound):
                raise TypeError(
                    f"components[{i}] is {kind_of(part)}: it must be a family's or a Product"
                )
            batch = getattr(part, "batch_shape", ())
            if batch != ():
                raise ValueError(f"components[{i}] has batch shape {batch}: it must be one")
            check_same_space(part, parts[0], f"components[{i}]", "components[0]")
        bad = ~(np.isfinite(w) & (w >= 0.0))
        if bad.any():
            i = int(np.argmax(bad))
            raise ValueError(f"weights[{i}] = {w[i]}: must be finite and >= 0")
        if not w.any():
            raise ValueError("weights are all 0: there is no mixture")
        w = w / w.max()
        self.weights: NDArray[np.float64] = w / w.sum()
        self.weights.flags.writeable = False
        self.components: tuple[Any, ...] = tuple(parts)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one draw."""
        return tuple(self.components[0].event_shape)

    @property
    def is_integer(self) -> bool:
        """Whether draws are integers."""
        return all(part.is_integer for part in self.components)

    @property
    def _integer_coordinates(self) -> tuple[bool, ...]:
        return integer_coordinates(self.components[0])

    def _kept(self) -> tuple[list[Any], list[float]]:
        """The components that have a weight, and its logarithm."""
        kept = [(c, w) for c, w in zip(self.components, self.weights, strict=True) if w > 0.0]
        # the library's logarithm: NumPy's last digit depends on the processor
        logs = vector_function("log", np.array([w for _, w in kept]))
        return [c for c, _ in kept], logs.tolist()

    def _target(self) -> Target | None:
        """The compiled form; None if a component is a Product."""
        parts, logs = self._kept()
        return None if any(isinstance(c, Compound) for c in parts) else Target(parts, logs)

    def _log_sum(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log-density at rows, by log-densities of the components."""
        parts, logs = self._kept()
        terms = np.stack([log + c.log_density(points) for c, log in zip(parts, logs, strict=True)])
        top = terms.max(axis=0)
        shift = np.where(np.isinf(top), 0.0, top)
        total = np.zeros(len(top))
        for term in terms:
            total += vector_function("exp", term - shift)
        return np.where(np.isinf(top), top, shift + vector_function("log", total))

    def log_density(self, x: ArrayLike, *, out: NDArray[np.float64] | None = None) -> Any:
        """Log-density at `x`, in nats: as for a distribution, with -inf outside every support."""
        points, shape = as_points(x, self.event_shape)
        if out is not None:
            check_out(out, shape, (np.float64,))
        count = math.prod(shape)
        target = self._target()
        if target is None:
            values = self._log_sum(points.reshape(count, *self.event_shape)).reshape(shape)
        else:
            values = target.log_density(points, count).reshape(shape)
        if out is None:
            return float(values[()]) if shape == () else values
        out[...] = values
        return out

    def sample(self, size: int | tuple[int, ...] | None = None, *, rng: Any = None) -> Any:
        """Draw from the mixture: the component of each draw first, then the draws by component.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the draws.
        rng : int, None, SeedSequence, numpy Generator or Stream, optional
            As for a distribution.
        """
        shape = size_shape(size)
        stream = as_stream(rng)
        count = math.prod(shape)
        dtype = np.int64 if self.is_integer else np.float64
        draws = new_array((count, *self.event_shape), dtype)
        words = stream.words(stream._reserve(1), -(-count // TILE))[:count]
        uniform = (words >> np.uint64(11)) * 2.0**-53
        # a component of weight 0 is never the first whose cumulative weight exceeds the uniform
        edges = np.cumsum(self.weights)
        last = int(np.flatnonzero(self.weights)[-1])
        owner = np.minimum(np.searchsorted(edges, uniform, side="right"), last)
        for i, part in enumerate(self.components):
            mine = owner == i
            draws[mine] = part.sample(int(mine.sum()), rng=stream)
        draws = draws.reshape(shape + self.event_shape)
        return draws[()] if draws.shape else draws[()].item()

    def mean(self) -> Any:
        """Mean of x."""
        means = np.array([part.mean() for part in self.components])
        found = np.tensordot(self.weights, means, 1)
        return found if found.shape else float(found)

    def variance(self) -> Any:
        """Variance of x; for vectors that of each coordinate."""
        means = np.array([part.mean() for part in self.components])
        variances = np.array([part.variance() for part in self.components])
        spread = variances + (means - self.mean()) ** 2
        found = np.tensordot(self.weights, spread, 1)
        return found if found.shape else float(found)

    def __repr__(self) -> str:
        return f"Mixture({self.weights.tolist()}, {list(self.components)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mixture):
            return NotImplemented
        return self.components == other.components and np.array_equal(self.weights, other.weights)

    def __hash__(self) -> int:
        return hash((self.components, (self.weights + 0.0).tobytes()))
