"""GeneralizedInverseGaussian: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Tabulated
from members import INF, Members

import klfast as kf


def log_scale(theta):
    """log sqrt(b / a) and w = sqrt(a b): x = sqrt(b / a) exp(t)."""
    log_a, log_b = np.log(theta["a"]), np.log(theta["b"])
    return 0.5 * (log_b - log_a), np.exp(0.5 * (log_a + log_b))


def exponent(theta, t):
    """p t - w cosh t less its greatest value, without cancellation."""
    _, w = log_scale(theta)
    mode = np.arcsinh(theta["p"] / w)
    half = np.sinh(0.5 * (t + mode)) * np.sinh(0.5 * (t - mode))
    return theta["p"] * (t - mode) - 2.0 * w * half


def reach(theta, depth):
    """The interval of t outside which the density is below exp(-depth) of its greatest."""
    _, w = log_scale(theta)
    mode = np.arcsinh(theta["p"] / w)
    ends = []
    for sign in (-1.0, 1.0):
        distance = 1e-8
        while exponent(theta, mode + sign * distance) > -depth:
            distance *= 1.1
        ends.append(mode + sign * distance)
    return ends


def nodes(p):
    """Trapezoidal rule in log x, whose integrand decays doubly exponentially at both ends."""
    theta = p.parameters
    shift, w = log_scale(theta)
    low, high = reach(theta, 60.0)
    step = 0.05 / np.sqrt(max(np.hypot(theta["p"], w), 1.0))
    x = np.exp(np.arange(low, high, step) + shift)
    return x, step * x


def digits(p, kind):
    """How the rounding of one coordinate moves each parameter: p, a and b of (p-1, -a/2, -b/2)."""
    theta = np.array(list(p.parameters.values()))
    if kind == "natural":
        return 1.0 + (1.0 / abs(theta[0]) if theta[0] else 0.0)
    moves = np.linalg.inv(p.fisher_information("natural")) * p.mean_parameters
    return 1.0 + (np.abs(moves).sum(axis=1) * [1.0, 2.0, 2.0] / theta).max()


def holds(p, kind):
    """The order 0 comes back from the mean only nearly, and little does where almost gamma."""
    theta = p.parameters
    _, w = log_scale(theta)
    return kind == "natural" or (theta["p"] != 0.0 and 1e-3 < w < 1e3 and abs(theta["p"]) < 100.0)


def gig(p, a, b):
    return kf.GeneralizedInverseGaussian(p, a, b)


MEMBERS = Members(
    ordinary=[gig(0.5, 1.0, 1.0), gig(-0.5, 2.5, 0.4), gig(2.0, 0.3, 5.0), gig(-3.0, 4.0, 9.0),
              gig(0.0, 2.0, 3.0)],
    extreme=[gig(0.0, 1e-8, 1e-8), gig(0.0, 1e6, 1e6), gig(1e3, 1.0, 1.0), gig(-1e3, 1.0, 1.0),
             gig(1e3, 1e-8, 1e-8), gig(-1e3, 1e6, 1e6), gig(2.5, 1.0, 1e-300),
             gig(2.5, 1e-300, 1.0), gig(-2.5, 1.0, 1e-300), gig(-2.5, 1e-300, 1.0),
             gig(0.0, 1e-300, 1e-300), gig(-0.5, 1e-15, 40.0)],
    invalid=[(1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0),
             (np.nan, 1.0, 1.0), (1.0, np.nan, 1.0), (1.0, 1.0, np.nan), (INF, 1.0, 1.0),
             (1.0, INF, 1.0), (1.0, 1.0, INF)],
    outside=[-1.0, -5e-324, -INF, INF],
    ends=[(gig(1.0, 2.0, 1.0), 0.0, -INF), (gig(1.0, 2.0, 1e-300), 0.0, -INF),
          (gig(0.5, 2.0, 1.0), -0.0, -INF)],
    nodes=nodes,
    far=(gig(0.5, 1e6, 1e6), gig(0.5, 1e-6, 1e6)),
    digits=lambda p, kind: digits(p, kind) if holds(p, kind) else 1.0,
    holds=holds,
)


def exact(p):
    """The distribution of a member, by quadrature in log x."""
    theta = p.parameters
    shift, _ = log_scale(theta)
    low, high = reach(theta, 80.0)
    return Tabulated(lambda t: exponent(theta, t), np.linspace(low, high, 3000),
                     to=lambda x: np.log(x) - shift, back=lambda t: np.exp(t + shift))


SAMPLER_GRID = [
    gig(0.5, 1.0, 1.0), gig(-0.5, 2.5, 0.4), gig(2.0, 0.3, 5.0), gig(-3.0, 4.0, 9.0),
    gig(0.0, 1.0, 1.0), gig(0.0, 1e-8, 1e-8), gig(0.3, 1e-4, 1e-4), gig(-0.9, 1e-3, 0.2),
    gig(1.5, 30.0, 30.0), gig(0.0, 1e6, 1e6), gig(1e3, 1.0, 1.0), gig(-1e3, 1.0, 1.0),
    gig(1e3, 1e-8, 1e-8), gig(50.0, 1e3, 1e-3), gig(2.5, 1.0, 1e-300), gig(-2.5, 1e-300, 1.0),
    gig(0.0, 1e-300, 1e-300), gig(1.0, 1e-200, 1e200),
]
WRONG = [
    (gig(1.5, 30.0, 30.0), gig(1.5, 30.3, 30.0)), (gig(1.5, 30.0, 30.0), gig(1.5, 30.0, 30.3)),
    (gig(-10.0, 4.0, 9.0), gig(-10.1, 4.0, 9.0)),
]
