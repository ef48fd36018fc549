"""Writes tests/math/reference/*.csv: arguments and true values of every vector function.

    python make_reference.py               needs mpmath, takes about a minute

A row holds the arguments as hexadecimal doubles and the true values as decimals of 25 digits, of
which the tests make exact fractions: enough to see a hundredth of an ulp, also where the nearest
double is subnormal or infinite.
"""

import math
import random
from pathlib import Path

import mpmath as mp

mp.mp.dps = 60
random.seed(1)
FOLDER = Path(__file__).parent / "reference"
PER_RANGE = 120
ROOT = 1.4616321449683623  # of digamma


def between(low, high, count=PER_RANGE):
    return [random.uniform(low, high) for _ in range(count)]


def exponents(low, high, count=PER_RANGE):
    """Draw log-uniformly between 2^low and 2^high; subnormals keep the digits they have."""
    values = []
    for _ in range(count):
        whole, fraction = divmod(random.uniform(low, high), 1.0)
        values.append(math.ldexp(2.0**fraction, int(whole)))
    return values


def both_signs(values):
    return [sign * value for value in values for sign in (1.0, -1.0)]


def around(point, steps=4, distances=30):
    """List the doubles next to a point, and points at log-uniform distances on both sides."""
    values, below, above = [point], point, point
    for _ in range(steps):
        below, above = math.nextafter(below, -math.inf), math.nextafter(above, math.inf)
        values += [below, above]
    scale = abs(point) or 1.0
    return values + [point + scale * step for step in both_signs(exponents(-50, -3, distances))]


SQRT_HALF, SQRT_2, LN2 = math.sqrt(0.5), math.sqrt(2.0), math.log(2.0)
SUBNORMAL_AND_TINY = exponents(-1074, -1022) + exponents(-1022, -50)
LARGE = exponents(0, 1023.9, 2 * PER_RANGE)

EXP = (between(-1, 1) + between(-745.1, 709.7) + between(-745.1, -708) + between(30, 45)
       + both_signs(SUBNORMAL_AND_TINY) + both_signs(exponents(-50, 0)))
for multiple in (0.5, -0.5, 1.5, -1.5, 53.5, 54.5, -54.5):
    EXP += around(multiple * LN2, 4, 10)
EXP += around(709.782712893384, 4, 0) + around(-708.3964185322641, 4, 0)
EXP += around(-745.1332191019411, 4, 0) + around(-40.0, 2, 0)

LOG = exponents(-1074, 1023.9, 3 * PER_RANGE) + between(0.5, 2, 2 * PER_RANGE) + between(0, 1)
LOG += SUBNORMAL_AND_TINY
for point in (1.0, SQRT_HALF, SQRT_2, 0.5, 2.0, 2.0**-1022):
    LOG += around(point)

LOG1P = between(-0.999, 3, 2 * PER_RANGE) + both_signs(SUBNORMAL_AND_TINY) + LARGE
LOG1P += both_signs(exponents(-54, 0)) + [x - 1.0 for x in exponents(-53, -1)]
for point in (SQRT_HALF - 1, SQRT_2 - 1, 1.0, -0.5, 2.0**53, 2.0**-54, -(2.0**-54)):
    LOG1P += around(point, 4, 10)

TURNS = between(0, 1, 2 * PER_RANGE) + between(-8, 8) + both_signs(SUBNORMAL_AND_TINY)
TURNS += both_signs(exponents(0, 51)) + between(-(2.0**51), 2.0**51)
for eighth in range(-9, 10):
    TURNS += around(eighth / 8, 3, 10)

POSITIVE = SUBNORMAL_AND_TINY + exponents(-50, 0) + between(0, 1) + between(1, 2, 2 * PER_RANGE)
POSITIVE += between(2, 3) + between(3, 10) + exponents(3, 60)
for point in (1.0, 2.0, 0.875, 2.3125, ROOT, 1.5, 3.0):
    POSITIVE += around(point)
GAMMA = POSITIVE + LARGE
STIRLING = [x for x in GAMMA if x >= 1.0]


