"""Fits of a Product: independent factors, that is mean field.

False alarms: an estimate must be within 5 of its standard errors, and a fit by draws within five
times its tolerance, of the exact value; seeds are fixed, and the file's rate is below 1e-4.
"""

from __future__ import annotations

import itertools
import math
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

import klfast as kf
from klfast.optimize.levelled import levelled
from klfast.product_family import ProductMember, as_member, as_public

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
from members import MEMBERS

VECTOR = kf.MultivariateNormal([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]])
MIXED = kf.Product(kf.Gamma(3.0, 2.0), kf.Normal(5.0, 0.1), kf.Poisson(4.0), VECTOR,
                   kf.Binomial(0.3, 7), kf.VonMises(3.0, 2.0))
START = kf.Product(kf.Gamma(1.0, 1.0), kf.Normal(0.0, 1.0), kf.Poisson(1.0),
                   kf.MultivariateNormal([0.0, 0.0], np.eye(2)), kf.Binomial(0.5, 7),
                   kf.VonMises(0.0, 1.0))
TWO_NORMALS = kf.Product(kf.Normal(1.0, 1.0), kf.Normal(0.0, 2.0))


def correlated(r):
    return kf.MultivariateNormal([0.0, 0.0], [[1.0, r], [r, 1.0]])


def every(shift):
    """A member of each family; its unconstrained coordinates moved."""
    factors = [MEMBERS[name].ordinary[1] for name in MEMBERS]
    return kf.Product(*(type(f).from_unconstrained(f.unconstrained + shift, **f.fixed)
                        for f in factors))


# ---- The product as one family ----


def test_a_member_and_back():
    member = as_member(MIXED)
    assert isinstance(member, ProductMember) and as_public(member) == MIXED
    assert as_member(START).__class__ is type(member)
    assert as_member(kf.Product(kf.Binomial(0.5, 7))).__class__ is not type(
        as_member(kf.Product(kf.Binomial(0.5, 8))))
    back = pickle.loads(pickle.dumps(member))
    assert back == member and type(back) is type(member)
    assert repr(member) == repr(MIXED)
    assert as_member(VECTOR) is VECTOR and as_public(VECTOR) is VECTOR
    half = kf.Product(kf.Normal(0.0, 1.0), kf.Mixture([1.0], [kf.Normal(0.0, 1.0)]))
    assert as_member(half) is half


def test_the_density_the_score_and_the_divergence_are_those_of_the_factors():
    q = every(0.0)
    member, x = as_member(q), q.sample(700, rng=1)
    assert_array_equal(member.log_density(x), q.log_density(x))
    for coordinates in ("parameters", "natural", "unconstrained"):
        scores = [np.asarray(factor.score(np.ascontiguousarray(x[:, columns]),
                                          coordinates=coordinates))
                  for factor, columns in zip(q.factors, q._columns(), strict=True)]
        assert_array_equal(member.score(x, coordinates=coordinates), np.hstack(scores))
    for name in ("natural_parameters", "mean_parameters", "unconstrained"):
        parts = [getattr(factor, name) for factor in q.factors]
        assert_array_equal(getattr(member, name), np.concatenate(parts))
    p = every(0.2)
    assert as_member(p)._kl(member) == kf.kl_divergence(p, q)
    found = type(member).from_unconstrained(member.unconstrained, **member.fixed)
    assert_allclose(found._theta(), member._theta(), rtol=1e-12)


def test_a_point_outside_one_support_is_outside_whatever_pole_it_is_at():
    q = kf.Product(kf.Gamma(0.5, 1.0), kf.Exponential(1.0))
    x = np.array([[0.0, -1.0], [0.0, 1.0], [-1.0, 1.0], [math.nan, -1.0], [-1.0, math.nan]])
    assert_array_equal(as_member(q).log_density(x), q.log_density(x))
    assert_array_equal(as_member(q).log_density(x),
                       [-math.inf, math.inf, -math.inf, math.nan, math.nan])


