"""The score: accumulated over samples, point by point, and of many members."""

from __future__ import annotations

import by_hand
import numpy as np
import pytest
from cases import Case, cases, first_cases, scalar_cases

import klfast as kf

MEMBERS = 10_000


@pytest.mark.parametrize("n", [10_000, 1_000_000])
@pytest.mark.parametrize("case", cases(), ids=str)
def test_accumulated(measure, case: Case, n: int) -> None:
    n = max(1000, n // case.width**2)
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)

    def total() -> np.ndarray:
        sums = kf.Accumulator(p)
        sums.update(x, threads=1)
        return sums.sum_score()                # it sums the rows of an open block too

    measure(f"score, {case}, sum over {n}", n, total)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_point_by_point(measure, case: Case) -> None:
    n = max(10, 10_000 // case.width**2)
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    measure("score, point by point", n, p.score, x)


@pytest.mark.parametrize("who", ["klfast", "numpy"])
@pytest.mark.parametrize("case", first_cases(scalar_cases()), ids=str)
def test_array_parameters(measure, case: Case, who: str) -> None:
    batch, parameters = case.members(MEMBERS)
    x = np.asarray(case.member().sample(MEMBERS, rng=2), np.float64)
    group = f"score, {MEMBERS} members around {case}"
    if who == "klfast":
        measure(group, MEMBERS, batch.score, x)
    elif case.family in by_hand.SCORE:
        measure(group, MEMBERS, by_hand.SCORE[case.family], x, *parameters)
    else:
        pytest.skip("no such peer")
