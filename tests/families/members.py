"""Members of each family for the contract: ordinary and extreme parameters, points and nodes.

A family that joins the registry needs an entry here; the contract then runs over it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import klfast as kf

INF = np.inf


@dataclass(frozen=True)
class Members:
    """What the contract runs over for one family.

    ordinary: where finite differences and quadrature are accurate; extreme: the ends of the domain;
    invalid: parameters that must be refused; outside: points where the density is 0; ends: pairs of
    member and point with the limit from inside; nodes: points and weights of a quadrature for the
    member; perturb: the member moved by h times a direction in the usual parameters.
    """

    ordinary: list[Any]
    extreme: list[Any]
    invalid: list[tuple[Any, ...]]
    outside: list[Any]
    ends: list[tuple[Any, Any, float]]
    nodes: Callable[[Any], tuple[np.ndarray, np.ndarray]]
    far: tuple[Any, Any]  # two members whose divergence is large


def line_nodes(p):
    """Trapezoidal rule over 12 standard deviations: exact to rounding for Gaussian decay."""
    loc, scale = p.parameters["loc"], p.parameters["scale"]
    z = np.arange(-12.0, 12.0 + 1e-9, 0.05)
    return loc + scale * z, np.full(z.shape, 0.05 * scale)


def positive_nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    shape, rate = p.parameters["shape"], p.parameters["rate"]
    width = 1.0 / np.sqrt(max(shape, 1.0))
    low = -42.0 / shape if shape < 4.0 else -16.0 * width
    high = np.log1p(45.0 / shape) if shape < 4.0 else 16.0 * width
    t = np.arange(low, high, 0.02 * width)
    x = shape / rate * np.exp(t)
    return x, 0.02 * width * x


def count_nodes(p):
    """Every count that carries mass."""
    rate = p.parameters["rate"]
    reach = 14.0 * np.sqrt(rate) + 40.0
    x = np.arange(max(0.0, np.floor(rate - reach)), rate + reach)
    return x, np.ones(x.shape)


def vector_nodes(p):
    """Tensor product of trapezoidal rules in whitened coordinates."""
    mean, covariance = p.parameters["mean"], p.parameters["covariance"]
    d = len(mean)
    z = np.arange(-9.6, 9.6 + 1e-9, 0.6)
    grid = np.stack(np.meshgrid(*[z] * d, indexing="ij"), axis=-1).reshape(-1, d)
    root = np.linalg.cholesky(covariance)
    return mean + grid @ root.T, np.full(len(grid), 0.6**d * np.linalg.det(root))


def mvn(mean, covariance):
    return kf.MultivariateNormal(mean, covariance)


def random_mvn(d: int, seed: int):
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(d, d))
    return mvn(generator.normal(size=d), root @ root.T + 0.3 * np.eye(d))


MEMBERS: dict[str, Members] = {
    "Normal": Members(
        ordinary=[kf.Normal(0.0, 1.0), kf.Normal(1.5, 0.25), kf.Normal(-20.0, 7.0)],
        extreme=[kf.Normal(0.0, 1e-300), kf.Normal(1e300, 1e290), kf.Normal(0.0, 1e150),
                 kf.Normal(1e9, 1e-3), kf.Normal(-5e-324, 5e-324),
                 kf.Normal(0.0, 1.7976931348623157e308)],
        invalid=[(0.0, 0.0), (0.0, -1.0), (np.nan, 1.0), (0.0, np.nan), (INF, 1.0), (0.0, INF)],
        outside=[-INF, INF],
        ends=[],
        nodes=line_nodes,
        far=(kf.Normal(0.0, 1e-150), kf.Normal(0.0, 1e150)),
    ),
    "Gamma": Members(
        ordinary=[kf.Gamma(1.0, 1.0), kf.Gamma(0.3, 2.5), kf.Gamma(7.5, 0.1),
                  kf.Gamma(250.0, 1e3)],
        extreme=[kf.Gamma(1e-8, 1.0), kf.Gamma(1e-8, 1e-300), kf.Gamma(1e12, 1e300),
                 kf.Gamma(1e12, 1.0), kf.Gamma(1e-3, 1e300), kf.Gamma(2.5, 1e-300)],
        invalid=[(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (np.nan, 1.0), (1.0, np.nan), (INF, 1.0),
                 (1.0, INF)],
        outside=[-1.0, -5e-324, -INF, INF],
        ends=[(kf.Gamma(0.5, 3.0), 0.0, INF), (kf.Gamma(1.0, 3.0), 0.0, np.log(3.0)),
              (kf.Gamma(1.0, 3.0), -0.0, np.log(3.0)), (kf.Gamma(2.0, 3.0), 0.0, -INF)],
        nodes=positive_nodes,
        far=(kf.Gamma(1e3, 1e-100), kf.Gamma(1e-3, 1e100)),
    ),
    "Poisson": Members(
        ordinary=[kf.Poisson(1.0), kf.Poisson(0.05), kf.Poisson(12.25), kf.Poisson(900.0)],
        extreme=[kf.Poisson(0.0), kf.Poisson(1e-300), kf.Poisson(5e-324), kf.Poisson(1e12),
                 kf.Poisson(1e18)],
        invalid=[(-1.0,), (-5e-324,), (np.nan,), (INF,)],
        outside=[-1.0, 0.5, 2.5, 1e-300, -INF, INF, 4503599627370495.5],
        ends=[(kf.Poisson(0.0), 0.0, 0.0), (kf.Poisson(0.0), -0.0, 0.0),
              (kf.Poisson(0.0), 3.0, -INF), (kf.Poisson(2.0), -0.0, -2.0)],
        nodes=count_nodes,
        far=(kf.Poisson(1e10), kf.Poisson(1e-10)),
    ),
    "MultivariateNormal": Members(
        ordinary=[mvn([0.5], [[2.0]]), mvn([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]]),
                  random_mvn(3, 5)],
        extreme=[mvn([0.0, 0.0], np.diag([1e-200, 1e200])), mvn([1e9, -1e9], np.eye(2) * 1e-4),
                 random_mvn(20, 6), mvn([0.0, 0.0], [[1.0, 1.0 - 1e-12], [1.0 - 1e-12, 1.0]])],
        invalid=[([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), ([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]]),
                 ([0.0, np.nan], np.eye(2)), ([0.0, 0.0], [[1.0, 0.0], [0.0, INF]]),
                 ([0.0, 0.0], [[1.0, 0.5], [0.2, 1.0]]), ([0.0, 0.0], np.eye(3)),
                 (np.zeros(0), np.zeros((0, 0))), ([0.0], [[0.0]])],
        outside=[[-INF, 0.0], [0.0, INF], [-INF, INF], [INF, INF]],
        ends=[],
        nodes=vector_nodes,
        far=(mvn([1e3, 0.0], np.eye(2) * 1e-6), mvn([0.0, -1e3], [[2.0, 1.0], [1.0, 2.0]])),
    ),
}


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
    """Directions in the usual parameters that keep them valid: matrices move symmetrically."""
    found = []
    zero = {name: np.zeros(np.shape(value)) for name, value in p.parameters.items()}
    for name, value in p.parameters.items():
        shape = np.shape(value)
        for index in np.ndindex(shape):
            if len(index) == 2 and index[0] < index[1]:
                continue
            unit = np.zeros(shape)
            unit[index] = 1.0
            unit[index[::-1]] = 1.0
            found.append({**zero, name: unit})
    return found
