"""Evaluations of log q that each method needs to come near the least divergence, as a page.

``python bench/evaluations.py [--seeds N] [--only TEXT] [--output FILE.md]``

A run is followed by the members that it holds after each step; the divergence of each is known
without sampling error (`evaluation_targets.py`). Peers are measured where they are installed
(`evaluation_peers.py`). Takes two minutes with them.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import evaluation_peers as peers  # noqa: E402
import numpy as np  # noqa: E402
from evaluation_targets import Target, targets  # noqa: E402

import klfast as kf  # noqa: E402

LEVELS = (1e-1, 1e-2, 1e-3, 1e-4)
MOST = 30_000  # evaluations of a run
DRAWS = 10  # of a step of the methods with a fixed step size
RATES = (0.1, 0.03, 0.01)
STEPS = np.unique(np.geomspace(1, MOST // DRAWS, 120).astype(int))  # at which these are looked at

TITLE = """# Evaluations to a given excess

Evaluations of log q until the fitted member's divergence is within 0.1, 0.01, 0.001 and 0.0001 nats
of the least, from the same start: median of {seeds} seeds; "-" is more than {most:,}. The
divergence of each member is computed without sampling error, and the first time counts, which
favours methods that come and go. **Bold** is the least of a column.

- klfast's methods run at their defaults with `tolerance=1e-5`. What they spend to test whether q is
  in the family is counted, and so is what they spend to know a member's divergence. *auto* is
  *quadrature* for numbers and counts; for vectors *stein* where log q has gradients, else *pooled*
  up to 1,000 coordinates, else *natural*. *score* is the textbook gradient with Adam, up to d = 10.
- Methods marked ∇ are counted in evaluations of log q with its **gradient**, which has d numbers
  and of which each costs two or three of log q; the others in values of log q.
- The peers and the methods with Adam take {draws} draws a step; with Adam each figure is of the
  best step size of {rates}. gsmvi matches gradients, without a step size: it comes to the least
  divergence only where q is a Normal.
"""


# ---- Runs ----


def first_below(trace: Iterator[tuple[int, float]]) -> np.ndarray:
    """Evaluations at the first excess below each level; inf where there is none."""
    found = np.full(len(LEVELS), np.inf)
    for evaluations, excess in trace:
        new = (excess <= np.array(LEVELS)) & np.isinf(found)
        found[new] = evaluations
        if np.isfinite(found).all():
            break
    return found


def log_density(target: Target, gradients: bool) -> Callable[[np.ndarray], Any]:
    """The target as klfast takes it, by values or with the gradients too."""
    if gradients and target.gradient is not None:
        slope = target.gradient
        return lambda x: (target.log_q(x, np), slope(x))
    return lambda x: target.log_q(x, np)


def klfast_run(target: Target, seed: int, method: str, gradients: bool = False) -> np.ndarray:
    """One fit by klfast: each step's member when its divergence is known, then the result."""
    seen: list[tuple[int, Any]] = []

    def follow(result: Any) -> None:
        seen.append((result.evaluations, result.distribution))
        if result.evaluations > MOST:
            raise StopIteration

    r = kf.minimize_reverse_kl(target.start, log_density(target, gradients), method=method,
                               gradients=gradients, tolerance=1e-5, callback=follow, rng=seed)
    if r.status in ("exact", "converged"):
        seen.append((r.evaluations, r.distribution))
    return first_below((n, target.excess(p)) for n, p in seen if n <= MOST)


def klfast_score(target: Target, seed: int, rate: float) -> np.ndarray:
    """One fit by the textbook's gradient and Adam."""
    r = kf.minimize_reverse_kl(
        target.start, lambda x: target.log_q(x, np), method="score", optimizer="adam",
        step_size=rate, samples=DRAWS, max_steps=STEPS[-1] - 1, tolerance=0.0, rng=seed)
    family, d = type(target.start), max(target.dimension, 1)
    rows = r.history[STEPS[len(r.history) >= STEPS] - 1]
    return first_below((int(row["evaluations"]),
                        target.excess(family._from_theta(row["parameters"], (), d)))
                       for row in rows)


def klfast_rows(target: Target, seeds: int) -> Iterator[tuple[str, np.ndarray]]:
    """By name: evaluations (seeds, levels)."""
    served = kf.ReverseMinimizer(target.start, lambda x: target.log_q(x, np)).result().method
    for method in ("auto", "pooled", "natural"):
        too_large = method == "pooled" and target.start.n_coordinates > 1000
        if method == served or too_large:
            continue
        label = f"auto = {served}" if method == "auto" else method
        yield f"klfast {label}", np.array(
            [klfast_run(target, seed, method) for seed in range(seeds)])
    if target.gradient is not None:
        yield "klfast auto = stein ∇", np.array(
            [klfast_run(target, seed, "auto", gradients=True) for seed in range(seeds)])
    if target.dimension <= 10:
        yield "klfast score, Adam", best_rate(np.array(
            [[klfast_score(target, seed, rate) for seed in range(seeds)] for rate in RATES]))


