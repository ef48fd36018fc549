"""Gumbel: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in z: the integrand decays exponentially at one end, faster at the other."""
    z = np.arange(-4.5, 45.0, 0.02)
    loc, scale = p.parameters["loc"], p.parameters["scale"]
    return loc + scale * z, np.full(z.shape, 0.02 * scale)


def digits(p, kind):
    """Both hold exp(loc/scale)."""
    return 1.0 + abs(p.parameters["loc"] / p.parameters["scale"])


def holds(p, kind):
    return abs(p.parameters["loc"] / p.parameters["scale"]) < 700.0


MEMBERS = Members(
    ordinary=[kf.Gumbel(0.0, 1.0), kf.Gumbel(1.5, 1.0), kf.Gumbel(-2.0, 1.0), kf.Gumbel(3.0, 7.0)],
    extreme=[kf.Gumbel(1e9, 1e-3), kf.Gumbel(0.0, 1e-300), kf.Gumbel(1e300, 1e290),
             kf.Gumbel(-1e300, 1.0)],
    invalid=[(np.nan, 1.0), (INF, 1.0), (1.0, 0.0), (1.0, np.nan), (0.0, -1.0), (0.0, INF)],
    outside=[-INF, INF],
    ends=[],
    nodes=nodes,
    far=(kf.Gumbel(0.0, 1.0), kf.Gumbel(100.0, 1.0)),
    digits=digits,
    holds=holds,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.gumbel_r(theta["loc"], theta["scale"])


SAMPLER_GRID = [kf.Gumbel(0.0, 1.0), kf.Gumbel(1e9, 10.0), kf.Gumbel(-3.0, 1e100)]
WRONG = [(kf.Gumbel(1.0, 1.0), kf.Gumbel(1.01, 1.0))]
