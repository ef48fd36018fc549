"""The peers compute what klfast does: times of different things would say nothing."""

from __future__ import annotations

import by_hand
import numpy as np
import optional_peers
import pytest
from cases import PEERS, Case, cases, first_cases, scalar_cases, scipy_log_density
from scipy import stats

import klfast as kf


def points(case: Case, n: int = 1000) -> np.ndarray:
    return np.asarray(case.member().sample(n, rng=2), np.float64)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_log_densities(case: Case) -> None:
    x = points(case)
    calls = optional_peers.log_densities(case, x)
    if case.family in by_hand.LOG_DENSITY:
        calls["NumPy"] = lambda: by_hand.LOG_DENSITY[case.family](x, *case.parameters)
    if case.scipy is not None:
        calls["SciPy"] = lambda: scipy_log_density(case.scipy)(x)
    ours = case.member().log_density(x)
    for who, call in calls.items():
        np.testing.assert_allclose(np.asarray(call()), ours, rtol=1e-7, atol=1e-8, err_msg=who)


@pytest.mark.parametrize("case", scalar_cases(), ids=str)
def test_array_parameters(case: Case) -> None:
    x = points(case)
    batch, parameters = case.members(len(x))
    if case.family not in PEERS:
        pytest.skip("no peers")
    ours = batch.log_density(x)
    np.testing.assert_allclose(by_hand.LOG_DENSITY[case.family](x, *parameters), ours, 1e-9, 1e-9)
    frozen = Case(case.family, parameters).scipy
    if frozen is not None:
        np.testing.assert_allclose(scipy_log_density(frozen)(x), ours, 1e-9, 1e-9)
    theirs = by_hand.SCORE[case.family](x, *parameters)
    theirs = np.stack(theirs if isinstance(theirs, tuple) else (theirs,), axis=-1)
    np.testing.assert_allclose(theirs, batch.score(x), 1e-6, 1e-6)


@pytest.mark.parametrize("case", scalar_cases(), ids=str)
def test_sums_of_scores(case: Case) -> None:
    if case.family not in by_hand.SCORE:
        pytest.skip("no peers")
    p, x = case.member(), points(case)
    sums = kf.Accumulator(p)
    sums.update(x)
    theirs = by_hand.SCORE[case.family](x, *case.parameters)
    theirs = [part.sum() for part in (theirs if isinstance(theirs, tuple) else (theirs,))]
    np.testing.assert_allclose(theirs, sums.sum_score(), 1e-6, 1e-6 * len(x))


@pytest.mark.parametrize("case", scalar_cases(), ids=str)
def test_draws(case: Case) -> None:
    n = 100_000
    calls = optional_peers.samplers(case, n)
    calls["NumPy"] = case.numpy_draw(np.random.default_rng(1), n)
    calls["MKL"] = case.mkl_draw(optional_peers.mkl_state(), n)
    ours = np.sort(points(case, n))
    for who, call in calls.items():
        if call is None:
            continue
        theirs = np.sort(np.asarray(call(), np.float64))
        assert theirs.shape == ours.shape
        # fixed seeds but PyTorch's and MKL's; a false alarm in 1e5 runs of a thousand peers
        assert stats.ks_2samp(ours, theirs, method="asymp").pvalue > 1e-8, who


@pytest.mark.parametrize("case", first_cases(scalar_cases()), ids=str)
def test_draws_of_members(case: Case) -> None:
    n = 50_000
    if case.peers.numpy is None:
        pytest.skip("no sampler in NumPy")
    batch, parameters = case.members(n)
    theirs = case.peers.numpy(np.random.default_rng(1), n, *parameters)
    assert stats.ks_2samp(batch.sample(rng=2), theirs, method="asymp").pvalue > 1e-8
