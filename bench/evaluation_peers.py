"""NumPyro, BlackJAX and gsmvi on the targets of `evaluations.py`, where they are installed.

The first two fit by Adam on draws of the present member: by the gradient of log q at each draw, or,
for counts, by values of log q and the score; gsmvi matches the gradients instead. A run is one
compiled loop that keeps the parameters of every step, for all seeds at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from evaluation_targets import Target

import klfast as kf

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

Run = Callable[[Any, Any], Any]  # of a key and a step size: the parameters after each step


def _numpyro(target: Target, steps: int, draws: int) -> Run:
    """SVI with a guide of the family and `draws` particles to a step."""
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.distributions import constraints
    from numpyro.infer import SVI, Trace_ELBO, TraceGraph_ELBO

    start, d = target.start, target.dimension
    counts = start.is_integer

    class Q(dist.Distribution):  # type: ignore[misc]
        support = (constraints.real_vector if d else constraints.nonnegative_integer if counts
                   else constraints.real)

        def __init__(self) -> None:
            super().__init__(event_shape=(d,) if d else ())

        def sample(self, key: Any, sample_shape: Any = ()) -> Any:  # noqa: ARG002
            return jnp.zeros(sample_shape + self.event_shape)

        def log_prob(self, value: Any) -> Any:
            return target.log_q(value, jnp)

    def guide() -> None:
        given = {name: jnp.asarray(value) for name, value in start.parameters.items()}
        positive = {"constraint": constraints.positive}
        if d:
            loc = numpyro.param("loc", given["mean"])
            factor = numpyro.param("factor", jnp.linalg.cholesky(given["covariance"]),
                                   constraint=constraints.lower_cholesky)
            numpyro.sample("x", dist.MultivariateNormal(loc, scale_tril=factor))
        elif counts:
            numpyro.sample("x", dist.Poisson(numpyro.param("rate", given["rate"], **positive)))
        elif "loc" in given:
            scale = numpyro.param("scale", given["scale"], **positive)
            numpyro.sample("x", dist.Normal(numpyro.param("loc", given["loc"]), scale))
        else:
            shape = numpyro.param("shape", given["shape"], **positive)
            rate = numpyro.param("rate", given["rate"], **positive)
            numpyro.sample("x", dist.Gamma(shape, rate))

    elbo = (TraceGraph_ELBO if counts else Trace_ELBO)(num_particles=draws)

    def run(key: Any, rate: Any) -> Any:
        svi = SVI(lambda: numpyro.sample("x", Q()), guide, numpyro.optim.Adam(rate), elbo)

        def step(state: Any, _: Any) -> Any:
            state, _ = svi.update(state)
            return state, svi.get_params(state)

        return jax.lax.scan(step, svi.init(key), None, steps)[1]

    return run


def _normal(target: Target) -> tuple[Any, np.ndarray, np.ndarray]:
    """For peers that know vectors alone: log q of one, and the start's mean and covariance."""
    import jax.numpy as jnp

    def log_q(x: Any) -> Any:
        return target.log_q(x if target.dimension else x[0], jnp)

    given = target.start.parameters
    if target.dimension:
        return log_q, given["mean"], given["covariance"]
    return log_q, np.array([given["loc"]]), np.array([[given["scale"] ** 2]])


def _row(target: Target, mean: Any, factor: Any) -> dict[str, Any]:
    if target.dimension:
        return {"loc": mean, "factor": factor}
    return {"loc": mean[0], "scale": factor[0, 0]}


def _blackjax(target: Target, steps: int, draws: int) -> Run:
    """Full-rank variational inference, sticking the landing, for Normals."""
    import blackjax
    import jax
    import jax.numpy as jnp
    import optax

    log_q, mean, covariance = _normal(target)
    d = len(mean)

    def run(key: Any, rate: Any) -> Any:
        method = blackjax.fullrank_vi(log_q, optax.adam(rate), draws)
        state = method.init(jnp.zeros(d))
        chol = state.chol_params.at[:d].set(0.5 * jnp.log(jnp.diagonal(jnp.asarray(covariance))))
        state = state._replace(mu=jnp.asarray(mean), chol_params=chol)

        def step(state: Any, key: Any) -> Any:
            state, _ = method.step(key, state)
            lower = jnp.zeros((d, d)).at[jnp.tril_indices(d, -1)].set(state.chol_params[d:])
            lower = lower + jnp.diag(jnp.exp(state.chol_params[:d]))
            return state, _row(target, state.mu, lower)

        return jax.lax.scan(step, state, jax.random.split(key, steps))[1]

    return run


