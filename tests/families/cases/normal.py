"""Normal: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def line_nodes(p):
    """Trapezoidal rule over 12 standard deviations: exact to rounding for Gaussian decay."""
    loc, scale = p.parameters["loc"], p.parameters["scale"]
    z = np.arange(-12.0, 12.0 + 1e-9, 0.05)
    return loc + scale * z, np.full(z.shape, 0.05 * scale)


def digits(p, kind):
    """Mean parameters lose the digits of a spread that is small beside the mean."""
    if kind != "mean":
        return 1.0
    return 1.0 + (p.parameters["loc"] / p.parameters["scale"]) ** 2


def holds(p, kind):
    """Squares of the parameters must be numbers."""
    return 1e-150 < p.parameters["scale"] < 1e150 and abs(p.parameters["loc"]) < 1e150


MEMBERS = Members(
    ordinary=[kf.Normal(0.0, 1.0), kf.Normal(1.5, 0.25), kf.Normal(-20.0, 7.0)],
    extreme=[kf.Normal(0.0, 1e-300), kf.Normal(1e300, 1e290), kf.Normal(0.0, 1e150),
             kf.Normal(1e9, 1e-3), kf.Normal(-5e-324, 5e-324),
             kf.Normal(0.0, 1.7976931348623157e308)],
    invalid=[(0.0, 0.0), (0.0, -1.0), (np.nan, 1.0), (0.0, np.nan), (INF, 1.0), (0.0, INF)],
    outside=[-INF, INF],
    ends=[],
    nodes=line_nodes,
    far=(kf.Normal(0.0, 1e-150), kf.Normal(0.0, 1e150)),
    digits=digits,
    holds=holds,
)


def exact(p):
    """The scipy distribution of a member."""
    return stats.norm(p.parameters["loc"], p.parameters["scale"])


SAMPLER_GRID = [kf.Normal(0.0, 1.0), kf.Normal(-1e3, 1e-2), kf.Normal(1e-100, 1e-100)]
WRONG = [(kf.Normal(0.0, 1.0), kf.Normal(0.0, 1.01)), (kf.Normal(1.0, 1.0), kf.Normal(1.01, 1.0))]
