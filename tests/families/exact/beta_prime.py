"""BetaPrime: exact values."""

from __future__ import annotations

import exact_beta_tools as tools
import mpmath as mp
from exact_beta_tools import HUGE, MEMBERS, TINY, kl, log_partition, pairs
from exact_tools import NEVER, with_terms

__all__ = ["MEMBERS", "entropy", "kl", "log_density", "log_partition", "pairs", "points"]


def points(theta):
    """The odds of Beta's shares, and what is beyond them."""
    shares = [x for x in tools.shares() + tools.central(theta) if 0.0 < x < 1.0]
    found = [x / (1.0 - x) for x in shares]
    a, b = theta
    if 0.0 < a / b < 1e308:
        found += [a / b, a / b * (1.0 + 1e-9)]
    found += [TINY, 1e20, 1e150, 1e300, HUGE]
    return [0.0, *(x for x in found if 0.0 < x <= HUGE)]


@tools.with_digits
def log_density(theta, x):
    a, b, x = map(mp.mpf, (*theta, x))
    if x == 0:
        return with_terms(mp.log(b)) if a == 1 else (mp.inf if a < 1 else NEVER[0], mp.mpf(0))
    value = (a - 1) * mp.log(x) - (a + b) * mp.log1p(x) - tools.log_beta(a, b)
    return value, with_terms(*tools.terms(a, b, x / (1 + x), 1 / (1 + x)))[1]


@tools.with_digits
def entropy(theta):
    """That of the share and the mean logarithm of the Jacobian."""
    a, b = map(mp.mpf, theta)
    log_x, log_y = tools.log_means(a, b)
    share = tools.log_beta(a, b) - (a - 1) * log_x - (b - 1) * log_y
    return with_terms(share, -2 * log_y)
