"""Members at the ends of their domains, where a factor of a finite result leaves the range.

The tables of exact values (test_reference.py) hold densities and divergences; here stand moments,
scores, informations and draws, each against its formula.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import klfast as kf

COORDINATES = ["parameters", "natural", "unconstrained"]


def test_pareto_moments_of_a_steep_member():
    """minimum/(shape - 1) underflows."""
    assert kf.Pareto(1.7e260, 1.4e-222).mean() == 1.4e-222
    assert_allclose(kf.Pareto(2.5, 1e-160).variance(), 1e-320 * 2.5 / (1.5**2 * 0.5), rtol=1e-3)


@pytest.mark.parametrize(("scale", "shape"), [(1e-3, 40537.3), (0.03, 1.9e152), (6.5e5, 5.5e59),
                                              (2.4e290, 2.2e176), (1e-137, 4.6e8), (2.0, 7.0)])
def test_weibull_variance_of_a_large_shape(scale, shape):
    with mp.workdps(500):
        h = 1 / mp.mpf(shape)
        first, second = mp.gamma(1 + h), mp.gamma(1 + 2 * h)
        exact = mp.mpf(scale) ** 2 * (second - first**2)
    assert_allclose(kf.Weibull(scale, shape).variance(), float(exact), rtol=1e-13)


@pytest.mark.parametrize("shape", [1e20, 1e120, 1e121, 1e200, 1e300])
def test_variances_of_roots_of_large_gammas(shape):
    assert_allclose(kf.Nakagami(3.0, shape).variance(), 0.75 / shape, rtol=1e-13)
    assert_allclose(kf.Chi(2.0 * shape).variance(), 0.5, rtol=1e-13)


@pytest.mark.parametrize("spread", [2.5, 1e-300, 3e300])
def test_nakagami_score_next_to_the_root_of_the_spread(spread):
    p = kf.Nakagami(spread, 1e15)
    x = np.sqrt(spread) * (1.0 + np.array([-4e-8, -1e-8, 0.0, 3e-9, 5e-8]))
    exact = [float(10**15 * (Fraction(v) ** 2 / Fraction(spread) - 1)) for v in x.tolist()]
    assert_allclose(p.score(x, coordinates="unconstrained")[:, 0], exact, rtol=0.0,
                    atol=1e-14 * np.sqrt(1e15))


def test_inverse_gamma_score_of_a_large_shape():
    """By the logarithm of the scale it is shape - scale/x."""
    p = kf.InverseGamma(1e15, 3.7)
    x = 3.7e-15 * (1.0 + np.array([-4e-8, -1e-8, 0.0, 3e-9, 5e-8]))
    exact = [float(10**15 - Fraction(3.7) / Fraction(v)) for v in x.tolist()]
    assert_allclose(p.score(x, coordinates="unconstrained")[:, 1], exact, rtol=0.0,
                    atol=1e-14 * np.sqrt(1e15))


@pytest.mark.parametrize("cls", [kf.HalfNormal, kf.Rayleigh, kf.Maxwell])
def test_natural_scores_where_the_rate_overflows(cls):
    """With 1/scale^2 beyond the range: (x^2 - E x^2)/scale in units that are not subnormal."""
    p, unit = cls(9e-160), cls(1.0)
    z = np.array([1e10, 1e20, 3e100])
    expected = z * z - unit.mean_parameters[0]
    assert_allclose(p.score(9e-160 * z, coordinates="natural")[:, 0] / 9e-160,
                    expected * 9e-160, rtol=1e-12)
    assert_allclose(p.mean_parameters, unit.mean_parameters * 8.1e-319, rtol=0.0, atol=1e-323)


@pytest.mark.parametrize("cls", [kf.Chi, kf.ChiSquare])
@pytest.mark.parametrize("dof", [9e-160, 1e-300, 1e-320])
def test_information_of_few_degrees_of_freedom(cls, dof):
    """psi1(dof/2) = 4/dof^2 is beyond the range; by log dof the information is 1."""
    p = cls(dof)
    assert_allclose(p.fisher_information("unconstrained"), [[1.0]], rtol=1e-13)
    score = p.score([1e-3, 1.0, 50.0], coordinates="unconstrained")
    assert_allclose(score, np.ones((3, 1)), rtol=1e-13)


@pytest.mark.parametrize("dof", [1.4e-308, 1e-200])
def test_few_degrees_of_freedom_from_the_mean(dof):
    p = kf.ChiSquare(dof)
    assert_allclose(kf.ChiSquare.from_mean(p.mean_parameters).parameters["dof"], dof, rtol=1e-14)


@pytest.mark.parametrize("cls", [kf.Gamma, kf.InverseGamma])
@pytest.mark.parametrize("shape", [9e276, 1e-200])
def test_gamma_information_of_extreme_shapes(cls, shape):
    """By the shape: psi1, and by the logarithms of both parameters shape^2 psi1 and the shape."""
    p = cls(shape, 6e10)
    trigamma = 1.0 / shape if shape > 1.0 else np.inf
    of_log = shape if shape > 1.0 else 1.0
    assert_allclose(p.fisher_information("parameters")[0, 0], trigamma, rtol=1e-13)
    assert_allclose(np.diag(p.fisher_information("unconstrained")), [of_log, shape], rtol=1e-13)
    centre = shape / 6e10 if cls is kf.Gamma else 6e10 / shape
    for coordinates in COORDINATES:
        assert np.isfinite(p.score([centre, 1e3 * centre], coordinates=coordinates)).all()


def test_gumbel_far_below_its_loc():
    assert kf.Gumbel(1e300, 1e-10).log_density(-1e300) == -np.inf


def test_normal_natural_score_beyond_the_range():
    """The square outgrows twice loc times the deviation."""
    assert kf.Normal(6e10, 0.01).score(-1.7e308, coordinates="natural")[1] == np.inf


def test_beta_scores_where_one_shape_is_large_and_the_other_tiny():
    """By log a the score is beyond the range, by log b it is 1 + b log(1 - x)."""
    for coordinates in COORDINATES:
        score = kf.Beta(3e219, 1e-300).score([0.5, 1e-300], coordinates=coordinates)
        assert not np.isnan(score).any()
    assert_allclose(kf.Beta(3e219, 1e-300).score(0.5, coordinates="unconstrained")[1], 1.0,
                    rtol=1e-13)
    assert np.isfinite(kf.Beta(5e-324, 7.0).score(0.5, coordinates="unconstrained")).all()
    assert np.isfinite(kf.Beta(5e-324, 7.0).fisher_information("unconstrained")).all()


def test_negative_binomial_draws_of_a_tiny_probability():
    """Rates are Gamma deviates over the probability: of one stream they scale with its inverse."""
    draws = [kf.NegativeBinomial(2.0**-e, 0.05).sample(4000, rng=3, out=np.empty(4000))
             for e in (1000, 1030)]
    large = (draws[0] > 1e100) & (draws[0] < 2.0**993)
    assert large.sum() > 1000
    assert_allclose(draws[1][large], 2.0**30 * draws[0][large], rtol=1e-12)


def test_binomial_divergence_of_a_tiny_probability_and_many_trials():
    """trials p e^2/2 for probabilities p and p (1 + e), of which p e^2 underflows."""
    p, more = 9e-304, 9e-304 * (1.0 + 1e-10)
    exact = 0.5 * 5e50 * p * ((more - p) / p) ** 2
    found = kf.kl_divergence(kf.Binomial(p, 5e50), kf.Binomial(more, 5e50))
    assert_allclose(found, exact, rtol=1e-9)


def test_inverse_gaussian_divergence_next_to_overflow():
    """Half the ratio of the shapes, which itself overflows."""
    found = kf.kl_divergence(kf.InverseGaussian(1.0, 0.6), kf.InverseGaussian(1.0, 1.7e308))
    assert_allclose(found, 0.5 * 1.7e308 / 0.6, rtol=1e-15)


@pytest.mark.parametrize("mean", [[-0.75, 1.3, 2.5], [-0.75, 2.5, 2.5], [0.0, 1.3, 2.5]])
def test_means_that_only_a_limit_of_the_family_has_are_refused(mean):
    """With these means a runs to 0: no member has them, though in units of the huge variance of x
    those of the inverse Gamma next to it are close."""
    with pytest.raises(ValueError, match="mu must be"):
        kf.GeneralizedInverseGaussian.from_mean(mean)


@pytest.mark.parametrize(("family", "fixed"), [(kf.NegativeBinomial, {"successes": 3.0}),
                                               (kf.Geometric, {})])
def test_a_negative_mean_too_small_to_be_seen_beside_the_successes_is_refused(family, fixed):
    with pytest.raises(ValueError, match="mu"):
        family.from_mean([-1e-20], **fixed)
