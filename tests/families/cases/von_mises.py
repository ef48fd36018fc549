"""VonMises: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Tabulated
from members import INF, Members

import klfast as kf

BELOW_PI = 3.141592653589793  # the double nearest to pi, which is below it


def nodes(p):
    """Trapezoidal rule on the circle."""
    n = 1000
    step = 2.0 * np.pi / n
    return step * (np.arange(n) - 0.5 * (n - 1)), np.full(n, step)


def moments(x, mass):
    """Mean direction and circular variance: one less the length of the mean of exp(i x)."""
    resultant = mass @ np.exp(1j * x)
    return np.angle(resultant), 1.0 - np.abs(resultant)


def gap(p, name, value):
    """Less whole turns; where the concentration is 0 any loc is as good as another."""
    difference = abs(value - p.parameters[name])
    if name == "loc":
        difference = min(difference, 2.0 * np.pi - difference)
        difference *= p.parameters["concentration"] > 0.0
    return difference


def spread(p, name):
    """Of a loc: the standard deviation at large concentrations, a turn's order at small ones."""
    return 1.0 / np.sqrt(1.0 + p.parameters["concentration"]) if name == "loc" else 0.0


def digits(p, kind):
    """The mean's length is 1 - 1/(2 concentration) for large ones."""
    return 1.0 + (2.0 * p.parameters["concentration"] if kind == "mean" else 0.0)


MEMBERS = Members(
    ordinary=[kf.VonMises(0.0, 1.0), kf.VonMises(1.5, 3.7), kf.VonMises(-2.0, 50.0),
              kf.VonMises(3.0, 0.4)],
    extreme=[kf.VonMises(0.0, 0.0), kf.VonMises(0.7, 1e-8), kf.VonMises(0.7, 1e-300),
             kf.VonMises(0.0, 800.0), kf.VonMises(-BELOW_PI, 800.0), kf.VonMises(1.0, 1e8),
             kf.VonMises(0.0, 1e15), kf.VonMises(2.0, 1e15), kf.VonMises(BELOW_PI, 1e8)],
    invalid=[(0.0, -1.0), (0.0, -5e-324), (np.nan, 1.0), (0.0, np.nan), (INF, 1.0), (-INF, 1.0),
             (0.0, INF)],
    outside=[-INF, INF],
    ends=[(kf.VonMises(0.0, 0.0), np.pi, -np.log(2.0 * np.pi)),
          (kf.VonMises(0.5, 0.0), -np.pi, -np.log(2.0 * np.pi)),
          (kf.VonMises(0.0, 0.0), 4.0 * np.pi, -np.log(2.0 * np.pi))],
    nodes=nodes,
    far=(kf.VonMises(0.0, 1e8), kf.VonMises(3.0, 1e8)),
    digits=digits,
    moments=moments,
    gap=gap,
    spread=spread,
)


def exact(p):
    """The distribution of a member on [-pi, pi), by quadrature."""
    loc, k = p.parameters["loc"], p.parameters["concentration"]
    edges = np.linspace(-np.pi, np.pi, 401)
    if k > 1.0:
        near = loc + np.linspace(-40.0, 40.0, 801) / np.sqrt(k)
        near = np.concatenate([near - 2.0 * np.pi, near, near + 2.0 * np.pi])
        edges = np.unique(np.concatenate([edges, near[np.abs(near) < np.pi]]))
    return Tabulated(lambda x: -2.0 * k * np.sin(0.5 * (x - loc)) ** 2, edges)


SAMPLER_GRID = [
    kf.VonMises(0.0, 0.0), kf.VonMises(1.0, 1e-300), kf.VonMises(0.0, 1e-8),
    kf.VonMises(-1.0, 1e-3), kf.VonMises(3.0, 0.4), kf.VonMises(0.0, 1.0), kf.VonMises(1.5, 3.7),
    kf.VonMises(-2.0, 50.0), kf.VonMises(BELOW_PI, 50.0), kf.VonMises(0.3, 800.0),
    kf.VonMises(0.5, 1e6), kf.VonMises(1.0, 1e8), kf.VonMises(0.0, 1e15), kf.VonMises(2.0, 1e10),
]
WRONG = [  # one per cent of a concentration is only seven standard errors of any statistic: two
    (kf.VonMises(1.5, 3.7), kf.VonMises(1.515, 3.7)),
    (kf.VonMises(1.5, 3.7), kf.VonMises(1.5, 3.774)),
    (kf.VonMises(0.3, 800.0), kf.VonMises(0.3, 816.0)),
]
