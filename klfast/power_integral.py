r"""The integral of p^a q^(1-a), which the divergences of Renyi and Amari are functions of.

Of two members of one family it is a member's normaliser. Else the mixture m = (p + q)/2 is summed
over, by nodes or by draws of p and of q. With t = log p - log q and (1 + e^t) q = 2 m there are two
integrands:

    g = p^a q^(1-a)/m                                       with integral I
    h = (a p + (1-a) q - p^a q^(1-a))/(a (1-a) m)           with integral (1 - I)/(a (1-a))

The second is nowhere negative, and of second order in t: where p is near q it keeps the digits that
1 - I loses. For a < 1 both are bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import (
    Distribution,
    Stream,
    bounded_integer,
    sum_and_square,
    support_of,
    vector_function,
)
from klfast.diagnostics import pareto_k
from klfast.mixture import Mixture
from klfast.optimize.lattice import FINE, Accuracy, Lattice, Nodes, make_nodes

Values = NDArray[np.float64]

_ROUNDING = 2.0**-50
_ACCURATE = 1e-11  # relative error at which no finer rule is tried
_FINEST = 8  # halvings of the first rule's step
_CUT = 1e-9  # share of the outermost nodes above which what lies beyond is not known
_DEEPEST = 600.0  # nats below p's largest density that nodes go to
_RELIABLE = 0.7  # largest k-hat of an estimate whose error is told
_CLOSE = 1e-6  # nats: the two members are so near that their divergences are quadratic
_LARGEST_ERROR = 0.5  # relative: beyond it that of the logarithm is not told
_LARGEST_TERM = 1e300
_HEAVY = 40.0  # log of p^a q^(1-a) over p, where p is nothing beside it
_CHUNK = 1 << 17
_LOG_2 = 0.6931471805599453


class Integral(NamedTuple):
    """The logarithm of the integral, and its error if it is an estimate."""

    log: Any
    error: float = 0.0
    estimated: bool = False


# ---- Members of one family ----


def of_one_family(p: Distribution, q: Distribution, a: float) -> Any:
    """The logarithm of the integral, for a > 0, a != 1; batches broadcast.

    With the log-partition A and m the member at eta_m = a eta_p + (1-a) eta_q it is
    A(eta_m) - a A(eta_p) - (1-a) A(eta_q), whose terms cancel. It is written by divergences: for
    a < 1 as -a D(m||p) - (1-a) D(m||q). For a > 1, where p is between m and q, as
    D(p||m) + (a-1) D(p||q); near p = q as (a-1) D(m||q) - a D(m||p), which is stationary in m, so
    that m's rounding is of second order.
    """
    forward = np.asarray(p._kl(q))
    m, outside = _between(p, q, a)
    if a < 1.0:
        found = -a * np.asarray(m._kl(p)) - (1.0 - a) * np.asarray(m._kl(q))
    else:
        found = np.asarray(p._kl(m)) + (a - 1.0) * forward
        close = a * a * forward < _CLOSE
        if close.any():
            with np.errstate(invalid="ignore"):
                near = (a - 1.0) * np.asarray(m._kl(q)) - a * np.asarray(m._kl(p))
            found = np.where(close, np.maximum(near, (a - 1.0) * forward), found)
    found = np.where(outside, -np.inf if a < 1.0 else np.inf, found)
    found = np.where(forward == 0.0, 0.0, found)
    return found if found.shape else float(found)


def _between(p: Distribution, q: Distribution, a: float) -> tuple[Distribution, NDArray[np.bool_]]:
    """The members at a eta_p + (1-a) eta_q; where there is none p, marked."""
    with np.errstate(invalid="ignore", over="ignore"):
        eta = a * p.natural_parameters + (1.0 - a) * q.natural_parameters
    batch = eta.shape[:-1]
    family, fixed = type(p), {k: np.broadcast_to(v, batch) for k, v in p.fixed.items()}
    outside = np.zeros(batch, dtype=bool)
    try:
        return family.from_natural(eta, **fixed), outside
    except ValueError:
        own = np.broadcast_to(p.natural_parameters, eta.shape)
    for i in np.ndindex(batch):
        try:
            family.from_natural(eta[i], **{k: v[i] for k, v in fixed.items()})
        except ValueError:
            outside[i] = True
            eta[i] = own[i]
    return family.from_natural(eta, **fixed), outside


# ---- Any two ----


def _excess(t: Values, a: float) -> Values:
    """The integrand h, for a >= 1/2; no term cancels."""
    b = 1.0 - a
    with np.errstate(over="ignore", invalid="ignore"):
        s = np.abs(t)
        small = vector_function("expm1_excess", -t) - vector_function("expm1_excess", -b * t) / b
        large = vector_function("expm1", -t) - vector_function("expm1", -b * t) / b
        shrunk = vector_function("exp", -s)
        low = np.where(s < 700.0, shrunk * small, 1.0)  # e^t times the sum, for t < 0
        found = np.where(t < 0.0, low, np.where(t < 1.0, small, large)) / (1.0 + shrunk)
    return np.asarray(2.0 / a * found)


def _log_power(t: Values, a: float) -> Values:
    """The logarithm of the integrand g."""
    with np.errstate(invalid="ignore"):
        found = _LOG_2 + a * t - vector_function("log1p_exp", t)
    return np.where(np.isposinf(t), np.inf if a > 1.0 else -np.inf, found)


def _of(name: str, x: float) -> float:
    """The library's function of one number: the same bits everywhere."""
    return float(vector_function(name, np.array([x]))[0])


