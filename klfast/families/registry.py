"""The registry of the families: name to class, in the order of the C library."""

from __future__ import annotations

from klfast._core.native import family_names
from klfast.families.family import Family
from klfast.families.gamma import Gamma
from klfast.families.multivariate_normal import MultivariateNormal
from klfast.families.normal import Normal
from klfast.families.poisson import Poisson

_classes: dict[str, type[Family]] = {
    cls._family: cls for cls in (Normal, Gamma, Poisson, MultivariateNormal)
}

families: dict[str, type[Family]] = {
    _classes[name].__name__: _classes[name] for name in family_names()
}
