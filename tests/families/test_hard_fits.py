"""Fits to data that are hard on arithmetic, and to data for which there is no maximum.

What has no maximum is an error that says why, in words; what has one is fitted to 1e-9 of the exact
maximiser, found by mpmath at 60 digits from the same doubles.
"""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from members import MEMBERS

import klfast as kf

INF = math.inf
SCALAR = [name for name in MEMBERS if not kf.families[name]._is_vector()]


def over_families():
    return pytest.mark.parametrize("name", SCALAR)


def fit(name, x, weights=None):
    """With the fixed parameters of the first ordinary member."""
    return kf.families[name].fit(x, weights, **MEMBERS[name].ordinary[0].fixed)


def draws(name, n):
    return MEMBERS[name].ordinary[0].sample(n, rng=1).astype(float)


# ---- Every family ----


@over_families()
def test_no_data_is_an_error(name):
    for empty in ([], np.zeros((0,)), np.zeros((3, 0))):
        with pytest.raises(ValueError, match="nothing to fit"):
            fit(name, empty)


@pytest.mark.parametrize("bad", [np.nan, INF, -INF])
@over_families()
def test_the_first_datum_that_is_not_finite_is_named(name, bad):
    x = draws(name, 700)
    x[[613, 650]] = bad
    with pytest.raises(ValueError, match=rf"data\[613\] = {bad}"):
        fit(name, x)
    with pytest.raises(ValueError, match=rf"data\[1, 613\] = {bad}"):
        fit(name, np.stack([draws(name, 700), x]))


@over_families()
def test_weights_that_leave_no_data_are_an_error(name):
    x = draws(name, 10)
    with pytest.raises(ValueError, match="weights"):
        fit(name, x, np.zeros(10))
    for bad in (-1.0, np.nan, INF):
        weights = np.ones(10)
        weights[4] = bad
        with pytest.raises(ValueError, match=r"weights\[4\]"):
            fit(name, x, weights)


@over_families()
def test_weights_are_scaled_and_those_of_0_skipped(name):
    x = draws(name, 600)
    weights = np.ones(600)
    weights[:100] = 0.0
    plain = fit(name, x[100:])
    for scale in (1e-300, 1.0, 1e300):
        assert kf.kl_divergence(fit(name, x, weights * scale), plain) < 1e-20


SPREAD_NEEDED = {"Normal", "LogNormal", "Gamma", "InverseGamma", "Beta", "BetaPrime",
                 "InverseGaussian", "GeneralizedInverseGaussian", "VonMises"}


@pytest.mark.parametrize("n", [1, 2, 700])
@over_families()
def test_constant_data_have_a_member_with_one_parameter_and_none_with_two(name, n):
    """The member whose mean statistic is the datum's; with two, the density is unbounded."""
    x = np.full(n, next(v for v in draws(name, 50) if 0.0 != v != 1.0 or name == "Bernoulli"))
    if name in SPREAD_NEEDED:
        these = "this 1 datum" if n == 1 else f"these {n} data"
        with pytest.raises(kf.NoMaximumError, match=f"{name} exists for {these}: "):
            fit(name, x)
        return
    p = fit(name, x)
    statistic = p.sufficient_statistics(x[:1])[0]
    assert p.mean_parameters == pytest.approx(statistic, rel=1e-12)


@over_families()
def test_every_family_says_why_some_data_have_no_maximum(name):
    assert len(kf.families[name]._no_maximum()) > 20


@pytest.mark.parametrize(("name", "why"), [
    ("Normal", "all equal"), ("LogNormal", "all equal"), ("Gamma", "all equal"),
    ("InverseGamma", "all equal"), ("GeneralizedInverseGaussian", "equal"),
    ("VonMises", "all one angle"),
])
def test_a_single_datum_of_a_family_of_two_parameters_says_that_all_are_equal(name, why):
    with pytest.raises(kf.NoMaximumError, match=why):
        fit(name, [1.5])


