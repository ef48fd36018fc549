"""What a family says natural and mean parameters must be is what it takes, and errors say it."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from members import MEMBERS
from numpy.testing import assert_allclose

import klfast as kf


def positive_definite(matrix):
    return bool((np.linalg.eigvalsh(matrix) > 0.0).all())


def natural_form(eta):
    """Minus the matrix of the quadratic form of two coordinates."""
    return -np.array([[eta[2], eta[3] / 2.0], [eta[3] / 2.0, eta[4]]])


def covariance(mu):
    second = np.array([[mu[2], mu[3]], [mu[3], mu[4]]])
    return second - np.outer(mu[:2], mu[:2])


# of the coordinates, which are finite, and the fixed parameters
FINITE = {
    "": lambda v, fixed: True,
    " and < 0": lambda v, fixed: v[0] < 0.0,
    " and > 0": lambda v, fixed: v[0] > 0.0,
    " and >= 0": lambda v, fixed: v[0] >= 0.0,
    " and > 1": lambda v, fixed: v[0] > 1.0,
    " and > -1": lambda v, fixed: v[0] > -1.0,
    " and < -1": lambda v, fixed: v[0] < -1.0,
    " and > log(minimum)": lambda v, fixed: v[0] > math.log(fixed["minimum"]),
    ", the second < 0": lambda v, fixed: v[1] < 0.0,
    ", both < 0": lambda v, fixed: v[0] < 0.0 and v[1] < 0.0,
    ", both > -1": lambda v, fixed: v[0] > -1.0 and v[1] > -1.0,
    ", the first > -1, the second < 0": lambda v, fixed: v[0] > -1.0 and v[1] < 0.0,
    ", the first < -1, the second < 0": lambda v, fixed: v[0] < -1.0 and v[1] < 0.0,
    ", the first > -1, the sum < -1": lambda v, fixed: v[0] > -1.0 and v[0] + v[1] < -1.0,
    ", the second and the third < 0": lambda v, fixed: v[1] < 0.0 and v[2] < 0.0,
    ", the second > the first squared": lambda v, fixed: v[1] > v[0] ** 2,
    ", the second > exp(the first)": lambda v, fixed: v[1] > math.exp(v[0]),
    ", the second > exp(-the first)": lambda v, fixed: v[1] > math.exp(-v[0]),
    ", exp(the first) + exp(the second) < 1":
        lambda v, fixed: math.exp(v[0]) + math.exp(v[1]) < 1.0,
    ", exp(the second) > 1 + exp(the first)":
        lambda v, fixed: math.exp(v[1]) > 1.0 + math.exp(v[0]),
    ", both > 0, the product > 1":
        lambda v, fixed: v[0] > 0.0 and Fraction(v[0]) * Fraction(v[1]) > 1,
    ", the quadratic form of the last d (d + 1)/2 negative definite":
        lambda v, fixed: positive_definite(natural_form(v)),
    ", the second moments less products of means positive definite":
        lambda v, fixed: positive_definite(covariance(v)),
}
# and of any
RULES = {
    "must not be NaN": lambda v, fixed: not math.isnan(v[0]),
    "must be finite or -inf": lambda v, fixed: v[0] < math.inf,
    "must be < 0": lambda v, fixed: v[0] < 0.0,
    "must be > 0 and < 1": lambda v, fixed: 0.0 < v[0] < 1.0,
    "must be in [0, 1]": lambda v, fixed: 0.0 <= v[0] <= 1.0,
    "must be in [0, trials], and trials > 0": lambda v, fixed: 0.0 <= v[0] <= fixed["trials"],
    "must be inside the unit circle": lambda v, fixed: math.hypot(v[0], v[1]) < 1.0,
} | {
    f"must be finite{rest}":
        lambda v, fixed, holds=holds: bool(np.isfinite(v).all()) and holds(v, fixed)
    for rest, holds in FINITE.items()
}
NUMBERS = [-math.inf, -2.5, -1.0, -0.75, -0.1, 0.0, 0.1, 0.4, 1.0, 2.5, math.inf, math.nan]
FEW = [-math.inf, -2.5, -0.75, 0.0, 0.4, 2.5, math.nan]


def grid(k):
    return itertools.product(*[NUMBERS if k < 3 else FEW] * k)


def refusal(make, values, fixed):
    """The error's text; empty if the values are taken."""
    try:
        make(values, **fixed)
    except ValueError as error:
        return str(error)
    return ""


NO_FORMULA = {("GeneralizedInverseGaussian", "mean")}


def by_formula():
    return [(name, kind) for name in kf.families for kind in ("natural", "mean")
            if (name, kind) not in NO_FORMULA]


@pytest.mark.parametrize(("name", "kind"), by_formula())
def test_the_rule_is_what_the_map_takes(name, kind):
    p = MEMBERS[name].ordinary[1]
    if p.event_shape:
        p = kf.MultivariateNormal([0.0, 0.5], [[1.0, 0.3], [0.3, 2.0]])
    symbol, rule = type(p)._coordinate_rule(kind)
    make = getattr(type(p), f"from_{kind}")
    taken = []
    for values in grid(p.n_coordinates):
        found = refusal(make, list(values), p.fixed)
        expected = RULES[rule](values, p.fixed)
        assert (not found) == expected, values
        taken.append(expected)
        if found:
            assert found == (f"{name}: {symbol} = {list(values)!r}: {symbol} {rule}, and lead to "
                             "parameters that doubles hold")
    assert any(taken) and not all(taken)


def test_the_rule_of_the_means_of_the_generalized_inverse_gaussian():
    """Which a > 0 and b > 0 attain has no short formula; here are points on either side."""
    cls = kf.GeneralizedInverseGaussian
    rule = "mu must be finite, those of log(x), x and 1/x for some p, a > 0 and b > 0, and lead to "
    for mu in ([0.0, 1.3, 1.3], [0.4, 1.9, 0.9], [-0.4, 0.9, 1.9]):
        assert_allclose(cls.from_mean(mu).mean_parameters, mu, rtol=1e-12, atol=1e-12)
    inverse_gamma = kf.InverseGamma(shape=5.0, scale=4.0)  # a = 0; its mean is 1
    log, inverse = inverse_gamma.mean_parameters.tolist()
    assert_allclose(cls.from_mean([log, 0.99, inverse]).mean_parameters, [log, 0.99, inverse])
    for mu in ([log, 1.01, inverse], [0.0, 1.0, 1.3], [0.0, 1.3, 1.0], [0.5, 1.6, 0.6],
               [0.0, -1.0, 1.3], [math.nan, 1.3, 1.3], [0.0, math.inf, 1.3]):
        found = refusal(cls.from_mean, mu, {})
        assert found == f"{cls.__name__}: mu = {mu!r}: {rule}parameters that doubles hold"


def test_every_rule_here_is_some_familys():
    used = {cls._coordinate_rule(kind)[1]
            for cls in kf.families.values() for kind in ("natural", "mean")}
    assert set(RULES) <= used


@pytest.mark.parametrize("name", list(kf.families))
def test_errors_of_unconstrained_coordinates_and_of_batches_say_the_rule(name):
    p = MEMBERS[name].ordinary[1]
    good, bad = p.unconstrained, np.full(p.n_coordinates, np.nan)
    found = refusal(type(p).from_unconstrained, np.stack([good, bad]), p.fixed)
    assert found == (f"{name}: u[1] = {bad.tolist()!r}: u must be finite, and lead to parameters "
                     "that doubles hold")
