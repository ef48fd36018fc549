"""The Logarithmic family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Logarithmic(Family):
    r"""The Logarithmic (log-series) distribution on 1, 2, 3, ...

    .. math:: p(x) = \frac{probability^x}{-x \log(1 - probability)}

    Parameters
    ----------
    probability : float or array_like
        The ratio that neighbouring masses approach; in (0, 1), neither end included.

    Raises
    ------
    ValueError
        If `probability` is not inside (0, 1); the message gives its value.

    Notes
    -----
    Natural parameter log(probability), sufficient statistic x, log h = -log(x), log-partition
    log(-log(1 - probability)). Unconstrained coordinate logit(probability) =
    log(probability/(1 - probability)). The log mass is -inf where x is no count from 1 on. Draws
    are int64. As ``scipy.stats.logser(probability)``, NumPy's ``logseries`` and R's
    ``actuar::dlogarithmic``; PyTorch has none. The entropy is a sum over the counts by bounded
    work, to a relative 1e-13.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 7.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Logarithmic(probability=0.5)
    >>> round(p.mean(), 6)
    1.442695
    >>> p.log_density([0, 1, 2]).round(6)
    array([     -inf, -0.326634, -1.712929])
    """

    _family: ClassVar[str] = "logarithmic"

    def __init__(self, probability: ArrayLike) -> None:
        self._set(probability)
