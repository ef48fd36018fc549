"""klfast beside NumPy, SciPy, Numba, MKL, PyTorch and JAX in one run, as tables in Markdown.

``python bench/report.py [--quick] [--family NAME] [--only TEXT] [--output FILE.md]``

Every time is the least of many, taken in turn with the peers'. A goal is a ratio to NumPy in the
same run, or to one of the machine's limits. One thread throughout.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "KLFAST_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import math  # noqa: E402
import platform  # noqa: E402
import re  # noqa: E402
from collections.abc import Callable, Iterable, Iterator  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import by_hand  # noqa: E402
import every_family  # noqa: E402
import numpy as np  # noqa: E402
import optional_peers  # noqa: E402
import scipy  # noqa: E402
from cases import PEERS, Case, cases, covariance, scipy_log_density  # noqa: E402
from measuring import Call, Limits, faster_peers, figure, interleaved  # noqa: E402
from scipy import stats  # noqa: E402

import klfast as kf  # noqa: E402
from klfast._core import native  # noqa: E402

try:
    import by_hand_numba
    import numba
except ImportError:
    by_hand_numba = numba = None

UNITS = {"ns": 1e9, "µs": 1e6, "ms": 1e3}


@dataclass
class Row:
    """One line: what is timed, by how many units it is divided, and its goal."""

    label: str
    klfast: Call
    numpy: Call
    count: float
    goal: float                   # the goal's figure, beside NumPy's figure of the same table
    goal_numpy: float
    limit: float                  # ns per unit of the count that the machine allows
    scipy: Call | None = None
    others: dict[str, Call] = field(default_factory=dict)
    unit: str = "ns"
    fixed_goal: float | None = None   # ns, where the goal is a limit of the machine


def numba_calls(**calls: Call) -> dict[str, Call]:
    """The calls by name, if Numba is there."""
    return {name.replace("_", " "): call for name, call in calls.items()} if numba else {}


# ---- The tables ----

def case_of(name: str) -> Case | None:
    """The case of that name, unless its family is not registered yet."""
    return next((case for case in cases() if str(case) == name), None)


# Goal and NumPy's figure beside it, ns; words of 64 bits a draw.
SAMPLING = {
    "Normal(0, 1)": (2.3, 13, 1), "Exponential(1)": (1.9, 11, 1), "Gamma(0.5, 1)": (10, 69, 3),
    "Gamma(2.5, 1)": (7, 25, 2), "Gamma(50, 1)": (6, 33, 2), "Beta(0.5, 0.5)": (15, 61, 2),
    "Beta(2, 5)": (14, 65, 2), "Poisson(0.5)": (2.2, 25, 1), "Poisson(8)": (2.2, 63, 1),
    "Poisson(200)": (2.2, 56, 1), "Binomial(0.3, 20)": (2.2, 53, 1),
    "Bernoulli(0.3)": (0.7, 13, 0), "VonMises(0, 2)": (15, 90, 2), "Geometric(0.3)": (1.8, 20, 1),
    "MultivariateNormal(d=2)": (6, 34, 2), "MultivariateNormal(d=10)": (32, 145, 10),
    "MultivariateNormal(d=100)": (600, 2485, 100),
}
# NumPy can write these into an array that is there; the cases have unit scale.
INTO: dict[str, Callable[..., object]] = {
    "Normal": lambda rng, out, *_: rng.standard_normal(out=out),
    "Exponential": lambda rng, out, *_: rng.standard_exponential(out=out),
    "Gamma": lambda rng, out, shape, _: rng.standard_gamma(shape, out=out),
}
# Numba's loop, and how many of the parameters it takes.
NUMBA_DRAWS = {
    "Normal": ("draw_normal", 0), "Exponential": ("draw_exponential", 0),
    "Gamma": ("draw_gamma", 1), "Beta": ("draw_beta", 2), "Poisson": ("draw_poisson", 1),
    "Binomial": ("draw_binomial", 2), "Bernoulli": ("draw_bernoulli", 1),
    "VonMises": ("draw_von_mises", 2), "Geometric": ("draw_geometric", 1),
}


def sampling(limits: Limits) -> Iterator[Row]:
    """Draws into an array of 1e6 numbers, and one draw."""
    rng, stream = np.random.default_rng(1), kf.Stream(1)
    for name, (goal, goal_numpy, words) in SAMPLING.items():
        case = case_of(name)
        if case is None:
            continue
        p, d = case.member(), case.width
        n = 1_000_000 // d
        out = np.empty((n, *p.event_shape), np.int64 if p.is_integer else np.float64)
        into = INTO.get(case.family)
        numpy_call = partial(into, rng, out, *case.parameters) if into else case.numpy_draw(rng, n)
        assert numpy_call is not None
        flops = d * (d + 1) / 2 if d > 1 else 0.0
        yield Row(
            f"{name}, {n:.0e} draws".replace("e+0", "e"),
            partial(p.sample, n, rng=stream, out=out, threads=1), numpy_call, n, goal, goal_numpy,
            words * limits.word + flops * limits.fma if words else limits.copy_l3,
            partial(case.scipy.rvs, size=n, random_state=rng),
            _other_samplers(case, rng, out),
        )
    p = kf.Normal(1.0, 2.0)
    mkl = optional_peers.mkl_state()
    others = {"MKL": partial(mkl.normal, 1.0, 2.0)} if mkl else {}
    yield Row("one draw, Normal", partial(p.sample, rng=stream), partial(rng.normal, 1.0, 2.0), 1,
              0.3, 1.1, limits.call, partial(stats.norm.rvs, 1.0, 2.0, random_state=rng), others,
              unit="µs")


def _other_samplers(case: Case, rng: np.random.Generator, out: Any) -> dict[str, Call]:
    found: dict[str, Call] = {}
    n = len(out)
    if mkl_draw := case.mkl_draw(optional_peers.mkl_state(), n):
        found["MKL"] = mkl_draw
    if numba and case.family in NUMBA_DRAWS:
        loop, count = NUMBA_DRAWS[case.family]
        found["Numba"] = partial(getattr(by_hand_numba, loop), rng, *case.parameters[:count], out)
    if case.family == "Bernoulli":
        found["NumPy uniforms"] = lambda: rng.random(n) < case.parameters[0]
    return found | optional_peers.samplers(case, n)


# Family, parameters, goal and NumPy's figure beside it, ns.
ONE_MEMBER = [
    ("Normal", (1.0, 2.0), 0, 0), ("Gamma", (2.5, 1.5), 1.3, 7.6), ("Beta", (2.0, 5.0), 2.4, 29),
    ("Poisson", (8.0,), 2.5, 33), ("Binomial", (0.3, 20), 4, 57), ("VonMises", (0.0, 2.0), 1.8, 17),
]


def log_density(limits: Limits) -> Iterator[Row]:
    """Values of the log-density: n = 1e6; 1e4 points for vectors."""
    n = 1_000_000
    for family, parameters, goal, goal_numpy in ONE_MEMBER:
        if family in kf.families:
            p = kf.families[family](*parameters)
            x = p.sample(n, rng=2).astype(np.float64, copy=False)
            yield _log_density_row(Case(family, parameters), "scalar", p, x, goal, goal_numpy,
                                   limits.copy_l3, None if goal else 1.1 * limits.copy_l3)
    yield from _many_members(limits, n)

    for d, goal, goal_numpy in ((10, 12, 53), (100, 350, 850)):
        case = case_of(f"MultivariateNormal(d={d})")
        assert case is not None
        v = case.member()
        points, mean = v.sample(10_000, rng=2), case.parameters[0]
        target = (mean, *_inverse(case.parameters[1]))
        yield Row(f"MultivariateNormal d={d}, per point",
                  partial(v.log_density, points, out=np.empty(10_000), threads=1),
                  partial(by_hand.mvn_log_density, points, *target), 10_000, goal, goal_numpy,
                  d * limits.read_l3 + d * (d + 1) / 2 * limits.fma,
                  partial(case.scipy.logpdf, points), optional_peers.log_densities(case, points))

    p = kf.Normal(1.0, 2.0)
    one, one_out = np.array([0.3]), np.empty(1)
    yield Row("one value, Normal", partial(p.log_density, 0.3),
              partial(by_hand.normal_log_density, one, 1.0, 2.0, one_out), 1, 0.3, 4, limits.call,
              partial(stats.norm.logpdf, 0.3, 1.0, 2.0),
              numba_calls(Numba=lambda: by_hand_numba.normal_log_density_fast(
                  one, 1.0, 2.0, one_out)), unit="µs")


def _many_members(limits: Limits, n: int) -> Iterator[Row]:
    """As many members as points."""
    rng = np.random.default_rng(2)
    up, down = np.linspace(0.5, 20.0, n), np.linspace(15.0, 0.5, n)
    rate, mass = np.linspace(3.0, 0.5, n), np.linspace(0.5, 50.0, n)
    for family, parameters, x, goal, goal_numpy in (
        ("Gamma", (up, rate), up / rate, 6, 54),
        ("Beta", (up, down), up / (up + down), 14, 104),
        ("Poisson", (mass,), rng.poisson(mass).astype(np.float64), 4, 42),
    ):
        if family in kf.families:
            batch = kf.families[family](*parameters)
            yield _log_density_row(Case(family, parameters), "array", batch, x, goal, goal_numpy,
                                   (1.0 + len(parameters) / 2) * limits.copy_l3)


def _log_density_row(case: Case, kind: str, p: Any, x: Any, goal: float, goal_numpy: float,
                     limit: float, fixed_goal: float | None = None) -> Row:
    out, other = np.empty(len(x)), np.empty(len(x))
    name = f"{p._family}_log_density"
    others = {}
    plain = "" if kind == "scalar" else "_each"
    for label, suffix in (("Numba", plain), ("Numba fastmath", "_fast")):
        loop = getattr(by_hand_numba, name + suffix, None)
        if loop is not None:
            others[label] = partial(loop, x, *case.parameters, other)
    return Row(f"{case.family}, {kind} parameters", partial(p.log_density, x, out=out, threads=1),
               partial(getattr(by_hand, name), x, *case.parameters, other), len(x), goal,
               goal_numpy, limit, partial(scipy_log_density(case.scipy), x),
               others | (optional_peers.log_densities(case, x) if kind == "scalar" else {}),
               fixed_goal=fixed_goal)


def _inverse(matrix: Any) -> tuple[Any, float]:
    factor = np.linalg.cholesky(matrix)
    constant = -np.log(np.diag(factor)).sum() - 0.5 * len(matrix) * by_hand.LOG_2PI
    return np.linalg.inv(factor), float(constant)


# Family, parameters, n, goal and NumPy's figure beside it, ns; a goal of 0 is the speed of reading.
SCORES = [
    ("Normal", (1.0, 2.0), 10_000, 0.25, 2.2), ("Normal", (1.0, 2.0), 1_000_000, 0, 7.2),
    ("Gamma", (2.5, 1.5), 10_000, 1.4, 11), ("Gamma", (2.5, 1.5), 1_000_000, 1.4, 6.7),
    ("Beta", (2.0, 5.0), 10_000, 2.5, 18), ("Beta", (2.0, 5.0), 1_000_000, 2.5, 17),
]


def score(limits: Limits) -> Iterator[Row]:
    """The score of a new accumulator's distribution, summed over the samples, and read."""

    def accumulate(member: Any, x: Any) -> None:
        sums = kf.Accumulator(member)
        sums.update(x, threads=1)
        sums.sum_score()                       # it sums the rows of an open block too

    for family, parameters, n, goal, goal_numpy in SCORES:
        if family not in kf.families:
            continue
        p = kf.families[family](*parameters)
        x = p.sample(n, rng=2)
        read = limits.read_l2 if n < 100_000 else limits.read_l3
        name = f"{p._family}_score"
        others = {label: partial(loop, x, *parameters)
                  for label, suffix in (("Numba", ""), ("Numba fastmath", "_fast"))
                  if (loop := getattr(by_hand_numba, name + suffix, None))}
        yield Row(f"{family}, n = {n:.0e}".replace("e+0", "e"), partial(accumulate, p, x),
                  partial(getattr(by_hand, name), x, *parameters, np.empty(n)), n, goal, goal_numpy,
                  read, others=others, fixed_goal=None if goal else read)
    case = case_of("MultivariateNormal(d=10)")
    assert case is not None
    v, mean = case.member(), case.parameters[0]
    inverse = _inverse(case.parameters[1])[0]
    for n, goal_numpy in ((10_000, 79), (100_000, 115)):
        points = v.sample(n, rng=2)
        yield Row(f"MultivariateNormal d=10, per point, n = {n:.0e}".replace("e+0", "e"),
                  partial(accumulate, v, points), partial(by_hand.mvn_score, points, mean, inverse),
                  n, 15, goal_numpy, 10 * limits.read_l3 + 110 * limits.fma,
                  others=numba_calls(Numba=partial(
                      lambda points: by_hand_numba.mvn_score(points, mean, inverse), points)))


