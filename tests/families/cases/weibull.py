"""Weibull: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in the logarithm of w = (x/scale)^shape."""
    shape = p.parameters["shape"]
    t = np.arange(-42.0, 4.2, 0.02)
    x = p.parameters["scale"] * np.exp(t / shape)
    return x, 0.02 / shape * x


def digits(p, kind):
    """Powers of the scale hold its logarithm times the shape."""
    return 1.0 + abs(np.log(p.parameters["scale"]))


def holds(p, kind):
    """scale^shape must be a number."""
    return abs(p.parameters["shape"] * np.log(p.parameters["scale"])) < 700.0


MEMBERS = Members(
    ordinary=[kf.Weibull(1.0, 1.5), kf.Weibull(0.25, 1.5), kf.Weibull(70.0, 1.5),
              kf.Weibull(2.0, 0.7)],
    extreme=[kf.Weibull(1e-300, 2.0), kf.Weibull(1e300, 2.0), kf.Weibull(1.0, 1e-3),
             kf.Weibull(1.0, 1e6), kf.Weibull(5e-324, 1.0)],
    invalid=[(0.0, 1.0), (-1.0, 1.0), (np.nan, 1.0), (INF, 1.0), (1.0, 0.0), (1.0, np.nan)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.Weibull(2.0, 0.5), 0.0, INF), (kf.Weibull(2.0, 1.0), 0.0, -np.log(2.0)),
          (kf.Weibull(2.0, 2.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.Weibull(1e100, 1.5), kf.Weibull(1e50, 1.5)),
    digits=digits,
    holds=holds,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.weibull_min(theta["shape"], scale=theta["scale"])


SAMPLER_GRID = [kf.Weibull(1.0, 1.0), kf.Weibull(1e-3, 0.5), kf.Weibull(1e100, 3.0),
                kf.Weibull(2.0, 1e3)]
WRONG = [(kf.Weibull(1.0, 2.0), kf.Weibull(1.01, 2.0))]
