"""What a Python log q or sampler may do to a minimiser, and what then happens."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import klfast as kf

P = kf.Normal(1.0, 2.0)
METHODS = pytest.mark.parametrize("method", ["natural", "score"])


def laplace(x):
    return -np.abs(x)


class Broken(Exception):
    """Raised by the user's code."""


@METHODS
@pytest.mark.parametrize("call", [1, 2, 5])
def test_what_log_q_raises_passes_through_unchanged(method, call):
    calls = []
    error = Broken("mine")

    def log_q(x):
        calls.append(1)
        if len(calls) == call:
            raise error
        return laplace(x)

    stream = kf.Stream(1)
    with pytest.raises(Broken) as caught:
        kf.minimize_reverse_kl(P, log_q, method=method, rng=stream)
    assert caught.value is error
    again = kf.minimize_reverse_kl(P, log_q, method=method, rng=stream, max_steps=3)
    assert again.steps <= 3


def test_what_a_sampler_or_an_iterator_raises_passes_through():
    def sampler(n):
        raise Broken("mine")

    def chunks():
        yield np.ones(10)
        raise Broken("mine")

    for method in ("moments", "score"):
        for data in (sampler, chunks()):
            with pytest.raises(Broken):
                kf.minimize_forward_kl(P, data, method=method)


@METHODS
def test_stop_iteration_of_log_q_is_an_error_not_an_end(method):
    def log_q(x):
        raise StopIteration

    with pytest.raises(StopIteration):
        kf.minimize_reverse_kl(P, log_q, method=method, rng=1)


@METHODS
@pytest.mark.parametrize("convert", [list, tuple, lambda v: v.astype(np.longdouble),
                                     lambda v: np.asfortranarray(v),
                                     lambda v: v[::-1].copy()[::-1]])
def test_values_of_any_array_like_are_converted(method, convert):
    a = kf.minimize_reverse_kl(P, laplace, method=method, max_steps=3, samples=50, rng=1)
    b = kf.minimize_reverse_kl(P, lambda x: convert(laplace(x)), method=method, max_steps=3,
                               samples=50, rng=1)
    assert a.distribution == b.distribution


def test_float32_values_are_converted():
    r = kf.minimize_reverse_kl(P, lambda x: laplace(x).astype(np.float32), method="score",
                               max_steps=5, rng=1)
    assert r.steps == 5


@METHODS
@pytest.mark.parametrize("wrong", [lambda x: 0.0, lambda x: np.zeros(len(x) + 1),
                                   lambda x: np.zeros((len(x), 1)), lambda x: np.zeros(0)])
def test_a_wrong_shape_names_both_shapes(method, wrong):
    with pytest.raises(ValueError, match=r"log_q returned shape \(.*\) for x of shape \(\d+,\)"):
        kf.minimize_reverse_kl(P, wrong, method=method, rng=1)


@METHODS
@pytest.mark.parametrize("wrong", [lambda x: None, lambda x: ["a"] * len(x), lambda x: x + 1j,
                                   lambda x: np.ma.masked_array(x, x > 0)])
def test_no_numbers_are_a_type_error(method, wrong):
    with pytest.raises(TypeError, match="log_q"):
        kf.minimize_reverse_kl(P, wrong, method=method, rng=1)


@METHODS
def test_log_q_may_keep_or_change_its_argument(method):
    kept = []

    def keeps(x):
        kept.append(x)
        return laplace(x)

    def changes(x):
        values = laplace(x)
        x[...] = np.nan
        return values

    plain = kf.minimize_reverse_kl(P, laplace, method=method, max_steps=6, rng=1)
    for log_q in (keeps, changes):
        r = kf.minimize_reverse_kl(P, log_q, method=method, max_steps=6, rng=1)
        assert r.distribution == plain.distribution
    assert all(np.isfinite(x).all() for x in kept)
    assert not np.shares_memory(kept[-1], kept[-2])


