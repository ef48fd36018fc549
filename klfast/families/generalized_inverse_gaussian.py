"""The GeneralizedInverseGaussian family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class GeneralizedInverseGaussian(Family):
    r"""The generalised inverse Gaussian distribution on x > 0.

    .. math:: p(x) = \frac{(a/b)^{p/2}}{2 K_p(\sqrt{ab})} x^{p - 1} \exp(-(a x + b / x) / 2)

    Parameters
    ----------
    p : float or array_like
        Index; any real number.
    a : float or array_like
        Coefficient of x, in units of 1/x; > 0. Broadcasts with the other parameters.
    b : float or array_like
        Coefficient of 1/x, in units of x; > 0. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameters (p - 1, -a/2, -b/2), sufficient statistics (log x, x, 1/x), log h = 0,
    log-partition log(2 K_p(sqrt(a b))) + (p/2) log(b/a), K_p the modified Bessel function of the
    second kind. Unconstrained coordinates (p, log a, log b). The integrals are taken by a
    quadrature whose error is below rounding. p = -1/2 is the inverse Gaussian family; a or b at 0,
    which are no members, the inverse Gamma and Gamma families. As ``scipy.stats.geninvgauss(p,
    sqrt(a*b), scale=sqrt(b/a))`` and R's ``GIGrvg::dgig(x, lambda=p, chi=b, psi=a)``; NumPy and
    PyTorch have none.

    References
    ----------
    Jorgensen (1982), Statistical Properties of the Generalized Inverse Gaussian Distribution,
    Springer.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.GeneralizedInverseGaussian(p=-0.5, a=2.0, b=2.0)
    >>> round(p.mean(), 12)
    1.0
    >>> round(p.log_density(1.0), 6)
    -0.572365
    """

    _family: ClassVar[str] = "generalized_inverse_gaussian"

    def __init__(self, p: ArrayLike, a: ArrayLike, b: ArrayLike) -> None:
        self._set(p, a, b)
