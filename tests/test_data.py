"""The data that come with the package, against sums known from R."""

import numpy as np
import pytest

from klfast.data import old_faithful


def test_old_faithful_is_the_published_table():
    x = old_faithful()
    assert x.shape == (272,)
    assert x.dtype.names == ("eruptions", "waiting")
    assert [tuple(row) for row in x[:3]] == [(3.6, 79.0), (1.8, 54.0), (3.333, 74.0)]
    assert tuple(x[-1]) == (4.467, 74.0)
    assert x["waiting"].sum() == 19284.0
    assert x["waiting"].mean() == pytest.approx(70.89706, abs=5e-6)
    assert x["eruptions"].mean() == pytest.approx(3.487783, abs=5e-7)
    assert np.median(x["eruptions"]) == 4.0


def test_each_call_gives_a_table_of_its_own():
    old_faithful()["waiting"][:] = 0.0
    assert old_faithful()["waiting"].sum() == 19284.0
