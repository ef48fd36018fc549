"""The rung "pooled" of the reverse minimiser: no draw is wasted.

All draws up to now are kept with their log q. A step weighs them by p(x)/m(x), where p is the
present member and m the mixture of the members that they were drawn from, each by its share
(deterministic mixture weights: Owen and Zhou, 2000, "Safe and effective importance sampling",
Journal of the American Statistical Association 95; Cornuet, Marin, Mira and Robert, 2012, "Adaptive
multiple importance sampling", Scandinavian Journal of Statistics 39), and regresses log p - log q
on the score; the rung "stein" its gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import NETS, Distribution, ReverseRun, Target, vector_function

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]

LARGEST_FAMILY = 1000  # coordinates for which the regression is made
_MEMBERS = 64  # of the mixture: beyond it the oldest draws are left out
_SETTLED = 0.01  # of the gain's error: what is left to gain from given draws
_WORN = 0.25  # of what the draws were worth when the last of them came
_GROWTH = 4  # a batch is at least this part of the draws there are


class Draws(NamedTuple):
    """Draws inside q's support, what q is there, and their weights under p, the largest 1."""

    x: Values
    log_q: Values
    gradients: Values  # of log q, (n, d); (n, 0) where they are not known
    nets: Numbers  # each draw's
    weights: Values
    log_mass: float  # of p inside q's support: 0 if all draws are


class Pool:
    """Draws, their log q, its gradients, their nets, and the members that they came from."""

    def __init__(self) -> None:
        self.members: list[Distribution] = []
        self.x: list[Values] = []
        self.log_q: list[Values] = []
        self.gradients: list[Values] = []
        self.nets: list[Numbers] = []

    def add(
        self, member: Distribution, x: Values, log_q: Values, gradients: Values | None = None,
        nets: Numbers | None = None,
    ) -> None:
        """Draws of one member; if independent, they are dealt out to the nets."""
        if gradients is None:
            gradients = np.empty((len(x), 0))
        if nets is None:
            nets = np.arange(len(x)) % NETS
        new = (x, log_q, gradients, nets)
        if member in self.members:
            i = self.members.index(member)
            for kept, more in zip(self._columns(), new, strict=True):
                kept[i] = np.concatenate([kept[i], more])
            return
        self.members.append(member)
        for kept, more in zip(self._columns(), new, strict=True):
            kept.append(more)
        self.keep(_MEMBERS)

    def _columns(self) -> tuple[list[Any], ...]:
        return self.x, self.log_q, self.gradients, self.nets

    def keep(self, members: int) -> None:
        """Leave out the draws of all but the last `members`."""
        for kept in (self.members, *self._columns()):
            del kept[:-members]

    def copy(self) -> Pool:
        """The same draws in lists of its own."""
        made = Pool()
        made.members = list(self.members)
        made.x, made.log_q, made.gradients, made.nets = map(list, self._columns())
        return made

    def __len__(self) -> int:
        return sum(map(len, self.x))

    def weighted(self, p: Distribution, threads: int) -> Draws:
        """All draws with their weights under p."""
        x, log_q, gradients, nets = map(np.concatenate, self._columns())
        inside = log_q > -np.inf
        total = len(x)
        if not inside.all():
            x, log_q, gradients, nets = (part[inside] for part in (x, log_q, gradients, nets))
        if not len(x):
            raise ValueError(f"log_q is -inf at all {total} draws of {p!r}: start inside q's "
                             "support")
        log_w = p.log_density(x, threads=threads) - self.log_mixture(x, threads)
        top = log_w.max()
        weights = vector_function("exp", log_w - top)
        log_mass = 0.0
        if len(x) < total:
            mean = np.array([math.fsum(weights) / total])
            log_mass = min(0.0, float(vector_function("log", mean)[0] + top))
        return Draws(x, log_q, gradients, nets, weights, log_mass)

    def log_mixture(self, x: Values, threads: int) -> Values:
        """Log-density of the mixture that all draws come from."""
        shares = np.array([len(part) / len(self) for part in self.x])
        mixture = Target(self.members, vector_function("log", shares).tolist())
        return mixture.log_density(x, len(x), threads)


