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
        Mean direction, in radians; any finite angle, reported in [-pi, pi).
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
    log-partition log I0(concentration). Any finite angle is a point of the circle; draws lie in
    [-pi, pi). Angles beyond 2**50 in size, where doubles lie a large part of a turn apart, count as
    0. ``mean()`` is `loc`, the mean direction, and ``variance()`` the circular variance
    1 - I1(concentration)/I0(concentration), where SciPy's ``var`` is that of the angle as a number.
    The log-density is as ``scipy.stats.vonmises(concentration, loc=loc)``; NumPy and PyTorch take
    (loc, concentration) too; R's ``circular::dvonmises(x, mu, kappa)``.

    References
    ----------
    Mardia and Jupp (2000), Directional Statistics, section 3.5.

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
