"""GeneralizedInverseGaussian(p, a, b): exact values.

With x = sqrt(b / a) exp(t) and w = sqrt(a b) the density of t is exp(p t - w cosh t) / (2 K_p(w)).
The trapezoidal rule in t converges faster than any power, so it gives the Bessel function, its
derivative in the order (the mean of t) and the means of exp(t) and exp(-t) to any number of digits.
"""

from __future__ import annotations

import functools
import math

import mpmath as mp
from exact_tools import NEVER, divergence, with_terms

TINY = 5e-324
# (w, sqrt(b / a)): from nearly gamma (or its inverse) to nearly normal
SIZES = ((1e-8, 1.0), (1e-2, 40.0), (1.0, 1.0), (30.0, 1e-3), (1e3, 1e8), (1e6, 0.3))
MEMBERS = [(p, w / s, w * s) for p in (0.0, 0.5, -1.5, 30.0, 1e3, -1e3) for w, s in SIZES]
MEMBERS += [(2.5, 1.0, 1e-300), (2.5, 1e-300, 1.0), (-2.5, 1.0, 1e-300), (-2.5, 1e-300, 1.0),
            (0.0, 1e-300, 1e-300), (-0.5, 3.0, 1e-300), (1.0, 1e300, 1e-300), (-0.5, 2.5, 0.4),
            (1e-3, 1e-3, 1.0)]
# where b/m, a m or both are below the doubles, m the mode of x p(x), or m itself is out of them
MEMBERS += [(0.99, 1e-301, 1e-92), (1e-3, TINY, TINY), (-0.3, 1e-310, 1e200), (1.5, 1.0, 1e-300),
            (40.0, 3.0, TINY)]
# a b, or e^t where the density ends, beyond the doubles; a mode beyond them
MEMBERS += [(0.0, TINY, TINY), (1e-3, 1.0, TINY), (1e-3, 1e-200, 1e-300), (-1e-3, 1e-300, 1e-200),
            (0.5, 1e-200, 1e-250), (1.0, 1e-320, 1e-320)]
# narrower than the spacing of doubles, or nearly
MEMBERS += [(-2.0, 1e12, 3e12), (0.7, 1e20, 1e16), (0.3, 6e27, 6e27), (1e60, 1e58, 1e50)]
DIGITS = 110


@functools.cache
def moments(p, a, b):
    """log(2 K_p(w)) and the means of t, exp(t) and exp(-t), to about DIGITS digits."""
    with mp.workdps(DIGITS + 20):
        p, w = mp.mpf(p), mp.sqrt(mp.mpf(a) * mp.mpf(b))
        mode = mp.asinh(p / w)
        peak = p * mode - w * mp.cosh(mode)
        # errors: exp(-2 pi^2 sd^2 / step^2) where nearly normal, exp(-pi^2 / step) for wide tails
        sd = 1 / mp.sqrt(mp.hypot(p, w))
        need = (DIGITS + 10) * mp.log(10)
        step = min(sd * mp.pi * mp.sqrt(2 / need), mp.pi**2 / need) / mp.mpf(1.2)
        sums = [mp.mpf(0)] * 4
        for direction, first in ((1, 0), (-1, 1)):
            i = first
            while True:
                t = mode + direction * i * step
                up = mp.exp(t)
                log_f = p * t - w * (up + 1 / up) / 2 - peak
                if log_f + i * step < -need:  # exp(+-t) grows towards its side
                    break
                f = mp.exp(log_f)
                for j, factor in enumerate((1, t, up, 1 / up)):
                    sums[j] += f * factor
                i += 1
        total = sums[0]
        return peak + mp.log(total * step), *(s / total for s in sums[1:])


def points(theta):
    p, a, b = theta
    w = mp.sqrt(mp.mpf(a) * mp.mpf(b))
    log_mode = float(mp.asinh(p / w)) + 0.5 * (math.log(b) - math.log(a))
    sd = float(1 / mp.sqrt(mp.hypot(p, w)))
    shifts = [-40.0, -3.0, 3.0, 40.0]
    shifts += [k * min(sd, 3.0) for k in (-8.0, -1.0, -1e-3, 0.0, 1.0, 8.0)]
    found = [math.exp(log_mode + t) for t in shifts if abs(log_mode + t) < 700.0]
    found += [0.0, TINY, 1e-300, 1.0, 1e300, -TINY]
    return list(dict.fromkeys(found))


def log_density(theta, x):
    if x <= 0.0:
        return NEVER  # at 0 too: the limit from inside
    log_bessel = moments(*theta)[0]
    p, a, b, x = map(mp.mpf, (*theta, x))
    return with_terms(p * mp.log(a / b) / 2, -log_bessel, (p - 1) * mp.log(x), -a * x / 2,
                      -b / (2 * x))


def log_partition(theta):
    log_bessel = moments(*theta)[0]
    p, a, b = map(mp.mpf, theta)
    return with_terms(log_bessel, p * mp.log(b / a) / 2)


def entropy(theta):
    """log(x) is log(b / a) / 2 + t: of the terms with log(b / a) only half of one remains."""
    log_bessel, mean_t, up, down = moments(*theta)
    with mp.workdps(DIGITS):
        p, a, b = map(mp.mpf, theta)
        value, largest = with_terms(log_bessel, mp.log(b / a) / 2, (1 - p) * mean_t,
                                    mp.sqrt(a * b) * (up + down) / 2)
    return +value, +largest


def kl(p, q):
    with mp.workdps(DIGITS):
        log_bessel_p, mean_t, up, down = moments(*p)
        log_bessel_q = moments(*q)[0]
        (r, a, b), (s, c, d) = [map(mp.mpf, theta) for theta in (p, q)]
        scale = mp.sqrt(b / a)
        mean_log = mean_t + mp.log(scale)
        value = (log_bessel_q - log_bessel_p + (s * mp.log(d / c) - r * mp.log(b / a)) / 2
                 - (s - r) * mean_log + (c - a) * scale * up / 2 + (d - b) * down / scale / 2)
    return divergence(value)
