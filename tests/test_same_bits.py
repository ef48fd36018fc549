"""The same bits everywhere: levels, compilers, processors, threads, against a golden file.

`python tests/golden/make_hashes.py` writes the golden file anew when the library's numbers are
meant to change.
"""

from __future__ import annotations

import difflib
import os
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "golden"))
import c_library
import make_hashes

import klfast as kf
from klfast._core.native import families_with_nets

X86 = platform.machine().lower() in {"x86_64", "amd64"}


def assert_same(found: str, wanted: str, who: str) -> None:
    """Equal line by line; the message shows the first lines that differ."""
    difference = [
        line for line in difflib.unified_diff(wanted.split("\n"), found.split("\n"), n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert not difference, f"{who}: {len(difference)} lines differ (- golden):\n" + "\n".join(
        difference[:12]
    )


def assert_golden(program: Path, who: str) -> None:
    levels = make_hashes.c_lines(program)
    assert "baseline" in levels
    for level, lines in levels.items():
        assert_same(lines, make_hashes.golden("c"), f"{who} {level}")


def test_c_levels_by_gcc(gcc_level, tmp_path):
    c_library.require("gcc")
    program = c_library.build_program("gcc", tmp_path, made=gcc_level)
    assert_golden(program, "gcc")
    with pytest.raises(RuntimeError, match=r": 77\s+hashes: this processor or this build lacks"):
        c_library.run_output([str(program), "v5"])


def test_c_levels_by_clang(tmp_path):
    c_library.require("clang")
    warnings = c_library.settings().warnings if os.environ.get("CI") == "true" else []
    assert_golden(c_library.build_program("clang", tmp_path, extra=warnings), "clang")


def test_c_without_optimisation(tmp_path):
    """What the optimiser makes of the source is not what gives the bits.

    .ci/sanitize compares the higher levels without it.
    """
    c_library.require("gcc")
    program = c_library.build_program("gcc", tmp_path, levels=["baseline"], extra=["-O1"])
    assert_golden(program, "gcc -O1")


def test_c_on_arm64(tmp_path):
    c_library.require("aarch64-linux-gnu-gcc", "qemu-aarch64-static")
    program = c_library.build_program(
        "aarch64-linux-gnu-gcc", tmp_path, machine="aarch64", link=["-static"]
    )
    lines = make_hashes.c_lines(program, "qemu-aarch64-static")
    assert_same(lines["baseline"], make_hashes.golden("c"), "arm64")


def levels() -> list[str]:
    """The levels that this machine has."""
    names = ["baseline"]
    for name in list(c_library.settings().levels)[1:]:
        try:
            make_hashes.run_python("-c", "import klfast", KLFAST_ISA=name)
        except RuntimeError:
            continue
        names.append(name)
    return names


LEVELS = levels()
RUNS = [(LEVELS[-1], "1"), *((name, "2") for name in LEVELS)]


@pytest.mark.parametrize(("level", "threads"), RUNS)
def test_python_levels_and_threads(level, threads):
    """How the work is divided does not depend on the level."""
    lines = make_hashes.python_lines(threads, KLFAST_ISA=level)
    assert_same(lines, make_hashes.golden("python"), f"{level}, {threads} threads")


@pytest.mark.skipif(not X86, reason="the names are those of x86-64")
def test_python_whatever_numpy_and_its_linear_algebra_use():
    """Results must not go through functions whose bits depend on NumPy's choice of kernels."""
    enabled = np._core._multiarray_umath.__cpu_features__
    names = [n for n in np._core._multiarray_umath.__cpu_dispatch__ if enabled.get(n)]
    lines = make_hashes.python_lines(
        NPY_DISABLE_CPU_FEATURES=" ".join(names), OPENBLAS_CORETYPE="Nehalem"
    )
    assert_same(lines, make_hashes.golden("python"), "NumPy on its lowest kernels")


def test_the_golden_file_covers_the_registry():
    lines = [line.split() for line in make_hashes.golden("python").splitlines()]
    assert [name for name, *rest in lines if rest[0] != "nets"] == list(kf.families)
    with_nets = [name for name, family in kf.families.items()
                 if family._family in families_with_nets()]
    assert [name for name, *rest in lines if rest[0] == "nets"] == with_nets