def test_factors_draw_by_themselves():
    """Means, variances, and no correlation, of 100,000 draws: 5 standard errors of each."""
    q = kf.Product(kf.Normal(0.0, 1.0), kf.Normal(0.0, 1.0), kf.Poisson(9.0), VECTOR)
    x, n = as_member(q).sample(100_000, rng=5), 100_000
    assert x.dtype == np.float64 and x.shape == (n, 5)
    bound = 5.0 / math.sqrt(n)
    assert np.abs((x.mean(0) - q.mean()) / np.sqrt(q.variance())).max() < bound
    assert np.abs(x.var(0) / q.variance() - 1.0).max() < bound * math.sqrt(2.2)
    correlation = np.corrcoef(x.T)
    expected = np.eye(5)
    expected[3, 4] = expected[4, 3] = 0.5 / math.sqrt(2.0)
    assert np.abs(correlation - expected).max() < bound
    assert_array_equal(x, as_member(q).sample(n, rng=5, threads=2))
    assert_array_equal(x[:600], as_member(q).sample(600, rng=5))


# ---- Reverse: exact values ----


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "callable"])
def test_the_reverse_fit_lands_on_a_distant_product(compiled):
    q = kf.Product(kf.Gamma(30.0, 2.0), kf.Normal(50.0, 0.1), kf.Poisson(40.0))
    p = kf.Product(kf.Gamma(1.0, 1.0), kf.Normal(0.0, 1.0), kf.Poisson(1.0))
    r = kf.minimize_reverse_kl(p, q if compiled else q.log_density, rng=1)
    assert (r.method, r.status) == ("natural" if compiled else "pooled", "exact")
    assert isinstance(r.distribution, kf.Product)
    assert kf.kl_divergence(r.distribution, q) < 1e-12 and abs(r.kl) < 1e-9
    assert r.steps <= 3


def test_the_reverse_fit_lands_on_a_product_of_all_families():
    q = every(0.0)
    r = kf.minimize_reverse_kl(every(0.3), q, rng=1)
    assert r.status == "exact" and kf.kl_divergence(r.distribution, q) < 1e-12


@pytest.mark.parametrize("r", [0.5, 0.9])
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "callable"])
def test_bishops_correlated_normal(r, compiled):
    """Bishop (2006), section 10.1.2: the precisions of the factors are those on the diagonal of
    q's, 1/(1 - r^2), and D = -log(1 - r^2)/2. 2 per cent of a variance cost 1e-4 nats each."""
    q = correlated(r)
    fit = kf.minimize_reverse_kl(TWO_NORMALS, q if compiled else q.log_density, rng=1)
    exact = -0.5 * math.log(1.0 - r * r)
    assert fit.converged and isinstance(fit.distribution, kf.Product)
    assert abs(fit.kl - exact) < 5.0 * fit.kl_error + 1e-4
    p = kf.MultivariateNormal(fit.distribution.mean(), np.diag(fit.distribution.variance()))
    assert -1e-12 < kf.kl_divergence(p, q) - exact < 5e-4
    assert_allclose(fit.distribution.variance(), 1.0 - r * r, rtol=0.04)
    if r == 0.9:
        assert_allclose(exact, 0.8303656, atol=5e-8)


def bits(same, different):
    """Log q of two bits: 00 and 11 have the mass `same` each, 01 and 10 `different`."""
    return lambda x: np.where(x[:, 0] == x[:, 1], math.log(same), math.log(different))


STATES = np.array(list(itertools.product([0.0, 1.0], repeat=2)))


def bits_divergence(p, same, different):
    log_p, log_q = p.log_density(STATES), bits(same, different)(STATES)
    return float((np.exp(log_p) * (log_p - log_q)).sum())


def product_of_bits(a, b):
    return kf.Product(kf.Bernoulli(a), kf.Bernoulli(b))


def probabilities(p):
    return [factor.parameters["probability"] for factor in p.factors]


def test_two_coupled_bits_have_two_minima_and_a_saddle():
    """By enumeration: D is least at (3/4, 3/4) and (1/4, 1/4), and at (1/2, 1/2) has a saddle."""
    starts = [product_of_bits(0.6, 0.7), product_of_bits(0.4, 0.2), product_of_bits(0.5, 0.5),
              product_of_bits(0.9, 0.9)]
    r = kf.minimize_reverse_kl(starts[0], bits(0.45, 0.05), start=starts, rng=1)
    assert (r.method, r.status, r.kl_error) == ("quadrature", "converged", 0.0)
    assert_allclose(r.kl, 0.4977966, atol=5e-8)
    for one, p in zip(r.starts, (0.75, 0.25, 0.5, 0.75), strict=True):
        assert_allclose(probabilities(one.distribution), p, rtol=1e-6)
        assert_allclose(one.kl, bits_divergence(one.distribution, 0.45, 0.05), rtol=1e-12)
        assert one.evaluations == 20 + 4  # the probe, and each state once
    assert_allclose(r.starts[2].kl, 0.5108256, atol=5e-8)
    grid = np.linspace(0.01, 0.99, 99)
    assert min(bits_divergence(product_of_bits(a, b), 0.45, 0.05)
               for a in grid for b in grid) > r.kl - 1e-12
    near = [bits_divergence(product_of_bits(0.5 + e, 0.5 + f), 0.45, 0.05)
            for e, f in ((0.05, 0.05), (0.05, -0.05))]
    assert near[0] < r.starts[2].kl < near[1]


