"""Maximum likelihood, and a step of the stochastic forward method."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, cases, first_cases

import klfast as kf


@pytest.mark.parametrize("case", cases(), ids=str)
def test_maximum_likelihood(measure, case: Case) -> None:
    n = max(20_000, 1_000_000 // case.width**2)
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    measure(f"fit, {case}, {n} data", n, lambda: type(p).fit(x, **p.fixed))


@pytest.mark.parametrize("case", first_cases(cases()), ids=str)
def test_score_step(measure, case: Case) -> None:
    p, steps = case.member(), 20
    x = np.asarray(p.sample(100_000, rng=2), np.float64)
    result = measure(
        f"forward score step, {case}, minibatch of 1,000", steps,
        lambda: kf.minimize_forward_kl(
            p, x, method="score", samples=1000, max_steps=steps, tolerance=0.0, threads=1, rng=1,
        ),
    )
    assert result.steps == steps
