"""The written lists of families are those of the registry; adding a family touches three places."""

from __future__ import annotations

import ast
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


def names_in_python(text: str) -> set[str]:
    """Names and attributes that code uses, and the whole of its strings; not what prose says."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        found.update(getattr(node, field) for field in ("id", "attr", "name", "module")
                     if isinstance(getattr(node, field, None), str))
    return found | {name.rpartition(".")[2] for name in found}


def names_in_c(text: str) -> set[str]:
    """Strings and the arguments of the registry's macros, in C or Cython without its prose."""
    text = re.sub(r'/\*.*?\*/|""".*?"""|#[^"\n]*$', "", text, flags=re.DOTALL | re.MULTILINE)
    found = set(re.findall(r'"(\w+)(?:\.c)?"', text))
    found.update(re.findall(r"KLF_(?:REGISTER|FAMILY)\((\w+)\)", text))
    return found | set(re.findall(r"\b[A-Z][a-z]+[A-Za-z]*\b", re.sub(r'"[^"\n]*"', "", text)))


def named_by_code() -> dict[str, set[str]]:
    """Of each file outside the tests and bench that is written by hand: the names in its code."""
    found = {}
    for path in [*ROOT.glob("src_c/**/*"), *ROOT.glob("klfast/**/*"), ROOT / "setup.py"]:
        if path.suffix == ".py":
            names = names_in_python(path.read_text())
        elif path.suffix in {".c", ".h", ".def", ".pyx", ".pxi", ".pxd"}:
            names = names_in_c(path.read_text()) if path.name != "native.c" else set()
        else:
            continue
        found[str(path.relative_to(ROOT))] = names
    return found


NAMED = named_by_code()


# the demo and the little benchmark of the command line are made with these
USES = {"Normal": {"klfast/demo.py", "klfast/__main__.py"}, "Gamma": {"klfast/__main__.py"}}


@pytest.mark.parametrize("class_name", list(kf.families))
def test_a_family_is_one_c_file_one_registry_line_and_one_class(class_name):
    name = kf.families[class_name]._family
    found = {path for path, names in NAMED.items() if {name, class_name} & names}
    found -= USES.get(class_name, set())
    assert found == {f"src_c/families/{name}.c", "src_c/families/families.def",
                     f"klfast/families/{name}.py"}


def test_a_fourth_place_would_be_seen():
    assert "Weibull" in names_in_python("def f(p):\n    return isinstance(p, kf.Weibull)\n")
    assert "weibull" in names_in_python('FAST = {"weibull"}\n')
    assert "weibull" in names_in_python("import klfast.families.weibull\n")
    assert "Weibull" not in names_in_python('"""Fits of Weibull."""\n# Weibull\n')
    assert "weibull" in names_in_c('if (strcmp(family->name, "weibull") == 0)')
    assert "weibull" in names_in_c('#include "weibull.c"')
    assert "Weibull" in names_in_c("    if type(self) is Weibull:")
    assert not {"weibull", "Weibull"} & names_in_c('/* weibull, Weibull */ # Weibull\n"of Weibull"')


@pytest.mark.parametrize("name", family_names())
def test_a_family_has_members_and_exact_values_for_the_tests(name):
    assert (ROOT / f"tests/families/cases/{name}.py").is_file()
    # of vectors other tests take care
    vectors = {cls._family for cls in kf.families.values() if cls._is_vector()}
    assert name in vectors or (ROOT / f"tests/families/exact/{name}.py").is_file()


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
