"""Figures; matplotlib is imported only when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from klfast.demo import Demo
    from klfast.optimize import FitResult

# Told apart by all common kinds of colour vision, and in grey (Okabe and Ito's set).
_FORWARD, _REVERSE, _OTHER, _TARGET, _DATA = "#0072B2", "#D55E00", "#E69F00", "#222222", "#D9D9D9"


def plot_demo(demo: Demo, ax: Any = None) -> Any:
    """Draw the data of the demonstration, the mixture and the fit of either direction.

    Parameters
    ----------
    demo : Demo
        From `klfast.demo.run_demo`.
    ax : matplotlib axes, optional
        Where to draw; by default new axes.

    Returns
    -------
    matplotlib axes
    """
    from klfast.demo import mode_of

    ax = _axes(ax)
    x, q = demo.data, demo.mixture.mixture
    spread = float(x.std())
    grid = np.linspace(x.min() - spread, x.max() + spread, 600)
    ax.hist(x, bins=_bins(x), density=True, color=_DATA, edgecolor="white", linewidth=0.8,
            label=f"{len(x)} {demo.quantity}s")
    ax.plot(grid, np.exp(q.log_density(grid)), color=_TARGET, linewidth=1.6,
            label="q: mixture of two Normals")
    fits = [("forward, D(q||p)", demo.forward.distribution, demo.forward_kl.value, _FORWARD, "--")]
    for i, result in enumerate(demo.reverse):
        name = "reverse, D(p||q)" if i == 0 else "reverse, other minimum"
        fits.append((name, result.distribution, result.kl, _REVERSE if i == 0 else _OTHER,
                     "-" if i == 0 else "-."))
    for name, p, kl, colour, style in fits:
        kind = "covers both modes" if mode_of(p, q) is None else "seeks one mode"
        ax.plot(grid, np.exp(p.log_density(grid)), color=colour, linestyle=style, linewidth=2.2,
                label=f"{name} = {kl:.3f} nats: {kind}")
    ax.set_xlabel(f"{demo.quantity} (minutes)")
    ax.set_ylabel("probability density (1/minute)")
    ax.set_title("Old Faithful: one Normal, two directions of the divergence", loc="left")
    ax.set_xlim(grid[0], grid[-1])
    # room above the curves, so that the legend hides nothing
    ax.set_ylim(0.0, ax.get_ylim()[1] * (1.3 + 0.08 * (len(fits) - 2)))
    ax.legend(loc="upper left", frameon=False)
    _plain(ax)
    return ax


def plot_history(result: FitResult, ax: Any = None) -> Any:
    """Draw the divergence, or for data the cross-entropy, against the evaluations.

    Parameters
    ----------
    result : FitResult
        Of either minimiser. The band is one standard error to either side. A result without steps
        gives axes that say so.
    ax : matplotlib axes, optional
        Where to draw; by default new axes.

    Returns
    -------
    matplotlib axes
    """
    ax = _axes(ax)
    history = result.history
    names = history.dtype.names or ()
    reverse = result.direction == "reverse"
    by_density = reverse or "kl" in names
    column = "kl" if by_density else "cross_entropy"
    ax.set_title(f"{result.direction} fit, method {result.method}: {result.status}", loc="left")
    ax.set_xlabel("evaluations of log q" if by_density else "data used")
    divergence = "D(p||q) (nats)" if reverse else "D(q||p) (nats)"
    ax.set_ylabel(divergence if by_density else "cross-entropy (nats)")
    _plain(ax)
    if not len(history) or column not in names or "evaluations" not in names:
        return _no_history(ax, result)
    used, value = history["evaluations"], history[column]
    error = history["kl_error"] if "kl_error" in names else np.zeros(len(value))
    finite = np.isfinite(value) & np.isfinite(error)
    if not finite.any():
        return _no_history(ax, result)
    used, value, error = used[finite], value[finite], error[finite]
    colour = _REVERSE if reverse else _FORWARD
    if error.any():
        ax.fill_between(used, value - error, value + error, color=colour, alpha=0.25, linewidth=0,
                        label="one standard error")
    ax.plot(used, value, color=colour, linewidth=1.6, label="estimate of the step",
            marker="o" if len(used) < 40 else None, markersize=3.5)
    ax.axhline(value[-1], color=_TARGET, linewidth=0.8, linestyle=":",
               label=f"last: {value[-1]:.5g}")
    if used[0] > 0.0 and used[-1] > 30.0 * used[0]:
        ax.set_xscale("log")
    if (value - error).min() > 0.0 and value.max() > 20.0 * value.min():
        ax.set_yscale("log")
    ax.legend(frameon=False)
    return ax


def _no_history(ax: Any, result: FitResult) -> Any:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(0.5, 0.5, f"no steps to show:\n{result.message}", ha="center", va="center",
            transform=ax.transAxes, wrap=True)
    return ax


def _axes(ax: Any) -> Any:
    """`ax`, or new axes."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(8.0, 5.0), layout="constrained")[1]


def _bins(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges at multiples of a round width near a sixteenth of the range."""
    rough = float(np.ptp(x)) / 16.0
    power = 10.0 ** np.floor(np.log10(rough))
    width = power * min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda m: abs(np.log(m * power / rough)))
    edges: NDArray[np.float64] = np.arange(
        np.floor(x.min() / width), np.ceil(x.max() / width) + 1.5
    ) * width
    return edges


def _plain(ax: Any) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
