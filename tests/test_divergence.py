"""Divergences of any two distributions: closed form, estimate with an honest error, or an error."""

from __future__ import annotations

import math

import numpy as np
import pytest

import klfast as kf


def test_one_family_is_exact_and_two_are_estimated():
    assert isinstance(kf.kl_divergence(kf.Gamma(2.0, 1.0), kf.Gamma(1.0, 1.0)), float)
    found = kf.kl_divergence(kf.Gamma(4.0, 2.0), kf.Normal(2.0, 1.0))
    # log Normal(x; 2, 1) = -(x - 2)^2/2 - log(2 pi)/2, E (x - 2)^2 = 1
    exact = -kf.Gamma(4.0, 2.0).entropy() + 0.5 + 0.5 * math.log(2.0 * math.pi)
    assert abs(found.value - exact) < 5.0 * found.standard_error
    assert 0.0 < found.standard_error < 0.01
    assert "KLEstimate" in repr(found)


def test_the_standard_error_is_that_of_the_estimate():
    """z-scores of 200 estimates: mean 0, variance 1, within 5 standard deviations."""
    p, q = kf.Gamma(4.0, 2.0), kf.Normal(2.0, 1.0)
    exact = -p.entropy() + 0.5 + 0.5 * math.log(2.0 * math.pi)
    z = []
    for seed in range(200):
        found = kf.kl_divergence(p, q, samples=4000, rng=seed)
        z.append((found.value - exact) / found.standard_error)
    assert abs(np.mean(z)) < 5.0 / math.sqrt(200)
    assert abs(np.var(z) - 1.0) < 5.0 * math.sqrt(2.0 / 200)


def test_estimates_repeat_and_take_any_number_of_samples():
    p, q = kf.Gamma(4.0, 2.0), kf.Normal(2.0, 1.0)
    assert kf.kl_divergence(p, q) == kf.kl_divergence(p, q)
    assert kf.kl_divergence(p, q, rng=1) != kf.kl_divergence(p, q, rng=2)
    small = kf.kl_divergence(p, q, samples=150_000)
    assert abs(small.value - kf.kl_divergence(p, q, rng=5).value) < 6.0 * small.standard_error


def test_a_mixture_against_itself_is_exactly_0():
    q = kf.Mixture([0.3, 0.7], [kf.Normal(-2.0, 0.5), kf.Normal(1.0, 1.0)])
    assert kf.kl_divergence(q, q) == 0.0


def test_mass_outside_the_support_is_infinite():
    assert kf.kl_divergence(kf.Normal(0.0, 1.0), kf.Gamma(2.0, 1.0)).value == math.inf


def test_cross_entropy_is_entropy_and_divergence():
    p, q = kf.Gamma(4.0, 2.0), kf.Gamma(1.0, 1.0)
    assert kf.cross_entropy(p, q) == pytest.approx(2.0, rel=1e-14)  # -E log(e^-x) = E x
    found = kf.cross_entropy(p, kf.Normal(2.0, 1.0))
    assert abs(found.value - 0.5 - 0.5 * math.log(2.0 * math.pi)) < 5.0 * found.standard_error
    assert kf.cross_entropy(p, p) == p.entropy()


def test_what_is_no_distribution_is_refused():
    p = kf.Normal(0.0, 1.0)
    with pytest.raises(TypeError, match="q is int"):
        kf.kl_divergence(p, 3)
    with pytest.raises(TypeError, match="p is function"):
        kf.kl_divergence(lambda x: x, p)
    with pytest.raises(ValueError, match="event shape"):
        kf.kl_divergence(p, kf.MultivariateNormal([0.0], [[1.0]]))
    with pytest.raises(ValueError, match="batch"):
        kf.kl_divergence(kf.Normal(np.zeros(2), 1.0), kf.Gamma(1.0, 1.0))
    with pytest.raises(TypeError, match="p is Mixture"):
        kf.cross_entropy(kf.Mixture([1.0], [p]), p)
    for samples in (1, 0, -5):
        with pytest.raises(ValueError, match="samples"):
            kf.kl_divergence(p, kf.Gamma(1.0, 1.0), samples=samples)
    with pytest.raises(TypeError, match="samples"):
        kf.kl_divergence(p, kf.Gamma(1.0, 1.0), samples=2.5)


def test_a_mass_function_has_no_divergence_from_a_density():
    """They have no common base measure."""
    with pytest.raises((TypeError, ValueError)):
        kf.kl_divergence(kf.Poisson(1.0), kf.Normal(1.0, 1.0))
