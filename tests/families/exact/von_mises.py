"""VonMises(loc, concentration): exact values, with loc in [-pi, pi).

The sum that defines the log-density is -2 concentration sin^2((x - loc) / 2) less log of 2 pi and
of the scaled Bessel function exp(-concentration) I0(concentration), which is as small as the
log-density is; the form with the cosine cancels. Where x - loc is beyond half a turn, what an ulp
of that difference changes counts as a term too.
"""

from __future__ import annotations

import math

import mpmath as mp
from exact_tools import NO_MEMBER, SURE, divergence, with_terms

BELOW_PI = 3.141592653589793  # the double nearest to pi, which is below it
MEMBERS = [(loc, k) for loc in (0.0, 0.7, -BELOW_PI)
           for k in (0.0, 1e-300, 1e-8, 0.1, 1.0, 3.7, 12.0, 100.0, 800.0, 1e5, 1e8, 1e12, 1e15)]
MEMBERS += [(-2.0, 50.0), (BELOW_PI, 5.0), (1e-300, 1e300), (1.5, 700.0), (1.5, 715.0), (0.3, 7.75)]


def points(theta):
    loc, k = theta
    sd = min(1.0 / math.sqrt(k), 1.0) if k else 1.0
    found = [0.0, -0.0, 1e-300, BELOW_PI, -BELOW_PI, math.pi / 2.0, 1.0, -2.5, loc]
    found += [loc + z * sd for z in (-9.0, -1.0, -1e-3, 1.0, 3.0)]
    found += [2.0 * math.pi, 4.0 * math.pi, -4.0 * math.pi, 100.0, -1e6]
    return list(dict.fromkeys(found))


def log_bessel(order, k, digits=0):
    """log(exp(-k) I_order(k))."""
    k = mp.mpf(k)
    with mp.workdps(mp.mp.dps + 10 + digits + math.ceil(mp.log10(k + 1))):
        return mp.log(mp.besseli(order, k)) - k


def log_density(theta, x):
    loc, k = map(mp.mpf, theta)
    with mp.workdps(90):
        half = (mp.mpf(x) - loc) / 2
        terms = -2 * k * mp.sin(half) ** 2, -mp.log(2 * mp.pi), -log_bessel(0, k)
        largest = max(abs(t) for t in terms)
        if abs(half) > mp.pi / 2:
            largest = max(largest, k * abs(mp.sin(2 * half) * 2 * half))
        value = mp.fsum(terms)
    return +value, +largest


def log_partition(theta):
    k = mp.mpf(theta[1])
    with mp.workdps(mp.mp.dps + 20):
        value = mp.log(mp.besseli(0, k))
    return with_terms(+value)


def mean_length(k):
    """I1 / I0 and its complement to 1."""
    ratio = mp.besseli(1, k) / mp.besseli(0, k)
    return ratio, 1 - ratio


def entropy(theta):
    k = mp.mpf(theta[1])
    with mp.workdps(mp.mp.dps + 20 + 2 * math.ceil(mp.log10(k + 1))):
        value, largest = with_terms(mp.log(2 * mp.pi), log_bessel(0, k), k * mean_length(k)[1])
    return +value, +largest


def valid(theta):
    """A loc beyond the circle would be reduced, and rounded, first."""
    return abs(theta[0]) <= BELOW_PI


def kl(p, q):
    if not valid(q):
        return NO_MEMBER
    if p[1] == q[1] == 0.0:
        return SURE
    size = max(abs(math.log10(k)) for k in (p[1], q[1]) if k)
    with mp.workdps(mp.mp.dps + 80 + 4 * math.ceil(size)):
        (loc_a, a), (loc_b, b) = [map(mp.mpf, theta) for theta in (p, q)]
        ratio = mean_length(a)[0]
        value = (log_bessel(0, b) - log_bessel(0, a) + (b - a) * (1 - ratio)
                 + 2 * b * ratio * mp.sin((loc_a - loc_b) / 2) ** 2)
    return divergence(value)
