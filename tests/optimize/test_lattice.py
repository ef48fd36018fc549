"""Quadrature nodes of every family of numbers and counts: means of any function, one lattice."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import klfast as kf
from klfast.optimize.lattice import FINE, LARGEST, ROUGH, Lattice, make_nodes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
from members import MEMBERS

SCALAR = [name for name in MEMBERS if not kf.families[name]._is_vector()]
ORDINARY = [(name, p) for name in SCALAR for p in MEMBERS[name].ordinary]
# Supports too long for a sum: tails that fall as a power, or slowly.
LONG = {"Zipf", "Logarithmic", "Geometric"}


def nodes_of(p, **options):
    return make_nodes(Lattice(p), p, **options)


@pytest.mark.parametrize(("name", "p"), ORDINARY, ids=[str(p) for _, p in ORDINARY])
def test_nodes_sum_what_is_known_of_every_member(name, p):
    """Total mass, and E[-log p] against the closed form of the entropy."""
    nodes = nodes_of(p)
    if nodes is None:
        assert name in LONG
        return
    assert len(nodes.x) <= LARGEST
    assert_allclose(nodes.weights.sum(), 1.0, rtol=0.0, atol=2e-9)
    entropy = float(nodes.weights @ -p.log_density(nodes.x))
    assert_allclose(entropy, p.entropy(), rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", SCALAR)
def test_most_members_have_nodes(name):
    served = [nodes_of(p) is not None for p in MEMBERS[name].ordinary]
    assert any(served)
    assert all(served) or name in LONG


@pytest.mark.parametrize("p", [kf.Gamma(2.0, 1.0), kf.Beta(2.0, 5.0), kf.VonMises(0.5, 3.0),
                               kf.Laplace(1.0, 0.0), kf.Poisson(900.0)], ids=str)
def test_a_finer_rule_has_the_points_of_the_coarser(p):
    coarse, fine = nodes_of(p), nodes_of(p, finer=1)
    assert np.isin(coarse.x, fine.x).all()
    assert 1.8 * len(coarse.x) < len(fine.x) < 2.3 * len(coarse.x)
    assert np.isin(fine.x[fine.even], coarse.x).mean() > 0.9


def test_nearby_members_share_most_points():
    p, q = kf.Gamma(4.0, 2.0), kf.Gamma(4.2, 2.1)
    lattice = Lattice(p)
    a, b = make_nodes(lattice, p), make_nodes(lattice, q)
    assert np.isin(b.x, a.x).mean() > 0.9


def test_a_rough_rule_is_short():
    p = kf.HalfNormal(1.0)
    assert len(nodes_of(p, accuracy=ROUGH).x) < 0.3 * len(nodes_of(p, accuracy=FINE).x)


def test_counts_are_enumerated_or_strided():
    whole = nodes_of(kf.Binomial(0.3, 10))
    assert whole.is_whole and list(whole.x) == list(range(11))
    strided = nodes_of(kf.Poisson(1e12))
    assert not strided.is_whole and len(strided.x) < 100


def test_the_circle_has_each_point_once_wherever_it_is_cut():
    for loc in (0.0, 3.0, -np.pi):
        x = nodes_of(kf.VonMises(loc, 0.5)).x
        assert len(np.unique(x)) == len(x)
        assert (x >= -np.pi).all() and (x < np.pi).all()


def test_a_degenerate_member_has_none():
    assert nodes_of(kf.Bernoulli(1e-300)) is None
    assert nodes_of(kf.Gamma(1e-8, 1.0)) is None
