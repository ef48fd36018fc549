"""The multivariate Normal family with full covariance."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class MultivariateNormal(Family):
    r"""The multivariate Normal distribution on R^d with full covariance.

    .. math::
        p(x) = \exp(-(x - mean)^T covariance^{-1} (x - mean)/2)
               / \sqrt{(2\pi)^d \det covariance}

    Parameters
    ----------
    mean : array_like of shape (..., d)
        Mean; d >= 1.
    covariance : array_like of shape (..., d, d)
        Symmetric positive definite matrix; leading axes broadcast with those of `mean`.

    Raises
    ------
    ValueError
        If a shape is wrong, a value is not finite, or `covariance` is not symmetric or not
        positive definite to rounding; the message names the entry.

    Notes
    -----
    With P the inverse of the covariance, the natural parameters are P mean and then, by rows of
    the lower half, -P_ii/2 and -P_ij: k = d + d (d + 1)/2 numbers; the sufficient statistics x and,
    by rows, x_i x_j for i >= j; log h = -(d/2) log(2 pi). Unconstrained coordinates: the mean, then
    the Cholesky factor by rows with the logarithm of its diagonal. The log-density's relative
    error grows with the condition number of the covariance. As
    ``scipy.stats.multivariate_normal(mean, covariance)``, NumPy's ``multivariate_normal`` and
    PyTorch's ``MultivariateNormal(mean, covariance)``.

    References
    ----------
    Anderson (2003), An Introduction to Multivariate Statistical Analysis, chapters 2 and 3.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.MultivariateNormal([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
    >>> round(p.log_density([0.0, 1.0]), 6)
    -2.117685
    >>> p.sample(3, rng=7).shape
    (3, 2)
    """

    _family: ClassVar[str] = "multivariate_normal"

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        self._set(mean, covariance)
