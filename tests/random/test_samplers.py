"""Draws against their exact distributions, a million to a member.

Every check is a probability under the exact distribution (scipy's cdf) and fails below 1e-10; with
those of test_samplers_each.py there are fewer than 9,500 of them, so that the false-alarm rate of
both files together is below 1e-6. That the checks see an error of 1% of a parameter is itself
tested.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
from members import CASES

import klfast as kf
from klfast._core.native import BLOCK

N = 1_000_000
RARE = 1e-10
BINS = 100


def probability_of(z):
    """Two-sided, of a standard normal deviate."""
    return 2.0 * stats.norm.sf(abs(z))


def exact(p):
    """The exact distribution of a scalar member: cdf, sf, ppf, isf, and pmf of counts."""
    return CASES[type(p).__name__].exact(p)


def count_bins(q, n):
    """Integer edges of bins that each hold about 1/BINS, or one integer where it holds more."""
    edges = np.unique(q.ppf(np.arange(1, BINS) / BINS))
    cumulative = np.concatenate([[0.0], q.cdf(edges), [1.0]])
    masses = np.diff(cumulative)
    kept = masses[:-1] * n > 50.0  # edges that leave too little are joined to the next bin
    return edges[kept]


def chi_square_of_counts(x, q):
    edges = count_bins(q, len(x))
    if not len(edges):
        return 1.0
    masses = np.diff(np.concatenate([[0.0], q.cdf(edges), [1.0]]))
    counts = np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(masses))
    few = masses * len(x) < 50.0
    counts = np.append(counts[~few], counts[few].sum())
    masses = np.append(masses[~few], masses[few].sum())
    whole = masses * len(x) >= 10.0
    return chi_square(counts[whole], masses[whole], len(x))


def chi_square(counts, masses, n):
    if len(masses) < 2:
        return 1.0
    expected = n * masses
    return stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), len(masses) - 1)


def tail_probabilities(x, q):
    """How rare the number of draws beyond the quantiles 1e-4 and 1 - 1e-4 is, on each side."""
    found = []
    for hits, mass in ((np.sum(x <= q.ppf(1e-4)), q.cdf(q.ppf(1e-4))),
                       (np.sum(x > q.isf(1e-4)), q.sf(q.isf(1e-4)))):
        low, high = stats.binom.cdf(hits, len(x), mass), stats.binom.sf(hits - 1, len(x), mass)
        found.append(2.0 * min(low, high))
    return found


def moment_probabilities(x, mean, sd, kurtosis):
    """Mean and variance in units of their standard errors."""
    z = (x - mean) / sd
    return [probability_of(z.mean() * math.sqrt(len(z))),
            probability_of(((z * z).mean() - 1.0) / math.sqrt((kurtosis + 2.0) / len(z)))]


def serial_probabilities(u):
    """Correlations of the normal scores at lags 1 to 8 and across blocks and tiles."""
    z = special.ndtri(np.clip(u, 1e-12, 1.0 - 1e-12))
    z -= z.mean()
    variance = (z * z).mean()
    if variance == 0.0:
        return [1.0]
    found = []
    for lag in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, BLOCK):
        r = (z[lag:] * z[:-lag]).mean() / variance
        found.append(probability_of(r * math.sqrt(len(z) - lag)))
    last, first = z[BLOCK - 1 :: BLOCK], z[BLOCK::BLOCK]
    n = min(len(last), len(first))
    r = (last[:n] * first[:n]).mean() / variance
    return [*found, probability_of(r * math.sqrt(n))]


def transform(x, q, discrete):
    """The probability transform, uniform if x follows q: randomised where x is discrete."""
    if not discrete:
        return q.cdf(x)
    values, places = np.unique(x, return_inverse=True)
    return q.cdf(values)[places] - np.random.default_rng(5).random(len(x)) * q.pmf(values)[places]


def checks(x, q, discrete):
    """All probabilities of draws x under the exact distribution q."""
    u = transform(x, q, discrete)
    if discrete:
        found = {"chi-square": chi_square_of_counts(x, q)}
    else:
        counts = np.bincount(np.minimum((u * BINS).astype(int), BINS - 1), minlength=BINS)
        found = {"chi-square": chi_square(counts, np.full(BINS, 1.0 / BINS), len(x))}
    found["low tail"], found["high tail"] = tail_probabilities(x, q)
    z = special.ndtri(np.clip(u, 1e-16, 1.0 - 1e-16))
    found["mean score"], found["square score"] = moment_probabilities(z, 0.0, 1.0, 0.0)
    for i, value in enumerate(serial_probabilities(u)):
        found[f"serial {i}"] = value
    return found


SCALAR = [module for name, module in CASES.items() if not kf.families[name]._is_vector()]
GRID = [p for module in SCALAR for p in module.SAMPLER_GRID]


@pytest.mark.parametrize("p", GRID, ids=repr)
def test_draws_follow_the_distribution(p):
    q = exact(p)
    x = p.sample(N, rng=20260101)
    found = checks(x, q, p.is_integer)
    mean, sd = p.mean(), math.sqrt(p.variance())
    kurtosis = float(q.stats(moments="k")) if not isinstance(p, kf.Normal) else 0.0
    if kurtosis < 50.0:
        found["mean"], found["variance"] = moment_probabilities(x, mean, sd, kurtosis)
    rare = {name: value for name, value in found.items() if not value > RARE}
    assert not rare, rare


@pytest.mark.parametrize(
    ("p", "wrong"), [pair for module in SCALAR for pair in module.WRONG], ids=repr
)
def test_the_checks_see_one_per_cent(p, wrong):
    found = checks(p.sample(N, rng=20260101), exact(wrong), p.is_integer)
    assert min(found.values()) < RARE


def test_the_checks_see_a_repeated_block():
    p = kf.Normal(0.0, 1.0)
    x = p.sample(N // 2 // BLOCK * BLOCK, rng=1).reshape(-1, BLOCK)
    repeated = np.repeat(x, 2, axis=0).ravel()
    assert min(serial_probabilities(exact(p).cdf(repeated))) < RARE


@pytest.mark.parametrize("shape", [1e-8, 1e-3])
def test_gamma_of_tiny_shape_follows_its_distribution_in_log_x(shape):
    """P(X <= x) = x^shape / Gamma(1 + shape) far below 1, all of it above the smallest double."""
    p = kf.Gamma(shape, 1.0)
    x = p.sample(N, rng=11)
    for bound in (1e-300, 1e-200, 1e-100, 1e-30, 1e-3, 1.0):
        mass = special.gammainc(shape, bound)
        hits = int((x <= bound).sum())
        low, high = stats.binom.cdf(hits, N, mass), stats.binom.sf(hits - 1, N, mass)
        assert 2.0 * min(low, high) > RARE, bound


@pytest.mark.parametrize("concentration", [0.0, 1e-3, 1.0, 50.0, 1e6, 1e15])
def test_von_mises_draws_have_the_circular_moments(concentration):
    """mean() and variance() are of cos(x - loc) and sin(x - loc); the spread is the draws'."""
    p = kf.VonMises(0.3, concentration)
    t = p.sample(N, rng=16) - p.mean()
    for found, expected in ((np.sin(t), 0.0), (2.0 * np.sin(0.5 * t) ** 2, p.variance())):
        assert probability_of((found.mean() - expected) / found.std() * math.sqrt(N)) > RARE


