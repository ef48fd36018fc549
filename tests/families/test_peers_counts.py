"""Inputs on which other libraries failed their users, for the families of counts: right answers.

Values that are not obvious come from the formula at 60 digits. Statistical tests fail by chance
less than once in 1e9, and there are fewer than 100 of them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import klfast as kf

INF = math.inf
TINY = 5e-324
LIMIT = 2**63 - 1
RARE = 5e-10
FAR = 6.2  # a standard normal deviate is farther out with probability 6e-10


def assert_share(hits, n, probability):
    """`hits` of n is no rarer than 1 in 1e9 under `probability`."""
    low, high = stats.binom.ppf([RARE, 1.0 - RARE], n, probability)
    assert low <= hits <= high, f"{hits} of {n}: wanted {low:.0f} to {high:.0f}"


def assert_moments(x, p):
    """Mean and variance of nearly normal draws, taken about the mean as an integer."""
    centre = int(p.mean())
    deviation = np.array([int(v) - centre for v in x], dtype=float)
    sd = math.sqrt(p.variance())
    assert abs((deviation - (p.mean() - centre)).mean()) < FAR * sd / math.sqrt(len(x))
    assert_allclose(np.var(deviation), sd * sd, rtol=FAR * math.sqrt(2.0 / len(x)))


# ---- Sampling at the edge of the domain ----


@pytest.mark.parametrize(("p", "count"), [
    (kf.Binomial(0.3, 0), 0), (kf.Binomial(0.0, 10), 0), (kf.Binomial(1.0, 10), 10),
    (kf.Binomial(0.0, 2**40), 0), (kf.Binomial(1.0, 2**40), 2**40),
    (kf.Bernoulli(0.0), 0), (kf.Bernoulli(1.0), 1),
    (kf.Geometric(1.0), 0), (kf.NegativeBinomial(1.0, 2.5), 0), (kf.Poisson(0.0), 0),
], ids=repr)
def test_a_certain_count_is_drawn_and_takes_the_blocks_of_any_other(p, count):
    """No member uses up more or less of the stream than another."""
    stream = kf.Stream(1)
    x = p.sample(1000, rng=stream)
    assert x.dtype == np.int64 and (x == count).all()
    other = kf.Stream(1)
    kf.Binomial(0.3, 10).sample(1000, rng=other)
    assert stream.block == other.block


@pytest.mark.parametrize("trials", [2**31, 10**10, 2**62, 2**63 - 1])
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_binomial_of_trials_beyond_32_bits(probability, trials):
    """numpy has returned -2^31."""
    p = kf.Binomial(probability, trials)
    x = p.sample(50_000, rng=2)
    assert x.dtype == np.int64 and (x >= 0).all() and (x <= trials).all()
    assert_moments(x, p)
    assert np.isfinite(p.log_density(x)).all()


def test_binomial_of_700_trials_returns():
    """A compiled peer loops without end."""
    x = kf.Binomial(0.1, 700).sample(200_000, rng=3)
    assert_moments(x, kf.Binomial(0.1, 700))


def test_binomial_of_mean_1e_291_is_0():
    assert (kf.Binomial(1e-300, 1e9).sample(10_000, rng=4) == 0).all()


BEYOND = [kf.Poisson(1e19), kf.Poisson(1e300), kf.ZeroTruncatedPoisson(1e19),
          kf.Geometric(1e-19), kf.Geometric(1e-160), kf.Geometric(1e-300), kf.Geometric(TINY),
          kf.NegativeBinomial(0.1, 2.0**62), kf.NegativeBinomial(1e-160, 1.0),
          kf.NegativeBinomial(TINY, 2.0), kf.Binomial(0.5, 1e20), kf.Binomial(1.0, 1e300),
          kf.Binomial(1.0, 2**63 - 1)]


@pytest.mark.parametrize("p", BEYOND, ids=repr)
def test_draws_beyond_int64_are_one_error_and_floats_when_asked(p):
    """The rule of every family of counts that has a mean.

    numpy gives negative counts, the largest int64, or loops without end.
    """
    stream = kf.Stream(1)
    out = np.empty(1000, np.int64)
    for call in (lambda: p.sample(10, rng=stream), lambda: p.sample(rng=stream),
                 lambda: p.sample(1000, rng=stream, out=out)):
        with pytest.raises(ValueError, match=r"may exceed the largest int64.*pass out="):
            call()
    assert stream.block == 0
    draws = np.empty(1000)
    p.sample(1000, rng=stream, out=draws)
    assert (draws >= 0.0).all() and np.isfinite(draws).all()
    assert_array_equal(draws, np.floor(draws))
    assert np.isfinite(p.log_density(draws)).all()


def test_one_member_of_a_batch_beyond_int64_is_the_same_error():
    with pytest.raises(ValueError, match="int64"):
        kf.Geometric([0.5, 1e-300]).sample(3)
    with pytest.raises(ValueError, match="int64"):
        kf.NegativeBinomial([1e-300, 0.5], 2.0).sample(3)


@pytest.mark.parametrize("probability", [1e-19, 1e-300])
def test_geometric_of_tiny_probability_is_exponential_as_floats(probability):
    out = np.empty(200_000)
    kf.Geometric(probability).sample(len(out), rng=5, out=out)
    for bound in (1e-3, 0.1, 1.0, 5.0):
        assert_share(int((out * probability < bound).sum()), len(out), -math.expm1(-bound))


def test_negative_binomial_of_2_62_successes_as_floats():
    """numpy gave negative counts, then looped without end."""
    p = kf.NegativeBinomial(0.1, 2.0**62)
    out = np.empty(50_000)
    p.sample(len(out), rng=6, out=out)
    assert_moments(out, p)


def test_logarithmic_of_probability_next_to_1_terminates():
    """P(1) = p / -log(1 - p) = 0.0272; the largest of a million is near 1e17, within int64."""
    p = kf.Logarithmic(1.0 - 1e-16)
    x = p.sample(200_000, rng=7)
    assert x.dtype == np.int64 and (x >= 1).all() and (x < LIMIT).all()
    assert_share(int((x == 1).sum()), len(x), 1.0 / (53.0 * math.log(2.0)))
    assert (x > 10**12).sum() > 1000
    assert np.isfinite(p.log_density(x)).all()


@pytest.mark.parametrize("bad", [np.nan, INF, -INF, -0.1])
@pytest.mark.parametrize(("cls", "good"), [
    (kf.Bernoulli, (0.5,)), (kf.Binomial, (0.5, 3.0)), (kf.Geometric, (0.5,)),
    (kf.NegativeBinomial, (0.5, 3.0)), (kf.Poisson, (1.0,)), (kf.ZeroTruncatedPoisson, (1.0,)),
    (kf.Logarithmic, (0.5,)),
])
def test_parameters_outside_the_domain_are_refused_alone_and_in_arrays(cls, good, bad):
    for i, _ in enumerate(good):
        values = list(good)
        values[i] = bad
        with pytest.raises(ValueError, match=cls.__name__):
            cls(*values)
        values[i] = np.array([good[i], good[i], bad])
        with pytest.raises(ValueError, match=r"\[2\]"):
            cls(*values)


# ---- Log-density and gradient ----


@pytest.mark.parametrize(("p", "x", "value"), [
    (kf.Poisson(1e18), 1e18, -21.64220437015108389802),  # scipy 0.0
    (kf.Poisson(1e12), 1e12, -14.73444909116903017922),  # scipy -14.734375
    (kf.ZeroTruncatedPoisson(1e18), 1e18, -21.64220437015108389802),
    (kf.ZeroTruncatedPoisson(1e-300), 1, -5e-301),
    (kf.ZeroTruncatedPoisson(1e-300), 2, -691.4686750787736504898),
    (kf.Binomial(0.25, 1e15), 2.5e14, -17.35133851387417995989),  # scipy -20.3125
    (kf.Binomial(1e-300, 1e300), 3, -2.791759469228054846),
    (kf.Binomial(1e-300, 1e290), 1, -23.02585093004045675),
    (kf.Binomial(TINY, 1.0), 1, -744.4400719213812623),
    (kf.Binomial(0.1, 700), 70, -2.991709592003126903519),
    (kf.NegativeBinomial(0.5, 1e15), 1e15, -18.53490032093998815162),  # scipy -10.5
    (kf.NegativeBinomial(1e-12, 1e3), 1e15, -32.00392062195534503237),  # scipy -28.24
    (kf.NegativeBinomial(1e-300, 0.5), 1e300, -692.3478928411384054),
    (kf.Geometric(1e-300), 1e300, -691.7755278982137052579),
    (kf.Logarithmic(0.5), 1e300, -6.931471805599453458107e299),
    (kf.Logarithmic(1.0 - 2.0**-53), 1e16, -41.55536350550034505347),
    (kf.Poisson(3.0), 1e300, -6.886769156095456317253e302),
], ids=repr)
def test_log_density_where_peers_lose_digits(p, x, value):
    assert p.log_density(x) == pytest.approx(value, rel=2e-14, abs=0.0)
    assert p.log_density(np.array([x, x]))[1] == p.log_density(x)
    assert type(p)(*([v] for v in p.parameters.values())).log_density(x)[0] == pytest.approx(
        value, rel=2e-14, abs=0.0)


@pytest.mark.parametrize(("p", "only"), [
    (kf.Poisson(0.0), 0), (kf.Binomial(0.0, 7), 0), (kf.Binomial(1.0, 7), 7),
    (kf.Binomial(0.4, 0), 0), (kf.Bernoulli(0.0), 0), (kf.Bernoulli(1.0), 1),
    (kf.Geometric(1.0), 0), (kf.NegativeBinomial(1.0, 2.5), 0),
], ids=repr)
def test_a_certain_count_has_log_mass_0_and_others_none(p, only):
    found = p.log_density(np.arange(-1.0, 12.0))
    assert_array_equal(found, np.where(np.arange(-1.0, 12.0) == only, 0.0, -INF))
    assert p.entropy() == 0.0 and p.variance() == 0.0 and p.mean() == only
    assert not np.isnan(p.score(np.arange(0.0, 12.0), coordinates="natural")).any()


@pytest.mark.parametrize("probability", [1.0, 0.7, 1e-3, 1e-300])
def test_geometric_counts_from_0(probability):
    """scipy's `geom` counts from 1; another peer documents 0, 1, ... and draws 1, 2, ..."""
    p = kf.Geometric(probability)
    assert p.log_density(0) == pytest.approx(math.log(probability), rel=1e-15)
    assert p.mean() == pytest.approx((1.0 - probability) / probability, rel=1e-15)
    assert p.log_density(-1) == -INF
    out = np.empty(100_000)
    p.sample(len(out), rng=8, out=out)
    assert_share(int((out == 0.0).sum()), len(out), probability)