def test_two_bits_that_are_coupled_less_have_one_minimum():
    for start in ((0.6, 0.7), (0.9, 0.9), (0.99, 0.01)):
        r = kf.minimize_reverse_kl(product_of_bits(*start), bits(0.4, 0.1), rng=1)
        assert r.converged
        assert_allclose(probabilities(r.distribution), 0.5, atol=1e-6)
        assert_allclose(r.kl, math.log(1.25), rtol=1e-12)


@pytest.mark.parametrize("method", ["natural", "pooled"])
@pytest.mark.parametrize("start", [(0.6, 0.7), (0.9, 0.9), (0.98, 0.98)])
def test_coupled_bits_by_draws(method, start):
    """Where nearly all draws are of one state, fits to few of them mislead."""
    r = kf.minimize_reverse_kl(product_of_bits(*start), bits(0.4, 0.1), method=method, rng=2,
                               tolerance=1e-3)
    assert r.converged
    assert bits_divergence(r.distribution, 0.4, 0.1) < math.log(1.25) + 5e-3
    assert abs(r.kl - bits_divergence(r.distribution, 0.4, 0.1)) < 5.0 * r.kl_error + 1e-3


def test_counts_of_more_than_two_values_are_enumerated_too():
    """Every state of Binomials of 3 and 4 trials, against the same by a grid."""
    def log_q(x):
        return -0.5 * (x[:, 0] - x[:, 1]) ** 2 - 0.1 * x[:, 0]

    r = kf.minimize_reverse_kl(kf.Product(kf.Binomial(0.3, 3), kf.Binomial(0.5, 4)), log_q, rng=1)
    assert (r.method, r.converged) == ("quadrature", True)
    states = np.array(list(itertools.product(range(4), range(5))), dtype=float)

    def divergence(a, b):
        log_p = kf.Product(kf.Binomial(a, 3), kf.Binomial(b, 4)).log_density(states)
        return float((np.exp(log_p) * (log_p - log_q(states))).sum())

    a, b = probabilities(r.distribution)
    assert_allclose(r.kl, divergence(a, b), rtol=1e-12)
    for e, f in itertools.product((-1e-3, 0.0, 1e-3), repeat=2):
        assert divergence(a + e, b + f) >= r.kl - 1e-12
    many = kf.Product(*(kf.Bernoulli(0.4) for _ in range(13)))
    with pytest.raises(ValueError, match="method='quadrature': Product"):
        kf.minimize_reverse_kl(many, lambda x: x[:, 0] * x[:, 1], method="quadrature")
    assert kf.minimize_reverse_kl(many, lambda x: x[:, 0] * x[:, 1], rng=1,
                                  tolerance=1e-2).method == "pooled"


def gamma_and_count(x):
    """x0 is Gamma(3, 2), and x1 given x0 Poisson of rate x0."""
    return kf.Gamma(3.0, 2.0).log_density(np.ascontiguousarray(x[:, 0])) + (
        x[:, 1] * np.log(x[:, 0]) - x[:, 0] - special.gammaln(x[:, 1] + 1.0))


