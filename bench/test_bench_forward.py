"""Maximum likelihood, and a step of the stochastic forward method."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, cases

import klfast as kf


@pytest.mark.parametrize("case", cases(), ids=str)
def test_maximum_likelihood(measure, case: Case) -> None:
    n = max(20_000, 1_000_000 // case.width**2)
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    measure(f"fit, {case}, {n} data", n, type(p).fit, x)


def test_score_step(measure) -> None:
    x = kf.Gamma(2.5, 1.0).sample(100_000, rng=2)
    measure(
        "forward score step, Gamma, minibatch of 1,000", 20,
        lambda: kf.minimize_forward_kl(
            kf.Gamma(1.0, 1.0), x, method="score", samples=1000, max_steps=20, tolerance=0.0,
            threads=1, rng=1,
        ),
    )
