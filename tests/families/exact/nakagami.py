"""Nakagami: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
FIXED = 1
MEMBERS = [(s, k) for k in (0.5, 0.7, 1.0, 2.5, 1e3, 1e8) for s in (1.0, 1e-300, 1e300, 2.5)]
MEMBERS += [(2.5, 1e15), (1e-300, 1e15), (3e300, 1e30), (5e-324, 2.5), (1.7e308, 0.5)]


def points(theta):
    spread, shape = theta
    root = math.sqrt(spread)
    width = 0.5 / math.sqrt(shape)
    found = [root * z for z in (1e-30, 0.1, 0.5, 0.999, 0.999999, 1.0, 1.1, 2.0, 10.0)]
    found += [root * (1.0 + k * width) for k in (-3.0, -0.3, 1.0, 6.0)]
    found += [5e-324, 1.0, 1e-30]
    return [x for x in found if 0.0 < x < math.inf and x / root < 1e100]


def log_density(theta, x):
    with mp.workdps(150):
        spread, shape = map(m, theta)
        x = m(x)
        square = x * x / spread
        stirling = shape * mp.log(shape) - shape - mp.loggamma(shape)
        value, largest = with_terms(mp.log(2), -mp.log(x), stirling,
                                    -shape * (square - 1 - mp.log(square)))
    return +value, +largest


def log_partition(theta):
    spread, shape = map(m, theta)
    return with_terms(shape * mp.log(spread / shape))


def entropy(theta):
    spread, shape = map(m, theta)
    with mp.workdps(120):
        value = (mp.loggamma(shape) + shape + (mp.mpf("0.5") - shape) * mp.digamma(shape)
                 + mp.log(spread / shape) / 2 - mp.log(2))
    return +value, max(abs(mp.log(spread)), abs(value), mp.mpf(1))


def kl(p, q):
    with mp.workdps(120):
        ratio = m(p[0]) / m(q[0])
        value = m(p[1]) * (ratio - 1 - mp.log(ratio))
    return with_terms(+value)
