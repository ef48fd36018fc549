"""What draws tell of the divergence of near distributions.

Schulman (2020), "Approximating KL divergence": with l = log p - log q and D the divergence, bias
and standard deviation beside D, from one draw of p = N(m, 1) against q = N(0, 1), are

    k1 = l                 0           2/m
    k2 = l^2/2             m^2/4       about sqrt 2
    k3 = e^-l - 1 + l      0           about sqrt 2

The exact ones for m = 0.1 and 1 are below: of k2 and k3 from the moments of l, which is
N(m^2/2, m^2), and of e^-l, which is lognormal.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import klfast as kf

N = 4_000_000


def moments_of_k3(m):
    """Mean and standard deviation: Var(e^-l + l) with Cov(e^-l, l) = -m^2, since E e^-l = 1."""
    return m * m / 2, math.sqrt(math.expm1(m * m) - m * m)


def moments_of_k2(m):
    """Of l^2/2 with l ~ N(a, s^2): (a^2 + s^2)/2 and sqrt(s^4/2 + a^2 s^2)."""
    a, s = m * m / 2, m
    return (a * a + s * s) / 2, math.sqrt(s**4 / 2 + a * a * s * s)


@pytest.mark.parametrize(("m", "k2", "k3"), [(0.1, (0.0025, 1.42), (0.0, 1.42)),
                                             (1.0, (0.25, 1.73), (0.0, 1.70))])
def test_estimators_of_the_divergence(m, k2, k3):
    """Means within 5 standard errors, deviations within 1%; figures to the digits given."""
    p, q = kf.Normal(m, 1.0), kf.Normal(0.0, 1.0)
    exact = kf.kl_divergence(p, q)
    assert exact == pytest.approx(m * m / 2, rel=1e-15)
    x = p.sample(N, rng=1)
    ratio = p.log_density(x) - q.log_density(x)
    found = {"k1": ratio, "k2": 0.5 * ratio**2, "k3": np.expm1(-ratio) + ratio}
    expected = {"k1": (exact, m), "k2": moments_of_k2(m), "k3": moments_of_k3(m)}
    for name, values in found.items():
        mean, deviation = expected[name]
        assert abs(values.mean() - mean) < 5.0 * deviation / math.sqrt(N), name
        assert_allclose(values.std(), deviation, rtol=0.01, err_msg=name)
    for (bias, spread), (mean, deviation) in ((k2, expected["k2"]), (k3, expected["k3"])):
        assert mean / exact - 1.0 == pytest.approx(bias, abs=1e-12)
        assert deviation / exact == pytest.approx(spread, abs=0.011)


@pytest.mark.parametrize("m", [0.1, 1.0])
def test_a_run_states_these_errors(m):
    """The first step's estimate is k1, its error 2/m of D for one draw, and half the variance of l
    is D itself, without k2's bias. Of 200,000 draws both are known to 0.3%."""
    n = 200_000
    run = kf.ReverseMinimizer(kf.Normal(m, 1.0), lambda x: -0.5 * x**2 - 1e-9 * x**4, samples=n,
                              method="natural", rng=1)
    run.step()
    r = run.step()
    assert r.kl_error * math.sqrt(n) / (m * m / 2) == pytest.approx(2.0 / m, rel=0.015)
    assert r.half_variance == pytest.approx(m * m / 2, rel=0.015)
