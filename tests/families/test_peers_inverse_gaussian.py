"""Inputs on which other libraries failed their users, for the inverse Gaussian: right answers.

Values that are not obvious come from the formula at 30 digits; fits are checked against exact
fractions. Counts of draws are binomial and may be 7 standard deviations from their mean: the checks
of draws together raise a false alarm with probability below 1e-10.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import klfast as kf

N = 1_000_000
HUGE = 1.7976931348623157e308


def assert_share(hits: np.ndarray, probability: float) -> None:
    """Whether so many hits are likely."""
    sd = math.sqrt(hits.size * probability * (1.0 - probability))
    assert abs(hits.sum() - hits.size * probability) < 7.0 * sd


def test_draws_of_a_huge_mean_are_never_negative():
    """NumPy's wald cancelled: negative draws at these parameters (NumPy pull request 29609)."""
    x = kf.InverseGaussian(1e8, 2.25).sample(N, rng=1)
    assert (x > 0.0).all()
    assert_share(x <= 4.945745751625425, 0.5)  # the median
    assert_share(x > 1e6, 0.00119680391945711)


def test_a_tiny_shape_draws_tiny_values_and_a_rare_huge_one():
    x = kf.InverseGaussian(1.0, 1e-12).sample(N, rng=2)
    assert (x > 0.0).all() and np.isfinite(x).all()
    assert_share(x <= 2.198109338312605e-12, 0.5)  # the median
    assert_share(x > 1e-6, 0.000797884426822923)
    assert x.max() > 1e-3  # P(x > 1e-3) is 2.5e-5: none in a million with probability e^-25


@pytest.mark.parametrize(
    ("mean", "shape"),
    [(1e8, 2.25), (1.0, 1e-12), (1e300, 1e-300), (1e-300, 1e300), (HUGE, HUGE), (5e-324, 5e-324),
     (HUGE, 5e-324), (5e-324, HUGE), (1.0, 1e18)],
)
def test_draws_stay_inside_the_support_and_have_a_finite_log_density(mean, shape):
    p = kf.InverseGaussian(mean, shape)
    x = p.sample(50_000, rng=3)
    assert (x > 0.0).all() and np.isfinite(x).all()
    assert np.isfinite(p.log_density(x)).all()
    assert not np.isnan(p.score(x)).any()


@pytest.mark.parametrize(
    ("mean", "shape", "x", "value"),
    [
        (1e8, 2.25, 1e-3, -1115.15184048412328),
        (1.0, 1e-12, 1.0, -14.7344490911689469),
        (1e-300, 1e-300, 5e-324, -1.01201126653655312e23),
        (1e300, 1e300, 1e300, -691.694466431418378),
        (1.0, 1e15, 1.00000003, 15.9004496315590559),
        (1e150, 1e-150, 1e-150, 343.968825415902180),
        (3.0, 1e-300, 1e-301, 688.310467004500101),
    ],
)
def test_log_density_neither_cancels_nor_overflows(mean, shape, x, value):
    p = kf.InverseGaussian(mean, shape)
    assert p.log_density(x) == pytest.approx(value, rel=2e-15)
    assert p.log_density(np.array([x]))[0] == p.log_density(x)


def maximum_likelihood(x, weights=None):
    """Mean and shape by exact fractions."""
    values = [Fraction(v) for v in x]
    weights = [1] * len(values) if weights is None else [Fraction(w) for w in weights]
    total = sum(weights)
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / total
    inverse = sum(w / v for w, v in zip(weights, values, strict=True)) / total
    return mean, 1 / (inverse - 1 / mean)


OFFSETS = np.array([-1.0, 2.0, 0.5, -1.5, 0.3])


@pytest.mark.parametrize(
    "x",
    [3.0 + 1e-8 * OFFSETS, 1e9 + 10.0 * OFFSETS, 1e-290 * (1.0 + 1e-8 * OFFSETS),
     1e290 * (1.0 + 1e-8 * OFFSETS), np.array([1e-10, 1.0, 1e10]), np.array([1e-150, 1e150]),
     np.array([1e-300, 2e-300, 5e-300]), np.array([1e300, 2e300, 5e300])],
    ids=["spread 1e-8", "spread 1e-8 of 1e9", "small and narrow", "large and narrow", "wide",
         "very wide", "small", "large"],
)
def test_maximum_likelihood_at_bad_scaling(x):
    """Nine digits of the shape; NumPy's mean(1/x) - 1/mean(x) has none where x is narrow."""
    fitted = kf.InverseGaussian.fit(x).parameters
    mean, shape = maximum_likelihood(x.tolist())
    assert fitted["mean"] == pytest.approx(float(mean), rel=1e-14)
    assert fitted["shape"] == pytest.approx(float(shape), rel=1e-9)


def test_weighted_fit():
    x, weights = [1.0, 2.0, 5.0], [1.0, 0.0, 3.0]
    mean, shape = maximum_likelihood(x, weights)
    fitted = kf.InverseGaussian.fit(x, weights).parameters
    assert fitted["mean"] == pytest.approx(float(mean), rel=1e-15)
    assert fitted["shape"] == pytest.approx(float(shape), rel=1e-14)


@pytest.mark.parametrize("x", [[3.0], [3.0, 3.0], [1e-300] * 600, [0.1] * 3])
def test_degenerate_data_say_why_no_maximum_exists(x):
    with pytest.raises(ValueError, match="all equal"):
        kf.InverseGaussian.fit(x)


@pytest.mark.parametrize("bad", [0.0, -1.0, 5e-324, math.inf, math.nan])
def test_data_with_an_infinite_statistic_are_refused_by_index(bad):
    with pytest.raises(ValueError, match=r"data\[1\]"):
        kf.InverseGaussian.fit([1.0, bad, 2.0])


def test_divergence_of_nearly_equal_members_keeps_its_digits():
    """e^2/4 - e^3/6 for the shapes 1 and 1 + e, e^2/(2 (1 + e)^2) for the means, e exact."""
    e = (1.0 + 1e-10) - 1.0
    p = kf.InverseGaussian(1.0, 1.0)
    shapes = kf.kl_divergence(p, kf.InverseGaussian(1.0, 1.0 + e))
    assert shapes == pytest.approx(e * e / 4.0 - e**3 / 6.0, rel=1e-13)
    means = kf.kl_divergence(p, kf.InverseGaussian(1.0 + e, 1.0))
    assert means == pytest.approx(e * e / 2.0 / (1.0 + e) ** 2, rel=1e-13)


def test_levy_and_beyond_are_no_members():
    """At the first natural parameter 0 the mean is infinite."""
    for eta in ([0.0, -1.0], [1e-3, -1.0], [-1.0, 0.0]):
        with pytest.raises(ValueError, match="InverseGaussian"):
            kf.InverseGaussian.from_natural(eta)
