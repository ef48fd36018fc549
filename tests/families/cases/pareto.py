"""Pareto: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in the logarithm of log(x/minimum)."""
    shape, minimum = p.parameters["shape"], p.parameters["minimum"]
    y = np.exp(np.arange(-42.0, 4.2, 0.02)) / shape
    x = minimum * np.exp(y)
    return x, 0.02 * y * x


def digits(p, kind):
    """Natural: -(shape + 1); mean: log(minimum) + 1/shape."""
    shape = p.parameters["shape"]
    if kind == "natural":
        return 1.0 + 1.0 / shape
    return 1.0 + shape * (abs(np.log(p.parameters["minimum"])) + 1.0 / shape)


def holds(p, kind):
    return 1e-10 < p.parameters["shape"] < 1e10


MEMBERS = Members(
    ordinary=[kf.Pareto(8.0, 1.0), kf.Pareto(12.0, 1.0), kf.Pareto(70.0, 1.0)],
    extreme=[kf.Pareto(1e-3, 1.0), kf.Pareto(1e8, 1e300), kf.Pareto(1e-8, 1e-300),
             kf.Pareto(0.5, 2.0), kf.Pareto(1e300, 1.0)],
    invalid=[(0.0, 1.0), (-1.0, 1.0), (np.nan, 1.0), (INF, 1.0), (1.0, 0.0), (1.0, np.nan)],
    outside=[-1.0, 0.0, -5e-324, -INF, INF, 0.999],
    ends=[(kf.Pareto(3.0, 1.0), 1.0, np.log(3.0))],
    nodes=nodes,
    far=(kf.Pareto(1e-3, 1.0), kf.Pareto(1e3, 1.0)),
    digits=digits,
    holds=holds,
    natural_holds=lambda p: 1e-6 < p.parameters["shape"] < 1e300,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.pareto(theta["shape"], scale=theta["minimum"])


SAMPLER_GRID = [kf.Pareto(1.0, 1.0), kf.Pareto(0.5, 1e-3), kf.Pareto(100.0, 1e100),
                kf.Pareto(3.0, 2.0)]
WRONG = [(kf.Pareto(1.0, 2.0), kf.Pareto(1.01, 2.0))]