MIXTURE = (np.array([0.3, 0.7]), np.array([-2.0, 1.0]), np.array([0.5, 1.0]))
SINGLE = (np.array([1.0]), np.array([1.0]), np.array([2.0]))


def whole(limits: Limits) -> Iterator[Row]:
    """Steps of the minimisers, and fits."""
    q = kf.Normal(1.0, 2.0)
    mixture = kf.Mixture(MIXTURE[0], [kf.Normal(m, s) for m, s in zip(*MIXTURE[1:], strict=True)])
    word = limits.word
    yield _reverse("reverse step, Normal, Normal, 1,000 samples", q, SINGLE, 1000, 100, 4, 57,
                   word, "µs")
    yield _reverse("the same, 1e5, per sample", q, SINGLE, 100_000, 5, 3, 58, word, "ns")
    yield _reverse("q a mixture of two Normals, 1e5, per sample", mixture, MIXTURE, 100_000, 5, 6,
                   58, word, "ns")
    yield _reverse("2,000 steps of 1,000, Normal, Normal", q, SINGLE, 1000, 2000, 7, 121, word,
                   "ms")
    yield _reverse("2,000 steps of 1,000, Normal, mixture", mixture, MIXTURE, 1000, 2000, 12, 175,
                   word, "ms")
    yield _reverse_mvn(limits)
    yield from _fits(limits)