@pytest.mark.parametrize(("name", "found"), [
    ("Exponential", "all 0"), ("HalfNormal", "all 0"), ("Rayleigh", None), ("Maxwell", None),
    ("Weibull", None), ("Nakagami", None), ("Gamma", None), ("InverseGamma", None),
    ("ChiSquare", None), ("Chi", None), ("LogNormal", None), ("Pareto", None),
    ("ZeroTruncatedPoisson", None), ("Logarithmic", None), ("Normal", "all equal"),
    ("GeneralizedInverseGaussian", None),
    ("Bernoulli", kf.Bernoulli(0.0)), ("Binomial", kf.Binomial(0.0, 10.0)),
    ("Geometric", kf.Geometric(1.0)), ("NegativeBinomial", kf.NegativeBinomial(1.0, 3.5)),
    ("Poisson", kf.Poisson(0.0)),
])
def test_data_that_are_all_0(name, found):
    """A member, no maximum and why, or a datum where a statistic or the density is infinite."""
    x = np.zeros(600)
    if isinstance(found, str):
        with pytest.raises(kf.NoMaximumError, match=found):
            fit(name, x)
    elif found is None:
        with pytest.raises(ValueError, match=r"data\[0\] = 0.0|no maximum"):
            fit(name, x)
    else:
        assert fit(name, x) == found


@pytest.mark.parametrize(("cls", "x", "fixed", "why"), [
    (kf.ZeroTruncatedPoisson, [1.0, 1.0], {}, "all 1"),
    (kf.Logarithmic, [1.0], {}, "all 1"),
    (kf.Pareto, [2.0, 2.0], {"minimum": 2.0}, "equal the minimum"),
    (kf.Laplace, [3.0], {"loc": 3.0}, "all equal loc"),
    (kf.Binomial, [0.0, 0.0], {"trials": 0}, "0 trials"),
])
def test_data_at_an_end_of_a_family_of_one_parameter_say_why(cls, x, fixed, why):
    with pytest.raises(kf.NoMaximumError, match=why):
        cls.fit(x, **fixed)


# ---- The exact maximiser, at bad scaling ----


def exact(values):
    return [mp.mpf(float(v)) for v in values]


def mean(values):
    return mp.fsum(values) / len(values)


