"""Writes hashes.txt anew: python tests/golden/make_hashes.py.

To be run when a change of the library's numbers is meant, never to make a test pass. The lines come
from the C program tests/c/hashes.c, at every level of this machine, and from python_hashes.py;
they are written only if all levels agree.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "c"))
import c_library

HERE = Path(__file__).resolve().parent


def c_lines(program: Path, *before: str) -> dict[str, str]:
    """The program's lines by level, for the levels that this machine has."""
    found = {}
    for level in c_library.settings().levels:
        done = subprocess.run([*before, str(program), level], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            found[level] = done.stdout
        elif done.returncode != 77:
            raise RuntimeError(f"{program} {level}: {done.returncode}\n{done.stderr}")
    return found


def run_python(*command: str, **environment: str) -> str:
    """What a fresh Python prints, with the klfast that this process would import."""
    spec = importlib.util.find_spec("klfast")
    assert spec is not None and spec.origin is not None, "klfast is not installed"
    where = {"PYTHONPATH": str(Path(spec.origin).parents[1])}
    return c_library.run_output(
        [sys.executable, "-P", *command], env={**os.environ, **where, **environment}
    )


def python_lines(*arguments: str, **environment: str) -> str:
    """What python_hashes.py prints."""
    return run_python(str(HERE / "python_hashes.py"), *arguments, **environment)


def golden(kind: str) -> str:
    """The lines of the golden file that start with `kind`, without it."""
    lines = (HERE / "hashes.txt").read_text().splitlines()
    return "".join(f"{line.removeprefix(kind + ' ')}\n" for line in lines if line.startswith(kind))


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder:
        levels = c_lines(c_library.build_program("gcc", Path(folder)))
    text = levels["baseline"]
    for level, lines in levels.items():
        if lines != text:
            sys.exit(f"the levels baseline and {level} differ: nothing written")
    lines = [f"c {line}" for line in text.splitlines()]
    lines += [f"python {line}" for line in python_lines().splitlines()]
    heading = "# Written by make_hashes.py; the columns are those of tests/c/hashes.c.\n"
    (HERE / "hashes.txt").write_text(heading + "\n".join(lines) + "\n")
    print(f"{len(lines)} lines; levels that agree: {', '.join(levels)}")


if __name__ == "__main__":
    main()
