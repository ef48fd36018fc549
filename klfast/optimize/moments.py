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

Rows = NDArray[np.float64]


class MomentsFit(NamedTuple):
    """A maximum-likelihood member and what the pass over the data told."""

    distribution: Any
    reference: Distribution
    accumulator: Accumulator
    n_data: int
    weight_unit: float  # the weights were divided by it


def fit_moments(
    cls: type[Distribution],
    chunks: Iterable[ArrayLike],
    weights: Iterable[ArrayLike] | None = None,
    *,
    fixed: dict[str, Any] | None = None,
    dimension: int | None = None,
    likelihood: bool = False,
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
    threads : int
    """
    fixed = fixed or {}

    def pass_over(reference: Distribution | None, likelihood: bool) -> MomentsFit:
        return _pass(cls, chunks, weights, reference, fixed, dimension, likelihood, threads)

    if not isinstance(chunks, list):
        return pass_over(None, likelihood)
    try:
        fit = pass_over(None, False)
    except NoMaximumError:
        # the first rows, all equal perhaps, may have been no guide to the spread of the rest
        spread = _spread_rows(cls, chunks, dimension)
        width = spread.shape[1] if spread.ndim == 2 else 1
        fit = pass_over(reference_member(cls, spread, None, width, fixed), False)
    for _ in range(2):
        if not _far(fit):
            break
        fit = pass_over(fit.distribution, False)
    if likelihood:
        fit = pass_over(fit.distribution, True)._replace(distribution=fit.distribution)
    return fit


def _spread_rows(cls: type[Distribution], chunks: list[ArrayLike], dimension: int | None) -> Rows:
    """At most a block of rows, spread evenly over all the data."""
    parts = [_as_data(cls, chunk, dimension) for chunk in chunks]
    step = -(-sum(map(len, parts)) // (BLOCK // 2))
    rows = np.concatenate([part[::step] for part in parts])
    return np.ascontiguousarray(rows[:BLOCK])


def _far(fit: MomentsFit) -> bool:
    """Whether the fit is so far from its reference that digits were lost."""
    mean = fit.accumulator.mean_score()
    return math.fsum(mean * mean) > 1.0


def _pass(
    cls: type[Distribution],
    chunks: Iterable[ArrayLike],
    weights: Iterable[ArrayLike] | None,
    reference: Distribution | None,
    fixed: dict[str, Any],
    dimension: int | None,
    likelihood: bool,
    threads: int,
) -> MomentsFit:
    accumulator: Accumulator | None = None
    count, scale = 0, 1.0
    for rows, w in _pairs(cls, chunks, weights, fixed, dimension):
        if accumulator is None:
            d = rows.shape[1] if rows.ndim == 2 else 1
            if reference is None:
                reference = reference_member(cls, rows, w, d, fixed)
            accumulator = Accumulator(reference, "gradient" if likelihood else "score")
            if w is not None and w.max() > 1e100:
                scale = float(w.max())
        assert reference is not None
        log_p = reference.log_density(rows, threads=threads) if likelihood else None
        accumulator._add_rows(rows, None if w is None else w / scale, log_p, threads)
        count += len(rows)
    if accumulator is None or reference is None:
        raise ValueError("data is empty: there is nothing to fit")
    return MomentsFit(_solve(cls, accumulator, reference, count), reference, accumulator, count,
                      scale)


def _pairs(
    cls: type[Distribution],
    chunks: Iterable[ArrayLike],
    weights: Iterable[ArrayLike] | None,
    fixed: dict[str, Any],
    dimension: int | None,
) -> Iterator[tuple[Rows, Rows | None]]:
    """Checked rows and weights by chunks; the first holds at least a block if there is one."""
    first: list[tuple[Rows, Rows | None]] = []
    count, held = 0, 0
    weight_chunks = iter(weights) if weights is not None else None
    for chunk in chunks:
        rows = _as_data(cls, chunk, dimension)
        w = None if weight_chunks is None else next_weights(weight_chunks, rows)
        dimension = rows.shape[1] if rows.ndim == 2 else None
        family_check_data(cls, rows, dimension or 1, count, fixed)
        count += len(rows)
        if held >= BLOCK and len(rows):
            yield rows, w
        elif len(rows):
            first.append((rows, w))
            held += len(rows)
            if held >= BLOCK:
                yield _joined(first)
    if 0 < held < BLOCK:
        yield _joined(first)


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


def _solve(
    cls: type[Distribution], accumulator: Accumulator, reference: Distribution, count: int
) -> Distribution:
    if accumulator.moments()[1] == 0.0:
        raise ValueError("weights are all 0: there is nothing to fit")
    fitted = fit_from_mean_score(reference, accumulator.mean_score())
    if fitted is None:
        raise NoMaximumError(cls, count)
    return fitted


def log_likelihood(fit: MomentsFit) -> tuple[float, float, float]:
    """Sum of w log p, its weighted mean's negative, and the standard error of that.

    With the data's mean parameters those of the fit, sum w log p = sum w log p_reference
    + (sum w) D(fit || reference), exactly.
    """
    moments = fit.accumulator.moments()
    k = fit.reference.n_coordinates
    total, squares = moments[1], moments[2]
    reference_sum, reference_squares = moments[3 + k], moments[4 + k]
    mean = reference_sum / total
    variance = max(reference_squares / total - mean * mean, 0.0)
    gain = fit.distribution._kl(fit.reference)
    error = float(np.sqrt(variance * squares) / total)
    return float((reference_sum + total * gain) * fit.weight_unit), float(-(mean + gain)), error
