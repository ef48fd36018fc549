"""Forward minimisation: maximum likelihood from data in every form, at every scale, or an error."""

from __future__ import annotations

import math
import pickle

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import klfast as kf

MVN = kf.MultivariateNormal([1.0, -2.0], [[2.0, 0.5], [0.5, 1.0]])
CASES = [(kf.Normal(0.0, 1.0), kf.Normal(3.0, 2.0)), (kf.Gamma(1.0, 1.0), kf.Gamma(0.7, 5.0)),
         (kf.Poisson(1.0), kf.Poisson(6.5)),
         (kf.MultivariateNormal([0.0, 0.0], np.eye(2)), MVN),
         (kf.MultivariateNormal([0.0], [[1.0]]), kf.MultivariateNormal([3.0], [[2.0]]))]
ids = [f"{type(p).__name__} {p.event_shape}" for p, _ in CASES]
over_cases = pytest.mark.parametrize(("p", "q"), CASES, ids=ids)


def close(a, b, bound=1e-20):
    return kf.kl_divergence(a, b) < bound


# ---- Every form of data gives the same member ----


@over_cases
def test_every_form_of_data_agrees(p, q):
    x = q.sample(5000, rng=1).astype(float)
    r = kf.minimize_forward_kl(p, x)
    mean = q.sufficient_statistics(x).mean(axis=0)
    assert close(r.distribution, type(p).from_mean(mean), 1e-18)
    assert close(r.distribution, type(p).fit(x))
    cuts = np.split(x, [1, 700, 703, 3000])
    forms = {"list of arrays": cuts, "tuple": tuple(cuts), "iterator": iter(cuts),
             "generator": (c for c in cuts), "nested list": x.tolist()}
    for form, data in forms.items():
        other = kf.minimize_forward_kl(p, data)
        assert close(other.distribution, r.distribution), form
        assert other.evaluations == 5000
        assert_allclose(other.log_likelihood, r.log_likelihood, rtol=1e-11, err_msg=form)
    for threads in (2, 3):
        assert kf.minimize_forward_kl(p, x, threads=threads).distribution == r.distribution
    ones = kf.minimize_forward_kl(p, x, weights=np.ones(5000))
    assert close(ones.distribution, r.distribution)
    weights = np.split(np.full(5000, 0.25), [1, 700, 703, 3000])
    chunked = kf.minimize_forward_kl(p, iter(cuts), weights=iter(weights))
    assert close(chunked.distribution, r.distribution)
    assert_allclose(chunked.log_likelihood, 0.25 * r.log_likelihood, rtol=1e-11)


@over_cases
def test_samplers_and_distributions_are_sampled(p, q):
    n = 20_000
    bound = 50.0 / n  # 2 n KL is chi-square with at most 5 degrees: beyond 100 below 1e-19
    exact = kf.minimize_forward_kl(p, q)
    assert exact.distribution == q and exact.kl == 0.0 and exact.status == "exact"
    r = kf.minimize_forward_kl(p, lambda n, rng: q.sample(n, rng=rng), samples=n, rng=3)
    assert r.evaluations == n and 0.0 < kf.kl_divergence(q, r.distribution) < bound
    stream = kf.Stream(4)
    r = kf.minimize_forward_kl(p, lambda n: q.sample(n, rng=stream), samples=n)
    assert 0.0 < kf.kl_divergence(q, r.distribution) < bound
    assert math.isnan(r.log_likelihood)


def test_a_mixture_is_fitted_by_its_moments():
    """.5 N(-2, .25) + .5 N(2, .25): mean 0, variance 4.25, divergence 0.7235530."""
    q = kf.Mixture([0.5, 0.5], [kf.Normal(-2.0, 0.5), kf.Normal(2.0, 0.5)])
    r = kf.minimize_forward_kl(kf.Normal(1.0, 1.0), q, rng=1)
    assert abs(r.distribution.parameters["loc"]) < 5.0 * math.sqrt(4.25 / 1e6)
    assert_allclose(r.distribution.parameters["scale"] ** 2, 4.25, rtol=5e-3)
    assert abs(r.kl - 0.7235530) < 5.0 * r.kl_error + 1e-5
    assert 0.0 < r.kl_error < 0.01


