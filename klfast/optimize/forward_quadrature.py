"""The rung "quadrature" of the forward minimiser: q by its log-density, summed over a lattice.

The mean parameters of q are sums over nodes that cover q's mass, not p's: from the nodes of the
present member the rule is widened to either side until q is negligible. The new member is that of
q's mean parameters; about it the rule is placed anew, and refined until it agrees with the one of
half as many nodes. All points lie on one lattice, on which log q is remembered.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Accumulator, Distribution, vector_function
from klfast.optimize.lattice import FINE, LARGEST, Lattice, Placed
from klfast.optimize.log_density import LogDensity, Spent, matched, score_sizes
from klfast.optimize.options import Options
from klfast.optimize.progress import Progress
from klfast.optimize.quadrature import Remembered
from klfast.optimize.result import FitResult

Values = NDArray[np.float64]

_HISTORY = ("evaluations", "kl", "kl_error", "gain", "gain_error")
_MESSAGES = {
    "converged": "the mean parameters are those of q, summed over nodes",
    "budget": "the budget of steps, evaluations or seconds is used up",
    "stopped_by_callback": "the callback raised StopIteration",
    "diverged": "no member has the means of q over the nodes, nor means near them",
    "noise_floor": "the error of the quadrature at the largest number of nodes exceeds the "
    "tolerance",
}

_DOUBLINGS = 60  # of the distance to either end
_FEW = 4096  # nodes of a rule while the member is far from its last, and while accuracy is cheap
_ROUGH_ABOVE = 1e-3  # nats of gain
_FIXED = 1e-9  # mean standard score of a fixed point
_POLISHING = 12  # steps to it at most
_USELESS = 1e-2  # nats of error at which a rule is none
_LEAST_MISSED = 1e-3  # nats of log Z, where q is normalised, that are no mass missed


class Uncovered(Exception):  # noqa: N818 -- no error: another rung may serve
    """There is no rule of few enough nodes that covers q's mass."""


class Sums(NamedTuple):
    """Of a rule."""

    mean_score: Values
    log_total: float
    points: tuple[Values, Values, Values]  # x, log q, and the weights, the largest 1


