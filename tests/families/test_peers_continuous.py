"""Inputs on which other libraries failed their users, for the continuous families: right answers.

Values that are not obvious come from the formula at 50 digits.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import klfast as kf

TINY = 5e-324
HUGE = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("p", "x", "value"),
    [
        (kf.ChiSquare(1e12), 1e12, -15.081022681449086),
        (kf.Laplace(1.0, 0.0), 1e9, -1000000000.6931472),
        (kf.Laplace(1e-300, 0.0), 2e-300, 688.0823807176538),
        (kf.Laplace(1e-300, 0.0), 2.0, -2e300),
        (kf.Pareto(1.0, 1.0), 1e300, -1381.5510557964274),
        (kf.LogNormal(600.0, 2.0), TINY, -225197.06038728848),
        (kf.Rayleigh(1e150), TINY, -1435.215599819595),
        (kf.Weibull(2.5, 0.5), TINY, 371.0687434141936),
        (kf.InverseGamma(2.0, 3.0), 1e-300, -3e300),
    ],
    ids=repr,
)
def test_log_density_is_not_the_logarithm_of_an_underflowed_density(p, x, value):
    assert p.log_density(x) == pytest.approx(value, rel=1e-14)
    assert p.log_density(np.array([x]))[0] == pytest.approx(value, rel=1e-14)


def test_inverse_gamma_of_tiny_shape_never_draws_infinity():
    for shape in (0.01, 1e-3, 1e-8):
        x = kf.InverseGamma(shape, 1.0).sample(100_000, rng=1)
        assert (x > 0.0).all() and (x <= HUGE).all()
        assert np.isfinite(kf.InverseGamma(shape, 1.0).log_density(x)).all()
    assert (x == HUGE).mean() > 0.99


@pytest.mark.parametrize(
    "p",
    [kf.ChiSquare(1e-8), kf.Chi(1e-8), kf.Weibull(1.0, 1e-3), kf.Exponential(1e308),
     kf.Exponential(5e-324), kf.Rayleigh(5e-324), kf.Maxwell(5e-324), kf.HalfNormal(5e-324),
     kf.Nakagami(5e-324, 0.5), kf.Pareto(1e-8, 1.0), kf.Pareto(1e8, 1e300),
     kf.LogNormal(0.0, 1e10), kf.Gumbel(0.0, 1e308), kf.Laplace(1e308, -1e308)],
    ids=repr,
)
def test_draws_stay_inside_the_support_and_have_a_finite_log_density(p):
    x = p.sample(50_000, rng=2)
    assert np.isfinite(x).all()
    assert np.isfinite(p.log_density(x)).all()


def test_pareto_divergence_by_support():
    """+inf when the support of p is not inside that of q, finite otherwise."""
    assert kf.kl_divergence(kf.Pareto(2.0, 1.0), kf.Pareto(2.0, 1.5)) == math.inf
    found = kf.kl_divergence(kf.Pareto(2.0, 1.5), kf.Pareto(2.0, 1.0))
    assert found == pytest.approx(2.0 * math.log(1.5), rel=1e-14)


def test_divergences_of_nearly_equal_scales_keep_their_digits():
    """k (e^t - 1 - t) with t = m log(1 + e), e the distance as it is in doubles."""
    e = (1.0 + 1e-10) - 1.0
    for p, q, k, m in (
        (kf.Exponential(1.0), kf.Exponential(1.0 + e), 1.0, 1),
        (kf.HalfNormal(1.0), kf.HalfNormal(1.0 + e), 0.5, -2),
        (kf.Rayleigh(1.0), kf.Rayleigh(1.0 + e), 1.0, -2),
        (kf.Maxwell(1.0), kf.Maxwell(1.0 + e), 1.5, -2),
        (kf.Laplace(1.0, 3.0), kf.Laplace(1.0 + e, 3.0), 1.0, -1),
    ):
        t = m * (e - e * e / 2)
        expected = k * (t * t / 2 + t**3 / 6)
        assert kf.kl_divergence(p, q) == pytest.approx(expected, rel=1e-12)


def test_zeros_count_among_exponential_data():
    assert kf.Exponential.fit([0.0, 0.0, 3.0]) == kf.Exponential(1.0)


def test_data_on_an_end_with_an_infinite_statistic_are_refused_by_index():
    for name, x in (("LogNormal", [1.0, 0.0]), ("InverseGamma", [1.0, 0.0]),
                    ("ChiSquare", [1.0, 0.0]), ("Chi", [1.0, 0.0])):
        with pytest.raises(ValueError, match=r"data\[1\] = 0.0"):
            kf.families[name].fit(x)
    with pytest.raises(ValueError, match=r"data\[2\] = 0.5"):
        kf.Pareto.fit([1.0, 2.0, 0.5], minimum=1.0)


@pytest.mark.parametrize(
    ("cls", "x", "fixed", "why"),
    [
        (kf.Exponential, [0.0, 0.0], {}, "all 0"),
        (kf.HalfNormal, [0.0], {}, "all 0"),
        (kf.Laplace, [2.0, 2.0], {"loc": 2.0}, "all equal loc"),
        (kf.Pareto, [3.0, 3.0], {"minimum": 3.0}, "equal the minimum"),
        (kf.LogNormal, [3.0, 3.0], {}, "all equal"),
        (kf.InverseGamma, [3.0], {}, "all equal"),
    ],
)
def test_degenerate_data_say_why_no_maximum_exists(cls, x, fixed, why):
    with pytest.raises(ValueError, match=why):
        cls.fit(x, **fixed)


def test_weighted_fits_that_others_lack():
    x, w = np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.0, 3.0])
    assert kf.Laplace.fit(x, w, loc=2.0).parameters["scale"] == pytest.approx(2.5, rel=1e-15)
    weibull = kf.Weibull.fit(x, w, shape=2.0)
    assert weibull.parameters["scale"] == pytest.approx(math.sqrt(76.0 / 4.0), rel=1e-14)


def test_a_fixed_parameter_is_asked_for_by_name():
    with pytest.raises(TypeError, match="shape= is missing"):
        kf.Weibull.fit([1.0])
    with pytest.raises(TypeError, match="no fixed parameter 'trials'"):
        kf.Weibull.fit([1.0], shape=1.0, trials=3)
    with pytest.raises(ValueError, match=r"shape = -1.0: shape must be finite and > 0"):
        kf.Weibull.from_natural([-1.0], shape=-1.0)


def test_maximum_likelihood_at_bad_scaling():
    """To 1e-9 of the formula evaluated without loss."""
    offsets = np.array([-1e-3, 2e-3, 5e-4, -1.5e-3, 3e-4])
    x = 1e9 + offsets
    exact = x - 1e9  # what the doubles hold
    scale = math.sqrt(np.mean((exact - exact.mean()) ** 2))
    assert kf.Normal.fit(x).parameters["scale"] == pytest.approx(scale, rel=1e-9)
    y = np.exp(np.array([1e-6, -2e-6, 3e-6]))
    logs = np.log1p(y - 1.0)
    fitted = kf.LogNormal.fit(y)
    assert fitted.parameters["scale"] == pytest.approx(logs.std(), rel=1e-9)
    z = np.array([1.0 + 1e-4, 1.0 - 1e-4, 1.0 + 2e-4])
    spread = math.log(np.mean(1.0 / z)) + np.mean(np.log(z))
    fitted = kf.InverseGamma.fit(z)
    assert fitted.parameters["shape"] == pytest.approx(1.0 / (2.0 * spread), rel=1e-5)
    assert_allclose(kf.Rayleigh.fit([1e-150, 2e-150]).parameters["scale"],
                    math.sqrt(2.5 / 2.0) * 1e-150, rtol=1e-14)
