"""What a minimiser returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from klfast._core.native import Distribution, vector_function
from klfast.divergence import KLEstimate
from klfast.optimize.inference import parameter_covariance, standard_errors
from klfast.optimize.options import positive
from klfast.optimize.pooled_divergence import PooledRatios, pooled_alpha, pooled_renyi
from klfast.power_divergence import amari_order, renyi_order
from klfast.product_family import as_member, as_public

_SHOWN = 12  # errors that a printed result has at most
_LONGEST = 400  # characters of a distribution in a printed result, before digits are left out

_NO_HISTORY: NDArray[np.void] = np.empty(0, dtype=[("kl", float)])


@dataclass(frozen=True)
class FitResult:
    """The result of a fit: the distribution, its divergence with an error bar, and why it ended.

    Attributes
    ----------
    distribution : Distribution or Product
        The fitted member; its parameters are called "factors[0].loc" by a Product's errors.
    direction : {"reverse", "forward"}
        D(p || q) or D(q || p).
    method : str
        The method that served.
    kl : float
        The divergence in nats; exact where there is a closed form. Where log q is known up to a
        constant only, log Z too much for the forward direction and too little for the reverse. NaN
        where q is known by data only: their density is unknown.
    kl_error : float
        Standard error of `kl`; 0 where it is exact.
    log_normaliser, log_normaliser_error : float
        For the forward direction from a log-density: an estimate of log Z, the logarithm of the
        integral or sum of q as it was given, and its standard error. NaN otherwise.
    cross_entropy : float
        For data: the mean of -log p over them. NaN otherwise.
    cross_entropy_error : float
        Its standard error.
    log_likelihood : float
        For data: the weighted sum of log p. NaN otherwise.
    total_weight : float
        For data: the sum of the weights, or their number. NaN otherwise.
    effective_data : float
        For data: the number of equally weighted ones that determine the fit as well,
        (sum w)**2 / sum w**2, pseudo-observations of a prior among them. NaN otherwise.
    score_covariance : ndarray of shape (k, k), or None
        For data, with ``robust=True``: the covariance under the data of the score that is standard
        at the fit. I where the family is right.
    gain, gain_error : float
        Predicted reduction of the divergence by one more step, and its standard error, which holds
        near the minimum and is too small far from it. For the method "importance": by the step that
        led to `distribution`, and what noise adds to it.
    half_variance : float
        For the reverse direction: half the variance of log p - log q under p, which is the
        divergence to second order where p is near q, and needs no normaliser.
    r_squared : float
        Share of that variance that the score explains: near 1 a step leads far, at the minimum it
        is 0, but for noise.
    effective_samples : float
        Independent draws that the last estimates are worth; inf for a quadrature.
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
    pooled : named tuple or None
        Of the methods "pooled", "stein" and "importance", once the run is over: `log_ratio`,
        log p - log q at each draw, `log_weight`, its weight under p, `nets` and `is_cut`, which
        tell the divergences of other orders; see `renyi_divergence`. 16 bytes to a draw, 24 with
        nets.
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
    total_weight: float = np.nan
    effective_data: float = np.nan
    score_covariance: NDArray[np.float64] | None = field(default=None, repr=False)
    log_normaliser: float = np.nan
    log_normaliser_error: float = np.nan
    gain: float = np.nan
    gain_error: float = np.nan
    half_variance: float = np.nan
    r_squared: float = np.nan
    effective_samples: float = np.nan
    signal_to_noise: float = np.nan
    pareto_k: float = np.nan
    pooled: PooledRatios | None = field(default=None, repr=False)
    starts: tuple[FitResult, ...] = ()
    history: NDArray[np.void] = field(default_factory=lambda: _NO_HISTORY, repr=False)

    def __post_init__(self) -> None:
        """A product of families is shown as a Product."""
        object.__setattr__(self, "distribution", as_public(self.distribution))

    @property
    def _member(self) -> Distribution:
        found: Distribution = as_member(self.distribution)
        return found

    @property
    def converged(self) -> bool:
        """Whether the run ended because nothing was left to gain."""
        return self.status in ("exact", "converged")

    @property
    def aic(self) -> float:
        """Akaike's criterion 2 k - 2 log L, with k the number of fitted coordinates."""
        return 2.0 * self._member.n_coordinates - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion k log n - 2 log L, with n the sum of the weights."""
        log_n = vector_function("log", np.array([self.total_weight]))[0]
        return float(self._member.n_coordinates * log_n - 2.0 * self.log_likelihood)

    def standard_errors(self, *, robust: bool = False) -> dict[str, NDArray[np.float64]]:
        """Standard errors of the fitted parameters, for a fit to data.

        Parameters
        ----------
        robust : bool
            Inverse Fisher information times the covariance of the score times inverse Fisher
            information, which holds where the family is wrong too; the fit must have been made
            with ``robust=True``. Otherwise the inverse Fisher information, which is less where the
            data spread more than the family says.

        Returns
        -------
        dict of str to ndarray
            One array to a fitted parameter, of its shape. NaN on the boundary of the domain.

        Raises
        ------
        ValueError
            If the fit is not one to data, or what `robust` needs was not kept.

        Notes
        -----
        To first order in 1/sqrt(n). The inverses are LAPACK's: their last digits may depend on the
        machine. Weights are not taken for counts: the errors are those of independent data, of
        which `effective_data` equally weighted ones tell as much.

        References
        ----------
        White (1982), "Maximum likelihood estimation of misspecified models", Econometrica 50.

        Examples
        --------
        >>> import klfast as kf
        >>> counts = [0, 0, 1, 0, 14, 2, 0, 9, 0, 4]
        >>> r = kf.minimize_forward_kl(kf.Poisson(1.0), counts, robust=True)
        >>> round(float(r.standard_errors()["rate"]), 4)
        0.5477
        >>> round(float(r.standard_errors(robust=True)["rate"]), 4)
        1.4422
        """
        return standard_errors(self._member, *self._told_by_data(robust))

    def covariance(self, *, robust: bool = False) -> NDArray[np.float64]:
        """Covariance matrix of the fitted parameters, flattened in their order.

        Parameters and errors as for `standard_errors`, whose squares are its diagonal.
        """
        return parameter_covariance(self._member, *self._told_by_data(robust))

    def _told_by_data(self, robust: bool) -> tuple[float, NDArray[np.float64] | None]:
        if np.isnan(self.effective_data):
            raise ValueError("only the method 'moments' on data has errors of parameters")
        if robust and self.score_covariance is None:
            raise ValueError("robust=True: the fit must have been made with robust=True")
        return self.effective_data, self.score_covariance if robust else None

    def __repr__(self) -> str:
        name = "D(p||q)" if self.direction == "reverse" else "D(q||p)"
        rows = [
            ("distribution", _shown(self.distribution)),
            ("method", f"{self.direction}, {self.method}"),
            ("status", f"{self.status}: {self.message}"),
        ]
        if not np.isnan(self.kl):
            rows.append((name, f"{self.kl:.6g} +- {self.kl_error:.2g} nats"))
        if abs(self.log_normaliser) + self.log_normaliser_error > 0.0:
            rows.append(("log normaliser", f"{self.log_normaliser:.6g} +- "
                         f"{self.log_normaliser_error:.2g}, in {name} above"))
        if not np.isnan(self.cross_entropy):
            rows.append(
                ("cross-entropy", f"{self.cross_entropy:.6g} +- {self.cross_entropy_error:.2g}")
            )
            rows.append(("log-likelihood", f"{self.log_likelihood:.6f}"))
        if not np.isnan(self.effective_data):
            rows.append(("AIC, BIC", f"{self.aic:.6f}, {self.bic:.6f}"))
            rows.extend(self._error_rows())
        if not np.isnan(self.gain):
            rows.append(("gain left", f"{self.gain:.2g} +- {self.gain_error:.2g}"))
        if not np.isnan(self.half_variance):
            rows.append(
                ("half variance", f"{self.half_variance:.6g} nats, R^2 {self.r_squared:.2g}")
            )
        if not np.isnan(self.effective_samples):
            shown = f"{self.effective_samples:.6g}"
            if not np.isnan(self.signal_to_noise):
                shown += f", signal to noise {self.signal_to_noise:.3g}"
            if not np.isnan(self.pareto_k):
                shown += f", k-hat {self.pareto_k:.2g}"
            rows.append(("effective draws", shown))
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
        if not positive(share, "share") <= 1.0:
            raise ValueError(f"share={share!r}: must be in (0, 1]")
        if not len(self.history) or "parameters" not in (self.history.dtype.names or ()):
            raise ValueError("the result has no history of steps to average")
        last = self.history["parameters"][-max(1, round(share * len(self.history))) :]
        p = self._member
        cls, shape = type(p), p.event_shape
        members = cls._from_theta(np.ascontiguousarray(last), (len(last),),
                                  shape[0] if shape else 1)
        columns = members.mean_parameters.T
        mean = [math.fsum(column) / len(last) for column in columns]
        return as_public(cls.from_mean(mean, **p.fixed))

    def renyi_divergence(self, alpha: float, *, normalise: bool = False) -> KLEstimate:
        r"""Renyi's divergence D_alpha(p || q) of the fit, from the draws that it is made of.

        .. math::
            D_\alpha(p \| q) = \frac{\log E_p[(p(x)/q(x))^{\alpha - 1}]}{\alpha - 1}

        No further value of log q is taken. Draws that a fit was matched to make it look a little
        better than it is. With ``support="restrict"`` it is of p cut to q's support.

        Parameters
        ----------
        alpha : float
            Order, > 0 and at most 1e9; 1 is D(p || q), as the draws alone tell it.
        normalise : bool
            Whether q is divided by its integral Z, which the draws estimate too. Without, log Z is
            missing from the value where q is known up to a constant, as it is from `kl`.

        Returns
        -------
        KLEstimate
            The value and its standard error, by the delta method; of quasi-random draws, by the
            spread of the nets. ``inf`` where the draws' weights for this order have a k-hat above
            0.7, or are fewer than 25: a few of them decide then. For orders above 1 a finite value
            is no proof that the divergence is finite: it may grow where no draw lies.

        Raises
        ------
        TypeError, ValueError
            If the fit is not made of pooled draws, alpha is no number or out of range, or normalise
            is not True or False.

        References
        ----------
        van Erven and Harremoes (2014), "Renyi divergence and Kullback-Leibler divergence", IEEE
        Transactions on Information Theory 60.

        See Also
        --------
        klfast.renyi_divergence : of two given distributions.

        Examples
        --------
        >>> import klfast as kf
        >>> def log_q(x):
        ...     return -0.5 * x**2 - 0.1 * x**4
        >>> r = kf.minimize_reverse_kl(kf.Normal(0.0, 1.0), log_q, method="pooled", rng=1)
        >>> half, one = (r.renyi_divergence(alpha, normalise=True) for alpha in (0.5, 1.0))
        >>> 0.0 < half.value < one.value < 0.02
        True
        >>> r.renyi_divergence(2.0).standard_error     # the tails of q are lighter than p's
        inf
        """
        return pooled_renyi(self._draws(), renyi_order(alpha), _checked(normalise))

    def alpha_divergence(self, alpha: float, *, normalise: bool = False) -> KLEstimate:
        r"""Amari's alpha-divergence of the fit, from the draws that it is made of.

        .. math::
            D_\alpha(p \| q) = \frac{1 - E_p[(p(x)/q(x))^{\alpha - 1}]}{\alpha (1 - \alpha)}

        Parameters
        ----------
        alpha : float
            From -1e9 to 1e9: 1 is D(p || q), 0 is D(q || p); see `klfast.alpha_divergence`.
        normalise : bool
            As for `renyi_divergence`; needed where q is known up to a constant, since the
            divergence is one of densities.

        Returns
        -------
        KLEstimate
            As for `renyi_divergence`.

        Raises
        ------
        TypeError, ValueError
            If the fit is not made of pooled draws, alpha is no number or out of range, or normalise
            is not True or False.

        References
        ----------
        Minka (2005), "Divergence measures and message passing", Microsoft Research
        MSR-TR-2005-173.

        Examples
        --------
        >>> import klfast as kf
        >>> def log_q(x):
        ...     return -0.5 * x**2 - 0.1 * x**4
        >>> r = kf.minimize_reverse_kl(kf.Normal(0.0, 1.0), log_q, method="pooled", rng=1)
        >>> forward = r.alpha_divergence(0.0, normalise=True)
        >>> 0.0 < forward.value < 0.02 and forward.standard_error < 0.01
        True
        """
        return pooled_alpha(self._draws(), amari_order(alpha), _checked(normalise))

    def _draws(self) -> PooledRatios:
        if self.pooled is None:
            raise ValueError(f"method {self.method!r}, status {self.status!r}: only fits by the "
                             "methods 'pooled', 'stein' and 'importance' keep draws, once they are "
                             "over and have not ended by 'exact', 'diverged' or 'support_error'; "
                             "klfast.renyi_divergence and klfast.alpha_divergence take any two "
                             "distributions")
        return self.pooled

    def _error_rows(self) -> list[tuple[str, str]]:
        """The standard errors, where they are few enough to read."""
        p, robust = self._member, self.score_covariance is not None
        if sum(np.size(v) for name, v in p.parameters.items() if name not in p.fixed) > _SHOWN:
            return []
        errors = self.standard_errors(robust=robust)
        shown = ", ".join(f"{name} {_short(e)}" for name, e in errors.items())
        return [("robust errors" if robust else "standard errors", shown)]

    def plot(self, ax: Any = None) -> Any:
        """Draw the divergence against the evaluations; needs matplotlib. Returns the axes."""
        from klfast.plotting import plot_history

        return plot_history(self, ax)


def _checked(normalise: object) -> bool:
    if not isinstance(normalise, bool):
        raise TypeError(f"normalise={normalise!r}: must be True or False")
    return normalise


def _short(values: NDArray[np.float64]) -> str:
    if values.ndim == 0:
        return f"{float(values):.4g}"
    return "[" + ", ".join(_short(part) for part in values) + "]"


def _shown(distribution: Any) -> str:
    """A distribution on one line that can be read: of a large one four digits, and not all."""
    exact = repr(distribution)
    if len(exact) <= _LONGEST or not isinstance(distribution, Distribution):
        return exact
    parts = []
    for name, value in distribution.parameters.items():
        text = np.array2string(np.asarray(value), precision=4, threshold=8, edgeitems=2,
                               separator=", ")
        parts.append(f"{name}={' '.join(text.split())}")
    return f"{type(distribution).__name__}({', '.join(parts)})"
