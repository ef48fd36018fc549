"""Where peers failed their users: one test to a failure, named for what it guards.

Density values are exact to the digits shown (50-digit arithmetic). scipy.stats 1.17 and numpy 2.4
give other answers where a docstring says so.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import klfast as kf

INF = np.inf
TINY = 5e-324
# A count outside these quantiles of its binomial distribution: 1 run in 1e9 by chance.
RARE = 5e-10


def assert_share(hits: int, n: int, probability: float) -> None:
    """`hits` of n is no rarer than 1 in 1e9 under `probability`."""
    low, high = stats.binom.ppf([RARE, 1.0 - RARE], n, probability)
    assert low <= hits <= high, f"{hits} of {n}: wanted {low:.0f} to {high:.0f}"


def z_score(values, mean, sd):
    return (np.mean(values) - mean) / (sd / math.sqrt(np.size(values)))


# ---- Sampling at the edge of the domain ----


def test_gamma_of_tiny_shape_returns_the_smallest_double_not_0():
    """numpy returns 0.0 always."""
    x = kf.Gamma(1e-8, 1.0).sample(200_000, rng=1)
    assert (x > 0.0).all()
    assert_share(int((x == TINY).sum()), len(x), 0.999993)
    assert np.isfinite(kf.Gamma(1e-8, 1.0).log_density(x)).all()


def test_gamma_of_shape_one_thousandth_underflows_as_often_as_it_should():
    """47.5% of the draws are below the smallest double."""
    x = kf.Gamma(1e-3, 1.0).sample(200_000, rng=2)
    assert (x > 0.0).all()
    # rounding to nearest sends what is below 1.5 smallest doubles to the smallest
    exact = math.exp(1e-3 * math.log(1.5) + 1e-3 * math.log(TINY) - math.lgamma(1.001))
    assert_share(int((x == TINY).sum()), len(x), exact)


def test_gamma_of_tiny_shape_and_tiny_rate_keeps_its_spread():
    """The rate lifts draws out of the range where the unscaled ones underflow."""
    x = kf.Gamma(1e-3, 1e-300).sample(200_000, rng=3)
    for bound in (1e-300, 1e-100, 1.0, 1e100):
        exact = math.exp(1e-3 * (math.log(bound) + math.log(1e-300)) - math.lgamma(1.001))
        assert_share(int((x < bound).sum()), len(x), exact)


def test_gamma_of_shape_1e_15_returns():
    """No rejection loop that waits for a nonzero (a peer hangs)."""
    assert (kf.Gamma(1e-15, 1.0).sample(10_000, rng=4) == TINY).mean() > 0.99


@pytest.mark.parametrize("shape", [0.0, -0.0, -1.0])
def test_gamma_shape_0_is_an_error(shape):
    """numpy returns 0.0."""
    with pytest.raises(ValueError, match="shape"):
        kf.Gamma(shape, 1.0)


def test_gamma_of_shape_1e15_is_not_a_constant():
    x = kf.Gamma(1e15, 1.0).sample(200_000, rng=5)
    assert abs(z_score(x - 1e15, 0.0, math.sqrt(1e15))) < 6.2
    assert_allclose(np.var(x - 1e15), 1e15, rtol=6.2 * math.sqrt(2.0 / len(x)))


@pytest.mark.parametrize("rate", [1e-320, 1e308])
def test_gamma_of_extreme_rate_draws_finite_positive_numbers(rate):
    x = kf.Gamma(2.0, rate).sample(10_000, rng=6)
    assert (x > 0.0).all() and np.isfinite(x).all()


def test_poisson_0_is_always_0():
    x = kf.Poisson(0.0).sample(10_000, rng=7)
    assert x.dtype == np.int64 and (x == 0).all()


@pytest.mark.parametrize("rate", [1e16, 1e17, 1e18])
def test_poisson_of_huge_rate_has_variance_equal_to_the_mean(rate):
    """numpy's ratio is 1.4 at 1e16 and 1.6 at 1e17."""
    x = kf.Poisson(rate).sample(200_000, rng=8) - int(rate)
    assert abs(z_score(x, 0.0, math.sqrt(rate))) < 6.2
    assert_allclose(np.var(x.astype(float)), rate, rtol=6.2 * math.sqrt(2.0 / len(x)))


