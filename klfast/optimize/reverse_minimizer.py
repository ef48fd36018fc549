"""The reverse minimiser as an object: step by step, saved and resumed, asked and told."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import (
    HISTORY_COLUMNS,
    LARGEST_FULL,
    Distribution,
    ReverseRun,
    Target,
    as_float64,
    has_stein_steps,
)
from klfast.diagnostics import pareto_k
from klfast.optimize.enumeration import EnumerationSteps
from klfast.optimize.lattice import Nodes
from klfast.optimize.levelled import has_counts_beside, levelled
from klfast.optimize.nets import LEAST_DRAWS, check_nets, whole_nets
from klfast.optimize.options import Options, choice, count, one_member
from klfast.optimize.pooled import LARGEST_FAMILY, PooledSteps, first_batch
from klfast.optimize.pooled_divergence import PooledRatios, pooled_ratios
from klfast.optimize.progress import Progress
from klfast.optimize.quadrature import QuadratureSteps, has_nodes, quadrature_steps
from klfast.optimize.result import FitResult
from klfast.product_family import as_member, structure_width
from klfast.targets import (
    Product,
    as_log_density,
    check_same_space,
    compiled_target,
    evaluate_log_density,
    evaluate_with_gradients,
    is_class_of_family,
    is_distribution,
    kind_of,
)

METHODS = ("auto", "quadrature", "pooled", "stein", "natural", "score")

_MESSAGES = {
    "exact": "q is in the family, and the fit is q to rounding",
    "converged": "the predicted gain of a further step is below the tolerance",
    "noise_floor": "the gain that is left cannot be told from the error of {error}",
    "budget": "the budget of steps, evaluations or seconds is used up",
    "stopped_by_callback": "the callback raised StopIteration",
    "support_error": "D(p || q) is infinite: log q is -inf at {where}, {share}",
    "diverged": "no valid step could be taken: the divergence or its gradient is not finite, or "
    "the step leaves the domain; log q may be improper, or step_size too large",
}

_HISTORY: list[Any] = [(name, np.float64) for name in HISTORY_COLUMNS]

# Draws of one call of a Python log q, and of a run of compiled steps between looks at signals.
_LARGEST_CALL = 1 << 16
_LARGEST_PROBE = 1 << 16
_LARGEST_RUN = 1 << 18
_DIAGNOSTIC_DRAWS = 1000


def _signal_to_noise(gain: float, noise: float) -> float:
    """Length of the natural gradient over the root of its variance."""
    if not noise > 0.0:
        return np.inf if gain > 0.0 else np.nan
    return math.sqrt(max(gain, 0.0) / noise)


class _Values(NamedTuple):
    """Log q at points, and its gradients where they are known."""

    log_q: NDArray[np.float64]
    gradients: NDArray[np.float64] | None


class _Wanted(Exception):  # noqa: N818 -- no error: a request
    """log q is wanted at `x`."""

    def __init__(self, x: NDArray[np.float64]) -> None:
        super().__init__()
        self.x = x


class _Settings(NamedTuple):
    """Options of this direction alone, checked."""

    method: str
    draws: str
    samples: int | None
    max_samples: int
    baseline: str | None
    support: str
    gradients: bool

    @classmethod
    def check(
        cls, p: Distribution, method: object, draws: object, samples: object,
        max_samples: object, baseline: object, support: object, gradients: object,
    ) -> _Settings:
        """Refuse what is wrong."""
        choice(method, "method", METHODS)
        if not isinstance(gradients, bool):
            raise TypeError(f"gradients={gradients!r}: must be True or False")
        if method == "stein" and not gradients:
            raise ValueError("method='stein': needs gradients=True, and a log q that returns "
                             "(values, gradients)")
        if method == "stein" and not has_stein_steps(p):
            raise ValueError(f"method='stein': p is {p!r}: it must be a Normal or a "
                             "MultivariateNormal")
        choice(draws, "draws", ("random", "quasi-random"))
        least = 2
        if draws == "quasi-random":
            check_nets(p, str(method))
            least = LEAST_DRAWS
        choice(baseline, "baseline", ("leave-one-out", "per-coordinate", None))
        if baseline == "per-coordinate" and p.n_coordinates > LARGEST_FULL:
            raise ValueError(f"baseline={baseline!r}: p has {p.n_coordinates} coordinates: it "
                             f"must have at most {LARGEST_FULL}")
        choice(support, "support", ("error", "restrict"))
        if support == "restrict" and method not in ("auto", "quadrature", "pooled"):
            raise ValueError(f"support='restrict': method={method!r} cannot cut p to q's support; "
                             "'quadrature' and 'pooled' can")
        return cls(
            method=str(method),
            draws=str(draws),
            samples=None if samples is None else count(samples, "samples", least),
            max_samples=count(max_samples, "max_samples", least),
            baseline=None if baseline is None else str(baseline),
            support=str(support),
            gradients=gradients,
        )


class ReverseMinimizer:
    """A reverse minimisation that its user steps, inspects, saves and resumes.

    `minimize_reverse_kl` is one of these, run to its end.

    Parameters
    ----------
    p : distribution or Product
        Where to start; its family is fitted, or that of each factor.
    q : distribution, Mixture, Product, callable or None
        The target, as for `minimize_reverse_kl`. None: log q is given by `tell` at the points that
        `ask` names, for targets that are dear, remote, or not functions.
    method, samples, ..., rng
        All options of `minimize_reverse_kl` but `start`, which is p, and `annealing`.

    Raises
    ------
    TypeError, ValueError
        As for `minimize_reverse_kl`.

    Examples
    --------
    Step by step:

    >>> import klfast as kf
    >>> m = kf.ReverseMinimizer(kf.Normal(0.0, 1.0), lambda x: -abs(x), rng=7)
    >>> while not m.done:
    ...     r = m.step()
    >>> r.status, round(r.distribution.parameters["scale"], 3)
    ('converged', 1.253)

    By asking and telling, with all that it knows saved in between:

    >>> import pickle
    >>> m = kf.ReverseMinimizer(kf.Normal(0.0, 1.0), rng=7)
    >>> while len(x := m.ask()):
    ...     m = pickle.loads(pickle.dumps(m))
    ...     m.tell(-abs(x))
    >>> m.result().distribution == r.distribution
    True
    """

    def __init__(
        self,
        p: Distribution | Product,
        q: Any = None,
        *,
        method: str = "auto",
        draws: str = "random",
        samples: int | None = None,
        max_samples: int = 1 << 22,
        max_steps: int = 2000,
        max_evaluations: int | None = None,
        max_seconds: float | None = None,
        tolerance: float = 1e-4,
        step_size: float = 0.01,
        optimizer: str = "constant",
        baseline: str | None = "leave-one-out",
        support: str = "error",
        gradients: bool = False,
        callback: Any = None,
        progress: bool = False,
        threads: int | None = None,
        rng: Any = None,
    ) -> None:
        first = one_member(p, "p", interior=True)
        settings = _Settings.check(first, method, draws, samples, max_samples, baseline, support,
                                   gradients)
        options = Options.check(
            max_steps=max_steps, max_evaluations=max_evaluations, max_seconds=max_seconds,
            tolerance=tolerance, step_size=step_size, optimizer=optimizer, callback=callback,
            progress=progress, threads=threads, rng=rng,
        )
        self._begin(first, q, settings, options)

    def _begin(self, p: Distribution, q: Any, settings: _Settings, options: Options) -> None:
        """At the start of a run; the arguments are checked, but for q and what it decides."""
        self._settings = settings
        self._options = options
        self._start = p
        self._target = _check_target(q, p)
        if settings.gradients and is_distribution(q):
            raise ValueError(f"gradients=True: q is {q!r}: it must be a callable that returns them")
        self._q = as_log_density(q) if self._target is None else as_member(q)
        self._restricted = settings.support == "restrict"
        by_nets = settings.draws == "quasi-random"
        self._method = _choose(settings, p, self._target)
        self._levelled = has_counts_beside(p) and self._method != "score"
        draws = _first_draws(settings.samples, self._method, p, options.max_evaluations)
        if by_nets:
            draws = whole_nets(draws if settings.samples is not None else 2 * draws - 1)
        largest = max(draws, settings.max_samples)
        if by_nets:
            largest = whole_nets(largest)
        self._fallback = draws if settings.method == "auto" else None  # of the natural method
        self._run = ReverseRun(
            p, self._target, options.stream, method=self._method,
            step_rule=options.optimizer, baseline=settings.baseline,
            step_size=options.step_size, tolerance=options.tolerance,
            samples=0 if self._method == "quadrature" else draws, max_samples=largest,
            max_steps=options.max_steps, max_evaluations=options.max_evaluations,
            restricted=self._restricted, quasi_random=by_nets,
        )
        self._quadrature = (
            quadrature_steps(self._run, self._log_q_at_nodes, options.tolerance)
            if self._method == "quadrature" else None
        )
        self._pooled = (
            PooledSteps(self._run, self._at_draws, batch=draws, max_samples=largest,
                        max_evaluations=options.max_evaluations,
                        by_gradients=self._method == "stein", by_nets=by_nets)
            if self._method in ("pooled", "stein") else None
        )
        self._rows: list[NDArray[np.float64]] = []
        self._last: tuple[Distribution, NDArray[np.float64], NDArray[np.float64]] | None = None
        self._outside = np.empty(0)
        self._status = "going"
        self._probing = True
        self._undetermined = False
        self._where = self._share = ""
        self._seconds = 0.0
        self._event = max(1, math.prod(p.event_shape))
        self._asked: NDArray[np.float64] | None = None
        self._told: list[_Values] = []
        self._next_told = 0

    # ---- The door ----

    @property
    def done(self) -> bool:
        """Whether the run has ended: `result` then says why."""
        return self._status != "going"

    def step(self) -> FitResult:
        """Make one step, or one test of whether q is in the family; `result()` after it.

        Whatever the target raises, the run is then as before the step, and can be stepped again.
        """
        if self._q is None:
            raise ValueError("q is None: a run without q is stepped by ask and tell")
        self._attempt(single=True)
        return self.result()

    def run(self) -> FitResult:
        """Step to the end; callback and progress hear of each step."""
        if self._q is None:
            raise ValueError("q is None: a run without q is stepped by ask and tell")
        options = self._options
        with Progress(options.progress, options.max_steps) as progress:
            while not self.done:
                self._attempt(single=options.callback is not None)
                e = self._run.estimates
                progress.show(self._run.steps, "KL", e.kl, e.kl_error)
                if options.stopped(self.result):
                    self._status = "stopped_by_callback"
        return self.result()

    def ask(self) -> NDArray[np.float64]:
        """The points at which log q is wanted next, of shape (n,) or (n, d); none at the end."""
        if self._q is not None:
            raise ValueError("q is given: only a run without q asks for its values")
        while self._asked is None and not self.done:
            self._attempt(single=True)
        if self._asked is None:
            return self._run.draw(0)
        return self._asked.copy()

    def tell(self, log_q: ArrayLike, gradients: ArrayLike | None = None) -> None:
        """Log q at the points of the last `ask`, of shape (n,).

        With ``gradients=True`` its gradients there too, of the points' shape.

        Raises
        ------
        RuntimeError
            If nothing was asked.
        ValueError
            If a shape differs, a value is NaN or +inf, or a gradient is missing, not wanted or not
            finite: the run is then as before.
        """
        if self._asked is None:
            raise RuntimeError("tell without ask: no values are wanted")
        asked = self._asked
        values = np.array(as_float64(log_q, "log_q"))
        if values.shape != (len(asked),):
            raise ValueError(f"log_q has shape {values.shape}: it must have shape ({len(asked)},)")
        if (gradients is not None) != self._settings.gradients:
            given = "missing" if gradients is None else "given"
            raise ValueError(f"gradients is {given}, and the run has gradients="
                             f"{self._settings.gradients}: they must be told if that is True, and "
                             "only then")
        slopes = None if gradients is None else np.array(as_float64(gradients, "gradients"),
                                                         order="C")
        if slopes is not None and slopes.shape != asked.shape:
            raise ValueError(f"gradients has shape {slopes.shape}: it must have shape "
                             f"{asked.shape}")
        self._told.append(_Values(values, slopes))
        self._asked = None
        try:
            self._attempt(single=True)
        except BaseException:
            self._told.pop()
            self._asked = asked
            raise

    def __repr__(self) -> str:
        return f"ReverseMinimizer after {self._run.steps} steps: {self._status}"

    # ---- Saved and resumed ----

    def __getstate__(self) -> dict[str, Any]:
        return {"p": self._start, "q": self._q, "settings": self._settings,
                "options": replace(self._options, callback=None, progress=False),
                "rows": self._rows, "state": self._state(), "told": self._told,
                "asked": self._asked}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """As it was saved, to the same bits; callback and progress are not kept."""
        self._begin(saved["p"], saved["q"], saved["settings"], saved["options"])
        self._rows = saved["rows"]
        self._restore(saved["state"])
        self._told, self._asked = saved["told"], saved["asked"]

    def _state(self) -> dict[str, Any]:
        kept = ("_method", "_status", "_probing", "_undetermined", "_where", "_share", "_last",
                "_outside", "_seconds")
        state = {name: getattr(self, name) for name in kept}
        state["rows"] = len(self._rows)
        state["run"] = self._run.state()
        state["steps"] = [part and part.state() for part in (self._quadrature, self._pooled)]
        return state

    def _restore(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            if name.startswith("_"):
                setattr(self, name, value)
        del self._rows[state["rows"] :]
        self._run.restore(state["run"])
        quadrature, pooled = state["steps"]
        if quadrature is None:
            self._quadrature = None
        elif self._quadrature is not None:
            self._quadrature.restore(quadrature)
        if pooled is not None and self._pooled is not None:
            self._pooled.restore(pooled)

    def _attempt(self, single: bool) -> None:
        """One stage; if log q is missing, or raises, all is as before."""
        if self.done:
            return
        began = time.monotonic()
        state = self._state()
        self._next_told = 0
        try:
            self._stage(single)
        except _Wanted as wanted:
            self._restore(state)
            self._asked = wanted.x
            return
        except BaseException:
            self._restore(state)
            raise
        self._told = []
        self._seconds += time.monotonic() - began

    def _stage(self, single: bool) -> None:
        if self._seconds > self._options.max_seconds:
            self._status = "budget"
            return
        if self._probing:
            self._probing = self._probe()
        else:
            self._advance(single)
            self._probing = self._undetermined
        if self._status == "going":
            self._status = self._run.status
        if self._status in ("target_nan", "target_infinite"):
            value = "NaN" if self._status == "target_nan" else "+inf"
            raise ValueError(self._bad_value("log_q", value, self._run.bad_sample()))

    # ---- Stages ----

    def _probe(self) -> bool:
        """Try the in-family probe; whether to try it again after the step it took.

        Where few draws do not tell, since nearly all are the same count, more are taken.
        """
        n = self._run.probe_samples()
        while True:
            again = self._probe_with(n)
            if not self._undetermined or self._status != "going" or n >= _LARGEST_PROBE:
                return again
            n *= 8

    def _probe_with(self, n: int) -> bool:
        self._undetermined = False
        if self._run.evaluations + n > self._options.max_evaluations:
            self._status = "budget"
            return False
        p, x = self._run.distribution(), self._run.draw(n)
        if self._levelled:
            x = levelled(p, x)
        found = self._at_draws(x)
        if found is None:
            if self._run.undo_landing():  # q only looked like a member where p was
                self._status = "going"
            return False
        if self._restricted and np.isneginf(found.log_q).any():  # no member has holes
            verdict = 0
            self._run.count_evaluations(n)
        elif self._method == "stein" and found.gradients is not None:
            verdict = self._run.probe_by_gradients(x, found.log_q, found.gradients)
        else:
            verdict = self._run.probe(x, found.log_q, not self._levelled)
        if self._levelled and verdict <= 0:  # the points are no draws
            self._last = None
        self._undetermined = verdict < 0
        if verdict > 0:
            self._rows.append(self._run.history_row()[None])
        elif self._pooled is not None:
            if not self._levelled and self._run.distribution() == p:  # else a landing is undone
                self._pooled.keep(p, x, *found)
        elif self._run.evaluations + self._run.samples > self._options.max_evaluations:
            self._status = "budget"
        return verdict > 0

    def _advance(self, single: bool) -> None:
        """One step, or if not `single` many."""
        if self._quadrature is not None:
            self._advance_by_quadrature(self._quadrature)
            return
        if self._pooled is not None:
            status = self._pooled.step(self._options.threads)
            if status is not None:
                self._rows.append(self._run.history_row()[None])
                self._status = status
            return
        run, samples = self._run, self._run.samples
        work = samples * self._event
        if self._target is None:
            run.step_python(self._log_q_of_draws, self._options.threads)
            if self._status != "going":
                return
            self._rows.append(run.history_row()[None])
        elif work > _LARGEST_RUN // 4:
            run.step_compiled(self._options.threads)
            self._rows.append(run.history_row()[None])
        else:
            one = single or self._undetermined
            self._rows.append(run.run_compiled(1 if one else max(1, _LARGEST_RUN // work)))
        if run.status == "support_error":
            self._describe_support(run.bad_sample(), 0, 0)

    def _advance_by_quadrature(self, quadrature: QuadratureSteps | EnumerationSteps) -> None:
        nodes = quadrature.nodes()
        if nodes is None and self._fallback is not None and not self._restricted:
            self._quadrature, self._method = None, "natural"
            self._run.use("natural", self._fallback)
        elif nodes is None:
            self._status = "diverged"
        else:
            before = self._run.steps, quadrature.rule
            if not quadrature.step(nodes, self._options.threads):
                return
            self._rows.append(self._run.history_row()[None])
            # no step: in what is left of p's support the score is constant, or its entries depend
            stuck = (self._run.steps, quadrature.rule) == before
            if self._run.status == "going" and (quadrature.at_floor or stuck):
                self._status = "noise_floor"

    def _log_q_at_nodes(self, x: NDArray[np.float64], nodes: Nodes) -> NDArray[np.float64] | None:
        """Log q at new nodes; None where the run is over."""
        if self._run.evaluations + len(x) > self._options.max_evaluations:
            self._status = "budget"
            return None
        self._run.count_evaluations(len(x))
        found = self._at(x)
        if found is None:
            self._share = f"{nodes.mass_at(self._outside):.3g} or more of p's mass"
            return None
        return found.log_q

    def _log_q_of_draws(self, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Log q at draws, which the run counts when it has stepped; None where it is over."""
        found = self._at_draws(x)
        return None if found is None else found.log_q

    def _at_draws(self, x: NDArray[np.float64]) -> _Values | None:
        """The same with the gradients, where there are any."""
        found = self._at(x)
        if found is None:
            self._run.count_evaluations(len(x))
        else:
            self._last = self._run.distribution(), x, found.log_q
        return found

    def _at(self, x: NDArray[np.float64]) -> _Values | None:
        """Log q at samples, all finite; None where some are -inf: the run is then over."""
        found = self._evaluated_at(x)
        if not np.isfinite(found.log_q).all() and not self._is_inside(x, found.log_q):
            return None
        if found.gradients is not None and not np.isfinite(found.gradients).all():
            i = int(np.argmin(np.isfinite(found.gradients).reshape(len(x), -1).all(axis=1)))
            raise ValueError(self._bad_value("the gradient of log_q", str(found.gradients[i]),
                                             x[i]))
        return found

    def _is_inside(self, x: NDArray[np.float64], log_q: NDArray[np.float64]) -> bool:
        """Whether the run can go on where some log q is not finite."""
        for bad, name in ((np.isnan(log_q), "NaN"), (np.isposinf(log_q), "+inf")):
            if bad.any():
                raise ValueError(self._bad_value("log_q", name, x[int(np.argmax(bad))]))
        if self._restricted:
            return True
        outside = np.isneginf(log_q)
        self._outside = x[outside]
        self._describe_support(x[int(np.argmax(outside))], int(outside.sum()), len(x))
        return False

    def _evaluated_at(self, x: NDArray[np.float64]) -> _Values:
        """What the target gives, whatever it is."""
        if self._target is not None:
            return _Values(self._target.log_density(np.ascontiguousarray(x), len(x)), None)
        if self._q is None:
            return self._told_at(x)
        pieces = [x[i : i + _LARGEST_CALL] for i in range(0, len(x), _LARGEST_CALL)]
        if not self._settings.gradients:
            return _Values(
                np.concatenate([evaluate_log_density(self._q, piece) for piece in pieces]), None)
        found = [evaluate_with_gradients(self._q, piece) for piece in pieces]
        log_q, gradients = map(np.concatenate, zip(*found, strict=True))
        return _Values(log_q, gradients if self._method == "stein" else None)

    def _told_at(self, x: NDArray[np.float64]) -> _Values:
        if self._next_told == len(self._told):
            raise _Wanted(x)
        self._next_told += 1
        told = self._told[self._next_told - 1]
        return told if self._method == "stein" else _Values(told.log_q, None)

    def _describe_support(self, x: object, outside: int, total: int) -> None:
        self._status = "support_error"
        self._where = f"x = {x}"
        share = f"{outside} of {total}" if total else "at least one"
        self._share = f"{share} of the step's draws"

    def _bad_value(self, what: str, value: str, x: object) -> str:
        outside = ", or -inf outside q's support" if what == "log_q" else ""
        return (
            f"{what} is {value} at x = {x}, a draw of {self._run.distribution()!r} "
            f"after {self._run.steps} steps: it must be finite{outside}"
        )

    def _history(self) -> NDArray[np.void]:
        columns, structure = len(HISTORY_COLUMNS), structure_width(self._start)
        size = self._start._theta().shape[1] - structure
        dtype = np.dtype([*_HISTORY, ("parameters", np.float64, (size,))])
        if not self._rows:
            return np.empty(0, dtype=dtype)
        rows = np.concatenate(self._rows)
        if structure:
            rows = np.delete(rows, slice(columns, columns + structure), axis=1)
        return rows.view(dtype).reshape(-1)

    def result(self) -> FitResult:
        """The state as a result; its status is "going" before the end."""
        e = self._run.estimates
        kl, kl_error = e.kl, e.kl_error
        distribution = self._run.distribution()
        if self._status == "support_error":
            kl, kl_error = np.inf, 0.0
        elif type(self._q) is type(distribution):
            kl, kl_error = distribution._kl(self._q), 0.0
        elif self._rows and self._status in (
                "going", "stopped_by_callback", "budget", "noise_floor"):
            distribution = self._evaluated(distribution)
        message = _MESSAGES.get(self._status, "the run goes on")
        if self._restricted:
            message += "; the fit is of p cut to q's support"
        return FitResult(
            distribution=distribution,
            direction="reverse",
            method=self._method,
            kl=kl,
            kl_error=kl_error,
            gain=e.gain,
            gain_error=e.gain_error,
            half_variance=0.5 * e.variance,
            r_squared=e.explained,
            effective_samples=e.draws,
            signal_to_noise=_signal_to_noise(e.gain, e.noise),
            pareto_k=np.nan if self._status == "going" else self._pareto_k(distribution),
            pooled=self._ratios(distribution),
            status=self._status,
            message=message.format(where=self._where, share=self._share, error=self._error()),
            steps=self._run.steps,
            evaluations=self._run.evaluations,
            seconds=self._seconds,
            history=self._history(),
        )

    def _ratios(self, p: Distribution) -> PooledRatios | None:
        """The draws that tell divergences of other orders, once the run is over."""
        ended_badly = self._status in ("going", "support_error", "diverged")
        if self._pooled is None or ended_badly or not len(self._pooled.pool):
            return None
        return pooled_ratios(self._pooled.pool, p, self._options.threads,
                             by_nets=self._pooled.by_nets, is_cut=self._restricted)

    def _pareto_k(self, p: Distribution) -> float:
        """k-hat of q/p, without a call of the user's log q."""
        if self._status in ("support_error", "diverged"):
            return np.nan
        if self._target is None and self._quadrature is None:
            if self._last is None:
                return np.nan
            p, x, log_q = self._last
        else:
            x = np.ascontiguousarray(p.sample(_DIAGNOSTIC_DRAWS, rng=0), dtype=np.float64)
            if self._target is not None:
                log_q = self._target.log_density(x, len(x))
            elif self._quadrature is not None and self._quadrature.knows_log_q:
                log_q = self._quadrature.log_q_near(x)
            else:
                return np.nan
        ratio = log_q - p.log_density(x)
        with contextlib.suppress(ValueError):  # of a ratio that is not finite, or 0 throughout
            return pareto_k(ratio)
        return np.nan

    def _error(self) -> str:
        if self._method == "quadrature":
            return "the quadrature at the largest number of nodes"
        if self._method in ("pooled", "stein"):
            return "the regression on max_samples draws"
        return "sampling at max_samples"

    def _evaluated(self, distribution: Distribution) -> Distribution:
        """The member that the last estimates belong to."""
        theta = self._rows[-1][-1, len(HISTORY_COLUMNS) :]
        shape = distribution.event_shape
        return type(distribution)._from_theta(theta, (), shape[0] if shape else 1)


