"""Logarithmic(probability): exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import (
    NEVER,
    NO_MEMBER,
    counts,
    divergence,
    is_count,
    log_scale_integral,
    sum_of_entropy,
    with_terms,
)

MEMBERS = [(q,) for q in (1e-300, 1e-100, 1e-15, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.75, 0.9, 0.99, 0.999,
                          1.0 - 1e-6, 1.0 - 1e-10, 1.0 - 1e-13, 1.0 - 1e-16)]


def points(theta):
    q = theta[0]
    mean = q / (1.0 - q) / -math.log1p(-q)
    found = [1.0, 2.0, 3.0, 5.0, 20.0, 1e3, 1e6, 1e15, 1e300]
    found += [mean * f for f in (0.01, 0.3, 1.0, 3.0, 20.0, 200.0)]
    return counts([*(x // 1.0 for x in found if x >= 1.0), 0.0, -1.0, 1.5])


def digits_for(*thetas):
    """The mean less 1 is half the probability where that is small, and is to keep its digits."""
    return mp.mp.dps + 40 + 2 * math.ceil(max(-math.log10(q) for q, in thetas))


def parts(theta):
    """log q, log(-log(1 - q)) and the mean."""
    q = mp.mpf(theta[0])
    rate = -mp.log1p(-q)
    return mp.log(q), mp.log(rate), q / ((1 - q) * rate)


def log_density(theta, x):
    if not is_count(x) or x < 1.0:
        return NEVER
    with mp.workdps(digits_for(theta)):
        log_q, log_rate, _ = parts(theta)
        value, largest = with_terms(x * log_q, -mp.log(mp.mpf(x)), -log_rate)
    return +value, +largest


def log_partition(theta):
    with mp.workdps(digits_for(theta)):
        value = parts(theta)[1]
    return with_terms(+value)


def entropy(theta):
    """The sum where it is short, else E log x from log(1 - q exp(-t)) / log(1 - q)."""
    q = theta[0]
    with mp.workdps(digits_for(theta) + 30):
        log_q, log_rate, mean = parts(theta)
        if q < 0.95:
            last = math.ceil(min(130.0 / -math.log(q), 3000.0)) + 5
            value = sum_of_entropy(lambda x: x * log_q - mp.log(x) - log_rate, 1, last)
            return with_terms(+value)
        exact_q, rate = mp.mpf(q), mp.exp(log_rate)

        def term(t):
            """exp(-t) - E exp(-t x)."""
            return mp.exp(-t) + mp.log1p(-exact_q * mp.exp(-t)) / rate

        smallest = mp.mpf(10) ** -80 * (1 - exact_q)
        mean_log = log_scale_integral(term, smallest, 80)
        terms = -mean * log_q, mean_log, log_rate
        return with_terms(*terms)


def valid(theta):
    return 0.0 < theta[0] < 1.0


def kl(p, q):
    if not valid(q):
        return NO_MEMBER
    with mp.workdps(digits_for(p, q) * 2):
        (log_a, rate_a, mean), (log_b, rate_b, _) = parts(p), parts(q)
        value = rate_b - rate_a + (log_a - log_b) * mean
    return divergence(value)
