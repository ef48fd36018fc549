"""Geometric: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import every_count
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Every count that carries mass."""
    return every_count(0.0, 50.0 / -np.log1p(-p.parameters["probability"]) + 20.0)


MEMBERS = Members(
    ordinary=[kf.Geometric(0.5), kf.Geometric(0.2), kf.Geometric(0.9), kf.Geometric(0.01)],
    extreme=[kf.Geometric(1.0), kf.Geometric(1.0 - 2.0**-53), kf.Geometric(1e-8),
             kf.Geometric(1e-15)],
    invalid=[(0.0,), (-0.0,), (-0.1,), (1.0 + 2.0**-52,), (np.nan,), (INF,), (-INF,)],
    outside=[-1.0, 0.5, 2.5, 1e-300, -INF, INF],
    ends=[(kf.Geometric(1.0), 0.0, 0.0), (kf.Geometric(1.0), -0.0, 0.0),
          (kf.Geometric(1.0), 1.0, -INF), (kf.Geometric(0.25), 0.0, np.log(0.25))],
    nodes=nodes,
    far=(kf.Geometric(1e-10), kf.Geometric(0.9)),
)


def exact(p):
    """The scipy distribution of a member, which there counts trials."""
    return stats.geom(p.parameters["probability"], loc=-1)


SAMPLER_GRID = [kf.Geometric(0.5), kf.Geometric(0.05), kf.Geometric(0.9), kf.Geometric(0.999),
                kf.Geometric(1e-3), kf.Geometric(1e-8), kf.Geometric(1e-15), kf.Geometric(1.0)]
WRONG = [(kf.Geometric(0.5), kf.Geometric(0.505)), (kf.Geometric(1e-3), kf.Geometric(1.01e-3))]
