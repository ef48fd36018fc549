"""Maxwell: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    t = np.arange(-16.0, 2.4, 0.01)
    x = p.parameters["scale"] * np.exp(t)
    return x, 0.01 * x


MEMBERS = Members(
    ordinary=[kf.Maxwell(1.0), kf.Maxwell(0.25), kf.Maxwell(70.0)],
    extreme=[kf.Maxwell(1e-300), kf.Maxwell(1e300), kf.Maxwell(5e-324),
             kf.Maxwell(1.7976931348623157e308)],
    invalid=[(0.0,), (-1.0,), (np.nan,), (INF,)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.Maxwell(1.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.Maxwell(1e-140), kf.Maxwell(1e-150)),
    holds=lambda p, kind: 1e-150 < p.parameters["scale"] < 1e150,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.maxwell(scale=theta["scale"])


SAMPLER_GRID = [kf.Maxwell(1.0), kf.Maxwell(1e-100), kf.Maxwell(1e5)]
WRONG = [(kf.Maxwell(1.0), kf.Maxwell(1.01))]