def test_poisson_beyond_int64_names_the_limit_and_gives_floats_when_asked():
    p = kf.Poisson(1e19)
    stream = kf.Stream(1)
    with pytest.raises(ValueError, match="int64"):
        p.sample(10, rng=stream)
    assert stream.block == 0
    out = np.empty(1000)
    p.sample(1000, rng=stream, out=out)
    assert abs(z_score(out / 1e19, 1.0, 1e19**-0.5)) < 6.2


def test_poisson_1000_has_mean_1000():
    """A product of uniforms below exp(-1000) gives 87 in a peer."""
    x = kf.Poisson(1000.0).sample(200_000, rng=9)
    assert abs(z_score(x, 1000.0, math.sqrt(1000.0))) < 6.2


def test_mvn_of_rank_one_is_an_error():
    for covariance in ([[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]], np.zeros((2, 2))):
        with pytest.raises(ValueError, match="positive definite"):
            kf.MultivariateNormal([0.0, 0.0], covariance)


def test_mvn_nearly_singular_is_accepted():
    """scipy refuses condition numbers from 4e11 on."""
    near = 1.0 - 1e-14
    p = kf.MultivariateNormal([0.0, 0.0], [[1.0, near], [near, 1.0]])
    x = np.array([0.3, 0.3])
    # quadratic form along (1, 1): 2 * 0.09 / (1 + near); log det = log(1 - near^2)
    exact = -0.09 / (1.0 + near) - 0.5 * math.log((1.0 - near) * (1.0 + near)) - math.log(2 * np.pi)
    assert p.log_density(x) == pytest.approx(exact, rel=1e-2)  # condition number times rounding
    good = kf.MultivariateNormal([0.0, 0.0], np.diag([1e-15, 1.0]))
    assert good.log_density([0.0, 0.0]) == pytest.approx(
        -0.5 * math.log(1e-15) - math.log(2 * np.pi), rel=1e-14)


def test_mvn_unsymmetric_covariance_is_named():
    """Peers say "singular" or use one triangle in silence."""
    with pytest.raises(ValueError, match=r"covariance\[1, 0\].*symmetric"):
        kf.MultivariateNormal([0.0, 0.0], [[1.0, 0.5], [0.2, 1.0]])


@pytest.mark.parametrize("bad", [np.nan, INF, -INF])
def test_parameters_that_are_not_finite_are_refused_alone_and_in_arrays(bad):
    """numpy hangs, returns 0 or negative integers."""
    for cls, good in ((kf.Normal, (0.0, 1.0)), (kf.Gamma, (1.0, 1.0)), (kf.Poisson, (1.0,))):
        for i in range(len(good)):
            values = list(good)
            values[i] = bad
            with pytest.raises(ValueError, match=cls.__name__):
                cls(*values)
            values[i] = np.array([good[i], good[i], bad])
            with pytest.raises(ValueError, match=r"\[2\]"):
                cls(*values)


def test_large_draws_need_no_32_bit_index():
    """The last element of more than 2^31 bytes, and a count whose blocks pass 2^22."""
    x = kf.Normal(0.0, 1.0).sample(2**22 + 5, rng=1)
    assert x[-1] == kf.Normal(0.0, 1.0).sample(5, rng=kf.Stream(1, 0, 2**13))[4]


@pytest.mark.parametrize("size", [-1, 2.5, "3", True, (2, -1), np.float64(2.0), None.__class__])
def test_sizes_that_are_no_counts_are_refused(size):
    stream = kf.Stream(1)
    with pytest.raises((TypeError, ValueError), match="size"):
        kf.Normal(0.0, 1.0).sample(size, rng=stream)
    assert stream.block == 0