@METHODS
def test_log_q_may_return_one_buffer_each_time(method):
    buffer = np.empty(1 << 21)

    def log_q(x):
        out = buffer[: len(x)]
        out[...] = laplace(x)
        return out

    plain = kf.minimize_reverse_kl(P, laplace, method=method, samples=150_000, max_steps=4, rng=1)
    r = kf.minimize_reverse_kl(P, log_q, method=method, samples=150_000, max_steps=4, rng=1)
    assert r.distribution == plain.distribution


@METHODS
def test_log_q_may_call_klfast(method):
    inner = kf.Stream(9)

    def log_q(x):
        kf.minimize_reverse_kl(kf.Gamma(1.0, 1.0), kf.Gamma(2.0, 2.0), rng=inner)
        kf.Normal(0.0, 1.0).sample(100, rng=inner)
        return laplace(x)

    plain = kf.minimize_reverse_kl(P, laplace, method=method, max_steps=4, rng=1)
    assert kf.minimize_reverse_kl(P, log_q, method=method, max_steps=4,
                                  rng=1).distribution == plain.distribution


def test_runs_in_several_threads_do_not_meet():
    plain = kf.minimize_reverse_kl(P, laplace, max_steps=5, rng=1)
    found = []

    def work():
        found.append(kf.minimize_reverse_kl(P, laplace, max_steps=5, rng=1, threads=2).distribution)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [plain.distribution] * 4


def test_vectors_come_as_rows():
    shapes = []

    def log_q(x):
        shapes.append(x.shape[1:])
        assert x.flags.c_contiguous and x.dtype == np.float64
        return -0.5 * (x**2).sum(axis=1)

    for d in (1, 3):
        shapes.clear()
        r = kf.minimize_reverse_kl(kf.MultivariateNormal(np.ones(d), 4.0 * np.eye(d)), log_q, rng=1)
        assert set(shapes) == {(d,)}
        assert kf.kl_divergence(r.distribution,
                                kf.MultivariateNormal(np.zeros(d), np.eye(d))) < 1e-12


def test_counts_come_as_whole_floats():
    seen = []

    def log_q(x):
        seen.append(x)
        return kf.Poisson(5.0).log_density(x)

    kf.minimize_reverse_kl(kf.Poisson(2.0), log_q, rng=1)
    assert all(x.dtype == np.float64 and (x == np.floor(x)).all() for x in seen)


@METHODS
def test_minus_infinity_on_some_samples_leaves_p_as_it_was(method):
    r = kf.minimize_reverse_kl(P, lambda x: np.where(x > 0.0, -x, -np.inf), method=method, rng=1)
    assert r.status == "support_error" and r.kl == np.inf
    assert r.distribution == P
    assert "of" in r.message


def test_the_argument_of_a_sampler():
    asked = []

    def sampler(n, rng):
        asked.append(n)
        assert isinstance(rng, np.random.Generator)
        return rng.normal(size=n)

    a = kf.minimize_forward_kl(P, sampler, samples=300_000, rng=1)
    assert sum(asked) == 300_000
    b = kf.minimize_forward_kl(P, sampler, samples=300_000, rng=1)
    assert a.distribution == b.distribution
    c = kf.minimize_forward_kl(P, sampler, samples=300_000, rng=2)
    assert a.distribution != c.distribution


def test_an_iterator_may_give_one_buffer_each_time():
    x = kf.Normal(3.0, 2.0).sample((20, 700), rng=1)

    def chunks():
        buffer = np.empty(700)
        for row in x:
            buffer[...] = row
            yield buffer

    assert kf.kl_divergence(kf.minimize_forward_kl(P, chunks()).distribution,
                            kf.Normal.fit(x.ravel())) < 1e-20


def test_a_callback_cannot_change_the_run():
    def callback(state):
        if len(state.history):
            state.history["parameters"][...] = 0.0
        state.distribution.parameters["loc"] = 99.0

    plain = kf.minimize_reverse_kl(P, laplace, max_steps=5, rng=1)
    r = kf.minimize_reverse_kl(P, laplace, max_steps=5, callback=callback, rng=1)
    assert r.distribution == plain.distribution
    assert_array_equal(r.history["evaluations"], plain.history["evaluations"])
