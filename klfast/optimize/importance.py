"""The rung "importance" of the forward minimiser: q by its log-density, through weighted draws.

All draws up to now are kept with their log q, and weighted by q(x)/m(x), with m the mixture of the
members that they were drawn from: see `pooled`. A share of them comes from wider members, so that
fewer weights are large where q falls more slowly than p. The new member is that whose mean
parameters are the weighted means. While few draws have nearly all the weight the weights are
tempered: raised to the largest power up to 1 at which enough of them count.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Accumulator, Distribution, sum_and_square, vector_function
from klfast.diagnostics import pareto_k
from klfast.optimize.log_density import LogDensity, matched, score_sizes
from klfast.optimize.options import Options
from klfast.optimize.pooled import Pool
from klfast.optimize.pooled_divergence import pooled_ratios
from klfast.optimize.progress import Progress
from klfast.optimize.result import FitResult
from klfast.product_family import ProductMember, joined

Values = NDArray[np.float64]

_HISTORY = ("evaluations", "kl", "kl_error", "gain", "gain_error", "effective_samples", "pareto_k",
            "power")
_MESSAGES = {
    "converged": "the predicted gain of a further step is below the tolerance",
    "budget": "the budget of steps, evaluations or seconds is used up",
    "stopped_by_callback": "the callback raised StopIteration",
    "diverged": "no member has the weighted means, nor means near them; log q may be improper",
}

_FIRST = 1000  # draws, or _EACH to a coordinate if that is more
_EACH = 4
_GROWTH = 4  # a batch is at least this part of the draws there are, unless weights are tempered
_WIDER, _WIDE_SHARE = 0.5, 5  # natural parameters' factor, and one draw in so many
_TEMPERED_MEMBERS = 16  # of the mixture while p is far from q, where older draws are of no use
_NEAR = 0.01  # nats between the present member and the last drawn from: the same is drawn from
_SHARE, _ENOUGH = 0.25, 50  # effective draws: that share, or so many to a coordinate and one more
_LARGEST_K = 0.7  # k-hat at which the weights rest on a few draws
_LEAST_MISSED = 1e-3  # nats of log Z that are no mass missed
_PATIENCE = 6  # quiet steps in a row after which bad weights end the run
_LEAST_POWER, _CLOSE = 2.0**-1000, 0.99


class Weights(NamedTuple):
    """Draws with their importance weights, those of weight 0 left out."""

    x: Values
    log_q: Values
    log_w: Values  # the largest 0
    w: Values
    power: float
    effective: float  # draws that w**1 is worth
    pareto_k: float
    log_normaliser: float
    log_normaliser_error: float


class Estimates(NamedTuple):
    """Of a step, for the member it led to."""

    kl: float = math.nan
    kl_error: float = math.nan
    gain: float = math.nan
    noise: float = math.nan


def first_draws(p: Distribution, options: Options) -> int:
    """The number of the first draws: at most an eighth of the budget, if that suffices."""
    k = p.n_coordinates
    least = max(25, 2 * k + 2)
    return min(max(_FIRST, _EACH * (k + 1)), max(least, options.max_evaluations // 8))


class ImportanceRun:
    """Adaptive importance sampling, step by step."""

    def __init__(
        self, p: Distribution, q: LogDensity, options: Options, batch: int, max_samples: int
    ) -> None:
        self.p = self.proposal = p
        self.wide: Distribution | None = None
        self.q = q
        self.options = options
        self.batch = batch
        self.max_samples = max_samples
        self.pool = Pool()
        self.steps = self.quiet = 0
        self.estimates = Estimates()
        self.weights: Weights | None = None
        self.rows: list[tuple[Any, ...]] = []
        self.status = "going"
        self.began = time.monotonic()

    def drive(self) -> FitResult:
        """Step to the end; callback and progress hear of each step."""
        with Progress(self.options.progress, self.options.max_steps) as progress:
            while self.status == "going" and self._step():
                e = self.estimates
                progress.show(self.steps, "KL", e.kl, e.kl_error)
                if self.options.stopped(self._result):
                    self.status = "stopped_by_callback"
        return self._result()

    # ---- A step ----

    def _step(self) -> bool:
        """Draw, weigh, match; False if the run ended before."""
        options = self.options
        grown = len(self.pool) // _GROWTH
        if self.weights is None or self.weights.power < 1.0:
            self.pool.keep(_TEMPERED_MEMBERS)
            grown = 0
        room, left = self.max_samples - len(self.pool), self.q.left
        n = min(max(self.batch, grown), room, left)
        over = self.steps >= options.max_steps or time.monotonic() > options.deadline
        if over or n <= 0:
            self.status = "budget" if over or left <= 0 else "noise_floor"
            return False
        self._draw(n)
        weights = self._weigh()
        new = self._match(weights)
        # without end: the variance of the sufficient statistics has overflowed
        if new is None or not np.isfinite(new._score_map("natural")).all():
            self.status = "diverged"
            return False
        self.p, self.weights = new, weights
        self.steps += 1
        self.q.steps = self.steps
        self._judge(weights)
        e = self.estimates
        self.rows.append((self.q.evaluations, e.kl, e.kl_error, e.gain, e.noise, weights.effective,
                          weights.pareto_k, weights.power))
        return True

    def _draw(self, n: int) -> None:
        if self.weights is None or not self.p._kl(self.proposal) < _NEAR:
            self.proposal, self.wide = self.p, _wider(self.p)
        few = 0 if self.wide is None else n // _WIDE_SHARE
        shares = [(self.proposal, n - few)]
        if self.wide is not None and few > 0:
            shares.append((self.wide, few))
        for member, m in shares:
            drawn = member.sample(m, rng=self.options.stream, threads=self.options.threads)
            x = np.ascontiguousarray(drawn, dtype=np.float64)
            self.pool.add(member, x, self.q.at(x, self.p))

    def _weigh(self) -> Weights:
        x, log_q = np.concatenate(self.pool.x), np.concatenate(self.pool.log_q)
        log_w = log_q - self.pool.log_mixture(x, self.options.threads)
        top = float(log_w.max())
        if top == -math.inf:
            raise ValueError(
                f"log_q is -inf at all {len(x)} draws of p, with p at {self.p!r}: start where q is "
                "not 0"
            )
        log_w -= top
        n = len(x)
        total, _ = sum_and_square(vector_function("exp", log_w))
        effective = self._effective(log_w)
        power = self._power(log_w, effective, min(_SHARE * n, self._enough()))
        w = vector_function("exp", power * log_w)
        kept = w > 0.0
        return Weights(
            x[kept], log_q[kept], log_w[kept], w[kept], power, effective, pareto_k(log_w),
            top + float(vector_function("log", np.array([total / n]))[0]),
            math.sqrt(max(1.0 / effective - 1.0 / n, 0.0)),
        )

    def _enough(self) -> float:
        return float(_ENOUGH * (self.p.n_coordinates + 1))

    def _power(self, log_w: Values, effective: float, needed: float) -> float:
        """The largest power of the weights, up to 1, of so many effective draws."""
        power, factor = 1.0, 0.5
        while effective < needed and power > _LEAST_POWER:
            power *= factor
            effective = self._effective(power * log_w)
        while power < 1.0 and factor < _CLOSE:  # up again, by smaller and smaller factors
            factor = math.sqrt(factor)
            if self._effective(power / factor * log_w) >= needed:
                power = min(power / factor, 1.0)
        return power

    def _effective(self, log_w: Values) -> float:
        total, square = sum_and_square(vector_function("exp", log_w))
        return total * total / square

    def _match(self, weights: Weights) -> Distribution | None:
        """The member of the weighted means; the estimates of the step to it."""
        p, k, threads = self.p, self.p.n_coordinates, self.options.threads
        sums, squares = Accumulator(p, "gradient"), Accumulator(p)
        sums._add_rows(weights.x, weights.w, np.ones(len(weights.x)), threads)
        squares._add_rows(weights.x, weights.w * weights.w, None, threads)
        moments = sums.moments()
        total = moments[1]
        mean = moments[3 : 3 + k] / total
        spread = (moments[5 + 2 * k : 5 + 3 * k] - 2.0 * mean * squares.moments()[3 : 3 + k]
                  + mean * mean * moments[2]) / (total * total)
        new = matched(p, mean, weights.x, weights.w)
        if new is not None:
            noise = 0.5 * math.fsum(spread)
            kl, error = self._divergence(new, weights)
            # the draws that the member was matched to make it look better than it is
            optimism = 2.0 * noise if weights.power == 1.0 else 0.0
            self.estimates = Estimates(kl + optimism, error, 0.5 * math.fsum(mean * mean), noise)
        return new

    def _divergence(self, p: Distribution, weights: Weights) -> tuple[float, float]:
        """Mean and its error of log q - log p, by the weights themselves."""
        ratio = weights.log_q - p.log_density(weights.x, threads=self.options.threads)
        w = vector_function("exp", weights.log_w)
        total, _ = sum_and_square(w)
        centre = float(ratio[int(np.argmax(w))])
        mean = centre + sum_and_square(w * (ratio - centre))[0] / total
        _, square = sum_and_square(w * (ratio - mean))
        return mean, math.sqrt(square) / total

    # ---- The end ----

    def _judge(self, weights: Weights) -> None:
        e = self.estimates
        small = e.gain + 2.0 * e.noise <= self.options.tolerance and weights.power == 1.0
        self.quiet = self.quiet + 1 if small else 0
        if self.quiet >= 2:
            weights = weights._replace(pareto_k=max(weights.pareto_k, self._k_of_scores(weights)))
            self.weights = weights
        if self.quiet >= 2 and self._sound(weights):
            self.status = "converged"
        elif self.quiet >= _PATIENCE:
            self.status = "noise_floor"
        elif self.quiet == 2:  # the large weights may be of early draws, from members far away
            self.pool.keep(1 if self.wide is None else 2)

    def _k_of_scores(self, weights: Weights) -> float:
        """k-hat of the weights times the size of the score: of what is averaged."""
        log_size = vector_function("log1p", score_sizes(self.p, weights.x))
        return pareto_k(weights.log_w + 0.5 * log_size)

    def _sound(self, weights: Weights) -> bool:
        sound = weights.power == 1.0 and weights.pareto_k < _LARGEST_K
        return sound and not self._missed(weights)

    def _missed(self, w: Weights) -> bool:
        """Whether q, if its total mass is known to be 1, has mass that no draw has seen."""
        return self.q.known and abs(w.log_normaliser) > 5.0 * w.log_normaliser_error + _LEAST_MISSED

    def _message(self) -> str:
        floor = f"{len(self.pool)} draws do not tell more of the fit"
        message = _MESSAGES.get(self.status, "the run goes on")
        message = floor if self.status == "noise_floor" else message
        w = self.weights
        if w is None or self._sound(w):
            return message
        if w.power < 1.0:
            return (f"{message}; the {len(self.pool)} draws are worth {w.effective:.3g}: the fit "
                    f"is one to weights raised to the power {w.power:.3g}")
        if self._missed(w):
            mass = float(vector_function("exp", np.array([w.log_normaliser]))[0])
            return (f"{message}; the draws see a mass of q of {mass:.3g}, not 1: start wider, or "
                    "elsewhere")
        return (f"{message}; k-hat {w.pareto_k:.2g} is not below {_LARGEST_K}: a few draws decide, "
                "as where the tails of q are heavier than those of p")

    def _result(self) -> FitResult:
        e, w, known = self.estimates, self.weights, self.q.known
        dtype = [(name, np.float64) for name in _HISTORY]
        about_weights: dict[str, Any] = {} if w is None else {
            "effective_samples": w.effective, "pareto_k": w.pareto_k,
            "log_normaliser": 0.0 if known else w.log_normaliser,
            "log_normaliser_error": 0.0 if known else w.log_normaliser_error,
        }
        over = self.status not in ("going", "diverged") and len(self.pool) > 0
        pooled = pooled_ratios(self.pool, self.p, self.options.threads) if over else None
        return FitResult(
            distribution=self.p, direction="forward", method="importance", kl=e.kl, pooled=pooled,
            kl_error=e.kl_error, gain=e.gain, gain_error=e.noise,
            signal_to_noise=math.sqrt(e.gain / e.noise) if e.noise > 0.0 else math.nan,
            status=self.status, message=self._message(), steps=self.steps,
            evaluations=self.q.evaluations, seconds=time.monotonic() - self.began,
            history=np.array(self.rows, dtype=dtype), **about_weights,
        )


def _wider(p: Distribution) -> Distribution | None:
    """The member of half the natural parameters, if it varies more; factor by factor."""
    if isinstance(p, ProductMember):
        factors = p.factors
        wider = [_wider(factor) for factor in factors]
        if all(found is None for found in wider):
            return None
        return joined([factor if found is None else found
                       for found, factor in zip(wider, factors, strict=True)])
    try:
        wide = type(p).from_natural(_WIDER * p.natural_parameters, **p.fixed)
    except ValueError:
        return None
    return wide if np.all(np.asarray(wide.variance()) > np.asarray(p.variance())) else None
