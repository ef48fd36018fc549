"""Against exact values at 50 digits, over grids that reach the ends of the domains.

A value may be off by 1e-13 of itself or by a few units in the last place of the largest term of
the sum that defines it, whichever is larger; for log-densities and log-partitions that term counts
as 1 at least, since an ulp of 1 there is a relative error of an ulp of the density. Divergences
have no such excuse: 1e-13 of themselves, or 1e-10 where the members are so close that their
divergence is of second order in rounding.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from members import has

import klfast as kf

REFERENCE = Path(__file__).parent / "reference"
CLASSES = {cls._family: cls for cls in kf.families.values() if has("exact", cls._family)}
RELATIVE = 1e-13
ULPS = 4.0 * 2.0**-52


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(newline="") as file:
        return list(csv.DictReader(file))


def member(cls, text: str):
    return cls(*(float.fromhex(t) for t in text.split()))


def excess(found: float, value: str, largest: str, least: float = 0.0) -> float:
    """The error in units of what is allowed; infinities must be equal."""
    exact = float(value)
    if not math.isfinite(exact):
        return 0.0 if found == exact else math.inf
    if not math.isfinite(found):
        return math.inf
    size = max(float(largest), least)
    allowed = max(RELATIVE * abs(exact), ULPS * size, 2.0 * 5e-324)
    return abs(found - exact) / allowed


def check(errors: list[tuple[float, str]]) -> None:
    bad = sorted((e for e in errors if not e[0] <= 1.0), reverse=True)
    assert not bad, f"{len(bad)} of {len(errors)} too far off, worst first:\n" + "\n".join(
        f"{e:9.3g} x allowed: {what}" for e, what in bad[:12]
    )


def test_every_scalar_family_has_exact_values():
    assert {cls for cls in kf.families.values() if not cls._is_vector()} <= set(CLASSES.values())


@pytest.mark.parametrize("name", CLASSES)
def test_log_density(name):
    errors = []
    for row in rows(f"{name}_log_density.csv"):
        p = member(CLASSES[name], row["theta"])
        x = float.fromhex(row["x"])
        found = p.log_density(x)
        errors.append((excess(found, row["value"], row["largest"], 1.0),
                       f"{p!r} at {x!r}: {found!r}, exactly {row['value']}"))
    check(errors)


@pytest.mark.parametrize("name", CLASSES)
def test_log_density_of_a_batch(name):
    """The kernel with one member to each point meets the same bound."""
    table = rows(f"{name}_log_density.csv")
    thetas = np.array([[float.fromhex(t) for t in row["theta"].split()] for row in table])
    x = np.array([float.fromhex(row["x"]) for row in table])
    found = CLASSES[name](*thetas.T).log_density(x)
    check([(excess(f, row["value"], row["largest"], 1.0), f"{row['theta']} at {v!r}: {f!r}")
           for f, row, v in zip(found.tolist(), table, x.tolist(), strict=True)])


@pytest.mark.parametrize("what", ["log_partition", "entropy"])
@pytest.mark.parametrize("name", CLASSES)
def test_algebra(name, what):
    errors = []
    for row in rows(f"{name}_algebra.csv"):
        if row["what"] == what:
            p = member(CLASSES[name], row["theta"])
            found = getattr(p, what)()
            least = 1.0 if what == "log_partition" else 0.0
            errors.append((excess(found, row["value"], row["largest"], least),
                           f"{what} of {p!r}: {found!r}, exactly {row['value']}"))
    assert errors
    check(errors)


@pytest.mark.parametrize("name", CLASSES)
def test_kl(name):
    errors = []
    for row in rows(f"{name}_algebra.csv"):
        if row["what"] == "kl":
            p, q = member(CLASSES[name], row["theta"]), member(CLASSES[name], row["other"])
            found = kf.kl_divergence(p, q)
            near = all(abs(float.fromhex(a) - float.fromhex(b)) <= 1e-6 * abs(float.fromhex(a))
                       for a, b in zip(row["theta"].split(), row["other"].split(), strict=True))
            error = excess(found, row["value"], "0")
            errors.append((error * RELATIVE / 1e-10 if near else error,
                           f"D({p!r} || {q!r}): {found!r}, exactly {row['value']}"))
    assert errors
    check(errors)
