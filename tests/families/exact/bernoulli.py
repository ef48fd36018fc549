"""Bernoulli(probability): exact values."""

from __future__ import annotations

import mpmath as mp
from exact_tools import NEVER, NO_MEMBER, SURE, divergence, with_terms

TINY = 5e-324
BELOW_ONE = 1.0 - 2.0**-53
MEMBERS = [(p,) for p in (0.0, TINY, 1e-300, 1e-20, 1e-8, 1e-3, 0.1, 0.25, 0.5 - 2.0**-54, 0.5, 0.7,
                          0.99, 1.0 - 1e-8, BELOW_ONE, 1.0)]


def points(theta):
    return [0.0, -0.0, 1.0, 0.5, -1.0, 2.0, TINY, BELOW_ONE]


def probabilities(theta):
    p = mp.mpf(theta[0])
    with mp.workdps(400):  # 1 - 5e-324
        return p, 1 - p


def log_density(theta, x):
    p, q = probabilities(theta)
    mass = {0.0: q, 1.0: p}.get(x, mp.mpf(0))
    return with_terms(mp.log(mass)) if mass else NEVER


def log_partition(theta):
    _, q = probabilities(theta)
    return with_terms(-mp.log(q)) if q else (mp.inf, mp.mpf(0))


def entropy(theta):
    p, q = probabilities(theta)
    return with_terms(-p * mp.log(p), -q * mp.log(q)) if p and q else SURE


def valid(theta):
    return 0.0 <= theta[0] <= 1.0


def kl(p, q):
    if not valid(q):
        return NO_MEMBER
    found = mp.mpf(0)
    with mp.workdps(700):
        for a, b in zip(probabilities(p), probabilities(q), strict=True):
            if a and not b:
                return mp.inf, mp.mpf(0)
            found += a * mp.log(a / b) if a else 0
    return divergence(found)
