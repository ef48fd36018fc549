"""The ChiSquare family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class ChiSquare(Family):
    r"""The chi-square distribution on x > 0.

    .. math:: p(x) = x^{dof/2 - 1} e^{-x/2} / (2^{dof/2}\, \Gamma(dof/2))

    Parameters
    ----------
    dof : float or array_like
        Degrees of freedom, the mean; any number > 0.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter dof/2 - 1, sufficient statistic log(x), log h = -x/2, log-partition log
    Gamma(dof/2) + (dof/2) log 2. Unconstrained coordinate log(dof). At x = 0 the log-density is its
    limit: +inf, -log 2 or -inf for a dof below, at or above 2. As ``scipy.stats.chi2(dof)``,
    ``numpy.random.Generator.chisquare(dof)``, PyTorch's ``Chi2(dof)`` and R's ``dchisq(x, df)``.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 18.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.ChiSquare(dof=4.0)
    >>> p.mean(), p.variance()
    (4.0, 8.0)
    >>> round(p.log_density(2.0), 6)
    -1.693147
    """

    _family: ClassVar[str] = "chi_square"

    def __init__(self, dof: ArrayLike) -> None:
        self._set(dof)
