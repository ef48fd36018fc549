"""Nakagami: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    spread, shape = p.parameters["spread"], p.parameters["shape"]
    width = 1.0 / np.sqrt(max(shape, 1.0))
    low = -42.0 / shape if shape < 4.0 else -16.0 * width
    high = np.log1p(45.0 / shape) if shape < 4.0 else 16.0 * width
    t = np.arange(low, high, 0.02 * width)
    x = np.sqrt(spread * np.exp(t))
    return x, 0.01 * width * x


MEMBERS = Members(
    ordinary=[kf.Nakagami(1.0, 1.5), kf.Nakagami(0.25, 1.5), kf.Nakagami(70.0, 1.5),
              kf.Nakagami(2.0, 0.5), kf.Nakagami(2.0, 40.0)],
    extreme=[kf.Nakagami(1e-300, 2.0), kf.Nakagami(1e300, 2.0), kf.Nakagami(1.0, 1e8),
             kf.Nakagami(5e-324, 0.5)],
    invalid=[(0.0, 1.0), (-1.0, 1.0), (np.nan, 1.0), (INF, 1.0), (1.0, 0.4), (1.0, np.nan)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.Nakagami(2.0, 1.0), 0.0, -INF),
          (kf.Nakagami(1.0, 0.5), 0.0, 0.5 * np.log(2.0 / np.pi))],
    nodes=nodes,
    far=(kf.Nakagami(1e100, 1.5), kf.Nakagami(1e50, 1.5)),
    digits=lambda p, kind: p.parameters["shape"],
    holds=lambda p, kind: 1e-290 < p.parameters["spread"] < 1e290,
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.nakagami(theta["shape"], scale=np.sqrt(theta["spread"]))


SAMPLER_GRID = [kf.Nakagami(1.0, 1.0), kf.Nakagami(1e-3, 0.5), kf.Nakagami(1e100, 3.0),
                kf.Nakagami(2.0, 0.7), kf.Nakagami(2.0, 1e4)]
WRONG = [(kf.Nakagami(1.0, 2.0), kf.Nakagami(1.02, 2.0))]
