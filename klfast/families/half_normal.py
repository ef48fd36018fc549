"""The HalfNormal family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class HalfNormal(Family):
    r"""The half-normal distribution on x >= 0: the size of a Normal(0, scale) variable.

    .. math:: p(x) = \sqrt{2/\pi}\, \exp(-x^2 / (2 scale^2)) / scale

    Parameters
    ----------
    scale : float or array_like
        Standard deviation of the Normal variable (not of x), in units of x; > 0.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter -1/(2 scale**2), sufficient statistic x**2, log h = log(2/pi)/2, log-partition
    log(scale). Unconstrained coordinate log(scale). As ``scipy.stats.halfnorm(scale=scale)`` and
    PyTorch's ``HalfNormal(scale)``; R's ``fdrtool::dhalfnorm`` takes theta = sqrt(pi/2)/scale.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 13.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.HalfNormal(scale=2.0)
    >>> round(p.mean(), 6)
    1.595769
    >>> kf.HalfNormal.fit([3.0, 4.0])
    HalfNormal(scale=3.535533905932737)
    """

    _family: ClassVar[str] = "half_normal"

    def __init__(self, scale: ArrayLike) -> None:
        self._set(scale)
