"""Draws into an array, and one draw."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, cases

import klfast as kf

PARTS = ["klfast", "numpy", "scipy"]


@pytest.mark.parametrize("who", PARTS)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_draws(measure, case: Case, who: str) -> None:
    n = max(1000, 1_000_000 // case.width**2)
    p = case.member()
    out = np.empty((n, *p.event_shape), np.int64 if p.is_integer else np.float64)
    group = f"sampling, {case}, {n} draws"
    if who == "klfast":
        stream = kf.Stream(1)
        measure(group, n, lambda: p.sample(n, rng=stream, out=out, threads=1))
    elif who == "numpy" and case.numpy_sample is not None:
        measure(group, n, case.numpy_sample, np.random.default_rng(1), out)
    elif who == "scipy" and case.scipy is not None:
        rng = np.random.default_rng(1)
        measure(group, n, lambda: case.scipy.rvs(size=n, random_state=rng))
    else:
        pytest.skip("no such peer")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_one_draw(measure, case: Case) -> None:
    p, stream = case.member(), kf.Stream(1)
    measure("sampling, one draw", 1, lambda: p.sample(rng=stream))
