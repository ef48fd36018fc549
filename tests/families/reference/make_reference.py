"""Writes NAME_log_density.csv and NAME_algebra.csv beside it: exact values with mpmath, 50 digits.

Each value is evaluated at the double that stands in the file (as a hexadecimal float) and stored
with 25 digits, beside the largest term of the sum that defines it in the usual parameters. What
rounding in any sensible route can do is a few units of the last place of that term.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp

mp.mp.dps = 50
HERE = Path(__file__).parent
TINY = 5e-324
HUGE = 1.7976931348623157e308


def m(x: float) -> mp.mpf:
    return mp.mpf(x)


def with_terms(*terms: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """The sum and its largest term in absolute value."""
    return mp.fsum(terms), max(abs(t) for t in terms)


def normal_log_density(theta, x):
    loc, scale = map(m, theta)
    z = (m(x) - loc) / scale
    return with_terms(-z * z / 2, -mp.log(scale), -mp.log(2 * mp.pi) / 2)


def normal_log_partition(theta):
    loc, scale = map(m, theta)
    return with_terms((loc / scale) ** 2 / 2, mp.log(scale))


def normal_entropy(theta):
    return with_terms(mp.log(m(theta[1])), (mp.log(2 * mp.pi) + 1) / 2)


def normal_kl(p, q):
    (a, s), (b, t) = map(m, p), map(m, q)
    return with_terms(((a - b) / t) ** 2 / 2 + ((s / t) ** 2 - 1) / 2 - mp.log(s / t))


def gamma_log_density(theta, x):
    a, b = map(m, theta)
    x = m(x)
    return with_terms(a * mp.log(b), -mp.loggamma(a), (a - 1) * mp.log(x), -b * x)


def gamma_log_partition(theta):
    a, b = map(m, theta)
    return with_terms(mp.loggamma(a), -a * mp.log(b))


def gamma_entropy(theta):
    a, b = map(m, theta)
    with mp.workdps(120):
        value = a - mp.log(b) + mp.loggamma(a) + (1 - a) * mp.digamma(a)
    return +value, max(abs(mp.log(b)), abs(value), mp.mpf(1))


def gamma_kl(p, q):
    (a, b), (c, d) = map(m, p), map(m, q)
    with mp.workdps(120):
        value = ((a - c) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(c)
                 + c * mp.log(b / d) + a * (d / b - 1))
    return with_terms(+value)


def poisson_log_density(theta, x):
    rate, x = m(theta[0]), m(x)
    if rate == 0:
        return (mp.mpf(0), mp.mpf(0)) if x == 0 else (mp.mpf("-inf"), mp.mpf(0))
    with mp.workdps(90):
        terms = x * mp.log(rate), -rate, -mp.loggamma(x + 1)
        return +mp.fsum(terms), max(abs(t) for t in terms)


def poisson_log_partition(theta):
    return with_terms(m(theta[0]))


def poisson_entropy(theta):
    rate = m(theta[0])
    if rate == 0:
        return mp.mpf(0), mp.mpf(0)
    if rate > 2000:
        r = 1 / rate  # Evans and Boersma (1988)
        return with_terms(mp.log(2 * mp.pi * mp.e * rate) / 2 - r / 12 - r**2 / 24
                          - 19 * r**3 / 360 - 9 * r**4 / 80 - 863 * r**5 / 2520)
    top = int(rate + 40 * mp.sqrt(rate) + 60)
    total = mp.mpf(0)
    log_p = -rate
    for x in range(top):
        if x:
            log_p += mp.log(rate / x)
        total -= mp.exp(log_p) * log_p
    return with_terms(total)


def poisson_kl(p, q):
    a, b = m(p[0]), m(q[0])
    if a == 0:
        return with_terms(b)
    if b == 0:
        return mp.inf, mp.mpf(0)
    with mp.workdps(90):
        value = a * mp.log(a / b) - a + b
    return with_terms(+value)


NORMAL = [(0.0, 1.0), (3.25, 0.5), (-1e3, 7.0), (1e15, 1.0), (0.0, 1e-308), (0.0, 1e308),
          (1e-300, 1e-300), (-1e300, 1e290), (1e9, 1e-3), (0.0, 1e-150), (0.0, 1e150),
          (0.0, TINY * 2**20), (HUGE, 1e300), (5.0, 1e-10)]
NORMAL_Z = (0.0, 1e-8, 0.5, -1.0, 3.0, -10.0, 40.0, 1e8)

SHAPES = (1e-8, 1e-3, 0.1, 0.5, 1.0, 1.0 + 2**-52, 1.5, 2.5, 10.0, 123.456, 1e4, 1e8, 1e12)
RATES = (1e-300, 1e-5, 1.0, 3.7, 1e8, 1e300)
GAMMA = [(a, b) for a in SHAPES for b in RATES]

POISSON = [(r,) for r in (0.0, 1e-300, 1e-20, 1e-3, 0.5, 1.0, 3.25, 10.0, 100.5, 1000.0, 1000.5,
                          14999.5, 15000.5, 1e6, 1e8, 1e12, 1e15, 1e18)]


def normal_points(theta):
    loc, scale = theta
    found = [loc + z * scale for z in NORMAL_Z] + [0.0, TINY, -1e-300]
    found += [math.nextafter(loc, math.inf)]
    return [x for x in found if math.isfinite(x) and abs(x - loc) / scale < 1e150]


def gamma_points(theta):
    a, b = theta
    mean = a / b
    sd = math.sqrt(a) / b
    found = [mean * f for f in (1e-30, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0, 1e6)]
    found += [mean + k * sd for k in (-6.0, -1.0, 1.0, 6.0)] + [TINY, 1e-300, 1.0, 1e-30]
    found += [math.nextafter(mean, 0.0), mean * (1.0 + 1e-9)]
    return [x for x in found if 0.0 < x < math.inf and b * x < 1e300]


def poisson_points(theta):
    rate = theta[0]
    sd = math.sqrt(rate)
    found = [0.0, 1.0, 2.0, 3.0, 20.0, 1e4, 1e15, 2.0**53]
    found += [math.floor(rate + k * sd) for k in (-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 40.0)]
    found += [math.floor(rate * f) for f in (0.1, 0.5, 2.0, 100.0)]
    return [float(x) for x in found if x >= 0.0]


FAMILIES = {
    "normal": (NORMAL, normal_points, normal_log_density, normal_log_partition, normal_entropy,
               normal_kl),
    "gamma": (GAMMA, gamma_points, gamma_log_density, gamma_log_partition, gamma_entropy,
              gamma_kl),
    "poisson": (POISSON, poisson_points, poisson_log_density, poisson_log_partition,
                poisson_entropy, poisson_kl),
}


def near(theta, step):
    """A member whose last parameter (and first, if it is positive) is off by a relative step."""
    return tuple(t * (1.0 + step) for t in theta)


def pairs(members):
    """Neighbours in the grid, far pairs, and members close together."""
    found = [(p, q) for p, q in zip(members, members[1:] + members[:1], strict=True)]
    found += [(p, q) for p, q in zip(members, members[7:] + members[:7], strict=True)]
    found += [(p, near(p, s)) for p in members for s in (1e-4, 1e-10)]
    return [(p, q) for p, q in found if all(map(math.isfinite, q))]


def text(x: mp.mpf) -> str:
    return mp.nstr(x, 25)


def main() -> None:
    for name, (members, points, log_density, log_partition, entropy, kl) in FAMILIES.items():
        with (HERE / f"{name}_log_density.csv").open("w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["theta", "x", "value", "largest"])
            for theta in members:
                for x in dict.fromkeys(points(theta)):
                    value, largest = log_density(theta, x)
                    out.writerow([" ".join(t.hex() for t in theta), x.hex(), text(value),
                                  text(largest)])
        with (HERE / f"{name}_algebra.csv").open("w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["what", "theta", "other", "value", "largest"])
            for what, function in (("log_partition", log_partition), ("entropy", entropy)):
                for theta in members:
                    value, largest = function(theta)
                    out.writerow([what, " ".join(t.hex() for t in theta), "", text(value),
                                  text(largest)])
            for p, q in pairs(members):
                value, largest = kl(p, q)
                if value < mp.mpf("1e308") or value == mp.inf:
                    out.writerow(["kl", " ".join(t.hex() for t in p),
                                  " ".join(t.hex() for t in q), text(value), text(largest)])


if __name__ == "__main__":
    main()
