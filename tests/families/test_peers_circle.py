"""Where peers failed their users on the circle and on [0, 1]: von Mises and continuous Bernoulli.

One test to a failure, named for what it guards. Exact values are mpmath's at 50 digits or more.
Checks of draws are of fixed seeds and fail by chance, over seeds, less than once in 1e8 each.
"""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import klfast as kf

INF, NAN = math.inf, math.nan
BELOW_PI = 3.141592653589793  # np.pi, the double nearest to pi, which is below it: in [-pi, pi)
ULP = 2.0**-52
RARE = 1e-8
HUGE = [1e6, -1e6, 1e15, 2.0**50 + 0.25, 2.0**60, 1e22, -1e22, -1e300, 1.7976931348623157e308,
        6381956970095103.0 * 2.0**797]  # the last is the double nearest to a quarter of a turn


def reduced(x):
    """The same angle in [-pi, pi], exactly reduced and rounded once."""
    with mp.workdps(400):
        exact = mp.mpf(x)
        return float(exact - mp.nint(exact / (2 * mp.pi)) * 2 * mp.pi)


def exact_log_density(loc, concentration, x):
    with mp.workdps(400):  # digits for cos(1e300) and for exp(1e8)
        loc, k, x = map(mp.mpf, (loc, concentration, x))
        return float(k * mp.cos(x - loc) - mp.log(2 * mp.pi * mp.besseli(0, k)))


def is_normal(z):
    """Whether z are standard normal deviates, by Kolmogorov and Smirnov."""
    return stats.kstest(z, "norm").pvalue > RARE


# ---- Von Mises: draws ----


@pytest.mark.parametrize("concentration", [0.0, 5e-324, 1e-300, 1e-17, 1e-9, 1.3e-8, 1.5e-8, 1e-5])
def test_von_mises_of_concentration_near_0_is_uniform(concentration):
    """numpy gave NaN at 0 and did not return below 1.4e-8 (numpy#4720)."""
    for loc in (0.0, 3.0):
        x = kf.VonMises(loc, concentration).sample(100_000, rng=1)
        assert (np.abs(x) <= BELOW_PI).all()
        assert stats.kstest(x, stats.uniform(-np.pi, 2.0 * np.pi).cdf).pvalue > RARE


def test_von_mises_draws_are_continuous_in_the_concentration_at_0():
    """The shorter way at 0 gives the draws of the general one."""
    apart = (kf.VonMises(0.3, 0.0).sample(5000, rng=2)
             - kf.VonMises(0.3, 2.0**-52).sample(5000, rng=2))
    assert np.abs(np.sin(0.5 * apart)).max() < 1e-14


@pytest.mark.parametrize("concentration", [1e8, 1e15, 1e20])
def test_von_mises_of_high_concentration_draws_continuous_values(concentration):
    """Those of numpy lay on a Cantor set at 1e15 (numpy#17275), others were NaN."""
    n = 100_000
    x = kf.VonMises(0.0, concentration).sample(n, rng=3)
    assert len(np.unique(x)) == n
    assert_allclose(np.mean(x * x), 1.0 / concentration, rtol=6.2 * math.sqrt(2.0 / n))
    assert is_normal(x * math.sqrt(concentration))


def test_von_mises_of_high_concentration_about_another_loc_is_rounded_and_no_more():
    """The doubles near 2 lie 4.4e-16 apart and the standard deviation is 3.2e-8."""
    x = kf.VonMises(2.0, 1e15).sample(100_000, rng=4)
    assert len(np.unique(x)) > 99_900  # 20 equal pairs are expected
    assert is_normal((x - 2.0) * math.sqrt(1e15))


@pytest.mark.parametrize("loc", [BELOW_PI, -BELOW_PI, np.nextafter(BELOW_PI, 0.0), 4.0, -4.0, 1e22,
                                 0.0])
@pytest.mark.parametrize("concentration", [0.0, 1e-9, 0.5, 50.0, 1e8, 1e15, 1e30, 1e300])
def test_von_mises_draws_lie_on_the_circle_cut_at_pi(loc, concentration):
    x = kf.VonMises(loc, concentration).sample(20_000, rng=5)
    assert (np.abs(x) <= BELOW_PI).all()
    assert np.isfinite(kf.VonMises(loc, concentration).log_density(x)).all()
    if concentration == 50.0 and 3.0 < abs(loc) < 3.5:  # both sides of the cut
        assert (x > 3.0).any() and (x < -3.0).any()


