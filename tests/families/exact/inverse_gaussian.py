"""InverseGaussian(mean, shape): exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import NEVER, divergence, with_terms

TINY = 5e-324
MEMBERS = [(mean, mean * ratio) for ratio in (1e-6, 1e-3, 0.1, 1.0, 3.7, 40.0, 1e3, 1e6)
           for mean in (1e-8, 0.3, 25.0, 1e8)]
MEMBERS += [(1e8, 2.25), (1.0, 1e-12), (1e-300, 1e-300), (1e300, 1e300), (1e-150, 1e150),
            (1e150, 1e-150), (3.0, 1e-300), (3.0, 1e15), (1e-5, 1e-320), (1.0, 0.6), (1.0, 1.7e308)]


def points(theta):
    mean, shape = theta
    found = [0.0, TINY, 1e-300, 1e-30, 1.0, 1e30, 1e300]
    found += [mean * f for f in (1e-30, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.0 + 1e-9, 1.1, 2.0, 10.0, 1e6)]
    found += [shape / f for f in (60.0, 9.0, 3.0, 1.0, 0.1)]
    found += [mean + k * mean * math.sqrt(mean / shape) for k in (-6.0, -1.0, 1.0, 6.0)]
    found += [math.nextafter(mean, 0.0), -TINY, -1.0]
    return list(dict.fromkeys(x for x in found if math.isfinite(x)))


def log_density(theta, x):
    if x <= 0.0:
        return NEVER  # at 0 too: the limit from inside
    mean, shape, x = map(mp.mpf, (*theta, x))
    square = shape * (x - mean) ** 2 / (2 * mean**2 * x)
    return with_terms(mp.log(shape) / 2, -mp.log(2 * mp.pi) / 2, -3 * mp.log(x) / 2, -square)


def log_partition(theta):
    mean, shape = map(mp.mpf, theta)
    return with_terms(-mp.log(shape) / 2, -shape / mean)


def entropy(theta):
    """By E log x = log(mean) - exp(z) E1(z) with z = 2 shape / mean."""
    mean, shape = map(mp.mpf, theta)
    z = 2 * shape / mean
    return with_terms((1 + mp.log(2 * mp.pi)) / 2, -mp.log(shape) / 2, 3 * mp.log(mean) / 2,
                      -3 * scaled_e1(z) / 2)


def scaled_e1(z):
    """exp(z) E1(z)."""
    if z < 200:
        return mp.exp(z) * mp.e1(z)
    total, term = mp.mpf(0), 1 / z  # asymptotic: term k is k! / z^k, least where k is z
    for k in range(1, 200):
        total += term
        term *= -k / z
        if abs(term) < abs(total) * mp.mpf(10) ** -(mp.mp.dps + 5):
            break
    return total


def kl(p, q):
    (a, s), (b, t) = p, q
    with mp.workdps(120):
        a, s, b, t = map(mp.mpf, (a, s, b, t))
        ratio = t / s
        value = (ratio - 1 - mp.log(ratio)) / 2 + t * (a - b) ** 2 / (2 * b**2 * a)
    return divergence(value)
