"""What a family says that data must be is what its fits take, and the errors say it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from members import MEMBERS

import klfast as kf


def whole(x):
    return math.isfinite(x) and x == math.floor(x)


# of a number and the fixed parameters
RULES = {
    "must be finite": lambda x, fixed: math.isfinite(x),
    "must be finite and > 0": lambda x, fixed: 0.0 < x < math.inf,
    "must be finite and >= 0": lambda x, fixed: 0.0 <= x < math.inf,
    "must be finite and > 5.6e-309, so that 1/x is finite":
        lambda x, fixed: 5.6e-309 < x < math.inf,
    "must be finite and >= minimum": lambda x, fixed: fixed["minimum"] <= x < math.inf,
    "must be > 0 and < 1": lambda x, fixed: 0.0 < x < 1.0,
    "must be in [0, 1]": lambda x, fixed: 0.0 <= x <= 1.0,
    "must be 0 or 1": lambda x, fixed: x in (0.0, 1.0),
    "must be finite, a whole number >= 0": lambda x, fixed: whole(x) and x >= 0.0,
    "must be finite, a whole number >= 1": lambda x, fixed: whole(x) and x >= 1.0,
    "must be a whole number from 0 to trials":
        lambda x, fixed: whole(x) and 0.0 <= x <= fixed["trials"],
}
POINTS = [-math.inf, -1.7e308, -2.0, -1.0, -5e-324, 0.0, 5e-324, 5.5e-309, 5.7e-309, 0.5, 0.25,
          1.0 - 2.0**-53, 1.0, 1.0 + 2.0**-52, 1.5, 2.0, 3.0, 1e15 + 0.5, 2.0**53, 1.7e308,
          math.inf, math.nan]


@pytest.mark.parametrize("name", list(kf.families))
def test_the_rule_is_what_a_fit_asks_of_data(name):
    p = MEMBERS[name].ordinary[0]
    cls, rule = type(p), type(p)._data_rule()
    shape = (1, *p.event_shape)
    for x in [*POINTS, *p.fixed.values()]:
        try:
            cls.fit(np.full(shape, x), **p.fixed)
            accepted = True
        except kf.NoMaximumError:
            accepted = True
        except ValueError as error:
            accepted = False
            assert str(error).startswith("data[0] = ")
            assert str(error).endswith(f": data of {name} {rule}")
        assert accepted == RULES[rule](x, p.fixed), x
