"""Reverse minimisation: D(p || q) over the family of p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution, as_stream
from klfast.optimize.options import count, one_member, positive
from klfast.optimize.result import FitResult
from klfast.optimize.reverse_minimizer import ReverseMinimizer
from klfast.targets import (
    Product,
    as_log_density,
    evaluate_log_density,
    evaluate_with_gradients,
    is_distribution,
)


def minimize_reverse_kl(
    p: Distribution | Product,
    q: Any,
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
    start: Distribution | Product | FitResult | Sequence[Distribution | Product] | None = None,
    annealing: Sequence[float] | None = None,
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
    p : distribution or Product
        A member of the family to fit; the start, unless `start` is given. A Product of members of
        families is fitted as a whole, each factor in its family: mean field.
    q : distribution, Mixture, Product or callable
        The target. A callable gets samples of shape (n,) or (n, d) and returns log q at each, of
        shape (n,); it may be unnormalised. With ``gradients=True`` it returns the tuple of these
        and the gradients of log q, of the samples' shape.
    method : {"auto", "quadrature", "pooled", "stein", "natural", "score"}
        All but "score" first test whether q is in the family, by a regression whose residual is
        then rounding error, and if so land on it. With r = log p - log q and s the score:

        - "quadrature", for families of numbers and counts: Newton steps from sums over nodes of p,
          or over all of a count's support, on one lattice on which log q is remembered. No draws;
          the rule is refined until it agrees with the one of half as many nodes. For a Product of
          counts with at most 4096 states and 16 coordinates: sums over all of them, exact.
        - "pooled": least squares of r on s over all draws up to now, weighted as draws of the
          mixture of the members that they came from. For dear targets.
        - "stein", for Normal and MultivariateNormal with ``gradients=True``: the same with least
          squares of the gradient of r on x, the natural gradient by Stein's identity. d + 1 draws
          determine a step, where "pooled" needs d (d + 3)/2 + 1.
        - "natural": the natural gradient E[s r], with the exact Fisher information, from fresh
          draws at each step, twice as many at the noise floor. For compiled targets.
        - "score": the textbook algorithm, u <- u - step_size E[s (1 + r)] in unconstrained
          coordinates.
        - "auto": "quadrature" where the family has nodes; else "stein" with ``gradients=True`` and
          random draws, "natural" for a q of klfast's, unless it is a Product with a Mixture in it,
          and "pooled" for any other.

        Steps keep to a trust region on D(p_new || p_old) that widens with the share of r that the
        score explains.
    draws : {"random", "quasi-random"}
        Independent draws; or the points of 8 independently scrambled nets of Sobol's sequence,
        mapped by p's inverse distribution function: means of smooth functions have far smaller
        errors, which are found from the spread over the nets: with 7 degrees of freedom, so that 3
        of them are exceeded in a few cases of 100. A step has 2**m points of each net,
        "pooled" the next of the same nets, "natural" and "score" new ones; "stein" has none.
        Numbers of draws are rounded down to 8 * 2**m, at least 16; of "pooled" each batch is. For
        families of which that function is at hand, and products of them: the multivariate normal up
        to dimension 100, and of numbers the normal, exponential and others, for which
        "quadrature", which draws nothing, is better still. Less is gained where q has jumps or p
        many dimensions.
    samples : int, optional
        Draws of the first step, of every step for "score"; at least 2. By default 1000, for
        "pooled" a few to each coordinate, for "stein" a few to each dimension; if quasi-random,
        rounded up.
    max_samples : int
        Largest number of draws of a step; of all draws, for "pooled" and "stein".
    max_steps, max_evaluations, max_seconds : int, int, float, optional
        Budgets. The one of evaluations is never exceeded.
    tolerance : float
        A run has converged when the predicted gain of a further step, plus twice its standard
        error, is at most this many nats, twice in a row. 0 never stops early.
    step_size : float
        Of the method "score".
    optimizer : {"constant", "decaying", "momentum", "adam"}
        Step rule of the method "score": step_size, step_size/sqrt(t), momentum of 0.9, or Adam.
    baseline : {"leave-one-out", "per-coordinate", None}
        Of the method "score": the leave-one-out mean of r, which makes the estimate the sample
        covariance of s and r; E[s_j^2 r]/E[s_j^2] for each coordinate, from the draws of the step
        before; or the textbook's 1 + r.
    support : {"error", "restrict"}
        Where log q is -inf at points of p: D(p || q) is infinite, and the run ends with the status
        "support_error"; or p cut to q's support is fitted, by "quadrature" or "pooled": `kl` is
        then the divergence of p given that x is inside.
    gradients : bool
        Whether log q returns gradients too. Methods other than "stein" use its values alone.
    start : distribution, FitResult or sequence of distributions, optional
        Where to start instead of at `p`; of the same family. From several starts each is fitted,
        budgets shared, and the one of the least divergence returned; `starts` of the result has
        all. The reverse divergence may have several minima, and no diagnostic sees a mode of q that
        p never visits: only other starts find it.
    annealing : sequence of float, optional
        Inverse temperatures, ascending in (0, 1]: each start is first fitted to q**power, which is
        flatter, for each power in turn.
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
    linear regression", Bayesian Analysis 8; Stein (1981), "Estimation of the mean of
    a multivariate normal distribution", Annals of Statistics 9; Williams (1992), "Simple
    statistical gradient-following algorithms", Machine Learning 8; Owen (1997), "Monte Carlo
    variance of scrambled net quadrature", SIAM Journal on Numerical Analysis 34.

    Examples
    --------
    >>> import klfast as kf
    >>> q = kf.Gamma(shape=5.0, rate=2.0)
    >>> r = kf.minimize_reverse_kl(kf.Gamma(1.0, 1.0), q, rng=7)
    >>> r.status, r.kl < 1e-12, r.steps <= 3
    ('exact', True, True)

    Two bits that agree in nine cases of ten, by two that are independent. There are two minima, at
    1/4 and at 3/4, and a saddle between them at which no single start should be placed:

    >>> import numpy as np
    >>> def log_q(x):
    ...     return np.log(np.where(x[:, 0] == x[:, 1], 0.45, 0.05))
    >>> p = kf.Product(kf.Bernoulli(0.6), kf.Bernoulli(0.6))
    >>> r = kf.minimize_reverse_kl(p, log_q, rng=7)
    >>> np.round(r.distribution.mean(), 6), round(r.kl, 6), r.kl_error
    (array([0.75, 0.75]), 0.497797, 0.0)

    A log q with its gradients, of 20 dimensions:

    >>> def log_q(x):
    ...     return -np.log(np.cosh(x - 1.0)).sum(axis=1), -np.tanh(x - 1.0)
    >>> p = kf.MultivariateNormal(np.zeros(20), np.eye(20))
    >>> r = kf.minimize_reverse_kl(p, log_q, gradients=True, tolerance=1e-3, rng=7)
    >>> r.method, r.status, bool(abs(r.distribution.mean() - 1.0).max() < 0.05)
    ('stein', 'converged', True)
    """
    starts = _starts(p, start)
    if q is None:
        raise TypeError(
            "q is None: it must be a distribution, a Mixture, a Product or a callable log q(x)"
        )
    if gradients and is_distribution(q):
        raise ValueError(f"gradients=True: q is {q!r}: it must be a callable that returns them")
    temperatures = _inverse_temperatures(annealing)
    options: dict[str, Any] = {
        "method": method, "draws": draws, "samples": samples, "max_samples": max_samples,
        "max_steps": max_steps, "tolerance": tolerance, "step_size": step_size,
        "optimizer": optimizer, "baseline": baseline, "support": support, "gradients": gradients,
        "callback": callback,
        "progress": progress, "threads": threads, "rng": as_stream(rng),
    }
    budgets = _Budgets(max_evaluations, max_seconds, len(starts) * len(temperatures))
    results: list[FitResult] = []
    for member in starts:
        results.append(_anneal(member, q, temperatures, options, budgets))
        if results[-1].status == "stopped_by_callback":
            break
    if len(starts) == 1:
        return results[0]
    best = min(results, key=lambda r: r.kl if r.kl == r.kl else np.inf)
    return replace(best, starts=tuple(results))


