"""Checks of the minimisers' options: each is refused by name before any work starts."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from klfast._core.native import Distribution, Stream, as_stream
from klfast._threads import DEFAULT, thread_count
from klfast.product_family import joined
from klfast.targets import Product, kind_of

LARGEST_COUNT = 2**62


def choice(value: object, name: str, allowed: Sequence[object]) -> Any:
    """`value`, which must be one of `allowed`."""
    if not (value is None or isinstance(value, str)) or value not in allowed:
        listed = ", ".join(map(repr, allowed))
        raise ValueError(f"{name}={value!r}: must be one of {listed}")
    return value


def count(value: object, name: str, least: int, largest: int = LARGEST_COUNT) -> int:
    """`value` as an int from `least` to `largest`."""
    if isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: must be an integer, not a bool")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}={value!r}: must be an integer") from None
    if not least <= number <= largest:
        raise ValueError(f"{name}={value!r}: must be from {least} to {largest}")
    return number


def positive(value: Any, name: str, *, zero: bool = False) -> float:
    """`value` as a finite float > 0, or >= 0 if `zero`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={value!r}: must be a number") from None
    if not math.isfinite(number) or number < 0.0 or (number == 0.0 and not zero):
        raise ValueError(f"{name}={value!r}: must be finite and {'>= 0' if zero else '> 0'}")
    return number


@dataclass(frozen=True)
class Options:
    """The options that both minimisers share, checked."""

    max_steps: int
    max_evaluations: int
    max_seconds: float
    deadline: float
    tolerance: float
    step_size: float
    optimizer: str
    callback: Callable[[Any], object] | None
    progress: bool
    threads: int
    stream: Stream

    @classmethod
    def check(
        cls,
        *,
        max_steps: object,
        max_evaluations: object,
        max_seconds: object,
        tolerance: object,
        step_size: object,
        optimizer: object,
        callback: object,
        progress: object,
        threads: object,
        rng: object,
    ) -> Options:
        """Refuse what is wrong, in the order of the arguments."""
        if callback is not None and not callable(callback):
            raise TypeError(f"callback={callback!r}: must be callable or None")
        if not isinstance(progress, bool):
            raise TypeError(f"progress={progress!r}: must be True or False")
        seconds = math.inf if max_seconds is None else positive(max_seconds, "max_seconds")
        return cls(
            max_steps=count(max_steps, "max_steps", 0),
            max_evaluations=LARGEST_COUNT
            if max_evaluations is None
            else count(max_evaluations, "max_evaluations", 1),
            max_seconds=seconds,
            deadline=time.monotonic() + seconds,
            tolerance=positive(tolerance, "tolerance", zero=True),
            step_size=positive(step_size, "step_size"),
            optimizer=choice(optimizer, "optimizer", ("constant", "decaying", "momentum", "adam")),
            callback=callback,
            progress=progress,
            threads=DEFAULT if threads is None else thread_count(threads, "threads"),
            stream=as_stream(rng)._for_run(),
        )

    def stopped(self, result: Callable[[], Any]) -> bool:
        """Tell the callback of a step; whether it raises StopIteration."""
        if self.callback is not None:
            try:
                self.callback(result())
            except StopIteration:
                return True
        return False


def one_member(p: object, name: str, *, interior: bool) -> Distribution:
    """`p`, which must be one distribution of a family, and inside its domain to be moved.

    Or a Product of such: then the member of the product of their families.
    """
    if isinstance(p, Product):
        return joined([one_member(part, f"{name}.factors[{i}]", interior=interior)
                       for i, part in enumerate(p.factors)])
    if not isinstance(p, Distribution):
        raise TypeError(f"{name} is {kind_of(p)}: it must be a distribution of a family, or a "
                        "Product of such")
    if p.batch_shape != ():
        raise ValueError(f"{name} has batch shape {p.batch_shape}: it must be one distribution")
    if interior and not p._is_interior():
        raise ValueError(f"{name}={p!r}: no step can leave this member: start inside the domain")
    return p
