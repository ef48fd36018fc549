"""Nets: Sobol's points against scipy's, evenness after scrambling, means without bias, and draws.

Random numbers are fixed. The statistical tests fail below 1e-9, so that the false-alarm rate of the
file is below 1e-6.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
from members import CASES, MEMBERS

import klfast as kf
from klfast._core.native import (
    BLOCK,
    NET_DIMENSIONS,
    NETS,
    ReverseRun,
    families_with_nets,
    net_words,
)
from klfast.product_family import as_member

RARE = 1e-9
STREAM = kf.Stream(11)


def uniforms(words):
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54


@pytest.mark.parametrize("log2_points", [0, 1, 6, 9, 12])
def test_the_plain_points_are_those_of_joe_and_kuo(log2_points):
    ours = net_words(None, 0, NET_DIMENSIONS, log2_points)
    expected = qmc.Sobol(NET_DIMENSIONS, scramble=False, bits=64).random(2**log2_points)
    i = np.arange(2**log2_points)
    # scipy goes through them in the order of Gray's code
    assert (ours[i ^ (i >> 1)] == (expected * 2.0**53).astype(np.uint64) << np.uint64(11)).all()


@pytest.mark.parametrize("log2_points", [3, 8, 11])
def test_each_elementary_interval_holds_one_point(log2_points):
    """Of the first two dimensions, a (0, m, 2)-net."""
    for net in range(20):
        x = net_words(STREAM, net, 2, log2_points)
        for a in range(log2_points + 1):
            b = log2_points - a
            cell = [x[:, j] >> np.uint64(64 - bits) if bits else 0 * x[:, j]
                    for j, bits in ((0, a), (1, b))]
            assert len(np.unique((cell[0] << np.uint64(b)) + cell[1])) == len(x)


def test_each_dimension_is_stratified():
    x = net_words(STREAM, 3, NET_DIMENSIONS, 10)
    cells = np.sort(x >> np.uint64(54), axis=0)
    assert (cells == np.arange(1024)[:, None]).all()


def test_an_aligned_part_of_a_net_is_its_block_of_points():
    whole = net_words(STREAM, 3, 5, 11)
    assert len(whole) == 4 * BLOCK
    assert (net_words(STREAM, 3, 5, 9) == whole[:BLOCK]).all()


def test_nets_differ_by_number_stream_and_dimension():
    nets = [net_words(stream, net, 3, 4)[:, j].tobytes()
            for stream in (STREAM, kf.Stream(11, 1), kf.Stream(12)) for net in (0, 1)
            for j in range(3)]
    assert len(set(nets)) == len(nets)


def test_a_point_is_uniform_and_its_digits_are_independent():
    """Over many scramblings, of the last of 16 points and its difference from the first."""
    nets = [net_words(STREAM, net, 4, 4) for net in range(4000)]
    points = np.array(nets)[:, [0, 15]]
    for place in range(2):
        for j in range(4):
            assert stats.kstest(uniforms(points[:, place, j]), "uniform").pvalue > RARE
            for digit in (63, 62, 50, 31, 0):
                ones = int((points[:, place, j] >> np.uint64(digit) & np.uint64(1)).sum())
                assert stats.binomtest(ones, len(nets)).pvalue > RARE
    assert abs(np.corrcoef(uniforms(points[:, 0]).T) - np.eye(4)).max() < 6.2 / 4000**0.5
    low = (points[:, 0, 0] ^ points[:, 1, 0]) >> np.uint64(20) & np.uint64(1)  # the matrix alone
    assert stats.binomtest(int(low.sum()), len(nets)).pvalue > RARE


def test_means_have_no_bias_and_far_less_variance():
    """Of a smooth function of four dimensions whose mean is 1."""
    means = np.array([np.prod(1.0 + 0.8 * (uniforms(net_words(STREAM, net, 4, 8)) - 0.5),
                              axis=1).mean() for net in range(1000)])
    z = (means.mean() - 1.0) / (means.std(ddof=1) / 1000**0.5)
    assert 2.0 * stats.norm.sf(abs(z)) > RARE
    independent = ((1.0 + 0.64 / 12.0) ** 4 - 1.0) / 256
    assert means.var() < independent / 1000.0  # found: 2900


def draws_of_nets(p, points, count=1, first=0, seed=11):
    run = ReverseRun(p, None, kf.Stream(seed), method="natural", step_rule="constant",
                     baseline=None, step_size=1.0, tolerance=0.0, samples=2 * NETS,
                     max_samples=2 * NETS, max_steps=1, max_evaluations=1, quasi_random=True)
    return run.draw_nets(first, count, points, 1)


ABLE = [(name, p) for name, cls in kf.families.items() if cls._family in families_with_nets()
        for p in MEMBERS[name].ordinary if not p.event_shape]


@pytest.mark.parametrize(("name", "p"), ABLE, ids=[f"{name}-{i}" for i, (name, _) in
                                                    enumerate(ABLE)])
def test_draws_of_a_net_have_the_exact_distribution(name, p):
    """Their distribution function is within a few steps of p's, where random draws' is far off."""
    n = 1 << 14
    x = np.sort(draws_of_nets(p, n))
    exact = CASES[name].exact(p)
    below = np.searchsorted(x, x, side="right") / n
    assert abs(below - exact.cdf(x)).max() <= 4.0 / n
    assert (np.asarray(draws_of_nets(p, 256, 4)).reshape(4, 256)
            != draws_of_nets(p, 256)).any()


def test_draws_of_a_product_are_those_of_its_factors():
    """Of Normals those of the multivariate Normal; each factor has rows of the net of its own."""
    mean, sd = np.array([0.5, -1.0, 2.0, 0.0]), np.array([1.0, 0.1, 3.0, 2.0])
    joint = draws_of_nets(kf.MultivariateNormal(mean, np.diag(sd**2)), 1024, 2)
    factors = [kf.Normal(m, s) for m, s in zip(mean, sd, strict=True)]
    apart = kf.Product(factors[0], kf.MultivariateNormal(mean[1:3], np.diag(sd[1:3]**2)),
                       factors[3])
    for p in (kf.Product(*factors), apart):
        np.testing.assert_allclose(draws_of_nets(as_member(p), 1024, 2), joint, rtol=1e-13,
                                   atol=1e-14)
    mixed = draws_of_nets(as_member(kf.Product(factors[0], kf.Exponential(2.0), kf.Gumbel(0, 1))),
                          1 << 12)
    for j, exact in enumerate((stats.norm(0.5, 1.0), stats.expon(scale=0.5), stats.gumbel_r())):
        assert stats.kstest(mixed[:, j], exact.cdf).statistic <= 4.0 / (1 << 12)
    # pairs of coordinates are as even: a quarter of the points in each quarter of the square
    halves = np.signbit(mixed - [0.5, np.log(2.0) / 2.0, -np.log(np.log(2.0))])
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert abs((halves[:, i] & halves[:, j]).mean() - 0.25) <= 2.0 / (1 << 12)


def test_every_scalar_family_with_nets_is_tested():
    assert {cls._family for name, cls in kf.families.items()
            if name in {name for name, _ in ABLE}} == {
        name for name in families_with_nets() if name != "multivariate_normal"}


def test_vectors_are_the_mean_and_the_root_times_quantiles():
    p = kf.MultivariateNormal([1.0, -2.0, 3.0], [[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 4.0]])
    root = np.linalg.cholesky(p.parameters["covariance"])
    for points in (2, 8, 64, 512, 2048):
        x = draws_of_nets(p, points, count=2, first=5)
        z = stats.norm.ppf(np.concatenate(
            [uniforms(net_words(kf.Stream(11), net, 3, points.bit_length() - 1))
             for net in (5, 6)]))
        np.testing.assert_allclose(x, p.parameters["mean"] + z @ root.T, rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("p", [kf.Normal(-2.0, 0.5), kf.Exponential(3.0), kf.Laplace(2.0, 3.0)],
                         ids=["normal", "exponential", "laplace"])
def test_draws_see_an_error_of_one_per_cent(p):
    """The test of exact distributions fails for a member whose mean is off by 1%."""
    n = 1 << 14
    x = np.sort(draws_of_nets(p, n))
    value = {name: 1.01 * np.asarray(v) for name, v in p.parameters.items()}
    other = type(p)(**value)
    below = np.searchsorted(x, x, side="right") / n
    assert abs(below - CASES[type(p).__name__].exact(other).cdf(x)).max() > 4.0 / n
