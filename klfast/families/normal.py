"""The Normal family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Normal(Family):
    r"""The Normal (Gaussian) distribution on the real line.

    .. math:: p(x) = \exp(-(x - loc)^2 / (2 scale^2)) / (scale \sqrt{2\pi})

    Parameters
    ----------
    loc : float or array_like
        Mean; any real number.
    scale : float or array_like
        Standard deviation; > 0. Broadcasts with `loc`.

    Raises
    ------
    ValueError
        If a parameter is not finite or outside its domain.

    Notes
    -----
    Natural parameters (loc/scale**2, -1/(2 scale**2)), sufficient statistics (x, x**2),
    log h = -log(2 pi)/2, log-partition loc**2/(2 scale**2) + log(scale). Unconstrained
    coordinates (loc, log scale). As ``scipy.stats.norm(loc, scale)``, NumPy's ``normal(loc,
    scale)``, PyTorch's ``Normal(loc, scale)`` and R's ``dnorm(x, mean, sd)``: the second parameter
    is the standard deviation, not the variance.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 13.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Normal(loc=1.0, scale=2.0)
    >>> round(p.log_density(1.0), 6)
    -1.612086
    >>> p.natural_parameters
    array([ 0.25 , -0.125])
    """

    _family: ClassVar[str] = "normal"

    def __init__(self, loc: ArrayLike, scale: ArrayLike) -> None:
        self._set(loc, scale)
