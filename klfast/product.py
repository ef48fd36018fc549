"""Products of independent distributions."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import Distribution, as_stream, check_out, new_array, size_shape
from klfast.mixture import Mixture
from klfast.spaces import Compound, as_points, integer_coordinates, kind_of


class Product(Compound):
    r"""Independent distributions side by side, as one distribution of vectors.

    .. math:: q(x_1, \dots, x_m) = \prod_i q_i(x_i)

    Parameters
    ----------
    *factors : distribution, Mixture or Product
        At least one, of any families of numbers, counts or vectors; each one distribution, not a
        batch. The factors of a Product stand for it.

    Raises
    ------
    TypeError, ValueError
        If a factor is no distribution, or a batch.

    Notes
    -----
    x holds the coordinates of the factors in their order. Draws are integers where every factor is
    of integers; beside real numbers, counts are float64, and a density with respect to counting
    measure in these coordinates. The log-density is the sum of the factors', in their order; a
    point that is outside one support has -inf, whatever the others say.

    Divergences between products of the same structure are sums of the factors', exact where those
    are.

    A Product of members of families, without a Mixture among its factors, is itself a member of an
    exponential family. Both minimisers fit it: this is mean-field variational inference in the
    reverse direction, and maximum likelihood factor by factor in the forward direction.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 10.1.

    Examples
    --------
    >>> import klfast as kf
    >>> import numpy as np
    >>> q = kf.Product(kf.Normal(0.0, 1.0), kf.Gamma(3.0, 2.0), kf.Poisson(4.0))
    >>> q.event_shape, q.is_integer
    ((3,), False)
    >>> q.mean()
    array([0. , 1.5, 4. ])
    >>> p = kf.Product(kf.Normal(1.0, 1.0), kf.Gamma(3.0, 2.0), kf.Poisson(4.0))
    >>> kf.kl_divergence(p, q)
    0.5

    Mean field for the mean and the precision of a Normal, of which seven data have the mean 1.2 and
    the sum of squares 2.4 about it. The precision's mean is the inverse of 2.4/6, the unbiased
    variance (Bishop, section 10.1.3):

    >>> def log_q(x):
    ...     mean, precision = x.T
    ...     return 2.5 * np.log(precision) - precision / 2 * (7 * (mean - 1.2) ** 2 + 2.4)
    >>> p = kf.Product(kf.Normal(0.0, 1.0), kf.Gamma(1.0, 1.0))
    >>> r = kf.minimize_reverse_kl(p, log_q, rng=7)
    >>> np.round(r.distribution.mean(), 1)
    array([1.2, 2.5])
    """

    def __init__(self, *factors: Any) -> None:
        if not factors:
            raise ValueError("no factors given: a Product has at least one")
        parts: list[Any] = []
        for i, factor in enumerate(factors):
            if not isinstance(factor, Distribution | Compound):
                raise TypeError(
                    f"factors[{i}] is {kind_of(factor)}: it must be a distribution"
                )
            batch = getattr(factor, "batch_shape", ())
            if batch != ():
                raise ValueError(f"factors[{i}] has batch shape {batch}: it must be one")
            parts += factor.factors if isinstance(factor, Product) else [factor]
        self.factors: tuple[Any, ...] = tuple(parts)
        self._integer_coordinates = sum(map(integer_coordinates, parts), ())

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one draw: the factors' coordinates."""
        return (len(self._integer_coordinates),)

    @property
    def is_integer(self) -> bool:
        """Whether all coordinates are integers."""
        return all(self._integer_coordinates)

    def _columns(self) -> list[Any]:
        """Of each factor the index of its coordinates in the last axis."""
        lengths = [len(integer_coordinates(part)) for part in self.factors]
        ends = np.cumsum([0, *lengths]).tolist()
        return [slice(a, b) if part.event_shape else a
                for part, (a, b) in zip(self.factors, pairwise(ends), strict=True)]

    def log_density(self, x: ArrayLike, *, out: NDArray[np.float64] | None = None) -> Any:
        """Log-density at `x`, in nats: as for a distribution, with -inf outside the support."""
        points, shape = as_points(x, self.event_shape)
        if out is not None:
            check_out(out, shape, (np.float64,))
        rows = points.reshape(-1, *self.event_shape)
        total = np.zeros(len(rows))
        outside = np.zeros(len(rows), dtype=bool)
        with np.errstate(invalid="ignore"):  # a pole beside a point outside
            for part, columns in zip(self.factors, self._columns(), strict=True):
                values = part.log_density(np.ascontiguousarray(rows[:, columns]))
                outside |= np.isneginf(values)
                total += values
        total[outside & ~np.isnan(rows).any(axis=1)] = -np.inf
        total = total.reshape(shape)
        if out is None:
            return float(total[()]) if shape == () else total
        out[...] = total
        return out

    def sample(self, size: int | tuple[int, ...] | None = None, *, rng: Any = None) -> Any:
        """Draw from each factor in turn.

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
        for part, columns in zip(self.factors, self._columns(), strict=True):
            if isinstance(part, Distribution):
                part.sample(count, rng=stream, out=draws[:, columns])
            else:
                draws[:, columns] = part.sample(count, rng=stream)
        return draws.reshape(shape + self.event_shape)

    def mean(self) -> NDArray[np.float64]:
        """Mean of x."""
        return np.concatenate([np.atleast_1d(part.mean()) for part in self.factors])

    def variance(self) -> NDArray[np.float64]:
        """Variance of each coordinate."""
        return np.concatenate([np.atleast_1d(part.variance()) for part in self.factors])

    def entropy(self) -> float:
        """Entropy -E log q(x), in nats: the sum of the factors'.

        Raises
        ------
        TypeError
            If a factor is a Mixture, whose entropy has no closed form.
        """
        for i, part in enumerate(self.factors):
            if isinstance(part, Mixture):
                raise TypeError(f"factors[{i}] is a Mixture: its entropy has no closed form")
        return float(sum(part.entropy() for part in self.factors))

    def _matches(self, other: object) -> bool:
        """Whether the factors are of the same coordinates, one by one."""
        return isinstance(other, Product) and (
            [part.event_shape for part in self.factors]
            == [part.event_shape for part in other.factors]
        )

    def __repr__(self) -> str:
        return f"Product({', '.join(map(repr, self.factors))})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Product):
            return NotImplemented
        return self.factors == other.factors

    def __hash__(self) -> int:
        return hash(("Product", self.factors))