def test_known_forward_optima():
    """Laplace by a Normal: s = sqrt 2; lognormal(0, 1/2) by a Gamma."""
    n = 1_000_000

    def laplace(n, rng):
        return rng.laplace(size=n)

    def lognormal(n, rng):
        return rng.lognormal(0.0, 0.5, n)

    r = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), laplace, samples=n, rng=1)
    assert_allclose(r.distribution.parameters["scale"], math.sqrt(2.0),
                    rtol=6.0 * 1.12 / math.sqrt(n))
    r = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), lognormal, samples=n, rng=1)
    assert_allclose(r.distribution.parameters["shape"], 4.159378015, rtol=0.02)
    assert_allclose(r.distribution.parameters["rate"], 3.670638215, rtol=0.02)


# ---- Digits ----


def exact_gamma(x):
    """The maximum-likelihood shape and rate with 60 digits."""
    with mp.workdps(60):
        values = [mp.mpf(v) for v in x]
        mean = mp.fsum(values) / len(values)
        s = mp.log(mean) - mp.fsum(mp.log(v) for v in values) / len(values)
        shape = (3 - s + mp.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
        for _ in range(60):  # Newton on 1/(log a - psi(a)), nearly linear in a
            g = mp.log(shape) - mp.digamma(shape)
            shape += (g / s - 1) * g / (mp.psi(1, shape) - 1 / shape)
        assert abs(mp.log(shape) - mp.digamma(shape) - s) < mp.mpf(10) ** -30 * s
        return float(shape), float(shape / mean)


@pytest.mark.parametrize("shape", [0.01, 0.5, 3.0, 1e4, 1e8])
def test_gamma_data_of_any_shape_to_nine_digits(shape):
    x = kf.Gamma(shape, 10.0).sample(400, rng=5)
    found = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), x).distribution.parameters
    a, b = exact_gamma(x.tolist())
    assert_allclose([found["shape"], found["rate"]], [a, b], rtol=1e-9)


def test_normal_data_at_1e9_to_nine_digits():
    x = 1e9 + 1e-3 * kf.Normal(0.0, 1.0).sample(5000, rng=6)
    wide = x.astype(np.longdouble)
    mean = wide.mean()
    found = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), x).distribution.parameters
    assert found["loc"] == float(mean)
    assert_allclose(found["scale"], float(np.sqrt(((wide - mean) ** 2).mean())), rtol=1e-9)
    y = np.stack([x, -x[::-1]], axis=1)
    fitted = kf.MultivariateNormal.fit(y).parameters
    wide = y.astype(np.longdouble)
    centred = wide - wide.mean(axis=0)
    assert_allclose(fitted["covariance"], (centred.T @ centred / len(y)).astype(float), rtol=1e-8,
                    atol=1e-15)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_normal_data_of_any_scale(scale):
    z = kf.Normal(0.5, 1.0).sample(3000, rng=7)
    one = kf.Normal.fit(z).parameters
    found = kf.Normal.fit(scale * z).parameters
    assert_allclose([found["loc"], found["scale"]], [scale * one["loc"], scale * one["scale"]],
                    rtol=1e-12)


def test_data_near_the_largest_double_do_not_overflow():
    found = kf.Normal.fit([1e308, 1.1e308, 1.7e308]).parameters
    assert_allclose(found["loc"], 3.8 / 3.0 * 1e308, rtol=1e-14)
    assert_allclose(found["scale"], np.std([1.0, 1.1, 1.7]) * 1e308, rtol=1e-13)
    found = kf.Normal.fit([1.7e308, -1.7e308]).parameters
    assert_allclose([found["loc"], found["scale"]], [0.0, 1.7e308], rtol=1e-14)


