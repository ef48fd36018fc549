"""The beta prime family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class BetaPrime(Family):
    r"""The beta prime distribution on x > 0, by its two shapes.

    The odds u / (1 - u) of a :class:`Beta` variable u, and the ratio of a Gamma variable of shape a
    to one of shape b.

    .. math:: p(x) = x^{a - 1} (1 + x)^{-a - b} / B(a, b)

    Parameters
    ----------
    a : float or array_like
        Shape at 0; > 0.
    b : float or array_like
        Shape of the tail, which falls as x**(-b - 1); > 0. Broadcasts with `a`.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameters (a - 1, -(a + b)), sufficient statistics (log x, log(1 + x)), log h = 0,
    log-partition log B(a, b). Unconstrained coordinates (log a, log b). The mean is a/(b - 1), and
    infinite for b <= 1; the variance is infinite for b <= 2. At x = 0 the log-density is its limit:
    +inf, log(b) or -inf for `a` below, at or above 1. The score there is that of the smallest
    positive double, and data there cannot be fitted. Draws beyond the range of doubles are the
    nearest number inside it. As ``scipy.stats.betaprime(a, b)``; it is (b/a) x that has the F
    distribution (NumPy's ``f``, R's ``df``), with 2a and 2b degrees of freedom.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 25.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.BetaPrime(a=2.0, b=3.0)
    >>> p.mean(), p.variance()
    (1.0, 2.0)
    >>> kf.BetaPrime.from_natural(p.natural_parameters)
    BetaPrime(a=2.0, b=3.0)
    """

    _family: ClassVar[str] = "beta_prime"

    def __init__(self, a: ArrayLike, b: ArrayLike) -> None:
        self._set(a, b)
