"""What the modules of members share: nodes over counts, exact distributions SciPy lacks.

Each distribution has cdf, sf, ppf and isf, those of counts pmf too, and stats(moments="k"), the
excess kurtosis, which is infinite where moments are not to be looked at.
"""

from __future__ import annotations

import numpy as np
from scipy import special

LARGEST_COUNT = 2.0**63  # as a double; draws as int64 stop one below


def every_count(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """All counts from low to high, each with weight 1."""
    x = np.arange(np.floor(low), np.ceil(high) + 1.0)
    return x, np.ones(x.shape)


class Distribution:
    """A distribution by its cdf and sf; the quantiles by bisection between `low` and `high`."""

    low, high = 0.0, 1.0
    whole = False
    kurtosis = np.inf

    def quantile(self, is_above):
        """The least x between low and high at which is_above(x) holds, to rounding."""
        low, high = np.broadcast_arrays(*(np.asarray(e, float) for e in (self.low, self.high)))
        probe = is_above(high)
        low, high = (np.array(np.broadcast_to(e, np.shape(probe))) for e in (low, high))
        for _ in range(200):
            middle = self.between(low, high)
            above = is_above(middle)
            high = np.where(above, middle, high)
            low = np.where(above, low, middle)
        return high

    def between(self, low, high):
        """Half way, in the logarithm where the ends are of other orders; a count for counts."""
        middle = np.where((low > 0.0) & (high > 4.0 * low), np.sqrt(low) * np.sqrt(high),
                          low + 0.5 * (high - low))
        return np.floor(middle) if self.whole else middle

    def ppf(self, u):
        """The least x with cdf(x) >= u."""
        return self.quantile(lambda x: self.cdf(x) >= u)

    def isf(self, u):
        """The least x with sf(x) <= u."""
        return self.quantile(lambda x: self.sf(x) <= u)

    def stats(self, moments):
        """The excess kurtosis."""
        assert moments == "k"
        return self.kurtosis


class Certain(Distribution):
    """All mass at one count."""

    def __init__(self, count):
        self.count = count

    def cdf(self, x):
        return np.where(np.asarray(x) >= self.count, 1.0, 0.0)

    def sf(self, x):
        return 1.0 - self.cdf(x)

    def pmf(self, x):
        return np.where(np.asarray(x) == self.count, 1.0, 0.0)

    def ppf(self, u):
        return np.full(np.shape(u), self.count)

    isf = ppf


class Tabulated(Distribution):
    """From the log-density, known up to a constant, by Gauss-Legendre panels between `edges`.

    It is to be smooth on a panel: eight points then give the panel's mass to rounding. With `to`
    the density is that of to(x), an increasing function whose inverse is `back`.
    """

    def __init__(self, log_density, edges, to=lambda x: x, back=lambda t: t):
        self.log_density, self.edges, self.to, self.back = log_density, edges, to, back
        self.points, self.weights = np.polynomial.legendre.leggauss(8)
        self.constant = 0.0
        masses = self.mass(edges[:-1], edges[1:])
        self.constant = np.log(masses.sum())
        masses /= masses.sum()
        self.below = np.concatenate([[0.0], np.cumsum(masses)])
        self.above = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])

    def mass(self, a, b):
        """Between a and b, within one panel."""
        half = 0.5 * (np.asarray(b) - np.asarray(a))
        middle = 0.5 * (np.asarray(b) + np.asarray(a))
        total = np.zeros(np.shape(half))
        for point, weight in zip(self.points, self.weights, strict=True):
            total += weight * np.exp(self.log_density(middle + half * point) - self.constant)
        return total * half

    def panel(self, t):
        return np.clip(np.searchsorted(self.edges, t) - 1, 0, len(self.edges) - 2)

    def cdf(self, x):
        t = np.clip(self.to(np.asarray(x, float)), self.edges[0], self.edges[-1])
        i = self.panel(t)
        return np.minimum(self.below[i] + self.mass(self.edges[i], t), 1.0)

    def sf(self, x):
        t = np.clip(self.to(np.asarray(x, float)), self.edges[0], self.edges[-1])
        i = self.panel(t)
        return np.minimum(self.above[i + 1] + self.mass(t, self.edges[i + 1]), 1.0)

    def ppf(self, u):
        return self.back(self.between_edges(np.searchsorted(self.below, u) - 1,
                                            lambda x: self.cdf(x) >= u))

    def isf(self, u):
        i = len(self.edges) - 1 - np.searchsorted(self.above[::-1], u)
        return self.back(self.between_edges(i, lambda x: self.sf(x) <= u))

    def between_edges(self, i, is_above):
        i = np.clip(i, 0, len(self.edges) - 2)
        low, high = self.edges[i], self.edges[i + 1]
        for _ in range(60):
            middle = low + 0.5 * (high - low)
            above = is_above(self.back(middle))
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return high


class NearlyNormalCount(Distribution):
    """Counts of a variance beyond 1e7, by Edgeworth's expansion to the order of 1/variance.

    With a uniform deviate on (-1/2, 1/2) added a count is continuous and has the same cdf half way
    between counts; its third cumulant is that of the count, its second and fourth are those and
    1/12 and -1/120. The error is of the order of variance^(-3/2). Source: Kolassa and McCullagh
    (1990), Annals of Statistics 18, 981-985.
    """

    def __init__(self, mean, variance, skewness, kurtosis):
        self.mean, self.sd = mean, np.sqrt(variance + 1.0 / 12.0)
        self.skewness, self.kurtosis = skewness, kurtosis

    def correction(self, z):
        """What is to be added to the normal cdf."""
        s, k = self.skewness, self.kurtosis
        hermite = (z * z - 1.0) * s / 6.0 + z * (z * z - 3.0) * k / 24.0
        hermite += z * (z**4 - 10.0 * z * z + 15.0) * s * s / 72.0
        return -np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * hermite

    def standard(self, x):
        return ((np.asarray(x, float) - self.mean) + 0.5) / self.sd

    def cdf(self, x):
        z = self.standard(x)
        return special.ndtr(z) + self.correction(z)

    def sf(self, x):
        z = self.standard(x)
        return special.ndtr(-z) - self.correction(z)

    def pmf(self, x):
        z = self.standard(x) - 0.5 / self.sd
        s = self.skewness
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) / self.sd
        return density * (1.0 + s / 6.0 * z * (z * z - 3.0))

    def ppf(self, u):
        """By the normal quantile, corrected for the skewness."""
        z = special.ndtri(u)
        return np.ceil(self.mean + self.sd * (z + self.skewness / 6.0 * (z * z - 1.0)) - 0.5)

    def isf(self, u):
        z = -special.ndtri(u)
        return np.ceil(self.mean + self.sd * (z + self.skewness / 6.0 * (z * z - 1.0)) - 0.5)