class QuadratureRun:
    """Moment matching by sums, step by step."""

    def __init__(self, p: Distribution, q: LogDensity, options: Options) -> None:
        self.p = p
        self.q = q
        self.options = options
        self.lattice = Lattice(p)
        self.known = Remembered()
        self.exponent: int | None = None  # of the step, once the member is near its last
        self.limited = False
        self.steps = self.polished = 0
        self.kl = self.kl_error = self.gain = self.gain_error = math.nan
        self.log_normaliser = self.normaliser_error = math.nan
        self.rows: list[tuple[Any, ...]] = []
        self.status = "going"
        self.began = time.monotonic()

    def drive(self) -> FitResult:
        """Step to the end; callback and progress hear of each step.

        Raises
        ------
        Uncovered
            If there is no rule.
        """
        with Progress(self.options.progress, self.options.max_steps) as progress:
            while self.status == "going" and self._step():
                progress.show(self.steps, "KL", self.kl, self.kl_error)
                if self.options.stopped(self._result):
                    self.status = "stopped_by_callback"
        return self._result()

    # ---- A step ----

    def _step(self) -> bool:
        """Sum and match; False if the run ended before."""
        options = self.options
        if self.steps >= options.max_steps or time.monotonic() > options.deadline:
            self.status = "budget"
            return False
        try:
            with np.errstate(all="ignore"):
                sums, error = self._summed()
        except Spent:
            self.status = "budget"
            return False
        x, _, w = sums.points
        new = matched(self.p, sums.mean_score, x, w)
        if new is None:
            self.status = "diverged"
            return False
        self.gain = 0.5 * math.fsum(sums.mean_score * sums.mean_score)
        self.gain_error = 0.5 * math.fsum(error * error)
        self.p = new
        self.steps += 1
        self.q.steps = self.steps
        self.kl = self._divergence(sums)
        self.log_normaliser = sums.log_total
        self.rows.append((self.q.evaluations, self.kl, self.kl_error, self.gain, self.gain_error))
        self._judge(float(np.abs(sums.mean_score).max()))
        return True

    def _judge(self, size: float) -> None:
        if self.exponent is None:
            return
        self.polished += 1
        if size <= _FIXED or self.polished >= _POLISHING:
            error = max(self.kl_error, self.normaliser_error, self.gain_error)
            missed = self.q.known and abs(self.log_normaliser) > error + _LEAST_MISSED
            if missed or error > max(self.options.tolerance, _USELESS):
                raise Uncovered
            fine = error <= max(self.options.tolerance, 1e-12)
            self.status = "converged" if fine else "noise_floor"

    def _summed(self) -> tuple[Sums, Values]:
        """The sums of the present rule, and the error of their means.

        While the member moves far, of a rule of few nodes; then of one that is refined.
        """
        placed = Placed(self.lattice, self.p, FINE.negligible)
        if not placed.ends:
            raise Uncovered
        own = self._least(placed.exponent - 1)
        ends = self._ends(placed, 2.0**own)
        exponent = own if self.exponent is None else self.exponent
        while self._size(ends, exponent) > (_FEW if self.exponent is None else LARGEST):
            exponent += 1
        sums = self._sums(ends, exponent, False)
        if self.exponent is None and 0.5 * math.fsum(sums.mean_score**2) > _ROUGH_ABOVE:
            return sums, np.full(len(sums.mean_score), math.nan)
        while True:
            self.exponent = exponent
            error = self._compare(sums, ends, exponent)
            finer = exponent - 1
            if self._good(error, self._size(ends, exponent)) or self._least(finer) != finer:
                return sums, error
            if self._size(ends, finer) > LARGEST:
                return sums, error
            exponent = finer
            sums = self._sums(ends, exponent, False)

    def _least(self, exponent: int) -> int:
        return max(exponent, 0 if self.lattice.kind == "integers" else -1000)

    def _size(self, ends: list[tuple[float, float, float]], exponent: int) -> float:
        return sum((high - low) * 2.0**-exponent + 1.0 for _, low, high in ends)

    def _compare(
        self, sums: Sums, ends: list[tuple[float, float, float]], exponent: int
    ) -> Values:
        """How far the sums are from those of every second node."""
        if self.lattice.kind == "integers" and exponent == 0:
            self.kl_error = self.normaliser_error = 0.0
            return np.zeros(len(sums.mean_score))
        coarse = self._sums(ends, exponent + 1, True)
        self.kl_error = abs(self._divergence(sums) - self._divergence(coarse))
        self.normaliser_error = abs(sums.log_total - coarse.log_total)
        return np.asarray(sums.mean_score - coarse.mean_score)

    def _good(self, error: Values, nodes: float) -> bool:
        """Whether the rule is fine enough: rounding where that is cheap, else the tolerance."""
        inexact = max(self.kl_error, self.normaliser_error)
        if max(inexact, float(np.abs(error).max())) <= _FIXED:
            return True
        inexact = max(inexact, 0.5 * math.fsum(error * error))
        return 2.0 * nodes > _FEW and inexact <= 0.1 * self.options.tolerance

    # ---- The rule ----

    def _measure(self, u: Values, side: float) -> tuple[Values, Values, Values]:
        """The points x(u), and log q and log(q dx/du) there; -inf outside p's support."""
        x = self.lattice.x_of(u, side)
        inside = self.lattice.inside(x) & np.isfinite(self.p.log_density(x))
        missing = self.known.missing(x[inside])
        if len(missing):
            self.known.add(missing, self.q.at(missing, self.p))
        log_q = np.full(len(x), -np.inf)
        log_q[inside] = self.known.at(x[inside])
        return x, log_q, log_q + self.lattice.log_slope(u)

    def _heights(self, u: Values, side: float) -> Values:
        """log(q dx/du) and the size of the sufficient statistics there, about p's means."""
        x, _, height = self._measure(u, side)
        found = np.full(len(x), -np.inf)
        seen = height > -np.inf
        if seen.any():
            found[seen] = height[seen] + vector_function("log1p", score_sizes(self.p, x[seen]))
        return found

    def _ends(self, placed: Placed, step: float) -> list[tuple[float, float, float]]:
        """For each side the ends between which q is not negligible."""
        if self.lattice.kind == "circle":
            return [(1.0, -0.5, 0.5)]
        looked = []
        for side, low, high in placed.ends:
            first, last = math.floor(low / step), math.ceil(high / step)
            every = max(1.0, float((last - first) // _FEW))
            u = np.arange(first, last + every, every) * step
            looked.append((side, u, self._heights(u, side)))
        top = max(float(h.max()) for _, _, h in looked)
        ends = []
        for side, u, h in looked:
            for way in (-1.0, 1.0):
                u, h, top = self._widened(placed.middle, step, side, way, u, h, top)
            large = np.flatnonzero(h > top - FINE.negligible)
            if len(large):
                ends.append((side, u[max(large[0] - 1, 0)], u[min(large[-1] + 1, len(u) - 1)]))
        if not ends:
            raise ValueError(
                f"log_q is -inf at all nodes of p, with p at {self.p!r}: start where q is not 0"
            )
        return ends

    def _widened(
        self, middle: float, step: float, side: float, way: float, u: Values, h: Values, top: float
    ) -> tuple[Values, Values, float]:
        """Further points to one side, until q is negligible."""
        end = 0 if way < 0.0 else -1
        distance = abs(float(u[end]) - middle)
        for i in range(2 * _DOUBLINGS):
            if not h[end] > top - FINE.negligible:
                return u, h, top
            distance *= 1.5 if i % 2 == 0 else 4.0 / 3.0
            new = np.array([round((middle + way * distance) / step) * step])
            height = self._heights(new, side)
            top = max(top, float(height[0]))
            parts = ((new, u), (height, h)) if way < 0.0 else ((u, new), (h, height))
            u, h = (np.concatenate(part) for part in parts)
        raise Uncovered

    def _sums(
        self, ends: list[tuple[float, float, float]], exponent: int, remembered: bool
    ) -> Sums:
        """Over the nodes between the ends; `remembered` nodes need no more values of log q."""
        step = 2.0**exponent
        parts = []
        for side, low, high in ends:
            first, last = math.floor(low / step), math.ceil(high / step)
            if max(abs(first), abs(last)) >= 2**52:
                raise Uncovered
            if self.lattice.kind == "circle":  # no point twice
                last -= 1
            index = np.arange(first, last + 1.0)
            if remembered:  # every second of the finer rule, and no other
                index = index[(index >= low / step) & (index <= high / step)]
            parts.append(self._measure(index * step, side))
        x, log_q, height = (np.concatenate(part) for part in zip(*parts, strict=True))
        top = float(height.max())
        w = vector_function("exp", height - top)
        kept = w > 0.0
        x, log_q, w = x[kept], log_q[kept], w[kept]
        sums = Accumulator(self.p)
        sums._add_rows(x, w, None, 1)
        total = float(sums.moments()[1])
        log_total = top + float(vector_function("log", np.array([total * step]))[0])
        return Sums(sums.mean_score(), log_total, (x, log_q, w))

    def _divergence(self, sums: Sums) -> float:
        """E_q[log q - log p] with q as it is given."""
        x, log_q, w = sums.points
        ratio = log_q - self.p.log_density(x)
        centre = float(ratio[int(np.argmax(w))])
        return centre + math.fsum(w * (ratio - centre)) / math.fsum(w)

    def _result(self) -> FitResult:
        dtype = [(name, np.float64) for name in _HISTORY]
        known = self.q.known
        return FitResult(
            distribution=self.p, direction="forward", method="quadrature", kl=self.kl,
            kl_error=self.kl_error, gain=self.gain, gain_error=self.gain_error,
            effective_samples=math.inf,
            log_normaliser=0.0 if known else self.log_normaliser,
            log_normaliser_error=0.0 if known else self.normaliser_error,
            status=self.status, message=_MESSAGES.get(self.status, "the run goes on"),
            steps=self.steps, evaluations=self.q.evaluations,
            seconds=time.monotonic() - self.began, history=np.array(self.rows, dtype=dtype),
        )