def test_gamma_data_over_600_orders_of_magnitude():
    x = [1e-300, 1.0, 1e300]
    found = kf.Gamma.fit(x).parameters
    assert_allclose([found["shape"], found["rate"]], exact_gamma(x), rtol=1e-9)


def test_a_first_block_that_is_no_guide_to_the_rest():
    x = np.concatenate([np.full(600, 5.0), kf.Normal(-1e6, 3.0).sample(600, rng=8)])
    wide = x.astype(np.longdouble)
    found = kf.Normal.fit(x).parameters
    assert_allclose(found["loc"], float(wide.mean()), rtol=1e-12)
    assert_allclose(found["scale"], float(wide.std()), rtol=1e-10)
    x = np.concatenate([np.full(600, 5.0), [6.0]])
    assert_allclose(kf.Normal.fit(x).parameters["scale"], float(x.astype(np.longdouble).std()),
                    rtol=1e-9)
    a, b = exact_gamma(x.tolist())
    assert_allclose(list(kf.Gamma.fit(x).parameters.values()), [a, b], rtol=1e-9)


# ---- Weights ----


@over_cases
def test_whole_weights_repeat_rows(p, q):
    x = q.sample(900, rng=9).astype(float)
    times = np.random.default_rng(9).integers(0, 4, 900)
    a = kf.minimize_forward_kl(p, x, weights=times)
    b = kf.minimize_forward_kl(p, np.repeat(x, times, axis=0))
    assert close(a.distribution, b.distribution)
    assert_allclose(a.log_likelihood, b.log_likelihood, rtol=1e-10)
    assert_allclose(a.cross_entropy, b.cross_entropy, rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-300, 1e-10, 1e100, 1e200, 1e300])
def test_weights_are_scaled(scale):
    x, w = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 1.0])
    a = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), x, weights=w)
    b = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), x, weights=scale * w)
    assert close(a.distribution, b.distribution)
    assert_allclose(b.log_likelihood / scale, a.log_likelihood, rtol=1e-12)


def test_leading_weights_of_0_are_skipped():
    x, w = np.arange(1.0, 1001.0), np.r_[np.zeros(600), np.ones(400)]
    for cls in (kf.Normal, kf.Gamma, kf.Poisson):
        assert close(cls.fit(x, w), cls.fit(x[600:]))


@pytest.mark.parametrize("weights", [[1.0, -1.0, 1.0], [1.0, np.nan, 1.0], [np.inf, 1.0, 1.0],
                                     [0.0, 0.0, 0.0], [1.0, 1.0], 1.0])
def test_bad_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        kf.minimize_forward_kl(kf.Normal(0.0, 1.0), [1.0, 2.0, 4.0], weights=weights)


# ---- Likelihood ----


@over_cases
def test_the_likelihood_is_that_of_the_fit(p, q):
    x = q.sample(3000, rng=10).astype(float)
    r = kf.minimize_forward_kl(p, x)
    log_p = r.distribution.log_density(x)
    assert_allclose(r.log_likelihood, log_p.sum(), rtol=1e-12)
    assert_allclose(r.cross_entropy, -log_p.mean(), rtol=1e-12)
    assert_allclose(r.cross_entropy_error, log_p.std() / math.sqrt(len(x)), rtol=1e-6)
    assert math.isnan(r.kl) and r.status == "exact" and r.converged


def test_the_likelihood_is_a_maximum():
    x = kf.Gamma(2.0, 3.0).sample(500, rng=11)
    best = kf.Gamma.fit(x)
    a, b = best.parameters.values()
    top = best.log_density(x).sum()
    for factor in (1.001, 0.999):
        assert kf.Gamma(a * factor, b).log_density(x).sum() < top
        assert kf.Gamma(a, b * factor).log_density(x).sum() < top


# ---- Data that cannot be fitted ----