def stirling_series(x):
    return mp.fsum(mp.bernoulli(2 * i) / (2 * i * (2 * i - 1) * x ** (2 * i - 1))
                   for i in range(1, 8))


def stirling_error(x):
    if x > 10**6:
        return stirling_series(x)
    return mp.loggamma(x) - (x - mp.mpf(1) / 2) * mp.log(x) + x - mp.log(2 * mp.pi) / 2


def digamma_minus_log(x):
    if x > 10**6:
        return -1 / (2 * x) - mp.fsum(mp.bernoulli(2 * i) / (2 * i * x ** (2 * i))
                                      for i in range(1, 8))
    return mp.psi(0, x) - mp.log(x)


def trigamma_minus_inverse(x):
    if x > 10**6:
        return 1 / (2 * x**2) + mp.fsum(mp.bernoulli(2 * i) / x ** (2 * i + 1)
                                        for i in range(1, 8))
    return mp.psi(1, x) - 1 / x


FUNCTIONS = {
    "exp": (mp.exp, EXP),
    "expm1": (mp.expm1, EXP),
    "log": (mp.log, LOG),
    "log1p": (mp.log1p, LOG1P),
    "sin_2pi": (lambda u: mp.sinpi(2 * u), TURNS),
    "cos_2pi": (lambda u: mp.cospi(2 * u), TURNS),
    "stirling_error": (stirling_error, STIRLING),
    "lgamma": (mp.loggamma, GAMMA),
    "digamma": (lambda x: mp.log(x) + digamma_minus_log(x), GAMMA),
    "digamma_minus_log": (digamma_minus_log, GAMMA),
    "trigamma": (lambda x: 1 / x + trigamma_minus_inverse(x), GAMMA),
    "trigamma_minus_inverse": (trigamma_minus_inverse, GAMMA),
}


def log_ratio_rows():
    """Yield ratio, excess, L, phi, h: the truth is excess's near 1, elsewhere ratio's."""
    near = both_signs(exponents(-60, -2.0)) + between(-0.29, 0.41, 2 * PER_RANGE)
    near += around(SQRT_2 - 1, 4, 10) + around(SQRT_HALF - 1, 4, 10)
    far = exponents(-1074, 1023.9, 2 * PER_RANGE) + between(0.01, 0.7) + between(1.42, 10)
    far += around(SQRT_HALF, 4, 10) + around(SQRT_2, 4, 10) + around(0.5) + around(2.0)
    for ratio, excess in [(1.0 + e, e) for e in near] + [(r, r - 1.0) for r in far]:
        if SQRT_HALF <= ratio < SQRT_2:
            true = mp.mpf(excess)
            log = mp.log1p(true)
        else:
            true = mp.mpf(ratio) - 1
            log = mp.log(ratio)
        yield (ratio, excess), (log, true - log, (1 + true) * log - true)


def excess_over_square(x):
    """Return (e^x - 1 - x)/x^2."""
    return mp.hyp1f1(1, 3, x) / 2 if abs(x) < 1 else (mp.expm1(x) - x) / x**2


def log1p_exp(x):
    return max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def log_minus_expm1(x):
    return mp.log(-mp.expm1(x)) if x > -1 else mp.log1p(-mp.exp(x))


def log_expm1_ratio(x):
    if abs(x) < 1:
        return mp.log1p(x * excess_over_square(x))
    return max(x, mp.mpf(0)) + mp.log(-mp.expm1(-abs(x)) / abs(x))


