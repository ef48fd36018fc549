"""NegativeBinomial: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Certain, NearlyNormalCount, every_count
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Every count that carries mass: the tail falls as that of Geometric, later for more."""
    probability, r = p.parameters["probability"], p.parameters["successes"]
    rate = -np.log1p(-probability)
    return every_count(0.0, p.mean() + 14.0 * np.sqrt(p.variance()) + (45.0 + r) / rate)


MEMBERS = Members(
    ordinary=[kf.NegativeBinomial(0.5, 3.5), kf.NegativeBinomial(0.2, 3.5),
              kf.NegativeBinomial(0.85, 3.5), kf.NegativeBinomial(0.9, 40.0),
              kf.NegativeBinomial(0.3, 40.0), kf.NegativeBinomial(0.1, 0.7)],
    extreme=[kf.NegativeBinomial(1.0, 3.5), kf.NegativeBinomial(1.0 - 2.0**-53, 1e15),
             kf.NegativeBinomial(0.5, 1e15), kf.NegativeBinomial(1e-12, 1e3),
             kf.NegativeBinomial(0.3, 1e-8), kf.NegativeBinomial(1e-12, 0.5),
             kf.NegativeBinomial(0.5, 1e-300)],
    invalid=[(0.0, 2.0), (-0.1, 2.0), (1.1, 2.0), (np.nan, 2.0), (0.5, 0.0), (0.5, -1.0),
             (0.5, np.nan), (0.5, INF)],
    outside=[-1.0, 0.5, 2.5, 1e-300, -INF, INF],
    ends=[(kf.NegativeBinomial(1.0, 3.5), 0.0, 0.0), (kf.NegativeBinomial(1.0, 3.5), -0.0, 0.0),
          (kf.NegativeBinomial(1.0, 3.5), 1.0, -INF),
          (kf.NegativeBinomial(0.25, 2.0), 0.0, 2.0 * np.log(0.25))],
    nodes=nodes,
    far=(kf.NegativeBinomial(1e-10, 2.5), kf.NegativeBinomial(0.9, 2.5)),
)


def exact(p):
    """The scipy distribution of a member, or its expansion where it is nearly normal."""
    probability, r = p.parameters["probability"], p.parameters["successes"]
    if probability == 1.0:
        return Certain(0)
    if r > 1e6:
        failure = 1.0 - probability
        return NearlyNormalCount(r * failure / probability, r * failure / probability**2,
                                 (1.0 + failure) / np.sqrt(r * failure),
                                 (6.0 + probability**2 / failure) / r)
    return stats.nbinom(r, probability)


SAMPLER_GRID = [
    kf.NegativeBinomial(0.5, 1.0), kf.NegativeBinomial(0.5, 3.5), kf.NegativeBinomial(0.2, 0.3),
    kf.NegativeBinomial(0.9, 40.0), kf.NegativeBinomial(0.1, 40.0),
    kf.NegativeBinomial(0.05, 0.01), kf.NegativeBinomial(1e-3, 1000.0),
    kf.NegativeBinomial(1e-6, 0.7), kf.NegativeBinomial(1e-12, 1e3),
    kf.NegativeBinomial(0.999, 1e4), kf.NegativeBinomial(0.5, 1e10),
    kf.NegativeBinomial(0.5, 1e15), kf.NegativeBinomial(1.0, 3.5),
]
WRONG = [(kf.NegativeBinomial(0.5, 3.5), kf.NegativeBinomial(0.505, 3.5)),
         (kf.NegativeBinomial(0.5, 3.5), kf.NegativeBinomial(0.5, 3.535)),
         (kf.NegativeBinomial(0.9, 40.0), kf.NegativeBinomial(0.9, 40.4))]
