"""The Binomial family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Binomial(Family):
    r"""The Binomial distribution on 0, ..., trials: successes in a given number of trials.

    .. math:: p(x) = \binom{trials}{x} probability^x (1 - probability)^{trials - x}

    Parameters
    ----------
    probability : float or array_like
        Probability of success; in [0, 1]. At 0 and 1 all mass is on one count; a minimiser cannot
        start there.
    trials : float or array_like
        Number of trials, a whole number >= 0. Fixed: fits keep it. Broadcasts with the other
        parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter logit(probability) = log(probability/(1 - probability)), sufficient statistic
    x, log h = log(trials choose x), log-partition -trials log(1 - probability). The unconstrained
    coordinate is the natural one. The log mass is -inf where x is no count up to `trials`; counts
    above 2**53 are rounded to doubles. Draws are int64; where they may exceed 9.2e18 they need a
    float64 array as `out`. The parameters stand the other way round in ``scipy.stats.binom(trials,
    probability)``, NumPy's ``binomial``, R's ``dbinom`` and PyTorch's ``Binomial(total_count,
    probs)``.

    The divergence from a member with fewer trials to one with more is a finite sum, by at most 1400
    of its terms; the other way round it is infinite.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 3.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Binomial(probability=0.25, trials=10)
    >>> p.log_density([0, 3, 11]).round(6)
    array([-2.876821, -1.385166,      -inf])
    >>> kf.Binomial.fit([2, 3, 4], trials=4)
    Binomial(probability=0.75, trials=4.0)
    """

    _family: ClassVar[str] = "binomial"

    def __init__(self, probability: ArrayLike, trials: ArrayLike) -> None:
        self._set(probability, trials)
