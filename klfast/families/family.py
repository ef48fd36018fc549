"""What every family's class inherits: the compiled distribution, and its fit to data."""

from __future__ import annotations

from typing import ClassVar, Self

from numpy.typing import ArrayLike

from klfast._core.native import Distribution, as_float64, fit_rows

_LONG = 1 << 22  # numbers in one data set whose passes must look at signals on the way


class NoMaximumError(ValueError):
    """The likelihood of the data has no maximum in the family.

    Raised by `fit` and `minimize_forward_kl`, whose other errors of data are plain ValueErrors; the
    message says why there is none.

    Examples
    --------
    >>> import klfast as kf
    >>> try:
    ...     kf.Normal.fit([2.0, 2.0])
    ... except kf.NoMaximumError as error:
    ...     print(str(error).partition(":")[0])
    no maximum-likelihood Normal exists for these 2 data
    """

    def __init__(self, cls: type[Distribution], count: int, where: tuple[int, ...] = ()) -> None:
        index = f" data[{', '.join(map(str, where))}]" if where else ""
        these = "this 1 datum" if count == 1 else f"these {count} data"
        super().__init__(
            f"no maximum-likelihood {cls.__name__} exists for {these}{index and ','}{index}: "
            f"{cls._no_maximum()}"
        )


class Family(Distribution):
    """Base of the families' classes; not for direct use."""

    _family: ClassVar[str]

    @classmethod
    def fit(
        cls, x: ArrayLike, weights: ArrayLike | None = None, **fixed: ArrayLike
    ) -> Self:
        """Maximum likelihood: the member nearest to the data in forward divergence.

        Parameters
        ----------
        x : array_like of shape batch + (n,) or batch + (n, d)
            Data inside the support: n data to each member.
        weights : array_like, optional
            Non-negative weights, not all zero, that broadcast to batch + (n,).
        **fixed : array_like
            The family's fixed parameters, if it has any: ``Binomial.fit(x, trials=10)``. They
            broadcast with batch.

        Returns
        -------
        Self
            The member, or the batch of members, whose mean parameters are the weighted means of the
            sufficient statistics.

        Raises
        ------
        ValueError
            If some datum is not finite or outside the support; the message gives the first.
        NoMaximumError
            If no maximum exists; the message says why. It is a ValueError.
        TypeError
            If a fixed parameter is missing or unknown.
        """
        array = as_float64(x, "data")
        rank = 2 if cls._is_vector() else 1
        if array.ndim == rank and array.size > _LONG:
            from klfast.optimize.moments import fit_moments

            weighted = None if weights is None else [weights]
            fitted: Self = fit_moments(cls, [array], weighted, fixed=fixed).distribution
            return fitted
        theta, batch, d, missing = fit_rows(cls, array, weights, fixed)
        if missing is not None:
            raise NoMaximumError(cls, array.shape[-rank], missing)
        return cls._from_theta(theta, batch, d)
