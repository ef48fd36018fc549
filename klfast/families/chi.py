"""The Chi family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Chi(Family):
    r"""The chi distribution on x > 0: the root of a chi-square variable.

    .. math:: p(x) = x^{dof - 1} e^{-x^2/2} / (2^{dof/2 - 1}\, \Gamma(dof/2))

    Parameters
    ----------
    dof : float or array_like
        Degrees of freedom, the mean of x**2; any number > 0.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter dof/2 - 1, sufficient statistic 2 log(x), log h = log 2 + log(x) - x**2/2,
    log-partition log Gamma(dof/2) + (dof/2) log 2. Unconstrained coordinate log(dof). At x = 0 the
    log-density is its limit: +inf, log(2/pi)/2 or -inf for a dof below, at or above 1. As
    ``scipy.stats.chi(dof)``; NumPy, PyTorch and R have the chi-square distribution only.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 18.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Chi(dof=3.0)
    >>> round(p.mean(), 6), round(p.variance(), 6)
    (1.595769, 0.453521)
    """

    _family: ClassVar[str] = "chi"

    def __init__(self, dof: ArrayLike) -> None:
        self._set(dof)
