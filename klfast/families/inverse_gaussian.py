"""The InverseGaussian family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class InverseGaussian(Family):
    r"""The inverse Gaussian (Wald) distribution on x > 0, by mean and shape.

    .. math:: p(x) = \sqrt{\frac{shape}{2 \pi x^3}}
              \exp\left(-\frac{shape (x - mean)^2}{2\, mean^2 x}\right)

    Parameters
    ----------
    mean : float or array_like
        Mean, in units of x; > 0.
    shape : float or array_like
        Shape, in units of x: the variance is mean^3/shape; > 0. Broadcasts with `mean`.

    Raises
    ------
    ValueError
        If a parameter is not finite or not > 0.

    Notes
    -----
    Natural parameters (-shape/(2 mean^2), -shape/2), sufficient statistics (x, 1/x),
    log h = -log(2 pi)/2 - (3/2) log x, log-partition -log(shape)/2 - shape/mean. Unconstrained
    coordinates (log mean, log shape). The log-density at x = 0 is its limit, -inf. Fits give the
    mean of the data and 1/shape = mean(1/x) - 1/mean(x). As
    ``scipy.stats.invgauss(mean/shape, scale=shape)``; ``numpy.random.Generator.wald(mean, scale)``
    calls the shape scale, and R's ``statmod::rinvgauss`` takes (mean, shape) too.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 15.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.InverseGaussian(mean=2.0, shape=4.0)
    >>> p.mean(), p.variance()
    (2.0, 2.0)
    >>> p.natural_parameters
    array([-0.5, -2. ])
    >>> round(kf.InverseGaussian.fit([1.0, 3.0]).parameters["shape"], 12)
    6.0
    """

    _family: ClassVar[str] = "inverse_gaussian"

    def __init__(self, mean: ArrayLike, shape: ArrayLike) -> None:
        self._set(mean, shape)
