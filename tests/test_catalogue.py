"""The written lists of families are those of the registry; adding a family touches three places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import klfast as kf
from klfast._core.native import family_names
from klfast.families import catalogue

ROOT = Path(__file__).resolve().parents[1]


def test_the_table_of_the_readme_is_current():
    written = (ROOT / "README.md").read_text()
    start, end = written.index(catalogue.START), written.index(catalogue.END)
    assert written[start + len(catalogue.START) : end].strip() == catalogue.table().strip(), (
        "run python -m klfast.families.catalogue"
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [("klfast/families/__init__.pyi", catalogue.stub()),
     ("klfast/__init__.pyi", catalogue.package_stub())],
)
def test_the_stubs_are_current(path, text):
    assert (ROOT / path).read_text() == text, "run python -m klfast.families.catalogue"


def test_the_stub_names_what_the_package_exports():
    named = set(re.findall(r" as (\w+),?$", catalogue.package_stub(), flags=re.MULTILINE))
    assert named == set(kf.__all__)


def places(name: str, class_name: str) -> list[str]:
    """Files outside the tests, bench and what is generated that name a family by hand.

    The C names of a family that are common words (gamma, normal, beta) are looked for as C or
    Python would use them.
    """
    patterns = [rf"KLF_REGISTER\({name}\)", rf"KLF_FAMILY\({name}\)", rf"_family.*= \"{name}\"",
                rf"families\.{name}\b",
                rf"\b{class_name}\b.*\bimport\b|\bimport\b.*\b{class_name}\b"]
    found = []
    for path in [*ROOT.glob("src_c/**/*"), *ROOT.glob("klfast/**/*"), ROOT / "setup.py"]:
        if path.suffix not in {".c", ".h", ".def", ".py", ".pyx", ".pxi", ".pxd"}:
            continue
        if path.name == "native.c":
            continue
        text = path.read_text()
        if any(re.search(pattern, text) for pattern in patterns):
            found.append(str(path.relative_to(ROOT)))
    return found


# the demo and the command line are made with the Normal
USES = {"Normal": {"klfast/demo.py"}}


@pytest.mark.parametrize("class_name", list(kf.families))
def test_a_family_is_one_c_file_one_registry_line_and_one_class(class_name):
    name = kf.families[class_name]._family
    found = set(places(name, class_name)) - USES.get(class_name, set())
    assert found == {f"src_c/families/{name}.c", "src_c/families/families.def",
                     f"klfast/families/{name}.py"}


def test_every_line_of_the_registry_is_a_family():
    lines = (ROOT / "src_c/families/families.def").read_text().splitlines()
    registered = [m[1] for line in lines if (m := re.match(r"KLF_REGISTER\((\w+)\)$", line))]
    assert registered == family_names()
    assert [cls._family for cls in kf.families.values()] == registered


def test_contributing_names_the_three_places():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text[text.index("## Add a family") :].split("\n## ")[0]
    for place in ("src_c/families/NAME.c", "src_c/families/families.def",
                  "klfast/families/NAME.py"):
        assert place in section
