"""BetaPrime: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Distribution
from members import INF, Members, load
from scipy import special

import klfast as kf

beta = load("cases", "beta")


def nodes(p):
    """Trapezoidal rule in log x: the logit of Beta's share."""
    t, step = beta.log_odds_grid(p)
    x = np.exp(t)
    return x, step * x


def digits(p, kind):
    """The natural parameters hold a - 1 and a + b; the mean ones as Beta's."""
    a, b = p.parameters.values()
    if kind == "natural":
        return 1.0 / np.clip(a, 1e-300, 1.0) + (a / b + 1.0)
    return beta.digits(p, kind)


MEMBERS = Members(
    ordinary=[kf.BetaPrime(1.0, 6.0), kf.BetaPrime(2.0, 9.0), kf.BetaPrime(0.5, 7.0),
              kf.BetaPrime(40.0, 250.0)],
    extreme=[kf.BetaPrime(*shapes) for shapes in beta.SHAPES],
    invalid=beta.INVALID,
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(kf.BetaPrime(0.5, 3.0), 0.0, INF), (kf.BetaPrime(1.0, 3.0), 0.0, np.log(3.0)),
          (kf.BetaPrime(1.0, 3.0), -0.0, np.log(3.0)), (kf.BetaPrime(1.5, 3.0), 0.0, -INF),
          (kf.BetaPrime(1.0, 1e300), 0.0, np.log(1e300))],
    nodes=nodes,
    far=(kf.BetaPrime(1e3, 1e-3), kf.BetaPrime(1e-3, 1e3)),
    digits=lambda p, kind: digits(p, kind) if beta.holds(p, kind) else 1.0,
    holds=beta.holds,
    natural_holds=lambda p: p.parameters["a"] >= 1e-6 and digits(p, "natural") < 1e6,
)


class Odds(Distribution):
    """By the incomplete beta function of x / (1 + x) or of 1 / (1 + x), whichever is small."""

    high = 1e300

    def __init__(self, a, b):
        self.a, self.b = a, b

    def cdf(self, x):
        x = np.asarray(x, float)
        return np.where(x < 1.0, special.betainc(self.a, self.b, x / (1.0 + x)),
                        special.betaincc(self.b, self.a, 1.0 / (1.0 + x)))

    def sf(self, x):
        x = np.asarray(x, float)
        return np.where(x < 1.0, special.betaincc(self.a, self.b, x / (1.0 + x)),
                        special.betainc(self.b, self.a, 1.0 / (1.0 + x)))

    def stats(self, moments):
        """The excess kurtosis, of heavy tails and not to be looked at, but where nearly normal."""
        return 0.0 if min(self.a, self.b) > 1e6 else np.inf


def exact(p):
    """The distribution of a member."""
    return Odds(*p.parameters.values())


SAMPLER_GRID = [
    kf.BetaPrime(*shapes)
    for shapes in ((1.0, 1.0), (2.0, 5.0), (0.5, 0.5), (0.3, 4.0), (7.0, 0.9), (0.05, 0.08),
                   (1e-2, 1e5), (1e8, 1e8), (300.0, 1.5), (1e6, 40.0))
]
WRONG = [
    (kf.BetaPrime(2.0, 5.0), kf.BetaPrime(2.02, 5.0)),
    (kf.BetaPrime(2.0, 5.0), kf.BetaPrime(2.0, 5.05)),
    (kf.BetaPrime(0.5, 0.5), kf.BetaPrime(0.505, 0.5)),
    (kf.BetaPrime(0.5, 0.5), kf.BetaPrime(0.5, 0.505)),
    (kf.BetaPrime(1e8, 1e8), kf.BetaPrime(1.01e8, 1.01e8)),
]
