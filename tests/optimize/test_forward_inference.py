"""Errors of maximum-likelihood parameters, information criteria, priors and forgetting.

Every bound is a closed form, or a numerical Hessian of the log-likelihood.
"""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

import klfast as kf

NORMAL, POISSON = kf.Normal(0.0, 1.0), kf.Poisson(1.0)
MVN = kf.MultivariateNormal([1.0, -2.0], [[2.0, 0.6], [0.6, 0.5]])


def errors(r, **options):
    return [float(e) for e in r.standard_errors(**options).values()]


# ---- Standard errors ----


def test_errors_of_a_normal():
    x = kf.Normal(3.0, 2.0).sample(400, rng=1)
    r = kf.minimize_forward_kl(NORMAL, x)
    scale = x.std()
    assert_allclose(errors(r), [scale / 20.0, scale / math.sqrt(800.0)], rtol=1e-12)
    assert_allclose(np.sqrt(np.diag(r.covariance())), errors(r), rtol=1e-14)
    assert abs(r.covariance()[0, 1]) < 1e-15


def test_errors_of_a_gamma_are_those_of_the_hessian():
    x = kf.Gamma(2.5, 4.0).sample(1000, rng=2)
    r = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), x)
    a, b = r.distribution.parameters.values()
    hessian = len(x) * np.array([[special.polygamma(1, a), -1.0 / b], [-1.0 / b, a / b**2]])
    assert_allclose(r.covariance(), np.linalg.inv(hessian), rtol=1e-11)


def test_robust_errors_of_overdispersed_counts():
    """The rate is the mean: its variance is that of the data over n, whatever they are."""
    x = kf.NegativeBinomial(0.2, 2.0).sample(3000, rng=3)
    r = kf.minimize_forward_kl(POISSON, x, robust=True)
    assert_allclose(errors(r, robust=True), [x.std() / math.sqrt(3000.0)], rtol=1e-12)
    assert_allclose(errors(r), [math.sqrt(x.mean() / 3000.0)], rtol=1e-12)
    assert errors(r, robust=True)[0] > 2.0 * errors(r)[0]
    assert f"{errors(r, robust=True)[0]:.4g}" in repr(r) and "robust" in repr(r)


@pytest.mark.parametrize("as_data", [lambda x: x, lambda x: iter(np.split(x, [700, 900]))],
                         ids=["array", "iterator"])
def test_robust_errors_of_a_normal(as_data):
    """Of the mean s/sqrt(n); of the scale sqrt((m4 - s^4)/(4 s^2 n))."""
    x = kf.Laplace(2.0, 3.0).sample(2000, rng=4)
    r = kf.minimize_forward_kl(NORMAL, as_data(x), robust=True)
    centred = x - x.mean()
    m2, m3, m4 = ((centred**j).mean() for j in (2, 3, 4))
    s, n = math.sqrt(m2), len(x)
    expected = np.array([[m2, m3 / (2.0 * s)], [m3 / (2.0 * s), (m4 - m2**2) / (4.0 * m2)]]) / n
    assert_allclose(r.covariance(robust=True), expected, rtol=1e-9, atol=1e-12)


def test_robust_errors_far_from_0():
    z = kf.Normal(0.0, 1.0).sample(3000, rng=5)
    one = kf.minimize_forward_kl(NORMAL, z, robust=True)
    far = kf.minimize_forward_kl(NORMAL, 1e9 + 2.0**-10 * z, robust=True)
    assert_allclose(errors(far, robust=True), 2.0**-10 * np.array(errors(one, robust=True)),
                    rtol=1e-3)


