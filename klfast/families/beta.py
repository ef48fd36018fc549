"""The Beta family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Beta(Family):
    r"""The Beta distribution on 0 < x < 1, by its two shapes.

    .. math:: p(x) = x^{a - 1} (1 - x)^{b - 1} / B(a, b)

    Parameters
    ----------
    a : float or array_like
        Shape at 0; > 0.
    b : float or array_like
        Shape at 1; > 0. Broadcasts with `a`.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameters (a - 1, b - 1), sufficient statistics (log x, log(1 - x)), log h = 0,
    log-partition log B(a, b). Unconstrained coordinates (log a, log b). At x = 0 the log-density is
    its limit: +inf, log(b) or -inf for `a` below, at or above 1; likewise at x = 1. The score there
    is that of the nearest number inside, and data there cannot be fitted. Draws that would round to
    0 or 1 are the smallest positive double or 1 - 2**-53. As ``scipy.stats.beta(a, b)``,
    ``numpy.random.Generator.beta``, PyTorch's ``Beta`` and R's ``dbeta``.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 25.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Beta(a=2.0, b=6.0)
    >>> p.mean(), round(p.variance(), 6)
    (0.25, 0.020833)
    >>> kf.Beta(1.0, 1.0).log_density([0.0, 0.5, 1.5])
    array([  0.,   0., -inf])
    """

    _family: ClassVar[str] = "beta"

    def __init__(self, a: ArrayLike, b: ArrayLike) -> None:
        self._set(a, b)