def test_geometric_of_mean_below_1_is_fitted():
    """A peer's p = 1/mean exceeds 1."""
    assert kf.Geometric.fit([0, 0, 1]) == kf.Geometric(0.75)
    assert kf.Geometric.fit([0, 0, 0]) == kf.Geometric(1.0)


@pytest.mark.parametrize("probability", [1e-12, 0.3, 0.9, 1.0 - 1e-12])
def test_the_mean_of_logarithmic_divides_by_the_logarithm(probability):
    """A peer's docstring multiplies."""
    p = kf.Logarithmic(probability)
    exact = -probability / ((1.0 - probability) * math.log1p(-probability))
    assert p.mean() == pytest.approx(exact, rel=1e-14)
    found = kf.Logarithmic.from_mean([exact]).parameters["probability"]
    # an ulp of a mean near 1 is much of p/2, what it exceeds 1 by
    assert found == pytest.approx(probability, rel=1e-14 + 2.0**-51 / probability, abs=0.0)


def test_negative_binomial_counts_failures_and_its_probability_is_of_success():
    """As scipy's; torch's `probs` is the probability of a failure."""
    p = kf.NegativeBinomial(0.2, 3.5)
    assert p.mean() == pytest.approx(3.5 * 0.8 / 0.2, rel=1e-15)
    x = np.arange(60)
    assert_allclose(p.log_density(x), stats.nbinom(3.5, 0.2).logpmf(x), rtol=1e-12)
    one = kf.NegativeBinomial(0.2, 1.0)
    assert_allclose(one.log_density(x), kf.Geometric(0.2).log_density(x), rtol=1e-13)