class PooledSteps:
    """Steps of a run by pooled draws.

    `evaluate` gives log q at draws, with gradients for the method "stein"; or None to end the run.
    `batch` is the number of the first draws; later batches are larger. By nets, they are the next
    points of the same nets, whatever the members that they are drawn from.
    """

    def __init__(
        self,
        run: ReverseRun,
        evaluate: Callable[[Values], tuple[Values, Values | None] | None],
        *,
        batch: int,
        max_samples: int,
        max_evaluations: int,
        by_gradients: bool = False,
        by_nets: bool = False,
    ) -> None:
        self.run = run
        self.evaluate = evaluate
        self.batch = batch
        self.max_samples = max_samples
        self.max_evaluations = max_evaluations
        self.by_gradients = by_gradients
        self.by_nets = by_nets
        self.first_net: int | None = None
        self.points = 0  # drawn of each net
        self.pool = Pool()
        self.worth = 0.0  # of the draws, when the last of them came
        self.fresh = False  # draws of the probe, of which no step has been made yet

    def state(self) -> tuple[Pool, bool, float, int | None, int]:
        """What `restore` needs."""
        return self.pool.copy(), self.fresh, self.worth, self.first_net, self.points

    def restore(self, state: tuple[Pool, bool, float, int | None, int]) -> None:
        """Go back to what `state` gave."""
        pool, self.fresh, self.worth, self.first_net, self.points = state
        self.pool = pool.copy()

    def keep(
        self, p: Distribution, x: Values, log_q: Values, gradients: Values | None,
        nets: Numbers | None = None,
    ) -> None:
        """Draws of p that the run has counted: the next step is made of them."""
        self.pool.add(p, np.ascontiguousarray(x), log_q, gradients, nets)
        self.fresh = True

    def _wanted(self) -> int:
        """Draws of the next step: none that the budgets do not allow."""
        room = self.max_samples - len(self.pool)
        left = self.max_evaluations - self.run.evaluations
        wanted = max(0, min(max(self.batch, len(self.pool) // _GROWTH), room, left))
        return self._whole(wanted)

    def _whole(self, n: int) -> int:
        """The largest number up to n that can be drawn.

        By nets, as many points of each as are a power of two that divides how many there are.
        """
        if not self.by_nets:
            return n
        most = n // NETS
        points = 1 << most.bit_length() >> 1
        return NETS * (min(points, self.points & -self.points) if self.points else points)

    def _draw(self, n: int, threads: int) -> tuple[Values, Numbers | None]:
        """Draws of the present member, and the nets that they are points of."""
        if not self.by_nets:
            return self.run.draw(n, threads), None
        if self.first_net is None:
            self.first_net = self.run.reserve_nets()
        points = n // NETS
        x = self.run.draw_nets(self.first_net, NETS, points, threads, self.points)
        self.points += points
        return x, np.repeat(np.arange(NETS), points)

    def step(self, threads: int) -> str | None:
        """Draw, evaluate, step: the run's status, or None if log q ended it.

        Where no budget is left for draws the steps go on with those that there are, until there is
        less to gain than these can tell.
        """
        p, before = self.run.distribution(), self.run.steps
        n = self._wanted()
        if self.fresh:
            n = self._whole(min(n, max(0, self.batch - len(self.pool))))
        if n:
            x, nets = self._draw(n, threads)
            found = self.evaluate(x)
            if found is None:
                return None
            self.run.count_evaluations(n)
            self.keep(p, x, *found, nets)
        stale, self.fresh = not self.fresh, False
        state = self.run.state()
        self._update(self.pool.weighted(p, threads), threads)
        e = self.run.estimates
        settled = e.gain <= _SETTLED * e.gain_error or self.run.steps == before
        if not stale:
            self.worth = e.draws
        elif not e.draws > _WORN * self.worth:  # of p the draws can no longer tell
            self.run.restore(state)
            settled = True
        if self.run.status == "going" and stale and settled:
            left = self.max_evaluations - self.run.evaluations
            spent = left < (NETS if self.by_nets else 1)
            return "budget" if spent else "noise_floor"
        return str(self.run.status)

    def _update(self, draws: Draws, threads: int) -> None:
        x, log_q, gradients, nets, weights, log_mass = draws
        if self.by_gradients:
            self.run.step_stein(x, log_q, gradients, weights, self._wanted(), threads)
            return
        if self.by_nets:
            own = [nets == net for net in range(NETS)]
            self.run.inside(log_mass, _log_mass_spread(log_mass, [weights[i] for i in own]))
            self.run.update_pooled_nets(
                np.array([self.run.weighted_moments(x[i], log_q[i], weights[i], threads)
                          for i in own]),
                self._wanted(),
            )
            return
        self.run.inside(log_mass, _log_mass_error(log_mass, weights))
        moments = self.run.weighted_moments(x, log_q, weights, threads)
        self.run.update_pooled(moments, self._wanted())


def _log_mass_error(log_mass: float, weights: Values) -> float:
    """Of a share estimated by draws: sqrt((1 - share)/(share n)), n what the weights are worth."""
    if log_mass == 0.0:
        return 0.0
    squares, total = math.fsum(weights * weights), math.fsum(weights)
    odds = float(vector_function("expm1", np.array([-log_mass]))[0])
    return math.sqrt(odds * squares) / total


def _log_mass_spread(log_mass: float, weights: list[Values]) -> float:
    """Of a share estimated by nets, from its spread over them.

    The draws of the probe are dealt out to them: one net may have a draw more than another.
    """
    if log_mass == 0.0:
        return 0.0
    totals = [math.fsum(own) for own in weights]
    mean = math.fsum(totals) / NETS
    square = math.fsum((total - mean) ** 2 for total in totals)
    return math.sqrt(square / (NETS * (NETS - 1))) / mean


def first_batch(p: Distribution, method: str, max_evaluations: int) -> int:
    """The number of the first draws: a few to each coordinate, and a share of the budget.

    With gradients, each of d numbers, a few to each dimension.
    """
    share = max_evaluations // 20 if max_evaluations < 2**40 else 0
    if method == "stein":
        return max(10, 2 * (p.event_shape[0] if p.event_shape else 1) + 2, share)
    return max(20, 2 * p.n_coordinates + 2, share)
