"""Zipf(exponent): exact values."""

from __future__ import annotations

import mpmath as mp
from exact_tools import NEVER, counts, divergence, is_count, with_terms

MEMBERS = [(s,) for s in (1.0 + 2.0**-52, 1.0 + 1e-12, 1.0 + 1e-7, 1.001, 1.1, 1.5, 2.0, 2.5, 3.0,
                          3.5, 4.0, 5.5, 10.0, 30.0, 60.0, 170.5, 1000.0, 1e5, 1e300)]


def points(theta):
    return counts([1.0, 2.0, 3.0, 4.0, 7.0, 20.0, 1e3, 1e6 + 1.0, 1e10, 1e15, 2.0**53, 2.0**63,
                   1e300, 0.0, -1.0, 1.5])


def log_zeta(s):
    """log zeta(s) and E log x = -zeta'(s) / zeta(s), right to the digits of themselves."""
    s = mp.mpf(s)
    if s > 1e4:  # 2^-s is below 1e-3000: 0 in any double
        return mp.mpf(0), mp.mpf(0)
    if s > 40:  # 1 + 2^-s + ... would lose its digits; 200^-40 is below 1e-92
        tail = mp.fsum(mp.power(k, -s) for k in range(2, 400))
        slope = mp.fsum(mp.log(k) * mp.power(k, -s) for k in range(2, 400))
        return mp.log1p(tail), slope / (1 + tail)
    value = mp.zeta(s)
    return mp.log(value), -mp.zeta(s, 1, 1) / value


def log_density(theta, x):
    if not is_count(x) or x < 1.0:
        return NEVER
    s = mp.mpf(theta[0])
    return with_terms(-s * mp.log(mp.mpf(x)), -log_zeta(s)[0])


def log_partition(theta):
    return with_terms(log_zeta(theta[0])[0])


def entropy(theta):
    with mp.workdps(80):
        log_z, mean_log = log_zeta(theta[0])
        value, largest = with_terms(theta[0] * mean_log, log_z)
    return +value, +largest


def kl(p, q):
    with mp.workdps(90):
        (log_a, mean_log), (log_b, _) = log_zeta(p[0]), log_zeta(q[0])
        value = log_b - log_a + (mp.mpf(p[0]) - mp.mpf(q[0])) * -mean_log
    return divergence(value)
