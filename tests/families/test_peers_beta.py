"""Beta where peers failed their users: one test to a failure, named for what it guards.

A count is compared with its binomial distribution and fails by chance in 1 run of 1e9; there are
fewer than 50 of them. Exact values are computed here with mpmath.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

import klfast as kf

INF = np.inf
TINY, BELOW_ONE = 5e-324, 1.0 - 2.0**-53
RARE = 5e-10
N = 200_000


def assert_share(hits, probability, n=N):
    """`hits` of n is no rarer than 1 in 1e9 under `probability`."""
    low, high = stats.binom.ppf([RARE, 1.0 - RARE], n, probability)
    assert low <= hits <= high, f"{hits} of {n}: wanted {low:.0f} to {high:.0f}"


# ---- Draws ----


def test_beta_of_one_thousandth_lies_at_both_ends_and_inside():
    """numpy gives exact zeros and ones, Gen.jl and PyTorch did."""
    p = kf.Beta(1e-3, 1e-3)
    x = p.sample(N, rng=1)
    assert ((x > 0.0) & (x < 1.0)).all()
    assert np.isfinite(p.log_density(x)).all()
    assert_share((x < 0.5).sum(), 0.5)
    # what rounds to the smallest double lies below 3/2 of it: x^a/(a B(a, a)) there
    smallest = math.exp(1e-3 * (math.log(TINY) + math.log(1.5)) - special.betaln(1e-3, 1e-3)) / 1e-3
    assert_share((x == TINY).sum(), smallest)
    assert_share((x == BELOW_ONE).sum(), special.betainc(1e-3, 1e-3, 1.5 * 2.0**-53))


@pytest.mark.parametrize(("a", "b"), [
    (1e-49, 1e-40), (1e-40, 1e-49), (3e-49, 1e-49), (1e-40, 1e-40), (2e-308, 1.5e-308),
    (TINY, 3.0 * TINY),
])
def test_beta_of_tiny_shapes_falls_to_an_end_with_the_odds_of_its_shapes(a, b):
    """numpy hangs at (1e-49, 1e-40), and gives NaN near the smallest normal number."""
    x = kf.Beta(a, b).sample(N, rng=2)
    assert np.isin(x, [TINY, BELOW_ONE]).all()
    assert_share((x == BELOW_ONE).sum(), a / (a + b))
    odds = kf.BetaPrime(a, b).sample(N, rng=2)
    assert np.isin(odds, [TINY, np.finfo(float).max]).all()
    assert_share((odds > 1.0).sum(), a / (a + b))


def test_beta_of_ones_is_uniform():
    """PyTorch's gave values outside and a wrong log-density at the ends."""
    x = kf.Beta(1.0, 1.0).sample(N, rng=3)
    counts = np.histogram(x, np.linspace(0.0, 1.0, 101))[0]
    assert stats.chi2.sf(((counts - N / 100) ** 2 / (N / 100)).sum(), 99) > RARE
    assert_array_equal(kf.Beta(1.0, 1.0).log_density([0.0, 0.25, 0.5, 1.0]), 0.0)
    assert_array_equal(kf.Beta(1.0, 1.0).log_density([-TINY, 1.0 + 2.0**-52]), -INF)


def test_draws_of_one_hundredth_have_a_finite_log_density():
    for a, b in ((0.01, 0.01), (0.01, 3.0), (3.0, 0.01)):
        p = kf.Beta(a, b)
        x = p.sample(N, rng=4)
        assert np.isfinite(p.log_density(x)).all() and np.isfinite(p.score(x)).all()


# ---- Log-density ----


def test_log_density_of_large_shapes_keeps_its_digits():
    """scipy is off by 2e-7."""
    assert kf.Beta(1e8, 1e8).log_density(0.5) == pytest.approx(9.331122608361428, rel=1e-15)


@pytest.mark.parametrize("cls", [kf.Beta, kf.BetaPrime])
def test_log_density_has_the_same_bits_alone_and_in_arrays(cls):
    """At the ends of the domain too: every member and point of the table of exact values."""
    path = Path(__file__).parent / "reference" / f"{cls._family}_log_density.csv"
    with path.open(newline="") as file:
        rows = [(*map(float.fromhex, row["theta"].split()), float.fromhex(row["x"]))
                for row in csv.DictReader(file)]
    a, b, x = np.array(rows).T
    alone = np.array([cls(*theta).log_density(point) for *theta, point in rows])
    assert_array_equal(cls(a, b).log_density(x), alone)


@pytest.mark.parametrize("shapes", [(1e-20, 1e300), (0.03, 4e307), (3.0, 1e306), (1e-300, 1e300)])
def test_score_where_a_shape_is_huge(shapes):
    """b (log(1 - x) - E log(1 - x)) is a - b x there, to a relative error of x."""
    a, b = shapes
    x = np.array([0.01, 0.7, 3.0, 40.0]) / b
    score = kf.Beta(a, b).score(x, coordinates="unconstrained")[:, 1]
    assert_allclose(score, a - b * x, rtol=1e-12, atol=1e-12 * a)


# ---- Fits ----