def test_a_number_and_a_count_that_depends_on_it():
    """Mean field has E log q given the other factor for the log of each: Gamma(3 + rate, 2 + 1),
    and Poisson of the rate exp(E log x0) = exp(digamma(3 + rate))/3; the fixed point is exact."""
    rate = 1.0
    for _ in range(200):
        rate = math.exp(special.digamma(3.0 + rate)) / 3.0
    shape = 3.0 + rate
    exact = kf.Product(kf.Gamma(shape, 3.0), kf.Poisson(rate))
    mean_log, mean = special.digamma(shape) - math.log(3.0), shape / 3.0
    counts = np.arange(200.0)
    log_factorial = float(np.exp(kf.Poisson(rate).log_density(counts))
                          @ special.gammaln(counts + 1.0))
    log_q = (3.0 * math.log(2.0) - special.gammaln(3.0) + 2.0 * mean_log - 2.0 * mean
             + rate * mean_log - mean - log_factorial)
    least = -exact.entropy() - log_q
    for method in ("auto", "natural"):
        r = kf.minimize_reverse_kl(kf.Product(kf.Gamma(1.0, 1.0), kf.Poisson(5.0)),
                                   gamma_and_count, method=method, rng=3)
        assert r.converged
        assert kf.kl_divergence(r.distribution, exact) < 1e-3
        assert abs(r.kl - least) < 5.0 * r.kl_error + 1e-4


def test_the_mean_and_precision_of_a_normal():
    """Bishop (2006), section 10.1.3, here with a flat prior of the mean and 1/tau of the precision:
    the Gamma has the shape n/2, and 1/E tau is the variance with n - 1; the Normal has the
    variance 1/(n E tau)."""
    data = np.array([1.1, 0.3, 2.2, 1.7, 0.6, 1.4, 0.9])
    n, square = len(data), float(((data - data.mean()) ** 2).sum())

    def log_q(x):
        mean, tau = x.T
        return (n / 2.0 - 1.0) * np.log(tau) - 0.5 * tau * (n * (mean - data.mean()) ** 2 + square)

    r = kf.minimize_reverse_kl(kf.Product(kf.Normal(0.0, 1.0), kf.Gamma(2.0, 2.0)), log_q, rng=1)
    tau = (n - 1.0) / square
    exact = kf.Product(kf.Normal(data.mean(), 1.0 / math.sqrt(n * tau)),
                       kf.Gamma(n / 2.0, n / 2.0 / tau))
    assert r.converged and kf.kl_divergence(r.distribution, exact) < 1e-3


def test_a_vector_and_a_number_that_correlates_with_it():
    """The precision of each block of coordinates is q's own; D = (log of the ratio of
    determinants)/2."""
    covariance = np.array([[2.0, 0.5, 0.7], [0.5, 1.0, 0.3], [0.7, 0.3, 1.5]])
    q = kf.MultivariateNormal([1.0, 2.0, 3.0], covariance)
    p = kf.Product(kf.MultivariateNormal([0.0, 0.0], np.eye(2)), kf.Normal(0.0, 1.0))
    r = kf.minimize_reverse_kl(p, q, rng=1)
    precision = np.linalg.inv(covariance)
    block, last = np.linalg.inv(precision[:2, :2]), 1.0 / precision[2, 2]
    exact = 0.5 * math.log(np.linalg.det(covariance) / np.linalg.det(block) / last)
    assert r.converged and abs(r.kl - exact) < 5.0 * r.kl_error + 1e-4
    fitted = r.distribution.factors
    assert_allclose(fitted[0].parameters["covariance"], block, atol=0.03)
    assert_allclose(fitted[1].variance(), last, rtol=0.03)


def test_p_cut_to_the_support_of_q():
    """Uniform on three of four states: p cut to them is uniform where both bits are even."""
    def log_q(x):
        return np.where(x.sum(axis=1) < 2.0, 0.0, -np.inf)

    r = kf.minimize_reverse_kl(product_of_bits(0.3, 0.6), log_q, support="restrict", rng=1)
    assert r.converged and (r.method, r.evaluations) == ("quadrature", 24)
    assert_allclose(probabilities(r.distribution), 0.5, atol=1e-6)
    assert_allclose(r.kl, -math.log(3.0), atol=1e-9)  # log q lacks its normaliser
    infinite = kf.minimize_reverse_kl(product_of_bits(0.3, 0.6), log_q, rng=1)
    assert (infinite.status, infinite.kl) == ("support_error", math.inf)


# ---- The probe ----


def test_rare_counts_do_not_hide_that_q_is_outside_the_family():
    """The bit is 0 at one draw of a hundred: all that its slope could tell it told of itself."""
    def log_q(x):
        return -0.5 * x[:, 1] ** 2 * np.where(x[:, 0] == 0.0, 1.0, 3.0)

    p = kf.Product(kf.Bernoulli(0.99), kf.Normal(1.0, 2.0))
    for seed in range(20):
        m = kf.ReverseMinimizer(p, log_q, rng=seed)
        m.step()
        assert m._run.steps == 0 and not m.done and not m._probing


