"""InverseGamma: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
SHAPES = (1e-8, 1e-3, 0.5, 1.0, 1.5, 2.5, 10.0, 123.456, 1e4, 1e8, 1e12)
SCALES = (1e-300, 1e-5, 3.7, 1e8, 1e300)
MEMBERS = [(a, b) for a in SHAPES for b in SCALES]
MEMBERS += [(1e15, 3.7), (1e30, 1e-200), (9.3e276, 6.4e10)]


def points(theta):
    a, b = theta
    mode = b / (a + 1.0)
    found = [mode * f for f in (0.1, 0.5, 0.9, 0.999999, 1.0, 1.1, 2.0, 10.0, 1e6, 1e30)]
    found += [mode * (1.0 + k / math.sqrt(a)) for k in (-3.0, 0.3, 6.0)]
    found += [1e-300, 1e-30, 1.0, 1e30, 1e300]
    return [x for x in found if 0.0 < x < math.inf and b / x < 1e300]


def log_density(theta, x):
    with mp.workdps(400):
        a, b = map(m, theta)
        x = m(x)
        ratio = b / (x * a)
        stirling = a * mp.log(a) - a - mp.loggamma(a)
        value, largest = with_terms(-mp.log(x), stirling, -a * (ratio - 1 - mp.log(ratio)))
    return +value, +largest


def log_partition(theta):
    a, b = map(m, theta)
    return with_terms(mp.loggamma(a), -a * mp.log(b))


def entropy(theta):
    a, b = map(m, theta)
    with mp.workdps(400):
        value = a + mp.log(b) + mp.loggamma(a) - (1 + a) * mp.digamma(a)
    return +value, max(abs(mp.log(b)), abs(value), mp.mpf(1))


def kl(p, q):
    (a, b), (c, d) = (map(m, p), map(m, q))
    with mp.workdps(400):
        value = ((a - c) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(c)
                 + c * mp.log(b / d) + a * (d / b - 1))
    return with_terms(+value)
