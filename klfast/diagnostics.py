"""How far estimates that rest on importance ratios can be trusted."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from klfast._core.native import as_float64, mean_log1p, vector_function

Values = NDArray[np.float64]

_FEWEST = 25  # ratios from which a tail of five is told
_EQUAL = 1e-10  # relative difference of ratios that is rounding
_LEAST = 1e-300  # of the largest ratio: below it excesses are as good as 0


def effective_sample_size(log_ratio: ArrayLike) -> float:
    r"""Number of equally weighted draws that the weights are worth.

    .. math:: (\sum_i w_i)^2 / \sum_i w_i^2

    Parameters
    ----------
    log_ratio : array_like of shape (n,)
        Logarithms of the weights w, up to a constant; -inf for a weight of 0.

    Returns
    -------
    float
        From 1 to n.

    Raises
    ------
    ValueError
        If some value is NaN or +inf, or all are -inf.

    References
    ----------
    Kong, Liu and Wong (1994), "Sequential imputations and Bayesian missing data problems", Journal
    of the American Statistical Association 89.

    Examples
    --------
    >>> import klfast as kf
    >>> kf.effective_sample_size([0.0, 0.0, 0.0, -800.0])
    3.0
    """
    w = vector_function("exp", _shifted(log_ratio))
    return math.fsum(w) ** 2 / math.fsum(w * w)


def pareto_k(log_ratio: ArrayLike) -> float:
    """Shape of the generalised Pareto distribution of the largest importance ratios: k-hat.

    Below 0.5 means over the ratios are as good as their number says; up to 0.7 they are usable;
    above, they rest on a few draws. It cannot see what the draws never visit: a mode of q that p
    has missed.

    Parameters
    ----------
    log_ratio : array_like of shape (n,)
        log q(x) - log p(x) at draws of p, up to a constant; -inf outside q's support.

    Returns
    -------
    float
        The estimate, drawn towards 1/2 as by ten observations; NaN for fewer than 25 ratios, -inf
        where the largest of them are all equal.

    Raises
    ------
    ValueError
        If some value is NaN or +inf, or all are -inf.

    References
    ----------
    Zhang and Stephens (2009), "A new and efficient estimation method for the generalized Pareto
    distribution", Technometrics 51; Vehtari, Simpson, Gelman, Yao and Gabry (2024), "Pareto
    smoothed importance sampling", Journal of Machine Learning Research 25, appendix C.

    Examples
    --------
    >>> import klfast as kf
    >>> p, q = kf.Normal(0.0, 1.0), kf.Normal(0.0, 3.0)
    >>> x = p.sample(10_000, rng=1)
    >>> kf.pareto_k(q.log_density(x) - p.log_density(x)) > 0.7
    True
    """
    shifted = _shifted(log_ratio)
    n = len(shifted)
    if n < _FEWEST:
        return math.nan
    below = n - math.ceil(min(0.2 * n, 3.0 * math.sqrt(n))) - 1
    tail = np.sort(np.partition(shifted, below)[below:])
    w = vector_function("exp", tail)
    excess = w[1:] - w[0]
    if not excess[-1] > _EQUAL * w[-1]:
        return -math.inf
    if w[0] < _LEAST:  # ratios too small to be told apart are ratios all the same
        excess = np.where(tail[1:] > tail[0], np.maximum(excess, _LEAST), excess)
    return _shape(excess[excess > 0.0])


def _shape(x: Values) -> float:
    """The posterior mean of Zhang and Stephens, over a grid of theta = -k/sigma; x ascends."""
    n = len(x)
    points = 30 + int(math.sqrt(n))
    quarter = float(x[int(n / 4.0 + 0.5) - 1]) if n >= 2 else float(x[0])
    j = np.arange(1.0, points + 1.0)
    theta = 1.0 / float(x[-1]) + (1.0 - np.sqrt(points / (j - 0.5))) / (3.0 * quarter)
    k = mean_log1p(-theta, x)
    rate = np.full(points, n / math.fsum(x.tolist()))  # the limit of -theta/k as theta goes to 0
    np.divide(-theta, k, out=rate, where=k != 0.0)
    log_likelihood = n * (vector_function("log", rate) - k - 1.0)
    w = vector_function("exp", log_likelihood - log_likelihood.max())
    best = math.fsum((theta * w).tolist()) / math.fsum(w.tolist())
    return (n * float(mean_log1p([-best], x)[0]) + 5.0) / (n + 10.0)


def _shifted(log_ratio: ArrayLike) -> Values:
    """Checked logarithms, the largest 0."""
    values = as_float64(log_ratio, "log_ratio")
    if values.ndim != 1 or not len(values):
        raise ValueError(f"log_ratio has shape {values.shape}: it must have shape (n,), n >= 1")
    largest = values.max()  # NaN where any is
    if not largest < np.inf:
        i = int(np.argmin(values < np.inf))
        raise ValueError(f"log_ratio[{i}] = {values[i]}: must be finite, or -inf for a weight of 0")
    if largest == -np.inf:
        raise ValueError("log_ratio is -inf throughout: all weights are 0")
    with np.errstate(over="ignore"):
        shifted: Values = values - largest
    return shifted
