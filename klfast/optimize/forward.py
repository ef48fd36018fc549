"""Forward minimisation: D(q || p) over the family of p, that is maximum likelihood."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import (
    HISTORY_COLUMNS,
    Distribution,
    ReverseRun,
    Stream,
    as_float64,
    checked_weights,
    family_check_data,
)
from klfast.divergence import KLEstimate, kl_divergence
from klfast.optimize.forward_quadrature import QuadratureRun, Uncovered
from klfast.optimize.importance import ImportanceRun, first_draws
from klfast.optimize.log_density import LogDensity
from klfast.optimize.moments import (
    Prior,
    _as_data,
    fit_moments,
    log_likelihood,
    make_prior,
    next_weights,
)
from klfast.optimize.options import LARGEST_COUNT, Options, choice, count, one_member, positive
from klfast.optimize.progress import Progress
from klfast.optimize.result import FitResult
from klfast.product_family import as_member, as_public
from klfast.targets import Product, check_same_space, is_class_of_family, is_distribution, kind_of

_CHUNK = 1 << 17
_AT_ONCE = 1 << 18  # data of steps between looks at signals
# Of a history of the method "score": the name, the run's column, and its sign.
_SHOWN = [(name, HISTORY_COLUMNS.index(column), sign) for name, column, sign in (
    ("evaluations", "evaluations", 1.0), ("cross_entropy", "kl", -1.0), ("length", "length", 1.0))]
_HISTORY = [(name, np.float64) for name, _, _ in _SHOWN]
_FROM_LOG_DENSITY = ("log_density", "quadrature", "importance")


def minimize_forward_kl(
    p: Distribution | Product,
    data: Any,
    *,
    weights: ArrayLike | Iterable[ArrayLike] | None = None,
    method: str = "auto",
    prior: tuple[Distribution | Product, float] | None = None,
    robust: bool = False,
    forgetting: float = 1.0,
    samples: int | None = None,
    max_samples: int = 1 << 20,
    max_steps: int = 2000,
    max_evaluations: int | None = None,
    max_seconds: float | None = None,
    tolerance: float = 1e-4,
    step_size: float = 0.01,
    optimizer: str = "constant",
    start: Distribution | Product | None = None,
    callback: Any = None,
    progress: bool = False,
    threads: int | None = None,
    rng: Any = None,
) -> FitResult:
    r"""Fit p to q, known by samples or its log-density, by minimising D(q || p).

    .. math:: D(q \| p) = E_q[\log q(x) - \log p(x)]

    It is least at the member whose mean parameters are those of q: for data, the maximum-likelihood
    member of p's family.

    Parameters
    ----------
    p : distribution or Product
        A member of the family to fit; the start of the method "score". Of a Product of members of
        families each factor is fitted to its own coordinates of q.
    data : array_like, iterable of arrays, distribution, Mixture or callable
        Samples of q, of shape (n,) or (n, d); or chunks of them, used once and in order; or q
        itself, to be sampled; or a sampler: ``data(n)`` or ``data(n, rng)``, with `rng` a NumPy
        Generator, returns n samples. For the methods that take a log-density: a distribution, a
        Mixture, or a callable log q(x), as for `minimize_reverse_kl`, that may be unnormalised.
    weights : array_like of shape (n,), or an iterable with one array to a chunk, optional
        Non-negative weights of the data. "score" reads data and weights where they are, at every
        step: neither may change during the run.
    method : {"auto", "moments", "score", "log_density", "quadrature", "importance"}
        From samples:

        - "moments" (also "auto"): one pass, exact: the member whose mean parameters are those of
          the data.
        - "score": stochastic gradient u <- u + step_size mean s(x) on mini-batches, in
          unconstrained coordinates.

        From a log-density, up to a constant:

        - "quadrature", for families of numbers and counts: sums over nodes that cover q's mass,
          refined until they agree with half as many. No draws.
        - "importance": adaptive importance sampling. All draws of all members up to now, weighted
          by q over the mixture of these members, give the means of the next. Weights are tempered
          until the draws are worth a quarter of their number, or 50 to each coordinate. A run whose
          weights, or weights times scores, have a k-hat of 0.7 or more never converges: see
          `pareto_k`. No diagnostic sees a mode of an
          unnormalised q that no draw has met: start wide.
        - "log_density": "quadrature" where there is a rule of few enough nodes, else "importance".
    prior : tuple of a distribution and a float, optional
        For "moments": a member of the family and a weight > 0, which count as data of that total
        weight with the member's mean parameters. The fit is then the mode under the conjugate
        prior, in natural parameters; it exists for any data.
    robust : bool
        For "moments": also gather what ``standard_errors(robust=True)`` of the result needs.
    forgetting : float
        For "moments" on chunks: what the weights of all data are multiplied by at each further
        chunk, in (0, 1].
    samples : int, optional
        Draws of a q that is sampled (for "moments"; 1e6 by default), size of a mini-batch (for
        "score"; 1000 by default), or draws of the first step (for "importance"; by default 1000, 4
        to each coordinate if that is more, fewer if the budget is small).
    max_samples : int
        Largest number of draws that "importance" keeps.
    max_steps, max_evaluations, max_seconds, tolerance, step_size, optimizer : optional
        As for `minimize_reverse_kl`, of all methods but "moments"; `step_size` and `optimizer` of
        "score" alone. The gain is that of a natural step. `max_evaluations` bounds the number of
        data used, or of values of log q.
    start, callback, progress, threads, rng : optional
        As for `minimize_reverse_kl`.

    Returns
    -------
    FitResult
        `kl` is given where q is a distribution or Mixture; data have none, since their density is
        unknown: see `cross_entropy` and `log_likelihood`. From a callable log q it is up to log Z,
        which is in `log_normaliser`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or some datum is not finite or outside the support; the message
        gives the first. If log q is NaN or +inf somewhere, or -inf everywhere.
    NoMaximumError
        If no maximum exists; the message says why. It is a ValueError.

    References
    ----------
    Barndorff-Nielsen (1978), Information and Exponential Families in Statistical Theory,
    section 9.3; Diaconis and Ylvisaker (1979), "Conjugate priors for exponential families", Annals
    of Statistics 7; Cornuet, Marin, Mira and Robert (2012), "Adaptive multiple importance
    sampling", Scandinavian Journal of Statistics 39.

    Examples
    --------
    >>> import klfast as kf
    >>> r = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), [1.0, 2.0, 3.0, 6.0])
    >>> r.distribution.parameters["loc"], round(r.distribution.parameters["scale"], 12)
    (3.0, 1.870828693387)
    >>> {name: round(float(e), 4) for name, e in r.standard_errors().items()}
    {'loc': 0.9354, 'scale': 0.6614}

    Two successes in two trials, and a prior worth two trials, one of them a success:

    >>> p = kf.Bernoulli(0.5)
    >>> kf.minimize_forward_kl(p, [1, 1], prior=(p, 2.0)).distribution
    Bernoulli(probability=0.75)

    From an unnormalised log-density, here that of a Laplace distribution:

    >>> r = kf.minimize_forward_kl(kf.Normal(1.0, 1.0), lambda x: -abs(x), method="log_density")
    >>> round(r.distribution.parameters["scale"] ** 2, 3), round(r.kl - r.log_normaliser, 4)
    (2.0, 0.0724)
    """
    first = one_member(p if start is None else start, "p" if start is None else "start",
                       interior=method == "score" or method in _FROM_LOG_DENSITY)
    family = type(as_member(p))
    if type(first) is not family or first.event_shape != p.event_shape:
        raise TypeError(f"start is {first!r}: it must be of the family of p, {family.__name__}")
    choice(method, "method", ("auto", "moments", "score", *_FROM_LOG_DENSITY))
    options = Options.check(
        max_steps=max_steps, max_evaluations=max_evaluations, max_seconds=max_seconds,
        tolerance=tolerance, step_size=step_size, optimizer=optimizer, callback=callback,
        progress=progress, threads=threads, rng=rng,
    )
    draws = None if samples is None else count(samples, "samples", 1)
    likelihood = _Likelihood.check(first, method, prior, robust, forgetting)
    if method in _FROM_LOG_DENSITY:
        if weights is not None:
            raise ValueError(f"weights given: method={method!r} takes a log-density, not data")
        most = count(max_samples, "max_samples", 2)
        return _by_log_density(first, data, method, options, draws, most)
    source = _Source(data, weights, first, options.stream)
    if method == "score":
        return _ScoreRun(first, source, options, draws or 1000).drive()
    return _by_moments(first, source, options, draws or 1_000_000, likelihood)


class _Likelihood(NamedTuple):
    """Options of the method "moments", checked."""

    prior: Prior | None
    robust: bool
    forgetting: float

    @classmethod
    def check(
        cls, p: Distribution, method: str, prior: Any, robust: Any, forgetting: Any
    ) -> _Likelihood:
        if not isinstance(robust, bool):
            raise TypeError(f"robust={robust!r}: must be True or False")
        factor = positive(forgetting, "forgetting")
        if factor > 1.0:
            raise ValueError(f"forgetting={forgetting!r}: must be in (0, 1]")
        made = None if prior is None else _checked_prior(prior, p)
        if method not in ("auto", "moments") and (made or robust or factor != 1.0):
            raise ValueError(f"method={method!r}: prior, robust and forgetting are for 'moments'")
        return cls(made, robust, factor)


def _checked_prior(prior: Any, p: Distribution) -> Prior:
    """The pseudo-observations of a pair of a member and a weight."""
    if not isinstance(prior, tuple) or len(prior) != 2:
        raise TypeError(f"prior={prior!r}: must be a member of the family and a weight")
    member = one_member(prior[0], "prior[0]", interior=True)
    if type(member) is not type(p) or member.event_shape != p.event_shape:
        raise TypeError(
            f"prior[0] is {member!r}: it must be of the family of p, {type(p).__name__}"
        )
    if member.fixed != p.fixed:
        raise ValueError(f"prior[0] is {member!r}: its fixed parameters must be those of {p!r}")
    return make_prior(member, positive(prior[1], "prior[1]"))


def _by_log_density(
    p: Distribution, data: Any, method: str, options: Options, draws: int | None, most: int
) -> FitResult:
    if _in_family(as_member(data), p):
        return _exact(data, method)
    log_q = LogDensity(data, p, options)
    if method != "importance":
        try:
            if p.event_shape:
                raise Uncovered
            return QuadratureRun(p, log_q, options).drive()
        except Uncovered:
            if method == "quadrature":
                raise ValueError(
                    f"method='quadrature': there is no rule of few enough nodes for q about {p!r}: "
                    "it is no family of numbers or counts, or q falls too slowly, is improper, or "
                    "lies apart"
                ) from None
    batch = min(draws or first_draws(p, options), most)
    return ImportanceRun(p, log_q, options, batch, most).drive()


def _in_family(q: Any, p: Distribution) -> bool:
    return type(q) is type(p) and q.fixed == p.fixed and q.batch_shape == ()


def _exact(q: Distribution, method: str) -> FitResult:
    return FitResult(
        distribution=q, direction="forward", method=method, kl=0.0, kl_error=0.0, gain=0.0,
        gain_error=0.0, status="exact", message="q is in the family: the fit is q", steps=0,
        evaluations=0, seconds=0.0,
    )


class _Source:
    """The data, whatever their form, as chunks or as mini-batches."""

    def __init__(self, data: Any, weights: Any, p: Distribution, stream: Stream) -> None:
        self.family = type(p)
        self.dimension = p.event_shape[0] if p.event_shape else 1
        self.stream = stream
        self.target: Any = None
        self.sampler: Callable[[int], Any] | None = None
        self.chunks: list[Any] | Iterator[Any] | None = None
        self.weights: list[Any] | Iterator[Any] | None = None
        if is_distribution(data):
            check_same_space(data, p, "data", "p")
            if isinstance(data, Distribution) and data.batch_shape != ():
                raise ValueError(f"data has batch shape {data.batch_shape}: it must be one")
            self.target = data
            self.sampler = lambda n: data.sample(n, rng=stream)
        elif is_class_of_family(data):
            raise TypeError(f"data is {kind_of(data)}: it must be data, draws or a distribution")
        elif callable(data) and not hasattr(data, "__array__"):
            self.sampler = _sampler(data, stream)
        elif _is_chunked(data, len(p.event_shape)):
            self.chunks = list(data) if isinstance(data, list | tuple) else iter(data)
            if weights is not None:
                self.weights = list(weights) if isinstance(weights, list | tuple) else iter(weights)
        else:
            self.chunks = [data]
            self.weights = None if weights is None else [weights]
        if self.sampler is not None and weights is not None:
            raise ValueError("weights given: samples drawn from q are all alike")

    def rows(self, chunk: Any) -> NDArray[np.float64]:
        """A chunk as checked rows."""
        dimension = self.dimension if self.family._is_vector() else None
        return _as_data(self.family, chunk, dimension)

    def drawn(self, total: int) -> Iterator[NDArray[np.float64]]:
        """`total` samples of the sampler, in chunks."""
        assert self.sampler is not None
        for done in range(0, total, _CHUNK):
            n = min(_CHUNK, total - done)
            rows = self.rows(self.sampler(n))
            if len(rows) != n:
                raise ValueError(f"the sampler returned {len(rows)} samples: asked for {n}")
            yield rows


def _sampler(data: Callable[..., Any], stream: Stream) -> Callable[[int], Any]:
    """The user's sampler as a function of n alone."""
    try:
        parameters = inspect.signature(data).parameters.values()
        required = [
            q for q in parameters
            if q.default is q.empty and q.kind in (q.POSITIONAL_ONLY, q.POSITIONAL_OR_KEYWORD)
        ]
    except ValueError:
        required = []
    if len(required) < 2:
        return data
    generator = np.random.default_rng(stream.spawn(1)[0].seed)
    return lambda n: data(n, generator)


