"""Inputs on which other libraries failed their users, for the Zipf family: right answers.

Values that are not obvious come from the formula at 50 digits.
"""

from __future__ import annotations

import math
import time

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import klfast as kf

LARGEST_INT = 2**63 - 1
LARGEST_DOUBLE = 1.7976931348623157e308
# A count outside these quantiles of its binomial distribution: 1 run in 1e9 by chance.
RARE = 5e-10


def assert_share(hits: int, n: int, probability: float) -> None:
    """`hits` of n is no rarer than 1 in 1e9 under `probability`."""
    low, high = stats.binom.ppf([RARE, 1.0 - RARE], n, probability)
    assert low <= hits <= high, f"{hits} of {n}: wanted {low:.0f} to {high:.0f}"


def test_draws_of_an_exponent_near_1_stand_on_the_largest_number_that_fits():
    """numpy's looped for ever, or gave negative counts. P(X > x) is near x^-e."""
    p, n = kf.Zipf(1.0 + 1e-7), 100_000
    counts, doubles = p.sample(n, rng=1), p.sample(n, rng=1, out=np.empty(n))
    assert counts.dtype == np.int64 and (counts >= 1).all()
    assert_share(int((counts == LARGEST_INT).sum()), n, float(mp.mpf(2) ** (-63e-7)))
    assert (doubles == np.floor(doubles)).all()
    assert_share(int((doubles == LARGEST_DOUBLE).sum()), n, LARGEST_DOUBLE**-1e-7)
    small = counts < 2**53
    assert_array_equal(counts[small], doubles[small])
    assert np.isfinite(p.log_density(doubles)).all()


@pytest.mark.parametrize("exponent", [1.0 + 2.0**-52, 1.0 + 1e-12])
def test_draws_at_the_end_of_the_domain_are_all_too_large(exponent):
    """Below the largest int64 lie 44/(2^52 + ...) of the mass: 1 run in 1e5 and less by chance."""
    assert (kf.Zipf(exponent).sample(10_000, rng=2) == LARGEST_INT).all()
    assert (kf.Zipf(exponent).sample(10_000, rng=2, out=np.empty(10_000)) == LARGEST_DOUBLE).all()


@pytest.mark.parametrize("exponent", [100.0, 1025.0, 1e5, 1e300, LARGEST_DOUBLE])
def test_draws_of_a_huge_exponent_are_all_1(exponent):
    """The chance of any other count is below 2^-99."""
    assert (kf.Zipf(exponent).sample(10_000, rng=3) == 1).all()


@pytest.mark.parametrize("exponent", [1.0 + 2.0**-52, 1.0 + 1e-7, 1.01, 2.0, 10.0, 1e300])
def test_a_draw_takes_bounded_work(exponent):
    """A few nanoseconds each; the bound is far above what a loaded machine takes."""
    start = time.perf_counter()
    kf.Zipf(exponent).sample(100_000, rng=4)
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize("exponent", [2.5, 30.0])
def test_the_masses_of_small_counts(exponent):
    """Each of 2 to 6, among which are those that squeeze and rejection decide."""
    n = 4_000_000
    found = np.bincount(np.minimum(kf.Zipf(exponent).sample(n, rng=5), 7), minlength=8)
    for x in range(1, 7):
        mass = float(mp.mpf(x) ** -mp.mpf(exponent) / mp.zeta(exponent))
        assert_share(int(found[x]), n, mass)


@pytest.mark.parametrize(
    ("exponent", "x", "value"),
    [
        (2.0, 2.0**63, -87.83424505302385),
        (2.0, 1e300, -1382.0487560988981),
        (1.0 + 2.0**-52, 1e300, -726.819181287331),
        (1.0 + 1e-7, 2.0**63, -59.78637245019981),
        (60.0, 2.0, -41.58883083359672),
        (1e5, 3.0, -109861.22886681097),
        (1e300, 1.0, 0.0),
        (1e300, 2.0, -6.931471805599454e299),
    ],
)
def test_log_density_far_out(exponent, x, value):
    """scipy's mass underflows, so that it gives -inf at 1e300 and for exponent 1e5."""
    p = kf.Zipf(exponent)
    assert p.log_density(x) == pytest.approx(value, rel=1e-15, abs=0.0)
    assert p.log_density(np.array([x]))[0] == pytest.approx(value, rel=1e-15, abs=0.0)
    assert kf.Zipf([exponent, 3.0]).log_density(x)[0] == pytest.approx(value, rel=1e-15, abs=0.0)


def test_log_density_of_a_batch_larger_than_a_tile_is_that_of_its_members():
    exponents = np.concatenate([np.full(70, 1.5), np.linspace(1.1, 40.0, 130), [1.5, 1e300]])
    x = np.arange(1.0, len(exponents) + 1.0)
    found = kf.Zipf(exponents).log_density(x)
    one_by_one = [kf.Zipf(s).log_density(v) for s, v in zip(exponents, x, strict=True)]
    assert_array_equal(found, one_by_one)


@pytest.mark.parametrize("exponent", [1500.0, 1e5, 1e300])
def test_members_without_spread_have_finite_scores(exponent):
    """The variance of log x underflows."""
    p = kf.Zipf(exponent)
    for coordinates in ("parameters", "natural", "unconstrained"):
        score = p.score(np.array([1.0, 2.0, 1e300, np.nan]), coordinates=coordinates)
        assert score[0] == 0.0 and np.isfinite(score[:3]).all() and np.isnan(score[3])
    assert p.entropy() == 0.0 and p.log_partition() == 0.0
    assert p.mean() == 1.0 and p.variance() == 0.0
    with pytest.raises(ValueError, match="Zipf"):
        kf.minimize_reverse_kl(p, kf.Zipf(3.0), rng=1)


