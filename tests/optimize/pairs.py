"""Families and targets outside them; the divergence of any member by other means than klfast's.

Numbers: SciPy's densities, integrated; counts: sums over the support; vectors: the Normal's means
of log q in closed form, or as one integral. Divergences are accurate to 1e-11.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

import klfast as kf

LOG_TURN = math.log(2.0 * math.pi)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


class Pair(NamedTuple):
    """The member that fits start at; log q of points; the divergence of a member from q."""

    start: Any
    log_q: Callable[[Any], Any]
    divergence: Callable[[Any], float]


def integral(f: Callable[[Any], Any], a: float, b: float) -> float:
    """By Gauss and Legendre's rule on equal parts, doubled until nothing changes."""
    last, parts = math.nan, 16
    while parts <= 1024:
        half = 0.5 * (b - a) / parts
        middles = a + half * np.arange(1.0, 2.0 * parts, 2.0)
        found = half * float(np.sum(WEIGHTS * f(middles[:, None] + half * NODES)))
        if abs(found - last) < 1e-12 * (1.0 + abs(found)):
            return found
        last, parts = found, 2 * parts
    raise ArithmeticError("the integral does not converge")


# ---- Numbers and counts ----

LAWS = {
    kf.Normal: lambda loc, scale: stats.norm(loc, scale),
    kf.Gamma: lambda shape, rate: stats.gamma(shape, scale=1.0 / rate),
    kf.Beta: stats.beta,
    kf.VonMises: lambda loc, concentration: stats.vonmises(concentration, loc),
    kf.InverseGaussian: lambda mean, shape: stats.invgauss(mean / shape, scale=shape),
    kf.LogNormal: lambda loc, scale: stats.lognorm(scale, scale=math.exp(loc)),
    kf.Weibull: lambda scale, shape: stats.weibull_min(shape, scale=scale),
    kf.Pareto: lambda shape, minimum: stats.pareto(shape, scale=minimum),
    kf.Poisson: lambda rate: stats.poisson(rate),
    kf.Binomial: lambda probability, trials: stats.binom(trials, probability),
    kf.NegativeBinomial: lambda probability, successes: stats.nbinom(successes, probability),
}


def on_a_line(p: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any], float, float]:
    """A map of the line to the support, its slope, and the ends of where p has mass."""
    if isinstance(p, kf.VonMises):
        return lambda u: u, np.ones_like, -math.pi, math.pi
    if isinstance(p, kf.Normal):
        loc, reach = p.parameters["loc"], 12.0 * p.parameters["scale"]
        return lambda u: u, np.ones_like, loc - reach, loc + reach
    if isinstance(p, kf.Beta):
        return special.expit, lambda u: special.expit(u) * special.expit(-u), -30.0, 22.0
    origin = p.parameters.get("minimum", 0.0)
    return lambda u: origin + np.exp(u), np.exp, -40.0, 40.0


def of_numbers(start: Any, log_q: Callable[[Any], Any]) -> Pair:
    """A density, integrated."""

    def divergence(p: Any) -> float:
        law = LAWS[type(p)](**p.parameters)
        x_of, slope, low, high = on_a_line(p)

        def integrand(u: Any) -> Any:
            x = x_of(u)
            log_p = law.logpdf(x)
            mass = slope(u) * np.exp(log_p)
            seen = mass > 1e-30
            found = np.zeros_like(u)
            found[seen] = mass[seen] * (log_p[seen] - log_q(x[seen]))
            return found

        return integral(integrand, low, high)

    return Pair(start, log_q, divergence)


def of_counts(start: Any, log_q: Callable[[Any], Any]) -> Pair:
    """A mass function, summed."""

    def divergence(p: Any) -> float:
        law = LAWS[type(p)](**p.parameters)
        x = np.arange(law.mean() + 40.0 * law.std() + 40.0)
        log_p = law.logpmf(x)
        x, log_p = x[log_p > -745.0], log_p[log_p > -745.0]
        return math.fsum(np.exp(log_p) * (log_p - log_q(x)))

    return Pair(start, log_q, divergence)


