"""Whatever NumPy can hold: layouts, types, `out`, broadcasting; refused with a reason or right."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import klfast as kf

P = kf.Normal(1.0, 2.0)
GAMMA = kf.Gamma(2.0, 1.0)
POISSON = kf.Poisson(3.0)
MVN = kf.MultivariateNormal([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
BATCH = kf.Normal(np.linspace(0.0, 1.0, 6), 1.0)
X = np.linspace(-3.0, 3.0, 24).reshape(4, 6)


def over_members():
    return pytest.mark.parametrize("p", [P, BATCH], ids=["one", "batch"])


@over_members()
def test_empty(p):
    assert p.log_density(np.zeros((0, 6))).shape == (0, 6)
    assert p.score(np.zeros((0, 6))).shape == (0, 6, 2)
    assert P.log_density([]).shape == (0,)
    assert MVN.log_density(np.zeros((0, 2))).shape == (0,)
    assert MVN.score(np.zeros((0, 2))).shape == (0, 6)


@pytest.mark.parametrize("x", [1.5, np.float64(1.5), np.float32(1.5), np.array(1.5),
                               np.longdouble(1.5)])
def test_scalars_give_floats(x):
    found = P.log_density(x)
    assert type(found) is float and found == P.log_density(np.array([1.5]))[0]
    assert type(P.log_density(2)) is float
    assert P.score(x).shape == (2,)


def layouts():
    wide = np.zeros((8, 12))
    wide[::2, ::2] = X
    record = np.zeros(24, dtype=np.dtype([("a", np.int8), ("x", np.float64)]))
    record["x"] = X.ravel()
    closed = X.copy()
    closed.flags.writeable = False
    return {
        "strided": wide[::2, ::2], "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
        "fortran": np.asfortranarray(X), "swapped bytes": X.astype(">f8"),
        "read-only": closed, "misaligned": record["x"].reshape(4, 6),
        "list": X.tolist(), "memoryview": memoryview(X),
    }


@pytest.mark.parametrize("name", list(layouts()))
@over_members()
def test_layouts_give_the_values_of_a_copy(p, name):
    x = layouts()[name]
    assert_array_equal(p.log_density(x), p.log_density(X))
    assert_array_equal(p.score(x), p.score(X))
    assert_array_equal(p.sufficient_statistics(x), p.sufficient_statistics(X))


@over_members()
def test_broadcast_input_of_stride_0(p):
    x = np.broadcast_to(X[0], (5, 6))
    assert_array_equal(p.log_density(x), p.log_density(x.copy()))
    assert_array_equal(p.log_density(np.broadcast_to(1.0, (3, 6))), p.log_density(np.ones((3, 6))))


def test_misaligned_parameters_and_data():
    record = np.zeros(5, dtype=np.dtype([("a", np.int8), ("x", np.float64)]))
    record["x"] = [1.0, 2.0, 3.0, 4.0, 6.0]
    assert kf.Gamma(record["x"], 1.0) == kf.Gamma(record["x"].copy(), 1.0)
    assert kf.Gamma.fit(record["x"]) == kf.Gamma.fit(record["x"].copy())


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32,
                                   np.int64, np.uint64, np.float16, np.float32, np.longdouble,
                                   bool])
def test_real_types_are_converted(dtype):
    x = np.array([0, 1, 1, 0]).astype(dtype)
    for p in (P, POISSON, GAMMA):
        found = p.log_density(x)
        assert found.dtype == np.float64
        assert_array_equal(found, p.log_density(x.astype(np.float64)))
    assert_array_equal(BATCH.log_density(x[:1]), BATCH.log_density(x[:1].astype(float)))


def test_counts_above_2_53_are_rounded_to_doubles():
    big = kf.Poisson(1e16)
    assert big.log_density(np.uint64(2**63 + 1)) == big.log_density(2.0**63)
    assert big.log_density(np.array([2**53 + 1])) == big.log_density(2.0**53)


@pytest.mark.parametrize(
    "x",
    [np.array([1.0 + 2.0j]), np.array([object()]), np.array(["a"]), "text", b"bytes", None,
     np.array(["2020-01-01"], dtype="datetime64[D]"), np.array([1], dtype="timedelta64[s]"),
     [1.0, [2.0, 3.0]], {"a": 1}, np.zeros(2, dtype=[("a", float)])],
    ids=lambda x: f"{type(x).__name__}-{getattr(x, 'dtype', '')}",
)
def test_what_is_no_real_number_is_a_type_error_that_names_it(x):
    for call in (P.log_density, P.score, P.sufficient_statistics, BATCH.log_density,
                 lambda v: kf.Normal(v, 1.0), kf.Normal.fit, kf.Normal.from_natural):
        with pytest.raises(TypeError, match=r"dtype|real numbers|data is"):
            call(x)


def test_masked_arrays_are_refused():
    x = np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])
    for call in (P.log_density, P.score, kf.Normal.fit, lambda v: kf.Normal(v, 1.0)):
        with pytest.raises(TypeError, match="masked"):
            call(x)
    with pytest.raises(TypeError, match="masked"):
        kf.minimize_forward_kl(P, [x, x])
    with pytest.raises(TypeError, match="masked"):
        kf.Normal.fit([1.0, 2.0, 4.0], np.ma.masked_array([1.0, 1.0, 1.0]))


class Subclass(np.ndarray):
    """An array of another class."""


class Wrapper:
    """Something that only speaks the array protocol."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def test_subclasses_and_array_likes_give_plain_arrays():
    for x in (X.view(Subclass), Wrapper(X)):
        for p in (P, BATCH):
            found = p.log_density(x)
            assert type(found) is np.ndarray
            assert_array_equal(found, p.log_density(X))
    assert kf.Normal.fit(Wrapper(X.ravel())) == kf.Normal.fit(X.ravel())
    a, b = (kf.minimize_forward_kl(P, x).distribution for x in (X.ravel(), Wrapper(X.ravel())))
    assert a == b


