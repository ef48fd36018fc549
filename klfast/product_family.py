"""A Product as a member of one exponential family, in the form that the minimisers move."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import (
    Distribution,
    family_names,
    first_bad_row,
    fit_from_mean_score,
    reference_member,
)
from klfast.product import Product
from klfast.spaces import integer_coordinates

Rows = NDArray[np.float64]

# The class, dimension and fixed parameters of each factor: they say which family the product is of.
_Key = tuple[tuple[type[Distribution], int, tuple[tuple[str, float], ...]], ...]


class Part(NamedTuple):
    """Of one factor: its family, and where it stands in a row, in theta and in the coordinates."""

    family: type[Distribution]
    d: int
    fixed: dict[str, float]
    columns: slice
    parameters: slice
    coordinates: slice

    def of(self, rows: Rows) -> Rows:
        """The factor's columns of rows, as its family takes them."""
        found: Rows = np.ascontiguousarray(rows[:, self.columns])
        return found if self.family._is_vector() else found[:, 0]


class ProductMember(Distribution):
    """A member of a product of families. There is a subclass to each product, made when needed."""

    _family = "product"
    _is_product = True
    _parts: ClassVar[tuple[Part, ...]]
    _structure: ClassVar[Rows]  # what stands before the factors' parameters in theta
    _integer_coordinates: ClassVar[tuple[bool, ...]]

    @property
    def factors(self) -> tuple[Distribution, ...]:
        """The factors, of the same batch."""
        theta = self._theta()
        return tuple(part.family._from_theta(theta[:, part.parameters], self.batch_shape, part.d)
                     for part in self._parts)

    @classmethod
    def _from_theta(cls, theta: Rows, batch: tuple[int, ...], d: int) -> Self:
        """The same; theta may come without its structure, as in a history."""
        rows = np.asarray(theta).reshape(-1, np.shape(theta)[-1])
        if rows.shape[1] < cls._parts[-1].parameters.stop:
            rows = np.hstack([np.tile(cls._structure, (len(rows), 1)), rows])
        return super()._from_theta(rows, batch, d)

    @classmethod
    def _from_coordinates(cls, values: Any, kind: str, _fixed: dict[str, Any]) -> Self:
        factors = [
            getattr(part.family, f"from_{kind}")(np.asarray(values)[..., part.coordinates],
                                                 **part.fixed)
            for part in cls._parts
        ]
        found: Self = joined(factors)  # type: ignore[assignment]
        return found

    @property
    def parameters(self) -> dict[str, Any]:
        """The factors' parameters, named "factors[0].loc"."""
        return {f"factors[{i}].{name}": value for i, factor in enumerate(self.factors)
                for name, value in factor.parameters.items()}

    @classmethod
    def _fixed_names(cls) -> list[str]:
        return [f"factors[{i}].{name}" for i, part in enumerate(cls._parts) for name in part.fixed]

    @classmethod
    def _is_vector(cls) -> bool:
        return True

    @classmethod
    def _check_rows(cls, rows: Rows, offset: int, name: str) -> None:
        """Refuse data that are outside a factor's support, or where a statistic is infinite."""
        bad = [first_bad_row(part.family, part.of(rows), part.d, part.fixed)
               for part in cls._parts]
        first = min(bad)
        if first < len(rows):
            i = bad.index(first)
            family = cls._parts[i].family
            raise ValueError(f"{name}[{first + offset}] = {rows[first]}: data of factors[{i}], a "
                             f"{family.__name__}, {family._data_rule()}")

    @classmethod
    def _reference(cls, rows: Rows, w: Rows | None) -> Self:
        """A member near the rows of one block."""
        found: Self = joined([  # type: ignore[assignment]
            reference_member(part.family, part.of(rows), w, part.d, part.fixed)
            for part in cls._parts
        ])
        return found

    def __repr__(self) -> str:
        return f"Product({', '.join(map(repr, self.factors))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return joined, (self.factors,)


_classes: weakref.WeakValueDictionary[_Key, type[ProductMember]] = weakref.WeakValueDictionary()


def joined(factors: Sequence[Distribution]) -> ProductMember:
    """The member whose factors these are, all of one batch shape."""
    cls = _class_of(factors)
    batch = factors[0].batch_shape
    theta = np.hstack([factor._theta() for factor in factors])
    return cls._from_theta(theta, batch, len(cls._integer_coordinates))


def structure_width(p: Distribution) -> int:
    """How many numbers in theta say which families p is a product of, before its parameters."""
    return p._structure.size if isinstance(p, ProductMember) else 0


def _class_of(factors: Sequence[Distribution]) -> type[ProductMember]:
    key: _Key = tuple(
        (type(f), f.event_shape[0] if f.event_shape else 1, tuple(
            (name, float(np.ravel(value)[0])) for name, value in f.fixed.items()))
        for f in factors
    )
    cls = _classes.get(key)
    if cls is None:
        cls = _classes.setdefault(key, _make_class(key, factors))
    return cls


def _make_class(key: _Key, factors: Sequence[Distribution]) -> type[ProductMember]:
    names = family_names()
    structure = [len(key), *(n for cls, d, _ in key for n in (names.index(cls._family), d))]
    columns = _slices(0, [d for _, d, _ in key])
    parameters = _slices(len(structure), [f._theta().shape[1] for f in factors])
    coordinates = _slices(0, [f.n_coordinates for f in factors])
    parts = [Part(cls, d, dict(fixed), *places) for (cls, d, fixed), *places in
             zip(key, columns, parameters, coordinates, strict=True)]
    return type(f"Product[{', '.join(map(_shown, parts))}]", (ProductMember,), {
        "_parts": tuple(parts), "_structure": np.array(structure, dtype=np.float64),
        "_integer_coordinates": sum(map(integer_coordinates, factors), ()),
    })


def _slices(first: int, lengths: Sequence[int]) -> Iterator[slice]:
    return (slice(a, b) for a, b in pairwise(accumulate(lengths, initial=first)))


def _shown(part: Part) -> str:
    given = ", ".join(f"{name}={value:g}" for name, value in part.fixed.items())
    return part.family.__name__ + (f"({given})" if given else "")


def family_without_maximum(reference: Distribution, mean_score: Rows) -> type[Distribution]:
    """Of a product the first factor's family that has no member for the mean score."""
    if isinstance(reference, ProductMember):
        for factor, part in zip(reference.factors, reference._parts, strict=True):
            if fit_from_mean_score(factor, mean_score[part.coordinates]) is None:
                return part.family
    return type(reference)


def as_member(p: Any) -> Any:
    """A Product of members of families as one member; anything else as it is."""
    if isinstance(p, Product) and all(isinstance(part, Distribution) for part in p.factors):
        return joined(p.factors)
    return p


def as_public(p: Any) -> Any:
    """The inverse of `as_member`."""
    return Product(*p.factors) if isinstance(p, ProductMember) else p
