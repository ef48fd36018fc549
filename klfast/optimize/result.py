"""What a minimiser returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NO_HISTORY: NDArray[np.void] = np.empty(0, dtype=[("kl", float)])


@dataclass(frozen=True)
class FitResult:
    """The result of a fit: the distribution, its divergence with an error bar, and why it ended.

    Attributes
    ----------
    distribution : Distribution
        The fitted member.
    direction : {"reverse", "forward"}
        D(p || q) or D(q || p).
    method : str
        The method that served.
    kl : float
        The divergence in nats; exact where there is a closed form. Minus log Z when log q is known
        up to a constant only. NaN where q is known by data only: their density is unknown.
    kl_error : float
        Standard error of `kl`; 0 where it is exact.
    cross_entropy : float
        For data: the mean of -log p over them. NaN otherwise.
    cross_entropy_error : float
        Its standard error.
    log_likelihood : float
        For data: the weighted sum of log p. NaN otherwise.
    gain, gain_error : float
        Predicted reduction of the divergence by one more step, and its standard error, which holds
        near the minimum and is too small far from it.
    half_variance : float
        For the reverse direction: half the variance of log p - log q under p, which is the
        divergence to second order where p is near q, and needs no normaliser.
    r_squared : float
        Share of that variance that the score explains: near 1 a step leads far, at the minimum it
        is 0, but for noise.
    effective_samples : float
        Draws of p that the last estimates are worth; inf for a quadrature.
    signal_to_noise : float
        Length of the natural gradient over the root of its sampling variance.
    pareto_k : float
        k-hat of q/p: see `pareto_k`. It cannot see a mode of q that p never visits.
    status : str
        One of "exact", "converged", "noise_floor", "budget", "stopped_by_callback",
        "support_error", "diverged".
    converged : bool
        Whether `status` is "exact" or "converged".
    message : str
        Why the run ended, in words.
    steps, evaluations : int
        Steps taken; evaluations of log q, or data used.
    seconds : float
        Wall time.
    starts : tuple of FitResult
        From several starts: what each reached; evaluations and seconds are each start's own.
    history : structured ndarray
        One record to a step: the estimates, and the parameters they belong to.
    """

    distribution: Any
    direction: str
    method: str
    kl: float
    kl_error: float
    status: str
    message: str
    steps: int
    evaluations: int
    seconds: float
    cross_entropy: float = np.nan
    cross_entropy_error: float = np.nan
    log_likelihood: float = np.nan
    gain: float = np.nan
    gain_error: float = np.nan
    half_variance: float = np.nan
    r_squared: float = np.nan
    effective_samples: float = np.nan
    signal_to_noise: float = np.nan
    pareto_k: float = np.nan
    starts: tuple[FitResult, ...] = ()
    history: NDArray[np.void] = field(default_factory=lambda: _NO_HISTORY, repr=False)

    @property
    def converged(self) -> bool:
        """Whether the run ended because nothing was left to gain."""
        return self.status in ("exact", "converged")

    def __repr__(self) -> str:
        name = "D(p||q)" if self.direction == "reverse" else "D(q||p)"
        rows = [
            ("distribution", repr(self.distribution)),
            ("method", f"{self.direction}, {self.method}"),
            ("status", f"{self.status}: {self.message}"),
        ]
        if not np.isnan(self.kl):
            rows.append((name, f"{self.kl:.6g} +- {self.kl_error:.2g} nats"))
        if not np.isnan(self.cross_entropy):
            rows.append(
                ("cross-entropy", f"{self.cross_entropy:.6g} +- {self.cross_entropy_error:.2g}")
            )
            rows.append(("log-likelihood", f"{self.log_likelihood:.6f}"))
        if not np.isnan(self.gain):
            rows.append(("gain left", f"{self.gain:.2g} +- {self.gain_error:.2g}"))
        if not np.isnan(self.half_variance):
            rows.append(
                ("half variance", f"{self.half_variance:.6g} nats, R^2 {self.r_squared:.2g}")
            )
        if not np.isnan(self.effective_samples):
            rows.append(("effective draws", f"{self.effective_samples:.6g}, signal to noise "
                         f"{self.signal_to_noise:.3g}, k-hat {self.pareto_k:.2g}"))
        if self.starts:
            reached = ", ".join(f"{r.kl:.6g}" for r in self.starts)
            rows.append((f"{len(self.starts)} starts", f"reached {reached}"))
        rows.append(("steps", f"{self.steps}"))
        rows.append(("evaluations", f"{self.evaluations}"))
        rows.append(("seconds", f"{self.seconds:.3g}"))
        width = max(len(label) for label, _ in rows)
        return "\n".join(f"{label:>{width}}  {text}" for label, text in rows)

    def averaged(self, share: float = 0.5) -> Any:
        """The member whose mean parameters are the average over the last steps.

        Noise of single steps averages out, and since the mean domain is convex the average is
        always a member (Polyak and Juditsky, 1992, "Acceleration of stochastic approximation by
        averaging", SIAM Journal on Control and Optimization 30).

        Parameters
        ----------
        share : float
            Of the steps, the last ones; in (0, 1].

        Raises
        ------
        ValueError
            If share is outside (0, 1], or the result has no history of steps.
        """
        if not 0.0 < share <= 1.0:
            raise ValueError(f"share={share!r}: must be in (0, 1]")
        if not len(self.history) or "parameters" not in (self.history.dtype.names or ()):
            raise ValueError("the result has no history of steps to average")
        last = self.history["parameters"][-max(1, round(share * len(self.history))) :]
        cls, shape = type(self.distribution), self.distribution.event_shape
        members = cls._from_theta(np.ascontiguousarray(last), (len(last),),
                                  shape[0] if shape else 1)
        columns = members.mean_parameters.T
        mean = [math.fsum(column) / len(last) for column in columns]
        return cls.from_mean(mean, **self.distribution.fixed)

    def plot(self, ax: Any = None) -> Any:
        """Draw the divergence against the evaluations; needs matplotlib. Returns the axes."""
        from klfast.plotting import plot_history

        return plot_history(self, ax)
