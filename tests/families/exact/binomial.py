"""Binomial(probability, [trials]): exact values. log C(trials, x) counts as one term."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import (
    NEVER,
    NO_MEMBER,
    SURE,
    counts,
    divergence,
    expected_log_factorial,
    is_count,
    sum_of_entropy,
    with_terms,
)

FIXED = 1  # parameters at the end that are never fitted
MOST = 2.0**63  # the double nearest to the largest int64
MEMBERS = [(p, n) for n in (1.0, 2.0, 10.0, 700.0, 1e6, 2.0**31, 1e10, 1e15, MOST)
           for p in (1e-10, 1e-3, 0.1, 0.25, 0.5, 0.75, 1.0 - 1e-8)]
MEMBERS += [(p, n) for n in (10.0, 1e9) for p in (0.0, 1e-300, 1.0 - 2.0**-53, 1.0)]
MEMBERS += [(0.3, 0.0), (1e-300, 0.0), (5e-324, 1e15)]


def points(theta):
    p, n = theta
    mean, sd = p * n, math.sqrt(n * p * (1.0 - p))
    found = [0.0, 1.0, 2.0, 20.0, n - 2.0, n - 1.0, n, n / 2.0, 1e4]
    found += [mean + k * sd for k in (-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 40.0)]
    inside = [x // 1.0 for x in found]
    return counts([*(x for x in inside if 0.0 <= x <= n), -1.0, 0.5, n + 1.0 + n * 2.0**-40])


def parts(theta):
    """log p and log(1 - p)."""
    p = mp.mpf(theta[0])
    with mp.workdps(mp.mp.dps + 330):
        return (mp.log(p) if p else None), (mp.log1p(-p) if p < 1 else None)


def log_coefficient(n, x):
    """log C(n, x), whose log-gammas may be 10^21 times larger than it."""
    with mp.workdps(mp.mp.dps + 30):
        return mp.loggamma(n + 1) - mp.loggamma(x + 1) - mp.loggamma(n - x + 1)


def log_density(theta, x):
    p, n = theta
    if not is_count(x) or x > n:
        return NEVER
    if p in (0.0, 1.0):
        return SURE if x == p * n else NEVER
    log_p, log_q = parts(theta)
    with mp.workdps(100):
        x, n = mp.mpf(x), mp.mpf(n)
        value, largest = with_terms(log_coefficient(n, x), x * log_p, (n - x) * log_q)
    return +value, +largest


def log_partition(theta):
    p, n = theta
    if n == 0.0:
        return SURE
    return with_terms(-mp.mpf(n) * parts(theta)[1]) if p < 1.0 else (mp.inf, mp.mpf(0))


def entropy(theta):
    """The sum where it is short, else E log x! and E log (n - x)! from (1 - p + p exp(-t))^n."""
    p, n = theta
    if p in (0.0, 1.0) or n == 0.0:
        return SURE
    log_p, log_q = parts(theta)
    if n <= 1000.0 or n * min(p, 1.0 - p) < 1.0:
        with mp.workdps(100):
            value = sum_of_entropy(lambda k: log_density(theta, k if p < 0.5 else n - k)[0], 0,
                                   min(int(n), 1000))
        return with_terms(+value)
    with mp.workdps(120):
        log_p, log_q = parts(theta)
        p, n = mp.mpf(p), mp.mpf(n)
        q = 1 - p

        def transform(share):
            return lambda t: -mp.expm1(n * mp.log1p(share * mp.expm1(-t)))

        log_factorials = (expected_log_factorial(n * share, transform(share), n * n, 80)
                          for share in (p, q))
        terms = -mp.loggamma(n + 1), *log_factorials, -n * p * log_p, -n * q * log_q
        value = mp.fsum(terms)
    return +value, max(abs(value), mp.mpf(1))


def valid(theta):
    return 0.0 <= theta[0] <= 1.0


def kl(p, q):
    """Members of the same number of trials."""
    if not valid(q) or p[1] != q[1]:
        return NO_MEMBER
    (a, n), b = p, q[0]
    if n == 0.0 or a == b:
        return SURE
    if (a and not b) or (a < 1.0 and b == 1.0):
        return mp.inf, mp.mpf(0)
    with mp.workdps(700):
        (log_a, log_not_a), (log_b, log_not_b) = parts(p), parts(q)
        a = mp.mpf(a)
        value = a * (log_a - log_b) if a else mp.mpf(0)
        value += (1 - a) * (log_not_a - log_not_b) if a < 1 else 0
        value *= n
    return divergence(value)
