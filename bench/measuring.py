"""Times taken in turn, what the machine allows, and how a figure is written.

Every time is the least of many, taken in turn with the peers' so that a change of the machine's
speed meets all of them. It is the processor's time where the system tells it finely enough: the
turns of other processes do not count, nor does a second thread come for nothing.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import klfast as kf

Call = Callable[[], object]


CLOCK = time.perf_counter if sys.platform == "win32" else time.process_time


def interleaved(calls: dict[str, Call], seconds: float, rounds: int = 3) -> dict[str, float]:
    """Least time of one call of each, in seconds.

    At least `rounds` rounds, and about `seconds` of real time in all, split evenly.
    """
    share = seconds / len(calls)
    repeats, best = {}, {}
    spent, done = dict.fromkeys(calls, 0.0), dict.fromkeys(calls, 1)
    for name, call in calls.items():
        repeats[name], best[name] = _repeats(call)
        spent[name] = repeats[name] * best[name]
    while any(spent[name] < share or done[name] < rounds for name in calls):
        for name, call in calls.items():
            if spent[name] >= share and done[name] >= rounds:
                continue
            began = time.perf_counter()
            best[name] = min(best[name], _time(call, repeats[name]) / repeats[name])
            spent[name] += time.perf_counter() - began
            done[name] += 1
    return best


def faster_peers(mine: float, peers: dict[str, float]) -> dict[str, str]:
    """The peers that take less time than klfast, and by how much, in words."""
    return {name: f"{mine / t:.3g} times {name}'s time" for name, t in peers.items() if mine > t}


def _repeats(call: Call) -> tuple[int, float]:
    """Calls that take at least a quarter of a millisecond together, and the time of one of them.

    Warms up on the way, unless one call is so long that its first time hardly matters.
    """
    took = _time(call, 1)
    if took >= 0.03:
        return 1, took
    n = 1
    while True:
        # the less of two: an interruption must not pass for a long call
        took = min(_time(call, n), _time(call, n))
        if took >= 2.5e-4:
            return n, took / n
        n = max(2 * n, min(1000 * n, int(n * 3e-4 / max(took, 1e-7))))


def _time(call: Call, n: int) -> float:
    began = CLOCK()
    for _ in range(n):
        call()
    return CLOCK() - began


@dataclass
class Limits:
    """What the machine allows, in ns: per double moved, per word, per fma, per call."""

    read: float
    copy: float
    read_l3: float
    copy_l3: float
    read_l2: float
    copy_l2: float
    word: float
    fma: float
    call: float

    @classmethod
    def measure(cls, seconds: float) -> Limits:
        """Measure them all in turn."""
        calls: dict[str, Call] = {}
        counts: dict[str, int] = {}
        for suffix, n in (("", 1 << 23), ("_l3", 1_000_000), ("_l2", 10_000)):
            a, b = aligned(n), aligned(n)
            a[...] = b[...] = 1.0
            calls["read" + suffix] = partial(np.dot, a, a) if suffix == "_l2" else a.sum
            calls["copy" + suffix] = partial(np.copyto, b, a)
            counts["read" + suffix] = counts["copy" + suffix] = n
        calls["read_dot"] = partial(np.dot, a := np.ones(1 << 23), a)
        calls["read_l3_dot"] = partial(np.dot, c := np.ones(1_000_000), c)
        counts |= {"read_dot": 1 << 23, "read_l3_dot": 1_000_000}
        stream = kf.Stream(seed=1)
        calls["word"] = partial(stream.words, 0, 64)
        counts["word"] = 64 * 64
        m = np.ones((256, 256))
        calls["fma"] = partial(np.matmul, m, m, out=np.empty((256, 256)))
        counts["fma"] = 256**3
        calls["call"] = partial(math.sqrt, 2.0)
        counts["call"] = 1
        found = {name: t / counts[name] * 1e9 for name, t in interleaved(calls, seconds).items()}
        found["read"] = min(found["read"], found.pop("read_dot"))
        found["read_l3"] = min(found["read_l3"], found.pop("read_l3_dot"))
        return cls(**found)


def aligned(n: int) -> np.ndarray[Any, Any]:
    """An array of doubles that starts at a cache line."""
    memory = np.empty(n + 8)
    skip = -(memory.ctypes.data // 8) % 8
    return memory[skip : skip + n]


def figure(value: float) -> str:
    """Three significant digits, or a dash for what was not measured."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"
