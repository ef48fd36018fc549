"""Data sets for demonstrations and tests.

The Old Faithful observations are in Haerdle (1991), Smoothing Techniques with Implementation in S,
Springer; see also Azzalini and Bowman (1990), "A look at some data on the Old Faithful geyser",
Applied Statistics 39, 357-365.
"""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
from numpy.typing import NDArray


def old_faithful() -> NDArray[np.void]:
    """272 eruptions of the Old Faithful geyser in Yellowstone National Park.

    Returns
    -------
    ndarray of shape (272,), structured
        Fields `eruptions`, the length of an eruption, and `waiting`, the time until the next one;
        both float64, in minutes.

    References
    ----------
    Azzalini and Bowman (1990), "A look at some data on the Old Faithful geyser", Applied
    Statistics 39, 357-365.

    Examples
    --------
    >>> from klfast.data import old_faithful
    >>> x = old_faithful()
    >>> x.shape, x["waiting"].sum()
    ((272,), np.float64(19284.0))
    """
    text = resources.files(__name__).joinpath("old_faithful.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    dtype = [(name, np.float64) for name in rows[0]]
    return np.array([tuple(map(float, row)) for row in rows[1:]], dtype=dtype)
