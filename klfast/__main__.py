"""The command `klfast`: a demonstration, fits of files, measurements and facts of the build.

The library is imported inside the commands, so that a wrong environment variable is one line too.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import platform
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

_USAGE, _INTERRUPTED, _CLOSED_PIPE = 2, 130, 141
_COLUMN_HELP = "by name, or by number from 0"


class CommandError(Exception):
    """What the user has to put right; its text is one line."""


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv`, by default that of the process.

    Parameters
    ----------
    argv : list of str, optional
        The words after the command's name.

    Returns
    -------
    int
        0 if all went well; 2 for wrong usage, files, names or data, told in one line on standard
        error; 130 after an interrupt; 141 if the reader of the output has gone.
    """
    try:
        arguments = _parser().parse_args(argv)
        status = int(arguments.run(arguments))
        sys.stdout.flush()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    except BrokenPipeError:
        # what is still in the buffer must not fail again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (CommandError, ValueError, TypeError) as error:
        return _complain(str(error))
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return _complain(f"{name}{error.strerror or error}")
    return status


def _complain(text: str) -> int:
    print("klfast: " + " ".join(text.split()), file=sys.stderr)
    return _USAGE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="klfast",
        description="Fit exponential-family distributions by minimising a Kullback-Leibler "
        "divergence.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and leave")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo", help="fit real data in both directions, with a figure", allow_abbrev=False,
        description="Fit a mixture of two Normals to 272 observations of the Old Faithful geyser, "
        "then one Normal in either direction of the divergence.",
    )
    demo.add_argument("--output", metavar="FILE", type=Path,
                      help="where the figure goes (default: klfast_demo.png)")
    demo.add_argument("--column", choices=("waiting", "eruptions"), default="waiting",
                      help="waiting times (the default), or lengths of the eruptions")
    demo.add_argument("--threads", metavar="N", type=int,
                      help="number of threads; does not change the numbers")
    demo.add_argument("--seed", metavar="N", type=int, help="seed of the estimates")
    demo.set_defaults(run=_demo)

    fit = commands.add_parser(
        "fit", help="fit a family to a column of a file", allow_abbrev=False,
        description="Maximum likelihood for the data in FILE: text with commas, semicolons or "
        "tabs between the cells, with or without a line of names, lines of # left out; or a .npy "
        "array of one or two dimensions.",
    )
    fit.add_argument("file", metavar="FILE", type=Path)
    fit.add_argument("--family", metavar="NAME", required=True, help="as in klfast.families")
    fit.add_argument("--column", metavar="COLUMN",
                     help=f"the data, {_COLUMN_HELP}; several, with commas between, for vectors")
    fit.add_argument("--weights", metavar="COLUMN",
                     help=f"non-negative weights of the rows, {_COLUMN_HELP}; not counts: the "
                     "standard errors take (sum w)^2/sum w^2 for the number of data")
    fit.add_argument("--fixed", metavar="NAME=NUMBER", action="append", default=[],
                     help="a parameter that is not fitted: Binomial's trials, say")
    fit.add_argument("--json", action="store_true", help="print one JSON object")
    fit.set_defaults(run=_fit)

    families = commands.add_parser(
        "families", help="list the families and their parameters", allow_abbrev=False,
    )
    families.set_defaults(run=_families)

    bench = commands.add_parser(
        "bench", help="measure this machine", allow_abbrev=False,
        description="Run the report of the source tree if there is one, else a short measurement "
        "against NumPy.",
    )
    bench.set_defaults(run=_bench)

    info = commands.add_parser(
        "info", help="show version, instruction-set level, compiler and threads",
        allow_abbrev=False,
    )
    info.set_defaults(run=_info)
    return parser


