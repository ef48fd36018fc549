"""Pareto: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
FIXED = 1
MEMBERS = [(a, c) for a in (1e-8, 0.5, 1.0, 3.0, 1e8) for c in (1e-300, 0.3, 1.0, 1e300)]
MEMBERS += [(1e12, 1e-320), (1e12, 3e-310), (0.5, 5e-324), (1e12, 1.7e308)]


def points(theta):
    shape, minimum = theta
    found = [minimum * math.exp(min(700.0, y / shape)) for y in (1e-10, 0.1, 1.0, 5.0, 40.0)]
    found += [minimum, minimum * (1.0 + 2.0**-50), 1.0, 1e300, 1e30]
    return [x for x in found if minimum <= x < math.inf]


def log_density(theta, x):
    shape, minimum = map(m, theta)
    return with_terms(mp.log(shape), -mp.log(minimum), -(shape + 1) * mp.log(m(x) / minimum))


def log_partition(theta):
    shape, minimum = map(m, theta)
    return with_terms(-mp.log(shape), -shape * mp.log(minimum))


def entropy(theta):
    shape, minimum = map(m, theta)
    return with_terms(mp.log(minimum), -mp.log(shape), 1 / shape, m(1))


def kl(p, q):
    with mp.workdps(120):
        ratio = m(q[0]) / m(p[0])
        value = ratio - 1 - mp.log(ratio)
    return with_terms(+value)
