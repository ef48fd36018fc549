"""Log-densities: one member at many points, many members, and one value."""

from __future__ import annotations

import by_hand
import numpy as np
import pytest
from cases import Case, cases, first_cases, scalar_cases, scipy_log_density

WHO = ["klfast", "numpy", "scipy"]
MEMBERS = 10_000


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_scalar_parameters(measure, case: Case, who: str) -> None:
    n = 1_000_000 if case.width == 1 else 10_000
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    out = np.empty(n)
    group = f"log-density, {case}, {n} points"
    if who == "klfast":
        measure(group, n, lambda: p.log_density(x, out=out, threads=1))
    elif who == "scipy" and case.scipy is not None:
        measure(group, n, scipy_log_density(case.scipy), x)
    elif who == "numpy" and case.family in by_hand.LOG_DENSITY:
        measure(group, n, by_hand.LOG_DENSITY[case.family], x, *case.parameters)
    else:
        pytest.skip("no such peer")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", first_cases(scalar_cases()), ids=str)
def test_array_parameters(measure, case: Case, who: str) -> None:
    batch, parameters = case.members(MEMBERS)
    x = np.asarray(case.member().sample(MEMBERS, rng=2), np.float64)
    group = f"log-density, {MEMBERS} members around {case}"
    frozen = Case(case.family, parameters).scipy
    if who == "klfast":
        measure(group, MEMBERS, batch.log_density, x)
    elif who == "scipy" and frozen is not None:
        measure(group, MEMBERS, scipy_log_density(frozen), x)
    elif who == "numpy" and case.family in by_hand.LOG_DENSITY:
        measure(group, MEMBERS, by_hand.LOG_DENSITY[case.family], x, *parameters)
    else:
        pytest.skip("no such peer")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_one_value(measure, case: Case) -> None:
    p = case.member()
    x = p.sample(rng=3)
    x = float(x) if case.width == 1 else np.asarray(x)
    measure("log-density, one value", 1, p.log_density, x)
