"""The Bernoulli family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class Bernoulli(Family):
    r"""The Bernoulli distribution on 0 and 1: one trial, by its probability of success.

    .. math:: p(1) = probability, \quad p(0) = 1 - probability

    Parameters
    ----------
    probability : float or array_like
        Probability of 1; in [0, 1]. At 0 and 1 there is only one outcome; a minimiser cannot start
        there.

    Raises
    ------
    ValueError
        If `probability` is outside [0, 1]; the message gives its value.

    Notes
    -----
    Natural parameter logit(probability) = log(probability/(1 - probability)), sufficient statistic
    x, log h = 0, log-partition -log(1 - probability) = log(1 + exp(eta)). The unconstrained
    coordinate is the natural one. The log mass is -inf where x is neither 0 nor 1. Draws are int64.
    As ``scipy.stats.bernoulli(probability)`` and PyTorch's ``Bernoulli(probs)``. The probability
    itself is held, so that logits beyond 37 are probability 1, and its log mass at 0 is -inf.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 3.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.Bernoulli(probability=0.25)
    >>> p.log_density([0, 1, 2]).round(6)
    array([-0.287682, -1.386294,      -inf])
    >>> kf.Bernoulli.fit([0, 1, 1, 1])
    Bernoulli(probability=0.75)
    """

    _family: ClassVar[str] = "bernoulli"

    def __init__(self, probability: ArrayLike) -> None:
        self._set(probability)
