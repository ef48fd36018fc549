"""The log-density of a mixture: a log-sum-exp that neither overflows nor loses the far tails."""

from __future__ import annotations

import copy
import pickle

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

import klfast as kf

NORMALS = kf.Mixture([0.3, 0.7], [kf.Normal(-2.0, 0.5), kf.Normal(1.0, 1.0)])


def by_scipy(q, x):
    terms = np.stack([np.asarray(c.log_density(x)) for c in q.components])
    with np.errstate(divide="ignore"):
        log_w = np.log(q.weights).reshape((-1,) + (1,) * (terms.ndim - 1))
    return special.logsumexp(terms + log_w, axis=0)


@pytest.mark.parametrize(
    "q",
    [
        NORMALS,
        kf.Mixture([1.0, 2.0, 3.0], [kf.Gamma(0.5, 1.0), kf.Gamma(9.0, 2.0), kf.Normal(1.0, 3.0)]),
        kf.Mixture([1.0, 1e-300], [kf.Normal(0.0, 1.0), kf.Normal(100.0, 1.0)]),
        kf.Mixture(np.ones(40), [kf.Normal(float(i), 0.3) for i in range(40)]),
        kf.Mixture([5.0], [kf.Gamma(2.0, 1.0)]),
    ],
    ids=repr,
)
def test_log_density_is_the_log_sum_exp(q):
    x = np.concatenate([np.linspace(-50.0, 150.0, 700), q.sample(700, rng=1)])
    assert_allclose(q.log_density(x), by_scipy(q, x), rtol=1e-14, atol=1e-14)
    assert_array_equal(q.log_density(x[:13]), q.log_density(x)[:13])
    assert q.log_density(x[3]) == q.log_density(x)[3]


def test_far_tails_and_close_terms_against_50_digits():
    with mp.workdps(50):
        for x in (-1e8, -1e3, -40.0, -0.7, 0.0, 30.0, 1e6, 1e150):
            terms = [mp.mpf(0.3) * mp.npdf(mp.mpf(x), -2, mp.mpf(0.5)),
                     mp.mpf(0.7) * mp.npdf(mp.mpf(x), 1, 1)]
            exact = mp.log(terms[0] + terms[1])
            assert_allclose(NORMALS.log_density(x), float(exact), rtol=1e-14)


def test_equal_components_are_one():
    p = kf.Gamma(2.0, 3.0)
    x = p.sample(1000, rng=1)
    assert_allclose(kf.Mixture([0.25, 0.75], [p, p]).log_density(x), p.log_density(x), rtol=0.0,
                    atol=1e-14)


def test_a_component_of_weight_0_is_left_out():
    q = kf.Mixture([0.0, 1.0, 0.0], [kf.Gamma(0.5, 1.0), kf.Normal(0.0, 1.0), kf.Gamma(3.0, 1.0)])
    x = np.array([-1.0, 0.0, 2.0])  # the density of Gamma(0.5) is infinite at 0
    assert_array_equal(q.log_density(x), kf.Normal(0.0, 1.0).log_density(x))


def test_ends_of_the_supports_and_nan():
    q = kf.Mixture([0.5, 0.5], [kf.Gamma(2.0, 1.0), kf.Gamma(0.5, 1.0)])
    found = q.log_density([-1.0, 0.0, np.nan, np.inf, 5e-324])
    assert found[0] == -np.inf and found[1] == np.inf and np.isnan(found[2]) and found[3] == -np.inf
    assert np.isfinite(found[4])


def test_counts():
    q = kf.Mixture([0.4, 0.6], [kf.Poisson(2.0), kf.Poisson(30.0)])
    x = np.arange(0, 120)
    exact = np.log(0.4 * stats.poisson.pmf(x, 2.0) + 0.6 * stats.poisson.pmf(x, 30.0))
    assert_allclose(q.log_density(x), exact, rtol=1e-13)
    assert_allclose(np.exp(q.log_density(x)).sum(), 1.0, rtol=1e-13)
    assert q.is_integer and q.sample(10, rng=1).dtype == np.int64
    assert q.log_density(2.5) == -np.inf


def test_vectors():
    components = [kf.MultivariateNormal([0.0, 0.0], np.eye(2)),
                  kf.MultivariateNormal([5.0, -5.0], [[2.0, 1.0], [1.0, 3.0]])]
    q = kf.Mixture([0.25, 0.75], components)
    x = q.sample((30, 50), rng=1)
    assert x.shape == (30, 50, 2)
    assert_allclose(q.log_density(x), by_scipy(q, x), rtol=1e-14, atol=1e-14)
    assert_allclose(q.mean(), [3.75, -3.75])
    assert_allclose(q.variance(), [0.25 + 1.5 + 0.1875 * 25, 0.25 + 2.25 + 0.1875 * 25])
    with pytest.raises(ValueError, match="coordinates"):
        q.log_density(np.zeros((3, 3)))


def test_mean_and_variance_are_those_of_the_density():
    x = np.arange(-12.0, 14.0, 0.01)
    mass = 0.01 * np.exp(NORMALS.log_density(x))
    assert_allclose(mass.sum(), 1.0, rtol=1e-12)
    assert_allclose(NORMALS.mean(), mass @ x, rtol=1e-12)
    assert_allclose(NORMALS.variance(), mass @ (x - NORMALS.mean()) ** 2, rtol=1e-12)


def test_weights_are_scaled_without_overflow():
    parts = [kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)]
    for weights in ([1e308, 1e308], [5e-324, 5e-324], [2, 2]):
        assert_array_equal(kf.Mixture(weights, parts).weights, [0.5, 0.5])


def test_out_and_copies():
    x = np.linspace(-1.0, 1.0, 9)
    out = np.zeros(18)
    NORMALS.log_density(x, out=out[::2])
    assert_array_equal(out[::2], NORMALS.log_density(x))
    for again in (pickle.loads(pickle.dumps(NORMALS)), copy.deepcopy(NORMALS)):
        assert again == NORMALS and hash(again) == hash(NORMALS)
        assert_array_equal(again.log_density(x), NORMALS.log_density(x))
    assert NORMALS != kf.Mixture([0.7, 0.3], NORMALS.components)
    assert NORMALS != NORMALS.components[0]
    assert eval(repr(NORMALS), {"Mixture": kf.Mixture, "Normal": kf.Normal}) == NORMALS


@pytest.mark.parametrize("weights", [[-1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0], [1.0],
                                     [[0.5, 0.5]], []])
def test_bad_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        kf.Mixture(weights, [kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)])


def test_components_that_do_not_match_are_refused():
    p = kf.Normal(0.0, 1.0)
    with pytest.raises(TypeError, match=r"components\[1\]"):
        kf.Mixture([0.5, 0.5], [p, 3.0])
    with pytest.raises(ValueError, match=r"components\[1\].*batch"):
        kf.Mixture([0.5, 0.5], [p, kf.Normal(np.zeros(2), 1.0)])
    with pytest.raises(ValueError, match=r"components\[1\].*event"):
        kf.Mixture([0.5, 0.5], [p, kf.MultivariateNormal([0.0], [[1.0]])])


def test_a_density_and_a_mass_function_do_not_mix():
    """They have no common base measure: a sum of the two is no density."""
    with pytest.raises((TypeError, ValueError), match=r"components\[1\]"):
        kf.Mixture([0.5, 0.5], [kf.Normal(0.0, 1.0), kf.Poisson(1.0)])