def test_errors_of_vectors_have_the_shapes_of_the_parameters():
    n = 500
    x = MVN.sample(n, rng=6)
    r = kf.minimize_forward_kl(kf.MultivariateNormal([0.0, 0.0], np.eye(2)), x, robust=True)
    s = r.distribution.parameters["covariance"]
    variance = np.diag(s)
    found = r.standard_errors()
    assert_allclose(found["mean"], np.sqrt(variance / n), rtol=1e-12)
    assert_allclose(found["covariance"], np.sqrt((np.outer(variance, variance) + s**2) / n),
                    rtol=1e-10)
    centred = x - x.mean(axis=0)
    products = np.einsum("ni,nj->nij", centred, centred)
    sandwich = r.standard_errors(robust=True)
    assert_allclose(sandwich["mean"], np.sqrt(variance / n), rtol=1e-10)
    assert_allclose(sandwich["covariance"], products.std(axis=0) / math.sqrt(n), rtol=1e-9)


def test_a_printed_result_makes_no_errors_that_it_does_not_show():
    """Those of a large covariance are a matrix of 1640 rows to invert."""
    p = kf.MultivariateNormal(np.zeros(40), np.eye(40))
    r = kf.minimize_forward_kl(p, p.sample(200, rng=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kf.FitResult, "standard_errors", None)
        assert "AIC, BIC" in repr(r) and "standard errors" not in repr(r)


def test_weighted_errors():
    """Of the weighted mean: sqrt(sum w^2 (x - mean)^2)/sum w, and s/sqrt(n) with n effective."""
    x = kf.Normal(1.0, 2.0).sample(800, rng=7)
    w = np.random.default_rng(7).exponential(size=800)
    for unit in (1.0, 1e-200, 1e200):
        r = kf.minimize_forward_kl(NORMAL, x, weights=unit * w, robust=True)
        mean = (w * x).sum() / w.sum()
        s = math.sqrt((w * (x - mean) ** 2).sum() / w.sum())
        n = w.sum() ** 2 / (w * w).sum()
        assert_allclose(r.effective_data, n, rtol=1e-12)
        assert_allclose(errors(r)[0], s / math.sqrt(n), rtol=1e-12)
        robust = math.sqrt((w * w * (x - mean) ** 2).sum()) / w.sum()
        assert_allclose(errors(r, robust=True)[0], robust, rtol=1e-10)


def test_errors_that_are_not_there():
    counts = kf.minimize_forward_kl(POISSON, [0, 0, 0], robust=True)
    assert np.isnan(counts.standard_errors()["rate"])
    assert np.isnan(counts.standard_errors(robust=True)["rate"])
    assert repr(counts)
    plain = kf.minimize_forward_kl(NORMAL, [1.0, 2.0])
    with pytest.raises(ValueError, match="robust=True"):
        plain.standard_errors(robust=True)
    with pytest.raises(ValueError, match="on data"):
        kf.minimize_forward_kl(NORMAL, kf.Normal(1.0, 1.0)).standard_errors()
    with pytest.raises(ValueError, match="on data"):
        kf.minimize_reverse_kl(NORMAL, kf.Normal(1.0, 1.0), rng=1).covariance()
    with pytest.raises(TypeError, match="robust=1"):
        kf.minimize_forward_kl(NORMAL, [1.0, 2.0], robust=1)
    with pytest.raises(ValueError, match="'moments'"):
        kf.minimize_forward_kl(NORMAL, [1.0, 2.0], robust=True, method="score")


def test_fixed_parameters_have_no_errors():
    x = kf.Binomial(0.3, 10).sample(500, rng=8)
    r = kf.minimize_forward_kl(kf.Binomial(0.5, 10), x)
    mean = x.mean() / 10.0
    assert list(r.standard_errors()) == ["probability"]
    assert_allclose(errors(r), [math.sqrt(mean * (1.0 - mean) / 5000.0)], rtol=1e-12)
    assert_allclose(r.aic, 2.0 - 2.0 * r.log_likelihood, rtol=1e-14)


def test_criteria():
    x = kf.Gamma(2.0, 1.0).sample(300, rng=9)
    r = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), x)
    log_l = r.distribution.log_density(x).sum()
    assert_allclose(r.aic, 4.0 - 2.0 * log_l, rtol=1e-12)
    assert_allclose(r.bic, 2.0 * math.log(300.0) - 2.0 * log_l, rtol=1e-12)
    assert r.aic < kf.minimize_forward_kl(NORMAL, x).aic
    weighted = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), x, weights=np.full(300, 2.0))
    assert_allclose(weighted.bic, 2.0 * math.log(600.0) - 4.0 * log_l, rtol=1e-12)
    again = pickle.loads(pickle.dumps(r))
    assert again.aic == r.aic and "AIC, BIC" in repr(again)
    assert math.isnan(kf.minimize_forward_kl(NORMAL, kf.Normal(1.0, 1.0)).aic)


