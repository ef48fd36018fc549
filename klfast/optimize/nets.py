"""Quasi-random draws of the reverse minimiser: which runs may have them, and how many.

The draws of a step are several nets, each scrambled by itself, of a power of two of points.
"""

from __future__ import annotations

from klfast._core.native import (
    NET_DIMENSIONS,
    NETS,
    Distribution,
    families_with_nets,
)
from klfast.product_family import ProductMember

LEAST_DRAWS = 2 * NETS


def whole_nets(draws: int) -> int:
    """The largest number of draws up to that, at least `LEAST_DRAWS`, that is a step of nets."""
    return NETS << ((draws // NETS).bit_length() - 1)


def check_nets(p: Distribution, method: str) -> None:
    """Refuse a method that needs independent draws, or a member whose draws no net makes."""
    if method == "stein":
        raise ValueError("draws='quasi-random': method='stein' needs independent draws; 'pooled', "
                         "'natural' and 'score' draw from nets")
    for factor in p.factors if isinstance(p, ProductMember) else (p,):
        if type(factor)._family not in families_with_nets():
            raise ValueError(f"draws='quasi-random': draws of {type(factor).__name__} are no map "
                             f"of one uniform number to a coordinate; those of {_possible()} are")
    if p.event_shape and p.event_shape[0] > NET_DIMENSIONS:
        raise ValueError(f"draws='quasi-random': p has {p.event_shape[0]} dimensions: it must "
                         f"have at most {NET_DIMENSIONS}")


def _possible() -> str:
    from klfast.families.registry import families

    able = families_with_nets()
    names = [name for name, family in families.items() if family._family in able]
    return ", ".join(names[:-1]) + " and " + names[-1]
