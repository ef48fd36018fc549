"""Divergences of other orders from the draws of a fit, against sums, integrals and resampling.

Random verdicts are at 5 standard errors, 6e-7 each, with fixed seeds, and of errors small enough
that an integral wrong by 1% would be found.
"""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

import klfast as kf
from klfast.optimize.pooled_divergence import PooledRatios, pooled_alpha, pooled_renyi

ORDERS = [0.1, 0.5, 0.999, 1.0, 1.001, 2.0, 5.0]
LOG_SHIFT = 3.0


def log_q(x):
    # tails like a logistic's: all orders up to 2 and beyond exist for Normals
    return LOG_SHIFT - np.log(np.cosh(0.8 * x)) - 0.02 * x


def with_gradient(x):
    return log_q(x), -0.8 * np.tanh(0.8 * x) - 0.02


def fits():
    p = kf.Normal(0.5, 1.5)
    many = {"max_evaluations": 20_000, "rng": 1, "tolerance": 0.0}
    return {
        "pooled": lambda: kf.minimize_reverse_kl(p, log_q, method="pooled", **many),
        "nets": lambda: kf.minimize_reverse_kl(p, log_q, method="pooled", draws="quasi-random",
                                               **many),
        "stein": lambda: kf.minimize_reverse_kl(p, with_gradient, method="stein", gradients=True,
                                                **many),
        "importance": lambda: kf.minimize_forward_kl(p, log_q, method="importance", **many),
    }


def log_integral(p, a):
    """log of the integral of p^a q^(1-a), and log Z."""
    def of(exponent):
        value, error = quad(lambda x: math.exp(exponent(x)), -60.0, 60.0, epsabs=0.0, epsrel=1e-11,
                            limit=400, points=[-1.0, 0.0, 1.0])
        assert error <= 1e-9 * value
        return math.log(value)

    log_z = of(log_q)
    return of(lambda x: a * float(p.log_density(x)) + (1.0 - a) * (log_q(x) - log_z)), log_z


@pytest.mark.parametrize("how", ["pooled", "nets", "stein", "importance"])
def test_estimates_are_those_of_the_integrals(how):
    r = fits()[how]()
    if r.direction == "reverse":
        # the run's own estimate takes off what the score explains
        one = r.renyi_divergence(1.0)
        assert abs(one.value - r.kl) <= 5.0 * math.hypot(one.standard_error, r.kl_error)
    for alpha in (0.3, 0.5, 0.8, 1.3):
        exact, log_z = log_integral(r.distribution, alpha)
        renyi = exact / (alpha - 1.0)
        found = r.renyi_divergence(alpha, normalise=True)
        assert abs(found.value - renyi) <= 5.0 * found.standard_error
        assert found.standard_error * abs(alpha - 1.0) < 0.002
        plain = r.renyi_divergence(alpha)
        assert abs(plain.value - (renyi - log_z)) <= 5.0 * plain.standard_error
        assert plain.standard_error < 0.02
        amari = -math.expm1(exact) / (alpha * (1.0 - alpha))
        found = r.alpha_divergence(alpha, normalise=True)
        assert abs(found.value - amari) <= 5.0 * found.standard_error
        assert found.standard_error * alpha < 0.02
    saved = pickle.loads(pickle.dumps(r))
    assert saved.renyi_divergence(0.5) == r.renyi_divergence(0.5)


def enumerated(p, q, count):
    """All of a finite support, as draws with their weights."""
    x = np.arange(count + 1.0)
    log_p = p.log_density(x)
    return PooledRatios(log_p - q.log_density(x), log_p, None, False)


@pytest.mark.parametrize("alpha", [-2.0, -1e-6, 0.0, 1e-6, 0.4, *ORDERS])
def test_of_a_whole_support_the_value_is_exact(alpha):
    p, q = kf.Binomial(0.3, 30), kf.Binomial(0.4, 30)
    draws = enumerated(p, q, 30)
    shifted = draws._replace(log_ratio=draws.log_ratio - 2.5)       # q is 2.5 nats too large
    for given, normalise in ((draws, False), (draws, True), (shifted, True)):
        assert_allclose(pooled_alpha(given, alpha, normalise).value,
                        kf.alpha_divergence(p, q, alpha), rtol=1e-12, atol=1e-14)
        if alpha > 0.0:
            assert_allclose(pooled_renyi(given, alpha, normalise).value,
                            kf.renyi_divergence(p, q, alpha), rtol=1e-12, atol=4e-15)
    if alpha > 0.0:
        assert_allclose(pooled_renyi(shifted, alpha, False).value,
                        kf.renyi_divergence(p, q, alpha) - 2.5, rtol=1e-12)


