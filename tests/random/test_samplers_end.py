"""No parameter in the domain, and no run of random words, makes a sampler loop without end.

Members at the ends of the domain and at random over the whole of it, by public calls; and every
sampler in C over words that never change (tests/c/fixed_words.c), the worst that chance can do. The
draws lie inside the support, where the log-density is finite.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "families"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "c"))
import c_library
from members import MEMBERS

import klfast as kf
from klfast._core.native import BLOCK

TESTS = Path(__file__).resolve().parents[1]
SCALAR = [name for name in MEMBERS if not kf.families[name]._is_vector()]
RANDOM, RANDOM_IN_C = 400, 15  # members of each family
SECONDS = 120.0  # for all of a family; they take a few


def any_number(generator):
    """A number of any size and kind that some domain has."""
    size = 10.0 ** generator.uniform(-323.3, 308.2)
    near_one = 10.0 ** generator.uniform(-16.0, 0.0)
    return float(generator.choice([size, -size, 1.0 - near_one, 1.0 + near_one, 0.5 + near_one,
                                   np.floor(10.0 ** generator.uniform(0.0, 20.0)),
                                   10.0 ** generator.uniform(-3.0, 3.0), 0.0]))


def random_parameter(cls, values, i, generator):
    """Numbers in place of values[i] until the family takes one."""
    while True:
        trial = [*values[:i], any_number(generator), *values[i + 1 :]]
        try:
            cls(*trial)
        except ValueError:
            continue
        return trial


def random_members(name, n):
    """Log-uniform over the domain: each parameter is tried until the family takes it."""
    cls, generator = kf.families[name], np.random.default_rng(20260101)
    found = []
    for _ in range(n):
        values = list(MEMBERS[name].ordinary[0].parameters.values())
        for i in range(len(values)):
            values = random_parameter(cls, values, i, generator)
        found.append(cls(*values))
    return found


def within_reach(p):
    """Whether the log-density is finite at all.

    That of LogNormal overflows at every double where the square of the distance to them does,
    which is half the spacing of their logarithms at least.
    """
    if isinstance(p, kf.LogNormal):
        loc, scale = p.parameters.values()
        return max(abs(loc) - 745.0, 2.0**-53) / scale < 1e153
    return True


def members(name, n):
    found = MEMBERS[name].ordinary + MEMBERS[name].extreme + random_members(name, n)
    return [p for p in found if within_reach(p)]


@pytest.mark.parametrize("name", SCALAR)
def test_draws_over_the_whole_domain_end_inside_the_support(name):
    out = np.empty(2 * BLOCK)
    wrong = []
    for p in members(name, RANDOM):
        p.sample(len(out), rng=3, out=out)
        bad = ~np.isfinite(p.log_density(out))
        wrong += [(p, out[bad][:2], p.log_density(out[bad][:2]))] if bad.any() else []
    assert not wrong, wrong


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The lowest level over words that never change, not optimised much: it is built in seconds."""
    c_library.require("gcc")
    folder, known = tmp_path_factory.mktemp("fixed_words"), c_library.settings()
    flags = [*known.flags, *known.levels["baseline"], "-O1", "-DKLF_LEVEL=baseline",
             f"-I{c_library.ROOT / 'src_c' / 'include'}", "-include",
             str(TESTS / "c" / "fixed_words.h")]
    sources = [*known.level_sources, *known.baseline_sources, TESTS / "c" / "fixed_words.c"]
    sources = [source for source in sources if source.name != "stream.c"]  # the real generator
    parts = [sources[i::4] for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: c_library.run(["gcc", "-c", *flags, *map(str, part)], folder),
                      parts))
    c_library.run(["gcc", *map(str, sorted(folder.glob("*.o"))), "-o", "fixed_words", "-lm"],
                  folder)
    return folder / "fixed_words"


@pytest.mark.parametrize("name", SCALAR)
def test_samplers_end_inside_the_support_whatever_the_words(name, program):
    """All zeros, all ones, one half; the same for all draws, or two of them by turns."""
    lines = "".join(f"{kf.families[name]._family} "
                    + " ".join(float(v).hex() for v in p.parameters.values()) + "\n"
                    for p in members(name, RANDOM_IN_C))
    done = subprocess.run([str(program)], input=lines, capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    wrong = done.stdout.splitlines()
    assert not wrong, f"{len(wrong)} bad:\n" + "\n".join(itertools.islice(wrong, 12))