class _Budgets:
    """Evaluations and seconds, shared evenly by the fits that are still to be made."""

    def __init__(self, evaluations: Any, seconds: Any, fits: int) -> None:
        self.evaluations = None if evaluations is None else count(evaluations, "max_evaluations", 1)
        self.seconds = None if seconds is None else positive(seconds, "max_seconds")
        self.fits = fits

    def share(self) -> dict[str, Any]:
        """What the next fit may use; None has no limit."""
        return {
            "max_evaluations": None if self.evaluations is None
            else max(1, self.evaluations // self.fits),
            "max_seconds": None if self.seconds is None
            else max(1e-9, self.seconds / self.fits),
        }

    def spend(self, result: FitResult) -> None:
        """Take off what a fit has used."""
        self.fits -= 1
        if self.evaluations is not None:
            self.evaluations -= result.evaluations
        if self.seconds is not None:
            self.seconds -= result.seconds


def _anneal(
    member: Distribution, q: Any, temperatures: list[float], options: dict[str, Any],
    budgets: _Budgets,
) -> FitResult:
    """One fit through all temperatures; its evaluations and seconds are those of all."""
    evaluations, seconds = 0, 0.0
    for power in temperatures:
        tempered = _TemperedWithGradients if options["gradients"] else _Tempered
        target = q if power == 1.0 else tempered(q, power)
        result = ReverseMinimizer(member, target, **options, **budgets.share()).run()
        budgets.spend(result)
        evaluations += result.evaluations
        seconds += result.seconds
        if result.status in ("support_error", "stopped_by_callback", "diverged"):
            break
        member = result.distribution
    if len(temperatures) == 1:
        return result
    return replace(result, evaluations=evaluations, seconds=seconds)


class _Tempered:
    """The target q**power."""

    def __init__(self, q: Any, power: float) -> None:
        self.q = as_log_density(q)
        self.power = power

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.power * evaluate_log_density(self.q, x)


class _TemperedWithGradients(_Tempered):
    """The same of a log q that returns its gradients too."""

    def __call__(self, x: NDArray[np.float64]) -> Any:
        log_q, gradients = evaluate_with_gradients(self.q, x)
        return self.power * log_q, self.power * gradients


def _starts(p: Any, start: Any) -> list[Distribution]:
    """The members to start from, checked."""
    first = one_member(p, "p", interior=start is None)
    if start is None:
        return [first]
    several = isinstance(start, Sequence) and not isinstance(start, Distribution)
    given = list(start) if several else [start]
    if not given:
        raise ValueError("start is empty: it must hold at least one distribution")
    found = []
    for i, one in enumerate(given):
        name = f"start[{i}]" if several else "start"
        one = one.distribution if isinstance(one, FitResult) else one
        member = one_member(one, name, interior=True)
        if type(member) is not type(first) or member.event_shape != first.event_shape:
            raise TypeError(
                f"{name} is {member!r}: it must be of the family of p, {type(first).__name__}"
            )
        found.append(member)
    return found


def _inverse_temperatures(annealing: Any) -> list[float]:
    """Checked, and with 1 at the end."""
    if annealing is None:
        return [1.0]
    if not hasattr(annealing, "__iter__"):
        raise TypeError(f"annealing={annealing!r}: must be a sequence of numbers")
    powers = [positive(power, f"annealing[{i}]") for i, power in enumerate(annealing)]
    if any(a >= b for a, b in pairwise(powers)) or any(b > 1.0 for b in powers):
        raise ValueError(f"annealing={list(annealing)!r}: must ascend, from above 0 to at most 1")
    return powers if powers and powers[-1] == 1.0 else [*powers, 1.0]
