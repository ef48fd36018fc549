"""The Pareto family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Pareto(Family):
    r"""The Pareto distribution on x >= minimum, by its shape.

    .. math:: p(x) = shape\, minimum^{shape} / x^{shape + 1}

    Parameters
    ----------
    shape : float or array_like
        Tail index; > 0. The mean is infinite up to 1, the variance up to 2.
    minimum : float or array_like
        Lower end of the support, in units of x; > 0. Fixed: fits keep it. Broadcasts with the
        other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    With a fixed minimum this is an exponential family: natural parameter -(shape + 1), sufficient
    statistic log(x), log h = 0, log-partition -log(shape) - shape log(minimum). Unconstrained
    coordinate log(shape). As ``scipy.stats.pareto(shape, scale=minimum)`` and PyTorch's
    ``Pareto(minimum, shape)``; NumPy's ``pareto(shape)`` is (x - minimum)/minimum, the Lomax
    distribution, as R's ``actuar::dpareto`` is; ``actuar::dpareto1(x, shape, min)`` is this one.
    The divergence to a member with a larger minimum is +inf.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 20.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Pareto(shape=3.0, minimum=1.0)
    >>> p.mean()
    1.5
    >>> p.log_density([0.5, 1.0]).round(6)
    array([    -inf, 1.098612])
    """

    _family: ClassVar[str] = "pareto"

    def __init__(self, shape: ArrayLike, minimum: ArrayLike) -> None:
        self._set(shape, minimum)
