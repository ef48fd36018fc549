"""Builds the C library and one program over it, with the flags of setup.py: no Python in it.

    python tests/c/c_library.py FOLDER [--compiler gcc] [--machine x86_64] [flag ...]

leaves FOLDER/hashes.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import platform
import runpy
import shutil
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """What setup.py says of the C library."""

    flags: list[str]
    warnings: list[str]
    levels: dict[str, list[str]]
    level_sources: list[Path]
    baseline_sources: list[Path]


_reading = threading.Lock()  # runpy and the stubs change sys.modules


@functools.lru_cache
def _settings(machine: str) -> Settings:
    """The constants of setup.py, run without building: neither setuptools nor Cython is needed."""

    class Anything(types.ModuleType):
        def __getattr__(self, name: str) -> object:
            return type if name == "build_ext" else lambda *_, **__: ""

    class Folder(Anything):
        build_ext = object

    names = ["numpy", "Cython", "Cython.Build", "setuptools", "setuptools.command",
             "setuptools.modified"]
    stubs: dict[str, types.ModuleType] = {name: Anything(name) for name in names}
    stubs["setuptools.command.build_ext"] = Folder("build_ext")
    with (
        contextlib.chdir(ROOT),
        mock.patch.dict(sys.modules, stubs),
        mock.patch.object(platform, "machine", return_value=machine),
    ):
        names_of = runpy.run_path("setup.py", run_name="setup")
        levels = names_of["levels"]()
    return Settings(
        flags=names_of["FLAGS"],
        warnings=names_of["WARNINGS"],
        levels=levels,
        level_sources=[ROOT / source for source in names_of["LEVEL_SOURCES"]],
        baseline_sources=[ROOT / source for source in names_of["BASELINE_SOURCES"]],
    )


def settings(machine: str | None = None) -> Settings:
    """What setup.py says of the C library on this or another machine."""
    with _reading:
        return _settings(machine or platform.machine())


def require(*programs: str) -> None:
    """Skip the test where a program is absent; fail instead in CI."""
    import pytest

    missing = [name for name in programs if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"CI has no {', '.join(missing)}")
    if missing:
        pytest.skip(f"no {', '.join(missing)} here")


def run_output(command: list[str], **options: Any) -> str:
    """Run a program that must succeed; what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def run(command: list[str], folder: Path) -> str:
    """Run a compiler; its messages."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stderr


def compile_level(
    compiler: str, folder: Path, level: str, extra: Sequence[str] = (), machine: str | None = None
) -> dict[str, str]:
    """The objects of one level in `folder`; of each source the compiler's messages."""
    known = settings(machine)
    folder.mkdir(parents=True, exist_ok=True)

    def one(path: Path) -> str:
        return run(
            [compiler, "-c", *known.flags, *known.levels[level], *extra, f"-DKLF_LEVEL={level}",
             f"-I{ROOT / 'src_c' / 'include'}", str(path)],
            folder,
        )

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        messages = pool.map(one, known.level_sources)
        names = [str(path.relative_to(ROOT / "src_c")) for path in known.level_sources]
        return dict(zip(names, messages, strict=True))


def once(folder: Path, make: Callable[[Path], object]) -> Path:
    """The folder, which `make` fills in that process of a parallel test run that comes first."""
    import fcntl

    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            make(folder)
            (folder / "done").touch()
    return folder


def build_program(
    compiler: str,
    folder: Path,
    *,
    machine: str | None = None,
    levels: Sequence[str] | None = None,
    extra: Sequence[str] = (),
    link: Sequence[str] = (),
    made: Callable[[str], Path] | None = None,
) -> Path:
    """tests/c/hashes.c and the library, linked: the path of the executable.

    Of all levels, if none are given. `made` gives a level's folder of objects that are there.
    """
    known = settings(machine)
    levels = list(known.levels) if levels is None else levels

    def compiled(level: str) -> Path:
        compile_level(compiler, folder / level, level, extra, machine)
        return folder / level

    folders = [(made or compiled)(level) for level in levels]
    choice = folder / "choice"
    choice.mkdir(parents=True, exist_ok=True)
    has = [f"-DKLF_HAS_{name.upper()}" for name in levels if name != "baseline"]
    program = ROOT / "tests" / "c" / "hashes.c"
    run(
        [compiler, "-c", *known.flags, *known.levels["baseline"], *extra, *has,
         f"-I{ROOT / 'src_c' / 'include'}", *map(str, known.baseline_sources), str(program)],
        choice,
    )
    objects = [str(part) for name in [*folders, choice] for part in sorted(name.glob("*.o"))]
    run([compiler, *extra, *objects, "-o", program.stem, "-lm", *link], folder)
    return folder / program.stem


def main() -> None:
    """Build tests/c/hashes.c."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compiler", default=os.environ.get("CC", "gcc"))
    parser.add_argument("--machine")
    known, extra = parser.parse_known_args()
    made = build_program(
        known.compiler, known.folder.resolve(), machine=known.machine, extra=extra
    )
    print(made)


if __name__ == "__main__":
    main()
