"""Prints, for each family, hashes of samples, log-densities, reverse fits and forward fits.

    python tests/golden/python_hashes.py [threads]

The level is KLFAST_ISA's. The lines must be the same for every level and number of threads.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import numpy as np

import klfast as kf
from klfast._core.native import families_with_nets

SIZE = 2 * 131_072 + 777  # more than two threads' shares, and an open block
U = np.array([0.4, -0.3, 0.2])


def digest(*arrays: object) -> str:
    """SHA-256 of float64 bytes, NaNs made alike, cut to 16 digits."""
    total = hashlib.sha256()
    for array in arrays:
        values = np.array(array, dtype="<f8")
        values[np.isnan(values)] = np.nan
        total.update(values.tobytes())
    return total.hexdigest()[:16]


def member(cls: Any, shift: float) -> Any:
    """The member with unconstrained coordinates U + shift; of dimension 3 for vector families."""
    for k in range(1, 10):  # 9 = 3 + 6
        values = np.resize(U, k) + shift
        try:
            made = cls.from_unconstrained(values, **dict.fromkeys(cls._fixed_names(), 3.0))
        except ValueError:
            continue
        if made.event_shape in ((), (3,)):
            return made
    raise LookupError(cls.__name__)


def fields(result: kf.FitResult) -> list[object]:
    """The numbers of a fit, the time left out."""
    history = result.history
    return [
        *result.distribution.parameters.values(),
        result.kl, result.kl_error, result.gain, result.gain_error,
        result.cross_entropy, result.cross_entropy_error, result.log_likelihood,
        result.steps, result.evaluations,
        *(history[name] for name in history.dtype.names or ()),
    ]


def line(name: str, threads: int) -> str:
    """One family's line."""
    cls = kf.families[name]
    p, near, far = member(cls, 0.0), member(cls, 0.25), member(cls, -0.3)
    mixture = kf.Mixture([3984, 6016], [near, far])  # whose logarithms NumPy may round two ways
    x = p.sample(SIZE, rng=11, threads=threads)
    log_p = p.log_density(x, threads=threads)
    reverse = [
        kf.minimize_reverse_kl(p, q, samples=samples, method=method, max_steps=3, rng=12,
                               threads=threads, max_samples=samples)
        for q in (near, mixture, mixture.log_density)
        for method, samples in (("natural", SIZE), ("natural", 1000), ("score", 1000))
    ]
    weights = 0.5 + (np.arange(SIZE) % 7)
    forward = [
        kf.minimize_forward_kl(p, x, threads=threads),
        kf.minimize_forward_kl(p, x, weights=weights, threads=threads),
        kf.minimize_forward_kl(p, mixture, samples=3000, rng=13, threads=threads),
        kf.minimize_forward_kl(p, x, method="score", max_steps=3, rng=14, threads=threads),
    ]
    if p.event_shape:  # as many coordinates as fill the registers of a linear algebra library
        p = kf.families[name].from_unconstrained(np.resize(0.1 * U, 30 + 465))
        x = p.sample(3000, rng=15)
        forward.append(kf.minimize_forward_kl(p, x, method="score", max_steps=3, rng=16))
    return " ".join(
        [name, digest(x), digest(log_p),
         digest(*(value for result in reverse for value in fields(result))),
         digest(*(value for result in forward for value in fields(result)))]
    )


def nets_line(name: str, threads: int) -> str:
    """The line of the quasi-random draws of a family that has them."""
    cls = kf.families[name]
    p = member(cls, 0.0)
    mixture = kf.Mixture([3984, 6016], [member(cls, 0.25), member(cls, -0.3)])
    fits = [
        kf.minimize_reverse_kl(p, q, samples=samples, method=method, draws="quasi-random",
                               max_steps=3, rng=12, threads=threads, max_samples=1 << 17)
        for q in (mixture, mixture.log_density)
        for method, samples in (("natural", 1 << 17), ("natural", 1000), ("score", 1000),
                                ("pooled", 200))
    ]
    return f"{name} nets {digest(*(value for fit in fits for value in fields(fit)))}"


def main() -> None:
    """Print the lines."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for name in kf.families:
        print(line(name, threads))
    for name, cls in kf.families.items():
        if cls._family in families_with_nets():
            print(nets_line(name, threads))


if __name__ == "__main__":
    main()
