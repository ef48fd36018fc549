"""What every family's class inherits: the compiled distribution, and its fit to data."""

from __future__ import annotations

from typing import ClassVar, Self

from numpy.typing import ArrayLike

from klfast._core.native import Distribution


class Family(Distribution):
    """Base of the families' classes; not for direct use."""

    _family: ClassVar[str]

    @classmethod
    def fit(
        cls, x: ArrayLike, weights: ArrayLike | None = None, **fixed: float
    ) -> Self:
        """Maximum likelihood: the member nearest to the data in forward divergence.

        Parameters
        ----------
        x : array_like of shape (n,) or (n, d)
            Data inside the support.
        weights : array_like of shape (n,), optional
            Non-negative weights, not all zero.
        **fixed : float
            The family's fixed parameters, if it has any: ``Binomial.fit(x, trials=10)``.

        Returns
        -------
        Self
            The member whose mean parameters are the weighted means of the sufficient statistics.

        Raises
        ------
        ValueError
            If some datum is not finite or outside the support (the message gives the first), or
            no maximum exists (the message says why).
        TypeError
            If a fixed parameter is missing or unknown.
        """
        from klfast.optimize.moments import fit_moments

        weighted = None if weights is None else [weights]
        fitted: Self = fit_moments(cls, [x], weighted, fixed=fixed).distribution
        return fitted