def _gsmvi(target: Target, steps: int, draws: int) -> Run:
    """Gaussian score matching, for Normals; there is no step size."""
    import jax
    import jax.numpy as jnp
    from gsmvi.gsm import gsm_update

    log_q, mean, covariance = _normal(target)
    gradient = jax.vmap(jax.grad(log_q))

    def run(key: Any, rate: Any) -> Any:  # noqa: ARG001
        def step(state: Any, key: Any) -> Any:
            x = jax.random.multivariate_normal(key, *state, shape=(draws,))
            new = gsm_update(x, gradient(x), *state)
            good = jnp.isfinite(jnp.linalg.cholesky(new[1])).all()  # else, as there, no step
            mean, covariance = (jnp.where(good, a, b) for a, b in zip(new, state, strict=True))
            return (mean, covariance), _row(target, mean, jnp.linalg.cholesky(covariance))

        start = jnp.asarray(mean), jnp.asarray(covariance)
        return jax.lax.scan(step, start, jax.random.split(key, steps))[1]

    return run


def _member(start: Any, row: dict[str, Any]) -> Any:
    """The member with a peer's parameters; None if they are none."""
    try:
        if "factor" in row:
            return kf.MultivariateNormal(row["loc"], row["factor"] @ row["factor"].T)
        return type(start)(**{name: float(value) for name, value in row.items()})
    except (ValueError, np.linalg.LinAlgError):
        return None


LEFT_OUT = """

Left out: Pyro 1.9, whose fit is NumPyro's, step by step in Python; TensorFlow Probability 0.25,
whose form for JAX does not import beside JAX 0.10; VIABEL 0.5, which needs PyStan 2; and
quasi-Newton methods by gradients (BlackJAX's Pathfinder), which do not report the evaluations of
their line searches."""

PEERS: dict[str, tuple[str, Any]] = {"NumPyro": ("numpyro", _numpyro),
                                     "BlackJAX": ("blackjax", _blackjax),
                                     "gsmvi": ("gsmvi", _gsmvi)}


def installed() -> dict[str, Any]:
    """The peers that can be imported, by name."""
    found = {}
    for name, (module, run) in PEERS.items():
        try:
            __import__(module)
        except ImportError:
            continue
        found[name] = run
    return found


def versions() -> str:
    """Of the peers that are installed."""
    return ", ".join(f"{name} {version(PEERS[name][0])}" for name in installed())


def suits(name: str, target: Target) -> bool:
    """Whether the peer fits that family: most are of Normals."""
    return name == "NumPyro" or bool(target.dimension) or isinstance(target.start, kf.Normal)


def trajectories(
    name: str, target: Target, rates: Sequence[float], seeds: int, wanted: np.ndarray, draws: int
) -> list[list[Iterator[Any]]]:
    """For each step size and seed the members after the wanted numbers of steps."""
    import jax

    run = PEERS[name][1](target, int(wanted[-1]), draws)

    def few(key: Any, rate: Any) -> Any:
        return {what: value[wanted - 1] for what, value in run(key, rate).items()}

    over_seeds = jax.vmap(few, in_axes=(0, None))
    keys = jax.vmap(jax.random.key)(np.arange(seeds))
    found = jax.jit(jax.vmap(over_seeds, in_axes=(None, 0)))(keys, np.array(rates))
    rows = {what: np.asarray(value) for what, value in found.items()}

    def members(i: int, j: int) -> Iterator[Any]:
        for k in range(len(wanted)):
            yield _member(target.start, {what: value[i, j, k] for what, value in rows.items()})

    return [[members(i, j) for j in range(seeds)] for i in range(len(rates))]
