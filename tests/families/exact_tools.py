"""What the modules of exact values share: sums with their largest term, expectations over counts.

mpmath only. A family's module works at the 50 digits set here and raises them where terms cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import mpmath as mp

mp.mp.dps = 50
Number = mp.mpf
Value = tuple[mp.mpf, mp.mpf]

NEVER: Value = (mp.mpf("-inf"), mp.mpf(0))  # the log-density outside the support
SURE: Value = (mp.mpf(0), mp.mpf(0))
NO_MEMBER: Value = (mp.nan, mp.mpf(0))  # a divergence that is not to be written


def with_terms(*terms: mp.mpf) -> Value:
    """The sum and its largest term in absolute value."""
    return mp.fsum(terms), max(abs(t) for t in terms)


def divergence(value: mp.mpf) -> Value:
    """The value, its own term; below 1e-290 factors of it underflow, and it is left out."""
    return NO_MEMBER if 0 < value < mp.mpf("1e-290") else with_terms(+value)


def is_count(x: float) -> bool:
    """Whether x is one of 0, 1, 2, ..."""
    return x >= 0.0 and x == x // 1.0


def counts(found: Iterable[float]) -> list[float]:
    """The points as floats, each once, without what overflowed."""
    return list(dict.fromkeys(float(x) for x in found if x == x and abs(x) < 1e308))


def sum_of_entropy(log_mass: Callable[[int], mp.mpf], first: int, last: int) -> mp.mpf:
    """-sum of p log p over first, ..., last."""
    total = mp.mpf(0)
    for x in range(first, last + 1):
        log_p = log_mass(x)
        total -= mp.exp(log_p) * log_p
    return total


def log_scale_integral(f: Callable[[mp.mpf], mp.mpf], smallest: mp.mpf, digits: int,
                       decay: float = 1.0) -> mp.mpf:
    r"""Integral of f(t) dt / t over t > 0 by the trapezoidal rule in log t, to `digits` digits.

    f(t) must be analytic and bounded where t has a positive real part, fall as exp(-decay t), and
    be negligible below `smallest`. The rule's error is then of the order of exp(-pi^2 / step): the
    strip of analyticity in log t has half-width pi / 2.

    With it come expectations of log x and log Gamma(x + 1) over a count x whose Laplace transform
    M(t) = E exp(-t x) is known (Malmsten's integrals; Whittaker and Watson, section 12.31):

        log x = int (exp(-t) - exp(-t x)) dt / t,
        log Gamma(x + 1) = int (x exp(-t) - (1 - exp(-t x)) / (exp(t) - 1)) dt / t.
    """
    step = mp.pi**2 / (digits * mp.log(10) + 5)
    ratio = mp.exp(step)
    t, total = mp.mpf(smallest), mp.mpf(0)
    end = (digits * mp.log(10) + 20) / decay
    while t < end:
        total += f(t)
        t *= ratio
    return total * step


def expected_log_factorial(mean: mp.mpf, one_less: Callable[[mp.mpf], mp.mpf], square: mp.mpf,
                           digits: int) -> mp.mpf:
    """E log x! from the mean, 1 - M(t) and any bound of E x^2, right to 10^-digits."""
    def term(t: mp.mpf) -> mp.mpf:
        return mean * mp.exp(-t) - one_less(t) / mp.expm1(t)

    return log_scale_integral(term, mp.mpf(10) ** -digits / (square + 1), digits)
