"""The rung "quadrature" of the reverse minimiser: families of numbers and counts, without draws.

Each step is Newton's, from sums over the nodes of the present member. The nodes lie on one lattice
for all members, so that log q is evaluated once at each point: the steps near the minimum cost
nothing. The first steps are made on few nodes; then the step of the lattice is halved until two
rules agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution, ReverseRun, vector_function
from klfast.optimize.enumeration import EnumerationSteps, all_states
from klfast.optimize.lattice import FINE, ROUGH, Accuracy, Lattice, Nodes, make_nodes

Values = NDArray[np.float64]

_ROUGH_ABOVE = 1e-3  # nats of predicted gain for which few nodes will do
_CHEAP = 1024  # nodes up to which the divergence is made 100 times as accurate as asked


class Remembered:
    """log q at the points of a lattice."""

    def __init__(self) -> None:
        self.x: Values = np.empty(0)
        self.log_q: Values = np.empty(0)

    def missing(self, x: Values) -> Values:
        """The points not yet evaluated."""
        return np.setdiff1d(x, self.x)

    def add(self, x: Values, log_q: Values) -> None:
        """Remember new points."""
        order = np.argsort(joined := np.concatenate([self.x, x]))
        self.x, self.log_q = joined[order], np.concatenate([self.log_q, log_q])[order]

    def at(self, x: Values) -> Values:
        """Log q at remembered points."""
        return self.log_q[np.searchsorted(self.x, x)]


class QuadratureSteps:
    """Steps of a run by quadrature.

    `log_q` evaluates and counts new points; it gives None to end the run.
    """

    def __init__(
        self, run: ReverseRun, log_q: Callable[[Values, Nodes], Values | None], tolerance: float
    ) -> None:
        self.run = run
        self.log_q = log_q
        self.tolerance = tolerance
        self.lattice = Lattice(run.distribution())
        self.known = Remembered()
        self.accuracy = ROUGH
        self.finer = 0
        self.limited = False

    def state(self) -> tuple[Accuracy, int, bool, Values, Values]:
        """What `restore` needs."""
        return self.accuracy, self.finer, self.limited, self.known.x, self.known.log_q

    def restore(self, state: tuple[Accuracy, int, bool, Values, Values]) -> None:
        """Go back to what `state` gave."""
        accuracy, self.finer, self.limited, self.known.x, self.known.log_q = state
        self.accuracy = ROUGH if accuracy == ROUGH else FINE

    def nodes(self) -> Nodes | None:
        """The rule of the next step; None if the present member has none."""
        p = self.run.distribution()
        made = make_nodes(self.lattice, p, self.accuracy, self.finer)
        if made is None and self.finer > 0:
            self.finer -= 1
            self.limited = True
            made = make_nodes(self.lattice, p, self.accuracy, self.finer)
        return made

    def step(self, nodes: Nodes, threads: int) -> bool:
        """One step; False if log q ended the run."""
        new = self.known.missing(nodes.x)
        if len(new):
            values = self.log_q(new, nodes)
            if values is None:
                return False
            self.known.add(new, values)
        log_q = self.known.at(nodes.x)
        inside = log_q > -np.inf  # all, unless p is to be cut to q's support
        x, log_q, w = nodes.x[inside], log_q[inside], nodes.weights[inside]
        even = nodes.even[inside]
        if not inside.all():
            self._cut(nodes, inside)
        moments = self.run.weighted_moments(x, log_q, w, threads)
        coarse = moments if even.all() else self.run.weighted_moments(
            x[even], log_q[even], 2.0 * w[even], threads)
        self.run.update_nodes(moments, coarse)
        self._refine(nodes)
        return True

    def _cut(self, nodes: Nodes, inside: NDArray[np.bool_]) -> None:
        """Tell the run p's mass in q's support, by the rule and by the one of twice its step."""
        fine = math.fsum(nodes.weights[inside]) / math.fsum(nodes.weights)
        coarse = math.fsum(nodes.weights[inside & nodes.even]) / math.fsum(
            nodes.weights[nodes.even])
        if not (fine > 0.0 and coarse > 0.0):
            raise ValueError("log_q is -inf at all nodes of p: start inside q's support")
        logs = vector_function("log", np.array([fine, coarse]))
        self.run.inside(float(logs[0]), abs(float(logs[0] - logs[1])))

    @property
    def knows_log_q(self) -> bool:
        """Whether `log_q_near` can tell."""
        return len(self.known.x) > 0

    def log_q_near(self, x: Values) -> Values:
        """Log q at any points, interpolated between those that are known."""
        return np.interp(x, self.known.x, self.known.log_q)

    @property
    def rule(self) -> tuple[Accuracy, int, bool]:
        """What the nodes of a member depend on."""
        return self.accuracy, self.finer, self.limited

    @property
    def at_floor(self) -> bool:
        """Whether the error of the finest rule exceeds both the tolerance and the gain."""
        e = self.run.estimates
        error = max(e.kl_error, e.gain_error)
        return self.limited and error > self.tolerance and e.gain <= error

    def _refine(self, nodes: Nodes) -> None:
        e = self.run.estimates
        if self.accuracy is ROUGH:
            if not e.gain > _ROUGH_ABOVE:
                self.accuracy = FINE
            return
        error = max(e.kl_error, e.gain_error)
        asked = 1e-2 * self.tolerance if len(nodes.x) < _CHEAP else self.tolerance
        if error > asked and not nodes.is_whole and not self.limited:
            self.finer += 1


def quadrature_steps(
    run: ReverseRun, log_q: Callable[[Values, Nodes], Values | None], tolerance: float
) -> QuadratureSteps | EnumerationSteps:
    """The steps that serve the run's family."""
    states = all_states(run.distribution())
    if states is not None:
        return EnumerationSteps(run, log_q, states)
    return QuadratureSteps(run, log_q, tolerance)


def has_nodes(p: Distribution) -> bool:
    """Whether a quadrature over one member is at hand."""
    if p.event_shape:
        return all_states(p) is not None
    return make_nodes(Lattice(p), p) is not None
