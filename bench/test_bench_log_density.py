"""Log-densities: one member at many points, many members, and one value."""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, batches, cases

PARTS = ["klfast", "scipy"]


@pytest.mark.parametrize("who", PARTS)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_scalar_parameters(measure, case: Case, who: str) -> None:
    n = 1_000_000 if case.width == 1 else 10_000
    p = case.member()
    x = np.asarray(p.sample(n, rng=2), np.float64)
    out = np.empty(n)
    group = f"log-density, {case}, {n} points"
    if who == "klfast":
        measure(group, n, lambda: p.log_density(x, out=out, threads=1))
    elif case.scipy is not None:
        measure(group, n, case.scipy_log_density, x)
    else:
        pytest.skip("no such peer")


@pytest.mark.parametrize("name, batch, case", batches(), ids=lambda v: v if isinstance(v, str)
                         else "")
def test_array_parameters(measure, name: str, batch, case: Case) -> None:
    x = np.asarray(case.member().sample((1000, 1000), rng=2), np.float64)
    out = np.empty(x.shape)
    measure(f"log-density, {name}, array parameters", x.size, lambda: batch.log_density(x, out=out))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_one_value(measure, case: Case) -> None:
    p = case.member()
    x = p.sample(rng=3)
    x = float(x) if case.width == 1 else np.asarray(x)
    measure("log-density, one value", 1, p.log_density, x)
