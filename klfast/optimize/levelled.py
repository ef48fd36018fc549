"""Points for the in-family probe of a product of families that has counts.

The probe is a regression of log p - log q on the score, which is exact where q is in the family.
Where a count is rarely drawn, the few points that have it fix its slope and leave nothing to test
it by: a q in which the count depends on another coordinate would look like one of the family. So
every count that was drawn, and the next three below and above, is given to as many points as any
other: on two values of a count anything is linear in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import TILE, Distribution, Stream
from klfast.product_family import ProductMember

_BESIDE = np.array([1.0, 2.0, 3.0])


def has_counts_beside(p: Distribution) -> bool:
    """Whether p is a product in which counts stand beside other coordinates."""
    return isinstance(p, ProductMember) and any(p._integer_coordinates)


def levelled(p: Distribution, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draws of p, their counts replaced by others that p may draw."""
    assert isinstance(p, ProductMember)
    x = x.copy()
    for number, (factor, part) in enumerate(zip(p.factors, p._parts, strict=True)):
        if factor.is_integer:
            seen = np.unique(part.of(x))
            near = np.concatenate([seen[0] - _BESIDE, seen, seen[-1] + _BESIDE])
            values = near[factor.log_density(near) > -np.inf]
            words = Stream(0, number).words(0, -(-len(x) // TILE))[: len(x)]
            x[:, part.columns.start] = values[words % np.uint64(len(values))]
    return x
