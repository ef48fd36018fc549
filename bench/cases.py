"""What the benchmarks measure of each family: members, and the same family elsewhere.

A family that is not registered yet is left out. A family of the registry without a row here is
measured too, at the member whose unconstrained coordinates are 0, without peers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy import log1p, sqrt
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expm1

import klfast as kf

Array = NDArray[Any]


def covariance(d: int) -> Array:
    """A well-conditioned covariance matrix with no zeros, in dimension `d`."""
    root = np.random.default_rng(d).normal(size=(d, d)) / np.sqrt(d)
    return root @ root.T + np.eye(d)


@dataclass(frozen=True)
class Peers:
    """The same family elsewhere. Each function takes klfast's parameters, in klfast's order, last.

    Samplers get a NumPy Generator `g` (MKL's RandomState for `mkl`) and the number of draws `n`,
    None for one draw. Where NumPy lacks the distribution but one line makes it of others, the line
    stands here. MKL's methods are called as NumPy's unless `mkl` says otherwise; False leaves out
    what draws from another distribution.
    """

    numpy: Callable[..., Any] | None = None    # (g, n, *parameters)
    scipy: Callable[..., Any] | None = None    # (*parameters): a frozen distribution
    torch: Callable[..., Any] | None = None    # (torch.distributions, *tensors): a distribution
    jax: Callable[..., Any] | None = None      # (jax.random, key, shape, *parameters)
    mkl: Callable[..., Any] | Literal[False] | None = None    # (g, n, *parameters)


def _vectors(g: Any, n: int | None, mean: Array, matrix: Array) -> Array:
    z = g.standard_normal((*(() if n is None else (n,)), len(mean)))
    x = z @ np.linalg.cholesky(matrix).T
    x += mean
    return x


def _zero_truncated_poisson(g: Any, n: int | None, rate: Any) -> Any:
    first = -log1p(g.uniform(0.0, 1.0, n) * expm1(-rate))   # the first event comes before 1
    return 1 + g.poisson(rate - first)


PEERS = {
    "Normal": Peers(
        numpy=lambda g, n, loc, scale: g.normal(loc, scale, n),
        scipy=stats.norm,
        torch=lambda t, loc, scale: t.Normal(loc, scale),
        jax=lambda r, key, n, loc, scale: loc + scale * r.normal(key, n),
    ),
    "LogNormal": Peers(
        numpy=lambda g, n, loc, scale: g.lognormal(loc, scale, n),
        scipy=lambda loc, scale: stats.lognorm(scale, scale=np.exp(loc)),
        torch=lambda t, loc, scale: t.LogNormal(loc, scale),
        jax=lambda r, key, n, loc, scale: np.exp(loc) * r.lognormal(key, scale, n),
    ),
    "HalfNormal": Peers(
        numpy=lambda g, n, scale: abs(g.normal(0.0, scale, n)),
        scipy=lambda scale: stats.halfnorm(scale=scale),
        torch=lambda t, scale: t.HalfNormal(scale),
        jax=lambda r, key, n, scale: scale * abs(r.normal(key, n)),
    ),
    "Exponential": Peers(
        numpy=lambda g, n, rate: g.exponential(1.0 / rate, n),
        scipy=lambda rate: stats.expon(scale=1.0 / rate),
        torch=lambda t, rate: t.Exponential(rate),
        jax=lambda r, key, n, rate: r.exponential(key, n) / rate,
    ),
    "Gamma": Peers(
        numpy=lambda g, n, shape, rate: g.gamma(shape, 1.0 / rate, n),
        scipy=lambda shape, rate: stats.gamma(shape, scale=1.0 / rate),
        torch=lambda t, shape, rate: t.Gamma(shape, rate),
        jax=lambda r, key, n, shape, rate: r.gamma(key, shape, n) / rate,
    ),
    "InverseGamma": Peers(
        numpy=lambda g, n, shape, scale: scale / g.standard_gamma(shape, n),
        scipy=lambda shape, scale: stats.invgamma(shape, scale=scale),
        torch=lambda t, shape, scale: t.InverseGamma(shape, scale),
        jax=lambda r, key, n, shape, scale: scale / r.gamma(key, shape, n),
    ),
    "ChiSquare": Peers(
        numpy=lambda g, n, dof: g.chisquare(dof, n),
        scipy=stats.chi2,
        torch=lambda t, dof: t.Chi2(dof),
        jax=lambda r, key, n, dof: r.chisquare(key, dof, n),
    ),
    "Chi": Peers(
        numpy=lambda g, n, dof: sqrt(g.chisquare(dof, n)),
        scipy=stats.chi,
        jax=lambda r, key, n, dof: r.chisquare(key, dof, n) ** 0.5,
    ),
    "Beta": Peers(
        numpy=lambda g, n, a, b: g.beta(a, b, n),
        scipy=stats.beta,
        torch=lambda t, a, b: t.Beta(a, b),
        jax=lambda r, key, n, a, b: r.beta(key, a, b, n),
    ),
    "BetaPrime": Peers(
        numpy=lambda g, n, a, b: g.standard_gamma(a, n) / g.standard_gamma(b, n),
        scipy=stats.betaprime,
    ),
    "Laplace": Peers(
        numpy=lambda g, n, scale, loc: g.laplace(loc, scale, n),
        scipy=lambda scale, loc: stats.laplace(loc, scale),
        torch=lambda t, scale, loc: t.Laplace(loc, scale),
        jax=lambda r, key, n, scale, loc: loc + scale * r.laplace(key, n),
    ),
    "Weibull": Peers(                          # NumPy's has unit scale
        numpy=lambda g, n, scale, shape: scale * g.weibull(shape, n),
        scipy=lambda scale, shape: stats.weibull_min(shape, scale=scale),
        torch=lambda t, scale, shape: t.Weibull(scale, shape),
        jax=lambda r, key, n, scale, shape: r.weibull_min(key, scale, shape, n),
    ),
    "Pareto": Peers(                           # NumPy's is Lomax's
        numpy=lambda g, n, shape, minimum: minimum * (1.0 + g.pareto(shape, n)),
        scipy=lambda shape, minimum: stats.pareto(shape, scale=minimum),
        torch=lambda t, shape, minimum: t.Pareto(minimum, shape),
        jax=lambda r, key, n, shape, minimum: minimum * r.pareto(key, shape, n),
    ),
    "Rayleigh": Peers(
        numpy=lambda g, n, scale: g.rayleigh(scale, n),
        scipy=lambda scale: stats.rayleigh(scale=scale),
        jax=lambda r, key, n, scale: r.rayleigh(key, scale, n),
    ),
    "Maxwell": Peers(
        numpy=lambda g, n, scale: scale * sqrt(g.chisquare(3.0, n)),
        scipy=lambda scale: stats.maxwell(scale=scale),
        jax=lambda r, key, n, scale: scale * r.maxwell(key, n),
    ),
    "Nakagami": Peers(
        numpy=lambda g, n, spread, shape: sqrt(g.gamma(shape, spread / shape, n)),
        scipy=lambda spread, shape: stats.nakagami(shape, scale=sqrt(spread)),
    ),
    "Gumbel": Peers(                           # MKL's is that of the least value
        numpy=lambda g, n, loc, scale: g.gumbel(loc, scale, n),
        scipy=stats.gumbel_r,
        torch=lambda t, loc, scale: t.Gumbel(loc, scale),
        jax=lambda r, key, n, loc, scale: loc + scale * r.gumbel(key, n),
        mkl=lambda g, n, loc, scale: -g.gumbel(-loc, scale, n),
    ),
    "InverseGaussian": Peers(
        numpy=lambda g, n, mean, shape: g.wald(mean, shape, n),
        scipy=lambda mean, shape: stats.invgauss(mean / shape, scale=shape),
        jax=lambda r, key, n, mean, shape: shape * r.wald(key, mean / shape, n),
    ),
    "GeneralizedInverseGaussian": Peers(
        scipy=lambda p, a, b: stats.geninvgauss(p, sqrt(a * b), scale=sqrt(b / a)),
    ),
    "VonMises": Peers(                         # MKL's never leave the half circle around loc
        numpy=lambda g, n, loc, concentration: g.vonmises(loc, concentration, n),
        scipy=lambda loc, concentration: stats.vonmises(concentration, loc),
        torch=lambda t, loc, concentration: t.VonMises(loc, concentration),
        mkl=False,
    ),
    "ContinuousBernoulli": Peers(
        numpy=lambda g, n, logit: log1p(g.uniform(0.0, 1.0, n) * expm1(logit)) / logit,
        torch=lambda t, logit: t.ContinuousBernoulli(logits=logit),
    ),
    "Bernoulli": Peers(
        numpy=lambda g, n, probability: g.binomial(1, probability, n),
        scipy=stats.bernoulli,
        torch=lambda t, probability: t.Bernoulli(probability),
        jax=lambda r, key, n, probability: r.bernoulli(key, probability, n),
    ),
    "Binomial": Peers(
        numpy=lambda g, n, probability, trials: g.binomial(trials, probability, n),
        scipy=lambda probability, trials: stats.binom(trials, probability),
        torch=lambda t, probability, trials: t.Binomial(trials, probability),
        jax=lambda r, key, n, probability, trials: r.binomial(key, trials, probability, n),
    ),
    "Geometric": Peers(                        # NumPy, SciPy and JAX count from 1, MKL from 0
        numpy=lambda g, n, probability: g.geometric(probability, n) - 1,
        scipy=lambda probability: stats.geom(probability, loc=-1),
        torch=lambda t, probability: t.Geometric(probability),
        jax=lambda r, key, n, probability: r.geometric(key, probability, n) - 1,
        mkl=lambda g, n, probability: g.geometric(probability, n),
    ),
    "NegativeBinomial": Peers(                 # PyTorch's probability is that of a failure
        numpy=lambda g, n, probability, successes: g.negative_binomial(successes, probability, n),
        scipy=lambda probability, successes: stats.nbinom(successes, probability),
        torch=lambda t, probability, successes: t.NegativeBinomial(successes, 1.0 - probability),
    ),
    "Poisson": Peers(
        numpy=lambda g, n, rate: g.poisson(rate, n),
        scipy=stats.poisson,
        torch=lambda t, rate: t.Poisson(rate),
        jax=lambda r, key, n, rate: r.poisson(key, rate, n),
    ),
    "ZeroTruncatedPoisson": Peers(numpy=_zero_truncated_poisson),
    "Logarithmic": Peers(
        numpy=lambda g, n, probability: g.logseries(probability, n), scipy=stats.logser,
    ),
    "Zipf": Peers(numpy=lambda g, n, exponent: g.zipf(exponent, n), scipy=stats.zipf),
    "MultivariateNormal": Peers(
        numpy=_vectors,
        scipy=stats.multivariate_normal,
        torch=lambda t, mean, matrix: t.MultivariateNormal(mean, matrix),
        jax=lambda r, key, n, mean, matrix: r.multivariate_normal(key, mean, matrix, n),
        mkl=lambda g, n, mean, matrix: g.multivariate_normal(mean, matrix, n),
    ),
}
"""By klfast's class name."""

MEMBERS: dict[str, list[tuple[Any, ...]]] = {
    "Normal": [(0.0, 1.0)],
    "LogNormal": [(0.5, 0.75)],
    "HalfNormal": [(2.0,)],
    "Exponential": [(1.0,)],
    "Gamma": [(0.5, 1.0), (2.5, 1.0), (50.0, 1.0)],
    "InverseGamma": [(3.5, 1.5)],
    "ChiSquare": [(5.0,)],
    "Chi": [(5.0,)],
    "Beta": [(0.5, 0.5), (2.0, 5.0)],
    "BetaPrime": [(2.5, 5.0)],
    "Laplace": [(2.0, 0.5)],
    "Weibull": [(2.0, 1.5)],
    "Pareto": [(3.0, 2.0)],
    "Rayleigh": [(2.0,)],
    "Maxwell": [(2.0,)],
    "Nakagami": [(2.0, 1.5)],
    "Gumbel": [(1.0, 2.0)],
    "InverseGaussian": [(1.0, 2.0)],
    "GeneralizedInverseGaussian": [(1.5, 2.0, 1.0)],
    "VonMises": [(0.0, 2.0)],
    "ContinuousBernoulli": [(1.5,)],
    "Bernoulli": [(0.3,)],
    "Binomial": [(0.3, 20)],
    "Geometric": [(0.3,)],
    "NegativeBinomial": [(0.3, 5)],
    "Poisson": [(0.5,), (8.0,), (200.0,)],
    "ZeroTruncatedPoisson": [(2.5,)],
    "Logarithmic": [(0.6,)],
    "Zipf": [(3.5,)],
    "MultivariateNormal": [(np.linspace(-1.0, 1.0, d), covariance(d)) for d in (2, 10, 100)],
}
"""The parameters of the members measured; the first of a family is the one for its batches."""


@dataclass(frozen=True)
class Case:
    """One member of a family, or many around it, and its peers where there are any."""

    family: str
    parameters: tuple[Any, ...]

    @property
    def peers(self) -> Peers:
        """The same family elsewhere."""
        return PEERS.get(self.family, Peers())

    def member(self) -> Any:
        """The member itself."""
        cls: Any = kf.families[self.family]
        return cls(*self.parameters) if self.parameters else _at_origin(cls)

    @property
    def width(self) -> int:
        """Numbers in one draw."""
        return int(np.prod(self.member().event_shape))

    def members(self, n: int) -> tuple[Any, tuple[Any, ...]]:
        """Members in a batch of `n` around this one, and their parameters as peers take them."""
        member = self.member()
        u = member.unconstrained + np.linspace(-0.2, 0.2, n)[:, None]
        batch = type(member).from_unconstrained(u, **member.fixed)
        free = len(batch.parameters) - len(batch.fixed)
        # peers get the fixed parameters as they stand in the table: counts of trials are integers
        return batch, (*list(batch.parameters.values())[:free], *self.parameters[free:])

    @cached_property
    def scipy(self) -> Any:
        """SciPy's frozen distribution, or None."""
        return self.peers.scipy and self.peers.scipy(*self.parameters)

    def numpy_draw(self, g: np.random.Generator, n: int | None) -> Callable[[], Any] | None:
        """A call that draws in NumPy."""
        return self.peers.numpy and partial(self.peers.numpy, g, n, *self.parameters)

    def mkl_draw(self, g: Any, n: int | None) -> Callable[[], Any] | None:
        """A call that draws in MKL; `g` is its RandomState, or None."""
        draw = self.peers.numpy if self.peers.mkl is None else self.peers.mkl
        return partial(draw, g, n, *self.parameters) if g and draw else None

    def __str__(self) -> str:
        if self.family == "MultivariateNormal":
            return f"MultivariateNormal(d={len(self.parameters[0])})"
        if not self.parameters:
            return f"{self.family} at the origin"
        return f"{self.family}({', '.join(f'{value:g}' for value in self.parameters)})"


def scipy_log_density(frozen: Any) -> Callable[[Array], Array]:
    """A frozen distribution's log-density, whatever SciPy calls it."""
    discrete = isinstance(getattr(frozen, "dist", None), stats.rv_discrete)
    log_density: Callable[[Array], Array] = frozen.logpmf if discrete else frozen.logpdf
    return log_density


def _at_origin(cls: Any) -> Any:
    fixed = dict.fromkeys(cls._fixed_names(), 1.0)
    for k in range(1, 65):
        try:
            return cls.from_unconstrained(np.zeros(k), **fixed)
        except ValueError:
            continue
    raise ValueError(f"{cls.__name__}: no number of coordinates up to 64 makes a member")


def cases() -> list[Case]:
    """Every registered family's cases, in the order of the registry."""
    return [Case(name, row) for name in kf.families for row in MEMBERS.get(name, [()])]


def scalar_cases() -> list[Case]:
    """Those whose draws are numbers."""
    return [case for case in cases() if not case.member().event_shape]


def first_cases(among: list[Case]) -> list[Case]:
    """The first of each family."""
    found: dict[str, Case] = {}
    for case in among:
        found.setdefault(case.family, case)
    return list(found.values())
