"""Poisson: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def count_nodes(p):
    """Every count that carries mass."""
    rate = p.parameters["rate"]
    reach = 14.0 * np.sqrt(rate) + 40.0
    x = np.arange(max(0.0, np.floor(rate - reach)), rate + reach)
    return x, np.ones(x.shape)


def digits(p, kind):
    """The natural parameter is the logarithm of the rate."""
    return 1.0 + abs(np.log(max(p.parameters["rate"], 5e-324))) if kind == "natural" else 1.0


MEMBERS = Members(
    ordinary=[kf.Poisson(1.0), kf.Poisson(0.05), kf.Poisson(12.25), kf.Poisson(900.0)],
    extreme=[kf.Poisson(0.0), kf.Poisson(1e-300), kf.Poisson(5e-324), kf.Poisson(1e12),
             kf.Poisson(1e18)],
    invalid=[(-1.0,), (-5e-324,), (np.nan,), (INF,)],
    outside=[-1.0, 0.5, 2.5, 1e-300, -INF, INF, 4503599627370495.5],
    ends=[(kf.Poisson(0.0), 0.0, 0.0), (kf.Poisson(0.0), -0.0, 0.0),
          (kf.Poisson(0.0), 3.0, -INF), (kf.Poisson(2.0), -0.0, -2.0)],
    nodes=count_nodes,
    far=(kf.Poisson(1e10), kf.Poisson(1e-10)),
    digits=digits,
    fits_int64=lambda p: p.parameters["rate"] <= 1e17,
)


def exact(p):
    """The scipy distribution of a member."""
    return stats.poisson(p.parameters["rate"])


SAMPLER_GRID = [
    kf.Poisson(0.003), kf.Poisson(0.5), kf.Poisson(3.0), kf.Poisson(9.99), kf.Poisson(10.5),
    kf.Poisson(75.0), kf.Poisson(1000.0), kf.Poisson(14999.0), kf.Poisson(15001.0),
    kf.Poisson(1e6), kf.Poisson(1e9),
]
WRONG = [(kf.Poisson(3.0), kf.Poisson(3.03)), (kf.Poisson(15001.0), kf.Poisson(15001.0 * 1.01))]