def _choose(a: float, power: tuple[float, float], excess: tuple[float, float]) -> Integral:
    """The better of log I and its error from g, and of the integral of h and its error."""
    log_power, error = power
    by_power = Integral(log_power, error if error < _LARGEST_ERROR else np.inf, True)
    lost = a * (1.0 - a) * excess[0]
    if not lost < 1.0 or not math.isfinite(lost):
        return by_power
    by_excess = abs(a * (1.0 - a)) * excess[1] / (1.0 - lost)
    if by_excess <= error:
        return Integral(_of("log1p", -lost), by_excess, True)
    return by_power


def of_any_two(p: Any, q: Any, a: float, samples: int, stream: Stream) -> Integral:
    """The integral for a != 0, 1, by nodes where both are of numbers or counts, else by draws."""
    for name, value in (("p", p), ("q", q)):
        if getattr(value, "batch_shape", ()) != ():
            raise ValueError(
                f"{name} has batch shape {value.batch_shape}: an estimate is made for one pair"
            )
    if bounded_integer(samples, "samples", 2**40) < 4:
        raise ValueError(f"samples={samples}: must be at least 4")
    if a < 0.5:
        p, q, a = q, p, 1.0 - a
    found = _by_nodes(p, q, a)
    return _by_draws(p, q, a, samples, stream) if found is None else found


def _members(p: Any) -> list[tuple[float, Distribution]]:
    if not isinstance(p, Mixture):
        return [(1.0, p)]
    pairs = zip(p.weights.tolist(), p.components, strict=True)
    return [(w, part) for w, part in pairs if w > 0.0]


def _by_nodes(p: Any, q: Any, a: float) -> Integral | None:
    """By nodes of each member of p and q; None if there are none, or the supports differ."""
    if p.event_shape or q.event_shape:
        return None
    members = [(0.5 * w, part) for side in (p, q) for w, part in _members(side)]
    if len({support_of(part) for _, part in members}) > 1:
        return None
    for negligible in (FINE.negligible, _DEEPEST):
        found = _refined(p, q, a, members, FINE._replace(negligible=negligible))
        if found is None or math.isfinite(found.error):
            break
    return found


def _refined(
    p: Any, q: Any, a: float, members: list[tuple[float, Distribution]], accuracy: Accuracy
) -> Integral | None:
    """By finer and finer rules until two agree."""
    best: Integral | None = None
    has_ends = support_of(members[0][1])[0] != "circle"
    for finer in range(_FINEST):
        rules = []
        for w, part in members:
            nodes = make_nodes(Lattice(part), part, accuracy, finer)
            if nodes is None:
                return best
            rules.append((w, nodes))
        best = _sum_nodes(p, q, a, rules, accuracy.negligible, has_ends)
        settled = best.error <= _ACCURATE * abs(best.log) or best.error == np.inf
        if settled or all(nodes.is_whole for _, nodes in rules):
            break
    return best


