"""Derives every polynomial of src_c/math/*.h and prints it with its maximum error.

    python derive_coefficients.py [WORD...]  needs mpmath, takes some minutes; with words, only the
                                             fits in whose names one of them stands

Each table is a weighted near-minimax fit: least squares over Chebyshev points whose weights are
multiplied by the error of the last round (Lawson, 1961; see Rice and Usow, 1968, "The Lawson
algorithm and extensions", Mathematics of Computation 22). A rational fit p/q with q(0) = 1 solves
the same linear problem for p - f q, divided by the last round's q (Sanathanan and Koerner, 1963).
The coefficients are then rounded to double one after the other, from the lowest power, and the
others fitted again, so that the printed error is that of the numbers in the header.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp

mp.mp.dps = 60


@dataclass
class Fit:
    """Make weight * (f - p/q) small on [low, high], p of degree `top`, q of degree `bottom`."""

    name: str
    low: mp.mpf
    high: mp.mpf
    f: Callable
    weight: Callable
    top: int
    bottom: int = 0
    rounds: int = 12


def solve_least_squares(rows, values, weights):
    """Solve the normal equations: 60 digits bear their squared condition number."""
    n = len(rows[0])
    matrix, right = mp.zeros(n), mp.zeros(n, 1)
    for row, value, weight in zip(rows, values, weights, strict=True):
        for i in range(n):
            scaled = weight * row[i]
            right[i] += scaled * value
            for j in range(i + 1):
                matrix[i, j] += scaled * row[j]
    for i in range(n):
        for j in range(i):
            matrix[j, i] = matrix[i, j]
    return list(mp.lu_solve(matrix, right))


def evaluate(coefficients, x):
    return mp.polyval(coefficients[::-1], x)


def coefficients_of(fit, points, values, weights, fixed):
    """Fit once, with Lawson's weights; fixed[i] is None or an already rounded value."""
    free = [i for i, value in enumerate(fixed) if value is None]
    total = len(fixed)
    lawson = [mp.mpf(1)] * len(points)
    denominator = [mp.mpf(1)] * len(points)
    best, best_error = None, mp.inf
    for _ in range(fit.rounds if free else 1):
        rows, targets, scales = [], [], []
        rows_of = zip(points, values, weights, lawson, denominator, strict=True)
        for x, f, w, share, q in rows_of:
            full = [x**i for i in range(fit.top + 1)]
            full += [-f * x**i for i in range(1, fit.bottom + 1)]
            known = mp.fsum(full[i] * fixed[i] for i in range(total) if fixed[i] is not None)
            rows.append([full[i] for i in free])
            targets.append(f - known)
            scales.append(share * (w / q) ** 2)
        solution = list(fixed)
        if free:
            for i, value in zip(free, solve_least_squares(rows, targets, scales), strict=True):
                solution[i] = value
        p, q = solution[: fit.top + 1], [mp.mpf(1)] + solution[fit.top + 1 :]
        denominator = [evaluate(q, x) for x in points]
        errors = [
            abs(w * (f - evaluate(p, x) / d))
            for x, f, w, d in zip(points, values, weights, denominator, strict=True)
        ]
        if max(errors) < best_error:
            best, best_error = solution, max(errors)
        mean = mp.fsum(s * e for s, e in zip(lawson, errors, strict=True)) or mp.mpf(1)
        lawson = [s * e / mean * len(points) for s, e in zip(lawson, errors, strict=True)]
    return best, best_error


def derive(fit):
    n = 6 * (fit.top + fit.bottom + 2)
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    points = [middle + half * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / n) for i in range(n)]
    values = [fit.f(x) for x in points]
    weights = [fit.weight(x, f) for x, f in zip(points, values, strict=True)]
    fixed = [None] * (fit.top + 1 + fit.bottom)
    solution, exact_error = coefficients_of(fit, points, values, weights, fixed)
    by_power = sorted(range(len(fixed)), key=lambda i: i if i <= fit.top else i - fit.top)
    rounded_error = exact_error
    for place, i in enumerate(by_power):
        fixed[i] = mp.mpf(float(solution[i]))
        if place < 4 + 2 * fit.bottom or i == by_power[-1]:
            solution, rounded_error = coefficients_of(fit, points, values, weights, fixed)
    return fixed, exact_error, rounded_error


def stirling_error(x):
    return mp.loggamma(x) - (x - mp.mpf(1) / 2) * mp.log(x) + x - mp.log(2 * mp.pi) / 2


def relative(_, f):
    return 1 / f


ROOT = mp.findroot(lambda x: mp.psi(0, x), mp.mpf("1.46"))
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.0001")
LARGEST_SQUARE = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.001")
LARGEST_TURN_SQUARE = mp.mpf("1.0001") / 64
DELTA_SHIFT, PSI_SHIFT = mp.mpf(11) / 16, mp.mpf(5) / 8  # chosen for the fastest convergence


