"""The functions of src_c/math against mpmath, at special points, and level against level."""

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
HEADERS = "".join((HERE.parents[1] / "src_c" / "math" / name).read_text(encoding="utf-8")
                  for name in ("elementary.h", "angles.h", "gamma_functions.h",
                               "bessel_functions.h", "zeta_functions.h", "exponential_integral.h",
                               "normal_quantile.h"))
INF, NAN = math.inf, math.nan
SMALLEST, LARGEST = 2.0**-1074, math.nextafter(math.inf, 0.0)

# The largest errors allowed, in ulp; the comment of each function in the header states the same.
BOUNDS = {
    "exp": 0.9,
    "expm1": 1.2,
    "log": 0.9,
    "log1p": 0.9,
    "expm1_excess": 2.4,
    "sigmoid": 2.2,
    "log1p_exp": 1.8,
    "log_minus_expm1": 2.3,
    "log_expm1_ratio": 1.8,
    "atan": 1.4,
    "sin_2pi": 0.9,
    "cos_2pi": 0.9,
    "versine": 2.5,
    "stirling_error": 3.5,
    "lgamma": 4.5,
    "digamma": 4,
    "digamma_minus_log": 4,
    "trigamma": 4,
    "trigamma_minus_inverse": 6,
    "log_bessel_i0_scaled": 2.8,
    "bessel_ratio": 1.6,
    "bessel_ratio_complement": 2.4,
    "bessel_ratio_derivative": 5,
    "bessel_bend": 1.7,
    "scaled_exponential_integral": 3.5,
    "normal_quantile": 6,
}
BOUNDS_OF_TWO = {  # functions of two arguments
    "log_zeta": 3,
    "zeta_log_mean": 3.5,
    "zeta_log_variance": 5,
}
RATIO_BOUNDS = {"log_ratio": (0.9, 3.5), "log_ratio_rising": (0.9, 4)}
C_NAMES = {"sin_2pi": "sincos_2pi", "cos_2pi": "sincos_2pi"}


def stated_bounds(name):
    """Read the numbers of ulp in the comment before the function's definition."""
    definition = re.search(
        rf"^(?:static inline|KLF_INLINE) \w+ klf_{C_NAMES.get(name, name)}\(", HEADERS, re.M)
    comment = HEADERS[HEADERS.rindex("/*", 0, definition.start()) : definition.start()]
    return {float(number) for number in re.findall(r"([0-9.]+) ulp", comment)}


def read_reference(name):
    text = (HERE / "reference" / f"{name}.csv").read_text(encoding="ascii")
    return [line.split(",") for line in text.splitlines()[1:]]


def ulp_error(value, true):
    """|value - true| in units of the spacing of doubles at `true`; overflow to inf is right."""
    if abs(true) >= 2**1024 - 2**970:
        return 0.0 if value == (INF if true > 0 else -INF) else INF
    if not math.isfinite(value):
        return INF
    spacing = Fraction(SMALLEST)
    if true:
        exponent = math.frexp(float(true))[1] - 1  # float() of a fraction rounds to nearest
        exponent -= abs(true) < Fraction(2) ** exponent
        spacing = Fraction(2) ** (max(exponent, -1022) - 52)
    return float(abs(Fraction(value) - true) / spacing)


def assert_accurate(name, arguments, values, trues, bound):
    errors = [ulp_error(float(value), true) for value, true in zip(values, trues, strict=True)]
    worst = max(range(len(errors)), key=errors.__getitem__)
    assert errors[worst] <= bound, (
        f"{name}({arguments[worst]}) = {float(values[worst]).hex()} is wrong by "
        f"{errors[worst]:.3f} ulp, {bound} allowed")


@pytest.mark.parametrize("name", BOUNDS)
def test_error_against_mpmath(levels, name):
    rows = read_reference(name)
    x = [float.fromhex(row[0]) for row in rows]
    assert_accurate(name, [row[0] for row in rows], levels[-1](name, x),
                    [Fraction(row[1]) for row in rows], BOUNDS[name])


@pytest.mark.parametrize("name", BOUNDS_OF_TWO)
def test_error_of_two_against_mpmath(levels, name):
    rows = read_reference(name)
    x, y = ([float.fromhex(row[i]) for row in rows] for i in range(2))
    assert_accurate(name, [", ".join(row[:2]) for row in rows], levels[-1].of_two(name, x, y),
                    [Fraction(row[2]) for row in rows], BOUNDS_OF_TWO[name])


