"""Builds src_c/math/vector_math.c once per instruction-set level and loads it by ctypes."""

import ctypes
import os
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "src_c"
FLAGS = ["-std=c11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fPIC",
         "-shared", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
X86_LEVELS = {"baseline": ["-march=x86-64"], "v3": ["-march=x86-64-v3"],
              "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
LEVELS = X86_LEVELS if platform.machine() in ("x86_64", "AMD64") else {"baseline": []}

APPLY = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p)


class Entry(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("apply", APPLY)]


class Level:
    """The functions of one level, on numpy arrays."""

    def __init__(self, name, path):
        self.name = name
        self.library = ctypes.CDLL(str(path))
        table = ctypes.addressof(Entry.in_dll(self.library, f"klf_vector_functions_{name}"))
        self.functions = {}
        while (entry := Entry.from_address(table)).name:
            self.functions[entry.name.decode()] = entry.apply
            table += ctypes.sizeof(Entry)

    def __call__(self, name, x):
        x = np.ascontiguousarray(x, dtype=np.float64)
        out = np.empty_like(x)
        apply = self.functions.get(name) or APPLY((f"test_{name}", self.library))
        apply(x.size, x.ctypes.data, out.ctypes.data)
        return out

    def pair(self, name, *arguments):
        """Apply one of extra_functions.c with two results."""
        arguments = [np.ascontiguousarray(a, dtype=np.float64) for a in arguments]
        results = [np.empty_like(arguments[0]) for _ in range(2)]
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in arguments + results]
        getattr(self.library, "test_" + name)(ctypes.c_size_t(arguments[0].size), *pointers)
        return results

    def of_two(self, name, x, y):
        """Apply one of extra_functions.c with two arguments."""
        x, y = (np.ascontiguousarray(a, dtype=np.float64) for a in (x, y))
        out = np.empty_like(x)
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (x, y, out)]
        getattr(self.library, "test_" + name)(ctypes.c_size_t(x.size), *pointers)
        return out

    def uniform(self, words):
        words = np.ascontiguousarray(words, dtype=np.uint64)
        out = np.empty(words.size)
        self.library.test_uniform(ctypes.c_size_t(words.size), ctypes.c_void_p(words.ctypes.data),
                                  ctypes.c_void_p(out.ctypes.data))
        return out


@pytest.fixture(scope="session")
def levels(tmp_path_factory):
    """Build every level and return those that this machine runs, the baseline first."""
    compiler = os.environ.get("CC", "cc").split()
    if not shutil.which(compiler[0]):
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("vector_math")
    built = []
    for name, march in LEVELS.items():
        path = folder / f"vector_math_{name}.so"
        subprocess.run(
            [*compiler, *FLAGS, *march, f"-DKLF_LEVEL={name}", f"-I{SOURCES / 'include'}",
             str(SOURCES / "math" / "vector_math.c"), str(HERE / "extra_functions.c"),
             "-o", str(path), "-lm"], check=True)
        if not built or built[0].library.test_processor_has(name.encode()):
            built.append(Level(name, path))
    return built
