"""Members of each family for the contract: ordinary and extreme parameters, points and nodes.

Each registered family has a module of its own in cases/, which the contract finds by the family's C
name and which nothing else lists.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import klfast as kf
from klfast._core.native import family_names

INF = np.inf
HERE = Path(__file__).parent


def moments_of(x: np.ndarray, mass: np.ndarray) -> tuple[Any, Any]:
    """Mean and variance of points with masses."""
    mean = mass @ x
    return mean, mass @ (x - mean) ** 2


def gap_from(p: Any, name: str, value: Any) -> float:
    """The largest difference of a parameter of p from another value."""
    return float(np.abs(np.asarray(value) - p.parameters[name]).max())


def spread_of(p: Any, name: str) -> float:
    """The scale for a loc, the largest standard deviation for a mean, and no length else."""
    if name == "loc":
        return float(p.parameters["scale"])
    return float(np.sqrt(p.variance()).max()) if name == "mean" else 0.0


@dataclass(frozen=True)
class Members:
    """What the contract runs over for one family.

    ordinary: where finite differences and quadrature are accurate; extreme: the ends of the domain;
    invalid: parameters that must be refused; outside: points where the density is 0; ends: triples
    of member, point and the limit from inside; nodes: points and weights of a quadrature for the
    member; far: two members whose divergence is large.

    Where numbers cannot hold what a test asks: digits: how much an ulp of the coordinates
    ("natural" or "mean") moves the parameters; holds: whether these coordinates can be gone back
    from; natural_holds: whether the natural parameters hold the member; condition: what the
    rounding of the sum eta.T - A is magnified by; fits_int64: whether draws fit integers.

    Where the family is not on the line: moments: what mean() and variance() mean, from points and
    their masses; gap: how far apart two values of a parameter are; spread: the length beside which
    an error of a parameter counts as small.
    """

    ordinary: list[Any]
    extreme: list[Any]
    invalid: list[tuple[Any, ...]]
    outside: list[Any]
    ends: list[tuple[Any, Any, float]]
    nodes: Callable[[Any], tuple[np.ndarray, np.ndarray]]
    far: tuple[Any, Any]
    digits: Callable[[Any, str], float] = lambda p, kind: 1.0
    holds: Callable[[Any, str], bool] = lambda p, kind: True
    natural_holds: Callable[[Any], bool] = lambda p: True
    condition: Callable[[Any], float] = lambda p: 1.0
    fits_int64: Callable[[Any], bool] = lambda p: True
    moments: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]] = moments_of
    gap: Callable[[Any, str, Any], float] = gap_from
    spread: Callable[[Any, str], float] = spread_of


def load(folder: str, name: str) -> ModuleType:
    """The module of one family in cases/ or exact/."""
    qualified = f"{folder}_{name}"
    if qualified not in sys.modules:
        spec = importlib.util.spec_from_file_location(qualified, HERE / folder / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[qualified] = module
        spec.loader.exec_module(module)
    return sys.modules[qualified]


def has(folder: str, name: str) -> bool:
    """Whether the family has a module in cases/ or exact/."""
    return (HERE / folder / f"{name}.py").exists()


def every(kind: str = "ordinary") -> list[tuple[str, Any]]:
    """(family's name, member) over all families; kind: ordinary, extreme or all."""
    found = []
    for name, members in MEMBERS.items():
        chosen = list(members.ordinary if kind != "extreme" else [])
        chosen += members.extreme if kind != "ordinary" else []
        found += [(name, p) for p in chosen]
    return found


def label(p: Any) -> str:
    """A short name of a member for the test's id."""
    return " ".join(str(value).replace("\n", "") for value in p.parameters.values())[:40]


def batch_of(members: list[Any]) -> Any:
    """The members as one batch; those of vector families must share their dimension."""
    cls = type(members[0])
    names = list(members[0].parameters)
    return cls(*(np.stack([np.asarray(p.parameters[name]) for p in members]) for name in names))


def moved(p: Any, q: Any, h: float) -> Any:
    """The member whose usual parameters are those of p plus h times q, a dict of directions."""
    return type(p)(*(np.asarray(value) + h * q[name] for name, value in p.parameters.items()))


def directions(p: Any) -> list[dict[str, Any]]:
    """Directions in the fitted parameters that keep them valid: matrices move symmetrically."""
    found = []
    zero = {name: np.zeros(np.shape(value)) for name, value in p.parameters.items()}
    for name, value in p.parameters.items():
        if name in p.fixed:
            continue
        shape = np.shape(value)
        for index in np.ndindex(shape):
            if len(index) == 2 and index[0] < index[1]:
                continue
            unit = np.zeros(shape)
            unit[index] = 1.0
            unit[index[::-1]] = 1.0
            found.append({**zero, name: unit})
    return found


CASES = {kf.families[cls].__name__: load("cases", name)
         for cls, name in zip(kf.families, family_names(), strict=True) if has("cases", name)}
MEMBERS: dict[str, Members] = {name: module.MEMBERS for name, module in CASES.items()}