@pytest.mark.parametrize(("name", "column"), [("log_ratio", 3), ("log_ratio_rising", 4)])
def test_ratio_error_against_mpmath(levels, name, column):
    rows = read_reference("log_ratio")
    ratio, excess = ([float.fromhex(row[i]) for row in rows] for i in range(2))
    results = levels[-1].pair(name, ratio, excess)
    labels = [", ".join(row[:2]) for row in rows]
    for values, i, bound in zip(results, (2, column), RATIO_BOUNDS[name], strict=True):
        assert_accurate(name, labels, values, [Fraction(row[i]) for row in rows], bound)


def test_headers_state_the_tested_bounds():
    for name, bound in (BOUNDS | BOUNDS_OF_TWO).items():
        assert bound in stated_bounds(name), name
    for name, bounds in RATIO_BOUNDS.items():
        assert set(bounds) <= stated_bounds(name), name


SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (LARGEST, INF), (-LARGEST, 0.0),
            (709.782712893384, 1.7976931348622732e308), (709.7827128933841, INF),
            (-745.1332191019411, SMALLEST), (-745.1332191019412, 0.0), (SMALLEST, 1.0)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (LARGEST, INF), (-LARGEST, -1.0),
              (SMALLEST, SMALLEST), (-SMALLEST, -SMALLEST), (3e-310, 3e-310), (-50.0, -1.0)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-1.0, NAN), (-SMALLEST, NAN),
            (-INF, NAN), (SMALLEST, -744.4400719213812), (LARGEST, 709.782712893384)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-INF, NAN), (-1.5, NAN),
              (SMALLEST, SMALLEST), (-SMALLEST, -SMALLEST), (3e-310, 3e-310),
              (LARGEST, 709.782712893384)],
    "expm1_excess": [(0.0, 0.0), (-0.0, 0.0), (INF, INF), (-INF, INF), (LARGEST, INF),
                     (-LARGEST, LARGEST), (709.7827128933841, INF), (SMALLEST, 0.0),
                     (-SMALLEST, 0.0), (-50.0, 49.0)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (LARGEST, 1.0), (-LARGEST, 0.0),
                (SMALLEST, 0.5), (-745.1332191019412, 0.0)],
    "log1p_exp": [(0.0, math.log(2.0)), (-0.0, math.log(2.0)), (INF, INF), (-INF, 0.0),
                  (LARGEST, LARGEST), (-LARGEST, 0.0), (-745.1332191019412, 0.0)],
    "log_minus_expm1": [(0.0, -INF), (-0.0, -INF), (-INF, 0.0), (-LARGEST, 0.0), (1.0, NAN),
                        (SMALLEST, NAN), (INF, NAN), (-SMALLEST, -744.4400719213812),
                        (-745.1332191019411, -SMALLEST)],
    "log_expm1_ratio": [(0.0, 0.0), (-0.0, 0.0), (INF, INF), (-INF, -INF), (LARGEST, LARGEST),
                        (-LARGEST, -709.782712893384), (4 * SMALLEST, 2 * SMALLEST)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (INF, math.pi / 2), (-INF, -math.pi / 2),
             (LARGEST, math.pi / 2), (1.0, math.pi / 4), (-1.0, -math.pi / 4),
             (SMALLEST, SMALLEST), (-SMALLEST, -SMALLEST)],
    "sin_2pi": [(0.0, 0.0), (-0.0, -0.0), (0.25, 1.0), (0.5, -0.0), (0.75, -1.0), (1.0, 0.0),
                (-0.25, -1.0), (INF, NAN), (-INF, NAN), (2.0**51 + 0.5, -0.0), (1e300, 0.0)],
    "cos_2pi": [(0.0, 1.0), (-0.0, 1.0), (0.5, -1.0), (1.0, 1.0), (INF, NAN), (-INF, NAN),
                (2.0**51 + 0.5, -1.0), (1e300, 1.0), (LARGEST, 1.0)],
    "versine": [(0.0, 0.0), (-0.0, 0.0), (SMALLEST, 0.0), (math.pi, 2.0), (-math.pi, 2.0)],
    "stirling_error": [(INF, 0.0)],
    "lgamma": [(0.0, INF), (-0.0, INF), (1.0, 0.0), (2.0, 0.0), (INF, INF), (LARGEST, INF),
               (-1.5, NAN), (-INF, NAN), (-SMALLEST, NAN), (2.56e305, INF)],
    "digamma": [(0.0, -INF), (-0.0, -INF), (INF, INF), (SMALLEST, -INF), (-1.5, NAN), (-INF, NAN)],
    "digamma_minus_log": [(0.0, -INF), (-0.0, -INF), (INF, -0.0), (SMALLEST, -INF), (-1.5, NAN),
                          (-INF, NAN)],
    "trigamma": [(0.0, INF), (-0.0, INF), (INF, 0.0), (SMALLEST, INF), (-1.5, NAN), (-INF, NAN)],
    "trigamma_minus_inverse": [(0.0, INF), (-0.0, INF), (INF, 0.0), (SMALLEST, INF), (-1.5, NAN),
                               (-INF, NAN), (1e200, 0.0)],
    "log_bessel_i0_scaled": [(0.0, 0.0), (-0.0, 0.0), (INF, -INF), (SMALLEST, -SMALLEST),
                             (-SMALLEST, NAN), (-1.0, NAN), (-INF, NAN)],
    "bessel_ratio": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (LARGEST, 1.0), (-SMALLEST, NAN),
                     (4 * SMALLEST, 2 * SMALLEST), (-1.0, NAN), (-INF, NAN)],
    "bessel_ratio_complement": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (SMALLEST, 1.0), (-1.0, NAN),
                                (-INF, NAN), (2.0**1000, 2.0**-1001)],
    "bessel_ratio_derivative": [(0.0, 0.5), (-0.0, 0.5), (INF, 0.0), (LARGEST, 0.0), (-1.0, NAN),
                                (SMALLEST, 0.5), (-INF, NAN), (2.0**500, 2.0**-1001)],
    "bessel_bend": [(0.0, 0.5), (-0.0, 0.5), (INF, 0.0), (SMALLEST, 0.5), (-1.0, NAN),
                    (-INF, NAN), (2.0**1000, 2.0**-1000)],
    "scaled_exponential_integral": [(0.0, INF), (-0.0, INF), (INF, 0.0), (-SMALLEST, NAN),
                                    (-1.0, NAN), (-INF, NAN), (2.0**1000, 2.0**-1000)],
    "normal_quantile": [(0.0, -INF), (-0.0, -INF), (1.0, INF), (0.5, 0.0), (-SMALLEST, NAN),
                        (1.0 + 2.0**-52, NAN), (INF, NAN), (-INF, NAN),
                        (SMALLEST, -37.51937934714449)],
}


