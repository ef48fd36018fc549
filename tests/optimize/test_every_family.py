"""Both minimisers over the registry: members far away, and targets outside the family.

False alarms: the reverse fits must be within 6 of their own standard errors of the quadrature's
value, the forward fits within a bound that chi-square with 9 degrees of freedom passes with
probability below 1e-9; with fewer than 100 of each the file's rate is below 1e-6.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize

import klfast as kf

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
from members import MEMBERS


def over_families(scalar=False):
    names = [name for name in MEMBERS if not (scalar and kf.families[name]._is_vector())]
    return pytest.mark.parametrize("name", names)


def shifted(p, shift):
    """The member whose unconstrained coordinates are moved, on the line in units of its sd."""
    u = p.unconstrained + shift * np.ones(p.n_coordinates)
    return type(p).from_unconstrained(u, **p.fixed)


def base(name):
    """An ordinary member, one of several of a shape."""
    return MEMBERS[name].ordinary[1]


@over_families()
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "callable"])
@pytest.mark.parametrize("shift", [-1.5, 2.5])
def test_reverse_lands_on_a_distant_member(name, compiled, shift):
    q = base(name)
    p = shifted(q, shift)
    assert kf.kl_divergence(p, q) > 1e-3
    target = q if compiled else q.log_density
    r = kf.minimize_reverse_kl(p, target, rng=3)
    assert r.status == "exact", r
    assert kf.kl_divergence(r.distribution, q) < 1e-12
    assert r.steps <= 5
    assert r.distribution.fixed == q.fixed


@over_families()
def test_forward_is_maximum_likelihood_from_any_start(name):
    q = base(name)
    x = q.sample(5000, rng=4)
    r = kf.minimize_forward_kl(shifted(q, 1.0), x)
    assert r.status == "exact"
    fitted = type(q).fit(x, **q.fixed)
    assert kf.kl_divergence(r.distribution, fitted) < 1e-20
    mean = np.mean(q.sufficient_statistics(x), axis=0)
    assert_allclose(r.distribution.mean_parameters, mean, rtol=1e-9,
                    atol=1e-11 * np.abs(mean).max())
    assert kf.minimize_forward_kl(shifted(q, 1.0), q).distribution == q


@over_families()
def test_the_score_method_keeps_the_fixed_parameters_and_comes_nearer(name):
    q = base(name)
    p = shifted(q, 0.5)
    r = kf.minimize_reverse_kl(p, q, method="score", optimizer="adam", step_size=0.01,
                               max_steps=200, samples=500, tolerance=0.0, rng=7)
    assert r.distribution.fixed == q.fixed
    assert kf.kl_divergence(r.distribution, q) < 0.5 * kf.kl_divergence(p, q)


def mixture_of(p):
    """A target outside the family, not far from p."""
    return kf.Mixture([0.4, 0.6], [shifted(p, -0.25), shifted(p, 0.2)])


def two_points(p):
    """Whether the support has but two points: every distribution on it is then a member."""
    return p.is_integer and np.isneginf(p.log_density(np.array([-1.0, 2.0]))).all()


def divergence(p, q):
    """D(p||q) by the family's quadrature."""
    x, w = MEMBERS[type(p).__name__].nodes(p)
    log_p = p.log_density(x)
    mass = w * np.exp(log_p)
    return float(mass @ np.where(mass > 0.0, log_p - q.log_density(x), 0.0))


@over_families(scalar=True)
def test_reverse_agrees_with_quadrature_outside_the_family(name):
    p = base(name)
    q = mixture_of(p)
    scale = np.sqrt(np.diagonal(p.fisher_information("unconstrained")))

    def objective(v):
        u = p.unconstrained + v / scale
        return divergence(type(p).from_unconstrained(u, **p.fixed), q)

    best = optimize.minimize(objective, np.zeros(p.n_coordinates), method="Nelder-Mead",
                             options={"xatol": 1e-6, "fatol": 1e-12, "maxiter": 2000})
    r = kf.minimize_reverse_kl(shifted(p, 0.3), q, rng=5, tolerance=1e-4)
    assert r.status in (("exact",) if two_points(p) else ("converged", "noise_floor")), r
    found = divergence(r.distribution, q)
    assert -1e-9 < found - best.fun < 2e-4
    assert abs(r.kl - found) < 6.0 * r.kl_error + 2e-4


@over_families(scalar=True)
def test_forward_agrees_with_quadrature_outside_the_family(name):
    p = base(name)
    q = mixture_of(p)
    mean = np.zeros(p.n_coordinates)
    for weight, part in zip(q.weights, q.components, strict=True):
        x, w = MEMBERS[name].nodes(part)
        mean += weight * (w * np.exp(part.log_density(x))) @ p.sufficient_statistics(x)
    exact = type(p).from_mean(mean, **p.fixed)
    n = 200_000
    r = kf.minimize_forward_kl(p, q, samples=n, rng=6)
    # 2 n D is chi-square like, its scale the ratio of the mixture's variances to the member's
    assert 2.0 * n * kf.kl_divergence(r.distribution, exact) < 60.0 * 1.5
