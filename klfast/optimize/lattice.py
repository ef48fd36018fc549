"""Quadrature nodes for the families of numbers and counts: points of one lattice, for any member.

A member is summed over x(u) at the points u = j h of the line, with weights h p(x) dx/du: the
trapezoidal rule, whose error falls exponentially with 1/h where the integrand is analytic and
decays (Trefethen and Weideman, 2014, "The exponentially convergent trapezoidal rule", SIAM Review
56). Here u is x itself, log(x - origin), logit(x), or for counts x, where h = 1 is the sum over the
support. All steps h are powers of two: a finer rule, and the rule of another member, has most of
its points in common with the ones before, and log q is remembered at each.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Accumulator, Distribution, support_of, vector_function

Values = NDArray[np.float64]

LARGEST = 100_000  # nodes of a rule

_COARSEST = 0.5  # first step, in units of the distance between the 5 and 95 per cent quantiles
_TURN = 6.283185307179586
_LOG_TURN = 1.8378770664093453
_LOG_2 = 0.6931471805599453
# Distances at which the ends of a member's mass are looked for, in units of its spread.
_STEPS = np.array([0.0, *(f * 2.0**j for j in range(-2, 60) for f in (1.0, 1.5))])


class Accuracy(NamedTuple):
    """What a rule must reach: for p's own moments, all known, and for its ends."""

    enough: float  # error of the moments at which no finer step is tried
    useful: float  # and above which there is no rule
    negligible: float  # p is left out where its logarithm is this far below its largest


ROUGH = Accuracy(1e-3, 1e-2, 12.0)
FINE = Accuracy(1e-12, 1e-6, 37.0)  # what is left out is below the rounding of a sum


class Nodes(NamedTuple):
    """Points with the weights of p, which sum to 1.

    `even` are those of the rule of twice the step.
    """

    x: Values
    weights: Values
    even: NDArray[np.bool_]
    is_whole: bool  # every count of p's support, but for a negligible rest

    def mass_at(self, points: Values) -> float:
        """The weights of those of the nodes that are among the points."""
        if self.x.ndim == 1:
            return float(self.weights[np.isin(self.x, points)].sum())
        known = {row.tobytes() for row in points}
        return math.fsum(w for w, row in zip(self.weights, self.x, strict=True)
                         if row.tobytes() in known)


class Lattice:
    """The points for one support: maps between x and u."""

    def __init__(self, p: Distribution) -> None:
        self.kind, self.origin = support_of(p)
        self.sides = (-1.0, 1.0) if self.kind == "two half lines" else (1.0,)

    def u_of(self, x: Values) -> Values:
        """The coordinate of draws, to place a rule by."""
        if self.kind in ("line", "integers"):
            return x
        if self.kind == "circle":
            return x / _TURN
        if self.kind == "unit interval":
            x = np.clip(x, 2.0**-1074, 1.0 - 2.0**-53)
            return vector_function("log", x) - vector_function("log", 1.0 - x)
        return vector_function("log", np.maximum(np.abs(x - self.origin), 2.0**-1074))

    def x_of(self, u: Values, side: float) -> Values:
        """The points x(u)."""
        if self.kind in ("line", "integers"):
            return u
        if self.kind == "circle":
            return (u - np.floor(u + 0.5)) * _TURN
        grown = vector_function("exp", -np.abs(u) if self.kind == "unit interval" else u)
        if self.kind == "unit interval":
            return np.where(u < 0.0, grown, 1.0) / (1.0 + grown)
        return self.origin + side * grown

    def log_slope(self, u: Values) -> Values:
        """log(dx/du)."""
        if self.kind in ("line", "integers", "circle"):
            return np.full(len(u), _LOG_TURN if self.kind == "circle" else 0.0)
        if self.kind == "unit interval":
            size = np.abs(u)
            return -size - 2.0 * vector_function("log1p", vector_function("exp", -size))
        return u

    def inside(self, x: Values) -> NDArray[np.bool_]:
        """Whether the points are no ends of the support, where log q need not be finite."""
        if self.kind == "unit interval":
            between: NDArray[np.bool_] = (x > 0.0) & (x < 1.0)
            return between
        if self.kind in ("half line", "two half lines"):
            away: NDArray[np.bool_] = np.isfinite(x) & (x != self.origin)
            return away
        finite: NDArray[np.bool_] = np.isfinite(x)
        return finite

    def log_mass(self, p: Distribution, u: Values, side: float) -> tuple[Values, Values]:
        """The points, and log(p(x) dx/du) there."""
        x = self.x_of(u, side)
        log_p = p.log_density(x) + self.log_slope(u)
        return x, np.where(self.inside(x) & (log_p < np.inf), log_p, -np.inf)