def same(a, b):
    return (math.isnan(a) and math.isnan(b)) or (a == b
                                                 and math.copysign(1, a) == math.copysign(1, b))


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(levels, name):
    cases = [*SPECIAL[name], (NAN, NAN)]
    for level in levels:
        values = level(name, [x for x, _ in cases])
        for (x, expected), value in zip(cases, values, strict=True):
            assert same(float(value), expected), f"{name}({x!r}) = {value!r} at {level.name}"


SPECIAL_OF_TWO = {
    "log_zeta": [(1.0, 0.0, INF), (INF, INF, 0.0), (0.5, -0.5, NAN), (NAN, NAN, NAN),
                 (1.0, SMALLEST, 744.4400719213812), (1e300, 1e300, 0.0)],
    "zeta_log_mean": [(1.0, 0.0, INF), (INF, INF, 0.0), (0.5, -0.5, NAN), (NAN, NAN, NAN),
                      (1.0, SMALLEST, INF), (1.0, 2.0**-1000, 2.0**1000), (1e300, 1e300, 0.0)],
    "zeta_log_variance": [(1.0, 0.0, INF), (INF, INF, 0.0), (0.5, -0.5, NAN), (NAN, NAN, NAN),
                          (1.0, SMALLEST, INF), (1.0, 2.0**-500, 2.0**1000), (1e300, 1e300, 0.0)],
}