def gamma_shape(s):
    """The a at which log a - psi(a) = s > 0, by Newton's method on log a."""
    a = (3 - s + mp.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    for _ in range(60):
        step = (mp.log(a) - mp.digamma(a) - s) / (1 - a * mp.polygamma(1, a))
        a *= mp.exp(-step)
        if abs(step) < mp.mpf(10) ** -40:
            return a
    raise AssertionError("no convergence")


def close(found, wanted):
    assert abs(mp.mpf(float(found)) / wanted - 1) < 1e-9, (found, wanted)


@pytest.fixture(autouse=True)
def sixty_digits():
    with mp.workdps(60):
        yield


@pytest.mark.parametrize(("loc", "scale"), [
    (1e9, 1e-3), (-1e15, 1.0), (1.0, 1e-12), (1e300, 1e290), (1e-300, 1e-305), (0.0, 1e-300)])
def test_normal(loc, scale):
    x = kf.Normal(loc, scale).sample(1500, rng=2)
    fitted = kf.Normal.fit(x)
    values = exact(x)
    centre = mean(values)
    spread = mp.sqrt(mean([(v - centre) ** 2 for v in values]))
    error = abs(mp.mpf(fitted.parameters["loc"]) - centre)
    assert error <= max(1e-9 * spread, 2.0**-52 * abs(centre))
    close(fitted.parameters["scale"], spread)


@pytest.mark.parametrize(("loc", "scale"), [(0.0, 1e-9), (1e-9, 1e-12), (3.0, 1e-12),
                                            (600.0, 1e-10), (-700.0, 5.0)])
def test_log_normal(loc, scale):
    x = kf.LogNormal(loc, scale).sample(600, rng=3)
    fitted = kf.LogNormal.fit(x)
    logs = [mp.log(v) for v in exact(x)]
    centre = mean(logs)
    close(fitted.parameters["scale"], mp.sqrt(mean([(v - centre) ** 2 for v in logs])))
    assert abs(mp.mpf(fitted.parameters["loc"]) - centre) <= max(1e-9 * scale, 2.0**-52 * abs(loc))


@pytest.mark.parametrize(("shape", "rate"), [
    (1e12, 1.0), (1e8, 1e8), (1e8, 1e-200), (3.0, 1e300), (1e-2, 1.0), (1e4, 1e-290)])
@pytest.mark.parametrize("cls", [kf.Gamma, kf.InverseGamma])
def test_gamma_and_its_inverse(cls, shape, rate):
    """Shapes of 1e8 and 1e12: the two logarithms differ in the 9th and the 13th digit."""
    x = cls(shape, rate).sample(400, rng=4)
    fitted = cls.fit(x)
    values = exact(x) if cls is kf.Gamma else [1 / v for v in exact(x)]
    middle = mean(values)
    a = gamma_shape(mp.log(middle) - mean([mp.log(v) for v in values]))
    close(fitted.parameters["shape"], a)
    close(fitted.parameters["rate" if cls is kf.Gamma else "scale"], a / middle)


@pytest.mark.parametrize("dof", [1e-3, 2.0, 1e8, 1e12])
@pytest.mark.parametrize("cls", [kf.ChiSquare, kf.Chi])
def test_chi_square_and_chi(cls, dof):
    x = cls(dof).sample(300, rng=5)
    power = 1 if cls is kf.ChiSquare else 2
    target = mean([power * mp.log(v) for v in exact(x)]) - mp.log(2)
    half = mp.findroot(lambda t: mp.digamma(mp.exp(t)) - target, mp.log(dof / 2.0))
    close(cls.fit(x).parameters["dof"], 2 * mp.exp(half))


@pytest.mark.parametrize(("loc", "scale"), [(1e9, 1.0), (1e12, 1e-3), (-1e15, 10.0),
                                            (1e300, 1e290)])
def test_gumbel_of_large_loc(loc, scale):
    """loc = -scale log(mean of e^(-x/scale))."""
    x = kf.Gumbel(loc, scale).sample(500, rng=6)
    values = exact(x)
    unit, first = mp.mpf(scale), values[0]
    wanted = first - unit * mp.log(mean([mp.exp((first - v) / unit) for v in values]))
    found = kf.Gumbel.fit(x, scale=scale).parameters["loc"]
    assert abs(mp.mpf(found) - wanted) <= max(1e-9 * unit, 2.0**-52 * abs(wanted))


@pytest.mark.parametrize(("loc", "scale"), [(1e9, 1e-3), (-1e15, 10.0), (1e300, 1e290),
                                            (0.0, 1e-300)])
def test_laplace_of_large_loc(loc, scale):
    x = kf.Laplace(scale, loc).sample(500, rng=7)
    close(kf.Laplace.fit(x, loc=loc).parameters["scale"],
          mean([abs(v - mp.mpf(loc)) for v in exact(x)]))


@pytest.mark.parametrize(("p", "name", "of_mean"), [
    (kf.Poisson(1e-2), "rate", lambda m: m), (kf.Poisson(1e17), "rate", lambda m: m),
    (kf.Binomial(1e-12, 2.0**40), "probability", lambda m: m / 2**40),
    (kf.Binomial(0.3, 2.0**60), "probability", lambda m: m / 2**60),
    (kf.Geometric(1e-15), "probability", lambda m: 1 / (1 + m)),
    (kf.Geometric(1.0 - 1e-3), "probability", lambda m: 1 / (1 + m)),
    (kf.NegativeBinomial(1e-12, 1e3), "probability", lambda m: 1000 / (1000 + m)),
    (kf.NegativeBinomial(0.5, 1e15), "probability", lambda m: 10**15 / (10**15 + m)),
], ids=lambda value: None if callable(value) else repr(value))
def test_counts_by_their_mean(p, name, of_mean):
    x = p.sample(3000, rng=8)
    assert np.any(x > 0)
    wanted = of_mean(mp.mpf(int(sum(int(v) for v in x))) / len(x))
    close(type(p).fit(x, **p.fixed).parameters[name], wanted)


def test_binomial_next_to_its_end_keeps_the_failures():
    """1 - p = 1/(1e6 1000), to 1e-9."""
    x = np.full(1000, 1e6)
    x[371] -= 1.0
    found = kf.Binomial.fit(x, trials=1e6).parameters["probability"]
    assert 1.0 - found == pytest.approx(1e-9, rel=2.0**-53 / 1e-9)
    found = kf.Binomial.fit(1e6 - x, trials=1e6).parameters["probability"]
    assert found == pytest.approx(1e-9, rel=1e-9)


@pytest.mark.parametrize("rate", [1e-3, 1.5, 1e6, 1e15])
def test_zero_truncated_poisson(rate):
    x = kf.ZeroTruncatedPoisson(rate).sample(3000, rng=9)
    m = mp.mpf(int(sum(int(v) for v in x))) / len(x)
    wanted = m + mp.lambertw(-m * mp.exp(-m)).real
    close(kf.ZeroTruncatedPoisson.fit(x).parameters["rate"], wanted)


@pytest.mark.parametrize("probability", [1e-3, 0.5, 1.0 - 1e-6])
def test_logarithmic(probability):
    x = kf.Logarithmic(probability).sample(3000, rng=10)
    m = mp.mpf(int(sum(int(v) for v in x))) / len(x)
    start = math.log(probability / (1.0 - probability))

    def excess(u):
        other = 1 / (1 + mp.exp(u))
        return mp.log(-(1 - other) / (other * mp.log(other))) - mp.log(m)

    close(kf.Logarithmic.fit(x).parameters["probability"],
          1 / (1 + mp.exp(-mp.findroot(excess, start))))


@pytest.mark.parametrize(("make", "power", "of_mean"), [
    (lambda s: kf.Exponential(1.0 / s), 1, lambda m: ("rate", 1 / m)),
    (kf.HalfNormal, 2, lambda m: ("scale", mp.sqrt(m))),
    (kf.Rayleigh, 2, lambda m: ("scale", mp.sqrt(m / 2))),
    (kf.Maxwell, 2, lambda m: ("scale", mp.sqrt(m / 3))),
    (lambda s: kf.Weibull(s, 3.0), 3, lambda m: ("scale", mp.cbrt(m))),
])
@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1.0, 1e150, 1e300])
def test_scales_of_any_size(make, power, of_mean, scale):
    """The power of x itself over- or underflows."""
    p = make(scale)
    x = p.sample(600, rng=11)
    name, wanted = of_mean(mean([v**power for v in exact(x)]))
    close(type(p).fit(x, **p.fixed).parameters[name], wanted)


