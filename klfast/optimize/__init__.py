"""The minimisers of either direction."""

from klfast.optimize.forward import minimize_forward_kl
from klfast.optimize.result import FitResult
from klfast.optimize.reverse import minimize_reverse_kl

__all__ = ["FitResult", "minimize_forward_kl", "minimize_reverse_kl"]
