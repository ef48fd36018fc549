"""Every family beside its peers, from one number to a million: the report's last table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import by_hand
import numpy as np
import optional_peers
from cases import Case, cases, first_cases, scipy_log_density
from measuring import Call, faster_peers, figure, interleaved

import klfast as kf

SIZES = (1, 100, 10_000, 1_000_000)
ANEW = "made anew"
TITLE = """
## Every family

ns per draw, value or score; for n = 1 a call with one number, not an array. klfast stands first, in
**bold** where a peer is faster, then the peers. NumPy is its sampler, or what one writes by hand in
one line. "n members" are arrays of n parameters, with one draw or one point to a member, on a batch
that was made before; *made anew* makes it in the call, as NumPy's samplers must. ~ is the time per
number of the size before, where a call would take too long.
"""
HEADER = "| | " + " | ".join(f"n = {n:,}" for n in SIZES) + " |\n| --- |" + " --- |" * len(SIZES)


@dataclass
class Effort:
    """How long to measure, in seconds: one cell, and the longest call that is made."""

    cell: float
    longest: float


QUICK, FULL = Effort(0.01, 0.2), Effort(0.1, 2.0)


# ---- What is called ----

@dataclass
class Setting:
    """A case and a number of draws or points, and what the calls share."""

    case: Case
    n: int

    @cached_property
    def member(self) -> Any:
        return self.case.member()

    @cached_property
    def points(self) -> Any:
        """Points for one member and for those around it."""
        return np.asarray(self.member.sample(self.n, rng=2), np.float64)

    @cached_property
    def batch(self) -> tuple[Any, tuple[Any, ...]]:
        """Members around this one, and their parameters as peers take them."""
        return self.case.members(self.n)

    def by_hand(self, table: dict[str, Callable[..., Any]], *arguments: Any) -> Call | None:
        """A call of what one writes in NumPy."""
        line = table.get(self.case.family)
        return line and partial(line, *arguments)


def _calls(**calls: Any) -> dict[str, Call]:
    return {name: call for name, call in calls.items() if call}


def _draws(s: Setting) -> dict[str, Call]:
    size = None if s.n == 1 else s.n
    return _calls(
        klfast=partial(s.member.sample, size, rng=kf.Stream(1)),
        NumPy=s.case.numpy_draw(np.random.default_rng(1), size),
        MKL=s.case.mkl_draw(optional_peers.mkl_state(), size),
    ) | optional_peers.samplers(s.case, s.n)


def _log_densities(s: Setting) -> dict[str, Call]:
    x = s.points
    if s.n == 1:
        x = x[0] if s.member.event_shape else x.item()
    return _calls(
        klfast=partial(s.member.log_density, x),
        NumPy=s.by_hand(by_hand.LOG_DENSITY, x, *s.case.parameters),
        SciPy=s.case.scipy and partial(scipy_log_density(s.case.scipy), x),
    ) | optional_peers.log_densities(s.case, s.points)


def _sum_of_scores(s: Setting) -> dict[str, Call]:
    points, p = s.points, s.member
    by_numpy = s.by_hand(by_hand.SCORE, points, *s.case.parameters)

    def klfast() -> None:
        sums = kf.Accumulator(p)
        sums.update(points)
        sums.sum_score()                       # it sums the rows of an open block too

    def numpy(by_numpy: Callable[[], Any]) -> None:
        found = by_numpy()
        for part in found if isinstance(found, tuple) else (found,):
            part.sum()

    return _calls(klfast=klfast, NumPy=by_numpy and partial(numpy, by_numpy))


def _draws_of_members(s: Setting) -> dict[str, Call]:
    batch, parameters = s.batch
    stream, values, draw = kf.Stream(1), tuple(batch.parameters.values()), s.case.peers.numpy
    return {
        **_calls(klfast=partial(batch.sample, rng=stream),
                 NumPy=draw and partial(draw, np.random.default_rng(1), s.n, *parameters)),
        ANEW: lambda: type(batch)(*values).sample(rng=stream),
    }


def _log_densities_of_members(s: Setting) -> dict[str, Call]:
    batch, parameters = s.batch
    frozen = Case(s.case.family, parameters).scipy
    return _calls(
        klfast=partial(batch.log_density, s.points),
        NumPy=s.by_hand(by_hand.LOG_DENSITY, s.points, *parameters),
        SciPy=frozen and partial(scipy_log_density(frozen), s.points),
    )


def _scores_of_members(s: Setting) -> dict[str, Call]:
    batch, parameters = s.batch
    return _calls(klfast=partial(batch.score, s.points),
                  NumPy=s.by_hand(by_hand.SCORE, s.points, *parameters))


OF_ONE: dict[str, Callable[[Setting], dict[str, Call]]] = {
    "draws": _draws,
    "log-density": _log_densities,
    "sum of scores": _sum_of_scores,
}
OF_MANY: dict[str, Callable[[Setting], dict[str, Call]]] = {
    "draws, n members": _draws_of_members,
    "log-density, n members": _log_densities_of_members,
    "scores, n members": _scores_of_members,
}


# ---- Measuring ----

@dataclass
class Cell:
    """Times per number at one size, in ns, and which of them are the size before's."""

    times: dict[str, float]
    guessed: set[str]

    @property
    def peers(self) -> dict[str, float]:
        """The peers' times."""
        return {name: t for name, t in self.times.items() if name not in ("klfast", ANEW)}

    def slower(self, name: str = "klfast") -> bool:
        """Whether a peer is faster."""
        return bool(faster_peers(self.times.get(name, 0.0), self.peers))

    def _figure(self, name: str) -> str:
        return ("~" if name in self.guessed else "") + figure(self.times[name])

    def __str__(self) -> str:
        mine = self._figure("klfast")
        text = f"**{mine}**" if self.slower() else mine
        if ANEW in self.times:
            anew = self._figure(ANEW)
            text += f", *{ANEW}* " + (f"**{anew}**" if self.slower(ANEW) else anew)
        peers = [f"{name} {self._figure(name)}" for name in self.times
                 if name not in ("klfast", ANEW)]
        return f"{text} ({', '.join(peers)})" if peers else text


