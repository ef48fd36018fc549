"""Builds the C library once per instruction-set level and the one Cython module over it.

`libraries=` of setuptools would put every level's object at the same path and reuse the first, so a
`build_ext` subclass compiles each level into a folder of its own. See pyproject.toml for the rest.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

SOURCE = Path("src_c")
# What is compiled once; all the rest once per level.
BASELINE_SOURCES = [
    str(SOURCE / path)
    for path in ("dispatch/choose.c", "kl/accumulator.c", "kl/estimates.c", "kl/fit.c",
                 "kl/likelihood.c", "kl/probe.c", "kl/reverse.c", "kl/stein.c", "random/stream.c")
]
LEVEL_SOURCES = sorted(
    str(path)
    for folder in ("families", "kl", "math", "random")
    for path in (SOURCE / folder).glob("*.c")
    if str(path) not in BASELINE_SOURCES
) + [str(SOURCE / "dispatch" / "level.c")]
HEADERS = sorted(str(path) for path in SOURCE.rglob("*.h")) + [
    str(SOURCE / "families" / "families.def")
]

# Contraction is off so that a sum and a product stay two roundings on every level: the same bits
# everywhere. The other flags let comparisons and square roots be vectorised; they change no value.
FLAGS = [
    "-std=c11",
    "-O3",
    "-g0",  # Python asks for -g, which takes a sixth of the compiler's time
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    # GCC's alone, which clang is not to warn of: a family's loops are vector code only if all that
    # they call is inlined, however long the file
    "--param=inline-unit-growth=300",
    "-Wno-unused-command-line-argument",
]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def levels() -> dict[str, list[str]]:
    """Instruction-set levels of this processor's architecture, with their compiler flags.

    KLFAST_LEVELS="baseline v3" leaves out others, for builds that are to be quick; there is always
    a baseline.
    """
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return {"baseline": []}
    known = {
        "baseline": ["-march=x86-64"],
        "v3": ["-march=x86-64-v3"],
        "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
    }
    wanted = os.environ.get("KLFAST_LEVELS", " ".join(known)).split()
    return {name: flags for name, flags in known.items() if name in [*wanted, "baseline"]}


class BuildLevels(build_ext):
    """Compiles the C library level by level before the extension that links it."""

    def build_extension(self, extension: Extension) -> None:
        """Add the objects of every level to the extension, then build it."""
        flags = FLAGS + os.environ.get("KLFAST_CFLAGS", "").split()
        if os.environ.get("KLFAST_WERROR"):
            flags = flags + WARNINGS
        objects: list[str] = []
        has = [(f"KLF_HAS_{name.upper()}", None) for name in levels() if name != "baseline"]
        for name, level_flags in levels().items():
            objects += self.compile_changed(LEVEL_SOURCES, name, [("KLF_LEVEL", name)],
                                            flags + level_flags)
        objects += self.compile_changed(BASELINE_SOURCES, "choice", has,
                                        flags + levels()["baseline"])
        extension.extra_objects = objects
        super().build_extension(extension)

    def compile_changed(
        self, sources: list[str], folder: str, macros: list[tuple[str, str | None]],
        flags: list[str],
    ) -> list[str]:
        """Compile the sources that are newer than their objects, several at once."""
        # a folder to each set of flags, so that objects made with others are not taken for these
        options = hashlib.sha256(repr((flags, macros)).encode()).hexdigest()[:12]
        output = str(Path(self.build_temp) / f"{folder}-{options}")
        objects = self.compiler.object_filenames(sources, output_dir=output)

        def compile_one(pair: tuple[str, str]) -> None:
            source, made = pair
            if self.force or newer_group([source, *HEADERS], made):
                self.compiler.compile([source], output_dir=output, macros=macros,
                                      include_dirs=[str(SOURCE / "include")],
                                      extra_postargs=flags)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compile_one, zip(sources, objects, strict=True)))
        return objects


native = Extension(
    "klfast._core.native",
    sources=["klfast/_core/native.pyx"],
    include_dirs=[str(SOURCE / "include"), numpy.get_include()],
    define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
                   ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION")],
    depends=HEADERS
    + LEVEL_SOURCES
    + BASELINE_SOURCES
    + sorted(str(path) for path in Path("klfast/_core").glob("*.px[id]")),
    extra_compile_args=["-O2", "-g0", "-ffp-contract=off"]
    + os.environ.get("KLFAST_CFLAGS", "").split(),
    extra_link_args=([] if sys.platform == "darwin" else ["-Wl,--strip-debug"])
    + os.environ.get("KLFAST_LDFLAGS", "").split(),
)

setup(
    ext_modules=cythonize([native], language_level=3),
    cmdclass={"build_ext": BuildLevels},
)
