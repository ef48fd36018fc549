"""The rung "pooled" of the reverse minimiser: no draw is wasted.

All draws up to now are kept with their log q. A step weighs them by p(x)/m(x), where p is the
present member and m the mixture of the members that they were drawn from, each by its share
(deterministic mixture weights: Owen and Zhou, 2000, "Safe and effective importance sampling",
Journal of the American Statistical Association 95; Cornuet, Marin, Mira and Robert, 2012, "Adaptive
multiple importance sampling", Scandinavian Journal of Statistics 39), and regresses log p - log q
on the score.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution, ReverseRun, Target, vector_function

Values = NDArray[np.float64]

LARGEST_FAMILY = 1000  # coordinates for which the regression is made
_MEMBERS = 64  # of the mixture: beyond it the oldest draws are left out
_SETTLED = 0.01  # of the gain's error: what is left to gain from given draws
_GROWTH = 4  # a batch is at least this part of the draws there are


class Pool:
    """Draws, their log q, and the members that they came from."""

    def __init__(self) -> None:
        self.members: list[Distribution] = []
        self.x: list[Values] = []
        self.log_q: list[Values] = []

    def add(self, member: Distribution, x: Values, log_q: Values) -> None:
        """Draws of one member."""
        if member in self.members:
            i = self.members.index(member)
            self.x[i] = np.concatenate([self.x[i], x])
            self.log_q[i] = np.concatenate([self.log_q[i], log_q])
            return
        self.members.append(member)
        self.x.append(x)
        self.log_q.append(log_q)
        self.keep(_MEMBERS)

    def keep(self, members: int) -> None:
        """Leave out the draws of all but the last `members`."""
        del self.members[:-members], self.x[:-members], self.log_q[:-members]

    def __len__(self) -> int:
        return sum(map(len, self.x))

    def weighted(self, p: Distribution, threads: int) -> tuple[Values, Values, Values, float]:
        """All draws inside q's support, their log q and their weights under p, the largest 1.

        And the logarithm of p's mass there: 0 if all draws are inside.
        """
        x, log_q = np.concatenate(self.x), np.concatenate(self.log_q)
        inside = log_q > -np.inf
        total = len(x)
        x, log_q = x[inside], log_q[inside]
        if not len(x):
            raise ValueError(f"log_q is -inf at all {total} draws of {p!r}: start inside q's "
                             "support")
        log_w = p.log_density(x, threads=threads) - self.log_mixture(x, threads)
        top = log_w.max()
        weights = vector_function("exp", log_w - top)
        if len(x) == total:
            return x, log_q, weights, 0.0
        mean = np.array([math.fsum(weights) / total])
        return x, log_q, weights, min(0.0, float(vector_function("log", mean)[0] + top))

    def log_mixture(self, x: Values, threads: int) -> Values:
        """Log-density of the mixture that all draws come from."""
        shares = np.array([len(part) / len(self) for part in self.x])
        mixture = Target(self.members, vector_function("log", shares).tolist())
        return mixture.log_density(x, len(x), threads)


class PooledSteps:
    """Steps of a run by pooled draws.

    `log_q` evaluates draws; it gives None to end the run. `batch` is the number of the first draws;
    later batches are larger.
    """

    def __init__(
        self,
        run: ReverseRun,
        log_q: Callable[[Values], Values | None],
        *,
        batch: int,
        max_samples: int,
        max_evaluations: int,
    ) -> None:
        self.run = run
        self.log_q = log_q
        self.batch = batch
        self.max_samples = max_samples
        self.max_evaluations = max_evaluations
        self.pool = Pool()

    def state(self) -> tuple[list[Distribution], list[Values], list[Values]]:
        """What `restore` needs."""
        pool = self.pool
        return list(pool.members), list(pool.x), list(pool.log_q)

    def restore(self, state: tuple[list[Distribution], list[Values], list[Values]]) -> None:
        """Go back to what `state` gave."""
        members, x, log_q = state
        self.pool.members, self.pool.x, self.pool.log_q = list(members), list(x), list(log_q)

    def _wanted(self) -> int:
        """Draws of the next step: none that the budgets do not allow."""
        room = self.max_samples - len(self.pool)
        left = self.max_evaluations - self.run.evaluations
        return max(0, min(max(self.batch, len(self.pool) // _GROWTH), room, left))

    def step(self, threads: int) -> str | None:
        """Draw, evaluate, step: the run's status, or None if log q ended it.

        Where no budget is left for draws the steps go on with those that there are, until there is
        less to gain than these can tell.
        """
        p, before = self.run.distribution(), self.run.steps
        n = self._wanted()
        if n:
            x = self.run.draw(n, threads)
            log_q = self.log_q(x)
            if log_q is None:
                return None
            self.run.count_evaluations(n)
            self.pool.add(p, np.ascontiguousarray(x), log_q)
        x, log_q, weights, log_mass = self.pool.weighted(p, threads)
        self.run.inside(log_mass, _log_mass_error(log_mass, weights))
        moments = self.run.weighted_moments(x, log_q, weights, threads)
        self.run.update_pooled(moments, self._wanted())
        e = self.run.estimates
        settled = e.gain <= _SETTLED * e.gain_error or self.run.steps == before
        if self.run.status == "going" and not n and settled:
            spent = self.run.evaluations >= self.max_evaluations
            return "budget" if spent else "noise_floor"
        return str(self.run.status)


def _log_mass_error(log_mass: float, weights: Values) -> float:
    """Of a share estimated by draws: sqrt((1 - share)/(share n)), n what the weights are worth."""
    if log_mass == 0.0:
        return 0.0
    squares, total = math.fsum(weights * weights), math.fsum(weights)
    odds = float(vector_function("expm1", np.array([-log_mass]))[0])
    return math.sqrt(odds * squares) / total


def first_batch(coordinates: int, max_evaluations: int) -> int:
    """The number of the first draws: a few to each coordinate, and a share of the budget."""
    share = max_evaluations // 20 if max_evaluations < 2**40 else 0
    return max(20, 2 * coordinates + 2, share)