@pytest.mark.parametrize(
    ("cls", "data"),
    [(kf.Normal, [3.0]), (kf.Normal, [3.0, 3.0, 3.0]), (kf.Gamma, [2.0]), (kf.Gamma, [2.0] * 600),
     (kf.Normal, np.zeros(5)), (kf.Normal, np.full(1000, 0.1)),
     (kf.MultivariateNormal, [[1.0, 2.0]]), (kf.MultivariateNormal, [[1.0, 2.0], [3.0, 4.0]]),
     (kf.MultivariateNormal, np.outer(np.arange(50.0), [1.0, 2.0]))],
)
def test_degenerate_data_are_an_error_that_says_why(cls, data):
    with pytest.raises(ValueError, match="no maximum-likelihood"):
        cls.fit(data)


def test_degenerate_data_that_have_a_maximum():
    assert kf.Poisson.fit([0, 0, 0]) == kf.Poisson(0.0)
    assert_allclose(kf.Poisson.fit([7]).parameters["rate"], 7.0, rtol=1e-15)


@pytest.mark.parametrize(
    ("cls", "data", "where"),
    [(kf.Normal, [1.0, np.nan, 2.0], r"data\[1\]"), (kf.Normal, [1.0, 2.0, np.inf], r"data\[2\]"),
     (kf.Gamma, [1.0, 0.0, 2.0], r"data\[1\]"), (kf.Gamma, [1.0, 2.0, -1.0], r"data\[2\]"),
     (kf.Poisson, [1.0, 2.5], r"data\[1\]"), (kf.Poisson, [1.0, -1.0], r"data\[1\]"),
     (kf.MultivariateNormal, [[1.0, 2.0], [np.nan, 0.0]], r"data\[1\]")],
)
def test_data_outside_the_support_are_named(cls, data, where):
    with pytest.raises(ValueError, match=where):
        cls.fit(data)


def test_the_index_of_a_bad_datum_counts_over_chunks():
    chunks = [np.ones(700), np.arange(1.0, 701.0), np.array([1.0, 2.0, -3.0])]
    with pytest.raises(ValueError, match=r"data\[1402\]"):
        kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), iter(chunks))


@pytest.mark.parametrize("data", [[], np.zeros(0), iter([]), [np.zeros(0)]])
def test_no_data_is_an_error(data):
    with pytest.raises(ValueError, match="empty"):
        kf.minimize_forward_kl(kf.Normal(0.0, 1.0), data)


def test_wrong_shapes_and_types_are_refused():
    p, q = kf.Normal(0.0, 1.0), CASES[3][0]
    for data in (np.zeros((3, 2)), 1.0, [[1.0], [2.0]]):
        with pytest.raises(ValueError, match="shape"):
            kf.minimize_forward_kl(p, data)
    for data in (np.zeros(3), np.zeros((3, 3)), np.zeros((2, 2, 2))):
        with pytest.raises(ValueError, match="shape"):
            kf.minimize_forward_kl(q, data)
    for data in ("text", ["a", "b"], None, [1j]):
        with pytest.raises(TypeError):
            kf.minimize_forward_kl(p, data)
    with pytest.raises(ValueError, match="weights"):
        kf.minimize_forward_kl(p, kf.Gamma(1.0, 1.0), weights=[1.0])
    with pytest.raises(ValueError, match="samples"):
        kf.minimize_forward_kl(p, lambda n: np.zeros(n + 1))


# ---- The stochastic gradient ----


@over_cases
def test_the_score_method_reaches_the_maximum(p, q):
    x = q.sample(4000, rng=12).astype(float)
    best = type(p).fit(x)
    r = kf.minimize_forward_kl(p, x, method="score", optimizer="adam", step_size=0.02, samples=1000,
                               max_steps=1500, tolerance=0.0, rng=1)
    assert r.method == "score" and r.status == "budget"
    assert kf.kl_divergence(best, r.distribution) < 5e-3


