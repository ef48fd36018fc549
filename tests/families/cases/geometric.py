"""Geometric: members for the tests."""

from __future__ import annotations

import numpy as np
from case_tools import Certain, Distribution, every_count
from members import INF, Members

import klfast as kf


def nodes(p):
    """Every count that carries mass."""
    return every_count(0.0, 50.0 / -np.log1p(-p.parameters["probability"]) + 20.0)


MEMBERS = Members(
    ordinary=[kf.Geometric(0.5), kf.Geometric(0.2), kf.Geometric(0.9), kf.Geometric(0.01)],
    extreme=[kf.Geometric(1.0), kf.Geometric(1.0 - 2.0**-53), kf.Geometric(1e-8),
             kf.Geometric(1e-15)],
    invalid=[(0.0,), (-0.0,), (-0.1,), (1.0 + 2.0**-52,), (np.nan,), (INF,), (-INF,)],
    outside=[-1.0, 0.5, 2.5, 1e-300, -INF, INF],
    ends=[(kf.Geometric(1.0), 0.0, 0.0), (kf.Geometric(1.0), -0.0, 0.0),
          (kf.Geometric(1.0), 1.0, -INF), (kf.Geometric(0.25), 0.0, np.log(0.25))],
    nodes=nodes,
    far=(kf.Geometric(1e-10), kf.Geometric(0.9)),
)


class Failures(Distribution):
    """By the logarithm of the probability of a failure, which scipy's mass rounds."""

    def __init__(self, probability):
        self.probability, self.log_failure = probability, np.log1p(-probability)
        self.kurtosis = 6.0 + probability**2 / (1.0 - probability)

    def cdf(self, x):
        return -np.expm1((np.floor(x) + 1.0) * self.log_failure)

    def sf(self, x):
        return np.exp((np.floor(x) + 1.0) * self.log_failure)

    def pmf(self, x):
        return self.probability * np.exp(np.asarray(x, float) * self.log_failure)

    def ppf(self, u):
        return np.maximum(np.ceil(np.log1p(-np.asarray(u)) / self.log_failure) - 1.0, 0.0)

    def isf(self, u):
        return np.maximum(np.ceil(np.log(u) / self.log_failure) - 1.0, 0.0)


def exact(p):
    """The distribution of a member."""
    probability = p.parameters["probability"]
    return Failures(probability) if probability < 1.0 else Certain(0)


SAMPLER_GRID = [kf.Geometric(0.5), kf.Geometric(0.05), kf.Geometric(0.9), kf.Geometric(0.999),
                kf.Geometric(1e-3), kf.Geometric(1e-8), kf.Geometric(1e-15), kf.Geometric(1.0)]
WRONG = [(kf.Geometric(0.5), kf.Geometric(0.505)), (kf.Geometric(1e-3), kf.Geometric(1.01e-3))]