# ---- Priors ----


@pytest.mark.parametrize(("x", "p0", "w"), [([1, 1, 1], 0.5, 2.0), ([0], 0.1, 0.25),
                                            ([0, 1, 1, 0], 0.9, 1e3)])
def test_a_prior_of_a_bernoulli(x, p0, w):
    p = kf.Bernoulli(0.5)
    r = kf.minimize_forward_kl(p, x, prior=(kf.Bernoulli(p0), w))
    expected = (sum(x) + w * p0) / (len(x) + w)
    assert_allclose(r.distribution.parameters["probability"], expected, rtol=1e-14)
    assert_allclose(r.log_likelihood, r.distribution.log_density(np.array(x)).sum(), rtol=1e-13)
    assert "prior" in r.message
    assert_allclose(r.effective_data, (len(x) + w) ** 2 / len(x), rtol=1e-13)


@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize("data", ["array", "list", "iterator", "weighted"])
def test_a_prior_of_a_normal(data, shift):
    x = shift + kf.Normal(1.0, 2.0).sample(1500, rng=10)
    member, weight = kf.Normal(shift - 3.0, 0.5), 200.0
    forms = {"array": x, "weighted": x, "list": np.split(x, [3]), "iterator": iter(np.split(x, 3))}
    w = np.random.default_rng(1).exponential(size=1500) if data == "weighted" else np.ones(1500)
    r = kf.minimize_forward_kl(NORMAL, forms[data], prior=(member, weight),
                               weights=w if data == "weighted" else None)
    total = w.sum() + weight
    z = x - shift
    mean = ((w * z).sum() - 3.0 * weight) / total
    second = ((w * (z - mean) ** 2).sum() + weight * (0.25 + (mean + 3.0) ** 2)) / total
    p = r.distribution
    assert_allclose(p.parameters["loc"], shift + mean, rtol=1e-12)
    assert_allclose(p.parameters["scale"], math.sqrt(second), rtol=1e-10)
    assert_allclose(r.log_likelihood, (w * p.log_density(x)).sum(), rtol=1e-11)


def test_a_prior_gives_degenerate_data_a_maximum():
    for data in ([3.0], [3.0, 3.0], np.full(2000, 3.0)):
        with pytest.raises(ValueError, match="no maximum"):
            kf.minimize_forward_kl(NORMAL, data)
        r = kf.minimize_forward_kl(NORMAL, data, prior=(kf.Normal(3.0, 2.0), 1.0))
        found = r.distribution.parameters
        assert_allclose([found["loc"], found["scale"]], [3.0, 2.0 / math.sqrt(len(data) + 1.0)],
                        rtol=1e-11)
    gamma = kf.minimize_forward_kl(kf.Gamma(1.0, 1.0), [2.0, 2.0], prior=(kf.Gamma(2.0, 1.0), 2.0))
    mean_log = 0.5 * (math.log(2.0) + special.digamma(2.0))
    a, b = gamma.distribution.parameters.values()
    assert_allclose([a / b, special.digamma(a) - math.log(b)], [2.0, mean_log], rtol=1e-11)


