"""MKL, PyTorch and JAX, where they are installed: samplers and log-densities of a case.

None is imported before it is asked for; PyTorch and JAX not at all after `leave_out`. All in
float64, on one thread of the processor.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from cases import Array, Case

Call = Callable[[], object]
_wanted = True


def leave_out() -> None:
    """Do as if PyTorch and JAX were not installed."""
    global _wanted
    _wanted = False


@cache
def _mkl() -> Any:
    try:
        import mkl_random
    except ImportError:
        return None
    return mkl_random


def mkl_state() -> Any:
    """A new state of MKL's generator with NumPy's old methods, or None."""
    module = _mkl()
    # the second name is that of releases before 1.3.2
    return module and (getattr(module, "MKLRandomState", None) or module.RandomState)(1)


@cache
def _torch() -> Any:
    if not _wanted:
        return None
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return torch


@cache
def _jax() -> Any:
    if not _wanted:
        return None
    os.environ.update(NPROC="1", JAX_PLATFORMS="cpu")    # JAX's only way to one thread
    try:
        import jax
        import jax.scipy.stats
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    return jax


def versions() -> list[str]:
    """What there is of them."""
    found = {"mkl_random": _mkl(), "PyTorch": _torch(), "JAX": _jax()}
    return [f"{name} {module.__version__}" for name, module in found.items() if module]


def samplers(case: Case, n: int) -> dict[str, Call]:
    """Calls that draw `n` times, by the peer's name."""
    found: dict[str, Call] = {}
    if (torch := _torch()) and case.peers.torch:
        distribution = _torch_distribution(torch, case)
        found["PyTorch"] = lambda: distribution.sample((n,))
    if (jax := _jax()) and (draw := case.peers.jax):
        compiled = jax.jit(lambda key: draw(jax.random, key, (n,), *case.parameters))
        key = jax.random.key(1)
        found["JAX"] = lambda: compiled(key).block_until_ready()
    return found


def log_densities(case: Case, x: Array) -> dict[str, Call]:
    """Calls that find the log-density at `x`, by the peer's name."""
    found: dict[str, Call] = {}
    if (torch := _torch()) and case.peers.torch:
        distribution, points = _torch_distribution(torch, case), torch.from_numpy(x)
        found["PyTorch"] = lambda: distribution.log_prob(points)
    frozen = case.scipy
    if (jax := _jax()) and hasattr(frozen, "args"):
        # JAX names and calls the distributions it has as SciPy does
        module = getattr(jax.scipy.stats, frozen.dist.name, None)
        function = getattr(module, "logpdf", None) or getattr(module, "logpmf", None)
        if function is not None:
            compiled = jax.jit(lambda points: function(points, *frozen.args, **frozen.kwds))
            there = jax.numpy.asarray(x)
            with suppress(TypeError):          # it knows fewer parameters than SciPy
                compiled(there)
                found["JAX"] = lambda: compiled(there).block_until_ready()
    return found


def _torch_distribution(torch: Any, case: Case) -> Any:
    tensors = [torch.as_tensor(np.asarray(value, np.float64)) for value in case.parameters]
    return case.peers.torch(torch.distributions, *tensors) if case.peers.torch else None
