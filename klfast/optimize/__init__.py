"""The minimisers of either direction."""

from klfast.optimize.forward import minimize_forward_kl
from klfast.optimize.result import FitResult
from klfast.optimize.reverse import minimize_reverse_kl
from klfast.optimize.reverse_minimizer import ReverseMinimizer

__all__ = ["FitResult", "ReverseMinimizer", "minimize_forward_kl", "minimize_reverse_kl"]
