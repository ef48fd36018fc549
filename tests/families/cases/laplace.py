"""Laplace: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in the logarithm of the distance, on both sides."""
    t = np.arange(-42.0, 4.2, 0.02)
    distance = p.parameters["scale"] * np.exp(t)
    x = p.parameters["loc"] + np.concatenate([-distance[::-1], distance])
    return x, 0.02 * np.concatenate([distance[::-1], distance])


MEMBERS = Members(
    ordinary=[kf.Laplace(1.0, 0.0), kf.Laplace(0.25, 0.0), kf.Laplace(70.0, 0.0)],
    extreme=[kf.Laplace(1e-300, 0.0), kf.Laplace(1e300, 1e300), kf.Laplace(1e-3, 1e9),
             kf.Laplace(5e-324, 5e-324)],
    invalid=[(0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (INF, 0.0), (1.0, np.nan), (1.0, INF)],
    outside=[-INF, INF],
    ends=[],
    nodes=nodes,
    far=(kf.Laplace(1e100, 0.0), kf.Laplace(1e-100, 0.0)),
    holds=lambda p, kind: 1e-300 < p.parameters["scale"] < 1e300,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.laplace(theta["loc"], theta["scale"])


SAMPLER_GRID = [kf.Laplace(1.0, 0.0), kf.Laplace(1e-3, 5.0), kf.Laplace(1e100, -1e99)]
WRONG = [(kf.Laplace(1.0, 0.0), kf.Laplace(1.01, 0.0))]