@pytest.mark.parametrize("loc", HUGE)
def test_von_mises_loc_is_reduced_accurately(loc):
    p = kf.VonMises(loc, 1e8)
    found, exact = p.mean(), reduced(loc)
    assert abs(found) <= BELOW_PI
    assert abs(found - exact) <= 2.0 * ULP
    x = p.sample(100_000, rng=6)
    t = np.remainder(x - exact + np.pi, 2.0 * np.pi) - np.pi
    assert is_normal(t * 1e4)


@pytest.mark.parametrize("loc", [0.0, -0.0, 1.0, -3.0, BELOW_PI, -BELOW_PI])
def test_von_mises_loc_on_the_circle_stays_as_it_is(loc):
    assert kf.VonMises(loc, 1.0).parameters["loc"] == loc


# ---- Von Mises: densities ----


@pytest.mark.parametrize(("loc", "concentration", "x"), [
    (0.0, 800.0, BELOW_PI), (0.0, 800.0, 0.0), (0.0, 715.0, 1.5), (0.0, 1e8, BELOW_PI),
    (0.0, 1e8, 1e-4), (0.0, 1e8, 0.0), (BELOW_PI, 800.0, -BELOW_PI), (1.0, 50.0, -2.0),
    (0.0, 1e-8, 1.0), (0.0, 1e-300, -1.0)])
def test_von_mises_log_density_is_finite_and_exact_at_large_concentrations(loc, concentration, x):
    """-inf near pi at 800 in SciPy (scipy#16559), inf - inf from I0 in Stan (stan math#1076)."""
    exact = exact_log_density(loc, concentration, x)
    assert_allclose(kf.VonMises(loc, concentration).log_density(x), exact, rtol=1e-14)
    assert_allclose(kf.VonMises([loc], concentration).log_density(x), [exact], rtol=1e-14)


def test_von_mises_of_concentration_0_has_the_uniform_density_and_a_score():
    """NaN in peers, the log-density (scipy#18166) or its gradient (jax#38621)."""
    p, x = kf.VonMises(0.5, 0.0), np.linspace(-10.0, 10.0, 101)
    with mp.workdps(50):
        uniform = float(-mp.log(2 * mp.pi))
    assert (p.log_density(x) == uniform).all()
    score = p.score(x)
    assert_allclose(score[:, 1], np.cos(x - 0.5), rtol=0.0, atol=8.0 * ULP)
    assert_array_equal(score[:, 0], 0.0)
    assert p.entropy() == -uniform
    assert p.variance() == 1.0


def test_von_mises_log_density_is_periodic():
    p = kf.VonMises(0.5, 2.0)
    for turns in (-1000, -2, -1, 1, 2, 1000):
        x = turns * 2.0 * math.pi
        with mp.workdps(50):
            rounded = float(2 * turns * mp.pi - mp.mpf(x))  # a turn is no double
        slope = 2.0 * math.sin(0.5)
        assert abs(p.log_density(x) - p.log_density(0.0) + slope * rounded) < 4.0 * ULP


@pytest.mark.parametrize("x", HUGE)
def test_huge_angles_are_reduced_exactly(x):
    """To the double nearest to the angle less whole turns, wrong by up to half an ulp of pi."""
    p = kf.VonMises(0.5, 2.0)
    exact = exact_log_density(0.5, 2.0, x)
    assert_allclose(p.log_density(x), exact, rtol=4.0 * ULP)
    with mp.workdps(400):
        wave = [float(mp.cos(mp.mpf(x))), float(mp.sin(mp.mpf(x)))]
        across = float(2 * mp.sin(mp.mpf(x) - mp.mpf(0.5)))
    assert_allclose(p.sufficient_statistics(x), wave, rtol=0.0, atol=2.0 * ULP)
    assert_allclose(p.score(x)[0], across, rtol=1e-14, atol=1e-15)
    among = np.array([0.1, x, INF, NAN, -3.0] * 300)  # the others of a block stay as they are
    found = p.log_density(among)
    assert_array_equal(found, [p.log_density(v) for v in among[:5]] * 300)
    assert_array_equal(kf.VonMises(np.full(1500, 0.5), 2.0).log_density(among), found)
    assert_allclose(kf.VonMises.fit([x, 0.5, 0.6]).parameters["loc"],
                    kf.VonMises.fit([reduced(x), 0.5, 0.6]).parameters["loc"], rtol=1e-14)


