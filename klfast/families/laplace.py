"""The Laplace family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Laplace(Family):
    r"""The Laplace distribution with a given centre, by its scale.

    .. math:: p(x) = \exp(-|x - loc| / scale) / (2\, scale)

    Parameters
    ----------
    scale : float or array_like
        Mean of \|x - loc\|, in units of x; > 0.
    loc : float or array_like
        Centre; any real number. Fixed: fits keep it. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    With a fixed loc this is an exponential family: natural parameter -1/scale, sufficient statistic
    \|x - loc\|, log h = 0, log-partition log(2 scale). Unconstrained coordinate log(scale). As
    ``scipy.stats.laplace(loc, scale)``, ``numpy.random.Generator.laplace(loc, scale)`` and
    PyTorch's ``Laplace(loc, scale)``, whose order of parameters differs. The divergence of members
    with other centres is theirs, in closed form.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 24.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Laplace(scale=1.0, loc=0.0)
    >>> p.log_density(1e9)
    -1000000000.6931472
    >>> kf.Laplace.fit([1.0, 2.0, 6.0], loc=2.0)
    Laplace(scale=1.666666666666667, loc=2.0)
    """

    _family: ClassVar[str] = "laplace"

    def __init__(self, scale: ArrayLike, loc: ArrayLike) -> None:
        self._set(scale, loc)
