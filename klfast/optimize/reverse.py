"""Reverse minimisation: D(p || q) over the family of p."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import HISTORY_COLUMNS, Distribution, ReverseRun, Target
from klfast.optimize.options import Options, choice, count, one_member
from klfast.optimize.lattice import Nodes
from klfast.optimize.pooled import LARGEST_FAMILY, PooledSteps, first_batch
from klfast.optimize.progress import Progress
from klfast.optimize.quadrature import QuadratureSteps, has_nodes
from klfast.optimize.result import FitResult
from klfast.targets import Mixture, check_same_space, compiled_target, evaluate_log_density

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

# Draws of one call of a Python log q, and of a run of compiled steps between looks at signals.
_LARGEST_CALL = 1 << 16
_LARGEST_PROBE = 1 << 16
_LARGEST_RUN = 1 << 18


def minimize_reverse_kl(
    p: Distribution,
    q: Any,
    *,
    method: str = "auto",
    samples: int | None = None,
    max_samples: int = 1 << 22,
    max_steps: int = 2000,
    max_evaluations: int | None = None,
    max_seconds: float | None = None,
    tolerance: float = 1e-4,
    step_size: float = 0.01,
    optimizer: str = "constant",
    baseline: str | None = "leave-one-out",
    start: Distribution | None = None,
    callback: Any = None,
    progress: bool = False,
    threads: int | None = None,
    rng: Any = None,
) -> FitResult:
    r"""Fit p to q by minimising the reverse divergence D(p || q) over p's family.

    .. math:: D(p \| q) = E_p[\log p(x) - \log q(x)]

    Samples are drawn from the present p, so only values of log q are needed, up to a constant.

    Parameters
    ----------
    p : distribution
        A member of the family to fit; the start, unless `start` is given.
    q : distribution, Mixture or callable
        The target. A callable gets samples of shape (n,) or (n, d) and returns log q at each, of
        shape (n,); it may be unnormalised.
    method : {"auto", "natural", "score"}
        "natural" (now also "auto") first tests whether q is in the family, by a regression whose
        residual is then rounding error, and if so lands on it; else it follows the natural gradient
        F^-1 E[s r] with the exact Fisher information, within a trust region on D(p_new || p_old)
        that widens with the share of r that the score explains, and doubles the number of samples
        at the noise floor. "score" is the textbook algorithm: u <- u - step_size E[s (1 + r)] in
        unconstrained coordinates. Here s is the score and r = log p - log q.
    samples : int
        Draws of a step (of the first ones, for "natural"); at least 2.
    max_samples : int
        Largest number of draws of a step.
    max_steps, max_evaluations, max_seconds : int, int, float, optional
        Budgets. The one of evaluations is never exceeded.
    tolerance : float
        A run has converged when the predicted gain of a further step, plus twice its standard
        error, is at most this many nats, twice in a row. 0 never stops early.
    step_size : float
        Of the method "score".
    optimizer : {"constant", "decaying", "adam"}
        Step rule of the method "score": step_size, step_size/sqrt(t), or Adam.
    baseline : {"leave-one-out", None}
        Of the method "score": the leave-one-out mean of r, which makes the estimate the sample
        covariance of s and r; or the textbook's 1 + r.
    start : distribution, optional
        Where to start instead of at `p`; of the same family.
    callback : callable, optional
        Called after each step with a `FitResult` of the state, as SciPy's
        ``callback(intermediate_result)``; raising StopIteration ends the run.
    progress : bool
        Show progress on standard error.
    threads : int, optional
        Number of threads; does not change the result.
    rng : int, None, SeedSequence, numpy Generator or Stream, optional
        Random numbers; a Stream gives one of its blocks, which seeds the run's own.

    Returns
    -------
    FitResult

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or log q is NaN or +inf at a sample: the message gives the sample
        and the parameters. What the callable raises passes through.

    References
    ----------
    Salimans and Knowles (2013), "Fixed-form variational posterior approximation through stochastic
    linear regression", Bayesian Analysis 8; Williams (1992), "Simple statistical
    gradient-following algorithms", Machine Learning 8.

    Examples
    --------
    >>> import klfast as kf
    >>> q = kf.Gamma(shape=5.0, rate=2.0)
    >>> r = kf.minimize_reverse_kl(kf.Gamma(1.0, 1.0), q, rng=7)
    >>> r.status, r.kl < 1e-12, r.steps <= 3
    ('exact', True, True)
    """
    first = one_member(p if start is None else start, "p" if start is None else "start",
                       interior=True)
    if type(first) is not type(p) or first.event_shape != p.event_shape:
        raise TypeError(f"start is {first!r}: it must be of the family of p, {type(p).__name__}")
    choice(method, "method", ("auto", "quadrature", "pooled", "natural", "score"))
    choice(baseline, "baseline", ("leave-one-out", None))
    options = Options.check(
        max_steps=max_steps, max_evaluations=max_evaluations, max_seconds=max_seconds,
        tolerance=tolerance, step_size=step_size, optimizer=optimizer, callback=callback,
        progress=progress, threads=threads, rng=rng,
    )
    target = _check_target(q, first)
    served = _choose(method, first, target)
    draws = None if samples is None else count(samples, "samples", 2)
    draws = _first_draws(draws, served, first, options.max_evaluations)
    largest = max(draws, count(max_samples, "max_samples", 2))
    run = ReverseRun(
        first, target, options.stream, method=served,
        step_rule=options.optimizer, leave_one_out=baseline is not None,
        step_size=options.step_size, tolerance=options.tolerance,
        samples=0 if served == "quadrature" else draws,
        max_samples=largest, max_steps=options.max_steps,
        max_evaluations=options.max_evaluations,
    )
    return _Driver(run, q, target, options, served, draws if method == "auto" else None,
                   largest).drive()


def _choose(method: str, p: Distribution, target: Target | None) -> str:
    """The rung that serves: quadrature where there is one; pooled draws for a log q in Python, the
    dearer part of a step; else fresh draws."""
    if method == "auto":
        if has_nodes(p):
            return "quadrature"
        small = p.n_coordinates <= LARGEST_FAMILY
        return "pooled" if target is None and p.event_shape and small else "natural"
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
    return first_batch(p.n_coordinates, max_evaluations) if method == "pooled" else 1000


def _check_target(q: Any, p: Distribution) -> Target | None:
    """The compiled form of q; None for a callable."""
    if isinstance(q, Mixture | Distribution):
        check_same_space(q, p, "q", "p")
        return compiled_target(q)
    if not callable(q):
        raise TypeError(
            f"q is {type(q).__name__}: it must be a distribution, a Mixture or a callable log q(x)"
        )
    return None


class _Driver:
    """One run from its start to its result."""

    def __init__(
        self, run: ReverseRun, q: Any, target: Target | None, options: Options, method: str,
        fallback: int | None, max_samples: int,
    ) -> None:
        self.run = run
        self.q = q
        self.target = target
        self.options = options
        self.method = method
        self.fallback = fallback  # samples of the natural method, should the quadrature not do
        self.quadrature = (QuadratureSteps(run, self._log_q_at_nodes, options.tolerance)
                           if method == "quadrature" else None)
        self.pooled = (PooledSteps(run, self._log_q_of_draws, batch=run.samples,
                                   max_samples=max_samples,
                                   max_evaluations=options.max_evaluations)
                       if method == "pooled" else None)
        self.rows: list[NDArray[np.float64]] = []
        self.status = "going"
        self.undetermined = False
        self.where = ""
        self.share = ""
        self.began = time.monotonic()
        self.event = max(1, int(np.prod(run.distribution().event_shape)))

    def drive(self) -> FitResult:
        options = self.options
        probing = True
        with Progress(options.progress, options.max_steps) as progress:
            while self.status == "going":
                if time.monotonic() > options.deadline:
                    self.status = "budget"
                    break
                if probing:
                    probing = self._probe()
                else:
                    self._advance()
                    probing = self.undetermined
                if self.status == "going":
                    self.status = self.run.status
                kl, error = self.run.estimates[:2]
                progress.show(self.run.steps, f"KL {kl:.6g} +- {error:.2g}")
                if options.callback is not None:
                    self._report()
        if self.status in ("target_nan", "target_infinite"):
            value = "NaN" if self.status == "target_nan" else "+inf"
            raise ValueError(self._bad_value(value, self.run.bad_sample()))
        return self._result()

    def _report(self) -> None:
        try:
            assert self.options.callback is not None
            self.options.callback(self._result())
        except StopIteration:
            self.status = "stopped_by_callback"

    def _probe(self) -> bool:
        """Try the in-family probe; whether to try it again after the step it took.

        Where few draws do not tell, since nearly all are the same count, more are taken.
        """
        n = self.run.probe_samples()
        while True:
            again = self._probe_with(n)
            if not self.undetermined or self.status != "going" or n >= _LARGEST_PROBE:
                return again
            n *= 8

    def _probe_with(self, n: int) -> bool:
        self.undetermined = False
        if self.run.evaluations + n > self.options.max_evaluations:
            self.status = "budget"
            return False
        x = self.run.draw(n)
        log_q = self._log_q_of_draws(x)
        if log_q is None:
            if self.run.undo_landing():  # q only looked like a member where p was
                self.status = "going"
            return False
        verdict = self.run.probe(x, log_q)
        self.undetermined = verdict < 0
        if verdict > 0:
            self.rows.append(self.run.history_row()[None])
        elif self.run.evaluations + self.run.samples > self.options.max_evaluations:
            self.status = "budget"
        return verdict > 0

    def _advance(self) -> None:
        """One step, or many if nobody needs to hear of each."""
        if self.quadrature is not None:
            self._advance_by_quadrature(self.quadrature)
            return
        if self.pooled is not None:
            status = self.pooled.step(self.options.threads)
            if status is not None:
                self.rows.append(self.run.history_row()[None])
                self.status = status
            return
        run, samples = self.run, self.run.samples
        work = samples * self.event
        if self.target is None:
            run.step_python(self._log_q_of_draws, self.options.threads)
            if self.status != "going":
                return
            self.rows.append(run.history_row()[None])
        elif work > _LARGEST_RUN // 4:
            run.step_compiled(self.options.threads)
            self.rows.append(run.history_row()[None])
        else:
            quiet = self.options.callback is None and not self.undetermined
            self.rows.append(run.run_compiled(max(1, _LARGEST_RUN // work) if quiet else 1))
        if run.status == "support_error":
            self._describe_support(run.bad_sample(), 0, 0)

    def _advance_by_quadrature(self, quadrature: QuadratureSteps) -> None:
        nodes = quadrature.nodes()
        if nodes is None and self.fallback is not None:
            self.quadrature, self.method = None, "natural"
            self.run.use("natural", self.fallback)
        elif nodes is None:
            self.status = "diverged"
        elif quadrature.step(nodes, self.options.threads):
            self.rows.append(self.run.history_row()[None])
            if self.run.status == "going" and quadrature.at_floor:
                self.status = "noise_floor"

    def _log_q_at_nodes(self, x: NDArray[np.float64], nodes: Nodes) -> NDArray[np.float64] | None:
        """Log q at new nodes; None where the run is over."""
        if self.run.evaluations + len(x) > self.options.max_evaluations:
            self.status = "budget"
            return None
        self.run.count_evaluations(len(x))
        values = self._log_q(x)
        if values is None:
            lost = nodes.weights[np.isin(nodes.x, self.outside)].sum()
            self.share = f"{lost:.3g} or more of p's mass"
        return values

    def _log_q_of_draws(self, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Log q at draws, which the run counts when it has stepped; None where it is over."""
        values = self._log_q(x)
        if values is None:
            self.run.count_evaluations(len(x))
        return values

    def _log_q(self, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Log q at samples, all finite; None where some are -inf: the run is then over."""
        if self.target is not None:
            values = self.target.log_density(np.ascontiguousarray(x), len(x))
        else:
            values = np.concatenate(
                [
                    evaluate_log_density(self.q, x[i : i + _LARGEST_CALL])
                    for i in range(0, len(x), _LARGEST_CALL)
                ]
            )
        if np.isfinite(values).all():
            return values
        for bad, name in ((np.isnan(values), "NaN"), (np.isposinf(values), "+inf")):
            if bad.any():
                raise ValueError(self._bad_value(name, x[int(np.argmax(bad))]))
        outside = np.isneginf(values)
        self.outside = x[outside]
        self._describe_support(x[int(np.argmax(outside))], int(outside.sum()), len(x))
        return None

    def _describe_support(self, x: object, outside: int, total: int) -> None:
        self.status = "support_error"
        self.where = f"x = {x}"
        self.share = (f"{outside} of {total}" if total else "at least one") + " of the step's draws"

    def _bad_value(self, value: str, x: object) -> str:
        return (
            f"log_q is {value} at x = {x}, a draw of {self.run.distribution()!r} "
            f"after {self.run.steps} steps: it must be finite, or -inf outside q's support"
        )

    def _history(self) -> NDArray[np.void]:
        size = len(self.run.history_row()) - len(HISTORY_COLUMNS)
        fields: list[Any] = [(name, np.float64) for name in HISTORY_COLUMNS]
        fields.append(("parameters", np.float64, (size,)))
        dtype = np.dtype(fields)
        if not self.rows:
            return np.empty(0, dtype=dtype)
        return np.concatenate(self.rows).view(dtype).reshape(-1)

    def _result(self) -> FitResult:
        kl, kl_error, gain, gain_error, _ = self.run.estimates
        distribution = self.run.distribution()
        if self.status == "support_error":
            kl, kl_error = np.inf, 0.0
        elif type(self.q) is type(distribution):
            kl, kl_error = distribution._kl(self.q), 0.0
        elif self.status in ("going", "stopped_by_callback", "budget") and self.rows:
            distribution = self._evaluated(distribution)
        message = _MESSAGES.get(self.status, "the run goes on")
        return FitResult(
            distribution=distribution,
            direction="reverse",
            method=self.method,
            kl=kl,
            kl_error=kl_error,
            gain=gain,
            gain_error=gain_error,
            status=self.status,
            message=message.format(where=self.where, share=self.share, error=self._error()),
            steps=self.run.steps,
            evaluations=self.run.evaluations,
            seconds=time.monotonic() - self.began,
            history=self._history(),
        )

    def _error(self) -> str:
        if self.method == "quadrature":
            return "the quadrature at the largest number of nodes"
        if self.method == "pooled":
            return "the regression on max_samples draws"
        return "sampling at max_samples"

    def _evaluated(self, distribution: Distribution) -> Distribution:
        """The member that the last estimates belong to."""
        theta = self.rows[-1][-1, len(HISTORY_COLUMNS) :]
        shape = distribution.event_shape
        return type(distribution)._from_theta(theta, (), shape[0] if shape else 1)