@pytest.mark.parametrize("rate", [1e15, 1e18])
def test_poisson_of_huge_rate_is_normal_to_many_digits(rate):
    x = kf.Poisson(rate).sample(N, rng=12)
    z = (x - int(rate)) / math.sqrt(rate)
    q = stats.norm()
    counts = np.bincount((q.cdf(z) * BINS).astype(int), minlength=BINS)
    expected = N / BINS
    assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1) > RARE
    assert min(moment_probabilities(z, 0.0, 1.0, 0.0)) > RARE


def test_multivariate_normal_by_projections_and_covariance():
    root = np.array([[1.0, 0.0, 0.0], [-2.0, 0.5, 0.0], [0.3, 4.0, 0.1]])
    mean, covariance = np.array([1.0, -50.0, 1e3]), root @ root.T
    p = kf.MultivariateNormal(mean, covariance)
    x = p.sample(N // 2, rng=13)
    whitened = np.linalg.solve(root, (x - mean).T).T
    u = np.random.default_rng(1).normal(size=(5, 3))
    for direction in [*np.eye(3), *(u / np.linalg.norm(u, axis=1, keepdims=True))]:
        z = whitened @ direction
        counts = np.bincount((special.ndtr(z) * BINS).astype(int), minlength=BINS)
        expected = len(z) / BINS
        assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1) > RARE
        assert min(moment_probabilities(z, 0.0, 1.0, 0.0)) > RARE
        assert min(serial_probabilities(special.ndtr(z))) > RARE
    products = whitened.T @ whitened / len(x)
    for i in range(3):
        for j in range(i):
            assert probability_of(products[i, j] * math.sqrt(len(x))) > RARE
    square = (whitened**2).sum(axis=1)
    counts = np.bincount((stats.chi2.cdf(square, 3) * BINS).astype(int), minlength=BINS)
    expected = len(x) / BINS
    assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1) > RARE


@pytest.mark.parametrize("d", [1, 7, 8, 9, 20])
def test_multivariate_normal_in_every_tile_of_coordinates(d):
    """Coordinates beyond a tile of eight have the right scale and are independent."""
    p = kf.MultivariateNormal(np.zeros(d), np.diag(np.arange(1.0, d + 1.0)))
    x = p.sample(100_000, rng=14) / np.sqrt(np.arange(1.0, d + 1.0))
    products = x.T @ x / len(x) - np.eye(d)
    spread = np.sqrt((1.0 + np.eye(d)) / len(x))
    assert np.abs(products / spread).max() < 6.5
    assert np.abs(x.mean(axis=0) * math.sqrt(len(x))).max() < 6.5


def test_mixture_draws_follow_the_mixture():
    q = kf.Mixture([0.2, 0.0, 0.8], [kf.Normal(-2.0, 0.5), kf.Normal(0.0, 1.0), kf.Gamma(3.0, 1.0)])
    x = q.sample(N, rng=15)
    u = 0.2 * stats.norm.cdf(x, -2.0, 0.5) + 0.8 * stats.gamma.cdf(x, 3.0)
    counts = np.bincount((u * BINS).astype(int), minlength=BINS)
    expected = N / BINS
    assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1) > RARE
    assert min(serial_probabilities(u)) > RARE
    assert min(moment_probabilities(x, q.mean(), math.sqrt(q.variance()), 0.5)) > RARE