def test_a_prior_of_vectors():
    x = MVN.sample(3, rng=11)
    member, w = kf.MultivariateNormal([1.0, 1.0], [[2.0, -0.5], [-0.5, 1.0]]), 2.0
    r = kf.minimize_forward_kl(MVN, x[:1], prior=(member, w))
    mean = (x[0] + w) / 3.0
    second = (np.outer(x[0], x[0]) + w * (member.parameters["covariance"] + 1.0)) / 3.0
    assert_allclose(r.distribution.parameters["mean"], mean, rtol=1e-13)
    assert_allclose(r.distribution.parameters["covariance"], second - np.outer(mean, mean),
                    rtol=1e-12)


def test_robust_errors_with_a_prior():
    """The mean of data and pseudo-observations has n s^2/(n + w)^2, of the data's variance s^2."""
    x = kf.NegativeBinomial(0.2, 2.0).sample(500, rng=12)
    r = kf.minimize_forward_kl(POISSON, x, prior=(kf.Poisson(1.0), 100.0), robust=True)
    assert_allclose(errors(r, robust=True), [math.sqrt(500.0) * x.std() / 600.0], rtol=1e-11)


@pytest.mark.parametrize(("prior", "error", "message"), [
    (kf.Normal(0.0, 1.0), TypeError, "a member of the family and a weight"),
    ((kf.Gamma(1.0, 1.0), 1.0), TypeError, "family of p, Normal"),
    ((NORMAL, 0.0), ValueError, r"prior\[1\]=0.0"),
    ((NORMAL, math.nan), ValueError, r"prior\[1\]=nan"),
    ((3, 1.0), TypeError, r"prior\[0\] is int")])
def test_priors_are_checked(prior, error, message):
    with pytest.raises(error, match=message):
        kf.minimize_forward_kl(NORMAL, [1.0, 2.0], prior=prior)


def test_priors_have_the_fixed_parameters_of_p():
    with pytest.raises(ValueError, match="fixed parameters"):
        kf.minimize_forward_kl(kf.Binomial(0.5, 10), [3], prior=(kf.Binomial(0.5, 9), 1.0))


# ---- Forgetting ----


@pytest.mark.parametrize("factor", [1.0, 0.9, 0.3])
@pytest.mark.parametrize("iterator", [True, False])
def test_forgetting_is_a_weight_that_falls_with_the_age_of_the_chunk(factor, iterator):
    chunks = [kf.Normal(float(i), 1.0).sample(100 + 40 * i, rng=i) for i in range(12)]
    weights = [np.full(len(c), factor ** (11.0 - i)) for i, c in enumerate(chunks)]
    r = kf.minimize_forward_kl(NORMAL, iter(chunks) if iterator else chunks, forgetting=factor,
                               robust=True)
    same = kf.minimize_forward_kl(NORMAL, chunks, weights=weights, robust=True)
    assert kf.kl_divergence(r.distribution, same.distribution) < 1e-20
    for name in ("log_likelihood", "cross_entropy", "total_weight", "effective_data"):
        assert_allclose(getattr(r, name), getattr(same, name), rtol=1e-9, err_msg=name)
    assert_allclose(r.covariance(robust=True), same.covariance(robust=True), rtol=1e-8, atol=1e-12)


def test_an_endless_stream_is_followed():
    chunks = (kf.Poisson(1.0 + i).sample(50, rng=i) for i in range(3000))
    r = kf.minimize_forward_kl(POISSON, chunks, forgetting=0.5)
    assert_allclose(r.total_weight, 100.0, rtol=1e-12)
    assert abs(r.distribution.parameters["rate"] - 2999.0) < 5.0 * math.sqrt(3000.0 / 50.0)


@pytest.mark.parametrize("forgetting", [0.0, 1.5, -1.0, math.nan])
def test_forgetting_is_checked(forgetting):
    with pytest.raises(ValueError, match="forgetting="):
        kf.minimize_forward_kl(NORMAL, [1.0, 2.0], forgetting=forgetting)
