"""ContinuousBernoulli(logit): exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import NEVER, SURE, divergence, with_terms

TINY = 5e-324
SIZES = (1e-300, 1e-20, 1e-8, 1e-4, 0.01, 0.3, 1.0, 2.5, 7.0, 36.0, 40.0, 750.0, 800.0, 1e5, 1e15,
         1e300)
MEMBERS = [(0.0,)] + [(sign * size,) for size in SIZES for sign in (1.0, -1.0)]


def points(theta):
    found = [0.0, -0.0, TINY, 1e-300, 1e-16, 1e-3, 0.1, 0.25, 0.5, 0.7, 0.9, 1.0 - 1e-8,
             1.0 - 2.0**-53, 1.0, 1.0 + 2.0**-52, -TINY, -1.0, 2.0]
    depth = min(1.0 / max(abs(theta[0]), 1.0), 0.5)
    return list(dict.fromkeys([*found, depth, 1.0 - depth, min(9.0 * depth, 0.6)]))


def digits_for(*logits):
    """Terms of order logit^-1 and of order logit^2 are to keep their digits beside each other."""
    size = max([abs(math.log10(abs(e))) for e in logits if e], default=0.0)
    return mp.mp.dps + 40 + 4 * math.ceil(size)


def partition(logit):
    if not logit:
        return mp.mpf(0)
    if logit < 1:
        return mp.log(mp.expm1(logit) / logit)
    return logit + mp.log(-mp.expm1(-logit) / logit)


def mean_of(logit):
    return -1 / mp.expm1(-logit) - 1 / logit if logit else mp.mpf(0.5)


def log_density(theta, x):
    if not 0.0 <= x <= 1.0:
        return NEVER
    with mp.workdps(digits_for(theta[0])):
        logit = mp.mpf(theta[0])
        value, largest = with_terms(logit * x, -partition(logit))
    return +value, +largest


def log_partition(theta):
    with mp.workdps(digits_for(theta[0])):
        value = partition(mp.mpf(theta[0]))
    return with_terms(+value)


def entropy(theta):
    """An even function of the logit; the terms are taken on the side where they are small."""
    if theta[0] == 0.0:
        return SURE
    with mp.workdps(digits_for(theta[0])):
        logit = -abs(mp.mpf(theta[0]))
        value, largest = with_terms(partition(logit), -logit * mean_of(logit))
    return +value, +largest


def kl(p, q):
    with mp.workdps(digits_for(p[0], q[0])):
        a, b = mp.mpf(p[0]), mp.mpf(q[0])
        value = partition(b) - partition(a) - (b - a) * mean_of(a)
    return divergence(value)
