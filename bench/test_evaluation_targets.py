"""The divergences that evaluations.py measures by are those of its log q: five standard errors."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_targets import targets


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_the_divergence_is_that_of_the_log_density(target):
    """Of two members, since constants are left out; by 200,000 draws of each."""
    start = target.start
    u = np.linspace(0.1, 0.3, start.n_coordinates)
    other = type(start).from_unconstrained(start.unconstrained + u / (1 + target.dimension))
    estimates, variance = [], 0.0
    for p in (start, other):
        x = np.asarray(p.sample(200_000, rng=1), dtype=float)
        ratio = p.log_density(x) - target.log_q(x, np)
        estimates.append(ratio.mean())
        variance += ratio.var() / len(ratio)
    exact = target.divergence(start) - target.divergence(other)
    assert abs(estimates[0] - estimates[1] - exact) < 5.0 * np.sqrt(variance) + 1e-12
    assert target.excess(start) > 0.0 and target.excess(other) > 0.0


@pytest.mark.parametrize("target", [t for t in targets() if t.gradient is not None],
                         ids=lambda t: t.name)
def test_gradients_are_those_of_the_values(target):
    """Central differences of log q, by 1e-5 in each coordinate."""
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=(3, target.dimension)), 1e-5
    for i, step in enumerate(h * np.eye(target.dimension)):
        slope = (target.log_q(x + step, np) - target.log_q(x - step, np)) / (2.0 * h)
        assert target.gradient(x)[:, i] == pytest.approx(slope, rel=1e-6, abs=1e-6)
