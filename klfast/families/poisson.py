"""The Poisson family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Poisson(Family):
    r"""The Poisson distribution on the counts 0, 1, 2, ...

    .. math:: p(x) = rate^x \exp(-rate) / x!

    Parameters
    ----------
    rate : float or array_like
        Mean; >= 0. At 0 all mass is at 0; a minimiser cannot start there.

    Raises
    ------
    ValueError
        If `rate` is not finite or negative.

    Notes
    -----
    Natural parameter log(rate), sufficient statistic x, log h = -log x!, log-partition rate. The
    unconstrained coordinate is the natural one. The log mass is -inf where x is no count; counts
    above 2**53 are rounded to doubles. Draws are int64; where they may exceed 9.2e18 they need a
    float64 array as `out`. As ``scipy.stats.poisson(rate)``, NumPy's ``poisson``, PyTorch's
    ``Poisson(rate)`` and R's ``dpois``.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 4.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Poisson(rate=3.0)
    >>> p.log_density([0, 2.5, 3]).round(6)
    array([-3.      ,      -inf, -1.495923])
    """

    _family: ClassVar[str] = "poisson"

    def __init__(self, rate: ArrayLike) -> None:
        self._set(rate)
