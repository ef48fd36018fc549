"""The Weibull family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Weibull(Family):
    r"""The Weibull distribution on x > 0 with a given shape, by its scale.

    .. math:: p(x) = (shape / scale) (x / scale)^{shape - 1} \exp(-(x / scale)^{shape})

    Parameters
    ----------
    scale : float or array_like
        Scale, in units of x; > 0.
    shape : float or array_like
        Shape; > 0. Fixed: fits keep it. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    With a fixed shape this is an exponential family: natural parameter -scale**-shape, sufficient
    statistic x**shape, log h = log(shape) + (shape - 1) log(x), log-partition shape log(scale).
    Unconstrained coordinate log(scale). At x = 0 the log-density is its limit: +inf, -log(scale) or
    -inf for a shape below, at or above 1. As ``scipy.stats.weibull_min(shape, scale=scale)`` and
    R's ``dweibull(x, shape, scale)``, where the shape stands first, and PyTorch's ``Weibull(scale,
    shape)``; NumPy's ``weibull(shape)`` has unit scale.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 21.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Weibull(scale=2.0, shape=1.5)
    >>> round(p.mean(), 6)
    1.805491
    >>> kf.Weibull.fit([1.0, 2.0, 4.0], shape=2.0)
    Weibull(scale=2.6457513110645907, shape=2.0)
    """

    _family: ClassVar[str] = "weibull"

    def __init__(self, scale: ArrayLike, shape: ArrayLike) -> None:
        self._set(scale, shape)
