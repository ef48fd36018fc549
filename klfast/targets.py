"""What q may be: a distribution, a mixture, a product, a Python callable, or data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import Distribution, Stream, Target, as_float64
from klfast.mixture import Mixture
from klfast.product import Product
from klfast.product_family import as_member
from klfast.spaces import Compound, check_same_space, is_class_of_family, kind_of

LogDensity = Callable[[NDArray[np.float64]], ArrayLike]


def is_distribution(q: object) -> bool:
    """Whether q is klfast's: a member of a family, or made of such."""
    return isinstance(q, Distribution | Compound)


def as_log_density(q: Any) -> Any:
    """The callable log q(x) of a q of klfast; else q itself."""
    return q.log_density if is_distribution(q) else q


def compiled_target(q: object) -> Target | None:
    """The compiled form of q; None if q is not klfast's, or a Mixture is in a Product."""
    if isinstance(q, Mixture):
        parts, logs = q._kept()
        members = [as_member(part) for part in parts]
        return None if any(isinstance(m, Compound) for m in members) else Target(members, logs)
    q = as_member(q)
    if isinstance(q, Distribution):
        if q.batch_shape != ():
            raise ValueError(f"q has batch shape {q.batch_shape}: it must be one distribution")
        return Target([q], [0.0])
    return None


def evaluate_log_density(log_q: LogDensity, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Call the user's log q on a block of its own and check the shape of what comes back."""
    returned = log_q(x.copy())
    if isinstance(returned, tuple) and len(returned) == 2 and np.ndim(returned[1]) > 0:
        raise TypeError("log_q returned (values, gradients): pass gradients=True")
    return _checked(returned, "", x, x.shape[:1])


def evaluate_with_gradients(
    log_q: Callable[[NDArray[np.float64]], tuple[ArrayLike, ArrayLike]], x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same of a log q that returns its gradients too."""
    returned = log_q(x.copy())
    if not (isinstance(returned, tuple) and len(returned) == 2):
        raise TypeError(f"log_q returned {type(returned).__name__}: with gradients=True it must "
                        "return the tuple (values, gradients)")
    return (_checked(returned[0], "", x, x.shape[:1]),
            _checked(returned[1], "gradients of ", x, x.shape))


def _checked(
    returned: ArrayLike, what: str, x: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    values = as_float64(returned, "the gradient of log_q" if what else "the value of log_q(x)")
    if values.shape != shape:
        raise ValueError(
            f"log_q returned {what}shape {values.shape} for x of shape {x.shape}: "
            f"it must return {what}shape {shape}"
        )
    return np.array(values, dtype=np.float64, order="C")


__all__ = [
    "LogDensity",
    "Mixture",
    "Product",
    "Stream",
    "as_log_density",
    "check_same_space",
    "compiled_target",
    "evaluate_log_density",
    "evaluate_with_gradients",
    "is_class_of_family",
    "is_distribution",
    "kind_of",
]
