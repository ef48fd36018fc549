"""ContinuousBernoulli: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members

import klfast as kf


def nodes(p):
    """Gauss and Legendre's 120 points."""
    x, w = np.polynomial.legendre.leggauss(120)
    return 0.5 * (x + 1.0), 0.5 * w


def digits(p, kind):
    """The mean is 1/2 + logit/12 near 0 and 1 - 1/logit for large logits."""
    logit = p.parameters["logit"]
    if kind == "natural" or logit == 0.0:
        return 1.0
    return 1.0 + 6.0 / abs(logit) + max(logit, 0.0)


def log_normaliser(logit):
    return np.log(np.expm1(logit) / logit)


MEMBERS = Members(
    ordinary=[kf.ContinuousBernoulli(0.0), kf.ContinuousBernoulli(1.0),
              kf.ContinuousBernoulli(-7.5), kf.ContinuousBernoulli(30.0)],
    extreme=[kf.ContinuousBernoulli(1e-8), kf.ContinuousBernoulli(-1e-300),
             kf.ContinuousBernoulli(750.0), kf.ContinuousBernoulli(-750.0),
             kf.ContinuousBernoulli(1e15), kf.ContinuousBernoulli(-1e300),
             kf.ContinuousBernoulli(1e300)],
    invalid=[(np.nan,), (INF,), (-INF,)],
    outside=[-5e-324, 1.0 + 2.0**-52, -1.0, 2.0, 1e300, -INF, INF],
    ends=[(kf.ContinuousBernoulli(0.0), 0.0, 0.0), (kf.ContinuousBernoulli(0.0), 1.0, 0.0),
          (kf.ContinuousBernoulli(2.0), -0.0, -log_normaliser(2.0)),
          (kf.ContinuousBernoulli(-750.0), 0.0, np.log(750.0)),
          (kf.ContinuousBernoulli(750.0), 1.0, np.log(750.0))],
    nodes=nodes,
    far=(kf.ContinuousBernoulli(750.0), kf.ContinuousBernoulli(-750.0)),
    digits=digits,
)


class TruncatedExponential:
    """By expm1 and log1p of the negative one of the logit and its opposite."""

    def __init__(self, logit):
        self.logit = logit

    def cdf(self, x):
        return self.rise(self.logit, np.asarray(x, float), 1.0 - np.asarray(x, float))

    def sf(self, x):
        return self.rise(-self.logit, 1.0 - np.asarray(x, float), np.asarray(x, float))

    @staticmethod
    def rise(logit, x, rest):
        """(exp(logit x) - 1) / (exp(logit) - 1); rest is 1 - x."""
        if logit == 0.0:
            return x
        if logit < 0.0:
            return np.expm1(logit * x) / np.expm1(logit)
        return np.exp(-logit * rest) * np.expm1(-logit * x) / np.expm1(-logit)

    def ppf(self, u):
        return self.place(np.asarray(u, float), 1.0 - np.asarray(u, float))

    def isf(self, u):
        return self.place(1.0 - np.asarray(u, float), np.asarray(u, float))

    def place(self, below, above):
        """The x with so much mass on either side."""
        logit = self.logit
        if logit == 0.0:
            return below
        if logit < 0.0:
            return np.log1p(below * np.expm1(logit)) / logit
        return 1.0 + np.log1p(above * np.expm1(-logit)) / logit

    def stats(self, moments):
        """The excess kurtosis: that of the exponential distribution for large logits."""
        assert moments == "k"
        if abs(self.logit) > 1e150:  # the variance, 1/logit^2, is below the doubles
            return np.inf
        if abs(self.logit) > 100.0:
            return 6.0
        x, w = np.polynomial.legendre.leggauss(120)
        x, w = 0.5 * (x + 1.0), w * np.exp(self.logit * 0.5 * (x + 1.0) - max(self.logit, 0.0))
        w /= w.sum()
        centred = x - w @ x
        return (w @ centred**4) / (w @ centred**2) ** 2 - 3.0


def exact(p):
    """The distribution of a member."""
    return TruncatedExponential(p.parameters["logit"])


SAMPLER_GRID = [
    kf.ContinuousBernoulli(logit)
    for logit in (0.0, 1e-300, -1e-8, 1e-3, 1.0, -3.0, 7.5, 40.0, -40.0, 750.0, -750.0, 1e6, -1e300)
]
WRONG = [(kf.ContinuousBernoulli(12.0), kf.ContinuousBernoulli(12.12)),
         (kf.ContinuousBernoulli(-750.0), kf.ContinuousBernoulli(-757.5))]
