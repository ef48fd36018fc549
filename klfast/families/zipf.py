"""The Zipf family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Zipf(Family):
    r"""The Zipf (zeta) distribution on 1, 2, 3, ...

    .. math:: p(x) = \frac{x^{-exponent}}{\zeta(exponent)}

    Parameters
    ----------
    exponent : float or array_like
        The power by which the mass falls; > 1. The mean is infinite up to 2, the variance up to 3.
        Above 1020 all mass is at 1 to rounding; a minimiser cannot start there.

    Raises
    ------
    ValueError
        If `exponent` is not finite and > 1; the message gives its value.

    Notes
    -----
    Natural parameter -exponent, sufficient statistic log(x), log h = 0, log-partition
    log(zeta(exponent)) with Riemann's zeta function. Unconstrained coordinate
    log(exp(exponent - 1) - 1), which is near log(exponent - 1) at 1 and near exponent - 1 far from
    it. The mean parameter E log(x) is near 2**-exponent log(2) for large exponents: a subnormal
    number of few digits above 1022, and 0 above 1074, so that ``from_mean`` cannot give these
    back. The log mass is -inf where x is no count from 1 on. As ``scipy.stats.zipf(exponent)`` and
    NumPy's ``zipf``; the shape of ``dzeta`` in R's VGAM is exponent - 1.

    Draws are int64. Tails are heavy where the exponent is near 1: a draw above the largest int64,
    2**63 - 1, stands on it, and in a float64 array passed as `out` one above the largest double
    stands on that. Draws are counts nearest to doubles, so that those above 2**46 have some 14
    digits.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 11.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Zipf(exponent=4.0)
    >>> round(p.mean(), 6)
    1.110627
    >>> p.log_density([0, 1, 2]).round(6)
    array([     -inf, -0.07911 , -2.851699])
    """

    _family: ClassVar[str] = "zipf"

    def __init__(self, exponent: ArrayLike) -> None:
        self._set(exponent)
