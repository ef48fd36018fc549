"""Step rules of the stochastic gradient methods, as in the C library's reverse run."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_MEAN, _SQUARE, _FLOOR = 0.9, 0.999, 1e-8


class StepRule:
    """Ascends from `start` by constant, decaying (1/sqrt(t)), momentum or Adam steps.

    References
    ----------
    Robbins and Monro (1951), "A stochastic approximation method", Annals of Mathematical
    Statistics 22; Polyak (1964), "Some methods of speeding up the convergence of iteration
    methods", USSR Computational Mathematics 4; Kingma and Ba (2015), "Adam: a method for stochastic
    optimization", algorithm 1.
    """

    def __init__(self, name: str, step_size: float, start: NDArray[np.float64]) -> None:
        self.name = name
        self.step_size = step_size
        self.u = np.array(start)
        self.t = 0
        self.mean = np.zeros_like(self.u)
        self.square = np.zeros_like(self.u)

    def step(self, gradient: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """The next point, and the step size that led there."""
        self.t += 1
        length = self.step_size / (math.sqrt(self.t) if self.name == "decaying" else 1.0)
        if self.name == "momentum":
            self.mean = gradient = _MEAN * self.mean + gradient
        if self.name == "adam":
            self.mean = _MEAN * self.mean + (1.0 - _MEAN) * gradient
            self.square = _SQUARE * self.square + (1.0 - _SQUARE) * gradient**2
            size = np.sqrt(self.square / (1.0 - _SQUARE**self.t)) + _FLOOR
            gradient = self.mean / (1.0 - _MEAN**self.t) / size
        self.u = self.u + length * gradient
        return self.u, length