def test_one_score_step_raises_the_likelihood():
    """The sign of the textbook method: u + step E[s]."""
    q = kf.Gamma(4.0, 3.0)
    x = q.sample(50_000, rng=13)
    for optimizer in ("constant", "decaying", "adam"):
        p = kf.Gamma(2.0, 1.0)
        r = kf.minimize_forward_kl(p, x, method="score", optimizer=optimizer, step_size=0.01,
                                   samples=50_000, max_steps=2, tolerance=0.0, rng=1)
        assert kf.kl_divergence(q, r.distribution) < kf.kl_divergence(q, p)


def test_a_score_step_is_the_mean_score():
    p = kf.Normal(0.5, 2.0)
    x = kf.Normal(1.0, 1.0).sample(1000, rng=14)
    r = kf.minimize_forward_kl(p, iter([x, x]), method="score", step_size=1e-3, max_steps=1,
                               tolerance=0.0)
    mean = p.score(x, coordinates="unconstrained").mean(axis=0)
    assert_allclose(r.distribution.unconstrained, p.unconstrained + 1e-3 * mean, rtol=1e-12)
    assert r.steps == 1


def test_the_score_method_converges_and_stops():
    q = kf.Normal(2.0, 0.5)
    r = kf.minimize_forward_kl(kf.Normal(0.0, 1.0), q, method="score", optimizer="adam",
                               step_size=0.02, samples=20_000, max_steps=2000, tolerance=1e-3,
                               rng=1)
    assert r.status == "converged" and kf.kl_divergence(q, r.distribution) < 5e-3


@pytest.mark.parametrize("budget", [1, 999, 1000, 2500, 10_000])
def test_the_budget_of_data_is_never_exceeded(budget):
    x = kf.Normal(0.0, 1.0).sample(5000, rng=15)
    p = kf.Normal(1.0, 1.0)
    r = kf.minimize_forward_kl(p, x, method="score", max_evaluations=budget, tolerance=0.0, rng=1)
    assert r.evaluations <= budget
    if budget > 1:
        assert kf.minimize_forward_kl(p, x, max_evaluations=budget).evaluations == min(budget, 5000)
        assert kf.minimize_forward_kl(p, iter([x[:700], x[700:]]),
                                      max_evaluations=budget).evaluations == min(budget, 5000)


def test_callback_history_and_result():
    heard = []

    def callback(state):
        heard.append(state.steps)
        if len(heard) == 4:
            raise StopIteration

    x = kf.Normal(0.0, 1.0).sample(5000, rng=16)
    r = kf.minimize_forward_kl(kf.Normal(1.0, 1.0), x, method="score", callback=callback,
                               tolerance=0.0, rng=1)
    assert r.status == "stopped_by_callback" and len(heard) == 4
    assert len(r.history) >= 3
    assert "forward" in repr(r)
    again = pickle.loads(pickle.dumps(r))
    assert again.distribution == r.distribution
    assert_array_equal(again.history, r.history)
    assert "log-likelihood" in repr(kf.minimize_forward_kl(kf.Normal(1.0, 1.0), x))


@pytest.mark.parametrize("method", ["moments", "score"])
def test_too_few_arrays_of_weights_are_named(method):
    chunks = [np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0])]
    with pytest.raises(ValueError, match="weights has fewer arrays"):
        kf.minimize_forward_kl(kf.Normal(0.0, 1.0), iter(chunks), weights=iter([np.ones(3)]),
                               method=method, max_steps=9)


def test_mini_batches_without_weight_are_named():
    x, weights = np.arange(1.0, 1001.0), np.zeros(1000)
    weights[:3] = 1.0
    with pytest.raises(ValueError, match="weights of a mini-batch are all 0"):
        kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), x, weights=weights, method="score", samples=5,
                               rng=1)
    with pytest.raises(ValueError, match="weights"):
        kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), x, weights=np.zeros(1000), method="score")


