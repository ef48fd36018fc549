"""Logarithmic: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import LARGEST_COUNT, Distribution, every_count
from members import INF, Members
from scipy import special

import klfast as kf

ALMOST_ONE = 1.0 - 1e-16


def nodes(p):
    """Every count that carries mass."""
    return every_count(1.0, 50.0 / -np.log(p.parameters["probability"]) + 20.0)


def digits(p, kind):
    """The natural parameter is a logarithm; the mean is 1 + probability / 2 for small ones."""
    probability = p.parameters["probability"]
    return 1.0 + (-np.log(probability) if kind == "natural" else 2.0 / probability)


MEMBERS = Members(
    ordinary=[kf.Logarithmic(0.5), kf.Logarithmic(0.15), kf.Logarithmic(0.9),
              kf.Logarithmic(0.99)],
    extreme=[kf.Logarithmic(1e-300), kf.Logarithmic(5e-324), kf.Logarithmic(1e-8),
             kf.Logarithmic(1.0 - 1e-8), kf.Logarithmic(ALMOST_ONE)],
    invalid=[(0.0,), (-0.0,), (1.0,), (-0.1,), (1.5,), (np.nan,), (INF,)],
    outside=[0.0, -0.0, -1.0, 0.5, 1.5, 1e-300, -INF, INF],
    ends=[(kf.Logarithmic(0.5), 1.0, np.log(0.5 / np.log(2.0))),
          (kf.Logarithmic(0.5), 0.0, -INF)],
    nodes=nodes,
    far=(kf.Logarithmic(1.0 - 1e-10), kf.Logarithmic(1e-10)),
    digits=digits,
)


class Series(Distribution):
    """Sums up to 1000; beyond, Euler's summation of exp(-c x) / x by the exponential integral."""

    low, high, whole = 0.0, LARGEST_COUNT, True
    LAST = 1000

    def __init__(self, probability):
        self.slope, self.rate = -np.log(probability), -np.log1p(-probability)
        x = np.arange(1.0, self.LAST + 1.0)
        mass = self.pmf(x)
        self.below = np.concatenate([[0.0], np.cumsum(mass)])
        self.above = self.tail(self.LAST) + np.concatenate([np.cumsum(mass[::-1])[::-1], [0.0]])

    def pmf(self, x):
        x = np.maximum(x, 1.0)
        return np.exp(-self.slope * x - np.log(x) - np.log(self.rate))

    def tail(self, x):
        """The mass above x >= LAST, whose next term is 1e-12 of it."""
        middle = x + 0.5
        slope = -np.exp(-self.slope * middle) / middle * (self.slope + 1.0 / middle)
        return (special.exp1(self.slope * middle) + slope / 24.0) / self.rate

    def sf(self, x):
        x = np.maximum(np.asarray(x, float), 0.0)
        near = np.minimum(x, self.LAST).astype(int)
        return np.where(x <= self.LAST, self.above[near], self.tail(np.maximum(x, self.LAST)))

    def cdf(self, x):
        x = np.maximum(np.asarray(x, float), 0.0)
        near = np.minimum(x, self.LAST).astype(int)
        return np.where(x <= self.LAST, self.below[near], 1.0 - self.sf(x))


def exact(p):
    """The distribution of a member."""
    return Series(p.parameters["probability"])


SAMPLER_GRID = [
    kf.Logarithmic(q)
    for q in (1e-300, 1e-3, 0.1, 0.5, 0.9, 0.99, 0.9999, 1.0 - 1e-8, 1.0 - 1e-13, ALMOST_ONE)
]
WRONG = [(kf.Logarithmic(0.7), kf.Logarithmic(0.707)), (kf.Logarithmic(0.9), kf.Logarithmic(0.909))]
