"""Log q as the forward minimiser reads it: checked, counted, and refused by name."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution, fit_from_mean_score
from klfast.families.family import NoMaximumError
from klfast.optimize.moments import fit_moments
from klfast.optimize.options import Options
from klfast.targets import (
    as_log_density,
    check_same_space,
    compiled_target,
    evaluate_log_density,
    is_class_of_family,
    is_distribution,
    kind_of,
)

Values = NDArray[np.float64]

_LARGEST_CALL = 1 << 16
_DRAWS_OF_Q = 1000
_HALVINGS = 60
_ROWS = 1 << 14  # scores held at once
_LARGEST_SIZE = 1e300


class Spent(Exception):  # noqa: N818 -- no error: the end of a budget
    """More values of log q are wanted than the budget allows."""


class LogDensity:
    """Log q at points of a family's support; -inf is a density of 0."""

    def __init__(self, q: Any, p: Distribution, options: Options) -> None:
        self.q = q
        self.log_q = as_log_density(q)
        self.known = is_distribution(q)  # and so normalised
        if self.known:
            check_same_space(q, p, "data", "p")
        elif not callable(q) or is_class_of_family(q):
            raise TypeError(
                f"data is {kind_of(q)}: it must be a distribution, a Mixture, a Product or a "
                "callable log q(x) for this method"
            )
        self.target = compiled_target(q)
        self.threads = options.threads
        self.most = options.max_evaluations
        self.evaluations = 0
        self.steps = 0  # of the run, for messages
        if self.known:
            self._check_support(p)

    @property
    def left(self) -> int:
        """Evaluations that the budget still allows."""
        return self.most - self.evaluations

    def at(self, x: Values, p: Distribution) -> Values:
        """Log q at points of the support of p, the present member.

        Raises
        ------
        Spent
            If there are more points than evaluations left; none is evaluated then.
        ValueError
            If log q is NaN or +inf somewhere.
        """
        if len(x) > self.left:
            raise Spent
        self.evaluations += len(x)
        if self.target is not None:
            values = self.target.log_density(np.ascontiguousarray(x), len(x), self.threads)
        else:
            starts = range(0, len(x), _LARGEST_CALL)
            parts = [evaluate_log_density(self.log_q, x[i : i + _LARGEST_CALL]) for i in starts]
            values = np.concatenate(parts)
        bad = ~(values < np.inf)
        if bad.any():
            i = int(np.argmax(bad))
            shown = "NaN" if np.isnan(values[i]) else "+inf"
            raise ValueError(
                f"log_q is {shown} at x = {x[i]}, with p at {p!r} after {self.steps} steps: it "
                "must be finite, or -inf outside q's support"
            )
        return values

    def _check_support(self, p: Distribution) -> None:
        """Refuse a q with draws where p is 0."""
        draws = np.asarray(self.q.sample(_DRAWS_OF_Q, rng=0), dtype=np.float64)
        outside = np.isneginf(p.log_density(draws))
        if outside.any():
            raise ValueError(
                f"D(q || p) is infinite: {int(outside.sum())} of {_DRAWS_OF_Q} draws of q, "
                f"{draws[int(np.argmax(outside))]} among them, are outside the support of p"
            )


def score_sizes(p: Distribution, x: Values) -> Values:
    """For each point the squares of the natural scores over their variances, summed.

    In an order of its own: NumPy's and BLAS's sums depend on the processor.
    """
    total = np.zeros(len(x))
    with np.errstate(over="ignore", invalid="ignore"):
        variance = [math.fsum(row * row) for row in p._score_map("natural")]
        for i in range(0, len(x), _ROWS):
            scores = p.score(x[i : i + _ROWS], coordinates="natural").T
            for score, v in zip(scores, variance, strict=True):
                total[i : i + _ROWS] += score * score / v
    return np.where(total < _LARGEST_SIZE, total, _LARGEST_SIZE)


def matched(p: Distribution, mean_score: Values, x: Values, w: Values) -> Distribution | None:
    """The member of the means of weighted points, from their mean of the score standard at p.

    Where p is too far for that, from a reference member near the points. Where there is no such
    member, or it is on the boundary, from which no step leads on: that of half the mean score, and
    so on. None if there is no end to it.
    """
    if not np.isfinite(mean_score).all():
        return None
    found = fit_from_mean_score(p, mean_score)
    if found is None:
        with contextlib.suppress(NoMaximumError):
            found = fit_moments(type(p), [x], [w], fixed=p.fixed).distribution
    for _ in range(_HALVINGS):
        if found is not None and found._is_interior():
            return found
        mean_score = 0.5 * mean_score
        found = fit_from_mean_score(p, mean_score)
    return None
