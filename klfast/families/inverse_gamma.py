"""The InverseGamma family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class InverseGamma(Family):
    r"""The inverse Gamma distribution on x > 0: 1/x is Gamma(shape, rate=scale).

    .. math:: p(x) = scale^{shape} x^{-shape - 1} \exp(-scale / x) / \Gamma(shape)

    Parameters
    ----------
    shape : float or array_like
        Shape; > 0. The mean is infinite up to 1, the variance up to 2.
    scale : float or array_like
        Scale, in units of x; > 0. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameters (-shape - 1, -scale), sufficient statistics (log x, 1/x), log h = 0,
    log-partition log Gamma(shape) - shape log(scale). Unconstrained coordinates (log shape, log
    scale). As ``scipy.stats.invgamma(shape, scale=scale)`` and PyTorch's ``InverseGamma(shape,
    scale)``, which calls the scale rate, that of the Gamma variable 1/x. R's packages differ:
    ``invgamma::dinvgamma(x, shape, rate)`` calls the scale rate too, but the rate of
    ``actuar::dinvgamma(x, shape, rate)`` is 1/scale.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 17.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.InverseGamma(shape=3.0, scale=4.0)
    >>> p.mean(), p.variance()
    (2.0, 4.0)
    >>> kf.InverseGamma.from_natural(p.natural_parameters)
    InverseGamma(shape=3.0, scale=4.0)
    """

    _family: ClassVar[str] = "inverse_gamma"

    def __init__(self, shape: ArrayLike, scale: ArrayLike) -> None:
        self._set(shape, scale)
