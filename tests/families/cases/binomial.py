"""Binomial: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Certain, NearlyNormalCount, every_count
from members import INF, Members
from scipy import stats

import klfast as kf


def nodes(p):
    """Every count that carries mass."""
    mean, n = p.mean(), p.parameters["trials"]
    reach = 14.0 * np.sqrt(p.variance()) + 40.0
    return every_count(max(0.0, mean - reach), min(n, mean + reach))


def digits(p, kind):
    """The natural parameter is the logit, whose rounding moves the probability by its size."""
    if kind != "natural":
        return 1.0
    return 1.0 + abs(np.log(max(p.parameters["probability"], 5e-324)))


MEMBERS = Members(
    ordinary=[kf.Binomial(0.3, 10.0), kf.Binomial(0.65, 10.0), kf.Binomial(0.05, 10.0),
              kf.Binomial(0.02, 700.0), kf.Binomial(0.9, 700.0), kf.Binomial(0.4, 1.0)],
    extreme=[kf.Binomial(0.0, 10.0), kf.Binomial(1.0, 10.0), kf.Binomial(0.3, 0.0),
             kf.Binomial(1e-300, 1e9), kf.Binomial(1.0 - 2.0**-53, 1e9),
             kf.Binomial(0.5, 2.0**31), kf.Binomial(0.25, 1e10), kf.Binomial(0.25, 1e15),
             kf.Binomial(0.25, 2.0**63), kf.Binomial(1e-10, 2.0**63)],
    invalid=[(-0.1, 10.0), (1.1, 10.0), (np.nan, 10.0), (0.5, -1.0), (0.5, 2.5), (0.5, np.nan),
             (0.5, INF), (INF, 10.0)],
    outside=[-1.0, 11.0, 0.5, 2.5, 1e-300, 1e300, -INF, INF],
    ends=[(kf.Binomial(0.0, 10.0), 0.0, 0.0), (kf.Binomial(0.0, 10.0), -0.0, 0.0),
          (kf.Binomial(0.0, 10.0), 1.0, -INF), (kf.Binomial(1.0, 10.0), 10.0, 0.0),
          (kf.Binomial(1.0, 10.0), 9.0, -INF), (kf.Binomial(0.3, 0.0), 0.0, 0.0),
          (kf.Binomial(0.3, 0.0), 1.0, -INF), (kf.Binomial(0.25, 8.0), 8.0, 8.0 * np.log(0.25)),
          (kf.Binomial(0.25, 8.0), 0.0, 8.0 * np.log(0.75))],
    nodes=nodes,
    far=(kf.Binomial(1e-3, 1000.0), kf.Binomial(0.999, 1000.0)),
    digits=digits,
    holds=lambda p, kind: p.parameters["trials"] > 0.0,
)


def exact(p):
    """The scipy distribution of a member, whose cdf is slow where it is nearly normal.

    Of more trials than scipy's integers take, a small mean is Poisson's to 1e-17.
    """
    probability, n = p.parameters["probability"], p.parameters["trials"]
    variance = n * probability * (1.0 - probability)
    if variance < 1e-30:
        return Certain(n * round(probability))
    if variance > 1e7:
        return NearlyNormalCount(n * probability, variance,
                                 (1.0 - 2.0 * probability) / np.sqrt(variance),
                                 (1.0 - 6.0 * probability * (1.0 - probability)) / variance)
    return stats.binom(n, probability) if n < 2.0**53 else stats.poisson(n * probability)


SAMPLER_GRID = [
    kf.Binomial(0.3, 1.0), kf.Binomial(0.3, 10.0), kf.Binomial(0.97, 20.0),
    kf.Binomial(0.02, 40.0), kf.Binomial(0.1, 700.0), kf.Binomial(0.5, 100.0),
    kf.Binomial(0.999, 5000.0), kf.Binomial(1e-4, 1e6), kf.Binomial(0.25, 1e5),
    kf.Binomial(1e-9, 1e10), kf.Binomial(0.5, 2.0**31), kf.Binomial(0.7, 1e10),
    kf.Binomial(0.25, 1e15), kf.Binomial(0.25, 2.0**63), kf.Binomial(2.0**-61, 2.0**63),
    kf.Binomial(0.0, 10.0), kf.Binomial(1.0, 10.0), kf.Binomial(0.3, 0.0),
    kf.Binomial(1e-300, 1e9),
]
WRONG = [(kf.Binomial(0.3, 10.0), kf.Binomial(0.303, 10.0)),
         (kf.Binomial(0.1, 700.0), kf.Binomial(0.1, 707.0)),
         (kf.Binomial(0.25, 1e15), kf.Binomial(0.2525, 1e15))]
