"""The LogNormal family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class LogNormal(Family):
    r"""The lognormal distribution on x > 0: log(x) is Normal(loc, scale).

    .. math:: p(x) = \exp(-(\log x - loc)^2 / (2 scale^2)) / (x\, scale \sqrt{2\pi})

    Parameters
    ----------
    loc : float or array_like
        Mean of log(x); any real number.
    scale : float or array_like
        Standard deviation of log(x); > 0. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameters (loc/scale**2, -1/(2 scale**2)), sufficient statistics (log x, log(x)**2),
    log h = -log(2 pi)/2 - log(x), log-partition loc**2/(2 scale**2) + log(scale). Unconstrained
    coordinates (loc, log scale). As ``scipy.stats.lognorm(s=scale, scale=exp(loc))``,
    ``numpy.random.Generator.lognormal(loc, scale)``, PyTorch's ``LogNormal(loc, scale)`` and R's
    ``dlnorm(x, meanlog, sdlog)``; SciPy alone takes exp(loc), the median.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 14.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.LogNormal(loc=0.0, scale=1.0)
    >>> round(p.mean(), 6)
    1.648721
    >>> p.log_density([0.0, 1.0]).round(6)
    array([     -inf, -0.918939])
    """

    _family: ClassVar[str] = "log_normal"

    def __init__(self, loc: ArrayLike, scale: ArrayLike) -> None:
        self._set(loc, scale)