def _choose(settings: _Settings, p: Distribution, target: Target | None) -> str:
    """The rung that serves.

    Quadrature where there is one; pooled draws for a log q in Python, the dearer part of a step, by
    its gradients if it has any and they are independent; else fresh draws.
    """
    method, restricted = settings.method, settings.support == "restrict"
    independent = settings.draws == "random"
    if method == "auto":
        if has_nodes(p):
            return "quadrature"
        if settings.gradients and has_stein_steps(p) and not restricted and independent:
            return "stein"
        small = p.n_coordinates <= LARGEST_FAMILY
        dear = target is None and p.event_shape and small
        return "pooled" if dear or restricted else "natural"
    if method == "pooled" and p.n_coordinates > LARGEST_FAMILY:
        raise ValueError(f"method='pooled': p has {p.n_coordinates} coordinates: it must have at "
                         f"most {LARGEST_FAMILY}")
    if method == "quadrature" and not has_nodes(p):
        raise ValueError(f"method='quadrature': {p!r} has no rule of few enough nodes")
    return method


def _first_draws(
    draws: int | None, method: str, p: Distribution, max_evaluations: int
) -> int:
    """Draws of the first step."""
    if draws is not None:
        return draws
    return first_batch(p, method, max_evaluations) if method in ("pooled", "stein") else 1000


def _check_target(q: Any, p: Distribution) -> Target | None:
    """The compiled form of q; None if it has none, or q is to be told."""
    if is_distribution(q):
        check_same_space(q, p, "q", "p")
        return compiled_target(q)
    if q is not None and (not callable(q) or is_class_of_family(q)):
        raise TypeError(
            f"q is {kind_of(q)}: it must be a distribution, a Mixture, a Product or a callable "
            "log q(x)"
        )
    return None
