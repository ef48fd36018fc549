"""What the exact values of Beta and BetaPrime share: grids, log B(a, b), digammas, divergence.

1100 digits hold a + b where one shape is the largest double and the other the smallest, and what
is left where terms of 1e308 cancel.
"""

from __future__ import annotations

import functools
import math

import mpmath as mp
from exact_tools import Value, divergence, with_terms

DIGITS = 1100
TINY, HUGE, BELOW_ONE = 5e-324, 1.7976931348623157e308, 1.0 - 2.0**-53

SHAPES = (1e-300, 1e-3, 0.3, 1.0, 1.5, 7.5, 1e4, 1e8, 1e300)
MEMBERS = [(a, b) for a in SHAPES for b in SHAPES]
MEMBERS += [(1e-40, 1e-49), (1e-49, 1e-40), (2e-308, 1.5e-308), (TINY, TINY), (TINY, HUGE),
            (HUGE, TINY), (HUGE, 1.0), (1.0, HUGE), (8e307, 8e307), (1e-300, 1e-290),
            (1.0 - 2.0**-53, 1.0 + 2.0**-52), (1.0 + 1e-9, 1.0 - 1e-7), (0.99, 1.2), (4.0, 4.0),
            (1e-2, 1e5), (2.0, 5.0), (0.5, 0.5), (1e119, 1e121), (1e-270, 2.0), (3.0, 1e-272),
            (123.456, 3.9), (1e15, 1e15), (3.9, 1e-40), (1e15, 0.3), (1e-300, 1e15), (1e300, 3.9)]
STEPS = ((1e-4, 1e-4), (1e-10, 1e-10), (1e-10, 0.0), (0.0, 1e-10), (1e-10, -1e-10), (0.2, -0.1),
         (-1e-2, 1e-7))


@functools.cache
def log_gamma(z: mp.mpf) -> mp.mpf:
    with mp.workdps(DIGITS):
        return mp.loggamma(z)


@functools.cache
def digamma(z: mp.mpf) -> mp.mpf:
    with mp.workdps(DIGITS):
        return mp.digamma(z)


def with_digits(f):
    """The function at DIGITS digits; its results rounded to the usual ones."""
    @functools.wraps(f)
    def inner(*args):
        with mp.workdps(DIGITS):
            found = f(*args)
        return tuple(+value for value in found)
    return inner


def log_beta(a: mp.mpf, b: mp.mpf) -> mp.mpf:
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


def log_means(a: mp.mpf, b: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """E log x and E log(1 - x)."""
    return digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)


def excess_over_log(ratio: mp.mpf) -> mp.mpf:
    return ratio - 1 - mp.log(ratio)


def terms(a: mp.mpf, b: mp.mpf, x: mp.mpf, y: mp.mpf) -> list[mp.mpf]:
    """Sizes of what cannot be done without for the density at the shares x and y = 1 - x.

    These are Loader's deviances a phi(x/m) and b phi(y/n), both positive, and the logarithms beside
    them: far below (a - 1) log x and log B(a, b), which cancel where the shapes are large.
    """
    s = a + b
    return [a * excess_over_log(x * s / a), b * excess_over_log(y * s / b), mp.log(x), mp.log(y),
            mp.log(a * b / s) / 2]


@with_digits
def log_partition(theta: tuple[float, float]) -> Value:
    a, b = map(mp.mpf, theta)
    s = a + b
    return with_terms(log_beta(a, b))[0], max(a * mp.log(s / a), b * mp.log(s / b), mp.mpf(1))


@with_digits
def kl(p: tuple[float, float], q: tuple[float, float]) -> Value:
    (a, b), (c, d) = map(mp.mpf, p), map(mp.mpf, q)
    log_x, log_y = log_means(a, b)
    value = log_beta(c, d) - log_beta(a, b) + (a - c) * log_x + (b - d) * log_y
    return divergence(value)


def pairs() -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Far pairs, and members near in each direction."""
    found = [(p, MEMBERS[i - k]) for k in (1, 7, 23, 40) for i, p in enumerate(MEMBERS)]
    found += [(p, (p[0] * (1.0 + f), p[1] * (1.0 + g))) for p in MEMBERS for f, g in STEPS]
    return [(p, q) for p, q in found if max(q) <= HUGE]


def shares() -> list[float]:
    """Points of (0, 1) for every member: both ends, next to them, and between."""
    return [TINY, 1e-300, 1e-30, 0.25, 0.5, 1.0 - 1e-12, BELOW_ONE]


def central(theta: tuple[float, float]) -> list[float]:
    """Shares about the mean, in units of it and of the standard deviation."""
    a, b = theta
    scale = max(a, b)
    mean = (a / scale) / (a / scale + b / scale)
    rest = (b / scale) / (a / scale + b / scale)
    sd = math.sqrt(mean) * math.sqrt(rest) / math.sqrt(a + b + 1.0)
    found = [mean, math.nextafter(mean, 0.0), mean * (1.0 + 1e-9)]
    found += [mean * f for f in (1e-20, 0.1, 0.9, 2.0)]
    found += [mean + k * sd for k in (-30.0, -1.0, 6.0)]
    return found
