"""Exponential: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    t = np.arange(-42.0, 4.2, 0.02)
    x = np.exp(t) / p.parameters["rate"]
    return x, 0.02 * x


MEMBERS = Members(
    ordinary=[kf.Exponential(1.0), kf.Exponential(0.05), kf.Exponential(70.0)],
    extreme=[kf.Exponential(1e-300), kf.Exponential(1e300), kf.Exponential(5e-324),
             kf.Exponential(1.7976931348623157e308)],
    invalid=[(0.0,), (-1.0,), (np.nan,), (INF,)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.Exponential(3.0), 0.0, np.log(3.0)), (kf.Exponential(3.0), -0.0, np.log(3.0))],
    nodes=nodes,
    far=(kf.Exponential(1e100), kf.Exponential(1e-100)),
    holds=lambda p, kind: 1e-300 < p.parameters["rate"] < 1e300,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.expon(scale=1.0 / theta["rate"])


SAMPLER_GRID = [kf.Exponential(1.0), kf.Exponential(1e-100), kf.Exponential(1e5)]
WRONG = [(kf.Exponential(1.0), kf.Exponential(1.01))]
