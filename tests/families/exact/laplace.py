"""Laplace: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
FIXED = 1
MEMBERS = [(s, c) for s in (1.0, 0.3, 1e-300, 1e300, 1e-3) for c in (0.0, 2.5, 1e9, -1e300)]


def points(theta):
    scale, loc = theta
    found = [loc + z * scale for z in (0.0, 1e-8, 0.5, -1.0, 3.0, -40.0, 1e6)]
    found += [0.0, 5e-324, -1e-300]
    return [x for x in found if math.isfinite(x) and abs(x / scale - loc / scale) < 1e300]


def log_density(theta, x):
    scale, loc = map(m, theta)
    return with_terms(-abs(m(x) - loc) / scale, -mp.log(2 * scale))


def log_partition(theta):
    return with_terms(mp.log(2 * m(theta[0])))


def entropy(theta):
    return with_terms(m(1), mp.log(2 * m(theta[0])))


def kl(p, q):
    with mp.workdps(120):
        ratio = m(p[0]) / m(q[0])
        value = ratio - 1 - mp.log(ratio)
    return with_terms(+value)
