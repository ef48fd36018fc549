"""Draws into an array, one draw, and one draw of each of many members."""

from __future__ import annotations

import numpy as np
import optional_peers
import pytest
from cases import Case, cases, first_cases, scalar_cases

import klfast as kf

MEMBERS = 10_000


@pytest.mark.parametrize("who", ["klfast", "numpy", "scipy", "mkl"])
@pytest.mark.parametrize("case", cases(), ids=str)
def test_draws(measure, case: Case, who: str) -> None:
    n = max(1000, 1_000_000 // case.width**2)
    rng = np.random.default_rng(1)
    if who == "klfast":
        p, stream = case.member(), kf.Stream(1)
        out = np.empty((n, *p.event_shape), np.int64 if p.is_integer else np.float64)
        call = lambda: p.sample(n, rng=stream, out=out, threads=1)  # noqa: E731
    elif who == "scipy":
        call = case.scipy and (lambda: case.scipy.rvs(size=n, random_state=rng))
    elif who == "numpy":
        call = case.numpy_draw(rng, n)
    else:
        call = case.mkl_draw(optional_peers.mkl_state(), n)
    if call is None:
        pytest.skip("no such peer")
    measure(f"sampling, {case}, {n} draws", n, call)


@pytest.mark.parametrize("who", ["klfast", "made anew", "numpy"])
@pytest.mark.parametrize("case", first_cases(scalar_cases()), ids=str)
def test_array_parameters(measure, case: Case, who: str) -> None:
    batch, parameters = case.members(MEMBERS)
    stream, values = kf.Stream(1), tuple(batch.parameters.values())
    group = f"sampling, {MEMBERS} members around {case}"
    if who == "klfast":
        measure(group, MEMBERS, lambda: batch.sample(rng=stream))
    elif who == "made anew":
        measure(group, MEMBERS, lambda: type(batch)(*values).sample(rng=stream))
    elif case.peers.numpy is not None:
        measure(group, MEMBERS, case.peers.numpy, np.random.default_rng(1), MEMBERS, *parameters)
    else:
        pytest.skip("no such peer")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_one_draw(measure, case: Case) -> None:
    p, stream = case.member(), kf.Stream(1)
    measure("sampling, one draw", 1, lambda: p.sample(rng=stream))
