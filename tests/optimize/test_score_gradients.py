"""The score method's gradients, draw by draw: baselines, step rules, variances, averages.

Gradients are read from a run's history: with a tiny step the unconstrained coordinates move by
step times the gradient. The family has one coordinate, in which every formula is short.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

import klfast as kf

STEP = 1e-7
P = kf.Exponential(1.3)


def log_q(x):
    """log x is Normal(0, 1/2), but for a constant."""
    return -np.log(x) - 2.0 * np.log(x) ** 2


def gradients_and_draws(baseline, n, steps, seed, optimizer="constant"):
    seen = []

    def target(x):
        seen.append(x)
        return log_q(x)

    r = kf.minimize_reverse_kl(P, target, method="score", baseline=baseline, samples=n,
                               step_size=STEP, max_steps=steps, tolerance=0.0, rng=seed,
                               optimizer=optimizer)
    u = np.log(r.history["parameters"][:, 0])
    return -np.diff(u) / STEP, [x for x in seen if len(x) == n][: steps + 1]


def terms(x):
    """Score by log(rate), and r."""
    return 1.0 - P.parameters["rate"] * x, P.log_density(x) - log_q(x)


def test_each_baseline_is_its_formula_on_the_run_s_own_draws():
    for baseline in (None, "leave-one-out", "per-coordinate"):
        found, draws = gradients_and_draws(baseline, 500, 3, seed=5)
        for t in range(3):
            s, r = terms(draws[t])
            if baseline is None:
                expected = np.mean(s * (1.0 + r))
            elif baseline == "leave-one-out" or t == 0:
                expected = np.cov(s, r)[0, 1]
            else:
                before_s, before_r = terms(draws[t - 1])
                b = np.sum(before_s**2 * before_r) / np.sum(before_s**2)
                expected = np.mean(s * (r - b))
            assert_allclose(found[t], expected, rtol=2e-6, atol=2e-7)


def exact_variance(baseline):
    """n times the variance of the gradient, by quadrature of E[(s (r - b))^2] - E[s r]^2."""
    def mean(f):
        return integrate.quad(lambda x: math.exp(P.log_density(x)) * f(*terms(x)), 0.0, 60.0,
                              limit=400)[0]

    b = {None: lambda: -1.0, "leave-one-out": lambda: mean(lambda s, r: r),
         "per-coordinate": lambda: mean(lambda s, r: s * s * r) / mean(lambda s, r: s * s)}
    value = b[baseline]()
    return mean(lambda s, r: (s * (r - value)) ** 2) - mean(lambda s, r: s * r) ** 2


def test_variances_fall_from_the_textbook_to_the_best_baseline():
    """Within 15%, of 3,000 gradients: four standard deviations of a variance with kurtosis 10."""
    n, exact = 256, {}
    for baseline in (None, "leave-one-out", "per-coordinate"):
        found = [gradients_and_draws(baseline, n, 2, seed)[0][1] for seed in range(3000)]
        exact[baseline] = exact_variance(baseline) / n
        assert_allclose(np.var(found), exact[baseline], rtol=0.15)
    assert exact[None] > exact["leave-one-out"] > exact["per-coordinate"]


def test_step_rules_on_a_constant_gradient():
    """Momentum of 0.9 sums what came before; Adam's first steps are of length step_size."""
    plain, _ = gradients_and_draws("leave-one-out", 4000, 4, seed=1)
    momentum, _ = gradients_and_draws("leave-one-out", 4000, 4, seed=1, optimizer="momentum")
    sums = np.zeros(4)
    for t in range(4):
        sums[t] = plain[t] + (0.9 * sums[t - 1] if t else 0.0)
    assert_allclose(momentum, sums, rtol=1e-5)
    adam, _ = gradients_and_draws("leave-one-out", 4000, 4, seed=1, optimizer="adam")
    assert_allclose(np.abs(adam[0]), 1.0, rtol=1e-6)


def test_the_average_of_the_last_steps_is_nearer_than_the_steps():
    r = kf.minimize_reverse_kl(kf.Gamma(3.0, 2.0), log_q, method="score", samples=20,
                               step_size=0.03, max_steps=2000, tolerance=0.0, rng=2)
    best = kf.minimize_reverse_kl(kf.Gamma(3.0, 2.0), log_q).distribution
    last = r.history["parameters"][-1000:]
    single = np.mean([kf.kl_divergence(kf.Gamma(a, b), best) for a, b in last])
    assert kf.kl_divergence(r.averaged(), best) < 0.2 * single
    mean = kf.Gamma(last[:, 0], last[:, 1]).mean_parameters.mean(axis=0)
    assert_allclose(r.averaged().mean_parameters, mean, rtol=1e-9)


def test_averages_are_checked():
    r = kf.minimize_reverse_kl(kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0), max_steps=0)
    with pytest.raises(ValueError, match="share"):
        r.averaged(0.0)
    forward = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), [1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match="no history"):
        forward.averaged()


def test_the_baseline_for_each_coordinate_needs_few_of_them():
    p = kf.MultivariateNormal(np.zeros(5), np.eye(5))
    with pytest.raises(ValueError, match="at most 16"):
        kf.minimize_reverse_kl(p, p, method="score", baseline="per-coordinate")
