"""Sums of scores by products of many ratios: against mpmath, and against the sum row by row.

No random verdicts: the seeds only choose data, and the bounds are those of rounding.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

import klfast as kf
from klfast._core.native import BLOCK

SIZES = [1, 2, 63, 64, 65, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 300]
# Shapes below 1, where densities are raised, in between, and on both sides of the largest summed.
SHAPES = [0.02, 0.7, 2.5, 64.0, 65.0, 3e4]
MEMBERS = [
    *(kf.Gamma(a, 1.5) for a in SHAPES),
    kf.Gamma(2.0, 1e-300), kf.Gamma(2.0, 1e300),
    *(kf.InverseGamma(a, 1.5) for a in SHAPES),
    *(kf.ChiSquare(2 * a) for a in SHAPES),
    *(kf.Chi(2 * a) for a in SHAPES),
    *(family(a, b) for family in (kf.Beta, kf.BetaPrime)
      for a, b in ((0.05, 0.7), (0.7, 3.0), (1.0, 1.0), (2.5, 5.0), (64.0, 3.0), (3.0, 65.0))),
]


def statistics(p, x):
    """T(x) of one datum, and E T, at 50 digits."""
    x = mpmath.mpf(float(x))
    a, b = (mpmath.mpf(float(v)) for v in [*p.parameters.values(), 1.0][:2])
    match type(p).__name__:
        case "Gamma":
            return (mpmath.log(x), x), (mpmath.digamma(a) - mpmath.log(b), a / b)
        case "InverseGamma":
            return (mpmath.log(x), 1 / x), (mpmath.log(b) - mpmath.digamma(a), a / b)
        case "ChiSquare":
            return (mpmath.log(x),), (mpmath.digamma(a / 2) + mpmath.log(2),)
        case "Chi":
            return (2 * mpmath.log(x),), (mpmath.digamma(a / 2) + mpmath.log(2),)
        case "Beta":
            total = mpmath.digamma(a + b)
            return ((mpmath.log(x), mpmath.log(1 - x)),
                    (mpmath.digamma(a) - total, mpmath.digamma(b) - total))
    # BetaPrime: a - 1 of log x, and -(a + b) of log(1 + x)
    total = mpmath.digamma(a + b)
    return ((mpmath.log(x), mpmath.log(1 + x)),
            (mpmath.digamma(a) - mpmath.digamma(b), total - mpmath.digamma(b)))


def summed(p, x, weights=None):
    accumulator = kf.Accumulator(p)
    accumulator.update(x, weights)
    return accumulator


@pytest.mark.parametrize("n", [1, 65, BLOCK + 1])
@pytest.mark.parametrize("p", MEMBERS, ids=repr)
def test_sums_are_those_of_mpmath(p, n):
    x = p.sample(n, rng=n)
    with mpmath.workdps(50):
        of_one, mean = zip(*(statistics(p, v) for v in x), strict=True)
        exact = [mpmath.fsum(t[j] - m[j] for t, m in zip(of_one, mean, strict=True))
                 for j in range(len(mean[0]))]
        # rounding of x and of what is made of it, in units of the natural score's terms
        size = [mpmath.fsum(abs(t[j]) + abs(m[j]) + abs(t[j] - m[j])
                            for t, m in zip(of_one, mean, strict=True))
                for j in range(len(mean[0]))]
    found = summed(p, x).sum_score("natural")
    for j, value in enumerate(found):
        assert abs(value - exact[j]) <= 8 * np.finfo(float).eps * size[j], j


@pytest.mark.parametrize("p", MEMBERS, ids=repr)
def test_sums_are_those_of_the_rows(p):
    # weights of 1 go by rows
    for n in SIZES:
        x = p.sample(n, rng=n)
        rows = summed(p, x, np.ones(n))
        typical = np.sqrt(n * np.maximum(1.0, rows.moments()[3:] ** 2 / n))
        assert_allclose(summed(p, x).mean_score() * n / typical,
                        rows.mean_score() * n / typical, rtol=0, atol=4e-13)


@pytest.mark.parametrize("far", [1e-78, 1e-72, 1e72, 1e78])     # about 2^-250 and 2^250
@pytest.mark.parametrize("p", [kf.Gamma(0.7, 1.5), kf.InverseGamma(0.7, 1.5), kf.ChiSquare(1.4),
                               kf.Chi(1.4), kf.BetaPrime(0.7, 0.5), kf.Beta(0.7, 0.5)], ids=repr)
def test_data_far_from_the_mean_go_by_rows(p, far):
    if type(p) is kf.Beta and far > 1.0:
        return
    for place in (0, 17, 63, 64, 99):
        x = p.sample(100, rng=1)
        x[place] = far
        rows = summed(p, x, np.ones(100)).moments()[3:]
        assert np.isfinite(rows).all()
        assert_allclose(summed(p, x).moments()[3:], rows, rtol=2e-13)


@pytest.mark.parametrize("family", [kf.Gamma, kf.Beta])
def test_fits_of_one_and_of_many_sets_are_the_same(family):
    x = family(2.5, 5.0).sample((70, 333), rng=4)
    together = family.fit(x).parameters
    for i in (0, 1, 69):
        one = family.fit(x[i]).parameters
        by_rows = family.fit(x[i], np.ones(333)).parameters
        for name, values in together.items():
            assert values[i] == one[name]
            assert_allclose(values[i], by_rows[name], rtol=1e-13)


def test_the_first_bad_datum_of_many_sets_is_named():
    x = kf.Gamma(2.0, 1.0).sample((40, 30, 7), rng=5)
    x[31, 4, 6] = -1.0
    x[31, 5, 0] = np.nan
    with pytest.raises(ValueError, match=r"data\[31, 4, 6\] = -1.0"):
        kf.Gamma.fit(x)
    assert kf.Gamma.fit(x[:0]).batch_shape == (0, 30)