def test_von_mises_takes_no_infinite_angle():
    """NaN, a number and NaN again in a peer."""
    for p in (kf.VonMises(0.5, 2.0), kf.VonMises(0.0, 0.0), kf.VonMises(1.0, 1e300)):
        assert p.log_density(INF) == p.log_density(-INF) == -INF
        assert math.isnan(p.log_density(NAN))
        assert np.isnan(p.score(NAN)).all()
    with pytest.raises(ValueError, match=r"1"):
        kf.VonMises.fit([0.0, INF, 1.0])


# ---- Von Mises: fits ----


@pytest.mark.parametrize("data", [[1.0], [1.0] * 5, [-BELOW_PI] * 600])
def test_von_mises_fit_to_one_angle_says_why_there_is_none(data):
    with pytest.raises(kf.NoMaximumError, match="all one angle"):
        kf.VonMises.fit(data)


@pytest.mark.parametrize("data", [
    [0.0, BELOW_PI], [0.3, 0.3 - BELOW_PI], [0.0, 0.5 * BELOW_PI, BELOW_PI, -0.5 * BELOW_PI],
    [0.0, 2.0 * BELOW_PI / 3.0, -2.0 * BELOW_PI / 3.0] * 400])
def test_von_mises_fit_to_opposite_data_is_uniform_to_rounding(data):
    """pi and 2 pi / 3 are no doubles: the mean vector is of the order of an ulp, not 0."""
    assert kf.VonMises.fit(data).parameters["concentration"] < 4.0 * ULP


def test_von_mises_of_mean_vector_0_is_uniform():
    """Where the direction of the vector says nothing."""
    p = kf.VonMises.from_mean([0.0, 0.0])
    assert p.parameters == {"loc": 0.0, "concentration": 0.0}
    assert kf.VonMises.from_natural([0.0, -0.0]).parameters["concentration"] == 0.0


def exact_fit(x):
    """Mean direction and concentration: 1 - A(k) = 1/(2 k) + 1/(8 k^2) + 1/(8 k^3) + O(k^-4)."""
    with mp.workdps(50):
        along = mp.fsum(mp.cos(mp.mpf(v)) for v in x.tolist()) / len(x)
        across = mp.fsum(mp.sin(mp.mpf(v)) for v in x.tolist()) / len(x)
        rest = 1 - mp.hypot(along, across)
        start = 1 / (2 * rest)
        k = mp.findroot(lambda k: 1 / (2 * k) + 1 / (8 * k**2) + 1 / (8 * k**3) - rest, start)
        return float(mp.atan2(across, along)), float(k)


@pytest.mark.parametrize("loc", [0.0, 0.7, BELOW_PI])
@pytest.mark.parametrize("concentration", [1e6, 1e8, 1e12])
def test_von_mises_fit_at_high_concentrations_keeps_its_digits(loc, concentration):
    """1 - R loses eight digits at 1e8 where R is formed first; that at 1e12 all but four."""
    x = kf.VonMises(loc, concentration).sample(2000, rng=7)
    loc, k = exact_fit(x)
    fitted = kf.VonMises.fit(x).parameters
    assert_allclose(fitted["concentration"], k, rtol=1e-9 if loc else 1e-12)
    assert abs(fitted["loc"] - loc) <= 4.0 * ULP


# ---- Continuous Bernoulli ----


def partition(logit):
    return mp.log(mp.expm1(logit) / logit) if logit else mp.mpf(0)


def mean_of(logit):
    return 1 / -mp.expm1(-logit) - 1 / logit if logit else mp.mpf("0.5")


