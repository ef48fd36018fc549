"""InverseGamma: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log 1/x, whose integrand decays exponentially at both ends."""
    shape, scale = p.parameters["shape"], p.parameters["scale"]
    width = 1.0 / np.sqrt(max(shape, 1.0))
    low = -42.0 / (shape - 2.0) if shape < 20.0 else -16.0 * width  # a second moment
    high = np.log1p(45.0 / shape) if shape < 4.0 else 16.0 * width
    t = np.arange(low, high, 0.02 * width)
    x = scale / shape * np.exp(-t)
    return x, 0.02 * width * x


def digits(p, kind):
    """As for the Gamma family."""
    if kind == "natural":
        return 1.0 / min(p.parameters["shape"], 1.0)
    log_mean, mean = p.mean_parameters
    return (abs(log_mean) + abs(np.log(mean)) + 1.0) / (np.log(mean) + log_mean)


MEMBERS = Members(
    ordinary=[kf.InverseGamma(6.5, 1.0), kf.InverseGamma(7.5, 0.1), kf.InverseGamma(250.0, 1e3)],
    extreme=[kf.InverseGamma(1e-8, 1.0), kf.InverseGamma(0.01, 1e-300),
             kf.InverseGamma(1e12, 1e300), kf.InverseGamma(1e12, 1.0),
             kf.InverseGamma(1e-3, 1e300), kf.InverseGamma(2.5, 1e-300), kf.InverseGamma(0.4, 3.0)],
    invalid=[(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (np.nan, 1.0), (1.0, np.nan), (INF, 1.0),
             (1.0, INF)],
    outside=[-1.0, -5e-324, -INF, INF, 0.0],
    ends=[(kf.InverseGamma(0.5, 3.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.InverseGamma(1e3, 1e-100), kf.InverseGamma(1e-3, 1e100)),
    digits=digits,
    natural_holds=lambda p: p.parameters["shape"] >= 1e-6,  # eta holds -shape - 1
)


def exact(p):
    """The scipy distribution of a member."""
    theta = p.parameters
    return stats.invgamma(theta["shape"], scale=theta["scale"])


SAMPLER_GRID = [kf.InverseGamma(0.3, 1e10), kf.InverseGamma(0.999, 1.0), kf.InverseGamma(1.0, 2.0),
                kf.InverseGamma(1.5, 1e-10), kf.InverseGamma(4.0, 1.0),
                kf.InverseGamma(100.0, 1.0), kf.InverseGamma(1e6, 1e6)]
WRONG = [(kf.InverseGamma(0.3, 1.0), kf.InverseGamma(0.303, 1.0)),
         (kf.InverseGamma(4.0, 1.0), kf.InverseGamma(4.0, 1.01))]