def test_size_0_does_not_move_the_stream():
    stream = kf.Stream(1)
    for size in (0, (0, 3), (3, 0)):
        kf.Normal(0.0, 1.0).sample(size, rng=stream)
    assert stream.block == 0


# ---- Log-density and gradient ----


@pytest.mark.parametrize(
    ("p", "x", "value"),
    [
        (kf.Poisson(1e18), 1e18, -21.6422043701510842),  # scipy 0.0
        (kf.Poisson(1e12), 1e12, -14.7344490911690),  # scipy -14.734375
        (kf.Poisson(0.0), 0.0, 0.0),
        (kf.Poisson(0.0), 3.0, -INF),
        (kf.Gamma(5e11, 0.5), 1e12, -15.081022681449086),  # chi-square; scipy -15.0801
        (kf.Gamma(1e8, 1e8), 0.9999999, 8.291401437938148),  # scipy is off by 3e-7
        (kf.Gamma(2.5, 1e-300), 1e-30, -1830.8398318007391),  # scipy -inf
        (kf.Normal(1e15, 1.0), 1e15 + 1.0, -1.4189385332046727),
        (kf.Normal(0.0, 1e-308), 1e-300, -5e15 + 708.2772097),
    ],
)
def test_log_density_where_peers_lose_digits(p, x, value):
    assert p.log_density(x) == pytest.approx(value, rel=2e-14)
    assert p.log_density(np.array([x, x]))[1] == p.log_density(x)


def test_normal_far_beyond_the_range_of_squares():
    assert kf.Normal(0.0, 1.0).log_density(1e154) == pytest.approx(-5e307, rel=1e-14)
    assert kf.Normal(0.0, 1.0).log_density(1e200) == -INF  # z^2 truly overflows
    assert kf.Normal(-1.7e308, 1e308).log_density(1.7e308) == pytest.approx(
        -0.5 * 3.4**2 - math.log(1e308) - 0.5 * math.log(2 * np.pi), rel=1e-14)


def test_gamma_at_0_has_the_limit_from_inside():
    """Three answers among peers."""
    assert kf.Gamma(0.5, 3.0).log_density(0.0) == INF
    assert kf.Gamma(1.0, 3.0).log_density(0.0) == pytest.approx(math.log(3.0), rel=1e-15)
    assert kf.Gamma(1.5, 3.0).log_density(0.0) == -INF


def test_counts_that_are_no_integers_and_counts_beyond_2_53():
    p = kf.Poisson(3.0)
    assert p.log_density(2.5) == -INF
    assert p.log_density(-0.0) == p.log_density(0.0) == -3.0
    assert p.log_density(1e300) < -1e302 and math.isfinite(p.log_density(1e300))
    assert p.log_density(np.int64(2**53 + 1)) == p.log_density(float(2**53))
    assert p.log_density(np.uint64(2**63)) == p.log_density(2.0**63)


@pytest.mark.parametrize("p", [kf.Normal(1.0, 2.0), kf.Gamma(2.0, 1.0), kf.Poisson(3.0)])
def test_nan_and_infinite_points(p):
    """pytorch gives 11.6 at inf for a discrete family."""
    found = p.log_density([np.nan, INF, -INF])
    assert np.isnan(found[0]) and found[1] == found[2] == -INF


def test_mvn_nan_and_infinite_points():
    p = kf.MultivariateNormal([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]])
    found = p.log_density([[np.nan, 0.0], [INF, 0.0], [0.0, -INF], [INF, INF], [-INF, INF],
                           [INF, np.nan], [0.0, 0.0]])
    assert np.isnan(found[[0, 5]]).all()
    assert (found[1:5] == -INF).all() and math.isfinite(found[6])


@pytest.mark.parametrize("scale", [0.0, -0.0, -1.0])
def test_scale_0_is_an_error(scale):
    """scipy gives nan."""
    with pytest.raises(ValueError, match="scale"):
        kf.Normal(0.0, scale)


