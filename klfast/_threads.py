"""Threads are Python's: blocks go to a lazy pool while the GIL is released.

Results never depend on the number of threads, since every block has its own random numbers and its
own place in the reduction. A forked child makes its own pool.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

_LARGEST = 1024


def thread_count(value: object, name: str) -> int:
    """`value` as a number of threads; `name` is what the error calls it."""
    if isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: must be an integer, not a bool")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}={value!r}: must be an integer") from None
    if not 1 <= number <= _LARGEST:
        raise ValueError(f"{name}={value!r}: must be from 1 to {_LARGEST}")
    return number


def _default() -> int:
    text = os.environ.get("KLFAST_THREADS")
    if text is None:
        return 1
    try:
        return thread_count(int(text), "KLFAST_THREADS")
    except ValueError:
        raise ValueError(
            f"environment variable KLFAST_THREADS={text!r}: must be an integer "
            f"from 1 to {_LARGEST}"
        ) from None


DEFAULT = _default()

_pools: dict[int, ThreadPoolExecutor] = {}
os.register_at_fork(after_in_child=_pools.clear)


def _pool(threads: int) -> ThreadPoolExecutor:
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="klfast")
    return _pools[threads]


def for_ranges(
    function: Callable[[int, int], object], total: int, chunk: int, threads: int
) -> list[object]:
    """Call ``function(first, last)`` on consecutive ranges of at most `chunk` out of `total`.

    Signals are answered between ranges. Returns the results in the order of the ranges.
    """
    ranges = [(first, min(first + chunk, total)) for first in range(0, total, chunk)]
    if threads == 1 or len(ranges) <= 1:
        return [function(first, last) for first, last in ranges]
    pool = _pool(threads)
    results: list[object] = []
    for start in range(0, len(ranges), threads):
        wave: list[Future[object]] = [
            pool.submit(function, *r) for r in ranges[start : start + threads]
        ]
        try:
            results.extend(future.result() for future in wave)
        finally:
            wait(wave)  # no range may still write when an exception leaves this call
    return results