def stirling_error_at(w):
    return stirling_error(1 / w - DELTA_SHIFT) / w


def log_minus_digamma_at(w):
    x = 1 / w - PSI_SHIFT
    return (mp.log(x) - mp.psi(0, x)) / w


def trigamma_minus_inverse_at(w):
    x = 1 / w - PSI_SHIFT
    return (mp.psi(1, x) - 1 / x) / w**2


def log_factor(z):
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3


def atan_factor(z):
    s = mp.sqrt(z)
    return (mp.atan(s) / s - 1) / z


def half_log_sinh_ratio(z):
    """Return log(sinh(x/2)/(x/2))/x^2 at z = x^2."""
    half = mp.sqrt(z) / 2
    return mp.log(mp.sinh(half) / half) / z


def sine_factor(z):
    return (mp.sin(2 * mp.pi * mp.sqrt(z)) / mp.sqrt(z) - 2 * mp.pi) / z


def versine_factor(z):
    """Return (1 - cos(t) - t^2/2)/t^4 at z = t^2."""
    t = mp.sqrt(z)
    return (2 * mp.sin(t / 2) ** 2 - z / 2) / z**2


def bessel_scaled(order, k):
    """Return I_order(k) exp(-k) sqrt(2 pi k); the series for large k is DLMF 10.40.1."""
    if k < 100:
        return mp.besseli(order, k) * mp.exp(-k) * mp.sqrt(2 * mp.pi * k)
    total = term = mp.mpf(1)
    for j in range(1, 60):
        term *= ((2 * j - 1) ** 2 - 4 * order**2) / (8 * j * k)
        total += term
    return total


def bessel_gap(k):
    """Return g = k I0/I1 - k - 1/2."""
    below, above = bessel_scaled(1, k), bessel_scaled(0, k)
    return k * (above - below) / below - mp.mpf(1) / 2


def bessel_gap_near_0(z):
    """Return (g - 1/2 - (1 - k/2)^2)/z^2, z = k^2."""
    k = mp.sqrt(z)
    return (bessel_gap(k) - mp.mpf(1) / 2 - (1 - k / 2) ** 2) / z**2


def bessel_gap_far(k):
    """Return k g - 3/8."""
    return k * bessel_gap(k) - mp.mpf(3) / 8


def relative_gap(_, f):
    return 1 / (f + mp.mpf(3) / 8)


def bessel_log_weight(k, f):
    """Return the weight for relative errors of log(I0 exp(-k)), about -log(2 pi k)/2."""
    return 2 / (f * mp.log(2 * mp.pi * k))


def zeta_terms(e):
    """Return log(e zeta)/e, 1/e + zeta'/zeta and 1/e^2 - (log zeta)'' at 1 + e."""
    zeta, first, second = (mp.zeta(1 + e, derivative=order) for order in range(3))
    slope = first / zeta
    return mp.log(e * zeta) / e, 1 / e + slope, 1 / e**2 - (second / zeta - slope**2)


