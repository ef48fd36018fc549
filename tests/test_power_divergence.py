"""Renyi's and Amari's divergences: closed forms, limits, symmetries, estimates with honest errors.

Exact values are the formulas of Gil, Alajaji and Linder (2013), "Renyi divergence measures for
commonly used univariate continuous distributions", Information Sciences 249, at 50 digits.
"""

from __future__ import annotations

import math
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import klfast as kf

sys.path.insert(0, str(Path(__file__).parent / "families"))
from members import MEMBERS

ORDERS = [1e-9, 0.01, 0.3, 0.5, 0.9, 1 - 1e-6, 1 + 1e-6, 1.2, 2.0, 5.0, 30.0]
PAIRS = [
    (kf.Normal(0.0, 1.0), kf.Normal(1.0, 2.0)),
    (kf.Normal(0.0, 1.0), kf.Normal(1.0, 0.7)),
    (kf.Gamma(2.0, 1.0), kf.Gamma(0.7, 3.0)),
    (kf.Beta(2.0, 3.0), kf.Beta(0.5, 4.0)),
    (kf.Poisson(3.0), kf.Poisson(9.0)),
    (kf.VonMises(0.0, 2.0), kf.VonMises(2.0, 3.0)),
    (kf.Laplace(1.0, loc=0.0), kf.Laplace(3.0, loc=0.0)),
    (kf.Normal(0.0, 1.0), kf.Normal(40.0, 1.0)),
    (kf.Normal(0.0, 1.0), kf.Normal(1e-5, 1.0)),
    (kf.Exponential(1.0), kf.Exponential(3.0)),
]


@pytest.fixture(autouse=True)
def fifty_digits_and_no_warning():
    with mp.workdps(50), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def normal(m, s, m2, s2, a):
    """Of two Normals."""
    m, s, m2, s2, a = map(mp.mpf, (m, s, m2, s2, a))
    v = a * s2**2 + (1 - a) * s**2
    if v <= 0:
        return mp.inf
    return mp.log(s2 / s) + mp.log(s2**2 / v) / (2 * (a - 1)) + a * (m - m2) ** 2 / (2 * v)


def exponential(x, y, a):
    """Of two Exponentials."""
    x, y, a = map(mp.mpf, (x, y, a))
    w = a * x + (1 - a) * y
    return mp.log(x / y) + mp.log(x / w) / (a - 1) if w > 0 else mp.inf


def disguised(p):
    """The same distribution as no member of a family: it has no closed form then."""
    return kf.Mixture([1.0], [p])


