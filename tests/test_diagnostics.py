"""Effective sample size and k-hat: exact cases, known tails, refusals.

k-hat of exact Pareto tails: the estimate's standard deviation is about (1 + k)/sqrt(tail)
(Zhang and Stephens, 2009); bounds are five of them and the prior's pull.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import klfast as kf


def test_effective_sample_size_of_equal_and_of_lone_weights():
    assert kf.effective_sample_size(np.zeros(7)) == 7.0
    assert kf.effective_sample_size([1e308, -1e308, -math.inf]) == 1.0
    w = np.array([1.0, 2.0, 3.0, 0.5])
    found = kf.effective_sample_size(np.log(w) + 400.0)
    assert abs(found - w.sum() ** 2 / (w**2).sum()) < 1e-12


@pytest.mark.parametrize("k", [0.1, 0.3, 0.5, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("n", [1000, 100_000])
def test_k_hat_of_exact_pareto_ratios(k, n):
    """Ratios u**-k, u uniform, have the shape k."""
    rng = np.random.default_rng(11)
    tail = math.ceil(min(0.2 * n, 3.0 * math.sqrt(n)))
    pull = 10.0 * abs(k - 0.5) / (tail + 10.0)
    found = kf.pareto_k(-k * np.log(rng.random(n)))
    assert abs(found - k) < 5.0 * (1.0 + k) / math.sqrt(tail) + pull


@pytest.mark.parametrize("n", [25, 1000, 300_000])
def test_k_hat_is_the_estimate_of_zhang_and_stephens(n):
    """Their estimator written out in NumPy, of the excesses over the largest ratio below the
    tail."""
    log_ratio = np.random.default_rng(7).standard_normal(n)
    ratio = np.sort(np.exp(log_ratio - log_ratio.max()))
    m = math.ceil(min(0.2 * n, 3.0 * math.sqrt(n)))
    x = ratio[-m:] - ratio[-m - 1]
    j = np.arange(1, 31 + int(math.sqrt(m)))
    theta = 1.0 / x[-1] + (1.0 - np.sqrt(len(j) / (j - 0.5))) / (3.0 * x[int(m / 4 + 0.5) - 1])
    k = np.log1p(-np.outer(theta, x)).mean(axis=1)
    profile = m * (np.log(-theta / k) - k - 1.0)
    weights = np.exp(profile - profile.max())
    shape = np.log1p(-(theta @ weights / weights.sum()) * x).mean()
    assert kf.pareto_k(log_ratio) == pytest.approx((m * shape + 5.0) / (m + 10.0), rel=1e-10)


def test_k_hat_orders_good_and_bad_proposals():
    p = kf.Normal(0.0, 1.0)
    x = p.sample(20_000, rng=3)
    found = [kf.pareto_k(kf.Normal(0.0, s).log_density(x) - p.log_density(x))
             for s in (0.7, 0.95, 1.2, 2.0)]
    assert max(found[:2]) < 0.0 < found[2] < 0.5 < found[3]


def test_k_hat_of_bounded_equal_and_few_ratios():
    rng = np.random.default_rng(5)
    assert kf.pareto_k(np.log(rng.random(5000))) < 0.0  # a bounded ratio has no tail
    assert kf.pareto_k(np.zeros(100)) == -math.inf
    assert math.isnan(kf.pareto_k(np.zeros(24)))


@pytest.mark.parametrize("function", [kf.pareto_k, kf.effective_sample_size])
@pytest.mark.parametrize(("values", "message"), [
    ([0.0, math.nan], r"log_ratio\[1\] = nan"), ([math.inf], r"log_ratio\[0\] = inf"),
    ([-math.inf, -math.inf], "all weights are 0"), ([], "has shape"), ([[0.0]], "has shape")])
def test_ratios_that_cannot_be_are_refused(function, values, message):
    with pytest.raises(ValueError, match=message):
        function(values)


def test_a_tail_of_equal_ratios():
    """The grid of the estimate then has its exponential case, 0/0, in it: ties of counts."""
    log_ratio = np.log(np.repeat([1.0, 2.0], [1485, 115]))
    assert kf.pareto_k(log_ratio) < 0.0


@pytest.mark.parametrize("spread", [700.0, 740.0, 746.0, 800.0, 5000.0])
def test_k_hat_of_ratios_beyond_the_range_of_doubles(spread):
    """One draw has all the weight, whether or not the next can be told from 0."""
    assert kf.pareto_k(-spread * np.arange(1000.0)) > 1.0
    assert kf.pareto_k(spread * kf.Normal(0.0, 1.0).sample(1000, rng=1) ** 2) > 1.0
    tail = np.full(400, -spread)
    tail[0], tail[1:5] = 0.0, -0.999 * spread
    assert kf.pareto_k(tail) > 1.0
