"""Draws of arrays of parameters, a member to each draw, against the members' exact distributions.

Every family's grid of members goes over and over through one array of a million draws, so that
members of all kinds stand side by side in every block. Each member's draws then pass the checks of
test_samplers.py, which states their rate of false alarms; that they see a wrong parameter is itself
tested.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
from members import CASES, batch_of
from test_samplers import RARE, N, checks, exact

import klfast as kf
from klfast._core.native import BLOCK

SCALAR = {name: module for name, module in CASES.items() if not kf.families[name]._is_vector()}


def draws_of(members):
    """About a million draws, those of each member in a row of its own."""
    times = N // len(members)
    batch = batch_of(members)
    return batch[np.arange(times * len(members)) % len(members)].sample(rng=20260102).reshape(
        times, len(members)).T


@pytest.mark.parametrize("name", SCALAR)
def test_draws_of_many_members_follow_their_distributions(name):
    members = SCALAR[name].SAMPLER_GRID
    rare = {}
    for p, x in zip(members, draws_of(members), strict=True):
        found = checks(x, exact(p), p.is_integer)
        rare |= {(p, what): value for what, value in found.items() if not value > RARE}
    assert not rare, rare


@pytest.mark.parametrize("name", SCALAR)
def test_the_checks_see_a_wrong_parameter(name):
    for p, wrong in SCALAR[name].WRONG:
        found = checks(draws_of([p])[0], exact(wrong), p.is_integer)
        assert min(found.values()) < 1e-8


@pytest.mark.parametrize("name", SCALAR)
def test_fewer_members_draw_the_first_of_more(name):
    """A draw depends on its place and its own parameters alone; threads change nothing."""
    members = SCALAR[name].SAMPLER_GRID
    batch = batch_of([members[i % len(members)] for i in range(2 * BLOCK + 7)])
    whole = batch.sample(rng=4)
    for n in (1, 5, 63, 64, 65, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK):
        np.testing.assert_array_equal(batch[:n].sample(rng=4), whole[:n])
    np.testing.assert_array_equal(batch.sample(3, rng=4), batch.sample(3, rng=4, threads=2))