# ---- Closed forms ----


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("distance", [1.0, 1e-2, 1e-4, 1e-6])
def test_closed_forms_keep_their_accuracy_near_equality_and_near_order_1(order, distance):
    """Natural parameters hold a Normal to (1 + (loc/scale)^2) ulps, and those between p and q to as
    many more as the sum of their terms is larger than it; that error stands to the distance at
    worst as the result's to the result."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        m, s, y = rng.normal(), np.exp(rng.normal()), np.exp(rng.normal())
        m2, s2 = m + distance * s * rng.normal(), s * np.exp(distance * rng.normal())
        y2 = y * np.exp(distance * rng.normal())
        for p, q, exact in (
            (kf.Normal(m, s), kf.Normal(m2, s2), normal(m, s, m2, s2, order)),
            (kf.Exponential(y), kf.Exponential(y2), exponential(y, y2, order)),
        ):
            scales = (s2**2, s**2) if isinstance(p, kf.Normal) else (y, y2)
            terms = np.array([order, 1.0 - order]) * scales
            digits = 64 * 2.0**-52 / distance * np.abs(terms).sum() / np.abs(terms.sum())
            digits *= 1.0 + (m / s) ** 2 if isinstance(p, kf.Normal) else 1.0
            found = kf.renyi_divergence(p, q, order)
            assert isinstance(found, float)
            assert found == exact or abs(found / exact - 1) < digits, (p, q)
            amari = kf.alpha_divergence(p, q, order)
            a = mp.mpf(order)
            digits *= 1.0 + abs(float((a - 1) * exact))  # of the exponential
            exact = -mp.expm1((a - 1) * exact) / (a * (1 - a))
            assert amari == exact or exact > 1e300 or abs(amari / exact - 1) < digits, (p, q)


def test_a_vector_has_the_closed_form_of_its_axes():
    p = kf.MultivariateNormal([0.0, 1.0], np.diag([1.0, 4.0]))
    q = kf.MultivariateNormal([1.0, 0.0], np.diag([2.0, 3.0]))
    for order in (0.3, 0.99, 1.5, 2.0):
        exact = normal(0, 1, 1, mp.sqrt(2), order) + normal(1, 2, 0, mp.sqrt(3), order)
        assert_allclose(kf.renyi_divergence(p, q, order), float(exact), rtol=1e-13)
    assert kf.renyi_divergence(p, q, 4.5) == math.inf  # the second axis: 4.5 * 3 < 3.5 * 4


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=str)
def test_orders_are_monotone_and_the_divergence_is_their_middle(p, q):
    values = [kf.renyi_divergence(p, q, order) for order in np.linspace(0.05, 3.0, 60)]
    assert all(b >= a * (1.0 - 1e-13) for a, b in pairwise(values))
    exact = kf.kl_divergence(p, q)
    for near in (1.0 - 1e-7, 1.0, 1.0 + 1e-7):
        assert_allclose(kf.renyi_divergence(p, q, near), exact, rtol=1e-4)
        assert_allclose(kf.alpha_divergence(p, q, near), exact, rtol=1e-4)
    assert kf.alpha_divergence(p, q, 1.0) == exact
    assert kf.alpha_divergence(p, q, 0.0) == kf.kl_divergence(q, p)


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=str)
def test_skew_symmetry(p, q):
    for order in (0.1, 0.5, 0.8):
        assert_allclose((1.0 - order) * kf.renyi_divergence(p, q, order),
                        order * kf.renyi_divergence(q, p, 1.0 - order), rtol=1e-12)
    for order in (-1.0, 0.1, 0.5, 2.0):
        assert_allclose(kf.alpha_divergence(p, q, order), kf.alpha_divergence(q, p, 1.0 - order),
                        rtol=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_family_has_the_closed_form_and_0_at_equality(name):
    """The closed form against nodes, where the members have some."""
    members = MEMBERS[name].ordinary
    for p in members:
        for order in (1e-3, 0.5, 1.0, 3.0):
            assert kf.renyi_divergence(p, p, order) == kf.alpha_divergence(p, p, order) == 0.0
    for p, q in pairwise(members):
        if p.event_shape or p.fixed != q.fixed:
            continue
        for order in (0.2, 0.5, 1.1):
            exact = kf.renyi_divergence(p, q, order)
            assert exact >= 0.0
            found = kf.renyi_divergence(disguised(p), q, order, samples=1000)
            if found.standard_error < 1e-6 * found.value:
                assert exact < math.inf, (p, q, order)  # a domain too narrow would say infinite
                assert abs(found.value - exact) <= found.standard_error + 1e-9 * exact, (p, q)


def test_members_at_the_edge_of_the_domain():
    zero, three = kf.Poisson(0.0), kf.Poisson(3.0)
    assert kf.renyi_divergence(zero, three, 0.4) == kf.renyi_divergence(zero, three, 7.0) == 3.0
    assert_allclose(kf.renyi_divergence(three, zero, 0.4), 3.0 * 0.4 / 0.6, rtol=1e-15)
    assert kf.renyi_divergence(three, zero, 2.0) == math.inf
    never, always = kf.Bernoulli(0.0), kf.Bernoulli(1.0)
    for order in (0.5, 1.0, 2.0):
        assert kf.renyi_divergence(never, always, order) == math.inf
        assert kf.renyi_divergence(never, never, order) == 0.0
    assert kf.alpha_divergence(never, always, 0.5) == 4.0


def test_batches_broadcast_and_each_member_is_its_own():
    p = kf.Normal(np.zeros((3, 1)), [[1.0], [2.0], [3.0]])
    q = kf.Normal(1.0, [1.0, 0.5])
    for order in (0.5, 2.0):
        found = kf.renyi_divergence(p, q, order)
        amari = kf.alpha_divergence(p, q, order)
        assert found.shape == amari.shape == (3, 2)
        for i, j in np.ndindex(3, 2):
            assert found[i, j] == kf.renyi_divergence(p[i, 0], q[j], order)
            assert amari[i, j] == kf.alpha_divergence(p[i, 0], q[j], order)
    assert (kf.renyi_divergence(p, q, 2.0) == math.inf).any()
    binomials = kf.Binomial([0.2, 0.4], [5, 9])
    assert_allclose(kf.renyi_divergence(binomials, kf.Binomial(0.3, [5, 9]), 0.5)[1],
                    9.0 * kf.renyi_divergence(kf.Bernoulli(0.4), kf.Bernoulli(0.3), 0.5))


def test_products_have_the_sum_of_their_factors():
    p = kf.Product(kf.Normal(0.0, 1.0), kf.Poisson(3.0))
    q = kf.Product(kf.Normal(1.0, 1.0), kf.Poisson(4.0))
    for order in (0.5, 1.0, 2.0):
        exact = sum(kf.renyi_divergence(a, b, order)
                    for a, b in zip(p.factors, q.factors, strict=True))
        assert_allclose(kf.renyi_divergence(p, q, order), exact, rtol=1e-14)
    half = kf.alpha_divergence(p, q, 0.5)
    assert_allclose(half, -4.0 * math.expm1(-0.5 * kf.renyi_divergence(p, q, 0.5)), rtol=1e-14)
    mixed = kf.renyi_divergence(p, kf.Product(disguised(q.factors[0]), q.factors[1]), 0.5)
    assert abs(mixed.value - kf.renyi_divergence(p, q, 0.5)) <= mixed.standard_error + 1e-14


# ---- Nodes and draws ----


@pytest.mark.parametrize("order", [-1.5, 0.1, 0.5, 0.999, 1.001, 1.4, 2.0, 5.0])
@pytest.mark.parametrize(("p", "q"), PAIRS, ids=str)
def test_sums_over_nodes_cover_the_closed_form_or_have_no_error(p, q, order):
    """Where a value is given an error, it is right to it; where the integral diverges it has none;
    and what bounded integrands give is accurate."""
    pairs = [(kf.alpha_divergence(disguised(p), q, order), kf.alpha_divergence(p, q, order))]
    if order > 0.0:
        pairs.append((kf.renyi_divergence(p, disguised(q), order),
                      kf.renyi_divergence(p, q, order)))
    for found, exact in pairs:
        assert isinstance(found, kf.KLEstimate)
        if found.standard_error < math.inf:
            assert abs(found.value - exact) <= found.standard_error + 1e-10 * abs(exact)
        if exact == math.inf:
            assert found.standard_error == math.inf
        if 0.0 < order < 1.0:
            assert found.standard_error < 1e-9 * exact


def test_two_families_of_one_support_are_summed_over_nodes():
    """Gamma against lognormal: the integral by mpmath."""
    p, q = kf.Gamma(3.0, 2.0), kf.LogNormal(0.0, 0.5)
    assert kf.renyi_divergence(p, q, 1.5).standard_error == math.inf  # it diverges at 0
    for order in (0.3, 0.8):
        def power(x, a=order):
            log_p = 3 * mp.log(2) - mp.log(2) + 2 * mp.log(x) - 2 * x
            log_q = -mp.log(x) - 2 * mp.log(x) ** 2 - mp.log(mp.sqrt(2 * mp.pi) / 2)
            return mp.exp(a * log_p + (1 - a) * log_q)

        with mp.workdps(25):
            integral = mp.quad(power, [0, 0.1, 0.5, 1, 2, 5, 10, 30, 100])
            exact = float(mp.log(integral) / (order - 1))
        found = kf.renyi_divergence(p, q, order)
        assert abs(found.value - exact) < found.standard_error + 1e-12
        assert found.standard_error < 1e-9


def test_draws_have_the_error_that_they_say():
    """z-scores of 200 estimates: mean 0, variance 1, within 5 standard deviations."""
    p = kf.MultivariateNormal([0.0, 0.0], np.eye(2))
    q = kf.MultivariateNormal([1.0, 0.0], 1.3 * np.eye(2))
    for function, order in ((kf.renyi_divergence, 0.7), (kf.renyi_divergence, 1.5),
                            (kf.alpha_divergence, 0.3)):
        exact = function(p, q, order)
        found = [function(disguised(p), q, order, samples=4000, rng=seed) for seed in range(200)]
        z = np.array([(r.value - exact) / r.standard_error for r in found])
        assert abs(z.mean()) < 5.0 / math.sqrt(200) + 0.1  # the logarithm's bias
        assert abs(z.var() - 1.0) < 5.0 * math.sqrt(2.0 / 200)


def test_draws_of_members_far_apart_or_with_heavy_ratios_have_no_error():
    far = kf.MultivariateNormal([40.0, 0.0], np.eye(2))
    near = kf.MultivariateNormal([0.0, 0.0], np.eye(2))
    narrow = kf.MultivariateNormal([0.0, 0.0], 0.4 * np.eye(2))
    options = {"samples": 20_000, "rng": 1}
    assert kf.renyi_divergence(disguised(near), far, 0.5, **options).standard_error == math.inf
    assert kf.renyi_divergence(near, narrow, 3.0) == math.inf
    assert kf.renyi_divergence(disguised(near), narrow, 3.0, **options).standard_error == math.inf
    assert kf.alpha_divergence(disguised(near), narrow, 3.0, **options).standard_error == math.inf


def test_mass_outside_the_support():
    """Of the other: infinite for orders above 1; below, the shared mass counts."""
    p, q = kf.Normal(0.0, 1.0), kf.HalfNormal(1.0)
    assert kf.renyi_divergence(p, q, 2.0) == (math.inf, 0.0)
    assert kf.alpha_divergence(p, q, -1.0).value == pytest.approx(0.5, abs=0.01)  # of q from p
    found = kf.renyi_divergence(p, q, 0.5, samples=100_000)  # q = 2 p on a half line
    assert abs(found.value - math.log(2.0)) < 5.0 * found.standard_error
    assert found.standard_error < 0.02


def test_mixtures_are_summed_by_component():
    p = kf.Mixture([0.3, 0.7], [kf.Normal(-2.0, 0.5), kf.Normal(1.0, 1.0)])
    q = kf.Normal(0.0, 2.0)
    found = kf.renyi_divergence(p, q, 0.5)
    x = np.linspace(-25.0, 25.0, 2001)
    affinity = np.exp(0.5 * (p.log_density(x) + q.log_density(x))).sum() * (x[1] - x[0])
    assert abs(found.value + 2.0 * math.log(affinity)) < 1e-12
    assert found.standard_error < 1e-9
    assert kf.renyi_divergence(p, p, 0.5) == 0.0


def test_members_with_different_fixed_parameters_are_compared_as_any_two():
    p, q = kf.Weibull(1.0, shape=2.0), kf.Weibull(1.0, shape=3.0)
    x = np.linspace(1e-6, 12.0, 400_001)
    affinity = np.exp(0.5 * (p.log_density(x) + q.log_density(x))).sum() * (x[1] - x[0])
    found = kf.renyi_divergence(p, q, 0.5)
    assert abs(found.value + 2.0 * math.log(affinity)) < 1e-8
    with pytest.raises(ValueError, match="fixed parameters differ"):
        kf.renyi_divergence(kf.Weibull([1.0, 2.0], shape=2.0), q, 0.5)


def test_what_is_wrong_is_refused_by_name():
    p = kf.Normal(0.0, 1.0)
    for order in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="alpha"):
            kf.renyi_divergence(p, p, order)
    for function in (kf.renyi_divergence, kf.alpha_divergence):
        with pytest.raises(TypeError, match="alpha"):
            function(p, p, "two")
        with pytest.raises(TypeError, match="q is int"):
            function(p, 3, 0.5)
        with pytest.raises(ValueError, match="samples"):
            function(p, kf.HalfNormal(1.0), 0.5, samples=3)
        with pytest.raises(TypeError, match="integers"):
            function(p, kf.Poisson(1.0), 0.5)
        with pytest.raises(ValueError, match="batch"):
            function(kf.Normal([0.0, 1.0], 1.0), kf.HalfNormal(1.0), 0.5)
    with pytest.raises(ValueError, match="alpha"):
        kf.alpha_divergence(p, p, math.inf)


@pytest.mark.parametrize("divergence", [kf.renyi_divergence, kf.alpha_divergence])
def test_orders_at_which_rounding_would_decide_are_refused(divergence):
    p, q = kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)
    with pytest.raises(ValueError, match=r"alpha=1e\+100"):
        divergence(p, q, 1e100)
    # of equal variances D is alpha/2; the order takes nine of sixteen digits
    assert_allclose(kf.renyi_divergence(p, q, 1e9), 5e8, rtol=1e-6)


@pytest.mark.parametrize("divergence", [
    kf.kl_divergence, lambda p, q: kf.renyi_divergence(p, q, 0.5)], ids=["kl", "renyi"])
def test_batches_that_do_not_broadcast_are_named(divergence):
    with pytest.raises(ValueError, match=r"p has batch shape \(2,\), q has \(3,\)"):
        divergence(kf.Normal([0.0, 1.0], 1.0), kf.Normal(0.0, [1.0, 2.0, 3.0]))
