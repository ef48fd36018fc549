"""Normal: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
TINY = 5e-324
HUGE = 1.7976931348623157e308

MEMBERS = [(0.0, 1.0), (3.25, 0.5), (-1e3, 7.0), (1e15, 1.0), (0.0, 1e-308), (0.0, 1e308),
          (1e-300, 1e-300), (-1e300, 1e290), (1e9, 1e-3), (0.0, 1e-150), (0.0, 1e150),
          (0.0, TINY * 2**20), (HUGE, 1e300), (5.0, 1e-10)]
STEPS = (0.0, 1e-8, 0.5, -1.0, 3.0, -10.0, 40.0, 1e8)


def points(theta):
    loc, scale = theta
    found = [loc + z * scale for z in STEPS] + [0.0, TINY, -1e-300]
    found += [math.nextafter(loc, math.inf)]
    return [x for x in found if math.isfinite(x) and abs(x - loc) / scale < 1e150]


def log_density(theta, x):
    loc, scale = map(m, theta)
    z = (m(x) - loc) / scale
    return with_terms(-z * z / 2, -mp.log(scale), -mp.log(2 * mp.pi) / 2)


def log_partition(theta):
    loc, scale = map(m, theta)
    return with_terms((loc / scale) ** 2 / 2, mp.log(scale))


def entropy(theta):
    return with_terms(mp.log(m(theta[1])), (mp.log(2 * mp.pi) + 1) / 2)


def kl(p, q):
    (a, s), (b, t) = map(m, p), map(m, q)
    return with_terms(((a - b) / t) ** 2 / 2 + ((s / t) ** 2 - 1) / 2 - mp.log(s / t))