def _sum_nodes(
    p: Any, q: Any, a: float, rules: list[tuple[float, Nodes]], negligible: float, has_ends: bool
) -> Integral:
    """Both integrals by one rule to each member, and by the rules of twice the step.

    What lies beyond the outermost nodes is told by the terms there.
    """
    fine, coarse, edge = np.zeros(2), np.zeros(2), np.zeros(2)
    for share, nodes in rules:
        t = p.log_density(nodes.x) - q.log_density(nodes.x)
        if a > 1.0 and np.isposinf(t).any():
            return Integral(np.inf, 0.0, True)
        log_w = vector_function("log", nodes.weights)
        power = vector_function("exp", log_w + _log_power(t, a))
        with np.errstate(over="ignore"):
            excess = nodes.weights * _excess(t, a)
            if a > 1.0:
                heavy = (a - 1.0) * t > _HEAVY
                excess = np.where(heavy, power / (a * (a - 1.0)), excess)
        terms = share * np.array([power, excess])
        if not terms.max() < _LARGEST_TERM:
            return Integral(np.inf, np.inf, True)
        outermost = log_w < log_w.max() - 0.75 * negligible
        if has_ends and not nodes.is_whole:
            outermost |= np.isin(nodes.x, (nodes.x.min(), nodes.x.max()))
        fine += [math.fsum(row) for row in terms]
        double = 1.0 if nodes.is_whole else 2.0
        coarse += [double * math.fsum(row[nodes.even]) for row in terms]
        edge += [math.fsum(row[outermost]) for row in terms]
    if not fine[0] > 0.0:
        return Integral(-np.inf, np.inf, True)
    error = np.abs(fine - coarse) + edge + _ROUNDING * fine
    error[edge > _CUT * fine] = np.inf
    return _choose(a, (_of("log", fine[0]), error[0] / fine[0]), (fine[1], error[1]))


def _log_ratios(p: Any, q: Any, source: Any, count: int, stream: Stream) -> Iterator[Values]:
    """Log p - log q at draws of `source`."""
    for done in range(0, count, _CHUNK):
        x = source.sample(min(_CHUNK, count - done), rng=stream)
        yield p.log_density(x) - q.log_density(x)


def _by_draws(p: Any, q: Any, a: float, samples: int, stream: Stream) -> Integral:
    """By as many draws of p as of q."""
    half = samples // 2
    groups = [np.concatenate(list(_log_ratios(p, q, source, half, stream))) for source in (p, q)]
    if a > 1.0 and np.isposinf(groups[0]).any():
        return Integral(np.inf, 0.0, True)
    logs = [_log_power(t, a) for t in groups]
    top = max(float(log.max()) for log in logs)
    if not top > -np.inf:
        return Integral(-np.inf, np.inf, True)  # no draw is in both supports
    power, power_error = _mean([vector_function("exp", log - top) for log in logs])
    excess = _mean([_excess(t, a) for t in groups])
    reliable = pareto_k(np.concatenate(logs)) <= _RELIABLE or samples < 50
    error = power_error / power if reliable else np.inf
    if a > 1.0 and not reliable:
        excess = excess[0], np.inf
    return _choose(a, (top + _of("log", power), error), excess)


def _mean(groups: list[Values]) -> tuple[float, float]:
    """Half the sum of the groups' means, and its standard error."""
    mean, variance = 0.0, 0.0
    for values in groups:
        n, centre = len(values), float(values[0])
        with np.errstate(invalid="ignore"):  # infinite terms
            total, square = sum_and_square(values - centre)
        mean += 0.5 * (centre + total / n)
        variance += 0.25 * max(square - total * total / n, 0.0) / (n - 1) / n
    return mean, math.sqrt(variance)
