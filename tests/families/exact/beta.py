"""Beta: exact values."""

from __future__ import annotations

import exact_beta_tools as tools
import mpmath as mp
from exact_beta_tools import MEMBERS, kl, log_partition, pairs
from exact_tools import NEVER, with_terms

__all__ = ["MEMBERS", "entropy", "kl", "log_density", "log_partition", "pairs", "points"]


def points(theta):
    found = [x for x in tools.shares() + tools.central(theta) if 0.0 < x < 1.0]
    return [0.0, *found, 1.0]


def at_end(shape, other):
    """The limit at 0, or at 1 with the shapes exchanged."""
    if shape == 1:
        return with_terms(mp.log(other))
    return NEVER if shape > 1 else (mp.inf, mp.mpf(0))


@tools.with_digits
def log_density(theta, x):
    a, b, x = map(mp.mpf, (*theta, x))
    y = 1 - x
    if x == 0:
        return at_end(a, b)
    if y == 0:
        return at_end(b, a)
    value = (a - 1) * mp.log(x) + (b - 1) * mp.log(y) - tools.log_beta(a, b)
    return value, with_terms(*tools.terms(a, b, x, y))[1]


@tools.with_digits
def entropy(theta):
    a, b = map(mp.mpf, theta)
    log_x, log_y = tools.log_means(a, b)
    return with_terms(tools.log_beta(a, b) - (a - 1) * log_x - (b - 1) * log_y)
