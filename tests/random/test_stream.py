"""Streams: the published generator, the layout of its words, independence, addresses.

The smoke tests of independence are chi-square tests whose critical values stand at 1e-9; there are
fewer than 100 of them, so that the false-alarm rate of the file is below 1e-7. Seeds are fixed.
"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats

import klfast as kf
from klfast._core.native import BLOCK, TILE, threefry4x64

RARE = 1e-9
ONES = 2**64 - 1
PI = [0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89,
      0x452821E638D01377, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917]

# Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", and the
# known-answer vectors that its authors publish with Random123: rounds, counter, key, output.
KNOWN_ANSWERS = [
    (13, [0] * 4, [0] * 4,
     [0x4071FABEE1DC8E05, 0x02ED3113695C9C62, 0x397311B5B89F9D49, 0xE21292C3258024BC]),
    (13, [ONES] * 4, [ONES] * 4,
     [0x7EAED935479722B5, 0x90994358C429F31C, 0x496381083E07A75B, 0x627ED0D746821121]),
    (13, PI[:4], PI[4:],
     [0x4361288EF9C1900C, 0x8717291521782833, 0x0D19DB18C20CF47E, 0xA0B41D63AC8581E5]),
    (20, [0] * 4, [0] * 4,
     [0x09218EBDE6C85537, 0x55941F5266D86105, 0x4BD25E16282434DC, 0xEE29EC846BD2E40B]),
    (20, [ONES] * 4, [ONES] * 4,
     [0x29C24097942BBA1B, 0x0371BBFB0F6F4E11, 0x3C231FFA33F83A1C, 0xCD29113FDE32D168]),
    (20, PI[:4], [PI[4], PI[5], PI[5], PI[6]],
     [0xA7E8FDE591651BD9, 0xBAAFD0C30138319B, 0x84A5C1A729E685B9, 0x901D406CCEBC1BA4]),
]


@pytest.mark.parametrize(("rounds", "counter", "key", "output"), KNOWN_ANSWERS)
def test_published_vectors(rounds, counter, key, output):
    assert threefry4x64(rounds, key, counter) == output


@pytest.mark.parametrize(
    ("seed", "stream", "block", "first_tile"),
    [(0, 0, 0, 0), (7, 0, 3, 0), (2**128 - 1, 2**64 - 1, 2**64 - 1, 5),
     (0x0123456789ABCDEF_FEDCBA9876543210, 42, 2**40, 2**32)],
)
def test_layout_of_the_words(seed, stream, block, first_tile):
    """key (seed, seed, stream, purpose 0), counter (block, index, attempt, 0); a tile of 64 words
    holds component c of counter index 16 t + i at 16 c + i."""
    key = [seed & ONES, seed >> 64, stream, 0]
    words = kf.Stream(seed, stream).words(block, 2, first_tile)
    assert words.dtype == np.uint64 and words.shape == (2 * TILE,)
    for position, word in enumerate(words.tolist()):
        tile, place = divmod(position, 64)
        index = 16 * (first_tile + tile) + place % 16
        assert word == threefry4x64(13, key, [block, index, 0, 0])[place // 16]


def test_children_are_seeded_by_twenty_rounds():
    parent = kf.Stream(7, 5)
    for index, child in enumerate(parent.spawn(3)):
        words = threefry4x64(20, [7, 0, 5, 2], [index, 0, 0, 0])
        assert child.seed == words[0] | words[1] << 64
        assert (child.stream, child.block) == (0, 0)


def test_words_are_pure():
    s = kf.Stream(7)
    first = s.words(5)
    kf.Normal(0.0, 1.0).sample(10_000, rng=s)
    s.spawn(4)
    assert_array_equal(s.words(5), first)
    assert_array_equal(kf.Stream(7).words(5, 8)[:TILE], first)
    assert_array_equal(s.words(5, 3, 2), s.words(5, 5)[2 * TILE :])
    assert s.words(5, 0).shape == (0,)


# ---- Independence, as smoke tests ----


def chi_square(observed, expected):
    """The probability of so large a distance from a flat expectation."""
    observed = np.asarray(observed, dtype=float).ravel()
    return stats.chi2.sf(((observed - expected) ** 2).sum() / expected, observed.size - 1)


def interleaved(streams, block=0, tiles=1):
    return np.stack([s.words(block, tiles) for s in streams], axis=1).ravel()


def word_sets():
    n = 512
    return {
        "one stream": kf.Stream(1).words(0, n),
        "streams 0, 1, 2, ... interleaved": interleaved([kf.Stream(1, i) for i in range(n)]),
        "blocks 0, 1, 2, ...": np.concatenate([kf.Stream(1).words(b) for b in range(n)]),
        "seeds 0, 1, 2, ... interleaved": interleaved([kf.Stream(i) for i in range(n)]),
        "seeds of one bit": interleaved([kf.Stream(1 << i) for i in range(128)], tiles=4),
        "streams of one bit": interleaved([kf.Stream(0, 1 << i) for i in range(64)], tiles=8),
        "children": interleaved(kf.Stream(3).spawn(n)),
    }


@pytest.mark.parametrize("name", list(word_sets()))
def test_bits_and_bytes_are_flat(name):
    words = word_sets()[name]
    count = np.bincount(words.view(np.uint8), minlength=256)
    assert chi_square(count, words.size * 8 / 256) > RARE
    bits = np.unpackbits(words.view(np.uint8)).reshape(-1, 64).sum(axis=0)
    z = (bits - words.size / 2) / np.sqrt(words.size / 4)
    assert stats.chi2.sf((z**2).sum(), 64) > RARE
    pairs = words.view(np.uint8)[::8].astype(int)
    joint = np.bincount((pairs[:-1] >> 4) * 16 + (pairs[1:] >> 4), minlength=256)
    assert chi_square(joint, (pairs.size - 1) / 256) > RARE


@pytest.mark.parametrize("bit", [0, 1, 31, 63, 64, 100, 127])
def test_seeds_that_differ_in_one_bit_differ_in_half_the_bits(bit):
    a, b = kf.Stream(12345).words(0, 256), kf.Stream(12345 ^ 1 << bit).words(0, 256)
    distance = int(np.unpackbits((a ^ b).view(np.uint8)).sum())
    total = a.size * 64
    assert abs(distance - total / 2) < 6.2 * np.sqrt(total / 4)


def test_neighbouring_streams_blocks_and_children_are_uncorrelated():
    """|r| sqrt(n) is standard normal: above 6.2 with probability 6e-10."""
    n = 1 << 16
    base = kf.Normal(0.0, 1.0).sample(n, rng=kf.Stream(5))
    first, second = kf.Stream(5).spawn(2)
    others = [kf.Stream(5, 1), kf.Stream(6), kf.Stream(5, 0, n // BLOCK), first, second]
    for other in others:
        z = kf.Normal(0.0, 1.0).sample(n, rng=other)
        assert abs(np.corrcoef(base, z)[0, 1]) * np.sqrt(n) < 6.2


# ---- Streams as objects ----


def test_draws_take_the_next_blocks():
    s = kf.Stream(7)
    p = kf.Normal(0.0, 1.0)
    p.sample(rng=s)
    assert s.block == 1
    p.sample(BLOCK, rng=s)
    assert s.block == 2
    p.sample(BLOCK + 1, rng=s)
    assert s.block == 4
    kf.Normal(np.zeros(3), 1.0).sample(BLOCK + 1, rng=s)
    assert s.block == 10
    assert_array_equal(p.sample(9, rng=s), p.sample(9, rng=kf.Stream(7, 0, 10)))


def test_spawned_streams_are_distinct():
    s = kf.Stream(7)
    children = s.spawn(100) + s.spawn(100)
    grandchildren = children[0].spawn(50) + children[1].spawn(50)
    cousins = kf.Stream(7, 1).spawn(50) + kf.Stream(8).spawn(50)
    seeds = {c.seed for c in [s, *children, *grandchildren, *cousins]}
    assert len(seeds) == 401
    assert s.block == 0 and s.spawn(0) == []


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy,
                                   lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_go_on_alike(again):
    s = kf.Stream(2**100 + 3, 9)
    kf.Normal(0.0, 1.0).sample(2000, rng=s)
    s.spawn(3)
    t = again(s)
    assert t == s and t is not s
    assert_array_equal(kf.Normal(0.0, 1.0).sample(100, rng=t),
                       kf.Normal(0.0, 1.0).sample(100, rng=s))
    assert t.spawn(2) == s.spawn(2)
    kf.Normal(0.0, 1.0).sample(rng=t)
    assert t != s


def test_the_end_of_a_stream_is_an_error_that_changes_nothing():
    p = kf.Normal(0.0, 1.0)
    s = kf.Stream(7, 0, 2**64 - 2)
    with pytest.raises(OverflowError, match="block"):
        p.sample(3 * BLOCK, rng=s)
    assert s.block == 2**64 - 2
    p.sample(2 * BLOCK, rng=s)
    for again in (s, copy.copy(s), pickle.loads(pickle.dumps(s))):
        with pytest.raises(OverflowError):
            p.sample(rng=again)
        assert again != kf.Stream(7)
    p.sample(0, rng=s)


def test_rule_for_every_kind_of_seed():
    for seed in (0, 7, 2**64, 2**128 - 1, np.int64(7), np.uint64(7)):
        assert kf.Stream(seed).seed == seed
        p = kf.Normal(0.0, 1.0)
        assert p.sample(rng=seed) == p.sample(rng=kf.Stream(seed))
    for bad in (-1, 2**128):
        with pytest.raises(ValueError, match="seed"):
            kf.Stream(bad)
        with pytest.raises(ValueError, match="rng"):
            kf.Normal(0.0, 1.0).sample(rng=bad)
    for bad in (1.0, "7", True, np.True_, [7], np.array([7, 8]), object()):
        with pytest.raises(TypeError, match="seed"):
            kf.Stream(bad)
        with pytest.raises(TypeError, match="rng"):
            kf.Normal(0.0, 1.0).sample(rng=bad)
    assert kf.Stream().seed != kf.Stream().seed
    assert kf.Normal(0.0, 1.0).sample() != kf.Normal(0.0, 1.0).sample()
    for bad in (-1, 2**64, 1.5, True):
        with pytest.raises((TypeError, ValueError), match="stream"):
            kf.Stream(1, bad)


def test_numpy_generators_and_seed_sequences_serve():
    p = kf.Normal(0.0, 1.0)
    generator = np.random.default_rng(3)
    first, second = p.sample(5, rng=generator), p.sample(5, rng=generator)
    assert (first != second).all()
    assert_array_equal(p.sample(5, rng=np.random.default_rng(3)), first)
    assert_array_equal(p.sample(5, rng=np.random.PCG64(3)), first)
    sequence = np.random.SeedSequence(9)
    assert_array_equal(p.sample(5, rng=sequence), p.sample(5, rng=np.random.SeedSequence(9)))


def test_two_threads_never_take_one_block():
    from concurrent.futures import ThreadPoolExecutor

    s = kf.Stream(4)
    with ThreadPoolExecutor(4) as pool:
        draws = list(pool.map(lambda _: kf.Normal(0.0, 1.0).sample(BLOCK, rng=s), range(400)))
    assert s.block == 400
    assert len({x[0] for x in draws}) == 400