def peer_row(name: str, target: Target, seeds: int) -> np.ndarray:
    """Evaluations (seeds, levels) with the best step size for each level."""
    runs = peers.trajectories(name, target, RATES, seeds, STEPS, DRAWS)
    return best_rate(np.array([
        [first_below((DRAWS * int(n), target.excess(p)) for n, p in zip(STEPS, run, strict=True)
                     if p is not None) for run in of_rate]
        for of_rate in runs]))


def best_rate(found: np.ndarray) -> np.ndarray:
    """Of (step sizes, seeds, levels), for each level the runs of the step size of least median."""
    best = np.median(found, axis=1).argmin(axis=0)
    return found[best, :, range(len(LEVELS))].T


# ---- The page ----


def table(target: Target, rows: dict[str, np.ndarray]) -> Iterator[str]:
    """A target's table, and where klfast is not first."""
    yield f"\n## {target.name}\n"
    yield "| | " + " | ".join(f"{level:g}" for level in LEVELS) + " |"
    yield "| --- |" + " ---: |" * len(LEVELS)
    medians = {name: np.median(found, axis=0) for name, found in rows.items()}
    least = np.min(list(medians.values()), axis=0)
    for name, row in medians.items():
        cells = ["-" if np.isinf(n) else f"**{n:,.0f}**" if n == m else f"{n:,.0f}"
                 for n, m in zip(row, least, strict=True)]
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield from remarks(target, medians)


def remarks(target: Target, medians: dict[str, np.ndarray]) -> Iterator[str]:
    """Where klfast is not first, and which of its methods fail."""
    own = np.min([row for name, row in medians.items() if name.startswith("klfast")], axis=0)
    least = np.min(list(medians.values()), axis=0)
    for name, row in medians.items():
        mine = name.startswith("klfast")
        first = "" if mine else listed(row < own)
        if first:
            yield (f"\n{name} needs fewer than klfast to {first}: klfast looks at more points "
                   "before its first step.")
        lost = listed(np.isinf(row) & np.isfinite(least))
        if mine and "score" not in name and lost:
            yield f"\n{name} does not reach {lost}."
    if target.note:
        yield f"\n{target.note}"


def listed(which: np.ndarray) -> str:
    """The levels that are marked, in words."""
    return ", ".join(f"{level:g}" for level, marked in zip(LEVELS, which, strict=True) if marked)


def standing(rows: dict[str, np.ndarray]) -> np.ndarray:
    """In how many columns klfast is first, its "auto" is, and there is a first."""
    medians = {name: np.median(found, axis=0) for name, found in rows.items()}
    least = np.min(list(medians.values()), axis=0)
    reached = np.isfinite(least)
    counts = []
    for prefix in ("klfast", "klfast auto"):
        own = np.min([row for name, row in medians.items() if name.startswith(prefix)], axis=0)
        counts.append(int((reached & (own == least)).sum()))
    return np.array([*counts, int(reached.sum())])


def page(seeds: int, only: str) -> Iterator[str]:
    """The lines of the page, as they come."""
    began = time.monotonic()
    yield TITLE.format(seeds=seeds, most=MOST, draws=DRAWS, rates=", ".join(map(str, RATES)))
    found = peers.installed()
    missing = [name for name in peers.PEERS if name not in found]
    yield f"Peers: {peers.versions() or 'none installed'}." + (
        f" Not installed: {', '.join(missing)}." if missing else "") + peers.LEFT_OUT
    first = np.zeros(3, dtype=int)
    for target in targets():
        if only not in target.name:
            continue
        rows = dict(klfast_rows(target, seeds))
        for name in found:
            if peers.suits(name, target):
                mark = "" if target.start.is_integer else " ∇"
                rows[name + mark] = peer_row(name, target, seeds)
        yield from table(target, rows)
        first += standing(rows)
    yield (f"\n## In all\n\nOf {first[2]} figures that some method reaches, klfast's least is the "
           f"least of all in {first[0]}, *auto*'s in {first[1]}.")
    yield f"\nMade in {time.monotonic() - began:.0f} s."


def main() -> None:
    """Print the page, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="targets whose name holds this")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = []
    for line in page(options.seeds, options.only):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