def test_levelled_points_are_in_the_support_and_as_often_of_one_count_as_another():
    p = as_member(kf.Product(kf.Bernoulli(0.999), kf.Poisson(1e-3), kf.Normal(0.0, 1.0),
                             kf.Zipf(5.0)))
    x = p.sample(64, rng=1)
    y = levelled(p, x)
    assert np.isfinite(p.log_density(y)).all()
    assert_array_equal(x[:, 2], y[:, 2])
    for column, values in ((0, [0.0, 1.0]), (1, [0.0, 1.0]), (3, [1.0, 2.0])):
        found, counts = np.unique(y[:, column], return_counts=True)
        assert set(values) <= set(found) and counts.min() >= 64 // len(found) // 3
    two = levelled(as_member(product_of_bits(0.999, 0.999)), np.ones((20, 2)))
    assert len(np.unique(two, axis=0)) == 4


# ---- The run ----


def same(a, b):
    return (a.distribution == b.distribution and a.status == b.status
            and a.history.tobytes() == b.history.tobytes())


CASES = {
    "pooled": (kf.Product(kf.Gamma(1.0, 1.0), kf.Poisson(5.0)), gamma_and_count,
               {"tolerance": 1e-2}),
    "natural": (TWO_NORMALS, correlated(0.5).log_density, {"method": "natural", "tolerance": 1e-3}),
    "score": (TWO_NORMALS, correlated(0.5).log_density,
              {"method": "score", "optimizer": "adam", "step_size": 0.05, "max_steps": 50}),
    "quadrature": (product_of_bits(0.6, 0.7), bits(0.45, 0.05), {}),
    "exact": (START, MIXED.log_density, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_asking_and_telling_makes_the_same_run_with_a_save_between_any_two(case):
    p, q, options = CASES[case]
    whole = kf.minimize_reverse_kl(p, q, rng=5, **options)
    assert same(whole, kf.minimize_reverse_kl(p, q, rng=5, threads=2, **options))
    m = kf.ReverseMinimizer(p, rng=5, **options)
    while len(x := m.ask()):
        m = pickle.loads(pickle.dumps(m))
        m.tell(q(x))
    assert same(m.result(), whole)


def test_a_compiled_run_is_pickled_and_stepped_and_threaded_to_the_same_bits():
    q = kf.Mixture([0.3, 0.7], [correlated(0.5), VECTOR])
    whole = kf.minimize_reverse_kl(TWO_NORMALS, q, rng=5, tolerance=1e-3)
    assert same(whole, kf.minimize_reverse_kl(TWO_NORMALS, q, rng=5, tolerance=1e-3, threads=2))
    m = kf.ReverseMinimizer(TWO_NORMALS, q, rng=5, tolerance=1e-3)
    while not m.done:
        m.step()
        m = pickle.loads(pickle.dumps(m))
    assert same(m.result(), whole)


def test_the_score_method_comes_to_the_same_minimum():
    r = kf.minimize_reverse_kl(TWO_NORMALS, correlated(0.5), method="score", optimizer="adam",
                               step_size=0.02, max_steps=600, samples=500, rng=1)
    assert_allclose(r.distribution.variance(), 0.75, rtol=0.1)
    assert np.abs(r.distribution.mean()).max() < 0.1


def test_history_averages_and_callbacks_show_products():
    seen = []
    r = kf.minimize_reverse_kl(TWO_NORMALS, correlated(0.5), rng=1,
                               callback=lambda state: seen.append(state.distribution))
    assert seen and all(isinstance(p, kf.Product) for p in seen)
    assert r.history["parameters"].shape[1] == 4
    values = [v for f in r.distribution.factors for v in f.parameters.values()]
    assert_array_equal(r.history["parameters"][-1], values)
    mean = r.averaged(0.5)
    assert isinstance(mean, kf.Product)
    assert_allclose(mean.variance(), 0.75, rtol=0.05)
    again = kf.minimize_reverse_kl(TWO_NORMALS, correlated(0.5), start=r, rng=1, annealing=(0.5,))
    assert again.converged


# ---- Forward ----


def test_the_forward_fit_to_data_is_that_of_each_factor_bit_for_bit():
    x = MIXED.sample(5000, rng=1)
    w = np.random.default_rng(2).random(5000)
    r = kf.minimize_forward_kl(START, x, weights=w, robust=True)
    assert r.status == "exact" and isinstance(r.distribution, kf.Product)
    parts = [kf.minimize_forward_kl(p, np.ascontiguousarray(x[:, columns]), weights=w, robust=True)
             for p, columns in zip(START.factors, START._columns(), strict=True)]
    assert r.distribution.factors == tuple(part.distribution for part in parts)
    assert_allclose(r.log_likelihood, sum(part.log_likelihood for part in parts), rtol=1e-12)
    assert_allclose(r.aic, sum(part.aic for part in parts), rtol=1e-12)
    for robust in (False, True):
        errors = r.standard_errors(robust=robust)
        for i, part in enumerate(parts):
            for name, error in part.standard_errors(robust=robust).items():
                assert_allclose(errors[f"factors[{i}].{name}"], error, rtol=1e-9)
    assert "factors[4].trials" not in errors
    assert r.covariance().shape == (2 + 2 + 1 + 6 + 1 + 2,) * 2
    for chunks, weights in (([x[:900], x[900:]], [w[:900], w[900:]]),
                            (iter([x[:900], x[900:]]), iter([w[:900], w[900:]]))):
        other = kf.minimize_forward_kl(START, chunks, weights=weights)
        assert kf.kl_divergence(other.distribution, r.distribution) < 1e-20


def test_bishops_correlated_normal_forward():
    """Bishop (2006), section 10.1.2: the forward fit has q's variances, and the same divergence.
    Four points on the axes of the ellipse have the moments exactly."""
    r = 0.9
    a, b = math.sqrt(1.0 + r), math.sqrt(1.0 - r)
    points = np.array([[a, a], [-a, -a], [b, -b], [-b, b]])
    fit = kf.minimize_forward_kl(TWO_NORMALS, points)
    assert_allclose(fit.distribution.variance(), 1.0, rtol=1e-14)
    assert_allclose(fit.distribution.mean(), 0.0, atol=1e-15)
    q, exact = correlated(r), -0.5 * math.log(1.0 - r * r)
    for method in ("moments", "importance"):
        drawn = kf.minimize_forward_kl(TWO_NORMALS, q, method=method, rng=1)
        assert drawn.converged and isinstance(drawn.distribution, kf.Product)
        assert abs(drawn.kl - exact) < 5.0 * drawn.kl_error + 1e-4
        assert_allclose(drawn.distribution.variance(), 1.0, rtol=0.05)


def test_two_bits_forward_have_their_marginals():
    weights = np.exp(bits(0.45, 0.05)(STATES))
    r = kf.minimize_forward_kl(product_of_bits(0.9, 0.2), STATES, weights=weights)
    assert probabilities(r.distribution) == [0.5, 0.5]
    log_p = r.distribution.log_density(STATES)
    divergence = float((weights * (np.log(weights) - log_p)).sum())
    assert_allclose(divergence, 0.3680642, atol=5e-8)
    assert_allclose(r.cross_entropy, -float(weights @ log_p), rtol=1e-14)


def test_the_forward_fit_to_a_product_of_the_family_is_it():
    for method in ("auto", "log_density"):
        r = kf.minimize_forward_kl(START, MIXED, method=method)
        assert (r.status, r.kl, r.distribution) == ("exact", 0.0, MIXED)


def test_a_log_density_is_fitted_by_importance():
    q = kf.Product(kf.Gamma(3.0, 2.0), kf.Normal(1.0, 0.5), kf.Poisson(4.0))
    p = kf.Product(kf.Gamma(2.0, 1.0), kf.Normal(0.0, 1.0), kf.Poisson(5.0))
    for method in ("importance", "log_density"):
        r = kf.minimize_forward_kl(p, lambda x: q.log_density(x) + 2.0, method=method, rng=1)
        assert r.converged and r.method == "importance"
        assert kf.kl_divergence(q, r.distribution) < 1e-3
        assert abs(r.log_normaliser - 2.0) < 5.0 * r.log_normaliser_error
    with pytest.raises(ValueError, match="no rule of few enough nodes"):
        kf.minimize_forward_kl(p, q.log_density, method="quadrature")


def test_the_forward_score_method_and_a_sampler():
    x = MIXED.sample(2000, rng=1)
    exact = kf.minimize_forward_kl(START, x).distribution
    r = kf.minimize_forward_kl(START, x, method="score", optimizer="adam", step_size=0.02,
                               start=MIXED, max_steps=400, rng=1)
    assert kf.kl_divergence(r.distribution, exact) < 0.05
    n = 20_000
    drawn = kf.minimize_forward_kl(START, lambda n, rng: MIXED.sample(n, rng=rng), samples=n, rng=1)
    assert kf.kl_divergence(drawn.distribution, MIXED) < 40.0 / n  # chi-square, 13 degrees, over 2n


def test_a_prior_counts_as_data_of_each_factor():
    x = MIXED.sample(50, rng=1)
    r = kf.minimize_forward_kl(START, x, prior=(START, 10.0))
    for i, (p, columns) in enumerate(zip(START.factors, START._columns(), strict=True)):
        alone = kf.minimize_forward_kl(p, np.ascontiguousarray(x[:, columns]), prior=(p, 10.0))
        assert kf.kl_divergence(alone.distribution, r.distribution.factors[i]) < 1e-20
    assert_allclose(r.effective_data, 60.0**2 / 50.0)


# ---- What is refused ----

MIXTURE = kf.Mixture([0.5, 0.5], [kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)])


@pytest.mark.parametrize(("p", "error", "message"), [
    (kf.Product(kf.Normal(0.0, 1.0), MIXTURE), TypeError, r"p\.factors\[1\] is Mixture"),
    (kf.Product(kf.Normal(0.0, 1.0), kf.Poisson(0.0)), ValueError,
     r"p\.factors\[1\]=Poisson.*no step can leave"),
    (MIXTURE, TypeError, "p is Mixture: it must be a distribution of a family, or a Product"),
], ids=["mixture", "boundary", "no product"])
def test_what_cannot_be_moved_is_refused(p, error, message):
    for fit in (kf.minimize_reverse_kl, kf.ReverseMinimizer):
        with pytest.raises(error, match=message):
            fit(p, lambda x: -x[:, 0] ** 2)
    with pytest.raises(error, match=message):
        kf.minimize_forward_kl(p, lambda x: -x[:, 0] ** 2, method="importance")


def test_what_does_not_match_is_refused():
    with pytest.raises(ValueError, match="q has event shape"):
        kf.minimize_reverse_kl(TWO_NORMALS, kf.Normal(0.0, 1.0))
    with pytest.raises(TypeError, match="in coordinate 0"):
        kf.minimize_reverse_kl(product_of_bits(0.5, 0.5), kf.Product(kf.Normal(0.0, 1.0),
                                                                      kf.Bernoulli(0.5)))
    with pytest.raises(TypeError, match=r"start is .*must be of the family of p, Product\[Normal"):
        kf.minimize_reverse_kl(TWO_NORMALS, correlated(0.5), start=product_of_bits(0.5, 0.5))
    with pytest.raises(TypeError, match=r"of the family of p, Product\[Binomial\(trials=3\)\]"):
        kf.minimize_forward_kl(kf.Product(kf.Binomial(0.5, 3)), np.zeros((4, 1)),
                               start=kf.Product(kf.Binomial(0.5, 4)))
    with pytest.raises(ValueError, match="log_q returned shape"):
        kf.minimize_reverse_kl(TWO_NORMALS, lambda x: x)
    with pytest.raises(ValueError, match="log_q is NaN at x"):
        kf.minimize_reverse_kl(TWO_NORMALS, lambda x: x[:, 0] * np.nan)
    with pytest.raises(ValueError, match=r"data has shape \(4, 3\): it must have shape \(n, 2\)"):
        kf.minimize_forward_kl(TWO_NORMALS, np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"data\[1\] = .*data of factors\[1\], a Poisson, must"):
        kf.minimize_forward_kl(kf.Product(kf.Normal(0.0, 1.0), kf.Poisson(1.0)),
                               [[0.0, 1.0], [1.0, 0.5], [2.0, -1.0]])
    with pytest.raises(kf.NoMaximumError, match="no maximum-likelihood Normal exists for these 2"):
        kf.minimize_forward_kl(kf.Product(kf.Poisson(1.0), kf.Normal(0.0, 1.0)),
                               [[0.0, 1.0], [1.0, 1.0]])
    with pytest.raises(TypeError, match=r"prior\[0\]\.factors\[0\] is Mixture"):
        kf.minimize_forward_kl(TWO_NORMALS, np.zeros((4, 2)), prior=(kf.Product(MIXTURE), 1.0))
