"""Writes NAME_log_density.csv and NAME_algebra.csv beside it: exact values with mpmath, 50 digits.

    python make_reference.py [NAME ...]      by default all families of ../exact

Each value is evaluated at the double that stands in the file (as a hexadecimal float) and stored
with 25 digits, beside the largest term of the sum that defines it in the usual parameters. What
rounding in any sensible route can do is a few units of the last place of that term. The values come
from the functions of ../exact/NAME.py.
"""

from __future__ import annotations

import csv
import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import mpmath as mp

HERE = Path(__file__).parent
EXACT = HERE.parent / "exact"
sys.path.insert(0, str(HERE.parent))  # exact_tools


def load(name: str) -> ModuleType:
    """The module of exact values of one family."""
    spec = importlib.util.spec_from_file_location(f"exact_{name}", EXACT / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def near(theta: tuple[float, ...], fitted: int, step: float) -> tuple[float, ...]:
    """A member whose fitted parameters are off by a relative step."""
    return tuple(t * (1.0 + step) if i < fitted else t for i, t in enumerate(theta))


def pairs(module: ModuleType) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Neighbours in the grid, far pairs, and members close together; fixed parameters agree."""
    if hasattr(module, "pairs"):
        return module.pairs()
    members = module.MEMBERS
    fitted = len(members[0]) - getattr(module, "FIXED", 0)
    found = [(p, q) for p, q in zip(members, members[1:] + members[:1], strict=True)]
    found += [(p, q) for p, q in zip(members, members[7:] + members[:7], strict=True)]
    found += [(p, near(p, fitted, s)) for p in members for s in (1e-4, 1e-10)]
    return [(p, q) for p, q in found if all(map(math.isfinite, q)) and p[fitted:] == q[fitted:]]


def text(x: mp.mpf) -> str:
    return mp.nstr(x, 25)


def hexadecimal(theta: tuple[float, ...]) -> str:
    return " ".join(float(t).hex() for t in theta)


def write(name: str) -> None:
    """Both files of one family."""
    module = load(name)
    with (HERE / f"{name}_log_density.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["theta", "x", "value", "largest"])
        for theta in module.MEMBERS:
            for x in dict.fromkeys(module.points(theta)):
                value, largest = module.log_density(theta, x)
                out.writerow([hexadecimal(theta), x.hex(), text(value), text(largest)])
    with (HERE / f"{name}_algebra.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["what", "theta", "other", "value", "largest"])
        for what in ("log_partition", "entropy"):
            for theta in getattr(module, f"{what}_members".upper(), module.MEMBERS):
                value, largest = getattr(module, what)(theta)
                out.writerow([what, hexadecimal(theta), "", text(value), text(largest)])
        for p, q in pairs(module):
            value, largest = module.kl(p, q)
            if value < mp.mpf("1e308") or value == mp.inf:
                out.writerow(["kl", hexadecimal(p), hexadecimal(q), text(value), text(largest)])


def main() -> None:
    """Write the files of the families that are named, or of all."""
    for name in sys.argv[1:] or sorted(path.stem for path in EXACT.glob("*.py")):
        write(name)


if __name__ == "__main__":
    main()
