"""Beta: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Distribution
from members import INF, Members
from scipy import special, stats

import klfast as kf


def log_odds_grid(p):
    """Logits about their mean and the step of a trapezoidal rule for the member's density of them.

    That density is analytic in a strip of half-width pi and falls as exp(a t) and exp(-b t).
    """
    a, b = p.parameters.values()
    centre = np.log(a) - np.log(b)
    width = np.sqrt(1.0 / a + 1.0 / b)
    low = min(centre - 12.0 * width, centre) - 42.0 / a
    high = max(centre + 12.0 * width, centre) + 42.0 / b
    step = min(0.2, 0.1 * width)
    return np.arange(low, high, step), step


def nodes(p):
    """Trapezoidal rule in the logit of x; what lies above 1 - 2**-53 must not matter: b not below 0.9."""
    t, step = log_odds_grid(p)
    x = special.expit(t)
    inside = (x > 0.0) & (x < 1.0)
    x = x[inside]
    return x, step * x * special.expit(-t[inside])


def digits(p, kind):
    """The natural parameters hold a - 1 and b - 1; the mean ones by their inverse's derivative."""
    shapes = np.array(list(p.parameters.values()))
    if kind == "natural":
        return 1.0 / np.clip(shapes.min(), 1e-300, 1.0)
    with np.errstate(all="ignore"):
        moves = np.linalg.inv(p.fisher_information("natural")) * p.mean_parameters
    return 1.0 + (np.abs(moves).sum(axis=1) / shapes).max()


def holds(p, kind):
    """Means that the doubles hold: beyond, the matrix of their derivatives is singular to rounding."""
    return kind == "natural" or all(1e-20 < value < 1e12 for value in p.parameters.values())


SHAPES = [(1e-3, 1e-3), (1e8, 1e8), (1e-40, 1e-49), (1e-49, 1e-40), (1e-300, 1e300),
          (1e300, 1e-300), (2e-308, 1.5e-308), (1e-2, 1e5), (1e15, 1e15), (1.0, 1e300),
          (1.7e308, 1.7e308), (5e-324, 5e-324), (1e12, 3.0)]
INVALID = [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1.0, -1.0), (np.nan, 1.0), (1.0, np.nan),
           (INF, 1.0), (1.0, INF)]

MEMBERS = Members(
    ordinary=[kf.Beta(1.0, 1.0), kf.Beta(2.0, 5.0), kf.Beta(0.5, 0.95), kf.Beta(0.8, 3.0),
              kf.Beta(40.0, 250.0)],
    extreme=[kf.Beta(*shapes) for shapes in SHAPES],
    invalid=INVALID,
    outside=[-1.0, -5e-324, 1.0 + 2.0**-52, 2.0, 1e300, -INF, INF],
    ends=[(kf.Beta(1.0, 1.0), 0.0, 0.0), (kf.Beta(1.0, 1.0), 1.0, 0.0),
          (kf.Beta(0.5, 3.0), 0.0, INF), (kf.Beta(1.0, 3.0), 0.0, np.log(3.0)),
          (kf.Beta(1.0, 3.0), -0.0, np.log(3.0)), (kf.Beta(1.5, 3.0), 0.0, -INF),
          (kf.Beta(3.0, 0.5), 1.0, INF), (kf.Beta(3.0, 1.0), 1.0, np.log(3.0)),
          (kf.Beta(3.0, 1.5), 1.0, -INF), (kf.Beta(1e-300, 1.0), 1.0, np.log(1e-300))],
    nodes=nodes,
    far=(kf.Beta(1e3, 1e-3), kf.Beta(1e-3, 1e3)),
    digits=lambda p, kind: digits(p, kind) if holds(p, kind) else 1.0,
    holds=holds,
    natural_holds=lambda p: min(p.parameters.values()) >= 1e-6,  # eta holds a - 1
)


class Share(Distribution):
    """By the incomplete beta function and its complement, exact in both tails."""

    def __init__(self, a, b):
        self.a, self.b = a, b

    def cdf(self, x):
        return special.betainc(self.a, self.b, x)

    def sf(self, x):
        return special.betaincc(self.a, self.b, x)

    def stats(self, moments):
        """SciPy's."""
        return stats.beta(self.a, self.b).stats(moments)


def exact(p):
    """The distribution of a member."""
    return Share(*p.parameters.values())


SAMPLER_GRID = [
    kf.Beta(*shapes)
    for shapes in ((1.0, 1.0), (2.0, 5.0), (0.5, 0.5), (0.3, 4.0), (7.0, 0.9), (0.05, 0.08),
                   (1e-2, 1e5), (1e8, 1e8), (300.0, 1.5), (1e6, 40.0))
]
WRONG = [
    (kf.Beta(2.0, 5.0), kf.Beta(2.02, 5.0)), (kf.Beta(2.0, 5.0), kf.Beta(2.0, 5.05)),
    (kf.Beta(0.5, 0.5), kf.Beta(0.505, 0.5)), (kf.Beta(0.5, 0.5), kf.Beta(0.5, 0.505)),
    (kf.Beta(1e8, 1e8), kf.Beta(1.01e8, 1.01e8)),
]
