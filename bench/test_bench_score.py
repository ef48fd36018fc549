"""The score: accumulated over samples, and point by point."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, cases

import klfast as kf


@pytest.mark.parametrize("n", [10_000, 1_000_000])
@pytest.mark.parametrize("case", cases(), ids=str)
def test_accumulated(measure, case: Case, n: int) -> None:
    n = max(1000, n // case.width**2)
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    measure(f"score, {case}, sum over {n}", n,
            lambda: kf.Accumulator(p).update(x, threads=1))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_point_by_point(measure, case: Case) -> None:
    n = max(10, 10_000 // case.width**2)
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    measure("score, point by point", n, p.score, x)
