"""Accumulators: the same bits however the rows are cut, merged or threaded; right sums; errors."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import klfast as kf
from klfast._core.native import BLOCK

KINDS = ["score", "gradient", "full"]
MEMBERS = [kf.Normal(1.0, 2.0), kf.Gamma(2.5, 0.5), kf.Poisson(4.0),
           kf.MultivariateNormal([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]]),
           kf.MultivariateNormal([3.0], [[2.0]])]


def over_members():
    return pytest.mark.parametrize("p", MEMBERS,
                                   ids=lambda p: f"{type(p).__name__} {p.event_shape}")


def data(p, n, seed=1):
    x = p.sample(n, rng=seed).astype(float)
    generator = np.random.default_rng(seed)
    return x, generator.random(n), generator.normal(size=n)


def accumulate(p, kind, x, w=None, r=None, cuts=(), threads=None):
    a = kf.Accumulator(p, kind)
    edges = [0, *cuts, len(x)]
    for i, j in zip(edges[:-1], edges[1:], strict=True):
        a.update(x[i:j], None if w is None else w[i:j],
                 r[i:j] if kind != "score" else None, threads=threads)
    return a


@pytest.mark.parametrize("kind", KINDS)
@over_members()
def test_moments_are_those_of_numpy(p, kind):
    n, k = 2000, p.n_coordinates
    x, w, r = data(p, n)
    # the standard score by its definition: J maps it to the natural score
    s = np.linalg.solve(p._score_map("natural"), p.score(x, coordinates="natural").T).T
    for weights in (None, w):
        v = np.ones(n) if weights is None else weights
        expected = [n, v.sum(), (v * v).sum(), *(v @ s)]
        if kind != "score":
            expected += [v @ r, v @ r**2, *((v * r) @ s),
                         *(((v * r)[:, None] * s) ** 2).sum(axis=0)]
        if kind == "full":
            for u in (v, v * r):
                products = (s * u[:, None]).T @ s
                expected += [products[i, j] for i in range(k) for j in range(i + 1)]
        found = accumulate(p, kind, x, weights, r).moments()
        size = np.sqrt(n) + np.abs(expected)
        assert found.shape == np.shape(expected)
        assert (np.abs(found - expected) <= 1e-11 * size).all()


@pytest.mark.parametrize("kind", KINDS)
@over_members()
def test_any_cut_gives_the_same_bits(p, kind):
    n = 9 * BLOCK + 77
    x, w, r = data(p, n)
    for weights in (None, w):
        whole = accumulate(p, kind, x, weights, r).moments()
        generator = np.random.default_rng(3)
        for _ in range(6):
            cuts = np.sort(generator.integers(0, n + 1, generator.integers(1, 30)))
            assert_array_equal(accumulate(p, kind, x, weights, r, cuts).moments(), whole)
        assert_array_equal(accumulate(p, kind, x, weights, r, range(1, 40)).moments(), whole)


@over_members()
def test_any_order_of_merging_gives_the_same_bits(p):
    blocks = 13
    x, w, r = data(p, blocks * BLOCK + 100)
    whole = accumulate(p, "full", x, w, r).moments()
    generator = np.random.default_rng(4)
    for _ in range(4):
        cuts = [0, *np.sort(generator.choice(np.arange(1, blocks), 5, replace=False)), None]
        parts = []
        for a, b in zip(cuts[:-1], cuts[1:], strict=True):
            part = kf.Accumulator(p, "full", first_block=int(a))
            rows = slice(int(a) * BLOCK, None if b is None else int(b) * BLOCK)
            part.update(x[rows], w[rows], r[rows])
            parts.append(part)
        order = generator.permutation(len(parts))
        total = kf.Accumulator(p, "full")
        for i in order:
            total.merge(parts[i])
        assert_array_equal(total.moments(), whole)
        added = parts[order[0]]
        for i in order[1:]:
            added = parts[i] + added
        assert_array_equal(added.moments(), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_change_a_bit(kind):
    p = MEMBERS[0]
    x, w, r = data(p, 600 * BLOCK + 33)
    whole = accumulate(p, kind, x, w, r).moments()
    for threads in (1, 2, 3):
        assert_array_equal(accumulate(p, kind, x, w, r, (5, 1000), threads).moments(), whole)


def test_many_scattered_blocks_find_room():
    """Blocks that do not join: the memory grows."""
    p = MEMBERS[0]
    x, _, _ = data(p, 300 * BLOCK)
    whole = accumulate(p, "score", x).moments()
    total = kf.Accumulator(p)
    for block in [*range(0, 300, 2), *range(1, 300, 2)]:
        part = kf.Accumulator(p, first_block=block)
        part.update(x[block * BLOCK : (block + 1) * BLOCK])
        total.merge(part)
    assert_array_equal(total.moments(), whole)


def test_no_row_is_lost_after_a_merge():
    """Rows added to an accumulator that took in the following block: counted, or refused."""
    p = MEMBERS[0]
    x, _, _ = data(p, BLOCK)
    for n in (BLOCK, 10):
        a, b = kf.Accumulator(p), kf.Accumulator(p, first_block=1)
        a.update(x)
        b.update(x)
        a.merge(b)
        try:
            a.update(x[:n])
            assert a.moments()[0] == 2 * BLOCK + n
        except ValueError:
            assert a.moments()[0] == 2 * BLOCK


def test_a_merge_leaves_the_other_as_it_was():
    p = MEMBERS[0]
    x, _, _ = data(p, 3 * BLOCK + 40)
    a, b = kf.Accumulator(p), kf.Accumulator(p, first_block=2)
    a.update(x[: 2 * BLOCK])
    b.update(x[2 * BLOCK :])
    before = b.moments()
    (a + b).moments()
    kf.Accumulator(p).merge(b)
    assert_array_equal(b.moments(), before)
    b.update(x[:7])
    assert b.moments()[0] == before[0] + 7


def test_gradient_moments_give_the_leave_one_out_gradient():
    """Mean of (s_i - mean s)(r_i - mean of the other r) is the unbiased sample covariance."""
    p = MEMBERS[1]
    n = 300
    x, _, r = data(p, n)
    k = p.n_coordinates
    m = accumulate(p, "gradient", x, None, r).moments()
    found = (m[5 + k : 5 + 2 * k] - m[3 : 3 + k] * m[3 + k] / n) / (n - 1)
    s = np.linalg.solve(p._score_map("natural"), p.score(x, coordinates="natural").T).T
    others = (r.sum() - r) / (n - 1)
    assert_allclose(found, ((s - s.mean(axis=0)) * (r - others)[:, None]).sum(axis=0) / n,
                    rtol=1e-10)
    assert_allclose(found, [np.cov(s[:, j], r)[0, 1] for j in range(k)], rtol=1e-10)


def test_sum_score_is_the_gradient_of_the_log_likelihood():
    for p in MEMBERS:
        x, w, _ = data(p, 1500)
        a = accumulate(p, "score", x, w)
        for coordinates in ("parameters", "natural", "unconstrained"):
            expected = w @ p.score(x, coordinates=coordinates)
            assert_allclose(a.sum_score(coordinates), expected, rtol=1e-9, atol=1e-8)
        assert_allclose(a.mean_score() * w.sum(), a.moments()[3 : 3 + p.n_coordinates], rtol=1e-13)


def test_whole_weights_count_rows_again():
    p = MEMBERS[2]
    x, _, _ = data(p, 400)
    times = np.random.default_rng(1).integers(0, 3, 400)
    a, b = accumulate(p, "score", x, times), accumulate(p, "score", np.repeat(x, times))
    assert_allclose(a.moments()[3:], b.moments()[3:], rtol=1e-12, atol=1e-12)
    assert a.moments()[1] == b.moments()[0]


@pytest.mark.parametrize("d", [1, 2, 3, 10, 17, 33])
def test_scores_that_are_not_written_down_sum_to_the_same_bits(d):
    """Those of members that give z, where no weights are; weights of 1 change no bit."""
    root = np.tril(np.random.default_rng(d).normal(size=(d, d))) + d * np.eye(d)
    p = kf.MultivariateNormal(np.arange(1.0, d + 1.0), root @ root.T)
    for n in (1, 15, 16, BLOCK + 17):
        x = 0.5 + p.sample(n, rng=1)
        assert_array_equal(accumulate(p, "score", x).moments(),
                           accumulate(p, "score", x, np.ones(n)).moments())


def test_an_empty_accumulator_and_empty_updates():
    p = MEMBERS[0]
    a = kf.Accumulator(p, "full")
    assert (a.moments() == 0.0).all()
    a.update(np.zeros(0), None, np.zeros(0))
    assert (a.moments() == 0.0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0])
def test_what_is_wrong_is_named_and_nothing_is_added(bad):
    p = kf.Gamma(2.0, 1.0)
    a = kf.Accumulator(p, "gradient")
    x = np.ones(1000)
    a.update(x, None, x)
    before = a.moments()
    wrong = x.copy()
    wrong[700] = bad
    with pytest.raises(ValueError, match=r"x\[700\]"):
        a.update(wrong, None, x)
    with pytest.raises(ValueError, match=r"weights\[700\]"):
        a.update(x, wrong, x)
    if bad != -1.0:
        with pytest.raises(ValueError, match=r"log_ratio\[700\]"):
            a.update(x, None, wrong)
    assert_array_equal(a.moments(), before)


def test_shapes_and_kinds_are_checked():
    p, q = kf.Normal(0.0, 1.0), MEMBERS[3]
    with pytest.raises(ValueError, match="kind"):
        kf.Accumulator(p, "all")
    with pytest.raises(ValueError, match="batch"):
        kf.Accumulator(kf.Normal(np.zeros(2), 1.0))
    with pytest.raises((TypeError, ValueError), match="first_block"):
        kf.Accumulator(p, first_block=-1)
    a = kf.Accumulator(p)
    for x in (np.zeros((3, 1)), 1.0):
        with pytest.raises(ValueError, match="shape"):
            a.update(x)
    with pytest.raises(ValueError, match="shape"):
        kf.Accumulator(q).update(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="weights"):
        a.update(np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="log_ratio"):
        a.update(np.zeros(3), None, np.zeros(3))
    with pytest.raises(ValueError, match="log_ratio"):
        kf.Accumulator(p, "full").update(np.zeros(3))
    with pytest.raises(ValueError, match="merge"):
        a.merge(kf.Accumulator(kf.Normal(0.0, 2.0)))
    with pytest.raises(ValueError, match="merge"):
        a.merge(kf.Accumulator(p, "full"))
    a.update(np.zeros(BLOCK))
    b = kf.Accumulator(p)
    b.update(np.ones(BLOCK))
    before = a.moments()
    with pytest.raises(ValueError, match="share"):
        a.merge(b)
    assert_array_equal(a.moments(), before)
    assert b.moments()[0] == BLOCK
