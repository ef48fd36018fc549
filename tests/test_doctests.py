"""The examples of the installed package run as written."""

import doctest
import importlib
import pkgutil

import pytest

import klfast

MODULES = sorted(m.name for m in pkgutil.walk_packages(klfast.__path__, "klfast."))


@pytest.mark.parametrize("name", [m for m in MODULES if m != "klfast.__main__"])
def test_examples_run_as_written(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_public_names_are_documented_with_examples():
    without = [
        name
        for name in klfast.__all__
        if callable(getattr(klfast, name)) and not (getattr(klfast, name).__doc__ or "").strip()
    ]
    assert without == []