FITS = [
    # error relative to e^r, in r, after 1 + r + r^2/2
    Fit("exp", -HALF_LN2, HALF_LN2, lambda r: (mp.expm1(r) - r - r * r / 2) / r**3,
        lambda r, _: abs(r) ** 3 / mp.exp(r), 8),
    # error relative to log(1 + f), in z = s^2
    Fit("log", mp.mpf(0), LARGEST_SQUARE, log_factor, lambda z, _: z / 2, 6),
    # error relative to log(1 + x), in z = (x/(2 + x))^2
    Fit("log1p_unit", mp.mpf(0), mp.mpf(1) / 9, log_factor, lambda z, f: z / (2 + z * f), 9),
    # relative error, in r
    Fit("expm1_excess/r^2", -HALF_LN2, HALF_LN2, lambda r: (mp.expm1(r) - r) / r**2, relative, 10),
    # error relative to atan(f), in z = f^2
    Fit("atan", mp.mpf(0), mp.mpf(1) / 4, atan_factor,
        lambda z, _: mp.sqrt(z) ** 3 / mp.atan(mp.sqrt(z)), 11),
    # error relative to log((1 - e^-x)/x), in z = x^2
    Fit("log_expm1_ratio", mp.mpf(0), mp.mpf(4), half_log_sinh_ratio,
        lambda z, f: mp.sqrt(z) / (mp.mpf(1) / 2 - mp.sqrt(z) * f), 9),
    # errors relative to sine and cosine, in z = r^2
    Fit("sin_2pi", mp.mpf(0), LARGEST_TURN_SQUARE, sine_factor, lambda z, _: z / 6, 5),
    Fit("cos_2pi", mp.mpf(0), LARGEST_TURN_SQUARE,
        lambda z: (mp.cos(2 * mp.pi * mp.sqrt(z)) - 1) / z, lambda z, _: z, 6),
    # error relative to 1 - cos(t), in z = t^2
    Fit("versine", mp.mpf(0), mp.pi**2 * mp.mpf("1.0001"), versine_factor,
        lambda z, _: z**2 / (2 * mp.sin(mp.sqrt(z) / 2) ** 2), 9),
    # relative errors for x >= 1, in w = 1/(x + shift)
    Fit("stirling_error/w", mp.mpf(0), 1 / (1 + DELTA_SHIFT), stirling_error_at, relative, 17),
    Fit("(log - digamma)/w", mp.mpf(0), 1 / (1 + PSI_SHIFT), log_minus_digamma_at, relative, 18),
    Fit("(trigamma - 1/x)/w^2", mp.mpf(0), 1 / (1 + PSI_SHIFT), trigamma_minus_inverse_at,
        relative, 20),
    # errors relative to g(k), in z = k^2, in k - 2 and in 1/16 - 1/k
    Fit("bessel gap to 2", mp.mpf(0), mp.mpf(4), bessel_gap_near_0,
        lambda z, _: z**2 / bessel_gap(mp.sqrt(z)), 3, 3),
    Fit("bessel gap from 2 to 16", mp.mpf(0), mp.mpf(14), lambda t: bessel_gap_far(2 + t),
        relative_gap, 12, 13),
    Fit("bessel gap from 16", mp.mpf(0), mp.mpf(1) / 16,
        lambda t: bessel_gap_far(1 / (mp.mpf(1) / 16 - t)), relative_gap, 7, 7),
    # relative error, in z = k^2; errors relative to log(I0(k) exp(-k)), in 1/8 - 1/k
    Fit("bessel (I0 - 1)/z", mp.mpf(0), mp.mpf(64),
        lambda z: (mp.besseli(0, mp.sqrt(z)) - 1) / z, relative, 14),
    Fit("bessel I0 scaled", mp.mpf(0), mp.mpf(1) / 8,
        lambda t: bessel_scaled(0, 1 / (mp.mpf(1) / 8 - t)),
        lambda t, f: bessel_log_weight(1 / (mp.mpf(1) / 8 - t), f), 9, 9),
    # errors relative to log zeta, -zeta'/zeta and (log zeta)'', in e = s - 1
    Fit("zeta log", mp.mpf(0), mp.mpf(1), lambda e: zeta_terms(e)[0],
        lambda e, f: e / (e * f - mp.log(e)), 5, 5),
    Fit("zeta mean", mp.mpf(0), mp.mpf(1), lambda e: zeta_terms(e)[1],
        lambda e, f: 1 / (1 / e - f), 5, 5),
    Fit("zeta variance", mp.mpf(0), mp.mpf(1), lambda e: zeta_terms(e)[2],
        lambda e, f: 1 / (1 / e**2 - f), 5, 5),
    # relative errors of p/q, in u = x - 1
    Fit("lgamma/((x - 1) (x - 2))", mp.mpf("-0.125"), mp.mpf("1.3125"),
        lambda u: mp.loggamma(1 + u) / (u * (u - 1)), relative, 7, 6),
    Fit("digamma/(x - root)", mp.mpf(0), mp.mpf(1),
        lambda u: mp.psi(0, 1 + u) / (1 + u - ROOT), relative, 6, 5),
]


def two_doubles(value):
    head = float(value)
    return f"{head.hex()} + {float(value - mp.mpf(head)).hex()}"


def main():
    print("log 2         =", two_doubles(mp.log(2)))
    cut = mp.floor(mp.log(2) * 2**42) / 2**42
    print("log 2         =", float(cut).hex(), "+", float(mp.log(2) - cut).hex(), "(42 bits)")
    print("1/log 2       =", two_doubles(1 / mp.log(2)))
    print("2 pi          =", two_doubles(2 * mp.pi))
    print("log(2 pi)/2 - 1/2 =", two_doubles((mp.log(2 * mp.pi) - 1) / 2))
    print("digamma's root =", two_doubles(ROOT))
    for n in (2, 3, 5, 7):
        print(f"log {n}         =", two_doubles(mp.log(n)))
    words = sys.argv[1:]
    for fit in FITS:
        if words and not any(word in fit.name for word in words):
            continue
        start = time.time()
        coefficients, exact, rounded = derive(fit)
        print(f"\n{fit.name} on [{mp.nstr(fit.low, 6)}, {mp.nstr(fit.high, 6)}]: error "
              f"2^{float(mp.log(exact, 2)):.2f}, rounded to double "
              f"2^{float(mp.log(rounded, 2)):.2f} ({time.time() - start:.1f} s)")
        for i, value in enumerate(coefficients):
            name = f"p{i}" if i <= fit.top else f"q{i - fit.top}"
            print(f"    {name:4} {float(value).hex():>24}  {float(value):.17g}")


if __name__ == "__main__":
    main()
