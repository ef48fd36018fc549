"""The Geometric family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Geometric(Family):
    r"""The Geometric distribution on 0, 1, 2, ...: failures before the first success.

    .. math:: p(x) = probability \; (1 - probability)^x

    Parameters
    ----------
    probability : float or array_like
        Probability of success; in (0, 1]. At 1 all mass is at 0; a minimiser cannot start there.

    Raises
    ------
    ValueError
        If `probability` is outside (0, 1]; the message gives its value.

    Notes
    -----
    Natural parameter log(1 - probability), sufficient statistic x, log h = 0, log-partition
    -log(probability). Unconstrained coordinate logit(probability) = log(probability/(1 -
    probability)). The log mass is -inf where x is no count. Draws are int64; where they may exceed
    9.2e18 they need a float64 array as `out`. As R's ``dgeom`` and PyTorch; NumPy's ``geometric``
    and ``scipy.stats.geom`` count the success too, so that theirs are greater by one.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 5.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Geometric(probability=0.25)
    >>> p.mean()
    3.0
    >>> p.log_density([0, 1, 0.5]).round(6)
    array([-1.386294, -1.673976,      -inf])
    """

    _family: ClassVar[str] = "geometric"

    def __init__(self, probability: ArrayLike) -> None:
        self._set(probability)
