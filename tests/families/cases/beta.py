"""Beta: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Distribution, Tabulated
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
    """Trapezoidal rule in the logit of x, for b of 0.9 or more: nothing above 1 - 2**-53 counts."""
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
    """Not the means where the matrix of their derivatives is singular to rounding."""
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


def half_spacing(x):
    """Half the spacing of the doubles at x > 0, as a share of x."""
    return 0.5 * ((x - np.nextafter(x, 0.0)) / x)


def cells_of_shares(x):
    """The logits between which shares are rounded to x: where x is above 1/2 by 1 - x, exactly."""
    with np.errstate(all="ignore"):
        y = 1.0 - x
        low, high = half_spacing(x), 2.0**-54 / y
        ends = [np.where(x > 0.5, np.log(x) - np.log(y) - np.log1p(sign * high),
                         np.log(x) + np.log1p(-sign * low) - np.log1p(-x))
                for sign in (1.0, -1.0)]
    below = np.where(x <= 5e-324, -np.inf, ends[0])
    above = np.where(x >= 1.0 - 2.0**-53, np.inf, ends[1])
    return np.where(x >= 1.0, np.inf, below), np.where(x <= 0.0, -np.inf, above)


class RoundedDraws(Distribution):
    """Draws by their logits, whose density is tabulated, before they are rounded to doubles.

    The doubles near 1 are far apart for a small b, and much falls on the first and the last: of an
    array, cdf is anywhere between its values at the ends of what is rounded to x. Of a number it is
    the probability of this and all below.
    """

    def __init__(self, p, cells, back):
        a, b = p.parameters.values()
        log_m, log_n = np.log(a / (a + b)), np.log(b / (a + b))
        self.centre, self.cells, self.back = log_m - log_n, cells, back
        t, _ = log_odds_grid(p)
        step = min(0.5, 0.3 * np.sqrt(1.0 / a + 1.0 / b))
        edges = np.arange(t[0], t[-1] + step, step) - self.centre

        def log_density(d):
            near = np.log1p(np.exp(log_m) * np.expm1(np.clip(d, -1.0, 1.0)))
            far = np.logaddexp(log_m + d, log_n)
            return a * d - (a + b) * np.where(abs(d) < 1.0, near, far)

        self.table = Tabulated(log_density, edges)
        self.random = np.random.default_rng(5)

    def ends(self, x):
        low, high = self.cells(np.asarray(x, float))
        return low - self.centre, high - self.centre

    def cdf(self, x):
        low, high = map(self.table.cdf, self.ends(x))
        return low + (high - low) * (self.random.random(np.shape(x)) if np.ndim(x) else 1.0)

    def sf(self, x):
        return self.table.sf(self.ends(x)[1])

    def ppf(self, u):
        return self.back(self.table.ppf(u) + self.centre)

    def isf(self, u):
        return self.back(self.table.isf(u) + self.centre)


def exact(p):
    """The distribution of a member's draws."""
    q = RoundedDraws(p, cells_of_shares, special.expit)
    q.kurtosis = float(stats.beta(*p.parameters.values()).stats("k"))
    return q


GRID = [(1.0, 1.0), (2.0, 5.0), (0.5, 0.5), (0.3, 4.0), (7.0, 0.9), (0.05, 0.08), (1e-3, 1e-3),
        (1e-2, 1e5), (1e8, 1e8), (300.0, 1.5), (1e6, 40.0)]
SAMPLER_GRID = [kf.Beta(*shapes) for shapes in GRID]
WRONG = [
    (kf.Beta(2.0, 5.0), kf.Beta(2.02, 5.0)), (kf.Beta(2.0, 5.0), kf.Beta(2.0, 5.05)),
    (kf.Beta(0.5, 0.5), kf.Beta(0.505, 0.5)), (kf.Beta(0.5, 0.5), kf.Beta(0.5, 0.505)),
    (kf.Beta(1e8, 1e8), kf.Beta(1.02e8, 1.02e8)),
]
