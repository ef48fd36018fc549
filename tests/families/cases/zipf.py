"""Zipf: members for the tests."""

from __future__ import annotations

import functools

import numpy as np
from case_tools import LARGEST_COUNT, Certain, Distribution
from members import INF, Members
from numpy.polynomial import legendre
from scipy import special

import klfast as kf

FIRST = 1024  # counts below it one by one
POINTS = 20


def sums_of_polynomials(start):
    """Sums of the Legendre polynomials over start, ..., 2 start - 1, mapped to (-1, 1)."""
    if start <= 2**16:
        y = (2.0 * np.arange(start) + 1.0) / start - 1.0
        return legendre.legvander(y, POINTS - 1).sum(axis=0)
    # Euler and Maclaurin about the midpoints: only the slopes at the ends still count
    degree = np.arange(POINTS)
    slope = degree * (degree + 1) / 2.0
    odd = degree % 2 == 1
    step = 2.0 / start
    integral = np.where(degree == 0, 2.0, 0.0) - step**2 / 24.0 * np.where(odd, 0.0, 2.0 * slope)
    return integral / step


@functools.cache
def rule():
    """Points and weights for smooth functions of log x over all counts up to 1e88.

    A polynomial of degree 19 through counts near the Gauss points of each octave: for x^-s the
    error is below 6^-20 of the octave.
    """
    x, w = [np.arange(1.0, FIRST)], [np.ones(FIRST - 1)]
    gauss, _ = legendre.leggauss(POINTS)
    start = float(FIRST)
    while start < 1e88:
        points = np.floor(start + 0.5 * start * (gauss + 1.0))
        y = (2.0 * (points - start) + 1.0) / start - 1.0
        x.append(points)
        w.append(np.linalg.solve(legendre.legvander(y, POINTS - 1).T, sums_of_polynomials(start)))
        start *= 2.0
    return np.concatenate(x), np.concatenate(w)


def nodes(p):
    """The same points for every member: tails are powers."""
    return rule()


MEMBERS = Members(
    ordinary=[kf.Zipf(4.0), kf.Zipf(3.5), kf.Zipf(5.0), kf.Zipf(3.2)],
    extreme=[kf.Zipf(1.0 + 2.0**-52), kf.Zipf(1.0 + 1e-7), kf.Zipf(1.001), kf.Zipf(2.0),
             kf.Zipf(60.0), kf.Zipf(1e300)],
    invalid=[(1.0,), (0.5,), (0.0,), (-2.0,), (np.nan,), (INF,)],
    outside=[0.0, -0.0, -1.0, 0.5, 1.5, 1e-300, -INF, INF],
    ends=[(kf.Zipf(1e300), 1.0, 0.0), (kf.Zipf(2.0), 1.0, np.log(6.0 / np.pi**2)),
          (kf.Zipf(2.0), 0.0, -INF)],
    nodes=nodes,
    far=(kf.Zipf(1.001), kf.Zipf(30.0)),
    holds=lambda p, kind: kind == "natural" or p.parameters["exponent"] < 1000.0,
)


class Zeta(Distribution):
    """By Hurwitz' zeta function; all that would be above the largest int64 stands on it."""

    low, high, whole = 0.0, LARGEST_COUNT, True

    def __init__(self, exponent):
        self.exponent, self.total = exponent, special.zeta(exponent, 1.0)

    def sf(self, x):
        x = np.maximum(np.floor(np.asarray(x, float)), 0.0)
        return np.where(x < self.high, special.zeta(self.exponent, x + 1.0) / self.total, 0.0)

    def cdf(self, x):
        """1 less the mass above, of which the counts up to 50 are taken one by one."""
        x = np.asarray(x, float)
        few = np.concatenate([[0.0], np.cumsum(np.arange(1.0, 51.0) ** -self.exponent)])
        near = np.clip(x, 0.0, 50.0).astype(int)
        return np.where(x <= 50.0, few[near] / self.total, 1.0 - self.sf(x))

    def pmf(self, x):
        x = np.maximum(np.asarray(x, float), 1.0)
        last = special.zeta(self.exponent, self.high) / self.total
        return np.where(x < self.high, x**-self.exponent / self.total, last)


def exact(p):
    """The distribution of a member's draws as int64."""
    exponent = p.parameters["exponent"]
    return Zeta(exponent) if exponent < 100.0 else Certain(1)


SAMPLER_GRID = [
    kf.Zipf(s)
    for s in (1.0 + 1e-7, 1.01, 1.05, 1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 5.0, 12.0, 30.0, 1e300)
]
WRONG = [(kf.Zipf(2.0), kf.Zipf(2.02)), (kf.Zipf(1.2), kf.Zipf(1.212)),
         (kf.Zipf(3.0), kf.Zipf(3.03))]
