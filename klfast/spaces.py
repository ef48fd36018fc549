"""Where distributions live: the shape of a draw, and which of its coordinates are counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import Distribution, as_float64


class Compound:
    """A distribution that is no family's, made of members of families."""


def is_class_of_family(value: object) -> bool:
    """Whether it is a class such as Normal, which is easily given in place of a member."""
    return isinstance(value, type) and issubclass(value, Distribution) and hasattr(value, "_family")


def kind_of(value: Any) -> str:
    """What a wrong argument is; of a family's class, how to make a member."""
    if is_class_of_family(value):
        given = ", ".join(f"{name}=..." for name, *_ in value._parameter_table())
        return f"the class {value.__name__}, not a member such as {value.__name__}({given})"
    return type(value).__name__


def integer_coordinates(a: Any) -> tuple[bool, ...]:
    """Of each coordinate whether it is a count."""
    given = getattr(a, "_integer_coordinates", None)
    if given is not None:
        return tuple(given)
    return (bool(a.is_integer),) * (a.event_shape[0] if a.event_shape else 1)


def check_same_space(a: Any, b: Any, name_a: str, name_b: str) -> None:
    """Refuse a pair whose densities are not with respect to one base measure."""
    if a.event_shape != b.event_shape:
        raise ValueError(
            f"{name_a} has event shape {a.event_shape}, {name_b} has {b.event_shape}"
        )
    of_a, of_b = integer_coordinates(a), integer_coordinates(b)
    if of_a != of_b:
        i = next(i for i, pair in enumerate(zip(of_a, of_b, strict=True)) if pair[0] != pair[1])
        kinds = {True: "integers", False: "real numbers"}
        where = f" in coordinate {i}" if len(set(of_a)) + len(set(of_b)) > 2 else ""
        raise TypeError(
            f"{name_a} is a distribution of {kinds[of_a[i]]}, {name_b} one of "
            f"{kinds[of_b[i]]}{where}: a mass and a density do not compare"
        )


def as_points(x: ArrayLike, event: tuple[int, ...]) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """`x` as points that lie side by side in memory, and the shape of their array."""
    points = as_float64(x, "x")
    rank = points.ndim - len(event)
    if rank < 0 or points.shape[rank:] != event:
        raise ValueError(
            f"x has shape {points.shape}: its last axis must hold the {event[0]} coordinates"
        )
    return np.ascontiguousarray(points), points.shape[:rank]
