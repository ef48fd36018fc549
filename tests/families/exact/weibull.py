"""Weibull: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
FIXED = 1
MEMBERS = [(s, k) for k in (1e-3, 0.5, 1.0, 2.5, 1e3, 1e6) for s in (1.0, 0.3, 1e-300, 1e300, 2.5)]


def points(theta):
    scale, shape = theta
    found = [scale * math.exp(max(-700.0, min(700.0, y / shape)))
             for y in (-40.0, -3.0, -1e-8, 0.0, 0.5, 2.0, 3.5)]
    found += [5e-324, 1e-300, 1.0, 1e300]
    return [x for x in found if 0.0 < x < math.inf
            and shape * (math.log(x) - math.log(scale)) < 600.0]


def log_density(theta, x):
    scale, shape = map(m, theta)
    x = m(x)
    w = (x / scale) ** shape
    return with_terms(mp.log(shape), -shape * mp.log(scale), (shape - 1) * mp.log(x), -w)


def log_partition(theta):
    scale, shape = map(m, theta)
    return with_terms(shape * mp.log(scale))


def entropy(theta):
    scale, shape = map(m, theta)
    return with_terms(mp.euler * (1 - 1 / shape), mp.log(scale), -mp.log(shape), m(1))


def kl(p, q):
    shape = m(p[1])
    with mp.workdps(150):
        t = shape * mp.log(m(p[0]) / m(q[0]))
        value = mp.expm1(t) - t
    return with_terms(+value)