class _Version(argparse.Action):
    """Shows the version, importing the library only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import klfast

        print(f"klfast {klfast.__version__}")
        parser.exit(0)


# ---- demo ----


def _demo(arguments: argparse.Namespace) -> int:
    from klfast.demo import SEED, format_demo, run_demo

    drawing = importlib.util.find_spec("matplotlib") is not None
    output: Path = arguments.output or Path("klfast_demo.png")
    if drawing:
        _check_figure_path(output)
    elif arguments.output is not None:
        raise CommandError(f"{output}: no figure without matplotlib: pip install klfast[plot]")
    demo = run_demo(
        arguments.column, threads=arguments.threads,
        seed=SEED if arguments.seed is None else arguments.seed,
    )
    print(format_demo(demo))
    if not drawing:
        print("figure: pip install klfast[plot] gives it")
        return 0
    from matplotlib.figure import Figure

    from klfast.plotting import plot_demo

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    plot_demo(demo, figure.subplots())
    figure.savefig(output, dpi=150)
    print(f"figure: {output.resolve()}")
    return 0


def _check_figure_path(path: Path) -> None:
    """Refuse a path that cannot take the figure, before any work."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if path.is_dir():
        raise CommandError(f"{path}: is a folder: --output takes the name of a file")
    if path.suffix and path.suffix[1:].lower() not in known:
        raise CommandError(f"{path}: not a kind of figure: the name may end in "
                           + ", ".join(f".{name}" for name in sorted(known)))
    if not path.parent.is_dir():
        raise CommandError(f"{path}: there is no folder {path.parent}")


# ---- fit ----


@dataclass(frozen=True)
class _Table:
    """A file's columns: their names, and a function that reads one as numbers."""

    names: list[str]
    numbers: Callable[[int], NDArray[np.float64]]

    def find(self, wanted: str) -> int | None:
        """Find the column called `wanted`, or of that number."""
        if self.names.count(wanted) > 1:
            raise CommandError(f"column {wanted!r} occurs more than once: give its number from 0")
        if wanted in self.names:
            return self.names.index(wanted)
        if wanted.isascii() and wanted.isdigit() and int(wanted) < len(self.names):
            return int(wanted)
        return None

    def column(self, wanted: str, path: Path) -> int:
        """As `find`; refuses what is not there."""
        found = self.find(wanted)
        if found is None:
            raise CommandError(f"{path}: no column {wanted!r}: there are {self.listed()}")
        return found

    def listed(self) -> str:
        """List the columns by number and name."""
        shown = [f"{i} ({name})" if name != str(i) else name for i, name in enumerate(self.names)]
        if len(shown) > 20:
            shown = [*shown[:20], f"... {len(shown) - 20} more"]
        return ", ".join(shown)


