"""Forward minimisation by moments: one pass over the data, one solve of the mean map.

D(q || p) is convex in the natural parameters and least where the mean parameters are the data's.
The data enter through the mean of the standard score under a reference member near them, so that
data at 1e9 +- 1e-3 lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import (
    BLOCK,
    Accumulator,
    Distribution,
    as_float64,
    as_rows,
    checked_weights,
    family_check_data,
    fit_from_mean_score,
    reference_member,
)
from klfast.families.family import NoMaximumError
from klfast.optimize.inference import mapped_covariance
from klfast.optimize.lattice import Lattice, make_nodes
from klfast.product_family import ProductMember, family_without_maximum

Rows = NDArray[np.float64]


class Prior(NamedTuple):
    """Pseudo-observations: rows and weights with a member's mean parameters."""

    member: Distribution
    weight: float  # their sum
    rows: Rows
    w: Rows


def make_prior(member: Distribution, weight: float) -> Prior:
    """Pseudo-observations of that weight together, distributed as a member of the family.

    Nodes of a quadrature that is exact for the sufficient statistics: for vectors the points at
    sqrt(d) standard deviations along the axes of the covariance's root.
    """
    rows, w = _pseudo_observations(member)
    return Prior(member, weight, rows, w * (weight / math.fsum(w)))


def _pseudo_observations(member: Distribution) -> tuple[Rows, Rows]:
    """Rows and their weights."""
    if isinstance(member, ProductMember):
        return _coupled([_pseudo_observations(factor) for factor in member.factors])
    if member.event_shape:
        return _axis_points(member)
    nodes = make_nodes(Lattice(member), member)
    if nodes is None:
        raise ValueError(f"prior: {member!r} has no rule of few enough nodes")
    return nodes.x, nodes.weights


