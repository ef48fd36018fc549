"""Benchmarks: not part of the test suite. Run ``pytest bench`` or ``python bench/report.py``."""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import scipy  # noqa: E402

import klfast as kf  # noqa: E402
from klfast._core import native  # noqa: E402

Measure = Callable[..., Any]


@pytest.fixture
def measure(benchmark: Any) -> Measure:
    """Time ``function(*arguments)``; `elements` are what the time is divided by."""

    def run(group: str, elements: int, function: Callable[..., Any], *arguments: Any) -> Any:
        benchmark.group = group
        benchmark.extra_info.update(
            level=native.level_name(), elements=elements, klfast=kf.__version__,
            numpy=np.__version__, scipy=scipy.__version__,
        )
        result = benchmark(function, *arguments)
        if benchmark.stats is not None:
            seconds = benchmark.stats.stats.min
            benchmark.extra_info["ns_per_element"] = round(seconds / elements * 1e9, 4)
        return result

    return run