@np.errstate(all="ignore")
def make_nodes(
    lattice: Lattice, p: Distribution, accuracy: Accuracy = FINE, finer: int = 0
) -> Nodes | None:
    """The coarsest rule of that accuracy for p's own moments, its step then halved `finer` times.

    None if there is none of at most `LARGEST` nodes.
    """
    placed = Placed(lattice, p, accuracy.negligible)
    if not placed.ends:
        return None
    least = 0 if lattice.kind == "integers" else -1000
    exponent = max(placed.exponent, least)
    best = None
    while True:
        nodes = placed.nodes(exponent)
        if nodes is None:
            break
        error = _own_error(p, nodes)
        if best is not None and best[0] < accuracy.useful and not error < 0.5 * best[0]:
            break
        if best is None or error < best[0]:
            best = error, exponent, nodes
        if error < accuracy.enough or exponent == least:
            break
        exponent -= 1
    if best is None or not best[0] < accuracy.useful:
        return None
    wanted = max(best[1] - finer, least)
    return best[2] if wanted == best[1] else placed.nodes(wanted)


class Placed:
    """Where a member's mass is, on the lattice's line."""

    def __init__(self, lattice: Lattice, p: Distribution, negligible: float) -> None:
        self.lattice = lattice
        self.p = p
        self.negligible = negligible
        draws = np.asarray(p.sample(512, rng=0), dtype=np.float64)
        u = lattice.u_of(draws)
        if lattice.kind == "circle":  # unrolled about the likeliest draw
            top = u[np.argmax(p.log_density(draws))]
            u = u - np.floor(u - top + 0.5)
        u = np.sort(u)
        self.middle = float(u[256])
        self.spread = max(float(u[486] - u[25]), abs(self.middle) * 2.0**-48, 2.0**-1000)
        if lattice.kind == "integers":
            self.middle, self.spread = float(round(self.middle)), max(self.spread, 2.0)
        self.exponent = math.frexp(_COARSEST * self.spread)[1] - 1
        self.ends: list[tuple[float, float, float]] = []  # side, first u, last u
        for side in lattice.sides:
            low, high = self._end(side, -1.0), self._end(side, 1.0)
            if low is None or high is None:
                self.ends = []
                return
            self.ends.append((side, low, high))

    def _end(self, side: float, way: float) -> float | None:
        """A point beyond which p is negligible."""
        steps = self.spread * _STEPS
        if self.lattice.kind == "integers":
            steps = np.ceil(steps)
        if self.lattice.kind == "circle":
            steps = np.minimum(steps, 0.5)
        _, log_p = self.lattice.log_mass(self.p, self.middle + way * steps, side)
        large = np.flatnonzero(log_p > log_p.max() - self.negligible)
        if self.lattice.kind == "circle" and large[-1] == len(steps) - 1:
            return self.middle + way * 0.5
        if not len(large) or large[-1] == len(steps) - 1:
            return None
        return float(self.middle + way * steps[large[-1] + 1])

    def nodes(self, exponent: int) -> Nodes | None:
        step = 2.0**exponent
        parts = []
        for side, low, high in self.ends:
            first, last = np.floor(low / step), np.ceil(high / step)
            if not (last - first < 4.0 * LARGEST and max(abs(first), abs(last)) < 2.0**52):
                return None
            if self.lattice.kind == "circle":  # no point twice
                last = min(last, first + 1.0 / step - 1.0)
            index = np.arange(first, last + 1.0)
            x, log_p = self.lattice.log_mass(self.p, index * step, side)
            parts.append((x, log_p, index % 2.0 == 0.0))
        x, log_p, even = (np.concatenate(part) for part in zip(*parts, strict=True))
        kept = log_p > log_p.max() - self.negligible
        x, log_p, even = x[kept], log_p[kept], even[kept]
        if len(x) > LARGEST:
            return None
        weights = vector_function("exp", log_p + exponent * _LOG_2)
        whole = self.lattice.kind == "integers" and exponent == 0
        return Nodes(x, weights, even | whole, whole)


@functools.cache
def _identity(k: int) -> Values:
    """Its lower triangle, row by row."""
    triangle: Values = np.eye(k)[np.tril_indices(k)]
    return triangle


def _own_error(p: Distribution, nodes: Nodes) -> float:
    """How far the rule is from p's total mass 1, and the score's mean 0 and covariance I."""
    sums = Accumulator(p, "full")
    sums._add_rows(nodes.x, nodes.weights, np.zeros(len(nodes.x)), 1)
    moments, k = sums.moments(), p.n_coordinates
    score, products = moments[3 : 3 + k], moments[5 + 3 * k : 5 + 3 * k + k * (k + 1) // 2]
    errors = [abs(moments[1] - 1.0), np.abs(score).max(), np.abs(products - _identity(k)).max()]
    return float(max(errors)) if np.isfinite(errors).all() else np.inf