def _coupled(parts: list[tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
    """Weighted rows of all the factors' columns, each with its own rows' weights.

    The statistics are the factors' own, so that it does not matter which rows go together: all are
    laid along one line in their order, and cut wherever one of them ends.
    """
    ends = [np.cumsum(w) / math.fsum(w) for _, w in parts]
    cuts = np.unique(np.concatenate([np.minimum(end[:-1], 1.0) for end in ends] + [[1.0]]))
    columns = [rows[np.minimum(np.searchsorted(end, cuts), len(rows) - 1)].reshape(len(cuts), -1)
               for (rows, _), end in zip(parts, ends, strict=True)]
    w = np.diff(cuts, prepend=0.0)
    kept = w > 0.0
    return np.ascontiguousarray(np.hstack(columns)[kept]), w[kept]


def _axis_points(member: Distribution) -> tuple[Rows, Rows]:
    """2 d equally weighted points with the mean and covariance of a Normal."""
    mean = np.asarray(member.parameters["mean"])
    root = np.linalg.cholesky(np.asarray(member.parameters["covariance"]))
    steps = math.sqrt(len(mean)) * root.T
    points = np.concatenate([mean + steps, mean - steps])
    return np.ascontiguousarray(points), np.ones(len(points))


class MomentsFit(NamedTuple):
    """A maximum-likelihood member and what the pass over the data told."""

    distribution: Any
    reference: Distribution
    moments: NDArray[np.float64]  # of the data: see klf_moments_kind
    products: NDArray[np.float64] | None  # the same with squared weights, and products of scores
    mean_score: NDArray[np.float64]  # of the data and the prior's pseudo-observations
    n_data: int
    weight_unit: float  # the weights were divided by it
    prior: Prior | None

    @property
    def prior_weight(self) -> float:
        """In the unit of the weights."""
        return 0.0 if self.prior is None else self.prior.weight / self.weight_unit

    @property
    def total_weight(self) -> float:
        """Of the data."""
        return float(self.moments[1] * self.weight_unit)

    @property
    def effective_data(self) -> float:
        """Number of equally weighted data, pseudo-observations among them, of the same error."""
        return float((self.moments[1] + self.prior_weight) ** 2 / self.moments[2])

    def score_covariance(self) -> NDArray[np.float64] | None:
        """Covariance of the standard score at the fit under the data, by their squared weights."""
        if self.products is None:
            return None
        k = self.reference.n_coordinates
        mean = self.moments[3 : 3 + k] / self.moments[1]
        squares = self.moments[2]
        cross = np.outer(mean, self.products[3 : 3 + k] / squares)
        covariance = np.empty((k, k))
        lower = np.tril_indices(k)
        covariance[lower] = self.products[5 + 3 * k : 5 + 3 * k + len(lower[0])] / squares
        covariance.T[lower] = covariance[lower]
        covariance += np.outer(mean, mean) - cross - cross.T
        return mapped_covariance(self.distribution, self.reference, covariance)


class _Pass(NamedTuple):
    """What stays the same from pass to pass over the data."""

    cls: type[Distribution]
    chunks: Iterable[ArrayLike]
    weights: Iterable[ArrayLike] | None
    fixed: dict[str, Any]
    dimension: int | None
    prior: Prior | None
    forgetting: float
    threads: int


def fit_moments(
    cls: type[Distribution],
    chunks: Iterable[ArrayLike],
    weights: Iterable[ArrayLike] | None = None,
    *,
    fixed: dict[str, Any] | None = None,
    dimension: int | None = None,
    likelihood: bool = False,
    robust: bool = False,
    prior: Prior | None = None,
    forgetting: float = 1.0,
    threads: int = 1,
) -> MomentsFit:
    """Fit a member of `cls` to the rows of all chunks together.

    Parameters
    ----------
    cls : family's class
    chunks : iterable of array_like
        Each of shape (n,) or (n, d). A list is passed over again if the first rows turn out to be
        no guide to the rest; an iterator is passed over once.
    weights : iterable of array_like, optional
        One array of weights to each chunk.
    fixed : dict, optional
        The family's fixed parameters by name.
    dimension : int, optional
        The event's, where it is known.
    likelihood : bool
        Also accumulate the log-density under the reference.
    robust : bool
        With `likelihood`: also accumulate the products of scores.
    prior : Prior, optional
        Pseudo-observations.
    forgetting : float
        What all weights are multiplied by at each further chunk.
    threads : int
    """
    same = _Pass(cls, chunks, weights, fixed or {}, dimension, prior, forgetting, threads)
    if not isinstance(chunks, list):
        return _pass(same, None, likelihood, robust)
    try:
        fit = _pass(same, None)
    except NoMaximumError:
        # the first rows, all equal perhaps, may have been no guide to the spread of the rest
        spread = _spread_rows(cls, chunks, dimension)
        width = spread.shape[1] if spread.ndim == 2 else 1
        fit = _pass(same, reference_member(cls, spread, None, width, same.fixed))
    for _ in range(2):
        if not _far(fit):
            break
        fit = _pass(same, fit.distribution)
    if likelihood:
        last = _pass(same, fit.distribution, True, robust)
        fit = last._replace(distribution=fit.distribution)
    return fit


def _spread_rows(cls: type[Distribution], chunks: list[ArrayLike], dimension: int | None) -> Rows:
    """At most a block of rows, spread evenly over all the data."""
    parts = [_as_data(cls, chunk, dimension) for chunk in chunks]
    step = -(-sum(map(len, parts)) // (BLOCK // 2))
    rows = np.concatenate([part[::step] for part in parts])
    return np.ascontiguousarray(rows[:BLOCK])


def _far(fit: MomentsFit) -> bool:
    """Whether the fit is so far from its reference that digits were lost."""
    return math.fsum(fit.mean_score * fit.mean_score) > 1.0


def _pass(
    same: _Pass,
    reference: Distribution | None,
    likelihood: bool = False,
    robust: bool = False,
) -> MomentsFit:
    sums: _Sums | None = None
    count = 0
    for group in _groups(same):
        joined = _joined(group)
        if sums is None:
            if reference is None:
                reference = _first_reference(same, *joined)
            sums = _Sums(reference, joined[1], likelihood, robust, same.threads)
        for rows, w in [joined] if same.forgetting == 1.0 else group:
            sums.add(rows, w, same.forgetting)
        count += len(joined[0])
    if sums is None or reference is None:
        raise ValueError("data is empty: there is nothing to fit")
    moments, products = sums.totals()
    if moments[1] == 0.0:
        raise ValueError("weights are all 0: there is nothing to fit")
    mean = _mean_score(reference, moments, same.prior, sums.unit)
    fitted = fit_from_mean_score(reference, mean)
    if fitted is None:
        raise NoMaximumError(family_without_maximum(reference, mean), count)
    return MomentsFit(fitted, reference, moments, products, mean, count, sums.unit, same.prior)


class _Sums:
    """The moments of the rows, and those with squared weights if products are wanted."""

    def __init__(
        self, reference: Distribution, w: Rows | None, likelihood: bool, robust: bool, threads: int
    ) -> None:
        self.reference = reference
        self.likelihood = likelihood
        self.robust = robust
        self.threads = threads
        largest = 1.0 if w is None else float(w.max())
        self.unit = 1.0 if 1e-100 <= largest <= 1e100 or largest == 0.0 else largest
        self.kept: list[NDArray[np.float64]] = []  # the decayed sums of chunks before
        self._open()

    def _open(self) -> None:
        kinds = ["gradient" if self.likelihood else "score"] + ["full"] * self.robust
        self.parts = [Accumulator(self.reference, kind) for kind in kinds]

    def add(self, rows: Rows, w: Rows | None, forgetting: float) -> None:
        """Add rows; all before count for `forgetting` times what they did."""
        if forgetting != 1.0:
            self._decay(forgetting)
        log_p = None
        if self.likelihood:
            log_p = self.reference.log_density(rows, threads=self.threads)
        scaled = None if w is None else w / self.unit
        self.parts[0]._add_rows(rows, scaled, log_p, self.threads)
        if self.robust:
            squares = None if scaled is None else scaled * scaled
            self.parts[1]._add_rows(rows, squares, np.zeros(len(rows)), self.threads)

    def _decay(self, factor: float) -> None:
        """Close the present sums, and multiply the weights in them by `factor`."""
        k = self.reference.n_coordinates
        self.kept = self._all()
        by = np.full(len(self.kept[0]), factor)
        by[0], by[2] = 1.0, factor * factor
        by[5 + 2 * k : 5 + 3 * k] = factor * factor  # squares of weighted scores
        self.kept[0] *= by
        if self.robust:
            self.kept[1] *= factor * factor
        self._open()

    def _all(self) -> list[NDArray[np.float64]]:
        found = [part.moments() for part in self.parts]
        if self.kept:
            found = [a + b for a, b in zip(self.kept, found, strict=True)]
        return found

    def totals(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Both sums."""
        found = self._all()
        return found[0], found[1] if self.robust else None


def _first_reference(same: _Pass, rows: Rows, w: Rows | None) -> Distribution:
    """A member near the first rows, and the pseudo-observations."""
    if same.prior is not None:
        w = np.concatenate([np.ones(len(rows)) if w is None else w, same.prior.w])
        rows = np.concatenate([rows, same.prior.rows])
    d = rows.shape[1] if rows.ndim == 2 else 1
    return reference_member(same.cls, rows, w, d, same.fixed)


def _mean_score(
    reference: Distribution, moments: NDArray[np.float64], prior: Prior | None, unit: float
) -> NDArray[np.float64]:
    k = reference.n_coordinates
    if prior is None:
        mean: NDArray[np.float64] = moments[3 : 3 + k] / moments[1]
        return mean
    pseudo = Accumulator(reference)
    pseudo._add_rows(prior.rows, prior.w / unit, None, 1)
    both = moments[: 3 + k] + pseudo.moments()
    mean = both[3:] / both[1]
    return mean


def _groups(same: _Pass) -> Iterator[list[tuple[Rows, Rows | None]]]:
    """Checked rows and weights by groups of chunks, the first of at least a block of rows."""
    first: list[tuple[Rows, Rows | None]] = []
    count, held, dimension = 0, 0, same.dimension
    weight_chunks = iter(same.weights) if same.weights is not None else None
    for chunk in same.chunks:
        rows = _as_data(same.cls, chunk, dimension)
        w = None if weight_chunks is None else next_weights(weight_chunks, rows)
        dimension = rows.shape[1] if rows.ndim == 2 else None
        family_check_data(same.cls, rows, dimension or 1, count, same.fixed)
        count += len(rows)
        if held >= BLOCK and len(rows):
            yield [(rows, w)]
        elif len(rows):
            first.append((rows, w))
            held += len(rows)
            if held >= BLOCK:
                yield first
    if 0 < held < BLOCK:
        yield first


def next_weights(weights: Iterator[ArrayLike], rows: Rows) -> Rows:
    """The checked weights of one chunk, of which there must be an array to each."""
    w = next(weights, None)
    if w is None:
        raise ValueError("weights has fewer arrays than data has chunks: it needs one to each")
    checked: Rows = checked_weights(w, len(rows))
    return checked


def _joined(pairs: list[tuple[Rows, Rows | None]]) -> tuple[Rows, Rows | None]:
    if len(pairs) == 1:
        return pairs[0]
    weights = [w for _, w in pairs if w is not None]
    return np.concatenate([rows for rows, _ in pairs]), np.concatenate(weights) if weights else None


def _as_data(cls: type[Distribution], chunk: ArrayLike, dimension: int | None) -> Rows:
    array = as_float64(chunk, "data")
    if cls._is_vector():
        d = dimension if dimension is not None else (array.shape[-1] if array.ndim == 2 else 0)
        if array.ndim != 2 or array.shape[1] != d or d == 0:
            wanted = "d" if dimension is None else str(dimension)
            raise ValueError(f"data has shape {array.shape}: it must have shape (n, {wanted})")
        return np.ascontiguousarray(array)
    rows: Rows = as_rows(array, "data", None)
    return rows


def log_likelihood(fit: MomentsFit) -> tuple[float, float, float]:
    """Sum of w log p, its weighted mean's negative, and the standard error of that.

    With the mean parameters of data and pseudo-observations those of the fit, the sum of
    w log(p/p_reference) over both is their weight times D(fit || reference), exactly.
    """
    k = fit.reference.n_coordinates
    total, squares = fit.moments[1], fit.moments[2]
    reference_sum, reference_squares = fit.moments[3 + k], fit.moments[4 + k]
    mean = reference_sum / total
    variance = max(reference_squares / total - mean * mean, 0.0)
    gain = fit.distribution._kl(fit.reference)
    if fit.prior is not None:
        member = fit.prior.member
        own = member._kl(fit.reference) - member._kl(fit.distribution)
        gain += fit.prior_weight / total * (gain - own)
    error = float(np.sqrt(variance * squares) / total)
    return float((reference_sum + total * gain) * fit.weight_unit), float(-(mean + gain)), error