@pytest.mark.parametrize("shape", [1e-3, 1e3, 1e9])
def test_pareto_next_to_its_minimum(shape):
    x = kf.Pareto(shape, 3.0).sample(600, rng=12)
    logs = [mp.log(v / 3) for v in exact(x)]
    close(kf.Pareto.fit(x, minimum=3.0).parameters["shape"], 1 / mean(logs))


@pytest.mark.parametrize("values", [(0.5, 2.0, 3.0), (-1.0, 0.5, 40.0), (2.0, 1e8, 1e-6)])
def test_generalized_inverse_gaussian(values):
    """The three equations E T(x) = mean of T(x), solved by mpmath about the fit at 40 digits."""
    with mp.workdps(40):
        x = exact(kf.GeneralizedInverseGaussian(*values).sample(300, rng=13))
        targets = [mean([mp.log(v) for v in x]), mean(x), mean([1 / v for v in x])]
        fitted = kf.GeneralizedInverseGaussian.fit([float(v) for v in x]).parameters.values()
        power, a, b = (mp.mpf(float(v)) for v in fitted)

        def equations(p, log_omega, log_ratio):
            omega, ratio = mp.exp(log_omega), mp.exp(log_ratio)  # sqrt(a b), sqrt(b/a)
            order = mp.besselk(p, omega)
            slope = mp.diff(lambda q: mp.log(mp.besselk(q, omega)), p)
            up = mp.besselk(p + 1, omega) / order
            return [slope + log_ratio - targets[0], ratio * up / targets[1] - 1,
                    (up - 2 * p / omega) / ratio / targets[2] - 1]

        start = (power, mp.log(a * b) / 2, mp.log(b / a) / 2)
        found = mp.findroot(equations, start, tol=mp.mpf(10) ** -50)
        close(power, found[0])
        close(a, mp.exp(found[1] - found[2]))
        close(b, mp.exp(found[1] + found[2]))
