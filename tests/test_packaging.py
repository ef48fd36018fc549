"""The source distribution is complete, and what is built from it works outside the source tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
VERSION = PROJECT["project"]["version"]
SOURCES = {".c", ".h", ".def", ".py", ".pyx", ".pxd", ".pxi", ".pyi", ".csv", ".txt", ".typed"}
NOT_OURS = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "__pycache__", "*.so", "*.o", "native.c"
)


def run(*command: object, where: Path | None = None) -> str:
    """Run a program that must succeed, without our import path; what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KLFAST_"))}
    # what is packed does not depend on the other levels, nor on how well the compiler does
    environment |= {"KLFAST_LEVELS": "baseline", "KLFAST_CFLAGS": "-O0"}
    done = subprocess.run(
        [str(part) for part in command], cwd=where, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The names in the sdist, the sdist unpacked, the wheel from that, and an environment."""
    work = tmp_path_factory.mktemp("packaging")
    tree = shutil.copytree(ROOT, work / "tree", ignore=NOT_OURS)
    sources = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.suffix in SOURCES}
    run(sys.executable, "-m", "venv", work / "venv")
    python = work / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "-q", *PROJECT["build-system"]["requires"])
    build = "import sys, setuptools.build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"
    run(python, "-c", build, "build_sdist", work / "out", where=tree)
    sdist = work / "out" / f"klfast-{VERSION}.tar.gz"
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(work / "unpacked", filter="data")
    unpacked = work / "unpacked" / f"klfast-{VERSION}"
    run(python, "-c", build, "build_wheel", work / "out", where=unpacked)
    (wheel,) = (work / "out").glob("*.whl")
    return SimpleNamespace(
        work=work, sources=sources, names=names, unpacked=unpacked, wheel=wheel, python=python
    )


def test_the_sdist_holds_every_source(made):
    folders = ("klfast/", "src_c/", "tests/")
    wanted = {name for name in made.sources if name.startswith(folders)}
    assert wanted, "nothing to compare with"
    assert not wanted - made.names
    assert {"pyproject.toml", "setup.py", "README.md", "LICENSE"} <= made.names


def test_the_sdist_holds_nothing_made(made):
    bad = {n for n in made.names if re.search(r"\.(so|o|pyc|pyd)$|native\.c$|^build/", n)}
    assert not bad


def test_the_wheel_holds_the_package_alone(made):
    with zipfile.ZipFile(made.wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"klfast-{VERSION}.dist-info/METADATA").decode()
    assert {n.split("/")[0] for n in names} == {"klfast", f"klfast-{VERSION}.dist-info"}
    assert any(re.fullmatch(r"klfast/_core/native\..*\.(so|pyd)", n) for n in names)
    assert not any(n.endswith(("native.c", ".pyc")) for n in names)
    suffixes = (".py", ".pyi", ".pxd", ".csv", ".typed")
    packaged = {n for n in made.sources if n.startswith("klfast/") and n.endswith(suffixes)}
    assert not packaged - names
    needed = re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    assert [line for line in needed if "extra ==" not in line] == ["numpy>=2.0"]


SMOKE = """
import sys, importlib.metadata
import klfast as kf
heavy = {"scipy", "matplotlib", "numba", "tqdm", "mpmath", "pandas", "dask"} & set(sys.modules)
assert not heavy, heavy
assert kf.__version__ == importlib.metadata.version("klfast")
q = kf.Gamma(5.0, 2.0)
fit = kf.minimize_reverse_kl(kf.Gamma(1.0, 1.0), q, rng=7)
assert fit.status == "exact" and fit.kl < 1e-12, fit
print(kf.__file__)
"""


def test_the_installed_wheel_works_elsewhere(made):
    run(made.python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--force-reinstall",
        made.wheel)
    run(made.python, "-m", "pip", "check")
    where = run(made.python, "-I", "-c", SMOKE, where=made.work).strip()
    assert Path(where).is_relative_to(made.work / "venv")


def test_an_editable_install_works(made):
    """From the tree, and after the wheel: pip replaces it."""
    run(made.python, "-m", "pip", "install", "-q", "--no-index", "--no-deps",
        "--no-build-isolation", "-e", made.unpacked)
    where = run(made.python, "-I", "-c", SMOKE, where=made.work).strip()
    assert Path(where).is_relative_to(made.unpacked)
