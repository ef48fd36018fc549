"""What the benchmarks measure of each family: members, and the same things in NumPy and SciPy.

A family of the registry without a row here is measured too, at the member whose unconstrained
coordinates are 0, without peers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import klfast as kf

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One member of a family, and its peers where there are any."""

    family: str
    name: str
    parameters: tuple[Any, ...]
    numpy_sample: Callable[[np.random.Generator, Array], object] | None = None
    scipy: Any = None

    def member(self) -> Any:
        """The member itself."""
        cls: Any = kf.families[self.family]
        if self.parameters:
            return cls(*self.parameters)
        return _at_origin(cls)

    @property
    def width(self) -> int:
        """Numbers in one draw."""
        return int(np.prod(self.member().event_shape))

    def scipy_log_density(self, x: Array) -> Array:
        """SciPy's log-density."""
        log_density: Any = getattr(self.scipy, "logpdf", None) or self.scipy.logpmf
        return log_density(x)

    def __str__(self) -> str:
        return self.name


def covariance(d: int) -> Array:
    """A well-conditioned covariance matrix with no zeros, in dimension `d`."""
    root = np.random.default_rng(d).normal(size=(d, d)) / np.sqrt(d)
    return root @ root.T + np.eye(d)


def _at_origin(cls: Any) -> Any:
    for k in range(1, 65):
        try:
            return cls.from_unconstrained(np.zeros(k))
        except ValueError:
            continue
    raise ValueError(f"{cls.__name__}: no number of coordinates up to 64 makes a member")


def _normal(rng: np.random.Generator, out: Array) -> None:
    rng.standard_normal(out=out)


def _gamma(shape: float, rng: np.random.Generator, out: Array) -> None:
    rng.standard_gamma(shape, out=out)


def _poisson(rate: float, rng: np.random.Generator, out: Array) -> None:
    out[...] = rng.poisson(rate, len(out))


def _multivariate_normal(
    mean: Array, factor: Array, rng: np.random.Generator, out: Array
) -> None:
    z = rng.standard_normal(out.shape)
    np.matmul(z, factor.T, out=out)
    out += mean


def _mvn_case(d: int) -> Case:
    mean, matrix = np.linspace(-1.0, 1.0, d), covariance(d)
    return Case(
        "MultivariateNormal", f"MultivariateNormal(d={d})", (mean, matrix),
        partial(_multivariate_normal, mean, np.linalg.cholesky(matrix)),
        stats.multivariate_normal(mean, matrix),
    )


_TABLE = [
    Case("Normal", "Normal(0, 1)", (0.0, 1.0), _normal, stats.norm(0.0, 1.0)),
    *[
        Case("Gamma", f"Gamma({a:g}, 1)", (a, 1.0), partial(_gamma, a), stats.gamma(a))
        for a in (0.5, 2.5, 50.0)
    ],
    *[
        Case("Poisson", f"Poisson({a:g})", (a,), partial(_poisson, a), stats.poisson(a))
        for a in (0.5, 8.0, 200.0)
    ],
    *[_mvn_case(d) for d in (2, 10, 100)],
]


def cases() -> list[Case]:
    """Every registered family's cases, in the order of the registry."""
    found: list[Case] = []
    for name in kf.families:
        rows = [case for case in _TABLE if case.family == name]
        found += rows or [Case(name, f"{name} at the origin", ())]
    return found


def batches() -> list[tuple[str, Any, Case]]:
    """For each scalar family 1,000 members around its first case's, as one batch of parameters."""
    found = []
    for case in cases():
        member = case.member()
        if member.event_shape or any(name == case.family for name, _, _ in found):
            continue
        u = member.unconstrained + np.linspace(-0.2, 0.2, 1000)[:, None]
        found.append((case.family, type(member).from_unconstrained(u), case))
    return found