def measure(calls: dict[str, Call], n: int, effort: Effort, before: Cell | None) -> Cell:
    """One cell. What seems slower than a peer is measured again, longer."""
    known = before.times if before else {}
    guessed = {name: known[name] for name in calls
               if name in known and known[name] * n > effort.longest * 1e9}
    left = {name: call for name, call in calls.items() if name not in guessed}
    seconds = interleaved(left, effort.cell, rounds=3 if n < 100_000 else 1) if left else {}
    # the order of the calls is the order of the peers in the cell
    cell = Cell({name: guessed[name] if name in guessed else seconds[name] / n * 1e9
                 for name in calls}, set(guessed))
    rivals = [name for name in faster_peers(cell.times["klfast"], cell.peers) if name in left]
    if rivals and "klfast" in left:
        again = interleaved({name: left[name] for name in ("klfast", *rivals)},
                            2.0 * (1 + len(rivals)) * effort.cell, rounds=2)
        cell.times |= {name: min(cell.times[name], t / n * 1e9) for name, t in again.items()}
    return cell


def rows(effort: Effort, family: str,
         only: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """For each line its name, its cells, and where klfast is slower: than which peer, in words."""
    firsts = first_cases(cases())
    for case in cases():
        if family not in ("", case.family):
            continue
        vector = bool(case.member().event_shape)
        # a quick run leaves out the batches of a family's further cases
        many = not vector and (effort is FULL or case in firsts)
        measured = OF_ONE | OF_MANY if many else OF_ONE
        wanted = {label: calls for what, calls in measured.items()
                  if only in (label := f"{case}, {what}")}
        cells: dict[str, list[Cell]] = {label: [] for label in wanted}
        for n in (SIZES[:3] if vector else SIZES) if wanted else ():
            setting = Setting(case, n)
            for label, calls in wanted.items():
                before = cells[label][-1] if cells[label] else None
                cells[label].append(measure(calls(setting), n, effort, before))
        for label, found in cells.items():
            yield (label, " | ".join(map(str, found)) + " |" * (len(SIZES) - len(found)),
                   [place for n, cell in zip(SIZES, found, strict=False)
                    for place in _places(cell, n)])


def _places(cell: Cell, n: int) -> Iterator[tuple[str, str]]:
    found = faster_peers(cell.times["klfast"], cell.peers)
    anew = faster_peers(cell.times.get(ANEW, 0.0), cell.peers)
    for peer in cell.peers:
        if peer in found:
            yield peer, f"{found[peer]} at n = {n:,}"
        elif peer in anew:
            yield peer, f"{anew[peer]} at n = {n:,} {ANEW}"