def elementary_of_families():
    """Return name: (function, arguments) of what is built of exponentials, and of atan."""
    random.seed(2)
    tiny = exponents(-1074, -1022, 40) + exponents(-1022, -50, 60)
    symmetric = both_signs(tiny) + both_signs(exponents(-50, 3)) + between(-3, 3)
    symmetric += between(-745, 709)
    excess = [x for x in symmetric if x < 709.7] + both_signs(exponents(-540, -50, 60))
    for multiple in (0.5, -0.5, 1.5, -1.5):
        excess += around(multiple * LN2, 4, 20)
    excess += between(0.34, 0.4) + around(709.782712893384, 3, 0) + around(-40.0, 3, 0)
    excess += [-x for x in exponents(5, 1023.9, 60)]
    logistic = symmetric + between(-40, 0) + around(-745.1332191019411, 4, 0)
    minus = [-abs(x) for x in symmetric if x] + around(-2.0, 4, 20) + around(-LN2, 4, 20)
    minus += between(-1.3, -0.9)
    ratio = symmetric + between(-4, -2) + between(2, 4) + both_signs(exponents(3, 1023.9))
    ratio += around(2.0) + around(-2.0)
    angle = both_signs(tiny) + both_signs(exponents(-50, 60)) + between(-3, 3) + between(0.5, 0.56)
    angle += exponents(60, 1023.9, 20)
    for point in (0.5, 1.0, 2.0, -0.5, -2.0):
        angle += around(point, 4, 20)
    return {
        "expm1_excess": (lambda x: x * x * excess_over_square(x), excess),
        "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), logistic),
        "log1p_exp": (log1p_exp, logistic),
        "log_minus_expm1": (log_minus_expm1, minus),
        "log_expm1_ratio": (log_expm1_ratio, ratio),
        "atan": (mp.atan, angle),
    }


def angles_of_families():
    """Return name: (function, arguments) of the functions of angles.h."""
    random.seed(5)
    angle = exponents(-510, -50, 30) + exponents(-50, 0, 60) + between(0, math.pi, 400)
    angle += [x for x in around(math.pi, 4, 0) if x <= math.pi]
    return {"versine": (lambda t: 2 * mp.sin(t / 2) ** 2, both_signs(angle))}


def normal_quantile(p):
    """Solve Phi(z) = p."""
    least = min(p, 1 - p)
    if least > mp.mpf("1e-3"):
        return mp.sqrt(2) * mp.erfinv(2 * p - 1)
    z = mp.findroot(lambda z: mp.log(mp.ncdf(z)) - mp.log(least), -mp.sqrt(-2 * mp.log(least)))
    return z if p < 1 / mp.mpf(2) else -z


def quantiles():
    """Return name: (function, arguments) of normal_quantile.h."""
    random.seed(6)
    p = between(0, 1, 3 * PER_RANGE) + exponents(-1021.9, -1, 2 * PER_RANGE) + [1e-300]
    p += exponents(-40, -1) + [1.0 - x for x in exponents(-53, -1)] + [1.0 - 2.0**-53]
    p += [x for x in around(2.0**-1022) if x >= 2.0**-1022]
    for point in (0.5, 0.075, 0.925, math.exp(-25.0)):
        p += around(point)
    return {"normal_quantile": (normal_quantile, p)}


def bessel_pair(k):
    """Return I0(k) and I1(k) times exp(-k) sqrt(2 pi k); the series for large k is DLMF 10.40.1."""
    if k < 1000:
        scale = mp.exp(-k) * mp.sqrt(2 * mp.pi * k)
        return mp.besseli(0, k) * scale, mp.besseli(1, k) * scale
    pair = []
    for order in (0, 1):
        total = term = mp.mpf(1)
        for j in range(1, 40):
            term *= mp.mpf((2 * j - 1) ** 2 - 4 * order**2) / (8 * j * k)
            total += term
        pair.append(total)
    return pair


def with_digits_of(function):
    """Make function work with the digits that 1 +- 1/k and 1 +- k need."""
    def raised(k):
        with mp.workdps(60 + 3 * int(abs(mp.log10(k)))):
            return function(k)
    return raised


def log_bessel_i0_scaled(k):
    if k < 1000:
        return mp.log(mp.besseli(0, k)) - k
    return mp.log(bessel_pair(k)[0] / mp.sqrt(2 * mp.pi * k))


def bessel_ratio_complement(k):
    above, below = bessel_pair(k)
    return (above - below) / above


def bessel_ratio_derivative(k):
    above, below = bessel_pair(k)
    ratio = below / above
    return 1 - ratio / k - ratio**2


