"""The rung "quadrature" for products of families of few counts: sums over every state, exact.

Two bits have four states; log q is evaluated once at each, and steps cost nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import LARGEST_FULL, Distribution, ReverseRun, vector_function
from klfast.optimize.lattice import Nodes
from klfast.product_family import ProductMember

Values = NDArray[np.float64]

_LARGEST = 4096  # states


def all_states(p: Distribution) -> Values | None:
    """Every point of a product of counts, as rows in lexicographic order; None if too many."""
    if not isinstance(p, ProductMember) or not all(p._integer_coordinates):
        return None
    if p.n_coordinates > LARGEST_FULL:
        return None
    values: list[Values] = []
    total = 1
    for factor in p.factors:
        own = _support(factor)
        total *= _LARGEST + 1 if own is None else len(own)
        if own is None or total > _LARGEST:
            return None
        values.append(own)
    return np.stack(np.meshgrid(*values, indexing="ij"), axis=-1).reshape(-1, len(values))


def _support(p: Distribution) -> Values | None:
    """All counts that one member may draw; None if these are too many."""
    draw = np.empty(1)
    p.sample(1, rng=0, out=draw)
    near = draw + np.arange(-_LARGEST, _LARGEST + 1.0)
    inside = p.log_density(near) > -np.inf
    return None if inside[0] or inside[-1] else near[inside]


class EnumerationSteps:
    """Steps of a run by sums over all states.

    `log_q` evaluates and counts the states; it gives None to end the run.
    """

    at_floor = False
    rule = None  # there is one only

    def __init__(
        self, run: ReverseRun, log_q: Callable[[Values, Nodes], Values | None], states: Values
    ) -> None:
        self.run = run
        self.log_q = log_q
        self.states = states
        self.values = np.empty(0)  # log q at the states

    def state(self) -> Values:
        """What `restore` needs."""
        return self.values

    def restore(self, state: Values) -> None:
        """Go back to what `state` gave."""
        self.values = state

    def nodes(self) -> Nodes:
        """The states, with the probabilities of the present member."""
        w = vector_function("exp", self.run.distribution().log_density(self.states))
        return Nodes(self.states, w, np.ones(len(w), dtype=bool), True)

    def step(self, nodes: Nodes, threads: int) -> bool:
        """One step; False if log q ended the run."""
        if not len(self.values):
            values = self.log_q(nodes.x, nodes)
            if values is None:
                return False
            self.values = values
        inside = self.values > -np.inf  # all, unless p is to be cut to q's support
        w = nodes.weights[inside]
        if not inside.all():
            if not math.fsum(w) > 0.0:
                raise ValueError("log_q is -inf at all states of p: start inside q's support")
            mass = np.array([math.fsum(w) / math.fsum(nodes.weights)])
            self.run.inside(float(vector_function("log", mass)[0]), 0.0)
        moments = self.run.weighted_moments(nodes.x[inside], self.values[inside], w, threads)
        self.run.update_nodes(moments, moments)
        return True

    @property
    def knows_log_q(self) -> bool:
        """Whether `log_q_near` can tell."""
        return len(self.values) > 0

    def log_q_near(self, x: Values) -> Values:
        """Log q at draws of p."""
        low = self.states[0]
        lengths = (self.states[-1] - low + 1.0).astype(np.int64)
        index = np.ravel_multi_index(tuple((x - low).astype(np.int64).T), tuple(lengths))
        found: Values = self.values[index]
        return found
