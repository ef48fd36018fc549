"""A step of the reverse minimiser against compiled targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import Case, covariance, first_cases, scalar_cases

import klfast as kf

MIXTURE = kf.Mixture([0.3, 0.7], [kf.Normal(-2.0, 0.5), kf.Normal(1.0, 1.0)])
MVN = (
    kf.MultivariateNormal(np.zeros(10), np.eye(10)),
    kf.MultivariateNormal(np.linspace(-1.0, 1.0, 10), covariance(10)),
)


@pytest.mark.parametrize(
    "name, p, q, samples, steps",
    [
        ("Normal, Normal", kf.Normal(0.0, 1.0), kf.Normal(1.0, 2.0), 1000, 200),
        ("Normal, Normal", kf.Normal(0.0, 1.0), kf.Normal(1.0, 2.0), 100_000, 10),
        ("Normal, mixture", kf.Normal(0.0, 1.0), MIXTURE, 1000, 200),
        ("Normal, mixture", kf.Normal(0.0, 1.0), MIXTURE, 100_000, 10),
        ("MultivariateNormal d=10", *MVN, 1000, 50),
    ],
    ids=lambda v: str(v) if isinstance(v, str | int) else "",
)
def test_step(measure, name: str, p: Any, q: Any, samples: int, steps: int) -> None:
    _step(measure, name, p, q, samples, steps)


@pytest.mark.parametrize("samples, steps", [(1000, 100), (100_000, 5)])
@pytest.mark.parametrize("case", first_cases(scalar_cases()), ids=str)
def test_step_within_the_family(measure, case: Case, samples: int, steps: int) -> None:
    q = case.member()
    p = type(q).from_unconstrained(q.unconstrained + 0.2, **q.fixed)
    _step(measure, f"{case}, its own family", p, q, samples, steps)


def _step(measure, name: str, p: Any, q: Any, samples: int, steps: int) -> None:
    result = measure(
        f"reverse, {name}, {samples} samples", steps * samples,
        lambda: kf.minimize_reverse_kl(
            p, q, method="score", tolerance=0.0, samples=samples, max_steps=steps, threads=1, rng=1
        ),
    )
    assert result.steps == steps
    assert result.distribution.fixed == p.fixed
