"""ZeroTruncatedPoisson: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Certain, NearlyNormalCount, every_count
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Every count that carries mass."""
    rate = p.parameters["rate"]
    reach = 14.0 * np.sqrt(rate) + 40.0
    return every_count(max(1.0, rate - reach), rate + reach)


def digits(p, kind):
    """The natural parameter is a logarithm; the mean is 1 + rate / 2 for small rates."""
    rate = p.parameters["rate"]
    return 1.0 + (abs(np.log(rate)) if kind == "natural" else 2.0 / rate)


MEMBERS = Members(
    ordinary=[kf.ZeroTruncatedPoisson(1.0), kf.ZeroTruncatedPoisson(0.08),
              kf.ZeroTruncatedPoisson(12.25), kf.ZeroTruncatedPoisson(900.0)],
    extreme=[kf.ZeroTruncatedPoisson(1e-300), kf.ZeroTruncatedPoisson(5e-324),
             kf.ZeroTruncatedPoisson(1e-8), kf.ZeroTruncatedPoisson(1e12),
             kf.ZeroTruncatedPoisson(1e15)],
    invalid=[(0.0,), (-0.0,), (-1.0,), (np.nan,), (INF,)],
    outside=[0.0, -0.0, -1.0, 0.5, 1.5, 1e-300, -INF, INF],
    ends=[(kf.ZeroTruncatedPoisson(2.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.ZeroTruncatedPoisson(1e10), kf.ZeroTruncatedPoisson(1e-10)),
    digits=digits,
)


class Truncated:
    """Poisson without its zeros."""

    def __init__(self, rate):
        self.whole = stats.poisson(rate)
        self.positive = -np.expm1(-rate)
        self.zero = np.exp(-rate)

    def pmf(self, x):
        return np.where(np.asarray(x) >= 1, self.whole.pmf(x) / self.positive, 0.0)

    def sf(self, x):
        return self.whole.sf(np.maximum(x, 0)) / self.positive

    def cdf(self, x):
        """From the side on which nothing cancels."""
        x = np.maximum(x, 0)
        above = self.sf(x)
        return np.where(above < 0.5, 1.0 - above, (self.whole.cdf(x) - self.zero) / self.positive)

    def ppf(self, u):
        return np.maximum(self.whole.isf((1.0 - np.asarray(u)) * self.positive), 1.0)

    def isf(self, u):
        return np.maximum(self.whole.isf(np.asarray(u) * self.positive), 1.0)

    def stats(self, moments):
        """The excess kurtosis, from the counts that carry mass."""
        assert moments == "k"
        rate = self.whole.mean()
        x, _ = every_count(1.0, rate + 14.0 * np.sqrt(rate) + 40.0)
        mass = self.pmf(x)
        mean = mass @ x
        variance = mass @ (x - mean) ** 2
        return (mass @ (x - mean) ** 4) / variance**2 - 3.0 if variance > 0.0 else np.inf


def exact(p):
    """The distribution of a member; a large rate has no zeros to leave out."""
    rate = p.parameters["rate"]
    if rate < 1e-30:
        return Certain(1)
    if rate > 1e7:
        return NearlyNormalCount(rate, rate, 1.0 / np.sqrt(rate), 1.0 / rate)
    return Truncated(rate)


SAMPLER_GRID = [
    kf.ZeroTruncatedPoisson(rate)
    for rate in (1e-300, 1e-3, 0.05, 0.5, 1.0, 3.0, 9.9, 10.5, 35.0, 75.0, 740.0, 750.0, 1000.0,
                 1e6, 1e9, 1e15)
]
WRONG = [(kf.ZeroTruncatedPoisson(35.0), kf.ZeroTruncatedPoisson(35.35)),
         (kf.ZeroTruncatedPoisson(3.0), kf.ZeroTruncatedPoisson(3.03))]
