"""The Rayleigh family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Rayleigh(Family):
    r"""The Rayleigh distribution on x > 0: the length of two Normal(0, scale) coordinates.

    .. math:: p(x) = x \exp(-x^2 / (2 scale^2)) / scale^2

    Parameters
    ----------
    scale : float or array_like
        Standard deviation of the two variables, in units of x; > 0.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter -1/(2 scale**2), sufficient statistic x**2, log h = log(x), log-partition 2
    log(scale). Unconstrained coordinate log(scale). As ``scipy.stats.rayleigh(scale=scale)`` and
    ``numpy.random.Generator.rayleigh(scale)``; PyTorch has none.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 18.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Rayleigh(scale=2.0)
    >>> round(p.mean(), 6)
    2.506628
    >>> p.log_density([0.0, 2.0]).round(6)
    array([     -inf, -1.193147])
    """

    _family: ClassVar[str] = "rayleigh"

    def __init__(self, scale: ArrayLike) -> None:
        self._set(scale)
