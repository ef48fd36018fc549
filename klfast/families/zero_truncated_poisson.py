"""The ZeroTruncatedPoisson family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class ZeroTruncatedPoisson(Family):
    r"""The Poisson distribution given that the count is not 0, on 1, 2, 3, ...

    .. math:: p(x) = \frac{rate^x}{x! \, (\exp(rate) - 1)}

    Parameters
    ----------
    rate : float or array_like
        Rate of the Poisson before its truncation; > 0. It is not the mean.

    Raises
    ------
    ValueError
        If `rate` is not finite and > 0; the message gives its value.

    Notes
    -----
    Natural parameter log(rate), sufficient statistic x, log h = -log x!, log-partition
    log(exp(rate) - 1). The unconstrained coordinate is the natural one. The mean is rate/(1 -
    exp(-rate)). The log mass is -inf where x is no count from 1 on. Draws are int64; where they may
    exceed 9.2e18 they need a float64 array as `out`. Neither NumPy nor SciPy nor PyTorch has it;
    R's actuar calls it ``ztpois``.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, section 4.10.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.ZeroTruncatedPoisson(rate=1.5)
    >>> round(p.mean(), 6)
    1.930825
    >>> p.log_density([0, 1, 2]).round(6)
    array([     -inf, -0.842052, -1.129735])
    """

    _family: ClassVar[str] = "zero_truncated_poisson"

    def __init__(self, rate: ArrayLike) -> None:
        self._set(rate)
