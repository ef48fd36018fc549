"""What the registry holds, for people and for type checkers.

`table` is the list of families in the README; `stub` and `package_stub` are the `.pyi` files that
tell editors and type checkers the names that the registry finds at run time. All three are written
by ``python -m klfast.families.catalogue`` in a checkout, and a test says when they are out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from klfast.families import families
from klfast.families.family import Family

START, END = "<!-- families: written by klfast.families.catalogue -->", "<!-- end of families -->"
_CAPABILITIES: dict[str, Callable[[Any, Any], object]] = {
    "sample": lambda p, _: p.sample(3, rng=0),
    "log_density": lambda p, x: p.log_density(x),
    "score": lambda p, x: [p.score(x, coordinates=c)
                           for c in ("parameters", "natural", "unconstrained")],
    "T, log h": lambda p, x: (p.sufficient_statistics(x), p.log_base_measure(x)),
    "maps": lambda p, _: (type(p).from_natural(p.natural_parameters, **p.fixed),
                          type(p).from_mean(p.mean_parameters, **p.fixed),
                          type(p).from_unconstrained(p.unconstrained, **p.fixed)),
    "A": lambda p, _: p.log_partition(),
    "Fisher": lambda p, _: (p.fisher_information(), p.fisher_solve(np.ones(p.n_coordinates))),
    "entropy": lambda p, _: p.entropy(),
    "KL": lambda p, _: p._kl(p),
    "mean, variance": lambda p, _: (p.mean(), p.variance()),
    "fit": lambda p, _: type(p).fit(p.sample(50, rng=1), **p.fixed),
}


def _member(cls: type[Family]) -> Any:
    """Some member: unconstrained coordinates 0.3, fixed parameters 3."""
    fixed = dict.fromkeys(cls._fixed_names(), 3.0)
    for k in range(1, 6):
        try:
            return cls.from_unconstrained(np.full(k, 0.3), **fixed)
        except ValueError:
            continue
    raise ValueError(f"{cls.__name__}: no number of coordinates up to 5 makes a member")


def _parameters(cls: type[Family], fixed: bool) -> str:
    shapes = {0: "", 1: " (d)", 2: " (d x d)"}
    return ", ".join(
        f"{name}{shapes[rank]}: {domain}"
        for name, rank, domain, is_fixed in cls._parameter_table() if is_fixed is fixed
    )


def _offers(cls: type[Family]) -> list[str]:
    """A mark for each capability that works on a member."""
    p = _member(cls)
    x = p.sample(3, rng=2)
    marks = []
    for use in _CAPABILITIES.values():
        try:
            use(p, x)
            marks.append("x")
        except (NotImplementedError, AttributeError):
            marks.append("")
    return marks


def table() -> str:
    """The families as a table in Markdown."""
    heads = ["family", "fitted parameters", "fixed", "draws", "k", *_CAPABILITIES]
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    for name, cls in families.items():
        p = _member(cls)
        draws = "counts" if p.is_integer else ("vectors" if p.event_shape else "numbers")
        k = "d + d(d+1)/2" if p.event_shape else str(p.n_coordinates)
        cells = [f"`{name}`", _parameters(cls, False), _parameters(cls, True), draws, k]
        lines.append("| " + " | ".join([*cells, *_offers(cls)]) + " |")
    return "\n".join(lines) + "\n"


def _imports(pairs: list[tuple[str, str]]) -> str:
    """Lines that export names from modules, in the order and the width that the linter wants."""
    lines = []
    for module, name in sorted(pairs, key=lambda p: (p[0], p[1].islower(), p[1].lower())):
        line = f"from {module} import {name} as {name}"
        if len(line) > 100:
            line = f"from {module} import (\n    {name} as {name},\n)"
        lines.append(line + "\n")
    return "".join(lines)


def stub() -> str:
    """`klfast/families/__init__.pyi`."""
    pairs = [(cls.__module__, name) for name, cls in families.items()]
    return _imports([*pairs, ("klfast.families.family", "Family"),
                     ("klfast.families.registry", "families")])


def package_stub() -> str:
    """`klfast/__init__.pyi`: the imports of `klfast/__init__.py` and the families."""
    import klfast

    source = Path(inspect.getsourcefile(klfast) or "").with_name("__init__.py").read_text()
    pairs = [("klfast.families", name) for name in ("families", *families)]
    for line in source.splitlines():
        if line.startswith("from klfast") and not line.endswith("import families"):
            module, names = line.removeprefix("from ").split(" import ")
            pairs += [(module, name) for name in names.split(", ")]
    return _imports(pairs) + "\n__version__: str\n"


def main() -> None:
    """Write the three into the checkout that this package is imported from."""
    package = Path(__file__).parents[1]
    package.joinpath("families", "__init__.pyi").write_text(stub())
    package.joinpath("__init__.pyi").write_text(package_stub())
    readme = package.parent / "README.md"
    before, rest = readme.read_text().split(START)
    readme.write_text(before + START + "\n\n" + table() + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
