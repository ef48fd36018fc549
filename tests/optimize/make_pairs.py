"""Prints LEAST of test_pairs.py: the least divergence of each pair, and the member that has it.

    python tests/optimize/make_pairs.py

Each minimum is looked for from several starts, by Nelder and Mead's method and BFGS, on the
divergences of pairs.py; klfast only names the members by their unconstrained coordinates.
"""

from __future__ import annotations

import numpy as np
from pairs import PAIRS, Pair
from scipy import optimize


def ends(pair: Pair) -> list[tuple[float, object]]:
    """What the searches end at, the least first: the divergence and the member."""
    family, start = type(pair.start), pair.start.unconstrained

    def member(u):
        return family.from_unconstrained(u, **pair.start.fixed)

    def objective(u):
        try:
            return pair.divergence(member(u))
        except (ValueError, ArithmeticError):
            return np.inf

    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        u = start + (0.3 * rng.normal(size=len(start)) if seed else 0.0)
        if len(u) <= 3:
            u = optimize.minimize(objective, u, method="Nelder-Mead",
                                  options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 2000}).x
        for _ in range(3):
            u = optimize.minimize(objective, u, method="BFGS", options={"gtol": 1e-9}).x
        found.append((objective(u), member(u)))
    return sorted(found, key=lambda end: end[0])


def main() -> None:
    """Print the constants."""
    for name, pair in PAIRS.items():
        (value, member), *others = ends(pair)
        above = ", ".join(f"{other - value:.1g}" for other, _ in others)
        print(f'    "{name}": {value:.11f},  # others {above} above; {member!r}', flush=True)


if __name__ == "__main__":
    main()