def logistic(x):
    """About 1/2."""
    return -np.abs(x - 0.5) - 2.0 * np.log1p(np.exp(-np.abs(x - 0.5)))


def skew_normal(x):
    """Azzalini's, of shape 4."""
    return math.log(2.0) - 0.5 * LOG_TURN - 0.5 * x**2 + special.log_ndtr(4.0 * x)


def lognormal(loc, scale):
    def log_q(x):
        log_x = np.log(x)
        return -0.5 * ((log_x - loc) / scale) ** 2 - log_x - math.log(scale) - 0.5 * LOG_TURN

    return log_q


def logit_normal(x):
    z = (special.logit(x) - 0.5) / 1.2
    return -0.5 * z**2 - math.log(1.2) - 0.5 * LOG_TURN - np.log(x) - np.log1p(-x)


def cardioid(x):
    return np.log1p(0.8 * np.cos(x - 1.0)) - LOG_TURN


def wrapped_cauchy(x):
    return math.log1p(-0.25) - np.log(1.25 - np.cos(x + 2.0)) - LOG_TURN


def beta_binomial(x):
    """20 trials, of a probability that is Beta(2, 3)."""
    return (special.betaln(x + 2.0, 23.0 - x) - special.betaln(2.0, 3.0)
            - special.betaln(x + 1.0, 21.0 - x) - math.log(21.0))


def two_poissons(x):
    first = math.log(0.6) + special.xlogy(x, 2.0) - 2.0
    second = math.log(0.4) + special.xlogy(x, 9.0) - 9.0
    return np.logaddexp(first, second) - special.gammaln(x + 1.0)


def negative_binomial(x):
    """Failures before the second success of probability 0.3."""
    return np.log(x + 1.0) + 2.0 * math.log(0.3) + x * math.log(0.7)


# ---- Vectors ----


def of_vectors(
    start: Any, log_q: Callable[[Any], Any], expected: Callable[[Any, Any], float]
) -> Pair:
    """`expected`: the mean of log q under a Normal of given mean and covariance."""

    def divergence(p: Any) -> float:
        mean, covariance = p.parameters["mean"], p.parameters["covariance"]
        log_size = np.linalg.slogdet(covariance)[1]
        return float(-0.5 * (len(mean) * (1.0 + LOG_TURN) + log_size) - expected(mean, covariance))

    return Pair(start, log_q, divergence)


def banana(d: int) -> Pair:
    """x_1 is standard normal, the others Normal(x_1^2 - 1, 1/2) given x_1."""
    constant = -0.5 * d * LOG_TURN + (d - 1) * math.log(2.0)

    def log_q(x):
        bend = x[:, 1:] - (x[:, :1] ** 2 - 1.0)
        return constant - 0.5 * x[:, 0] ** 2 - 2.0 * np.sum(bend**2, axis=1)

    def expected(mean, covariance):
        m, v = mean[0], covariance[0, 0]
        bend = m**2 + v - 1.0  # mean of x_1^2 - 1
        square = m**4 + 6.0 * m**2 * v + 3.0 * v**2 - 2.0 * (m**2 + v) + 1.0
        product = mean[1:] * bend + 2.0 * m * covariance[0, 1:]
        others = mean[1:] ** 2 + np.diag(covariance)[1:]
        return constant - 0.5 * (m**2 + v) - 2.0 * np.sum(others - 2.0 * product + square)

    return of_vectors(kf.MultivariateNormal(np.full(d, 0.5), np.eye(d)), log_q, expected)


