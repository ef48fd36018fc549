"""The Gumbel family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Gumbel(Family):
    r"""The Gumbel distribution (of maxima) with a given scale, by its loc.

    .. math:: p(x) = \exp(-z - e^{-z}) / scale, \quad z = (x - loc) / scale

    Parameters
    ----------
    loc : float or array_like
        Mode; any real number.
    scale : float or array_like
        Scale, in units of x; > 0. Fixed: fits keep it. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    With a fixed scale this is an exponential family: natural parameter exp(loc/scale), sufficient
    statistic -exp(-x/scale), log h = -x/scale - log(scale), log-partition -loc/scale. Unconstrained
    coordinate loc. As ``scipy.stats.gumbel_r(loc, scale)``, ``numpy.random.Generator.gumbel(loc,
    scale)`` and PyTorch's ``Gumbel(loc, scale)``. Fits go through the loc, so that exp(loc/scale)
    may overflow.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 22.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Gumbel(loc=1.0, scale=2.0)
    >>> round(p.mean(), 6)
    2.154431
    >>> round(p.log_density(1.0), 6)
    -1.693147
    """

    _family: ClassVar[str] = "gumbel"

    def __init__(self, loc: ArrayLike, scale: ArrayLike) -> None:
        self._set(loc, scale)
