"""Geometric(probability of success), x failures: exact values."""

from __future__ import annotations

import mpmath as mp
from exact_tools import NEVER, NO_MEMBER, SURE, counts, divergence, is_count, with_terms

MEMBERS = [(p,) for p in (1e-300, 1e-100, 1e-15, 1e-8, 1e-3, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9,
                          1.0 - 1e-8, 1.0 - 2.0**-53, 1.0)]


def points(theta):
    mean = (1.0 - theta[0]) / theta[0]
    found = [0.0, -0.0, 1.0, 2.0, 3.0, 20.0, 1e4, 1e15, 2.0**53, 1e300, -1.0, 0.5]
    found += [mean * f // 1.0
              for f in (1e-6, 0.1, 0.5, 1.0, 2.0, 7.0, 30.0, 1e6)]
    return counts(found)


def parts(theta):
    """log p, log(1 - p) and (1 - p) / p."""
    p = mp.mpf(theta[0])
    with mp.workdps(mp.mp.dps + 310):
        return mp.log(p), mp.log1p(-p), (1 - p) / p


def log_density(theta, x):
    if not is_count(x):
        return NEVER
    if theta[0] == 1.0:
        return SURE if x == 0.0 else NEVER
    log_p, log_q, _ = parts(theta)
    return with_terms(log_p, x * log_q)


def log_partition(theta):
    return with_terms(-mp.log(mp.mpf(theta[0])))


def entropy(theta):
    if theta[0] == 1.0:
        return SURE
    log_p, log_q, mean = parts(theta)
    return with_terms(-log_p, -mean * log_q)


def valid(theta):
    return 0.0 < theta[0] <= 1.0


def kl(p, q):
    if not valid(q):
        return NO_MEMBER
    if p[0] == 1.0:
        return with_terms(-mp.log(mp.mpf(q[0])))
    if q[0] == 1.0:
        return mp.inf, mp.mpf(0)
    with mp.workdps(400):
        (log_a, log_not_a, mean), (log_b, log_not_b, _) = parts(p), parts(q)
        value = log_a - log_b + mean * (log_not_a - log_not_b)
    return divergence(value)
