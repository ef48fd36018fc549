"""ZeroTruncatedPoisson(rate): exact values."""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import (
    NEVER,
    counts,
    divergence,
    expected_log_factorial,
    is_count,
    sum_of_entropy,
    with_terms,
)

MEMBERS = [(r,) for r in (1e-300, 1e-100, 1e-15, 1e-8, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.25, 10.0, 35.0,
                          100.5, 699.0, 750.0, 1000.5, 15000.5, 1e6, 1e8, 1e12, 1e15)]


def points(theta):
    rate = theta[0]
    sd = math.sqrt(rate)
    found = [1.0, 2.0, 3.0, 20.0, 1e4, 1e15, 2.0**53, 1e300]
    found += [rate + k * sd for k in (-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 40.0)]
    found += [rate * f for f in (0.1, 0.5, 2.0, 100.0)]
    return counts([*(x // 1.0 for x in found if x >= 1.0), 0.0, -1.0, 1.5])


def digits_for(*rates):
    """The mean less 1 is half the rate where that is small, and is to keep its digits."""
    return mp.mp.dps + 40 + 3 * math.ceil(max(abs(math.log10(rate)) for rate in rates))


def log_density(theta, x):
    if not is_count(x) or x < 1.0:
        return NEVER
    with mp.workdps(digits_for(theta[0])):
        rate = mp.mpf(theta[0])
        value, largest = with_terms(x * mp.log(rate), -mp.log(mp.expm1(rate)),
                                    -mp.loggamma(mp.mpf(x) + 1))
    return +value, +largest


def log_partition(theta):
    with mp.workdps(digits_for(theta[0])):
        value = mp.log(mp.expm1(mp.mpf(theta[0])))
    return with_terms(+value)


def mean_of(rate):
    return rate / -mp.expm1(-rate)


def entropy(theta):
    """The sum where it is short, else E log x! from the transform of the Poisson distribution."""
    rate = theta[0]
    if rate < 2000.0:
        last = math.ceil(rate + 22.0 * math.sqrt(rate) + 70.0)
        with mp.workdps(digits_for(rate)):
            log_masses = [log_density(theta, 1.0)[0]]
            for x in range(2, last + 1):
                log_masses.append(log_masses[-1] + mp.log(mp.mpf(rate) / x))
            value = sum_of_entropy(lambda x: log_masses[x - 1], 1, last)
        return with_terms(+value)
    with mp.workdps(120):
        rate = mp.mpf(rate)

        def one_less(t):
            """(1 - exp(rate (exp(-t) - 1))) / (1 - exp(-rate)): Poisson less its zeros."""
            return mp.expm1(rate * mp.expm1(-t)) / mp.expm1(-rate)

        log_factorial = expected_log_factorial(mean_of(rate), one_less, rate * rate, 80)
        terms = log_factorial, -mean_of(rate) * mp.log(rate), mp.log(mp.expm1(rate))
        value = mp.fsum(terms)
    return with_terms(+value)


def kl(p, q):
    with mp.workdps(2 * digits_for(p[0], q[0])):
        a, b = mp.mpf(p[0]), mp.mpf(q[0])
        value = mp.log(mp.expm1(b)) - mp.log(mp.expm1(a)) - mp.log(b / a) * mean_of(a)
    return divergence(value)
