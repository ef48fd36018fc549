"""The Exponential family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Exponential(Family):
    r"""The exponential distribution on x >= 0, by its rate.

    .. math:: p(x) = rate\, \exp(-rate\, x)

    Parameters
    ----------
    rate : float or array_like
        Rate, the inverse of the mean, in units of 1/x; > 0.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter -rate, sufficient statistic x, log h = 0, log-partition -log(rate).
    Unconstrained coordinate log(rate). As ``scipy.stats.expon(scale=1/rate)``; NumPy and SciPy take
    the scale, PyTorch and R the rate.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 19.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Exponential(rate=2.0)
    >>> p.mean(), p.variance()
    (0.5, 0.25)
    >>> p.log_density([-1.0, 0.0, 1.0]).round(6)
    array([     -inf,  0.693147, -1.306853])
    """

    _family: ClassVar[str] = "exponential"

    def __init__(self, rate: ArrayLike) -> None:
        self._set(rate)
