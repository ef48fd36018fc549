"""Reverse fits at default settings: how near they come to the least divergence, within a budget.

The divergence of a fitted member is computed without sampling error, by pairs.py. Seeds are fixed:
the tests do not fail by chance.
"""

from __future__ import annotations

import numpy as np
import pytest
from pairs import NUMBERS, PAIRS

import klfast as kf

# by make_pairs.py
LEAST = {
    "Normal, logistic": 0.00951161696,
    "Normal, skew normal": 0.07196985348,
    "Normal, Student t": 0.04069545520,
    "Gamma, Weibull": 0.01108558511,
    "Beta, logit-normal": 0.00908200298,
    "VonMises, cardioid": 0.01032492591,
    "VonMises, wrapped Cauchy": 0.01931594790,
    "InverseGaussian, lognormal": 0.00205231895,
    "LogNormal, Gamma": 0.04134069596,
    "Weibull, Gamma": 0.01671861466,
    "Pareto, lognormal": 0.76551212348,
    "Poisson, negative binomial": 0.22802759612,
    "Binomial, Beta-binomial": 0.41785616895,
    "NegativeBinomial, two Poissons": 0.14928659966,
    "banana, d = 2": 0.56065944268,
    "banana, d = 3": 0.70103102785,
    "Student t, d = 2": 0.04078005493,
    "Student t, d = 3": 0.06558202797,
    "logistic regression, d = 3": 35.11933579580,
}

# Nats: at most twice what the median is of any nine seeds looked at.
BARS = {
    ("banana, d = 2", 4000): 1e-2,
    ("banana, d = 3", 4000): 1.2e-2,
    ("Student t, d = 2", 1000): 1.5e-3,
    ("Student t, d = 2", 4000): 5e-4,
    ("Student t, d = 3", 1000): 5e-3,
    ("Student t, d = 3", 4000): 1.7e-3,
    ("logistic regression, d = 3", 1000): 7e-4,
    ("logistic regression, d = 3", 4000): 1.5e-4,
}


def median_excess(name: str, budget: int, seeds: int) -> float:
    """Of fits that are within the budget of evaluations."""
    pair = PAIRS[name]
    found = []
    for seed in range(seeds):
        r = kf.minimize_reverse_kl(pair.start, pair.log_q, max_evaluations=budget, rng=seed)
        assert r.evaluations <= budget
        found.append(pair.divergence(r.distribution) - LEAST[name])
    assert min(found) > -1e-10, "LEAST is not the least"
    return float(np.median(found))


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_and_counts(name):
    assert median_excess(name, 200, seeds=5) <= 1e-3
    assert median_excess(name, 1000, seeds=5) <= 2e-4


@pytest.mark.parametrize(("name", "budget"), BARS)
def test_vectors(name, budget):
    assert median_excess(name, budget, seeds=9) <= BARS[name, budget]
