"""Gamma: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
TINY = 5e-324

SHAPES = (1e-8, 1e-3, 0.1, 0.5, 1.0, 1.0 + 2**-52, 1.5, 2.5, 10.0, 123.456, 1e4, 1e8, 1e12)
RATES = (1e-300, 1e-5, 1.0, 3.7, 1e8, 1e300)
MEMBERS = [(a, b) for a in SHAPES for b in RATES]
MEMBERS += [(1e37, 7.7e10), (8.4e75, 3.6e-108), (9.3e276, 6.4e10), (9e-160, 2.0), (1e-300, 1e300)]


def points(theta):
    a, b = theta
    mean = a / b
    sd = math.sqrt(a) / b
    found = [mean * f for f in (1e-30, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0, 1e6)]
    found += [mean + k * sd for k in (-6.0, -1.0, 1.0, 6.0)] + [TINY, 1e-300, 1.0, 1e-30]
    found += [math.nextafter(mean, 0.0), mean * (1.0 + 1e-9)]
    return [x for x in found if 0.0 < x < math.inf and b * x < 1e300]


def log_density(theta, x):
    with mp.workdps(400):
        a, b = map(m, theta)
        x = m(x)
        value, largest = with_terms(a * mp.log(b), -mp.loggamma(a), (a - 1) * mp.log(x), -b * x)
    return +value, +largest


def log_partition(theta):
    a, b = map(m, theta)
    return with_terms(mp.loggamma(a), -a * mp.log(b))


def entropy(theta):
    a, b = map(m, theta)
    with mp.workdps(400):
        value = a - mp.log(b) + mp.loggamma(a) + (1 - a) * mp.digamma(a)
    return +value, max(abs(mp.log(b)), abs(value), mp.mpf(1))


def kl(p, q):
    (a, b), (c, d) = map(m, p), map(m, q)
    with mp.workdps(400):
        value = ((a - c) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(c)
                 + c * mp.log(b / d) + a * (d / b - 1))
    return with_terms(+value)