def _is_chunked(data: Any, event_rank: int) -> bool:
    """Whether `data` is an iterable of arrays of rows rather than one array."""
    if isinstance(data, list | tuple):
        return bool(data) and all(
            isinstance(part, np.ndarray) and part.ndim == event_rank + 1 for part in data
        )
    return (
        hasattr(data, "__iter__")
        and not hasattr(data, "__array__")
        and not hasattr(data, "__array_interface__")
        and not hasattr(data, "__len__")
        and not isinstance(data, str | bytes)
    )


def _by_moments(
    p: Distribution, source: _Source, options: Options, draws: int, likelihood: _Likelihood
) -> FitResult:
    began = time.monotonic()
    family = type(p)
    if likelihood.prior is None and _in_family(as_member(source.target), p):
        return _exact(source.target, "moments")
    dimension = source.dimension if family._is_vector() else None
    if source.sampler is not None:
        chunks: Any = source.drawn(min(draws, options.max_evaluations))
    else:
        chunks = _limited(source, options.max_evaluations)
    fit = fit_moments(family, chunks, source.weights, fixed=p.fixed, dimension=dimension,
                      likelihood=True, threads=options.threads, **likelihood._asdict())
    total, cross_entropy, error = log_likelihood(fit)
    divergence = KLEstimate(math.nan, math.nan)
    if source.target is not None:
        found = kl_divergence(source.target, as_public(fit.distribution), rng=options.stream)
        divergence = found if isinstance(found, KLEstimate) else KLEstimate(found, 0.0)
    drawn = source.sampler is not None
    about_data: dict[str, Any] = {} if drawn else {
        "log_likelihood": total, "total_weight": fit.total_weight,
        "effective_data": fit.effective_data, "score_covariance": fit.score_covariance(),
    }
    return FitResult(
        distribution=fit.distribution, direction="forward", method="moments",
        kl=divergence.value, kl_error=divergence.standard_error, gain=0.0, gain_error=0.0,
        cross_entropy=cross_entropy, cross_entropy_error=error, status="exact",
        message=f"the mean parameters are those of the {fit.n_data} "
        + ("draws of q" if drawn else "data")
        + (" and the prior" if fit.prior else ""),
        steps=1, evaluations=fit.n_data, seconds=time.monotonic() - began,
        **about_data,
    )


