"""The families: one class each, in the registry's order."""

from klfast.families.gamma import Gamma
from klfast.families.multivariate_normal import MultivariateNormal
from klfast.families.normal import Normal
from klfast.families.poisson import Poisson
from klfast.families.registry import families

__all__ = ["Gamma", "MultivariateNormal", "Normal", "Poisson", "families"]