def _reverse(label: str, q: Any, parts: Any, samples: int, steps: int, goal: float,
             goal_numpy: float, word: float, unit: str) -> Row:
    p, rng = kf.Normal(0.0, 1.0), np.random.default_rng(1)
    log_q = (by_hand.mixture_target(*parts) if len(parts[0]) == 2
             else by_hand.normal_target(parts[1][0], parts[2][0]))
    count = {"ns": steps * samples, "µs": steps, "ms": 1}[unit]
    return Row(
        label, partial(kf.minimize_reverse_kl, p, q, method="score", tolerance=0.0,
                       samples=samples, max_steps=steps, threads=1, rng=1),
        partial(by_hand.reverse_normal, rng, np.zeros(2), log_q, samples, steps, 0.01), count,
        goal, goal_numpy, word * samples * steps / count, None,
        numba_calls(Numba=lambda: by_hand_numba.reverse_normal(
            rng, 0.0, 0.0, *parts, samples, steps, 0.01)), unit=unit)


def _reverse_mvn(limits: Limits) -> Row:
    d, steps, samples = 10, 10, 1000
    mean, matrix = np.linspace(-1.0, 1.0, d), covariance(d)
    target = (mean, *_inverse(matrix))
    start, factor, rng = np.zeros(d), np.eye(d), np.random.default_rng(1)
    p, q = kf.MultivariateNormal(start, factor), kf.MultivariateNormal(mean, matrix)
    return Row(
        "reverse step, MultivariateNormal d=10, 1,000 samples",
        partial(kf.minimize_reverse_kl, p, q, method="score", tolerance=0.0, samples=samples,
                max_steps=steps, threads=1, rng=1),
        partial(by_hand.reverse_mvn, rng, start, factor, target, samples, steps, 0.01), steps, 60,
        483, samples * (d * limits.word + 2.5 * d * (d + 1) * limits.fma), None,
        numba_calls(Numba=lambda: by_hand_numba.reverse_mvn(
            rng, start, factor, *target, samples, steps, 0.01)), unit="µs")


