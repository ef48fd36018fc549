"""The NegativeBinomial family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class NegativeBinomial(Family):
    r"""The negative Binomial distribution on 0, 1, 2, ...: failures before a given success.

    .. math:: p(x) = \frac{\Gamma(x + successes)}{\Gamma(successes)\, x!}
              probability^{successes} (1 - probability)^x

    Parameters
    ----------
    probability : float or array_like
        Probability of success; in (0, 1]. At 1 all mass is at 0; a minimiser cannot start there.
    successes : float or array_like
        Number of successes, > 0; it need not be whole. Fixed: fits keep it. Broadcasts with the
        other parameters.

    Raises
    ------
    ValueError
        If a parameter is outside its domain; the message names it and its value.

    Notes
    -----
    Natural parameter log(1 - probability), sufficient statistic x, log h = log(Gamma(x +
    successes)/(Gamma(successes) x!)), log-partition -successes log(probability). Unconstrained
    coordinate logit(probability) = log(probability/(1 - probability)). The mean is successes (1 -
    probability)/probability. The log mass is -inf where x is no count; counts above 2**53 are
    rounded to doubles. Draws are int64; where they may exceed 9.2e18 they need a float64 array as
    `out`. As ``scipy.stats.nbinom(successes, probability)``, NumPy's ``negative_binomial(successes,
    probability)`` and R's ``dnbinom``; PyTorch's ``probs`` is 1 - probability.

    The entropy, and the divergence between members with other successes, are sums over the counts
    by bounded work, the entropy to a relative 1e-13.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 5.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.NegativeBinomial(probability=0.25, successes=2.5)
    >>> p.mean()
    7.5
    >>> kf.NegativeBinomial.fit([1, 2, 3], successes=2.0)
    NegativeBinomial(probability=0.5, successes=2.0)
    """

    _family: ClassVar[str] = "negative_binomial"

    def __init__(self, probability: ArrayLike, successes: ArrayLike) -> None:
        self._set(probability, successes)
