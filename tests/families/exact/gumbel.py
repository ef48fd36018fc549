"""Gumbel: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
FIXED = 1
MEMBERS = [(u, b) for u in (0.0, 2.5, -1e3, 1e9) for b in (1.0, 0.3, 1e5, 1e-3)]
MEMBERS += [(1e300, 1e290), (0.0, 1e-300)]


def points(theta):
    loc, scale = theta
    found = [loc + z * scale for z in (-6.0, -1.0, 0.0, 1e-8, 1.0, 5.0, 40.0, 1e6)] + [0.0]
    return [x for x in found if math.isfinite(x) and (x - loc) / scale > -600.0]


def log_density(theta, x):
    loc, scale = map(m, theta)
    z = (m(x) - loc) / scale
    return with_terms(-z, -mp.exp(-z), -mp.log(scale))


def log_partition(theta):
    loc, scale = map(m, theta)
    return with_terms(-loc / scale)


def entropy(theta):
    return with_terms(mp.log(m(theta[1])), mp.euler, m(1))


def kl(p, q):
    with mp.workdps(150):
        t = (m(q[0]) - m(p[0])) / m(p[1])
        if t > 700:
            return mp.mpf("1e400"), mp.mpf(0)
        value = mp.expm1(t) - t
    return with_terms(+value)
