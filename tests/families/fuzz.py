"""Random members over the whole range of doubles against the exact formulas, for developers.

    python fuzz.py [--seed N] [--members N] [NAME ...]      by default all families below

Parameters are log-uniform, half of them between the smallest and the largest double; so are
points, some of which are draws. Each line printed is a value that is NaN, of the wrong infinity,
or off by more than 1e-12: of itself; for log-densities, log-partitions and entropies of 1 at
least; for scores of their standard deviation times the length of the standard score at least; for
parameters gone back to from coordinates beyond what some ulps of these make. Scores, means and
informations come from the exact log-density and log-partition by differences at many digits. A
line is no verdict: numbers have limits, and so have exact formulas.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
from mpmath import exp, expm1, log, log1p, pi, sqrt, zeta

sys.path.insert(0, str(Path(__file__).parent))
from members import load

import klfast as kf

HUGE, TINY, EPS = sys.float_info.max, 5e-324, 2.0**-52
usual_workdps = mp.workdps
mp.workdps = lambda digits: usual_workdps(max(digits, mp.mp.dps))  # exact formulas set a few


def power(rng, low=-1074.0, high=1024.0):
    """Two to a uniform exponent, of a narrower range half of the time."""
    if rng.random() < 0.5:
        low, high = max(low, -40.0), min(high, 40.0)
    exponent = rng.uniform(low, high)
    return min(max(2.0 ** (0.5 * exponent) * 2.0 ** (0.5 * exponent), TINY), HUGE)


def real(rng):
    return float(rng.choice([-1.0, 1.0])) * power(rng) if rng.random() < 0.9 else 0.0


def share(rng):
    """In (0, 1), near either end."""
    return power(rng, -1074.0, -1.0) if rng.random() < 0.5 else 1.0 - power(rng, -53.0, -1.0)


def above_one(rng):
    return 1.0 + power(rng, -52.0)


def from_half(rng):
    return power(rng, -1.0)


def count(rng):
    return math.floor(power(rng, 0.0))


def logit(p):
    return log(p) - log1p(-p)


def gamma_ratio(a, b):
    """Gamma(a)/Gamma(b)."""
    return exp(mp.loggamma(a) - mp.loggamma(b))


def zeta_tail(s):
    """zeta(s) - 1, to its own digits."""
    if s > 300:
        return mp.fsum(mp.mpf(k) ** -s for k in range(2, 10))
    return zeta(s) - 1


def zipf_moments(s):
    own, first = zeta_tail(s), zeta_tail(s - 1) if s > 2 else mp.inf
    mean = (first - own) / (1 + own)
    square = (zeta_tail(s - 2) - 2 * first + own) / (1 + own) if s > 3 else mp.inf
    return 1 + mean, square - mean**2 if s > 3 else mp.inf


def zero_truncated_moments(r):
    mean = r / -expm1(-r)
    return mean, mean * (1 + r - mean)


def logarithmic_moments(p):
    rate = -log1p(-p)
    return p / ((1 - p) * rate), p * (rate - p) / ((1 - p) * rate) ** 2


def chi_moments(k):
    mean = sqrt(2) * gamma_ratio((k + 1) / 2, k / 2)
    return mean, k - mean**2


def nakagami_moments(w, k):
    mean = gamma_ratio(k + mp.mpf("0.5"), k) * sqrt(w / k)
    return mean, w - mean**2


def weibull_moments(s, k):
    first, second = (exp(mp.loggamma(1 + i / k)) for i in (1, 2))
    return s * first, s**2 * (second - first**2)


def pareto_moments(a, m):
    return (a * m / (a - 1) if a > 1 else mp.inf,
            m**2 * a / ((a - 1) ** 2 * (a - 2)) if a > 2 else mp.inf)


def inverse_gamma_moments(a, b):
    return (b / (a - 1) if a > 1 else mp.inf,
            b**2 / ((a - 1) ** 2 * (a - 2)) if a > 2 else mp.inf)


def beta_prime_moments(a, b):
    return (a / (b - 1) if b > 1 else mp.inf,
            a * (a + b - 1) / ((b - 2) * (b - 1) ** 2) if b > 2 else mp.inf)


def unit_moments(size):
    """Of the continuous Bernoulli family."""
    if not size:
        return mp.mpf(1) / 2, mp.mpf(1) / 12
    return (-1 / expm1(-size) - 1 / size,
            1 / size**2 - 1 / (4 * mp.sinh(size / 2) ** 2))


@dataclass
class Case:
    """Random parameters; natural and unconstrained coordinates, mean and variance of them."""

    draws: list[Callable[[Any], float]]
    natural: Callable[..., Any]
    unconstrained: Callable[..., Any]
    moments: Callable[..., Any]
    low: float = 0.0  # of the support
    high: float = HUGE
    digits: int = 1200
    entropy: bool = True  # whether the exact one is quick, and holds everywhere


def quadratic(s, *_):
    return -1 / (2 * s**2)


def logs(*theta):
    return [log(t) for t in theta]


CASES = {
    "Normal": Case([real, power], lambda m, s: [m / s**2, quadratic(s)],
                   lambda m, s: [m, log(s)], lambda m, s: (m, s**2), -HUGE),
    "HalfNormal": Case([power], lambda s: [quadratic(s)], logs,
                       lambda s: (s * sqrt(2 / pi), s**2 * (1 - 2 / pi))),
    "Exponential": Case([power], lambda r: [-r], logs, lambda r: (1 / r, 1 / r**2)),
    "Gamma": Case([power, power], lambda a, b: [a - 1, -b], logs, lambda a, b: (a / b, a / b**2),
                  digits=1100),
    "InverseGamma": Case([power, power], lambda a, b: [-a - 1, -b], logs, inverse_gamma_moments,
                         digits=1100),
    "ChiSquare": Case([power], lambda k: [k / 2 - 1], logs, lambda k: (k, 2 * k), digits=1200),
    "Chi": Case([power], lambda k: [k / 2 - 1], logs, chi_moments, digits=1200),
    "Beta": Case([power, power], lambda a, b: [a - 1, b - 1], logs,
                 lambda a, b: (a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))), 0.0, 1.0, 1500),
    "BetaPrime": Case([power, power], lambda a, b: [a - 1, -a - b], logs, beta_prime_moments,
                      digits=1500),
    "Laplace": Case([power, real], lambda s, _: [-1 / s], lambda s, _: [log(s)],
                    lambda s, m: (m, 2 * s**2), -HUGE),
    "Weibull": Case([power, power], lambda s, k: [-(s**-k)], lambda s, _: [log(s)],
                    weibull_moments, digits=1200),
    "Pareto": Case([power, power], lambda a, _: [-a - 1], lambda a, _: [log(a)], pareto_moments),
    "Rayleigh": Case([power], lambda s: [quadratic(s)], logs,
                     lambda s: (s * sqrt(pi / 2), s**2 * (2 - pi / 2))),
    "Maxwell": Case([power], lambda s: [quadratic(s)], logs,
                    lambda s: (2 * s * sqrt(2 / pi), s**2 * (3 - 8 / pi))),
    "Nakagami": Case([power, from_half], lambda w, m: [-m / w], lambda w, _: [log(w)],
                     nakagami_moments, digits=1200),
    "Gumbel": Case([real, power], lambda u, b: [exp(u / b)], lambda u, _: [u],
                   lambda u, b: (u + mp.euler * b, (pi * b) ** 2 / 6), -HUGE),
    "InverseGaussian": Case([power, power], lambda m, s: [-s / (2 * m**2), -s / 2], logs,
                            lambda m, s: (m, m**3 / s)),
    "ContinuousBernoulli": Case([real], lambda t: [t], lambda t: [t], unit_moments, 0.0, 1.0, 1700),
    "Bernoulli": Case([share], lambda p: [logit(p)], lambda p: [logit(p)],
                      lambda p: (p, p * (1 - p)), 0.0, 1.0),
    "Binomial": Case([share, count], lambda p, _: [logit(p)], lambda p, _: [logit(p)],
                     lambda p, n: (n * p, n * p * (1 - p)), entropy=False),
    "Geometric": Case([share], lambda p: [log1p(-p)], lambda p: [logit(p)],
                      lambda p: ((1 - p) / p, (1 - p) / p**2)),
    "NegativeBinomial": Case([share, power], lambda p, _: [log1p(-p)], lambda p, _: [logit(p)],
                             lambda p, r: (r * (1 - p) / p, r * (1 - p) / p**2), entropy=False),
    "Poisson": Case([power], logs, logs, lambda r: (r, r), entropy=False),
    "ZeroTruncatedPoisson": Case([power], logs, logs, zero_truncated_moments, 1.0, entropy=False),
    "Logarithmic": Case([share], logs, lambda p: [logit(p)], logarithmic_moments, 1.0,
                        entropy=False),
    "Zipf": Case([above_one], lambda s: [-s], lambda s: [log(expm1(s - 1))], zipf_moments, 1.0,
                 digits=100),
}


# ---- Comparison ----

def off(found, exact, least=0.0, allowed=0.0):
    """The error in units of 1e-12 of the exact value or of `least`, beyond `allowed`."""
    exact = mp.mpf(exact)
    if mp.isnan(exact):
        return 0.0
    if math.isnan(found):
        return math.inf
    if abs(exact) > mp.mpf(HUGE) * (1 - mp.mpf("1e-12")):
        near = abs(found) > 0.999999 * HUGE and (found > 0) == (exact > 0)
        return 0.0 if near else math.inf
    if math.isinf(found):
        return math.inf
    error = abs(mp.mpf(found) - exact) - allowed - 4 * mp.mpf(TINY)
    return max(0.0, float(error / (mp.mpf("1e-12") * max(abs(exact), mp.mpf(least), TINY))))


def slopes(f, theta, units):
    """Rows of derivatives of f, a list, by the fitted parameters."""
    columns = []
    for i, unit in enumerate(units):
        step = unit * mp.mpf(10) ** (-mp.mp.dps // 3)
        ends = [f(*theta[:i], theta[i] + s * step, *theta[i + 1:]) for s in (1, -1)]
        columns.append([(a - b) / (2 * step) for a, b in zip(*ends, strict=True)])
    return mp.matrix(columns).T


def inverse(a):
    """Of a 1 by 1 or 2 by 2 matrix, however small or large its entries; NaN if it has none."""
    if a.rows == 1:
        return mp.matrix([[1 / a[0] if a[0] else mp.nan]])
    det = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    adjugate = mp.matrix([[a[1, 1], -a[0, 1]], [-a[1, 0], a[0, 0]]])
    return adjugate / det if det else adjugate * mp.nan


class Fuzz:
    """One family's comparisons."""

    def __init__(self, name, rng):
        self.name, self.rng, self.case = name, rng, CASES[name]
        self.cls = kf.families[name]
        self.exact = load("exact", self.cls._family)
        self.fitted = len(self.case.draws) - len(self.cls._fixed_names())

    def report(self, error, what, found, exact):
        if not error <= 1.0:
            print(f"{self.name} {error:9.2g} {what}: {found!r}, exactly {mp.nstr(exact, 18)}",
                  flush=True)

    def points(self, p):
        low, high = self.case.low, self.case.high
        mean = float(np.clip(np.nan_to_num(p.mean(), nan=1.0), -HUGE, HUGE))
        sd = float(np.sqrt(np.nan_to_num(p.variance(), nan=0.0)))
        found = [power(self.rng) for _ in range(3)]
        found += p.sample(3, rng=int(self.rng.integers(1 << 30)), out=np.empty(3)).tolist()
        found += [mean, mean * (1 + EPS), mean + sd, mean - 0.3 * sd, low, min(high, 1e300)]
        if low < 0.0:
            found += [-x for x in found[:3]]
        if high == 1.0 and not p.is_integer:
            found += [1.0 - power(self.rng, -53.0, 0.0)]
        if "minimum" in p.fixed:
            low = p.fixed["minimum"]
            found += [low, low * (1 + EPS)]
        if p.is_integer:
            found = [float(x // 1.0) if math.isfinite(x) else HUGE for x in found]
        high = p.fixed.get("trials", high)
        return [float(x) for x in dict.fromkeys(found)
                if low <= x <= high and not (x in (0.0, 1.0) and not p.is_integer)]

    def member(self, theta):
        with usual_workdps(self.case.digits):
            p = self.cls(*theta)
            self.algebra(p, theta)
            self.geometry(p, theta)
            exact = [mp.mpf(t) for t in theta]
            for x in self.points(p):
                self.point(p, theta, exact, x)
        self.entropy_and_kl(p, theta)

    def algebra(self, p, theta):
        exact = [mp.mpf(t) for t in theta]
        found = p.log_partition()
        value = self.exact.log_partition(theta)[0]
        self.report(off(found, value, 1.0), f"{p!r} log_partition", found, value)
        for what, value in zip(("mean", "variance"), self.case.moments(*exact), strict=True):
            found = getattr(p, what)()
            self.report(off(found, value), f"{p!r} {what}", found, value)

    def geometry(self, p, theta):
        """Coordinates, going back from them, informations."""
        case, k = self.case, self.fitted
        exact = [mp.mpf(t) for t in theta]
        tau = exact[:k]
        scale = exact[1] if len(exact) > 1 and case.draws[0] is real else 0
        self.units = [abs(t) + scale or mp.mpf(1) for t in tau]
        self.by_natural = slopes(case.natural, exact, self.units)
        self.by_unconstrained = slopes(case.unconstrained, exact, self.units)

        def mean(*t):
            slope = slopes(lambda *u: [self.exact.log_partition(u)[0]], t, self.units)
            return list(slope * inverse(slopes(case.natural, t, self.units)))

        by_mean = slopes(mean, exact, self.units)
        for kind, values, slope, go_back in (
                ("natural_parameters", case.natural(*exact), self.by_natural, "from_natural"),
                ("mean_parameters", mean(*exact), by_mean, "from_mean"),
                ("unconstrained", case.unconstrained(*exact), self.by_unconstrained,
                 "from_unconstrained")):
            found = np.atleast_1d(getattr(p, kind))
            least = 0.0
            if kind == "mean_parameters":
                least = [sqrt(abs(sum(slope[i, j] * inverse(self.by_natural)[j, i]
                                      for j in range(k)))) for i in range(k)]
            for i in range(k):
                self.report(off(found[i], values[i], least[i] if least else 0.0),
                            f"{p!r} {kind}[{i}]", float(found[i]), values[i])
            if not np.isfinite(found).all() or (abs(found) < 1e-307).any():
                continue
            try:
                back = list(getattr(self.cls, go_back)(found, **p.fixed).parameters.values())
            except ValueError:
                back = [math.nan] * k
            back_slope = inverse(slope)
            ulps = [sum(abs(back_slope[i, j] * found[j]) * 8 * EPS for j in range(k))
                    for i in range(k)]
            if all(u < 1e-3 * abs(t) for u, t in zip(ulps, tau, strict=True)):
                for i in range(k):
                    self.report(off(back[i], tau[i], 0.0, ulps[i]), f"{p!r} {go_back}[{i}]",
                                back[i], tau[i])
        self.information = {"parameters": self.by_natural.T * by_mean,
                            "natural": by_mean * inverse(self.by_natural)}
        unconstrained = inverse(self.by_unconstrained)
        self.information["unconstrained"] = (unconstrained.T * self.information["parameters"]
                                             * unconstrained)
        for kind, exact_matrix in self.information.items():
            found = np.atleast_2d(p.fisher_information(kind))
            for i in range(k):
                for j in range(i + 1):
                    least = sqrt(abs(exact_matrix[i, i] * exact_matrix[j, j]))
                    self.report(off(found[i, j], exact_matrix[i, j], least),
                                f"{p!r} information {kind}[{i}, {j}]", found[i, j],
                                exact_matrix[i, j])

    def point(self, p, theta, exact, x):
        value = self.exact.log_density(theta, x)[0]
        found = p.log_density(x)
        self.report(off(found, value, 1.0), f"{p!r} log_density({x!r})", found, value)
        if mp.isinf(value):
            return
        slope = slopes(lambda *t: [self.exact.log_density(t, x)[0]], exact, self.units)
        scores = {"parameters": slope, "natural": slope * inverse(self.by_natural),
                  "unconstrained": slope * inverse(self.by_unconstrained)}
        length = sqrt(abs((slope * inverse(self.information["parameters"]) * slope.T)[0]))
        for kind, values in scores.items():
            found = np.atleast_1d(p.score(x, coordinates=kind))
            for i in range(self.fitted):
                least = sqrt(abs(self.information[kind][i, i])) * max(length, 1)
                if max(length, least) > HUGE and not math.isnan(found[i]):
                    continue  # the score is beyond the range
                self.report(off(found[i], values[i], least), f"{p!r} score {kind}({x!r})[{i}]",
                            float(found[i]), values[i])

    def entropy_and_kl(self, p, theta):
        digits = self.case.digits if self.case.entropy else 50
        with usual_workdps(digits):
            if self.case.entropy:
                found, value = p.entropy(), self.exact.entropy(theta)[0]
                self.report(off(found, value, 1.0), f"{p!r} entropy", found, value)
            fresh = [draw(self.rng) for draw in self.case.draws]
            for step in (1e-10, -1e-4, 0.1, None):
                moved = [t * (1.0 + step) if step else f for t, f in zip(theta, fresh, strict=True)]
                other = (*moved[: self.fitted], *theta[self.fitted:])
                try:
                    q = self.cls(*other)
                except ValueError:
                    continue
                if q == p:
                    continue
                value = self.exact.kl(theta, other)[0]
                found = kf.kl_divergence(p, q)
                if mp.isfinite(value) and value < 1e-290:
                    continue
                self.report(off(found, value), f"kl of {p!r} from {q!r}", found, value)


def main() -> None:
    """Fuzz the families that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--members", type=int, default=20)
    options = parser.parse_args()
    for name in options.names or CASES:
        rng = np.random.default_rng(options.seed)
        fuzz = Fuzz(name, rng)
        for _ in range(options.members):
            fuzz.member(tuple(draw(rng) for draw in fuzz.case.draws))


if __name__ == "__main__":
    main()