@pytest.mark.parametrize("logit", [0.0, 1e-300, 1e-16, 1e-8, -1e-8, 1e-4, -1e-3, 0.5, 1.99, 2.01,
                                   -30.0, 750.0, -750.0])
def test_continuous_bernoulli_log_partition_and_mean_keep_their_digits(logit):
    """A jump at 0 (ExponentialFamily.jl#132); the naive mean is wrong by 1.5e-8 at 1e-8."""
    p = kf.ContinuousBernoulli(logit)
    with mp.workdps(700):
        exact, mean = float(partition(mp.mpf(logit))), float(mean_of(mp.mpf(logit)))
    assert_allclose(p.log_partition(), exact, rtol=4.0 * ULP, atol=0.0)
    assert_allclose(p.mean(), mean, rtol=4.0 * ULP, atol=0.0)
    assert_allclose(p.mean_parameters, [mean], rtol=4.0 * ULP, atol=0.0)


@pytest.mark.parametrize("logit", [1e-300, 1e-8, 0.1, 3.0, 40.0, 750.0, 1e15, 1e300])
def test_continuous_bernoulli_of_the_opposite_logit_is_the_mirror_image(logit):
    p, q = kf.ContinuousBernoulli(logit), kf.ContinuousBernoulli(-logit)
    x = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    assert p.mean() == 1.0 - q.mean()
    assert p.variance() == q.variance() and p.entropy() == q.entropy()
    assert_array_equal(p.log_density(x), q.log_density(1.0 - x))


@pytest.mark.parametrize("logit", [0.0, 1e-8, -1e-8, 2.0, -30.0, 750.0, -750.0])
def test_continuous_bernoulli_log_density_at_both_ends(logit):
    p = kf.ContinuousBernoulli(logit)
    with mp.workdps(700):
        constant = partition(mp.mpf(logit))
        exact = [float(-constant), float(mp.mpf(logit) - constant)]
    assert_allclose(p.log_density([0.0, 1.0]), exact, rtol=4.0 * ULP, atol=0.0)
    assert_array_equal(p.log_density([-5e-324, 1.0 + ULP, INF, NAN]), [-INF, -INF, -INF, NAN])


@pytest.mark.parametrize("logit", [0.0, 1e-300, -1e-8, 3.0, 40.0, 750.0, -750.0, 1e15, -1e300,
                                   1.7976931348623157e308])
def test_continuous_bernoulli_draws_lie_inside(logit):
    p = kf.ContinuousBernoulli(logit)
    x = p.sample(100_000, rng=8)
    assert (x > 0.0).all() and (x < 1.0).all()
    assert np.isfinite(p.log_density(x)).all()


@pytest.mark.parametrize("data", [[0.0, 0.0], [1.0], [1.0] * 600])
def test_continuous_bernoulli_fit_to_an_end_says_why_there_is_none(data):
    with pytest.raises(kf.NoMaximumError, match="all 0 or all 1"):
        kf.ContinuousBernoulli.fit(data)


def test_continuous_bernoulli_fit_of_both_ends_is_a_half():
    assert kf.ContinuousBernoulli.fit([0.0, 1.0]) == kf.ContinuousBernoulli(0.0)
    assert_allclose(kf.ContinuousBernoulli.fit([0.0, 1.0, 1.0]).mean(), 2.0 / 3.0, rtol=4.0 * ULP)


@pytest.mark.parametrize(("a", "b"), [
    (0.0, 1e-8), (1e-8, 0.0), (1e-8, 1.0000001e-8), (3.0, 3.0 + 3e-10), (-30.0, -30.0 - 3e-9),
    (750.0, 750.0 + 1e-7), (1.0, -1.0), (750.0, -750.0), (0.0, 750.0)])
def test_continuous_bernoulli_divergence_of_near_members_keeps_its_digits(a, b):
    """A difference of log-partitions has none left."""
    with mp.workdps(700):
        p, q = mp.mpf(a), mp.mpf(b)
        exact = float(partition(q) - partition(p) - (q - p) * mean_of(p))
    found = kf.kl_divergence(kf.ContinuousBernoulli(a), kf.ContinuousBernoulli(b))
    assert_allclose(found, exact, rtol=1e-13, atol=0.0)