@pytest.mark.parametrize("name", SPECIAL_OF_TWO)
def test_special_values_of_two(levels, name):
    x, y, _ = zip(*SPECIAL_OF_TWO[name], strict=True)
    for level in levels:
        for case, value in zip(SPECIAL_OF_TWO[name], level.of_two(name, x, y), strict=True):
            assert same(float(value), case[2]), f"{name}{case[:2]} = {value!r} at {level.name}"


def test_special_values_of_ratios(levels):
    ratio = [0.0, -0.0, INF, NAN, -1.0, 1.0, 1.0]
    excess = [-1.0, -1.0, INF, NAN, -2.0, 0.0, -0.0]
    log = [-INF, -INF, INF, NAN, NAN, 0.0, 0.0]
    expected = {"log_ratio": [INF, INF, INF, NAN, NAN, 0.0, 0.0],
                "log_ratio_rising": [1.0, 1.0, INF, NAN, NAN, 0.0, 0.0]}
    for level in levels:
        for name, second in expected.items():
            values = level.pair(name, ratio, excess)
            np.testing.assert_array_equal(values[0], log, err_msg=name)
            np.testing.assert_array_equal(values[1], second, err_msg=name)


def test_uniform_is_the_rounded_midpoint(levels):
    words = [0, 1, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1, 2**63, 2**64 - 2**10, 2**64 - 1]
    words += [int(w) for w in np.random.default_rng(1).integers(0, 2**64, 2000, dtype=np.uint64)]
    words += [w >> s for w in words[10:200] for s in (8, 20, 40)]
    expected = [float(Fraction(2 * w + 1, 2**65)) for w in words]
    for level in levels:
        values = level.uniform(words)
        assert values.tolist() == expected
        assert values.min() == 2.0**-65 and values.max() == 1.0


def random_patterns(count, seed):
    """Doubles with random bits, and half of them moderate."""
    random = np.random.default_rng(seed)
    any_bits = random.integers(0, 2**64, count // 2, dtype=np.uint64).view(np.float64)
    return np.concatenate([any_bits, random.normal(size=count // 4) * 3,
                           np.exp2(random.uniform(-60, 60, count - count // 2 - count // 4))])


def bits(x):
    return x.view(np.uint64)


@pytest.mark.parametrize("name", BOUNDS)
def test_bits_are_the_same_at_every_level(levels, name):
    x = random_patterns(100_000, 2)
    expected = levels[0](name, x)
    for level in levels[1:]:
        differing = bits(level(name, x)) != bits(expected)
        assert not differing.any(), f"{name}({x[differing][0].hex()}) at {level.name}"


@pytest.mark.parametrize("name", BOUNDS_OF_TWO)
def test_bits_of_two_are_the_same_at_every_level(levels, name):
    x, y = random_patterns(20_000, 6), random_patterns(20_000, 7)
    expected = levels[0].of_two(name, x, y)
    for level in levels[1:]:
        differing = bits(level.of_two(name, x, y)) != bits(expected)
        assert not differing.any(), (
            f"{name}({x[differing][0].hex()}, {y[differing][0].hex()}) at {level.name}")


@pytest.mark.parametrize("name", RATIO_BOUNDS)
def test_bits_of_ratios_are_the_same_at_every_level(levels, name):
    ratio = np.abs(random_patterns(100_000, 3))
    with np.errstate(invalid="ignore"):
        excess = ratio - 1.0
    expected = levels[0].pair(name, ratio, excess)
    for level in levels[1:]:
        values = level.pair(name, ratio, excess)
        for i in range(2):
            assert np.array_equal(bits(values[i]), bits(expected[i])), f"{name} at {level.name}"


@pytest.mark.parametrize("name", BOUNDS)
def test_every_length_gives_the_same_elements(levels, name):
    x = random_patterns(20, 4)
    for level in levels:
        single = np.array([level(name, x[i : i + 1])[0] for i in range(17)])
        for length in range(18):
            assert np.array_equal(bits(level(name, x[:length])), bits(single[:length])), level.name


def test_sine_and_cosine_together_equal_them_apart(levels):
    u = random_patterns(1000, 5)
    for level in levels:
        sine, cosine = level.pair("sincos_2pi", u)
        assert np.array_equal(bits(sine), bits(level("sin_2pi", u)))
        assert np.array_equal(bits(cosine), bits(level("cos_2pi", u)))
