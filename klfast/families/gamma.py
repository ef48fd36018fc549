"""The Gamma family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Gamma(Family):
    r"""The Gamma distribution on x > 0, by shape and rate.

    .. math:: p(x) = rate^{shape} x^{shape - 1} \exp(-rate\, x) / \Gamma(shape)

    Parameters
    ----------
    shape : float or array_like
        Shape; > 0.
    rate : float or array_like
        Rate, the inverse of the scale, in units of 1/x; > 0. Broadcasts with `shape`.

    Raises
    ------
    ValueError
        If a parameter is not finite or not > 0.

    Notes
    -----
    Natural parameters (shape - 1, -rate), sufficient statistics (log x, x), log h = 0,
    log-partition log Gamma(shape) - shape log(rate). Unconstrained coordinates
    (log shape, log rate). At x = 0 the log-density is its limit: +inf, log(rate) or -inf for a
    shape below, at or above 1. As ``scipy.stats.gamma(shape, scale=1/rate)``; NumPy and SciPy take
    the scale, PyTorch and R the rate.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 17.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Gamma(shape=2.0, rate=0.5)
    >>> p.mean(), p.variance()
    (4.0, 8.0)
    >>> kf.Gamma.from_natural(p.natural_parameters)
    Gamma(shape=2.0, rate=0.5)
    """

    _family: ClassVar[str] = "gamma"

    def __init__(self, shape: ArrayLike, rate: ArrayLike) -> None:
        self._set(shape, rate)