@pytest.mark.parametrize(("cls", "data", "index"), [
    (kf.Beta, [0.2, 0.3, 0.0, 1.0], 2), (kf.Beta, [0.2, 1.0, 0.3, 0.0], 1),
    (kf.Beta, [0.2, 1.0 + 2.0**-52], 1), (kf.BetaPrime, [0.2, 0.0], 1),
    (kf.BetaPrime, [0.2, 2.0, INF], 2),
])
def test_data_on_an_edge_are_refused_with_their_index(cls, data, index):
    with pytest.raises(ValueError, match=rf"data\[{index}\].*{cls.__name__}"):
        cls.fit(data)


def likelihood_equations(data):
    """The ratios of E log x and E log(1 - x) to the data's, less 1, by log a and log b."""
    x = [mp.mpf(float(value)) for value in data]
    log_x = mp.fsum(mp.log(value) for value in x) / len(x)
    log_y = mp.fsum(mp.log(1 - value) for value in x) / len(x)

    def equations(u, v):
        a, b = mp.exp(u), mp.exp(v)
        of_s = mp.digamma(a + b)
        return (mp.digamma(a) - of_s) / log_x - 1, (mp.digamma(b) - of_s) / log_y - 1

    return equations


NEAR = np.array([1.0, 2.0, 3.0, 5.0, 8.0])


@pytest.mark.parametrize("data", [
    NEAR * 1e-13, 1.0 - NEAR * 1e-13, 1.0 - NEAR * 2.0**-53,
    np.array([1e-13, 0.3, 0.6, 1.0 - 1e-12]), 0.5 + NEAR * 1e-12, NEAR * 0.1,
    np.array([1e-300, 1.0 - 2.0**-53, 0.5]), np.array([0.3, 0.3 + 1e-9, 0.3 - 1e-9]),
], ids=lambda data: f"{data[0]!r}")
def test_fits_near_an_edge_are_those_of_long_arithmetic(data):
    """Newton's method at 400 digits, from the fit: it must not move."""
    fitted = kf.Beta.fit(data)
    with mp.workdps(400):
        start = [mp.log(mp.mpf(value)) for value in fitted.parameters.values()]
        exact = mp.findroot(likelihood_equations(data), start, tol=mp.mpf(10) ** -100, maxsteps=20)
        errors = [abs(found - value) for found, value in zip(start, exact, strict=True)]
    assert max(errors) < 1e-9


@pytest.mark.parametrize("unit", [1e-300, 1e-290, 1e-200])
def test_fit_of_data_far_below_1_is_that_of_the_gamma_family(unit):
    """Beta(a, b) is Gamma(a, rate b) there, to a relative error of a / b."""
    exact = kf.Gamma.fit(NEAR)
    for cls in (kf.Beta, kf.BetaPrime):
        a, b = cls.fit(NEAR * unit).parameters.values()
        assert a == pytest.approx(exact.parameters["shape"], rel=1e-12)
        assert b * unit == pytest.approx(exact.parameters["rate"], rel=1e-12)


@pytest.mark.parametrize("cls", [kf.Beta, kf.BetaPrime])
@pytest.mark.parametrize("data", [[0.3], [0.3] * 7, [1e-300] * 3, [1.0 - 2.0**-53] * 2])
def test_equal_data_have_no_maximum_and_the_error_says_why(cls, data):
    with pytest.raises(ValueError, match=r"no maximum-likelihood .* all equal.*without bound"):
        cls.fit(data)
    with pytest.raises(ValueError, match=r"all equal"):
        cls.fit([*data, 0.9], [1.0] * len(data) + [0.0])


def test_data_whose_maximum_no_doubles_hold_are_an_error():
    """b is about a / mean, beyond the largest double."""
    with pytest.raises(ValueError, match=r"exceeds the largest double"):
        kf.Beta.fit([TINY, 2.0 * TINY, 5e-311])


@pytest.mark.parametrize("cls", [kf.Beta, kf.BetaPrime])
def test_weighted_fit_is_the_fit_of_repeated_data(cls):
    """Distributions.jl had no weights."""
    x = cls(0.7, 2.5).sample(500, rng=5)
    times = np.random.default_rng(0).integers(0, 5, 500)
    weighted, repeated = cls.fit(x, times), cls.fit(np.repeat(x, times))
    for name, value in weighted.parameters.items():
        assert value == pytest.approx(repeated.parameters[name], rel=1e-13)
    scaled = cls.fit(x, times * 1e-200)
    assert kf.kl_divergence(scaled, weighted) < 1e-25


@pytest.mark.parametrize("cls", [kf.Beta, kf.BetaPrime])
@pytest.mark.parametrize("shapes", [(1e-3, 1e-3), (0.02, 3.0), (1.0, 1.0), (1e5, 1e-2), (1e8, 1e8)])
def test_fits_of_few_data_give_finite_parameters_that_solve_the_equations(cls, shapes):
    """pomegranate's were NaN."""
    p = cls(*shapes)
    for seed in range(40):
        x = p.sample(2 + seed % 3, rng=seed)
        if (x == x[0]).all():
            continue
        fitted = cls.fit(x)
        assert all(0.0 < value < INF for value in fitted.parameters.values())
        score = fitted.score(x, coordinates="unconstrained").mean(axis=0)
        scale = np.sqrt(np.diagonal(fitted.fisher_information("unconstrained")))
        assert (np.abs(score) <= 1e-8 * scale).all(), (x, fitted)