COUNTS = [kf.Bernoulli(0.3), kf.Binomial(0.3, 2.0**60), kf.Geometric(1e-17),
          kf.NegativeBinomial(1e-17, 2.0), kf.Poisson(2.0**53), kf.ZeroTruncatedPoisson(2.0**53),
          kf.Logarithmic(0.5)]


@pytest.mark.parametrize("p", COUNTS, ids=repr)
def test_points_that_are_no_counts_and_counts_beyond_2_53(p):
    """-inf; -0.0 is 0; integers beyond 2^53 are rounded to doubles, as documented."""
    assert_array_equal(p.log_density([2.5, 0.1, 1e-300, -1.0, -2.5]), np.full(5, -INF))
    assert p.log_density(-0.0) == p.log_density(0.0) == p.log_density(0)
    found = p.log_density([np.nan, INF, -INF])
    assert np.isnan(found[0]) and found[1] == found[2] == -INF
    if p.log_density(2) == -INF:
        assert p.log_density(1e300) == -INF  # Bernoulli
        return
    # on [0, 2^60] for Binomial
    far = p.log_density(1e300)
    assert far == -INF if isinstance(p, kf.Binomial) else far < -1e282
    assert math.isfinite(p.log_density(2.0**53))
    assert p.log_density(np.int64(2**53 + 1)) == p.log_density(2.0**53)
    assert p.log_density(np.array([2**53 + 1])) == p.log_density(2.0**53)
    assert p.log_density(np.uint64(2**53 + 1)) == p.log_density(2.0**53)


