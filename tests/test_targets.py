"""Targets: the forms that q may take."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import klfast as kf
from klfast._core.native import BLOCK
from klfast.targets import compiled_target, evaluate_log_density


def test_a_distribution_and_a_mixture_compile_and_a_callable_does_not():
    p = kf.Gamma(2.0, 1.0)
    x = p.sample(3 * BLOCK + 5, rng=1)
    for q in (p, kf.Mixture([0.5, 0.5], [p, kf.Gamma(3.0, 2.0)])):
        target = compiled_target(q)
        assert_array_equal(target.log_density(x, len(x)), q.log_density(x))
        assert_array_equal(target.log_density(x, len(x), 2), q.log_density(x))
    assert compiled_target(lambda x: x) is None
    with pytest.raises(ValueError, match="batch"):
        compiled_target(kf.Normal(np.zeros(2), 1.0))


def test_a_target_outlives_the_distributions_it_was_made_of():
    target = compiled_target(kf.Mixture([0.5, 0.5], [kf.Normal(0.0, 1.0), kf.Normal(1.0, 1.0)]))
    junk = [kf.Normal(float(i), 1.0) for i in range(100)]
    expected = kf.Mixture([0.5, 0.5], [junk[0], junk[1]]).log_density(np.arange(5.0))
    assert_array_equal(target.log_density(np.arange(5.0), 5), expected)


def test_values_of_a_callable_are_converted_and_their_shape_checked():
    x = np.arange(3.0)
    for returned in ([1, 2, 3], np.array([1.0, 2.0, 3.0], np.float32), (1.0, 2.0, 3.0)):
        assert_array_equal(evaluate_log_density(lambda x, r=returned: r, x), [1.0, 2.0, 3.0])
    for returned in (np.zeros(2), np.zeros((3, 1)), 1.0, np.zeros((1, 3))):
        with pytest.raises(ValueError, match=r"log_q returned shape .*\(3,\)"):
            evaluate_log_density(lambda x, r=returned: r, x)
    for returned in (None, "abc", [1j, 2, 3], [None, 1.0, 2.0]):
        with pytest.raises(TypeError, match="log_q"):
            evaluate_log_density(lambda x, r=returned: r, x)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("p", lambda: kf.minimize_forward_kl(kf.Normal, [1.0, 2.0])),
        ("data", lambda: kf.minimize_forward_kl(kf.Normal(0.0, 1.0), kf.Normal)),
        ("p", lambda: kf.minimize_reverse_kl(kf.Normal, kf.Normal(0.0, 1.0))),
        ("q", lambda: kf.minimize_reverse_kl(kf.Normal(0.0, 1.0), kf.Normal)),
        ("start", lambda: kf.minimize_reverse_kl(*[kf.Normal(0.0, 1.0)] * 2, start=kf.Normal)),
        ("q", lambda: kf.kl_divergence(kf.Normal(0.0, 1.0), kf.Normal)),
        ("p", lambda: kf.cross_entropy(kf.Normal, kf.Normal(0.0, 1.0))),
        ("components[1]", lambda: kf.Mixture([0.5, 0.5], [kf.Normal(0.0, 1.0), kf.Normal])),
    ],
)
def test_a_class_in_place_of_a_member_is_refused_with_what_to_pass(name, call):
    with pytest.raises(TypeError) as error:
        call()
    assert str(error.value).startswith(
        f"{name} is the class Normal, not a member such as Normal(loc=..., scale=...): ")