def test_mvn_in_one_dimension_is_normal_and_in_none_an_error():
    p, q = kf.MultivariateNormal([1.0], [[4.0]]), kf.Normal(1.0, 2.0)
    x = np.linspace(-9.0, 9.0, 40)
    assert_allclose(p.log_density(x[:, None]), q.log_density(x), rtol=1e-15)
    assert_allclose(p.entropy(), q.entropy(), rtol=1e-15)
    assert_allclose(p.score(x[:, None])[:, 0], q.score(x)[:, 0], rtol=1e-15)
    assert_allclose(kf.minimize_forward_kl(p, x[:, None]).distribution.parameters["mean"], [0.0],
                    atol=1e-14)
    with pytest.raises(ValueError, match="dimension 0"):
        kf.MultivariateNormal(np.zeros(0), np.zeros((0, 0)))


def test_mixture_ignores_a_component_of_weight_0_and_is_minus_infinity_outside_all():
    q = kf.Mixture([0.0, 1.0], [kf.Normal(0.0, 1e-300), kf.Gamma(2.0, 1.0)])
    assert q.log_density(1.5) == kf.Gamma(2.0, 1.0).log_density(1.5)
    assert q.log_density(-1.0) == -INF
    assert np.isnan(q.log_density(np.nan))
    assert not (q.sample(10_000, rng=1) < 0.0).any()


# ---- Divergence ----


@pytest.mark.parametrize(
    ("p", "q", "value"),
    [
        (kf.Gamma(1.0, 1.0), kf.Gamma(1.0, 1.0 + 1e-10), 5.0000008267370774e-21),
        (kf.Normal(0.0, 1e-150), kf.Normal(0.0, 1e150), 690.2755278982137),
        (kf.Poisson(0.0), kf.Poisson(3.0), 3.0),
        (kf.Poisson(3.0), kf.Poisson(0.0), INF),
        (kf.Poisson(0.0), kf.Poisson(0.0), 0.0),
    ],
)
def test_kl_where_the_plain_formula_cancels_or_overflows(p, q, value):
    assert kf.kl_divergence(p, q) == pytest.approx(value, rel=1e-10 if value < 1e-9 else 1e-14)


def test_kl_of_gammas_of_huge_near_shapes():
    """The difference of digammas cancels: mpmath gives 24 digits."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(80):
        a, c = mpmath.mpf(1e8), mpmath.mpf(1e8 * (1.0 + 1e-8))
        exact = (a - c) * mpmath.digamma(a) - mpmath.loggamma(a) + mpmath.loggamma(c)
    found = kf.kl_divergence(kf.Gamma(1e8, 1.0), kf.Gamma(1e8 * (1.0 + 1e-8), 1.0))
    assert found == pytest.approx(float(exact), rel=1e-10)


def test_kl_between_families_of_other_support_is_infinite():
    found = kf.kl_divergence(kf.Normal(0.0, 1.0), kf.Gamma(2.0, 1.0))
    assert found.value == INF
    assert math.isfinite(kf.kl_divergence(kf.Gamma(2.0, 1.0), kf.Normal(0.0, 1.0)).value)


def test_entropy_of_poisson_is_the_whole_sum():
    for rate in (1e-300, 1e-8, 0.7, 30.0, 999.9, 1000.1):
        p = kf.Poisson(rate)
        x = np.arange(0.0, rate + 40.0 * math.sqrt(rate) + 60.0)
        log_p = p.log_density(x)
        with np.errstate(under="ignore"):
            assert p.entropy() == pytest.approx(-np.exp(log_p) @ log_p, rel=1e-12)


def test_same_draws_of_a_vector_whatever_the_linear_algebra_library():
    """numpy's draws depend on LAPACK; here only on the seed."""
    p = kf.MultivariateNormal([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]])
    assert_array_equal(p.sample(3, rng=7), p.sample(4, rng=7)[:3])
