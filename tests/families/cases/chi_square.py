"""ChiSquare: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    shape = 0.5 * p.parameters["dof"]
    width = 1.0 / np.sqrt(max(shape, 1.0))
    low = -42.0 / shape if shape < 4.0 else -16.0 * width
    high = np.log1p(45.0 / shape) if shape < 4.0 else 16.0 * width
    t = np.arange(low, high, 0.02 * width)
    w = shape * np.exp(t)  # Gamma distributed
    x = 2.0 * w
    return x, 0.02 * width * x


def digits(p, kind):
    """The natural parameter holds dof/2 - 1, the mean parameter psi(dof/2) + log 2."""
    a = 0.5 * p.parameters["dof"]
    if kind == "natural":
        return 1.0 / min(a, 1.0)
    return (abs(p.mean_parameters[0]) + 1.0) * max(1.0, 1.0 / a if a > 1.0 else 1.0)


MEMBERS = Members(
    ordinary=[kf.ChiSquare(1.0), kf.ChiSquare(0.6), kf.ChiSquare(7.5), kf.ChiSquare(250.0)],
    extreme=[kf.ChiSquare(1e-8), kf.ChiSquare(1e-3), kf.ChiSquare(1e12), kf.ChiSquare(1e15)],
    invalid=[(0.0,), (-1.0,), (np.nan,), (INF,)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.ChiSquare(1.0), 0.0, INF), (kf.ChiSquare(2.0), 0.0, -np.log(2.0)),
          (kf.ChiSquare(3.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.ChiSquare(1e3), kf.ChiSquare(1e-3)),
    digits=digits,
    natural_holds=lambda p: p.parameters["dof"] >= 1e-6,  # eta holds dof/2 - 1
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.chi2(theta["dof"])


SAMPLER_GRID = [kf.ChiSquare(0.3), kf.ChiSquare(1.0), kf.ChiSquare(2.0), kf.ChiSquare(5.0),
                kf.ChiSquare(200.0), kf.ChiSquare(1e6)]
WRONG = [(kf.ChiSquare(0.3), kf.ChiSquare(0.303)), (kf.ChiSquare(4.0), kf.ChiSquare(4.04))]
