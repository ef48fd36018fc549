"""The von Mises family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class VonMises(Family):
    r"""The von Mises distribution of an angle, by its location and concentration.

    .. math:: p(x) = \exp(concentration \cos(x - loc)) / (2 \pi I_0(concentration))

    Parameters
    ----------
    loc : float or array_like
        Mean direction, in radians; any finite angle, reported less whole turns.
    concentration : float or array_like
        Concentration; finite and >= 0. 0 is the uniform distribution, for which `loc` says
        nothing. Broadcasts with `loc`.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameters concentration (cos(loc), sin(loc)), which are unconstrained and serve as the
    unconstrained coordinates too; sufficient statistics (cos(x), sin(x)), log h = -log(2 pi),
    log-partition log I0(concentration). Any finite angle is a point of the circle, huge ones too:
    whole turns are taken off exactly. `loc` and draws lie in [-pi, pi), among whose doubles are
    ``numpy.pi``, which is below pi, and its negative.

    ``mean()`` and ``variance()`` are the moments of directional statistics, which do not depend on
    where the circle is cut: the mean direction `loc`, and the circular variance, one less the mean
    resultant length, 1 - I1(concentration)/I0(concentration), between 0 and 1. It tends to half the
    variance of the angle for large concentrations. PyTorch's ``variance`` and
    ``scipy.stats.circvar`` of draws are the same; ``scipy.stats.vonmises.var`` is the variance of
    the angle as a number, on the circle cut opposite to `loc`.

    The log-density is as ``scipy.stats.vonmises(concentration, loc=loc)``, whose draws are reduced
    likewise but whose ``mean`` is `loc` as given; NumPy's ``vonmises`` and PyTorch's ``VonMises``
    take (loc, concentration); R's ``circular::dvonmises(x, mu, kappa)``.

    `fit` has no maximum for data that are all one angle. Data whose mean resultant is 0 have
    the uniform distribution as their fit: a concentration of 0 to rounding, beside which `loc` says
    nothing.

    References
    ----------
    Mardia and Jupp (2000), Directional Statistics, chapter 2 (moments) and section 3.5.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.VonMises(loc=7.0, concentration=2.0)
    >>> round(p.mean(), 6), round(p.variance(), 6)
    (0.716815, 0.302225)
    >>> kf.VonMises.fit([3.0, -3.0, 2.5])
    VonMises(loc=2.929634524638749, concentration=9.937070744576074)
    """

    _family: ClassVar[str] = "von_mises"

    def __init__(self, loc: ArrayLike, concentration: ArrayLike) -> None:
        self._set(loc, concentration)