def test_a_first_chunk_beyond_the_budget_is_no_empty_data():
    x = np.arange(1.0, 1001.0)
    for data in (x, iter([x]), lambda n: x[:n]):
        r = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), data, method="score", max_evaluations=500,
                                   tolerance=0.0)
        assert (r.status, r.steps, r.evaluations) == ("budget", 0, 0)
    with pytest.raises(ValueError, match="data is empty"):
        kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), iter([]), method="score")


def test_mini_batches_choose_every_row_alike():
    """The mean of x over a mini-batch of 8e6, of data that are 1 in one row and nearly 0 in the
    others, is that row's share. Chi-square of all ten below its 1 - 1e-6 quantile, 45; a row chosen
    1% too often would give about 90."""
    n, rows = 8_000_000, 10
    shares = []
    for row in range(rows):
        x = np.full(rows, 1e-30)
        x[row] = 1.0
        r = kf.minimize_forward_kl(kf.Exponential(1.0), x, method="score", samples=n, max_steps=0,
                                   rng=3)
        shares.append(r.cross_entropy)
    assert math.fsum(shares) == pytest.approx(1.0, rel=1e-12)
    assert np.sum((np.array(shares) * rows - 1.0) ** 2) * n / rows < 45.0


@pytest.mark.parametrize("rows", [1, 3, 1000, 2**20 - 1])
def test_a_mini_batch_is_of_the_rows_that_the_words_say(rows):
    """The first 53 bits of a word as a fraction, times the number of rows, rounded down."""
    n, stream = 700, kf.Stream(6)
    r = kf.minimize_forward_kl(kf.Exponential(1.0), np.arange(rows) / rows, method="score",
                               samples=n, max_steps=0, tolerance=0.0, rng=kf.Stream(6))
    own = stream._for_run()._for_run()
    words = np.concatenate([own.words(0, 8), own.words(1, 8)])[:n].tolist()
    chosen = [int(math.ldexp(word >> 11, -53) * rows) for word in words]
    assert r.cross_entropy == pytest.approx(math.fsum(chosen) / rows / n, rel=1e-14)


def test_the_estimates_of_a_mini_batch():
    """Cross-entropy and gain of one, by NumPy: with g the mean natural score and F the Fisher
    information, g.F^-1 g/2 less k/(2n), what noise adds to it where the family is right."""
    n, p = 500, kf.Gamma(2.0, 3.0)
    x = kf.Gamma(2.5, 3.0).sample(n, rng=4)
    r = kf.minimize_forward_kl(p, iter([x]), method="score", max_steps=0, tolerance=0.0)
    log_p = p.log_density(x)
    assert_allclose(r.cross_entropy, -log_p.mean(), rtol=1e-13)
    assert_allclose(r.cross_entropy_error, log_p.std() / math.sqrt(n), rtol=1e-12)
    g = p.score(x, coordinates="natural").mean(axis=0)
    square = g @ np.linalg.solve(p.fisher_information("natural"), g)
    assert_allclose(r.gain, square / 2 - 2 / (2 * n), rtol=1e-10)
    assert_allclose(r.gain_error, math.sqrt(square / n + 2 / (2 * n * n)), rtol=1e-10)
    assert r.distribution == p and r.steps == 0


def test_renaming_the_columns_of_a_history_changes_no_other():
    p, x = kf.Gamma(1.0, 1.0), kf.Gamma(2.0, 1.0).sample(500, rng=1)
    fits = (lambda: kf.minimize_forward_kl(p, x, method="score", max_steps=2, rng=1),
            lambda: kf.minimize_reverse_kl(p, kf.Gamma(2.0, 1.0), method="score", max_steps=2))
    for fit in fits:
        names = fit().history.dtype.names
        renamed = fit().history
        renamed.dtype.names = tuple(f"column_{i}" for i in range(len(names)))
        assert fit().history.dtype.names == names