def bessel_of_families():
    """Return name: (function, arguments) of the functions of bessel_functions.h."""
    random.seed(3)
    argument = exponents(-1074, -1022, 30) + exponents(-1022, -50, 30) + exponents(-50, 0, 60)
    argument += between(0, 2) + between(2, 8) + between(8, 16) + between(16, 64, 60)
    argument += exponents(4, 60, 60) + exponents(60, 1023.9, 60)
    for point in (0.5, 2.0, 8.0, 16.0):
        argument += around(point, 4, 20)
    return {
        "log_bessel_i0_scaled": (with_digits_of(log_bessel_i0_scaled), argument),
        "bessel_ratio": (lambda k: bessel_pair(k)[1] / bessel_pair(k)[0], argument),
        "bessel_ratio_complement": (with_digits_of(bessel_ratio_complement), argument),
        "bessel_ratio_derivative": (with_digits_of(bessel_ratio_derivative), argument),
        "bessel_bend": (lambda k: bessel_pair(k)[1] / bessel_pair(k)[0] / k, argument),
    }


def scaled_exponential_integral(z):
    """Return exp(z) E1(z); the series for large z is DLMF 6.12.1."""
    if z < 300:
        return mp.exp(z) * mp.e1(z)
    return mp.fsum((-1) ** k * mp.factorial(k) / z ** (k + 1) for k in range(80))


def exponential_integral():
    """Return name: (function, arguments) of the function of exponential_integral.h."""
    random.seed(5)
    argument = exponents(-1074, -1022, 30) + exponents(-1022, -50, 30) + exponents(-50, 0, 60)
    argument += between(0, 0.8) + between(0.8, 1, 240) + between(1, 2) + between(2, 10)
    argument += exponents(3, 60) + exponents(60, 1021, 30) + around(1.0, 4, 20)
    return {"scaled_exponential_integral": (scaled_exponential_integral, argument)}


def zeta_terms(s, e):
    """Return log zeta, -zeta'/zeta and (log zeta)'' at 1 + e; for large s by Euler's product."""
    if s > 150:
        powers = [(p, j, mp.power(p, -j * s)) for p in (2, 3, 5, 7) for j in (1, 2, 3) if p**j < 9]
        return (mp.fsum(power / j for _, j, power in powers),
                mp.fsum(mp.log(p) * power for p, _, power in powers),
                mp.fsum(j * mp.log(p) ** 2 * power for p, j, power in powers))
    with mp.workdps(100):
        zeta, first, second = (mp.zeta(1 + e, derivative=order) for order in range(3))
        slope = first / zeta
        return mp.log(zeta), -slope, second / zeta - slope**2


def zeta_rows():
    """Yield s and e = s - 1, either exact, with the three values."""
    random.seed(4)
    near = exponents(-52, 0, 40) + between(0, 1, 60)
    far = between(1, 3, 60) + between(3, 20, 60) + between(20, 1070, 60)
    pairs = [(1.0 + e, e) for e in near] + [(e + 1.0, (e + 1.0) - 1.0) for e in far]
    for s, e in [*pairs, (1.0 + 2.0**-52, 2.0**-52), (2.0, 1.0), (2.0 + 2.0**-51, 1.0 + 2.0**-51)]:
        yield (s, e), zeta_terms(mp.mpf(s), mp.mpf(e))


def write(name, header, rows):
    lines = [header]
    for arguments, values in rows:
        cells = [x.hex() for x in arguments] + [mp.nstr(v, 25, strip_zeros=True) for v in values]
        lines.append(",".join(cells))
    (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n")
    print(name, len(lines) - 1)


def write_functions(functions):
    for name, (function, arguments) in functions.items():
        arguments = sorted(set(arguments))
        write(name, "x,value", (((x,), (function(mp.mpf(x)),)) for x in arguments))


def main():
    FOLDER.mkdir(exist_ok=True)
    write_functions(FUNCTIONS)
    write("log_ratio", "ratio,excess,log,phi,h", log_ratio_rows())
    write_functions(elementary_of_families())
    write_functions(bessel_of_families())
    write_functions(exponential_integral())
    write_functions(angles_of_families())
    write_functions(quantiles())
    rows = list(zeta_rows())
    for i, name in enumerate(("log_zeta", "zeta_log_mean", "zeta_log_variance")):
        write(name, "s,e,value", ((arguments, values[i : i + 1]) for arguments, values in rows))


if __name__ == "__main__":
    main()
