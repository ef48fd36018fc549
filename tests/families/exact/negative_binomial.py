"""NegativeBinomial(probability of success, [successes]), x failures: exact values.

log C(x + successes - 1, x) counts as one term.
"""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import (
    NEVER,
    NO_MEMBER,
    SURE,
    counts,
    divergence,
    is_count,
    log_scale_integral,
    sum_of_entropy,
    with_terms,
)

FIXED = 1  # parameters at the end that are never fitted
MEMBERS = [(p, r) for r in (1e-8, 0.3, 1.0, 3.5, 40.0, 1e3, 1e8, 1e15)
           for p in (1e-12, 1e-3, 0.1, 0.5, 0.9, 1.0 - 1e-10)]
MEMBERS += [(1.0, 3.5), (1.0, 1e15), (1e-300, 2.5), (1.0 - 2.0**-53, 1e15),
            (1.0 - 2.0**-45, 4.3e-127)]


def points(theta):
    p, r = theta
    mean = (1.0 - p) / p * r
    sd = math.sqrt(mean) / math.sqrt(p)
    found = [0.0, 1.0, 2.0, 20.0, 1e4, 1e15, 1e300]
    found += [mean + k * sd for k in (-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 40.0)]
    found += [mean * f for f in (1e-3, 0.5, 2.0)]
    return counts([*(x // 1.0 for x in found if x >= 0.0), 2.5, -1.0])


def parts(theta):
    """log p, log(1 - p) and (1 - p) / p."""
    p = mp.mpf(theta[0])
    with mp.workdps(mp.mp.dps + 310):
        return mp.log(p), mp.log1p(-p), (1 - p) / p


def log_coefficient(x, r):
    """log C(x + r - 1, x), whose log-gammas may be 10^300 times larger than it."""
    size = abs(math.log10(r)) + math.log10(max(x, 1.0))
    with mp.workdps(mp.mp.dps + 50 + math.ceil(size)):
        x, r = mp.mpf(x), mp.mpf(r)
        return mp.loggamma(x + r) - mp.loggamma(x + 1) - mp.loggamma(r)


def log_density(theta, x):
    p, r = theta
    if not is_count(x):
        return NEVER
    if p == 1.0:
        return SURE if x == 0.0 else NEVER
    log_p, log_q, _ = parts(theta)
    with mp.workdps(100):
        value, largest = with_terms(log_coefficient(x, r), mp.mpf(r) * log_p, mp.mpf(x) * log_q)
    return +value, +largest


def log_partition(theta):
    return with_terms(-mp.mpf(theta[1]) * mp.log(mp.mpf(theta[0])))


def entropy(theta):
    """The sum where it is short, else E log h from the transform (p / (1 - q exp(-t)))^r."""
    if theta[0] == 1.0:
        return SURE
    r = mp.mpf(theta[1])
    log_p, log_q, odds = parts(theta)
    last = last_of_sum(theta)
    if last:
        log_h = [mp.mpf(0)]
        for x in range(last):
            log_h.append(log_h[-1] + mp.log((x + r) / (x + 1)))
        log_zero = r * log_p
        value = sum_of_entropy(lambda x: log_h[x] + log_zero + x * log_q, 0, last)
        return value, max(value, abs(log_zero))
    with mp.workdps(120):
        log_p, log_q, odds = parts(theta)
        mean = r * odds

        def term(t):
            one_less = -mp.expm1(-r * mp.log1p(-odds * mp.expm1(-t)))
            return mp.exp(-t) * mp.expm1((1 - r) * t) * one_less / mp.expm1(-t)

        smallest = mp.mpf(10) ** -80 / ((mean + 1) * (r + 1))
        mean_log_h = log_scale_integral(term, smallest, 80, min(r, 1))
        terms = -mean_log_h, -r * log_p, -mean * log_q
        value = mp.fsum(terms)
    return +value, max(abs(t) for t in terms)


def last_of_sum(theta):
    """How far the sum must go for 10^-55 of what it leaves, 0 where that is too far."""
    p, r = theta
    mean, rate = (1.0 - p) / p * r, -math.log1p(-p)
    reach = mean + 20.0 * math.sqrt(mean / p) + (140.0 + max(r, 1.0)) / rate
    return math.ceil(reach) + 10 if reach < 3000.0 else 0


def valid(theta):
    return 0.0 < theta[0] <= 1.0


def kl(p, q):
    """Members of the same number of successes."""
    if not valid(q) or p[1] != q[1]:
        return NO_MEMBER
    r = mp.mpf(p[1])
    if p[0] == 1.0:
        return with_terms(-r * mp.log(mp.mpf(q[0])))
    if q[0] == 1.0:
        return mp.inf, mp.mpf(0)
    with mp.workdps(400):
        (log_a, log_not_a, mean), (log_b, log_not_b, _) = parts(p), parts(q)
        value = r * (log_a - log_b + mean * (log_not_a - log_not_b))
    return divergence(value)