def _fits(limits: Limits) -> Iterator[Row]:
    n = 1_000_000
    x, work = kf.Gamma(2.5, 1.5).sample(n, rng=2), np.empty(n)
    yield Row("Gamma maximum likelihood, 1e6 values", partial(kf.Gamma.fit, x),
              partial(by_hand.gamma_fit, x, work), 1, 1.1, 9.6, limits.read_l3 * n,
              partial(stats.gamma.fit, x, floc=0.0),
              numba_calls(Numba=lambda: by_hand_numba.gamma_fit(x)), unit="ms")
    rows, out = kf.Gamma(2.5, 1.5).sample((1000, 200), rng=2), np.empty((1000, 2))
    yield Row("1,000 Gamma fits of 200 values", partial(kf.Gamma.fit, rows),
              partial(by_hand.gamma_fits, rows), 1, 0.35, 4.7, limits.read_l3 * rows.size,
              None, numba_calls(Numba=lambda: by_hand_numba.gamma_fits(rows, out)), unit="ms")
    data, rng, steps = x[:100_000], np.random.default_rng(1), 20
    yield Row("forward score step, Gamma, minibatch 1,000",
              partial(kf.minimize_forward_kl, kf.Gamma(1.0, 1.0), data, method="score",
                      samples=1000, max_steps=steps, tolerance=0.0, threads=1, rng=1),
              partial(by_hand.forward_gamma, rng, np.zeros(2), data, 1000, steps, 0.01), steps, 3,
              83, 1000 * (limits.word + limits.read_l3), None,
              numba_calls(Numba=lambda: by_hand_numba.forward_gamma(
                  rng, 0.0, 0.0, data, 1000, steps, 0.01)), unit="µs")


