"""The main job on real data: one Normal fitted to Old Faithful in either direction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution, Stream
from klfast.data import old_faithful
from klfast.divergence import KLEstimate, kl_divergence
from klfast.families import Normal
from klfast.optimize import FitResult, minimize_forward_kl, minimize_reverse_kl
from klfast.optimize.inference import standard_errors
from klfast.targets import Mixture

SEED = 1990
COLUMNS = {"waiting": "waiting time", "eruptions": "eruption length"}

# Two reverse fits whose divergence from each other is less than this are the same minimum.
_SAME_MINIMUM = 1e-2
_MAX_ROUNDS = 2000


@dataclass(frozen=True)
class MixtureFit:
    """A mixture fitted by expectation-maximisation.

    Attributes
    ----------
    mixture : Mixture
    log_likelihood : float
        In nats.
    rounds : int
        Rounds of expectation and maximisation.
    seconds : float
        Wall time.
    """

    mixture: Mixture
    log_likelihood: float
    rounds: int
    seconds: float


@dataclass(frozen=True)
class Demo:
    """What the demonstration found.

    Attributes
    ----------
    quantity : str
        What the data are, in words.
    data : ndarray of shape (272,)
        In minutes.
    mixture : MixtureFit
        Two Normals: the target q.
    forward : FitResult
        The Normal nearest to the data in forward divergence.
    forward_kl : KLEstimate
        D(q || p) of that Normal.
    reverse : list of FitResult
        The distinct minima of D(p || q) that the starts led to, the best first.
    starts : list of Distribution
        The starts of the reverse fits.
    """

    quantity: str
    data: NDArray[np.float64]
    mixture: MixtureFit
    forward: FitResult
    forward_kl: KLEstimate
    reverse: list[FitResult]
    starts: list[Distribution]


def run_demo(column: str = "waiting", *, threads: int | None = None, seed: int = SEED) -> Demo:
    """Fit a mixture to the data, then a Normal in either direction.

    Parameters
    ----------
    column : {"waiting", "eruptions"}
        Which of the two measurements.
    threads : int, optional
        Number of threads; does not change the result.
    seed : int
        Of the random numbers of the estimates.

    Returns
    -------
    Demo
    """
    if column not in COLUMNS:
        raise ValueError(f"column={column!r}: must be one of {', '.join(COLUMNS)}")
    data = np.ascontiguousarray(old_faithful()[column])
    fit = fit_two_normals(data)
    q = fit.mixture
    stream = Stream(seed=seed)
    forward = minimize_forward_kl(Normal(0.0, 1.0), data, threads=threads, rng=stream)
    forward_kl = kl_divergence(q, forward.distribution, rng=stream)
    starts = [*q.components, Normal(q.mean(), 2.0 * float(np.sqrt(q.variance())))]
    results = [
        minimize_reverse_kl(start, q, tolerance=1e-4, threads=threads, rng=stream)
        for start in starts
    ]
    return Demo(COLUMNS[column], data, fit, forward, forward_kl, _distinct(results), starts)


def fit_two_normals(x: NDArray[np.float64]) -> MixtureFit:
    """Fit a mixture of two Normals by expectation-maximisation.

    The maximisation step is the library's weighted maximum likelihood. It starts from the data
    below and above their mean.

    Parameters
    ----------
    x : ndarray of shape (n,)

    Returns
    -------
    MixtureFit

    References
    ----------
    Dempster, Laird and Rubin (1977), "Maximum likelihood from incomplete data via the EM
    algorithm", Journal of the Royal Statistical Society B 39.
    """
    began = time.monotonic()
    upper = x > x.mean()
    shares = np.stack([~upper, upper]).astype(np.float64)
    last, rounds = -np.inf, 0
    while rounds < _MAX_ROUNDS:
        rounds += 1
        q = Mixture(shares.mean(axis=1), [Normal.fit(x, w) for w in shares])
        log_q = q.log_density(x)
        log_parts = [part.log_density(x) for part in q.components]
        shares = np.exp(np.log(q.weights)[:, None] + log_parts - log_q)
        log_likelihood = float(log_q.sum())
        if log_likelihood - last <= 1e-13 * abs(log_likelihood):
            break
        last = log_likelihood
    return MixtureFit(q, log_likelihood, rounds, time.monotonic() - began)


def _distinct(results: list[FitResult]) -> list[FitResult]:
    """Keep the best result of each minimum, the best minimum first."""
    kept: list[FitResult] = []
    sound = [r for r in results if r.status not in ("diverged", "support_error")]
    for result in sorted(sound or results, key=lambda r: r.kl):
        p = result.distribution
        if all(kl_divergence(p, other.distribution) > _SAME_MINIMUM for other in kept):
            kept.append(result)
    return kept


def format_demo(demo: Demo) -> str:
    """Write the results as text: the mixture, a table of the two directions, what they mean.

    Parameters
    ----------
    demo : Demo

    Returns
    -------
    str
    """
    x, fit = demo.data, demo.mixture
    blocks = [
        f"Old Faithful: {len(x)} {demo.quantity}s in minutes, mean {x.mean():.4f}, "
        f"standard deviation {x.std():.4f}",
        f"q: mixture of two Normals by expectation-maximisation ({fit.rounds} rounds, "
        f"log-likelihood {fit.log_likelihood:.4f}, {fit.seconds:.2g} s)",
        _table(
            [("weight", "loc", "scale")]
            + [
                (f"{w:.4f}", f"{c.parameters['loc']:.4f}", f"{c.parameters['scale']:.4f}")
                for w, c in zip(fit.mixture.weights, fit.mixture.components, strict=True)
            ]
        ),
        "p: one Normal in either direction; divergences in nats",
        _table(_rows(demo)),
        f"forward: cross-entropy {demo.forward.cross_entropy:.4f} +- "
        f"{demo.forward.cross_entropy_error:.2g} nats a datum, log-likelihood "
        f"{demo.forward.log_likelihood:.4f}",
        _reverse_summary(demo),
    ]
    return "\n".join(blocks)


def _rows(demo: Demo) -> list[tuple[str, ...]]:
    head = ("direction", "loc", "scale", "divergence", "method", "status", "steps",
            "evaluations", "seconds")
    errors = standard_errors(demo.forward.distribution, len(demo.data))
    rows = [head, _row("forward D(q||p)", demo.forward, demo.forward_kl)]
    rows.append(("  standard error", *(f"{float(e):.4f}" for e in errors.values()), *[""] * 6))
    for i, result in enumerate(demo.reverse):
        name = "reverse D(p||q)" if i == 0 else "  other minimum"
        rows.append(_row(name, result, KLEstimate(result.kl, result.kl_error)))
    return rows


def _row(name: str, result: FitResult, kl: KLEstimate) -> tuple[str, ...]:
    return (
        name,
        *(f"{value:.4f}" for value in result.distribution.parameters.values()),
        f"{kl.value:.5f} +- {kl.standard_error:.5f}",
        result.method,
        result.status,
        f"{result.steps}",
        f"{result.evaluations}",
        f"{result.seconds:.2g}",
    )


def _reverse_summary(demo: Demo) -> str:
    best, *others = demo.reverse
    found = f"{len(demo.reverse)} minima" if others else "one minimum"
    return (
        f"reverse: {len(demo.starts)} starts (either mode, and a wide one) lead to {found}: "
        + _kind(best, demo)
    )


def _kind(result: FitResult, demo: Demo) -> str:
    """Say what a reverse fit did, from its parameters."""
    if mode_of(result.distribution, demo.mixture.mixture) is None:
        return "it covers\n  both modes, more narrowly than the forward fit"
    return "the best\n  covers one mode and leaves the other out"


def mode_of(p: Normal, q: Mixture) -> int | None:
    """Find the component of q that p sits on: its index, or None if p covers more than one."""
    near = [float(kl_divergence(p, part)) for part in q.components]
    nearest = int(np.argmin(near))
    return nearest if near[nearest] < 0.1 else None


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Align columns: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [f"{row[0]:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)
