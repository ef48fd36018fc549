"""ChiSquare: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
MEMBERS = [(k,) for k in (1e-8, 1e-3, 0.5, 1.0, 1.5, 2.0, 2.5, 10.0, 123.456, 1e4, 1e8, 1e12,
                         9e-160, 1e-300, 1e167, 9.3e276)]


def points(theta):
    k = theta[0]
    found = [k * f for f in (1e-30, 0.1, 0.5, 0.999999, 1.0, 1.1, 2.0, 10.0)]
    found += [5e-324, 1e-300, 1e-30, 1.0, 100.0]
    return [x for x in found if 0.0 < x < math.inf]


def log_density(theta, x):
    with mp.workdps(400):
        k, x = m(theta[0]), m(x)
        value, largest = with_terms((k / 2 - 1) * mp.log(x), -x / 2, -mp.loggamma(k / 2),
                                    -(k / 2) * mp.log(2))
    return +value, +largest


def log_partition(theta):
    k = m(theta[0])
    return with_terms(mp.loggamma(k / 2), k / 2 * mp.log(2))


def entropy(theta):
    k = m(theta[0])
    with mp.workdps(400):
        value = k / 2 + mp.log(2) + mp.loggamma(k / 2) + (1 - k / 2) * mp.digamma(k / 2)
    return +value, max(abs(value), mp.mpf(1))


def kl(p, q):
    with mp.workdps(700):
        a, b = m(p[0]) / 2, m(q[0]) / 2
        value = mp.loggamma(b) - mp.loggamma(a) - (b - a) * mp.digamma(a)
    return with_terms(+value)
