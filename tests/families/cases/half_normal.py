"""HalfNormal: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    t = np.arange(-42.0, 2.4, 0.01)
    x = p.parameters["scale"] * np.exp(t)
    return x, 0.01 * x


MEMBERS = Members(
    ordinary=[kf.HalfNormal(1.0), kf.HalfNormal(0.25), kf.HalfNormal(70.0)],
    extreme=[kf.HalfNormal(1e-300), kf.HalfNormal(1e300), kf.HalfNormal(5e-324),
             kf.HalfNormal(1.7976931348623157e308)],
    invalid=[(0.0,), (-1.0,), (np.nan,), (INF,)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.HalfNormal(1.0), 0.0, 0.5 * np.log(2.0 / np.pi))],
    nodes=nodes,
    far=(kf.HalfNormal(1e-140), kf.HalfNormal(1e-150)),
    holds=lambda p, kind: 1e-150 < p.parameters["scale"] < 1e150,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.halfnorm(scale=theta["scale"])


SAMPLER_GRID = [kf.HalfNormal(1.0), kf.HalfNormal(1e-100), kf.HalfNormal(1e5)]
WRONG = [(kf.HalfNormal(1.0), kf.HalfNormal(1.01))]
