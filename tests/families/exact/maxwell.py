"""Maxwell: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
MEMBERS = [(s,) for s in (1.0, 0.3, 1e5, 1e-150, 1e150, 1e-308, 1e308, 3e-310)]


def points(theta):
    scale = theta[0]
    found = [scale * z for z in (1e-300, 1e-8, 0.1, 0.999999, 1.0, 1.5, 6.0, 30.0, 1e6)]
    found += [5e-324, 1e-300, 1.0, 1e300]
    return [x for x in found if 0.0 < x < math.inf and x / scale < 1e150]


def log_density(theta, x):
    scale, x = m(theta[0]), m(x)
    return with_terms(mp.log(2 / mp.pi) / 2, 2 * mp.log(x), -3 * mp.log(scale),
                      -((x / scale) ** 2) / 2)


def log_partition(theta):
    scale = m(theta[0])
    return with_terms(3 * mp.log(scale))


def entropy(theta):
    scale = m(theta[0])
    return with_terms(mp.log(scale), mp.log(2 * mp.pi) / 2, mp.euler - mp.mpf("0.5"))


def kl(p, q):
    with mp.workdps(120):
        ratio = (m(p[0]) / m(q[0])) ** 2
        value = mp.mpf("1.5") * (ratio - 1 - mp.log(ratio))
    return with_terms(+value)
