"""Gamma: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def positive_nodes(p):
    """Trapezoidal rule in log x, whose integrand decays exponentially at both ends."""
    shape, rate = p.parameters["shape"], p.parameters["rate"]
    width = 1.0 / np.sqrt(max(shape, 1.0))
    low = -42.0 / shape if shape < 4.0 else -16.0 * width
    high = np.log1p(45.0 / shape) if shape < 4.0 else 16.0 * width
    t = np.arange(low, high, 0.02 * width)
    x = shape / rate * np.exp(t)
    return x, 0.02 * width * x


def digits(p, kind):
    """The natural parameter holds shape - 1, mean parameters log E x - E log x ~ 1/(2 shape)."""
    if kind == "natural":
        return 1.0 / min(p.parameters["shape"], 1.0)
    log_mean, mean = p.mean_parameters
    return (abs(log_mean) + abs(np.log(mean)) + 1.0) / (np.log(mean) - log_mean)


MEMBERS = Members(
    ordinary=[kf.Gamma(1.0, 1.0), kf.Gamma(0.3, 2.5), kf.Gamma(7.5, 0.1),
              kf.Gamma(250.0, 1e3)],
    extreme=[kf.Gamma(1e-8, 1.0), kf.Gamma(1e-8, 1e-300), kf.Gamma(1e12, 1e300),
             kf.Gamma(1e12, 1.0), kf.Gamma(1e-3, 1e300), kf.Gamma(2.5, 1e-300)],
    invalid=[(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (np.nan, 1.0), (1.0, np.nan), (INF, 1.0),
             (1.0, INF)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.Gamma(0.5, 3.0), 0.0, INF), (kf.Gamma(1.0, 3.0), 0.0, np.log(3.0)),
          (kf.Gamma(1.0, 3.0), -0.0, np.log(3.0)), (kf.Gamma(2.0, 3.0), 0.0, -INF)],
    nodes=positive_nodes,
    far=(kf.Gamma(1e3, 1e-100), kf.Gamma(1e-3, 1e100)),
    digits=digits,
    natural_holds=lambda p: p.parameters["shape"] >= 1e-6,  # eta holds shape - 1
)


def exact(p):
    """The scipy distribution of a member."""
    return stats.gamma(p.parameters["shape"], scale=1.0 / p.parameters["rate"])


SAMPLER_GRID = [
    kf.Gamma(0.02, 1.0), kf.Gamma(0.3, 1e10), kf.Gamma(0.999, 1.0), kf.Gamma(1.0, 2.0),
    kf.Gamma(1.5, 1e-10), kf.Gamma(4.0, 1.0), kf.Gamma(100.0, 1.0), kf.Gamma(1e6, 1e6),
    kf.Gamma(1e12, 1.0),
]
WRONG = [
    (kf.Gamma(0.02, 1.0), kf.Gamma(0.0202, 1.0)), (kf.Gamma(4.0, 1.0), kf.Gamma(4.04, 1.0)),
    (kf.Gamma(4.0, 1.0), kf.Gamma(4.0, 1.01)), (kf.Gamma(1e6, 1e6), kf.Gamma(1.01e6, 1.01e6)),
]