def test_moments_are_infinite_up_to_their_exponents_and_exact_beyond():
    assert_array_equal(kf.Zipf([1.5, 2.0]).mean(), [math.inf, math.inf])
    assert_array_equal(kf.Zipf([1.5, 2.5, 3.0]).variance(), [math.inf] * 3)
    for s in (2.0 + 2.0**-50, 2.5, 3.0 + 2.0**-50, 3.1, 10.0, 45.0):
        with mp.workdps(60):
            mean = mp.zeta(mp.mpf(s) - 1) / mp.zeta(s)
            variance = mp.zeta(mp.mpf(s) - 2) / mp.zeta(s) - mean**2
        assert kf.Zipf(s).mean() == pytest.approx(float(mean), rel=1e-14)
        if s > 3.0:
            assert kf.Zipf(s).variance() == pytest.approx(float(variance), rel=1e-13)


def test_round_trips_keep_the_excess_over_1_and_the_exponent():
    """By the mean of log x, from 4.5e15 down to 1e-300."""
    near = 1.0 + 2.0 ** np.linspace(-52.0, 0.0, 300)
    back = kf.Zipf.from_mean(kf.Zipf(near).mean_parameters).parameters["exponent"]
    assert_allclose(back - 1.0, near - 1.0, rtol=1e-14)
    far = np.linspace(2.0, 1000.0, 500)
    back = kf.Zipf.from_mean(kf.Zipf(far).mean_parameters).parameters["exponent"]
    assert_allclose(back, far, rtol=1e-14)
    for s in (1.0 + 2.0**-52, 1.0 + 1e-7, 1.7, 40.0, 1e300):
        p = kf.Zipf(s)
        back = kf.Zipf.from_unconstrained(p.unconstrained).parameters["exponent"]
        assert back - 1.0 == pytest.approx(s - 1.0, rel=1e-14)
        assert kf.Zipf.from_natural(p.natural_parameters) == p


@pytest.mark.parametrize("mean", [0.0, -1.0, 1e16, math.inf])
def test_means_of_no_member_are_refused(mean):
    with pytest.raises(ValueError, match="mu must be finite and > 0, and lead to"):
        kf.Zipf.from_mean([mean])


@pytest.mark.parametrize("n", [1, 3, 511, 513, 100_003])
def test_data_that_are_all_1_have_no_maximum(n):
    with pytest.raises(ValueError, match="all 1"):
        kf.Zipf.fit(np.ones(n))
    with pytest.raises(ValueError, match="all 1"):
        kf.Zipf.fit(np.ones(n), np.random.default_rng(n).random(n) + 0.1)


@pytest.mark.parametrize("x", [0.0, 1.5, -1.0, math.inf, math.nan])
def test_data_outside_the_support_are_named(x):
    with pytest.raises(ValueError, match=r"\[2\]"):
        kf.Zipf.fit([1.0, 2.0, x, 4.0])


@pytest.mark.parametrize(
    ("x", "weights"),
    [
        ([1, 2, 3, 10], [5.0, 0.5, 0.25, 0.125]),
        ([1, 2], [1e9, 1.0]),
        ([1e300, 2.0**63, 1.0], [3.0, 1e-3, 0.0]),
        ([1, 7], [1e-200, 3e-200]),
        ([1e300, 5e299], [1e307, 1e307]),
    ],
)
def test_weighted_fit_solves_its_equation(x, weights):
    """-zeta'(s)/zeta(s) is the weighted mean of log x: s by mpmath to 30 digits."""
    fitted = kf.Zipf.fit(x, weights).parameters["exponent"]
    with mp.workdps(40):
        logs = [mp.mpf(w) * mp.log(mp.mpf(v)) for v, w in zip(x, weights, strict=True)]
        mean = mp.fsum(logs) / mp.fsum(mp.mpf(w) for w in weights)
        s = mp.findroot(lambda t: mp.log(-mp.zeta(t, 1, 1) / mp.zeta(t) / mean),
                        (fitted, fitted + 1e-6 * (fitted - 1.0)))
    assert fitted - 1.0 == pytest.approx(float(s - 1), rel=1e-12)


def test_a_weight_of_1e_200_counts():
    """The mean of log x is 1e-200 log 2, where log zeta is 2^-s."""
    fitted = kf.Zipf.fit([1, 2], [1.0, 1e-200]).parameters["exponent"]
    assert fitted == pytest.approx(200.0 * math.log2(10.0), rel=1e-14)


def test_one_2_among_a_million_is_no_rounding():
    x = np.ones(1_000_003)
    x[777_777] = 2.0
    expected = kf.Zipf.from_mean([math.log(2.0) / len(x)]).parameters["exponent"]
    assert kf.Zipf.fit(x).parameters["exponent"] == pytest.approx(expected, rel=1e-11)


def test_divergence_near_1_does_not_cancel():
    """log zeta is 36 on both sides of a divergence of 0.05."""
    for factor in (0.5, 0.9, 1.2, 1.5, 3.0):
        p, q = 1.0 + 2.0**-46, 1.0 + factor * 2.0**-46
        with mp.workdps(60):
            mean = -mp.zeta(p, 1, 1) / mp.zeta(p)
            exact = mp.log(mp.zeta(q) / mp.zeta(p)) + (mp.mpf(q) - mp.mpf(p)) * mean
        found = kf.kl_divergence(kf.Zipf(p), kf.Zipf(q))
        assert found == pytest.approx(float(exact), rel=1e-14)
