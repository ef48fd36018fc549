"""MultivariateNormal: members for the tests."""

from __future__ import annotations

import numpy as np
from members import INF, Members

import klfast as kf


def vector_nodes(p):
    """Tensor product of trapezoidal rules in whitened coordinates."""
    mean, covariance = p.parameters["mean"], p.parameters["covariance"]
    d = len(mean)
    z = np.arange(-9.6, 9.6 + 1e-9, 0.6)
    grid = np.stack(np.meshgrid(*[z] * d, indexing="ij"), axis=-1).reshape(-1, d)
    root = np.linalg.cholesky(covariance)
    return mean + grid @ root.T, np.full(len(grid), 0.6**d * np.linalg.det(root))


def mvn(mean, covariance):
    return kf.MultivariateNormal(mean, covariance)


def random_mvn(d: int, seed: int):
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(d, d))
    return mvn(generator.normal(size=d), root @ root.T + 0.3 * np.eye(d))


def condition(p):
    return np.linalg.cond(p.parameters["covariance"])


def digits(p, kind):
    """The condition number, and the mean's square beside the least variance."""
    mean, least = p.parameters["mean"], np.linalg.eigvalsh(p.parameters["covariance"])[0]
    spread = np.abs(np.outer(mean, mean)).max() / least
    return condition(p) + (spread if kind == "mean" else 0.0)


def holds(p, kind):
    return 2.0**-52 * digits(p, kind) <= 1e-10


MEMBERS = Members(
    ordinary=[mvn([0.5], [[2.0]]), mvn([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]]),
              random_mvn(3, 5)],
    extreme=[mvn([0.0, 0.0], np.diag([1e-200, 1e200])), mvn([1e9, -1e9], np.eye(2) * 1e-4),
             random_mvn(20, 6), mvn([0.0, 0.0], [[1.0, 1.0 - 1e-12], [1.0 - 1e-12, 1.0]])],
    invalid=[([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), ([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]]),
             ([0.0, np.nan], np.eye(2)), ([0.0, 0.0], [[1.0, 0.0], [0.0, INF]]),
             ([0.0, 0.0], [[1.0, 0.5], [0.2, 1.0]]), ([0.0, 0.0], np.eye(3)),
             (np.zeros(0), np.zeros((0, 0))), ([0.0], [[0.0]])],
    outside=[[-INF, 0.0], [0.0, INF], [-INF, INF], [INF, INF]],
    ends=[],
    nodes=vector_nodes,
    far=(mvn([1e3, 0.0], np.eye(2) * 1e-6), mvn([0.0, -1e3], [[2.0, 1.0], [1.0, 2.0]])),
    digits=digits,
    holds=holds,
    condition=condition,
)
