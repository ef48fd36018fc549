"""The Nakagami family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Nakagami(Family):
    r"""The Nakagami distribution on x > 0 with a given shape, by its spread.

    .. math::
        p(x) = 2 (shape/spread)^{shape} x^{2\,shape - 1} \exp(-shape\, x^2 / spread)
               / \Gamma(shape)

    Parameters
    ----------
    spread : float or array_like
        Mean of x**2, in units of x**2; > 0.
    shape : float or array_like
        Shape; >= 1/2. Fixed: fits keep it. Broadcasts with the other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    With a fixed shape this is an exponential family: natural parameter -shape/spread, sufficient
    statistic x**2, log h = log 2 - log Gamma(shape) + (2 shape - 1) log(x), log-partition shape
    log(spread/shape). Unconstrained coordinate log(spread). As ``scipy.stats.nakagami(shape,
    scale=sqrt(spread))``: the strength of a radio signal that fades. What R's ``VGAM::dnaka`` calls
    scale is the spread; NumPy and PyTorch have none.

    References
    ----------
    Nakagami (1960), "The m-distribution, a general formula of intensity distribution of rapid
    fading", in Statistical Methods in Radio Wave Propagation, Pergamon.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Nakagami(spread=2.0, shape=1.5)
    >>> round(p.mean(), 6)
    1.30294
    >>> kf.Nakagami.fit([1.0, 2.0, 2.0], shape=1.0)
    Nakagami(spread=3.0000000000000004, shape=1.0)
    """

    _family: ClassVar[str] = "nakagami"

    def __init__(self, spread: ArrayLike, shape: ArrayLike) -> None:
        self._set(spread, shape)
