"""Poisson: exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import with_terms

m = mp.mpf

MEMBERS = [(r,) for r in (0.0, 1e-300, 1e-20, 1e-3, 0.5, 1.0, 3.25, 10.0, 100.5, 1000.0, 1000.5,
                          14999.5, 15000.5, 1e6, 1e8, 1e12, 1e15, 1e18, 8.7e-116,
                          7e-8)]


def points(theta):
    rate = theta[0]
    sd = math.sqrt(rate)
    found = [0.0, 1.0, 2.0, 3.0, 20.0, 1e4, 1e15, 2.0**53, 1e300]
    found += [math.floor(rate + k * sd) for k in (-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 40.0)]
    found += [math.floor(rate * f) for f in (0.1, 0.5, 2.0, 100.0)]
    return [float(x) for x in found if x >= 0.0]


def log_density(theta, x):
    rate, x = m(theta[0]), m(x)
    if rate == 0:
        return (mp.mpf(0), mp.mpf(0)) if x == 0 else (mp.mpf("-inf"), mp.mpf(0))
    with mp.workdps(90):
        terms = x * mp.log(rate), -rate, -mp.loggamma(x + 1)
        return +mp.fsum(terms), max(abs(t) for t in terms)


def log_partition(theta):
    return with_terms(m(theta[0]))


def entropy(theta):
    rate = m(theta[0])
    if rate == 0:
        return mp.mpf(0), mp.mpf(0)
    if rate > 2000:
        r = 1 / rate  # Evans and Boersma (1988)
        return with_terms(mp.log(2 * mp.pi * mp.e * rate) / 2 - r / 12 - r**2 / 24
                          - 19 * r**3 / 360 - 9 * r**4 / 80 - 863 * r**5 / 2520)
    top = int(rate + 40 * mp.sqrt(rate) + 60)
    total = mp.mpf(0)
    log_p = -rate
    for x in range(top):
        if x:
            log_p += mp.log(rate / x)
        total -= mp.exp(log_p) * log_p
    return with_terms(total)


def kl(p, q):
    a, b = m(p[0]), m(q[0])
    if a == 0:
        return with_terms(b)
    if b == 0:
        return mp.inf, mp.mpf(0)
    with mp.workdps(90):
        value = a * mp.log(a / b) - a + b
    return with_terms(+value)