def student(d: int) -> Pair:
    """Five degrees of freedom, the scales 1, 2, ... d, all correlations 0.6."""
    dof, loc = 5.0, np.arange(1.0, d + 1.0)
    scales = np.arange(1.0, d + 1.0)
    shape = np.outer(scales, scales) * (0.6 + 0.4 * np.eye(d))
    whiten = np.linalg.inv(np.linalg.cholesky(dof * shape))
    power = 0.5 * (dof + d)
    constant = math.lgamma(power) - math.lgamma(0.5 * dof) - 0.5 * d * math.log(math.pi) + float(
        np.sum(np.log(np.diag(whiten))))

    def log_q(x):
        return constant - power * np.log1p(np.sum(((x - loc) @ whiten.T) ** 2, axis=1))

    def expected(mean, covariance):
        """log(1 + Q) is the integral of (1 - e^(-sQ)) e^(-s)/s over s > 0."""
        values, vectors = np.linalg.eigh(whiten @ covariance @ whiten.T)
        squares = (vectors.T @ (whiten @ (mean - loc))) ** 2

        def integrand(t):
            s = np.exp(t)
            wide = 1.0 + 2.0 * s[..., None] * values
            exponent = 0.5 * np.log(wide) + s[..., None] * squares / wide
            return -np.expm1(-np.sum(exponent, axis=-1)) * np.exp(-s)

        return constant - power * integral(integrand, -40.0, 4.0)

    return of_vectors(kf.MultivariateNormal(np.zeros(d), np.eye(d)), log_q, expected)


def logistic_posterior() -> Pair:
    """Three coefficients, standard normal beforehand, and 60 observations; not normalised."""
    i = np.arange(60.0)
    covariates = np.stack([np.ones(60), 1.5 * np.sin(1.7 * i), 1.5 * np.cos(2.3 * i)], axis=1)
    sign = np.where(1.0 + 1.5 * covariates[:, 1] + 3.0 * np.sin(0.9 * i) > 0.0, 1.0, -1.0)
    signed = covariates * sign[:, None]

    def log_q(x):
        return -np.sum(np.logaddexp(0.0, -x @ signed.T), axis=1) - 0.5 * np.sum(x**2, axis=1)

    def expected(mean, covariance):
        margins = signed @ mean
        scales = np.sqrt(np.einsum("ij,jk,ik->i", signed, covariance, signed))

        def integrand(z):
            losses = np.logaddexp(0.0, -margins - scales * z[..., None])
            return np.exp(-0.5 * (z * z + LOG_TURN)) * np.sum(losses, axis=-1)

        likelihood = -integral(integrand, -10.0, 10.0)
        return likelihood - 0.5 * (mean @ mean + np.trace(covariance))

    return of_vectors(kf.MultivariateNormal(np.zeros(3), np.eye(3)), log_q, expected)


# ---- All ----

NUMBERS = {
    "Normal, logistic": of_numbers(kf.Normal(-1.0, 4.0), logistic),
    "Normal, skew normal": of_numbers(kf.Normal(-1.0, 2.0), skew_normal),
    "Normal, Student t": of_numbers(kf.Normal(2.0, 0.5), stats.t(3.0).logpdf),
    "Gamma, Weibull": of_numbers(kf.Gamma(1.0, 1.0), stats.weibull_min(1.7, scale=3.0).logpdf),
    "Beta, logit-normal": of_numbers(kf.Beta(6.0, 4.0), logit_normal),
    "VonMises, cardioid": of_numbers(kf.VonMises(0.0, 3.0), cardioid),
    "VonMises, wrapped Cauchy": of_numbers(kf.VonMises(0.0, 0.5), wrapped_cauchy),
    "InverseGaussian, lognormal": of_numbers(kf.InverseGaussian(3.0, 1.0), lognormal(0.3, 0.6)),
    "LogNormal, Gamma": of_numbers(kf.LogNormal(0.0, 2.0), stats.gamma(2.0).logpdf),
    "Weibull, Gamma": of_numbers(kf.Weibull(5.0, 2.0), stats.gamma(3.0, scale=0.5).logpdf),
    "Pareto, lognormal": of_numbers(kf.Pareto(1.0, 1.0), lognormal(0.0, 1.0)),
    "Poisson, negative binomial": of_counts(kf.Poisson(20.0), negative_binomial),
    "Binomial, Beta-binomial": of_counts(kf.Binomial(0.9, 20), beta_binomial),
    "NegativeBinomial, two Poissons": of_counts(kf.NegativeBinomial(0.2, 4.0), two_poissons),
}
VECTORS = {
    "banana, d = 2": banana(2),
    "banana, d = 3": banana(3),
    "Student t, d = 2": student(2),
    "Student t, d = 3": student(3),
    "logistic regression, d = 3": logistic_posterior(),
}
PAIRS = NUMBERS | VECTORS
