"""Bernoulli: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Distribution, every_count
from members import INF, Members

import klfast as kf

BELOW_ONE = 1.0 - 2.0**-53


def nodes(p):
    """Both counts."""
    return every_count(0.0, 1.0)


def digits(p, kind):
    """The natural parameter is the logit, whose rounding moves the probability by its size."""
    if kind != "natural":
        return 1.0
    return 1.0 + abs(np.log(max(p.parameters["probability"], 5e-324)))


MEMBERS = Members(
    ordinary=[kf.Bernoulli(0.5), kf.Bernoulli(0.3), kf.Bernoulli(0.05), kf.Bernoulli(0.9)],
    extreme=[kf.Bernoulli(0.0), kf.Bernoulli(1.0), kf.Bernoulli(5e-324), kf.Bernoulli(1e-300),
             kf.Bernoulli(BELOW_ONE), kf.Bernoulli(1e-8)],
    invalid=[(-5e-324,), (1.0 + 2.0**-52,), (-1.0,), (2.0,), (np.nan,), (INF,), (-INF,)],
    outside=[0.5, -1.0, 2.0, 5e-324, BELOW_ONE, 1e300, -INF, INF],
    ends=[(kf.Bernoulli(0.0), 0.0, 0.0), (kf.Bernoulli(0.0), -0.0, 0.0),
          (kf.Bernoulli(0.0), 1.0, -INF), (kf.Bernoulli(1.0), 1.0, 0.0),
          (kf.Bernoulli(1.0), 0.0, -INF), (kf.Bernoulli(0.25), 1.0, np.log(0.25)),
          (kf.Bernoulli(0.25), -0.0, np.log(0.75))],
    nodes=nodes,
    far=(kf.Bernoulli(0.5), kf.Bernoulli(1e-300)),
    digits=digits,
)


class Coin(Distribution):
    """Two masses; the variance of draws is settled by their mean, so that it is not looked at."""

    whole = True

    def __init__(self, probability):
        self.probability = probability

    def cdf(self, x):
        return np.where(np.asarray(x) < 1, 1.0 - self.probability, 1.0)

    def sf(self, x):
        return np.where(np.asarray(x) < 1, self.probability, 0.0)

    def pmf(self, x):
        return np.where(np.asarray(x) < 1, 1.0 - self.probability, self.probability)

    def ppf(self, u):
        return np.where(np.asarray(u) <= 1.0 - self.probability, 0.0, 1.0)

    def isf(self, u):
        return np.where(np.asarray(u) >= self.probability, 0.0, 1.0)


def exact(p):
    """The distribution of a member."""
    return Coin(p.parameters["probability"])


SAMPLER_GRID = [kf.Bernoulli(0.5), kf.Bernoulli(0.001), kf.Bernoulli(0.25), kf.Bernoulli(0.999),
                kf.Bernoulli(0.0), kf.Bernoulli(1.0), kf.Bernoulli(1e-300)]
WRONG = [(kf.Bernoulli(0.6), kf.Bernoulli(0.606)), (kf.Bernoulli(0.9), kf.Bernoulli(0.891))]