@pytest.mark.parametrize("shift", [-1000.0, -40.0, 40.0, 1000.0])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9999, 1.0, 1.0001, 3.0])
def test_a_constant_added_to_log_q_changes_nothing_once_it_is_normalised(alpha, shift):
    draws = enumerated(kf.Binomial(0.3, 30), kf.Binomial(0.4, 30), 30)
    shifted = draws._replace(log_ratio=draws.log_ratio - shift)
    for estimate in (pooled_alpha, pooled_renyi)[: 2 if alpha > 0.0 else 1]:
        assert_allclose(estimate(shifted, alpha, True), estimate(draws, alpha, True), rtol=1e-9)
    if alpha > 0.0:
        assert_allclose(pooled_renyi(shifted, alpha, False).value,
                        pooled_renyi(draws, alpha, False).value - shift, rtol=1e-12)


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.3, 0.7, 1.0, 2.0])
def test_where_q_is_0_on_part_of_the_support(alpha, is_cut):
    p, q = kf.Binomial(0.3, 30), kf.Binomial(0.4, 30)
    draws = enumerated(p, q, 30)
    inside = np.arange(31) <= 12
    draws = draws._replace(log_ratio=np.where(inside, draws.log_ratio, np.inf), is_cut=is_cut)
    of_p, of_q = (np.exp(d.log_density(np.arange(13.0))) for d in (p, q))
    of_q /= of_q.sum()
    of_p /= of_p.sum() if is_cut else 1.0
    log = np.log(of_p / of_q)
    if alpha in (0.0, 1.0):
        exact = -(of_q @ log) if alpha == 0.0 else of_p @ log
    else:
        exact = (1.0 - of_p @ np.exp((alpha - 1.0) * log)) / (alpha * (1.0 - alpha))
    if alpha >= 1.0 and not is_cut:
        assert pooled_alpha(draws, alpha, True) == (math.inf, 0.0)
        assert pooled_renyi(draws, alpha, True) == (math.inf, 0.0)
    else:
        assert_allclose(pooled_alpha(draws, alpha, True).value, exact, rtol=1e-12)


def test_the_share_of_p_inside_the_support_has_its_error():
    # q is a member of the family, cut: the draws tell all but the share of p at x > 0
    p, low = kf.Normal(1.2, 0.9), -0.5
    values = []
    for seed in range(60):
        x = p.sample(1000, rng=seed)
        ratio = np.where(x > 0.0, low, np.inf)
        values.append(pooled_renyi(PooledRatios(ratio, np.zeros(1000), None, True), 1.0, False))
    exact = low - math.log(1.0 - 0.5 * math.erfc(1.2 / 0.9 / math.sqrt(2.0)))
    z = [(value - exact) / error for value, error in values]
    # of 60 standard normals the sum of squares is in here but once in 1e6
    assert 25.0 < np.sum(np.square(z)) < 120.0


def test_forward_fits_to_a_smaller_support():
    p = kf.Normal(2.0, 1.0)
    r = kf.minimize_forward_kl(p, kf.Gamma(4.0, 2.0), method="importance", max_evaluations=40_000,
                               rng=1)
    fit, q = r.distribution, kf.Gamma(4.0, 2.0)
    root, _ = quad(lambda x: math.exp(0.5 * float(fit.log_density(x) + q.log_density(x))), 0.0,
                   30.0, epsrel=1e-10)
    found = r.renyi_divergence(0.5)
    assert abs(found.value + 2.0 * math.log(root)) <= 5.0 * found.standard_error < 0.05
    assert r.renyi_divergence(1.0) == (math.inf, 0.0)
    forward = r.alpha_divergence(0.0)
    assert abs(forward.value - r.kl) <= 5.0 * math.hypot(forward.standard_error, r.kl_error)


