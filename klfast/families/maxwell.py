"""The Maxwell family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Maxwell(Family):
    r"""The Maxwell distribution on x > 0: the length of three Normal(0, scale) coordinates.

    .. math:: p(x) = \sqrt{2/\pi}\, x^2 \exp(-x^2 / (2 scale^2)) / scale^3

    Parameters
    ----------
    scale : float or array_like
        Standard deviation of the three variables, in units of x; > 0.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter -1/(2 scale**2), sufficient statistic x**2, log h = log(2/pi)/2 + 2 log(x),
    log-partition 3 log(scale). Unconstrained coordinate log(scale). As
    ``scipy.stats.maxwell(scale=scale)``: speeds in a gas, scale = sqrt(k T/m). R's
    ``VGAM::dmaxwell`` takes the rate 1/scale**2; NumPy and PyTorch have none.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 18.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Maxwell(scale=1.0)
    >>> round(p.mean(), 6)
    1.595769
    >>> kf.Maxwell.fit([1.0, 2.0, 2.0])
    Maxwell(scale=1.0)
    """

    _family: ClassVar[str] = "maxwell"

    def __init__(self, scale: ArrayLike) -> None:
        self._set(scale)
