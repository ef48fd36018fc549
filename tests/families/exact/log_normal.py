"""LogNormal: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf
MEMBERS = [(0.0, 1.0), (3.25, 0.5), (-1e3, 7.0), (600.0, 2.0), (0.0, 1e-150), (0.0, 1e100),
           (1e-300, 1e-3), (5.0, 1e-6), (-700.0, 30.0), (3.0, 1e-12), (-0.5, 1e-15), (700.0, 1e-10),
           (-744.0, 1e-9), (709.5, 1e-3), (800.0, 1.0), (0.0, 1e-300), (0.0, 1e300)]


def points(theta):
    loc, scale = theta
    found = [math.exp(loc + k * scale) for k in (-6.0, -1.0, 0.0, 1e-8, 1.0, 6.0)
             if abs(loc + k * scale) < 700.0]
    if -700.0 < loc < 700.0 and scale < 1e-6:  # the nearest doubles, and some far off in the scale
        found += [math.exp(loc) * (1.0 + k * 2.0**-52) for k in (-1e5, -7.0, -1.0, 1.0, 3.0, 1e9)]
    found += [5e-324, 1e-300, 1e-30, 1.0, 1e30, 1e300]
    return [x for x in found if abs(math.log(x) - loc) / scale < 1e150]


def log_density(theta, x):
    loc, scale = map(m, theta)
    y = mp.log(m(x))
    # z is good to some ulps of itself, however small the scale: not the terms of eta.T count
    z = (y - loc) / scale
    terms = (-z * z / 2, -mp.log(scale), -mp.log(2 * mp.pi) / 2, -y)
    return with_terms(*terms)


def log_partition(theta):
    loc, scale = map(m, theta)
    return with_terms((loc / scale) ** 2 / 2, mp.log(scale))


def entropy(theta):
    loc, scale = map(m, theta)
    return with_terms(mp.log(scale), (mp.log(2 * mp.pi) + 1) / 2, loc)


def kl(p, q):
    (a, s), (b, t) = (map(m, p), map(m, q))
    with mp.workdps(90):
        value = ((a - b) / t) ** 2 / 2 + ((s / t) ** 2 - 1) / 2 - mp.log(s / t)
    return with_terms(+value)
