"""Exponential: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
MEMBERS = [(r,) for r in (1.0, 0.3, 1e5, 1e-300, 1e300, 3e-310)]


def points(theta):
    rate = theta[0]
    found = [y / rate for y in (0.0, 1e-300, 1e-8, 0.1, 1.0, 3.0, 40.0, 1e6)] + [5e-324, 1.0, 1e300]
    return [x for x in found if 0.0 <= x < math.inf and rate * x < 1e300]


def log_density(theta, x):
    rate, x = m(theta[0]), m(x)
    return with_terms(mp.log(rate), -rate * x)


def log_partition(theta):
    return with_terms(-mp.log(m(theta[0])))


def entropy(theta):
    return with_terms(m(1), -mp.log(m(theta[0])))


def kl(p, q):
    with mp.workdps(120):
        ratio = m(q[0]) / m(p[0])
        value = ratio - 1 - mp.log(ratio)
    return with_terms(+value)