def _fit(arguments: argparse.Namespace) -> int:
    import klfast
    from klfast.optimize.inference import standard_errors

    path: Path = arguments.file
    named = {name.casefold(): cls for name, cls in klfast.families.items()}
    family = named.get(arguments.family.casefold())
    if family is None:
        raise CommandError(f"unknown family {arguments.family!r}: there are "
                           + ", ".join(klfast.families))
    table = _read_npy(path) if path.suffix == ".npy" else _read_text(path)
    weights, exclude = None, None
    if arguments.weights is not None:
        exclude = table.column(arguments.weights, path)
        weights = table.numbers(exclude)
    chosen = _choose(table, arguments.column, exclude, family._is_vector(), family.__name__, path)
    columns = [table.numbers(i) for i in chosen]
    x = np.column_stack(columns) if family._is_vector() else columns[0]
    try:
        p = family.fit(x, weights, **_fixed(family, arguments.fixed))
        result = klfast.minimize_forward_kl(p, x, weights=weights)
    except (TypeError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from None
    effective = len(x) if weights is None else _effective_count(weights)
    errors = standard_errors(result.distribution, effective)
    names = [table.names[i] for i in chosen]
    if arguments.json:
        print(_as_json(path, names, result, errors, len(x), effective))
    else:
        print(_as_text(path, names, result, errors, len(x), effective))
    return 0


def _fixed(family: Any, given: list[str]) -> dict[str, float]:
    """The fixed parameters as numbers: NAME=VALUE each."""
    found: dict[str, float] = {}
    for item in given:
        name, equals, value = item.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise CommandError(f"--fixed {item}: it must be NAME=NUMBER")
    wanted = family._fixed_names()
    missing = [name for name in wanted if name not in found]
    if missing:
        raise CommandError(f"{family.__name__} needs --fixed {missing[0]}=NUMBER: it is not fitted")
    return found


def _families(_: argparse.Namespace) -> int:
    from klfast.families import families

    for name, cls in families.items():
        table = cls._parameter_table()
        parts = [f"[{p}]" if fixed else p for p, _rank, _domain, fixed in table]
        summary = (cls.__doc__ or "").strip().splitlines()[0]
        print(f"{name}({', '.join(parts)}): {summary}")
    print("parameters in brackets are fixed: klfast fit takes them by --fixed NAME=NUMBER")
    return 0


def _effective_count(weights: NDArray[np.float64]) -> float:
    """(sum w)^2 / sum w^2, free of overflow."""
    w = weights / weights.max()
    return float(w.sum() ** 2 / (w * w).sum())


def _choose(
    table: _Table, wanted: str | None, exclude: int | None, vector: bool, family: str, path: Path
) -> list[int]:
    """Choose the columns of the data."""
    if wanted is None:
        free = [i for i in range(len(table.names)) if i != exclude]
        if not vector and len(free) != 1:
            raise CommandError(f"{path}: --column is needed: there are {table.listed()}")
        return free
    if table.find(wanted) is not None:
        return [table.column(wanted, path)]
    parts = [part.strip() for part in wanted.split(",")]
    if len(parts) > 1 and not vector:
        raise CommandError(f"--column {wanted}: the family {family} takes one column")
    return [table.column(part, path) for part in parts]


def _read_npy(path: Path) -> _Table:
    try:
        array = np.load(path, allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise CommandError(f"{path}: not a .npy array of numbers: {error}") from None
    if array.dtype.names:
        raise CommandError(f"{path}: a structured array: save its fields as columns of a 2-d array")
    if array.dtype.kind not in "fiub":
        raise CommandError(f"{path}: dtype {array.dtype}: it must be made of real numbers")
    if array.ndim not in (1, 2):
        raise CommandError(f"{path}: shape {array.shape}: it must have one or two dimensions")
    if array.size == 0:
        raise CommandError(f"{path}: no data: shape {array.shape}")
    rows = array.reshape(len(array), -1)
    return _Table([str(i) for i in range(rows.shape[1])],
                  lambda i: np.ascontiguousarray(rows[:, i], dtype=np.float64))


def _read_text(path: Path) -> _Table:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: byte {error.start} is not UTF-8 text") from None
    if "\0" in text:
        raise CommandError(f"{path}: not text: character {text.index(chr(0))} is NUL")
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise CommandError(f"{path}: no data: the file is empty or all comment")
    delimiter = max(",;\t", key=lines[0][1].count)
    try:
        rows = [next(csv.reader([line], delimiter=delimiter, strict=True)) for _, line in lines]
    except csv.Error as error:
        raise CommandError(f"{path}: cannot be read as a table: {error}") from None
    width = len(rows[0])
    for (number, _), row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise CommandError(f"{path}: line {number} has {len(row)} cells: line {lines[0][0]} "
                               f"has {width}")
    names = [str(i) for i in range(width)]
    if all(_number(cell) is None for cell in rows[0]):
        names = [cell.strip() for cell in rows[0]]
        del rows[0], lines[0]
        if not rows:
            raise CommandError(f"{path}: no data: there is only a line of names")

    def numbers(i: int) -> NDArray[np.float64]:
        values = [_number(row[i]) for row in rows]
        for (number, _), row, value in zip(lines, rows, values, strict=True):
            if value is None:
                raise CommandError(f"{path}: line {number}, column {names[i]!r}: {row[i]!r} is "
                                   "not a number")
        return np.array(values, dtype=np.float64)

    return _Table(names, numbers)


def _number(cell: str) -> float | None:
    """Read the number in a cell, None if there is none; Python's 1_000 is none."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _as_json(
    path: Path, names: Sequence[str], result: Any, errors: dict[str, NDArray[np.float64]],
    n: int, effective: float,
) -> str:
    return json.dumps(
        {
            "file": str(path),
            "columns": list(names),
            "family": type(result.distribution).__name__,
            "parameters": {k: _plain(v) for k, v in result.distribution.parameters.items()},
            "standard_errors": {k: _plain(v) for k, v in errors.items()},
            "log_likelihood": _plain(result.log_likelihood),
            "cross_entropy": _plain(result.cross_entropy),
            "cross_entropy_error": _plain(result.cross_entropy_error),
            "n": n,
            "effective_n": effective,
        },
        indent=2, allow_nan=False,
    )


def _plain(value: Any) -> Any:
    """Numbers and lists for JSON, which has no NaN or infinity."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim:
        return [_plain(part) for part in array]
    return float(array) if np.isfinite(array) else None


def _as_text(
    path: Path, names: Sequence[str], result: Any, errors: dict[str, NDArray[np.float64]],
    n: int, effective: float,
) -> str:
    p = result.distribution
    rows = [("parameter", "value", "standard error")]
    for name, value in p.parameters.items():
        for index in np.ndindex(np.shape(value)):
            if len(index) == 2 and index[1] > index[0]:
                continue  # the upper half of a symmetric matrix
            label = name + (f"[{', '.join(map(str, index))}]" if index else "")
            if name in p.fixed:
                error = "fixed"
            else:
                error = f"{e:.3g}" if np.isfinite(e := errors[name][index]) else "-"
            rows.append((label, f"{np.asarray(value)[index]:.8g}", error))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{type(p).__name__} fitted to column{'s' * (len(names) > 1)} "
             f"{', '.join(names)} of {path} by maximum likelihood"]
    lines += [f"  {a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    lines.append(f"log-likelihood  {result.log_likelihood:.6f}")
    lines.append(f"n               {n}" + (f" (effective {effective:.6g})"
                                           if effective != n else ""))
    return "\n".join(lines)


# ---- bench ----


def _bench(_: argparse.Namespace) -> int:
    import klfast

    root = Path(klfast.__file__).resolve().parent.parent
    report = root / "bench" / "report.py"
    if report.is_file() and (root / "src_c").is_dir():
        paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, str(report)]
        return subprocess.run(command, env=environment, check=False).returncode
    generator = np.random.default_rng(1)
    stream = klfast.Stream(seed=1)
    n = 1_000_000
    p, g = klfast.Normal(1.0, 2.0), klfast.Gamma(2.5, 1.0)
    x, y = p.sample(n, rng=stream), g.sample(n, rng=stream)
    constant, log_gamma = np.log(2.0) + 0.5 * np.log(2.0 * np.pi), 0.2846828704729192
    work: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("Normal, draws", lambda: p.sample(n, rng=stream),
         lambda: generator.normal(1.0, 2.0, n)),
        ("Normal, log-density", lambda: p.log_density(x),
         lambda: -0.5 * ((x - 1.0) / 2.0) ** 2 - constant),
        ("Gamma, draws", lambda: g.sample(n, rng=stream),
         lambda: generator.gamma(2.5, 1.0, n)),
        ("Gamma, log-density", lambda: g.log_density(y),
         lambda: 1.5 * np.log(y) - y - log_gamma),
    ]
    print(f"nanoseconds an element, best of 5, {n} elements; level {_level()}")
    print(f"{'':<20}  {'klfast':>8}  {'NumPy':>8}")
    for name, ours, theirs in work:
        print(f"{name:<20}  {_best(ours) / n:>8.2f}  {_best(theirs) / n:>8.2f}")
    return 0


def _best(function: Callable[[], object]) -> int:
    times = []
    for _ in range(5):
        began = time.perf_counter_ns()
        function()
        times.append(time.perf_counter_ns() - began)
    return min(times)


# ---- info ----


def _level() -> str:
    from klfast._core import native

    return str(native.level_name())


def _info(_: argparse.Namespace) -> int:
    import klfast
    from klfast import _threads
    from klfast._core import native

    compiler = getattr(native, "compiler", None)
    rows = {
        "klfast": klfast.__version__,
        "level": f"{_level()} (available: {', '.join(native.available_levels())})",
        "compiler": compiler() if compiler else sysconfig.get_config_var("CC") or "unknown",
        "threads": f"{_threads.DEFAULT} by default, {os.cpu_count()} processors",
        "NumPy": np.__version__,
        "Python": f"{platform.python_version()} ({platform.machine()}, {platform.system()})",
        "families": ", ".join(klfast.families),
    }
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
