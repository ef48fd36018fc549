"""Products of independent distributions: densities, draws, divergences, as targets."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import klfast as kf

MIXTURE = kf.Mixture([0.3, 0.7], [kf.Normal(-2.0, 0.5), kf.Normal(1.0, 1.0)])
VECTOR = kf.MultivariateNormal([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]])
Q = kf.Product(kf.Normal(0.0, 2.0), VECTOR, kf.Poisson(4.0), MIXTURE)
COUNTS = kf.Product(kf.Poisson(2.0), kf.Binomial(0.3, 5))


def test_the_log_density_is_the_sum_of_the_factors_bit_for_bit():
    x = Q.sample((7, 100), rng=1)
    expected = (Q.factors[0].log_density(x[..., 0]) + VECTOR.log_density(x[..., 1:3])
                + Q.factors[2].log_density(x[..., 3]) + MIXTURE.log_density(x[..., 4]))
    assert x.shape == (7, 100, 5) and x.dtype == np.float64
    assert_array_equal(Q.log_density(x), expected)
    assert_array_equal(Q.log_density(np.asfortranarray(x)), expected)
    out = np.empty((7, 200))[:, ::2]
    assert Q.log_density(x, out=out) is out
    assert_array_equal(out, expected)
    one = Q.log_density(x[0, 0])
    assert isinstance(one, float) and one == expected[0, 0]
    assert Q.log_density(np.empty((0, 5))).shape == (0,)


def test_a_point_outside_one_support_is_outside():
    q = kf.Product(kf.Gamma(0.5, 1.0), kf.Exponential(1.0))
    assert kf.Gamma(0.5, 1.0).log_density(0.0) == math.inf
    assert q.log_density([0.0, -1.0]) == -math.inf
    assert q.log_density([0.0, 1.0]) == math.inf
    assert math.isnan(q.log_density([math.nan, -1.0]))
    assert Q.log_density([0.0, 0.0, 0.0, 0.5, 0.0]) == -math.inf  # no count


def test_draws_are_those_of_the_factors_from_one_stream():
    stream = kf.Stream(3)
    expected = [part.sample(600, rng=stream) for part in Q.factors]
    x = Q.sample(600, rng=3)
    assert_array_equal(x, np.column_stack(expected))
    assert Q.sample(rng=3).shape == (5,)
    assert Q.sample((2, 3), rng=3).shape == (2, 3, 5)
    counts = COUNTS.sample(10, rng=1)
    assert counts.dtype == np.int64 and COUNTS.is_integer and not Q.is_integer
    assert np.isfinite(COUNTS.log_density(counts)).all()


def test_moments_and_entropy_are_those_of_the_factors():
    assert_allclose(Q.mean(), [0.0, 1.0, 2.0, 4.0, MIXTURE.mean()])
    assert_allclose(Q.variance(), [4.0, 2.0, 1.0, 4.0, MIXTURE.variance()])
    q = kf.Product(kf.Normal(0.0, 2.0), VECTOR)
    assert q.entropy() == kf.Normal(0.0, 2.0).entropy() + VECTOR.entropy()
    with pytest.raises(TypeError, match=r"factors\[3\] is a Mixture"):
        Q.entropy()


def test_a_product_of_products_is_flat_and_equality_is_the_factors():
    a, b, c = kf.Normal(0.0, 1.0), kf.Gamma(2.0, 1.0), VECTOR
    q = kf.Product(kf.Product(a, b), c)
    assert q == kf.Product(a, kf.Product(b, c)) == kf.Product(a, b, c)
    assert hash(q) == hash(kf.Product(a, b, c)) and q.event_shape == (4,)
    assert q != kf.Product(b, a, c) and q != a
    assert repr(kf.Product(a, b)) == f"Product({a!r}, {b!r})"
    assert kf.Product(a).event_shape == (1,)
    assert pickle.loads(pickle.dumps(Q)) == Q


def test_what_is_no_factor_is_refused():
    with pytest.raises(ValueError, match="no factors"):
        kf.Product()
    with pytest.raises(TypeError, match=r"factors\[1\] is int"):
        kf.Product(kf.Normal(0.0, 1.0), 3)
    with pytest.raises(ValueError, match=r"factors\[0\] has batch shape \(2,\)"):
        kf.Product(kf.Normal([0.0, 1.0], 1.0))
    for x in (np.zeros(4), 0.0, np.zeros((5, 4))):
        with pytest.raises(ValueError, match=r"last axis must hold the 5"):
            Q.log_density(x)
    with pytest.raises(ValueError, match="out"):
        Q.log_density(np.zeros((3, 5)), out=np.empty(2))


def test_a_mixture_of_products_is_the_mixture_of_vectors_where_they_are_the_same():
    """Independent Normals as products, and as vectors of diagonal covariance."""
    products = [kf.Product(kf.Normal(m, 1.0), kf.Normal(0.0, s)) for m, s in ((0, 1.0), (3, 2.0))]
    vectors = [kf.MultivariateNormal([m, 0.0], np.diag([1.0, s**2])) for m, s in ((0, 1), (3, 2))]
    q, same = kf.Mixture([0.3, 0.7], products), kf.Mixture([0.3, 0.7], vectors)
    x = same.sample((4, 50), rng=1)
    assert_allclose(q.log_density(x), same.log_density(x), rtol=1e-13)
    assert q.log_density([1e200, 0.0]) == -math.inf
    assert math.isnan(q.log_density([math.nan, 0.0]))
    assert_allclose(q.mean(), same.mean())
    assert_allclose(q.variance(), same.variance())
    assert q.sample(5, rng=1).shape == (5, 2)
    p = kf.MultivariateNormal([1.0, 0.0], 2.0 * np.eye(2))
    a, b = (kf.minimize_reverse_kl(p, target, method="pooled", rng=2) for target in (q, same))
    assert_allclose(a.distribution.unconstrained, b.distribution.unconstrained, rtol=1e-6)
    nested = kf.Product(kf.Normal(0.0, 1.0), kf.Mixture([0.5, 0.5], products))
    assert nested.event_shape == (3,)
    poles = kf.Mixture([0.5, 0.5], [kf.Product(kf.Gamma(0.5, 1.0)), kf.Product(kf.Gamma(2.0, 1.0))])
    assert poles.log_density([0.0]) == math.inf and poles.log_density([-1.0]) == -math.inf
    with pytest.raises(TypeError, match=r"components\[0\] is Mixture"):
        kf.Mixture([1.0], [q])
    with pytest.raises(TypeError, match="integers"):
        kf.Mixture([0.5, 0.5], [products[0], kf.Product(kf.Normal(0.0, 1.0), kf.Poisson(1.0))])


# ---- Divergences ----


def test_the_divergence_of_one_structure_is_the_sum_of_the_factors():
    p = kf.Product(kf.Normal(1.0, 1.0), kf.Gamma(2.0, 1.0), VECTOR)
    q = kf.Product(kf.Normal(0.0, 2.0), kf.Gamma(3.0, 2.0),
                   kf.MultivariateNormal([0.0, 0.0], np.eye(2)))
    exact = sum(kf.kl_divergence(a, b) for a, b in zip(p.factors, q.factors, strict=True))
    found = kf.kl_divergence(p, q)
    assert isinstance(found, float) and found == exact
    assert kf.kl_divergence(p, p) == kf.kl_divergence(Q, Q) == 0.0
    assert kf.cross_entropy(p, q) == p.entropy() + exact


def test_what_is_estimated_is_estimated_in_its_factors_only():
    """E log Normal(x; 2, 1) has a closed form under Gamma(4, 2); within 5 standard errors."""
    p = kf.Product(kf.Normal(1.0, 1.0), kf.Gamma(4.0, 2.0), kf.Gamma(4.0, 2.0))
    q = kf.Product(kf.Normal(0.0, 1.0), kf.Normal(2.0, 1.0), kf.Normal(2.0, 1.0))
    part = -kf.Gamma(4.0, 2.0).entropy() + 0.5 + 0.5 * math.log(2.0 * math.pi)
    found = kf.kl_divergence(p, q, samples=20_000)
    one = kf.kl_divergence(kf.Gamma(4.0, 2.0), kf.Normal(2.0, 1.0), samples=20_000)
    assert abs(found.value - 0.5 - 2.0 * part) < 5.0 * found.standard_error
    # the two factors' draws are independent: their errors add as squares
    assert 1.3 < found.standard_error / one.standard_error < 1.55


def test_two_structures_of_one_space_are_estimated_by_draws():
    """Independent coordinates, once as a vector: the same distribution, divergence 0."""
    p = kf.Product(kf.Normal(0.0, 1.0), kf.Normal(1.0, 2.0))
    q = kf.MultivariateNormal([0.5, 1.0], np.diag([1.0, 4.0]))
    found = kf.kl_divergence(p, q, samples=100_000)
    assert abs(found.value - 0.125) < 5.0 * found.standard_error
    back = kf.kl_divergence(q, p, samples=100_000)
    assert abs(back.value - 0.125) < 5.0 * back.standard_error


def test_an_infinite_factor_makes_the_sum_infinite():
    p = kf.Product(kf.Normal(0.0, 1.0), kf.Gamma(2.0, 1.0))
    q = kf.Product(kf.Gamma(2.0, 1.0), kf.LogNormal(0.0, 1.0))
    assert kf.kl_divergence(p, q) == (math.inf, 0.0)


def test_counts_and_numbers_do_not_compare_whatever_the_coordinate():
    p = kf.Product(kf.Normal(0.0, 1.0), kf.Poisson(1.0))
    with pytest.raises(TypeError, match="integers.* in coordinate 1"):
        kf.kl_divergence(p, kf.Product(kf.Normal(0.0, 1.0), kf.Normal(0.0, 1.0)))
    with pytest.raises(TypeError, match="in coordinate 1"):
        kf.minimize_reverse_kl(kf.MultivariateNormal(np.zeros(2), np.eye(2)), p)
    with pytest.raises(ValueError, match="event shape"):
        kf.kl_divergence(p, kf.Normal(0.0, 1.0))
    assert kf.kl_divergence(p, p) == 0.0


# ---- As a target ----


def test_a_product_of_normals_is_found_exactly():
    q = kf.Product(kf.Normal(1.0, 2.0), VECTOR)
    r = kf.minimize_reverse_kl(kf.MultivariateNormal(np.zeros(3), np.eye(3)), q, rng=1)
    assert (r.method, r.status) == ("natural", "exact")
    covariance = np.zeros((3, 3))
    covariance[0, 0], covariance[1:, 1:] = 4.0, VECTOR.parameters["covariance"]
    assert_allclose(r.distribution.parameters["mean"], [1.0, 1.0, 2.0], atol=1e-9)
    assert_allclose(r.distribution.parameters["covariance"], covariance, atol=1e-8)


def test_the_least_divergence_of_a_product_is_the_sum_of_the_axes():
    """Two Laplace axes by a vector: each axis has its own optimum, sqrt(pi/2) b."""
    q = kf.Product(kf.Laplace(1.0, loc=0.0), kf.Laplace(2.0, loc=1.0))
    r = kf.minimize_reverse_kl(kf.MultivariateNormal([0.3, 0.0], np.eye(2)), q, rng=1)
    assert r.converged
    scale = math.sqrt(math.pi / 2.0) * np.array([1.0, 2.0])
    assert_allclose(np.sqrt(r.distribution.variance()), scale, rtol=0.03)
    assert abs(r.kl - 2.0 * 0.0484172944) < 5.0 * r.kl_error + 2e-4
    m = kf.ReverseMinimizer(kf.MultivariateNormal([0.3, 0.0], np.eye(2)), q, rng=1)
    m.step()
    assert pickle.loads(pickle.dumps(m)).run().distribution == r.distribution
    annealed = kf.minimize_reverse_kl(kf.MultivariateNormal([0.3, 0.0], np.eye(2)), q, rng=1,
                                      annealing=(0.5,))
    assert abs(annealed.kl - r.kl) < 5.0 * r.kl_error + 2e-4


def test_the_forward_fit_to_draws_of_a_product_has_its_moments():
    q = kf.Product(kf.Gamma(3.0, 2.0), kf.Laplace(1.0, loc=0.5))
    n = 200_000
    r = kf.minimize_forward_kl(kf.MultivariateNormal([0.0, 0.0], np.eye(2)),
                               lambda n, rng: q.sample(n, rng=rng), samples=n, rng=1)
    error = 5.0 * np.sqrt(q.variance() / n)
    assert (np.abs(r.distribution.mean() - q.mean()) < error).all()


@pytest.mark.parametrize("q", [
    kf.Product(kf.Normal(0.0, 1.0), kf.Normal(1.0, 2.0)),
    kf.Mixture([0.5, 0.5], [kf.Product(kf.Normal(0.0, 1.0), kf.Normal(1.0, 2.0))] * 2),
], ids=["Product", "Mixture of Products"])
def test_a_forward_fit_by_importance_takes_it(q):
    """The exact fit has q's means and variances: within 5 of the claimed errors of the divergence
    and so few draws that chance moves a coordinate by no more than 0.2."""
    p = kf.MultivariateNormal([0.0, 0.0], 2.0 * np.eye(2))
    r = kf.minimize_forward_kl(p, q, method="importance", rng=1)
    assert r.converged
    assert np.abs(r.distribution.mean() - [0.0, 1.0]).max() < 0.2
    assert np.abs(np.asarray(r.distribution.variance()) - [1.0, 4.0]).max() < 0.4


def test_a_class_in_place_of_a_log_density_is_named():
    with pytest.raises(TypeError, match="the class Normal, not a member"):
        kf.minimize_forward_kl(kf.Normal(0.0, 1.0), kf.Normal, method="importance")
