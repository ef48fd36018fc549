"""klfast: fit exponential-family distributions by minimising a Kullback-Leibler divergence."""

from klfast._core.native import Accumulator, Stream
from klfast.diagnostics import effective_sample_size, pareto_k
from klfast.divergence import KLEstimate, cross_entropy, kl_divergence
from klfast.families import families
from klfast.families.family import NoMaximumError
from klfast.optimize import FitResult, ReverseMinimizer, minimize_forward_kl, minimize_reverse_kl
from klfast.power_divergence import alpha_divergence, renyi_divergence
from klfast.targets import Mixture, Product

__version__ = "0.1.0"

globals().update(families)

__all__ = [
    "Accumulator",
    "FitResult",
    "KLEstimate",
    "Mixture",
    "NoMaximumError",
    "Product",
    "ReverseMinimizer",
    "Stream",
    "alpha_divergence",
    "cross_entropy",
    "effective_sample_size",
    "families",
    "kl_divergence",
    "minimize_forward_kl",
    "minimize_reverse_kl",
    "pareto_k",
    "renyi_divergence",
    *families,
]