def test_bernoulli_of_probabilities_next_to_0_and_1():
    """torch clamps them by an epsilon."""
    least, most = kf.Bernoulli(TINY), kf.Bernoulli(1.0 - 2.0**-53)
    assert least.log_density(1) == pytest.approx(-744.4400719213812623, rel=1e-15)
    assert least.log_density(0) == -TINY
    assert most.log_density(0) == pytest.approx(-36.73680056967710139911, rel=1e-15)
    assert most.log_density(1) == pytest.approx(-(2.0**-53), rel=1e-15)
    assert least.entropy() == pytest.approx(745.4400719213812623 * TINY, rel=1e-2)
    assert most.entropy() == pytest.approx(2.0**-53 * (36.73680056967710139911 + 1.0), rel=1e-14)


@pytest.mark.parametrize("logit", [-800.0, -745.0, -30.0, 0.0, 30.0, 36.0, 37.0, 710.0, 800.0])
def test_large_logits_do_not_overflow_and_the_mean_is_the_sigmoid(logit):
    """A peer's Binomial mean is NaN from 709 on."""
    sigmoid = 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else math.exp(logit)
    for p in (kf.Bernoulli.from_natural([logit]), kf.Binomial.from_natural([logit], trials=5)):
        share = p.mean() / (5.0 if "trials" in p.parameters else 1.0)
        assert share == pytest.approx(sigmoid, rel=1e-15, abs=TINY)
        assert not math.isnan(p.log_partition()) and not np.isnan(p.log_density([0, 1])).any()
    if logit <= 30.0:  # beyond 37 the probability is the double 1, as documented
        exact = max(logit, 0.0) + math.log1p(math.exp(-abs(logit)))
        found = kf.Bernoulli.from_natural([logit]).log_partition()
        # an ulp of p below 1 is one of 2^-53 (1 + e^logit) of 1 - p
        assert found == pytest.approx(exact, rel=1e-14, abs=max(TINY, 2.0**-53 * math.exp(logit)))


def test_log_partitions_and_gradients_of_the_usual_parameters():
    """Of the negative Binomial and Geometric families wrong in a peer; of Bernoulli too."""
    for probability in (0.3, 1e-9):
        p, g = kf.NegativeBinomial(probability, 2.5), kf.Geometric(probability)
        assert p.log_partition() == pytest.approx(-2.5 * math.log(probability), rel=1e-14)
        assert g.log_partition() == pytest.approx(-math.log(probability), rel=1e-14)
        for x in (0.0, 4.0, 1e9):
            for q, r in ((p, 2.5), (g, 1.0)):
                slope = r / probability - x / (1.0 - probability)
                found = q.score(x, coordinates="parameters")[0]
                assert found == pytest.approx(slope, rel=1e-12, abs=1e-12 * r / probability)
        assert kf.Bernoulli(probability).log_partition() == pytest.approx(
            -math.log1p(-probability), rel=1e-14)


def test_a_saturated_probability_has_no_nan_in_divergence_score_or_natural_parameter():
    """torch's gradient is NaN there."""
    for p in (kf.Bernoulli(1.0), kf.Bernoulli(0.0)):
        found = kf.kl_divergence(p, kf.Bernoulli(0.3))
        assert found == pytest.approx(-math.log(0.3 if p.mean() else 0.7), rel=1e-15)
        assert kf.kl_divergence(kf.Bernoulli(0.3), p) == INF
        assert kf.kl_divergence(p, p) == 0.0
        for coordinates in ("parameters", "natural", "unconstrained"):
            assert not np.isnan(p.score([0, 1], coordinates=coordinates)).any()
        assert abs(p.natural_parameters[0]) == INF