TABLES: dict[str, Callable[[Limits], Iterator[Row]]] = {
    "Sampling, per draw": sampling,
    "Log-density, per value": log_density,
    "Score accumulation, per value": score,
    "Whole steps and whole fits": whole,
}
HEADER = ("| | unit | klfast | NumPy | SciPy | best peer | klfast/NumPy | goal | reached "
          "| share of the limit |\n| --- |" + " --- |" * 9)


# ---- Writing ----

def line(row: Row, seconds: float) -> tuple[str, bool, dict[str, str]]:
    """The row's line, whether its goal is reached, and the peers that are faster."""
    calls: dict[str, Call] = {"klfast": row.klfast, "NumPy": row.numpy, **row.others}
    if row.scipy is not None:
        calls["SciPy"] = row.scipy
    scale = UNITS[row.unit]
    found = {name: t / row.count * scale for name, t in interleaved(calls, seconds).items()}
    mine, numpy_time = found["klfast"], found["NumPy"]
    peers = {name: t for name, t in found.items() if name != "klfast"}
    best = min(peers, key=peers.__getitem__)
    if row.fixed_goal is not None:
        goal = row.fixed_goal * 1e-9 * scale / numpy_time
    else:
        goal = row.goal / row.goal_numpy
    reached = mine / numpy_time <= goal
    share = row.limit * 1e-9 * scale / mine
    slower = faster_peers(mine, peers)
    cells = (row.label, row.unit, f"**{figure(mine)}**" if slower else figure(mine),
             figure(numpy_time),
             figure(found.get("SciPy", math.inf)), f"{best} {figure(found[best])}",
             f"{mine / numpy_time:.3f}", f"≤ {goal:.3f}", "yes" if reached else "**no**",
             f"{share:.0%}")
    return "| " + " | ".join(cells) + " |", reached, slower


