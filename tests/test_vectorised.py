"""Hot loops are vector code, and the baseline holds no instruction of a higher level.

The C sources rely on the compiler's vectoriser, which gives up in silence. tests/c/vectorised.txt
lists what must be vectorised; `python tests/test_vectorised.py` prints what now is, in its form,
and names the loops of the listed functions that are not, with GCC's reasons.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "c"))
import c_library

TABLE = Path(__file__).parent / "c" / "vectorised.txt"
SOURCE = c_library.ROOT / "src_c"
WIDTH = {"v3": 32, "v4": 64}
# the loops over points, which every scalar family has
ALWAYS = ("log_density", "score", "log_density_each", "check_data")
REGISTER = {"v3": "ymm", "v4": "zmm"}
MESSAGE = re.compile(r"(src_c/\S+?):(\d+):\d+: optimized: loop vectorized using (\d+) byte vectors")
PACKED = re.compile(
    r"\bv?(?:f\w+|add|sub|mul|div|sqrt|max|min)(?:\d{3})?pd\b|\bvp(?:add|xor|rol)\w*"
)


def functions(path: Path) -> dict[int, str]:
    """Line number -> function around it; a macro's use at top level counts as one."""
    found: dict[int, str] = {}
    name, head = None, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line == "{":
            known = re.search(r"(?:KLF_LEVEL_SYMBOL\((\w+)\)|(\w+))\s*\(", head)
            name = (known[1] or known[2]) if known else None
        elif line.startswith("}"):
            name, head = None, ""
        elif name:
            found[number] = name
        elif re.fullmatch(r"[A-Z_]+\(.*\)", line):
            found[number] = line.replace(" ", "")
        elif not line or line[0] in "#/" or line.startswith(" *") or line.endswith(";"):
            head = ""
        else:
            head += " " + line
    return found


def vectorised_loops(level: str, messages: dict[str, str]) -> dict[tuple[str, str], set[int]]:
    """(source, function) -> lines of its loops that use whole registers of the level."""
    found = defaultdict(set)
    lines_of: dict[Path, dict[int, str]] = {}
    for unit, text in messages.items():
        for match in MESSAGE.finditer(text):
            path = Path(os.path.normpath(c_library.ROOT / match[1]))
            lines = lines_of.setdefault(path, functions(path))
            if int(match[3]) == WIDTH[level]:
                found[unit, lines.get(int(match[2]), "?")].add(int(match[2]))
    return found


def packed_instructions(level: str, folder: Path) -> Counter[tuple[str, str]]:
    """(object, symbol) -> arithmetic instructions on whole registers of the level."""
    counts: Counter[tuple[str, str]] = Counter()
    for path in sorted(folder.glob("*.o")):
        text = c_library.run_output(["objdump", "-d", "--no-show-raw-insn", str(path)])
        for symbol, body in re.findall(r"^\w+ <([^>]+)>:\n((?:.+\n)*)", text, re.MULTILINE):
            name = symbol.split(".")[0].removesuffix(f"_{level}")
            for line in body.splitlines():
                if REGISTER[level] in line and PACKED.search(line):
                    counts[path.stem, name] += 1
    return counts


def rows() -> list[tuple[str, str, str, int]]:
    """The table's rows: kind, source or object, function, least number."""
    lines = [line.split("#")[0].split() for line in TABLE.read_text().splitlines()]
    listed = [(k, unit, name, int(least)) for k, unit, name, least in filter(None, lines)]
    return listed + [("loops", f"families/{family}.c", name, 1)
                     for family in scalar_families() for name in ALWAYS]


def scalar_families() -> list[str]:
    """Registered families whose draws are numbers."""
    registry = re.findall(r"KLF_REGISTER\((\w+)\)", (SOURCE / "families/families.def").read_text())
    assert registry
    return [name for name in registry
            if ".is_vector = 1" not in (SOURCE / f"families/{name}.c").read_text()]


def require() -> None:
    """Skip where the tools are absent, except in CI."""
    c_library.require("gcc", "objdump")
    if "x86_64-linux-gnu" not in c_library.run_output(["gcc", "-dumpmachine"]):
        pytest.skip("the levels v3 and v4 are of x86-64")


@pytest.fixture(scope="module", params=["v3", "v4"])
def made(request, gcc_level):
    require()
    level = request.param
    folder = gcc_level(level)
    messages = json.loads((folder / "messages.json").read_text())
    return level, vectorised_loops(level, messages), packed_instructions(level, folder)


def test_hot_loops_are_vectorised(made):
    level, loops, packed = made
    missing = []
    for kind, unit, name, least in rows():
        there = len(loops[unit, name]) if kind == "loops" else packed[unit, name]
        if there < least:
            missing.append(f"{level} {kind} {unit} {name}: {there} of {least}")
    assert not missing, (
        "not vectorised; for GCC's reasons: python tests/test_vectorised.py\n" + "\n".join(missing)
    )


def test_the_baseline_has_no_instruction_of_a_higher_level(gcc_level):
    require()
    for path in sorted(gcc_level("baseline").glob("*.o")):
        text = c_library.run_output(["objdump", "-d", "--no-show-raw-insn", str(path)])
        wide = re.search(r".*(%[yz]mm|\sv[a-z0-9]+\s.*%xmm).*", text)
        assert wide is None, f"{path.name}: {wide[0]}"


def main() -> None:
    """Print what is vectorised now, and GCC's reasons where a listed function has other loops."""
    import tempfile

    hot = {(unit, name) for _, unit, name, _ in rows()} if TABLE.exists() else set()
    for level in WIDTH:
        folder = Path(tempfile.mkdtemp())
        messages = c_library.compile_level("gcc", folder, level, ["-fopt-info-vec"])
        for (unit, name), lines in sorted(vectorised_loops(level, messages).items()):
            print(level, "loops", unit, name, len(lines))
        for (unit, name), count in sorted(packed_instructions(level, folder).items()):
            print(level, "packed", unit, name, count)
        missed = c_library.compile_level("gcc", folder, level, ["-fopt-info-vec-missed"])
        for unit, text in missed.items():
            lines = functions(SOURCE / unit)
            for path, line, reason in sorted(
                set(re.findall(r"(src_c/\S+?):(\d+):\d+: missed: (.*)", text))
            ):
                name = lines.get(int(line), "?")
                if path.endswith(unit) and (unit, name) in hot:
                    print(level, "missed", f"{unit}:{line}", name, reason)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
