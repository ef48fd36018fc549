"""The order of the modules, and what they share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "c"))
import c_library

HERE = Path(__file__).parent
# Those that take longest come first, so that no process of a parallel run is left with one of them
# at the end; the others follow as they are found.
FIRST = ["test_same_bits.py", "test_packaging.py", "random/test_samplers.py",
         "test_vectorised.py", "random/test_samplers_each.py", "random/test_samplers_end.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Under `pytest -n 2` a module's tests go to one process, and modules in the order below."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "loadscope"
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules first."""
    places = {HERE / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def gcc_level(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a level's objects, made by GCC with the flags of setup.py, once for a run.

    messages.json there says what is vectorised. The project's own check refuses warnings; a user's
    compiler may know others.
    """
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    flags = ["-fopt-info-vec-optimized"]
    if os.environ.get("CI") == "true":
        flags += c_library.settings().warnings

    def objects(level: str) -> Path:
        def make(folder: Path) -> None:
            messages = c_library.compile_level("gcc", folder, level, flags)
            (folder / "messages.json").write_text(json.dumps(messages))

        return c_library.once(root / f"gcc-{level}", make)

    return objects
