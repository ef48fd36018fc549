"""Errors of maximum-likelihood parameters, from the Fisher information and the score's covariance.

With the standard score z at the fit and J the map from it to the score in the usual parameters
theta, a fit's error is d theta with J' d theta = mean z: to first order in 1/sqrt(n).
"""

from __future__ import annotations

import contextlib
import math

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution

Matrix = NDArray[np.float64]


def parameter_covariance(
    p: Distribution, n: float, score_covariance: Matrix | None = None
) -> Matrix:
    """Covariance of the fitted parameters, flattened in their order.

    Parameters
    ----------
    p : distribution
        The fit; one distribution.
    n : float
        Number of data; for weighted data (sum w)**2 / sum w**2.
    score_covariance : ndarray of shape (k, k), optional
        Covariance of the standard score under the data; by default I, as where the family is right.

    Returns
    -------
    ndarray of shape (width, width)
        NaN where the fit is on the boundary of the domain or the covariance is not known.
    """
    root = _error_of_score(p)
    middle = np.eye(root.shape[1]) if score_covariance is None else score_covariance
    with np.errstate(all="ignore"):
        found: Matrix = root @ middle @ root.T / n
    return found


def standard_errors(
    p: Distribution, n: float, score_covariance: Matrix | None = None
) -> dict[str, NDArray[np.float64]]:
    """Estimate the errors of a maximum-likelihood fit from the inverse Fisher information.

    Parameters
    ----------
    p : distribution
        The fit; one distribution.
    n : float
        Number of data; for weighted data (sum w)**2 / sum w**2.
    score_covariance : ndarray of shape (k, k), optional
        As for `parameter_covariance`.

    Returns
    -------
    dict of str to ndarray
        One array to a fitted parameter, of its shape. NaN where the fit is on the boundary of
        the domain or the standard error is not known.

    References
    ----------
    Anderson (2003), An Introduction to Multivariate Statistical Analysis, section 3.4: the
    variance of an entry of the covariance is (S_ii S_jj + S_ij**2)/n.
    """
    root = _error_of_score(p)
    with np.errstate(all="ignore"):
        weighed = root if score_covariance is None else root @ score_covariance
        errors = np.sqrt((weighed * root).sum(axis=1) / n)
    shapes = {name: np.shape(v) for name, v in p.parameters.items() if name not in p.fixed}
    pieces = np.split(errors, np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1])
    return {
        name: piece.reshape(shape)
        for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


def _error_of_score(p: Distribution) -> Matrix:
    """The matrix R, (width, k), of d theta = R z; NaN where there is none."""
    scores = p._score_map("parameters")
    unknown = np.full(scores.shape, np.nan)
    size = np.abs(scores).max(axis=1)
    if not (np.isfinite(size).all() and size.all()):
        return unknown
    # A symmetric matrix has equal rows of J and equal d theta at (i, j) and (j, i): of the
    # solutions that is the one of least norm.
    invert = np.linalg.inv if len(size) == scores.shape[1] else np.linalg.pinv
    with contextlib.suppress(np.linalg.LinAlgError):
        root: Matrix = invert(scores / size[:, None]).T / size[:, None]
        return root
    return unknown


def mapped_covariance(fit: Distribution, reference: Distribution, covariance: Matrix) -> Matrix:
    """The standard score's covariance at `fit`, from that at a reference member.

    Both scores are linear in the sufficient statistics.
    """
    if fit == reference:
        return covariance
    try:
        change = np.linalg.pinv(fit._score_map("natural")) @ reference._score_map("natural")
    except np.linalg.LinAlgError:
        return np.full_like(covariance, np.nan)
    found: Matrix = change @ covariance @ change.T
    return found
