"""InverseGaussian: members for the tests."""

from __future__ import annotations

import math

import numpy as np
from case_tools import Distribution
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays doubly exponentially at both ends."""
    mean, shape = p.parameters["mean"], p.parameters["shape"]
    ratio = shape / mean  # the exponent is -ratio (cosh t - 1)
    reach = np.arccosh(1.0 + 60.0 / ratio) + 0.5
    step = 0.05 / np.sqrt(max(ratio, 1.0))
    t = np.arange(-reach, reach, step)
    x = mean * np.exp(t)
    return x, step * x


def digits(p, kind):
    """The second mean parameter, 1/mean + 1/shape, holds 1/shape beside 1/mean."""
    return 1.0 + (p.parameters["shape"] / p.parameters["mean"] if kind == "mean" else 0.0)


MEMBERS = Members(
    ordinary=[kf.InverseGaussian(1.0, 1.0), kf.InverseGaussian(0.3, 2.5),
              kf.InverseGaussian(7.5, 1.2), kf.InverseGaussian(40.0, 4000.0)],
    extreme=[kf.InverseGaussian(1.0, 1e-6), kf.InverseGaussian(1.0, 1e6),
             kf.InverseGaussian(1e8, 2.25), kf.InverseGaussian(1.0, 1e-12),
             kf.InverseGaussian(1.0, 1e15), kf.InverseGaussian(1e-300, 1e-300),
             kf.InverseGaussian(1e300, 1e300), kf.InverseGaussian(3.0, 1e-300)],
    invalid=[(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1.0, -1.0), (np.nan, 1.0), (1.0, np.nan),
             (INF, 1.0), (1.0, INF)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.InverseGaussian(1.0, 2.0), 0.0, -INF), (kf.InverseGaussian(1.0, 2.0), -0.0, -INF),
          (kf.InverseGaussian(1.0, 1e-300), 0.0, -INF)],
    nodes=nodes,
    far=(kf.InverseGaussian(1.0, 1e6), kf.InverseGaussian(1e8, 1e-6)),
    digits=digits,
)


class Wald(Distribution):
    """scipy's cdf and sf; its quantiles do not converge everywhere."""

    def __init__(self, mean, shape):
        self.q = stats.invgauss(mean / shape, scale=shape)
        self.low = shape / (4.0 * shape / mean + 200.0)
        self.high = mean * (2.0 + 60.0 * mean / shape)
        self.cdf, self.sf = self.q.cdf, self.q.sf
        variance = mean * (mean / shape) * mean  # beyond the doubles at a mean of 1e-200 or 1e200
        self.kurtosis = 15.0 * mean / shape if 1e-300 < variance < 1e300 else math.inf


def exact(p):
    """The distribution of a member."""
    return Wald(p.parameters["mean"], p.parameters["shape"])


SAMPLER_GRID = [
    kf.InverseGaussian(1.0, 1.0), kf.InverseGaussian(0.3, 2.5), kf.InverseGaussian(7.5, 0.2),
    kf.InverseGaussian(1.0, 1e-6), kf.InverseGaussian(1.0, 1e6), kf.InverseGaussian(1e8, 2.25),
    kf.InverseGaussian(1.0, 1e-12), kf.InverseGaussian(1e-200, 3e-200),
    kf.InverseGaussian(1e200, 3e199),
]
WRONG = [  # one per cent of a shape is only seven standard errors of any statistic: two
    (kf.InverseGaussian(1.0, 10.0), kf.InverseGaussian(1.01, 10.0)),
    (kf.InverseGaussian(1.0, 1.0), kf.InverseGaussian(1.0, 1.02)),
    (kf.InverseGaussian(1.0, 1e-6), kf.InverseGaussian(1.0, 1.02e-6)),
]