# ---- out ----


@over_members()
def test_out_of_any_layout(p):
    expected = p.log_density(X)
    record = np.zeros(24, dtype=np.dtype([("a", np.int8), ("x", np.float64)]))
    for out in (np.zeros((4, 6)), np.zeros((6, 4)).T, np.zeros((8, 12))[::2, ::2],
                np.zeros((4, 6))[::-1], record["x"].reshape(4, 6)):
        assert p.log_density(X, out=out) is out
        assert_array_equal(out, expected)


@over_members()
def test_out_may_be_x_itself_or_overlap_it(p):
    expected = p.log_density(X)
    x = X.copy()
    p.log_density(x, out=x)
    assert_array_equal(x, expected)
    memory = np.zeros(40)
    memory[:24] = X.ravel()
    p.log_density(memory[:24].reshape(4, 6), out=memory[6:30].reshape(4, 6))
    assert_array_equal(memory[6:30].reshape(4, 6), expected)
    memory[6:30] = X.ravel()
    p.log_density(memory[6:30].reshape(4, 6), out=memory[:24].reshape(4, 6))
    assert_array_equal(memory[:24].reshape(4, 6), expected)


@over_members()
def test_wrong_out_is_refused_and_left_alone(p):
    closed = np.zeros((4, 6))
    closed.flags.writeable = False
    bad = [closed, np.zeros((4, 5)), np.zeros(24), np.zeros((1, 4, 6)),
           np.zeros((4, 6), np.float32), np.zeros((4, 6), np.int64), np.zeros((4, 6), ">f8"),
           [[0.0] * 6] * 4]
    for out in bad:
        before = np.array(out)
        with pytest.raises((TypeError, ValueError), match="out"):
            p.log_density(X, out=out)
        assert_array_equal(np.array(out), before)
    good = np.full((4, 6), 7.0)
    with pytest.raises(TypeError):
        p.log_density(["a"], out=good)
    assert (good == 7.0).all()


# ---- Shapes ----


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"\(4,\).*\(6,\)"):
        BATCH.log_density(np.zeros(4))
    with pytest.raises(ValueError, match=r"loc \(3,\).*scale \(2,\)"):
        kf.Normal(np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match=r"\(3, 3\).*2 coordinates"):
        MVN.log_density(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="coordinates"):
        MVN.log_density(1.0)


def test_one_bad_parameter_of_a_million_is_named():
    scale = np.ones(1_000_000)
    scale[765_432] = -1.0
    with pytest.raises(ValueError, match=r"scale\[765432\] = -1.0"):
        kf.Normal(0.0, scale)
    with pytest.raises(ValueError, match=r"rate\[765, 432\]"):
        kf.Gamma(1.0, scale.reshape(1000, 1000)[:, ::1])


def test_parameters_are_copied():
    loc = np.zeros(3)
    p = kf.Normal(loc, 1.0)
    loc[:] = 5.0
    assert_array_equal(p.parameters["loc"], np.zeros(3))
    p.parameters["loc"][:] = 5.0
    assert_array_equal(p.parameters["loc"], np.zeros(3))


def test_no_warnings_and_no_floating_point_state():
    """Infinities inside do not trip numpy's error state, and none are left behind."""
    members = [kf.Normal(0.0, 1e-300), kf.Gamma(1e-8, 1e-300), kf.Gamma(1e12, 1e300),
               kf.Poisson(0.0), kf.Poisson(1e-300), kf.Poisson(1e18),
               kf.MultivariateNormal([0.0, 0.0], np.diag([1e-200, 1e200]))]
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for p in members:
            x = p.sample(100, rng=1)
            p.log_density(x)
            p.score(x)
            p.entropy()
            p.log_partition()
            kf.kl_divergence(p, p)
            copy = np.array([1.0, 2.0]) / 3.0
            assert copy[0] < copy[1]
            if not p.event_shape:
                p.log_density([0.0, 5e-324, 1e308, np.inf, -np.inf, np.nan])
                type(p)(*(np.array([v, v]) for v in p.parameters.values())).log_density(x[0])


def test_fit_and_minimise_under_a_raising_error_state():
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), [1e-300, 1.0, 1e300])
        kf.minimize_forward_kl(kf.Normal(0.0, 1.0), [1e9, 1e9 + 1e-3, 1e9 - 1e-3])
        kf.minimize_reverse_kl(kf.Normal(1.0, 2.0), kf.Normal(0.0, 1e-5), rng=1)
        kf.minimize_reverse_kl(kf.Normal(0.0, 1.0), kf.Gamma(2.0, 1.0), rng=1)
        kf.minimize_reverse_kl(kf.Normal(1.0, 2.0), lambda x: -np.abs(x), rng=1, max_steps=20)