def test_the_mass_of_binomial_5000_is_finite_and_sums_to_1_with_one_outcome_outside():
    """A peer has NaN at n = 5000, and three outcomes outside the support."""
    p = kf.Binomial(0.37, 5000)
    log_p = p.log_density(np.arange(5001))
    assert np.isfinite(log_p).all()
    assert math.fsum(np.exp(log_p)) == pytest.approx(1.0, rel=1e-13)
    assert_array_equal(p.log_density([-1, 5001, 0.5, 1e300, INF, -INF]), np.full(6, -INF))


def test_the_base_measure_of_counts_beyond_170_is_finite():
    """1/x! itself is 0 there."""
    for p in (kf.Poisson(200.0), kf.ZeroTruncatedPoisson(200.0)):
        assert p.log_base_measure(171.0) == pytest.approx(-math.lgamma(172.0), rel=1e-14)
        assert p.log_base_measure(1e300) == pytest.approx(-6.8977552789821374147e302, rel=1e-14)


# ---- Divergence and entropy ----


@pytest.mark.parametrize(("p", "q", "value"), [
    (kf.Poisson(0.0), kf.Poisson(3.0), 3.0),
    (kf.Poisson(3.0), kf.Poisson(0.0), INF),
    (kf.Binomial(0.0, 4), kf.Binomial(0.5, 4), 4.0 * math.log(2.0)),
    (kf.Binomial(0.5, 4), kf.Binomial(0.0, 4), INF),
    (kf.Binomial(0.5, 4), kf.Binomial(1.0, 4), INF),
    (kf.Geometric(1.0), kf.Geometric(0.25), math.log(4.0)),
    (kf.Geometric(0.25), kf.Geometric(1.0), INF),
    (kf.NegativeBinomial(1.0, 2.5), kf.NegativeBinomial(0.25, 2.5), 2.5 * math.log(4.0)),
    (kf.NegativeBinomial(0.25, 2.5), kf.NegativeBinomial(1.0, 2.5), INF),
], ids=repr)
def test_divergence_from_and_to_a_certain_count(p, q, value):
    assert kf.kl_divergence(p, q) == pytest.approx(value, rel=1e-15)
    assert kf.kl_divergence(p, p) == 0.0 and kf.kl_divergence(q, q) == 0.0


@pytest.mark.parametrize(("p", "q"), [
    (kf.Binomial(0.3, 5), kf.Binomial(0.2, 9)),
    (kf.Binomial(0.3, 5), kf.Binomial(0.4, 5)),
    (kf.Poisson(4.0), kf.Poisson(2.5)),
    (kf.Geometric(0.2), kf.Geometric(0.3)),
    (kf.NegativeBinomial(0.3, 2.5), kf.NegativeBinomial(0.4, 1.5)),
    (kf.ZeroTruncatedPoisson(4.0), kf.ZeroTruncatedPoisson(2.5)),
    (kf.Logarithmic(0.5), kf.Logarithmic(0.6)),
], ids=repr)
def test_divergences_that_peers_lack_are_the_sums(p, q):
    """torch has none of Binomials with fewer trials on the left; others none of these families."""
    x = np.arange(0.0, 400.0)
    x = x[p.log_density(x) > -700.0]
    log_p, log_q = p.log_density(x), q.log_density(x)
    exact = math.fsum(np.exp(log_p) * (log_p - log_q))
    assert kf.kl_divergence(p, q) == pytest.approx(exact, rel=1e-12)
    if isinstance(p, kf.Binomial) and p.parameters["trials"] < q.parameters["trials"]:
        assert kf.kl_divergence(q, p) == INF


def test_entropy_of_a_long_tail_is_the_whole_sum():
    """scipy's nbinom(1, 1e-3).entropy() is 2.57: its sum stops early."""
    exact = 7.907255112232086997870
    assert kf.Geometric(1e-3).entropy() == pytest.approx(exact, rel=1e-14)
    assert kf.NegativeBinomial(1e-3, 1.0).entropy() == pytest.approx(exact, rel=1e-13)
