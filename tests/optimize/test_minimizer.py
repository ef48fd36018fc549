"""The minimiser as an object: stepping, asking and telling, saving, errors that change nothing."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

import klfast as kf

D3 = kf.MultivariateNormal(np.zeros(3), np.eye(3))
MIXED = kf.Mixture([0.5, 0.5], [kf.MultivariateNormal(np.zeros(3), np.eye(3)),
                                kf.MultivariateNormal(np.full(3, 0.7), 2.0 * np.eye(3))])


def laplace(x):
    return -np.abs(x)


CASES = {
    "quadrature": (kf.Normal(1.0, 2.0), laplace, {}),
    "pooled": (D3, MIXED.log_density, {"tolerance": 1e-3}),
    "natural": (kf.Normal(1.0, 2.0), laplace, {"method": "natural", "tolerance": 1e-3}),
    "score": (kf.Normal(1.0, 2.0), laplace,
              {"method": "score", "max_steps": 40, "optimizer": "adam"}),
    "nets": (D3, MIXED.log_density,
             {"draws": "quasi-random", "method": "natural", "tolerance": 1e-3}),
    "nets pooled": (D3, MIXED.log_density, {"draws": "quasi-random", "tolerance": 1e-3}),
    "nets score": (D3, MIXED.log_density,
                   {"draws": "quasi-random", "method": "score", "max_steps": 20, "samples": 200}),
    "exact": (kf.Gamma(1.0, 1.0), kf.Gamma(5.0, 2.0).log_density, {}),
    "lattice": (kf.Poisson(0.01), kf.Poisson(2.0).log_density, {}),
}
EVERY = pytest.mark.parametrize("case", CASES)


def same(a, b):
    return (a.distribution == b.distribution and a.status == b.status
            and a.evaluations == b.evaluations
            and a.history.tobytes() == b.history.tobytes()
            and (a.kl == b.kl or (np.isnan(a.kl) and np.isnan(b.kl))))


def whole(case):
    p, q, options = CASES[case]
    return kf.minimize_reverse_kl(p, q, rng=5, **options)


@EVERY
def test_steps_make_the_same_run(case):
    p, q, options = CASES[case]
    m = kf.ReverseMinimizer(p, q, rng=5, **options)
    assert not m.done and m.result().status == "going"
    while not m.done:
        r = m.step()
    assert same(r, whole(case)) and same(m.step(), r)


@EVERY
def test_asking_and_telling_makes_the_same_run_with_a_save_between_any_two(case):
    p, q, options = CASES[case]
    m = kf.ReverseMinimizer(p, rng=5, **options)
    asked = 0
    while len(x := m.ask()):
        m = pickle.loads(pickle.dumps(m))
        assert (m.ask() == x).all()
        m.tell(q(x))
        asked += len(x)
    assert m.done and same(m.result(), whole(case))
    assert asked == m.result().evaluations


@pytest.mark.parametrize("case", ["quadrature", "pooled", "natural", "nets", "nets pooled"])
def test_a_run_resumes_from_a_file_to_the_same_bits(case):
    p, q, options = CASES[case]
    m = kf.ReverseMinimizer(p, rng=5, **options)
    for _ in range(3):
        m.tell(q(m.ask()))
    saved = pickle.dumps(m)
    ends = []
    for copy in (m, pickle.loads(saved), pickle.loads(saved)):
        while len(x := copy.ask()):
            copy.tell(q(x))
        ends.append(copy.result())
    assert same(ends[0], ends[1]) and same(ends[1], ends[2])


@EVERY
def test_a_target_that_raises_leaves_the_run_as_it_was(case):
    p, q, options = CASES[case]
    seen = set()

    def sometimes(x):
        if x.tobytes() not in seen:
            seen.add(x.tobytes())
            raise OSError("the target's machine does not answer")
        return q(x)

    m = kf.ReverseMinimizer(p, sometimes, rng=5, **options)
    failures = 0
    while not m.done:
        before = m.result()
        try:
            m.step()
        except OSError:
            failures += 1
            assert same(before, m.result())
    assert failures > 0 and same(m.result(), whole(case))


def test_values_that_cannot_be_are_refused_and_asked_again():
    m = kf.ReverseMinimizer(kf.Normal(1.0, 2.0), rng=5)
    with pytest.raises(RuntimeError, match="without ask"):
        m.tell([1.0])
    x = m.ask()
    with pytest.raises(ValueError, match="log_q has shape"):
        m.tell(np.zeros(len(x) + 1))
    bad = laplace(x)
    bad[3] = np.nan
    with pytest.raises(ValueError, match="log_q is NaN"):
        m.tell(bad)
    assert (m.ask() == x).all()
    m.tell(laplace(x))
    while len(x := m.ask()):
        m.tell(laplace(x))
    assert same(m.result(), whole("quadrature"))


def test_the_two_ways_do_not_mix():
    with pytest.raises(ValueError, match="q is None"):
        kf.ReverseMinimizer(kf.Normal(0.0, 1.0)).step()
    with pytest.raises(ValueError, match="q is None"):
        kf.ReverseMinimizer(kf.Normal(0.0, 1.0)).run()
    with pytest.raises(ValueError, match="q is given"):
        kf.ReverseMinimizer(kf.Normal(0.0, 1.0), laplace).ask()


def test_a_refusal_of_the_support_ends_the_run_with_what_there_is():
    m = kf.ReverseMinimizer(kf.Normal(0.0, 1.0), lambda x: np.where(x > 0.0, -x, -np.inf), rng=1)
    while not m.done:
        r = m.step()
    assert r.status == "support_error" and r.distribution == kf.Normal(0.0, 1.0)


def test_compiled_targets_are_stepped_too():
    q = kf.Mixture([0.5, 0.5], [kf.Normal(-2.0, 0.5), kf.Normal(2.0, 0.5)])
    p = kf.Normal(1.0, 1.0)
    for method in ("auto", "natural", "pooled"):
        m = kf.ReverseMinimizer(p, q, rng=2, method=method, tolerance=1e-3)
        while not m.done:
            m = pickle.loads(pickle.dumps(m))
            r = m.step()
        assert same(r, kf.minimize_reverse_kl(p, q, rng=2, method=method, tolerance=1e-3,
                                              callback=lambda _: None))


def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match="annealing"):
        kf.ReverseMinimizer(kf.Normal(0.0, 1.0), laplace, annealing=(0.1,))


def test_options_are_seen_by_name():
    """As those of the function, but for what belongs to several runs."""
    names = set(inspect.signature(kf.ReverseMinimizer).parameters)
    of_function = set(inspect.signature(kf.minimize_reverse_kl).parameters)
    assert of_function - names == {"start", "annealing"} and names <= of_function