def _limited(source: _Source, most: int) -> Any:
    """The chunks; an iterator of them is cut at `most` data."""
    assert source.chunks is not None
    if most == LARGEST_COUNT:
        return source.chunks
    if isinstance(source.chunks, list) and most >= sum(len(np.atleast_1d(c))
                                                       for c in source.chunks):
        return source.chunks
    return _cut(source, most)


def _cut(source: _Source, most: int) -> Iterator[NDArray[np.float64]]:
    assert source.chunks is not None
    if source.weights is not None:
        raise ValueError("max_evaluations cuts the data: it cannot be combined with weights")
    for chunk in source.chunks:
        rows = source.rows(chunk)[:most]
        most -= len(rows)
        if len(rows):
            yield rows
        if most <= 0:
            return


def _whole(arrays: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """One after the other; a single one without a copy."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


class _ScoreRun:
    """Stochastic gradient ascent of the likelihood, mini-batch by mini-batch."""

    def __init__(self, p: Distribution, source: _Source, options: Options, batch: int) -> None:
        self.source = source
        self.options = options
        self.batch = batch
        self.family = type(p)
        self.dimension = p.event_shape[0] if p.event_shape else 1
        self.fixed = p.fixed
        self.run = ReverseRun(
            p, None, source.stream._for_run(), method="likelihood", step_rule=options.optimizer,
            baseline=None, step_size=options.step_size, tolerance=options.tolerance,
            samples=batch, max_samples=batch, max_steps=options.max_steps,
            max_evaluations=options.max_evaluations)
        self.is_empty = isinstance(source.chunks, Iterator)  # until a chunk has come
        self.rows: list[NDArray[np.float64]] = []
        self.status = "going"
        self.began = time.monotonic()

    def drive(self) -> FitResult:
        with Progress(self.options.progress, self.options.max_steps) as progress:
            for rows in self._steps():
                self.rows.append(rows)
                self.status = self.run.status
                progress.show(self.run.steps, "cross-entropy", -self.run.estimates.kl)
                if self.options.stopped(self._result):
                    self.status = "stopped_by_callback"
                if self.status != "going":
                    break
        if self.status == "going":
            if self.is_empty:
                raise ValueError("data is empty: there is nothing to fit")
            self.status = "budget"
        return self._result()

    def _affords(self, n: int) -> bool:
        spent = self.run.evaluations + n > self.options.max_evaluations
        return not spent and time.monotonic() <= self.options.deadline

    def _steps(self) -> Iterator[NDArray[np.float64]]:
        """History rows: of one step to each batch of a sampler or iterator, of many of arrays."""
        if isinstance(self.source.chunks, list):
            rows, weights = self._all_rows(self.source.chunks)
            at_once = max(1, _AT_ONCE // (self.batch * self.dimension))
            count = 1 if self.options.callback else at_once
            while self._affords(self.batch):
                count = min(count, self.options.max_steps - self.run.steps + 1)
                made = self.run.run_likelihood(rows, weights, count)
                self._check_weights(weights)
                yield made
            return
        for rows, weights in self._batches():
            self.is_empty = False
            if not self._affords(len(rows)):
                return
            made = self.run.step_likelihood(rows, weights, self.options.threads)
            self._check_weights(weights)
            yield made

    def _check_weights(self, weights: NDArray[np.float64] | None) -> None:
        batch = self.run.evaluations > 0 and math.isnan(self.run.estimates.kl)
        if weights is not None and batch:
            raise ValueError("weights of a mini-batch are all 0: there is nothing to fit")

    def _batches(self) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
        """Draws of a sampler, or the chunks of an iterator."""
        source = self.source
        if source.sampler is not None:
            while True:
                yield self._checked(next(source.drawn(self.batch)), None)
        assert source.chunks is not None
        weight_chunks = None if source.weights is None else iter(source.weights)
        for chunk in source.chunks:
            rows = source.rows(chunk)
            if len(rows):
                yield self._checked(
                    rows, None if weight_chunks is None else next_weights(weight_chunks, rows))

    def _all_rows(
        self, chunks: list[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """All rows of arrays, and their weights."""
        rows = _whole([self.source.rows(chunk) for chunk in chunks])
        if not len(rows):
            raise ValueError("data is empty: there is nothing to fit")
        weights = None
        if self.source.weights is not None:
            assert isinstance(self.source.weights, list)
            weights = checked_weights(
                _whole([as_float64(w, "weights") for w in self.source.weights]), len(rows))
        return self._checked(rows, weights)

    def _checked(
        self, rows: NDArray[np.float64], weights: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """The same, if the data are inside the support."""
        family_check_data(self.family, rows, self.dimension, 0, self.fixed)
        return rows, weights

    def _result(self) -> FitResult:
        messages = {
            "converged": "the predicted gain of a further step is below the tolerance",
            "budget": "the budget of steps, data or seconds is used up",
            "stopped_by_callback": "the callback raised StopIteration",
            "diverged": "a step left the domain: step_size is too large",
        }
        e = self.run.estimates
        distribution = self.run.distribution()
        history = (np.concatenate(self.rows) if self.rows
                   else np.empty((0, len(HISTORY_COLUMNS))))
        if self.rows:  # the member that the last estimates belong to
            theta = history[-1, len(HISTORY_COLUMNS) :]
            distribution = self.family._from_theta(theta, (), self.dimension)
        history = history[: self.run.steps]
        shown = np.empty(len(history), dtype=_HISTORY)
        for name, column, sign in _SHOWN:
            shown[name] = sign * history[:, column]
        return FitResult(
            distribution=distribution, direction="forward", method="score", kl=math.nan,
            kl_error=math.nan, gain=e.gain, gain_error=e.gain_error, cross_entropy=-e.kl,
            cross_entropy_error=e.kl_error, status=self.status,
            message=messages.get(self.status, "the run goes on"), steps=self.run.steps,
            evaluations=self.run.evaluations, seconds=time.monotonic() - self.began,
            history=shown,
        )
