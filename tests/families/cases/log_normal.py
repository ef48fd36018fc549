"""LogNormal: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x over 14 standard deviations."""
    loc, scale = p.parameters["loc"], p.parameters["scale"]
    z = np.arange(-14.0, 14.0 + 1e-9, 0.05)
    x = np.exp(loc + scale * z)
    return x, 0.05 * scale * x


def digits(p, kind):
    """Mean parameters lose the digits of a spread that is small beside the mean."""
    loc, scale = p.parameters["loc"], p.parameters["scale"]
    return 1.0 + (loc / scale) ** 2 if kind == "mean" else 1.0


def holds(p, kind):
    """Squares of the parameters must be numbers."""
    return 1e-150 < p.parameters["scale"] < 1e150


MEMBERS = Members(
    ordinary=[kf.LogNormal(0.0, 0.4), kf.LogNormal(1.5, 0.25), kf.LogNormal(-3.0, 0.7)],
    extreme=[kf.LogNormal(600.0, 2.0), kf.LogNormal(0.0, 1e-100), kf.LogNormal(0.0, 1e100),
             kf.LogNormal(-700.0, 30.0)],
    invalid=[(0.0, 0.0), (0.0, -1.0), (np.nan, 1.0), (0.0, np.nan), (INF, 1.0), (0.0, INF)],
    outside=[-1.0, -5e-324, -INF, INF, 0.0],
    ends=[(kf.LogNormal(0.0, 1.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.LogNormal(0.0, 1e-100), kf.LogNormal(0.0, 1e100)),
    digits=digits,
    holds=holds,
    # the sum eta.T - A has terms of (loc/scale)^2
    natural_holds=lambda p: abs(p.parameters["loc"] / p.parameters["scale"]) < 1e6,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.lognorm(theta["scale"], scale=np.exp(theta["loc"]))


SAMPLER_GRID = [kf.LogNormal(0.0, 1.0), kf.LogNormal(3.0, 0.01), kf.LogNormal(-100.0, 5.0)]
WRONG = [(kf.LogNormal(0.0, 1.0), kf.LogNormal(0.0, 1.01)),
         (kf.LogNormal(1.0, 1.0), kf.LogNormal(1.01, 1.0))]