def heading(limits: Limits) -> str:
    """What was measured where."""
    versions = [f"klfast {kf.__version__} (level {native.level_name()})", f"NumPy {np.__version__}",
                f"SciPy {scipy.__version__}"]
    versions += [f"Numba {numba.__version__}"] if numba else []
    versions += optional_peers.versions()
    return f"""# klfast beside its peers

{", ".join(versions)}; Python {platform.python_version()}, {platform.system()}, {_processor()}.
One thread; least of many processor times, taken in turn. A goal is a ratio in one run.

| the machine, ns | memory | L3 | L2 |
| --- | --- | --- | --- |
| read a double | {limits.read:.3f} | {limits.read_l3:.3f} | {limits.read_l2:.3f} |
| copy a double | {limits.copy:.3f} | {limits.copy_l3:.3f} | {limits.copy_l2:.3f} |

A random word {limits.word:.3f} ns, a fused multiply-add in NumPy's matrix product
{limits.fma:.4f} ns, a call from Python {limits.call:.0f} ns. The last column divides the time of
the bare words, memory traffic and products that a row cannot do without by klfast's time; a kernel
on wider vectors than the matrix product's may pass 100%.
"""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for text in info.read_text().splitlines():
            if text.startswith("model name"):
                return text.split(":", 1)[1].strip()
    return platform.machine()


def main() -> None:
    """Measure, print, and write the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true",
                        help="fewer repetitions, without PyTorch and JAX: two minutes")
    parser.add_argument("--family", default="", metavar="NAME", choices=list(kf.families),
                        help="only rows of this family")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows whose label has TEXT")
    parser.add_argument("--output", type=Path, metavar="FILE.md", help="also write the tables here")
    arguments = parser.parse_args()
    family, only = arguments.family, arguments.only
    if arguments.quick:
        optional_peers.leave_out()
    seconds = 0.2 if arguments.quick else 2.5
    limits = Limits.measure(4.0 * seconds)
    text: list[str] = []

    def write(part: str) -> None:
        print(part, flush=True)
        text.append(part)

    write(heading(limits))
    missed: list[str] = []
    slower: dict[str, list[str]] = {"NumPy": [], "SciPy": [], "another peer": []}

    def add(label: str, places: Iterable[tuple[str, str]]) -> None:
        found: dict[str, list[str]] = {}
        for peer, place in places:
            library = peer.split()[0]          # "NumPy uniforms" is NumPy
            found.setdefault(library if library in slower else "another peer", []).append(place)
        for library, texts in found.items():
            slower[library].append(f"{label}: {'; '.join(texts)}")

    for title, rows in TABLES.items():
        headed = False
        for row in rows(limits):
            if only not in row.label or (family and not re.search(rf"\b{family}\b", row.label)):
                continue
            if not headed:
                write(f"\n## {title}\n\n{HEADER}")
                headed = True
            cells, reached, faster = line(row, seconds)
            write(cells)
            if not reached:
                missed.append(f"{title}: {row.label}")
            add(f"{title}: {row.label}", faster.items())
    write(f"{every_family.TITLE}\n{every_family.HEADER}")
    effort = every_family.QUICK if arguments.quick else every_family.FULL
    for label, cells, places in every_family.rows(effort, family, only):
        write(f"| {label} | {cells} |")
        add(label, places)
    write(_list("Goals missed", missed))
    for library, texts in slower.items():
        write(_list(f"Slower than {library}", texts))
    write(_list("Families without a class yet, whose rows are not here",
                [name for name in PEERS if name not in kf.families]))
    if arguments.output is not None:
        arguments.output.write_text("\n".join(text) + "\n")


def _list(title: str, items: list[str]) -> str:
    if not items:
        return f"\n{title}: none."
    return f"\n{title}: {len(items)}.\n\n" + "\n".join(f"- {item}" for item in items)


if __name__ == "__main__":
    main()
