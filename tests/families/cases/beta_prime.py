"""BetaPrime: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members, load

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


def cells_of_odds(x):
    """The logarithms between which odds are rounded to x."""
    with np.errstate(all="ignore"):
        below, above = (np.log(x) + np.log1p(sign * beta.half_spacing(x)) for sign in (-1.0, 1.0))
    below = np.where(x <= 5e-324, -INF, below)
    above = np.where(x >= np.finfo(float).max, INF, above)
    return np.where(x == INF, INF, below), np.where(x <= 0.0, -INF, above)


def odds(t):
    """exp(t), infinite beyond the largest double."""
    with np.errstate(over="ignore"):
        return np.exp(t)


def exact(p):
    """The distribution of a member's draws; the tails hide the moments unless nearly normal."""
    q = beta.RoundedDraws(p, cells_of_odds, odds)
    q.kurtosis = 0.0 if min(p.parameters.values()) > 1e6 else INF
    return q


SAMPLER_GRID = [kf.BetaPrime(*shapes) for shapes in beta.GRID]
WRONG = [
    (kf.BetaPrime(2.0, 5.0), kf.BetaPrime(2.02, 5.0)),
    (kf.BetaPrime(2.0, 5.0), kf.BetaPrime(2.0, 5.05)),
    (kf.BetaPrime(0.5, 0.5), kf.BetaPrime(0.505, 0.5)),
    (kf.BetaPrime(0.5, 0.5), kf.BetaPrime(0.5, 0.505)),
    (kf.BetaPrime(1e8, 1e8), kf.BetaPrime(1.02e8, 1.02e8)),
]
