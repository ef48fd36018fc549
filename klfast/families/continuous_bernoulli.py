"""The continuous Bernoulli family."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from klfast.families.family import Family


class ContinuousBernoulli(Family):
    r"""The continuous Bernoulli distribution on [0, 1], by its logit.

    .. math:: p(x) = \frac{logit}{e^{logit} - 1} e^{logit\, x}

    Parameters
    ----------
    logit : float or array_like
        Slope of the log-density; finite, of either sign. 0 is the uniform distribution; for a
        negative logit it is the exponential distribution of rate -logit cut off at 1.

    Raises
    ------
    ValueError
        If the logit is not finite.

    Notes
    -----
    Natural parameter logit, sufficient statistic x, log h = 0, log-partition
    log((exp(logit) - 1) / logit), which is 0 at 0. The unconstrained coordinate is the logit. Both
    ends belong to the support; draws lie strictly inside. The mean is
    1/(1 - exp(-logit)) - 1/logit, not the logistic function of the logit, and 1/2 at 0. `fit` has
    no maximum for data that are all 0 or all 1.

    As ``torch.distributions.ContinuousBernoulli(logits=logit)``, whose `probs` is that logistic
    function, and which takes a Taylor series for `probs` within 0.001 of 1/2; for a negative logit
    as ``scipy.stats.truncexpon(-logit, scale=-1/logit)``, which has no mirror image for a positive
    one. NumPy and R have none.

    References
    ----------
    Loaiza-Ganem and Cunningham (2019), The continuous Bernoulli: fixing a pervasive error in
    variational autoencoders, NeurIPS 32.

    Examples
    --------
    >>> import klfast as kf
    >>> p = kf.ContinuousBernoulli(logit=2.0)
    >>> round(p.mean(), 6), round(p.entropy(), 6)
    (0.656518, -0.151596)
    >>> kf.ContinuousBernoulli.fit([0.25, 0.5, 0.75])
    ContinuousBernoulli(logit=0.0)
    """

    _family: ClassVar[str] = "continuous_bernoulli"

    def __init__(self, logit: ArrayLike) -> None:
        self._set(logit)