def test_draws_of_tiny_weight_are_kept():
    # a hundredth of the way out p is 0 to any precision, and q is not
    q = kf.Mixture([0.999, 0.001], [kf.Normal(0.0, 1.0), kf.Normal(0.0, 100.0)])
    r = kf.minimize_forward_kl(kf.Normal(0.0, 50.0), q, method="importance",
                               max_evaluations=200_000, rng=0)
    found = r.alpha_divergence(0.0)
    exact = kf.kl_divergence(q, r.distribution, samples=4_000_000, rng=5)
    assert (abs(found.value - exact.value)
            <= 5.0 * math.hypot(found.standard_error, exact.standard_error))
    assert found.standard_error < 0.1 * found.value


@pytest.mark.parametrize(("alpha", "normalise"), [(-0.5, False), (0.0, True), (0.2, False),
                                                  (0.5, True), (1.0, True), (1.5, False)])
def test_errors_are_those_of_the_jackknife(alpha, normalise):
    n = 700
    p, q = kf.Normal(0.0, 1.0), kf.Normal(0.3, 1.2)
    x = p.sample(n, rng=2)
    draws = PooledRatios(p.log_density(x) - q.log_density(x),
                         np.random.default_rng(2).normal(0.0, 0.2, n), None, False)

    def without(keep):
        part = PooledRatios(draws.log_ratio[keep], draws.log_weight[keep], None, False)
        return pooled_alpha(part, alpha, normalise).value

    left_out = np.array([without(np.arange(n) != i) for i in range(n)])
    jackknife = math.sqrt((n - 1) * left_out.var())
    assert_allclose(pooled_alpha(draws, alpha, normalise).standard_error, jackknife, rtol=0.03)


def test_errors_of_nets_are_those_of_their_spread():
    means = np.array([0.1, 0.3, 0.2, 0.25, 0.15, 0.35, 0.05, 0.2])
    nets = np.repeat(np.arange(8), 50)
    # within a net draws differ much, but nets are worth only their means
    noise = np.tile(np.resize([5.0, -5.0], 50), 8)
    draws = PooledRatios(means[nets] + noise, np.zeros(400), nets, False)
    found = pooled_renyi(draws, 1.0, False)
    assert_allclose(found, (means.mean(), means.std(ddof=1) / math.sqrt(8)), rtol=1e-12)


def test_what_few_draws_decide_has_no_error():
    # q's tails are lighter than p's: D_2 is infinite, and the draws show it
    p = kf.Normal(0.0, 1.0)
    r = kf.minimize_reverse_kl(p, lambda x: -0.5 * x**2 - 0.1 * x**4, method="pooled", rng=1,
                               max_evaluations=5000)
    for order in (2.0, 100.0, 1e4, 1e9):
        assert r.renyi_divergence(order).standard_error == math.inf
    few = PooledRatios(np.zeros(24), np.zeros(24), None, False)
    assert pooled_renyi(few, 0.5, False).standard_error == math.inf


def test_wrong_requests_are_refused():
    made = fits()["pooled"]()
    for alpha in (0.0, -1.0, math.nan, math.inf, 1e10):
        with pytest.raises(ValueError, match="alpha"):
            made.renyi_divergence(alpha)
    for alpha in (math.nan, -math.inf, -1e10):
        with pytest.raises(ValueError, match="alpha"):
            made.alpha_divergence(alpha)
    with pytest.raises(TypeError, match="alpha='x': must be a number"):
        made.alpha_divergence("x")
    for divergence in (made.renyi_divergence, made.alpha_divergence):
        for wrong in (None, "x", 0.5j, [0.5, 0.7], np.array([0.5])):
            with pytest.raises((TypeError, ValueError), match="alpha"):
                divergence(wrong)
        for wrong in (1, None, "yes", np.array([True])):
            with pytest.raises(TypeError, match=r"normalise=.*: must be True or False"):
                divergence(0.5, normalise=wrong)
    by_quadrature = kf.minimize_reverse_kl(kf.Normal(0.0, 1.0), log_q)
    with pytest.raises(ValueError, match="status 'converged': only fits by"):
        by_quadrature.renyi_divergence(0.5)
