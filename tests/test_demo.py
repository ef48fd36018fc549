"""The demonstration against values found by other means, and its figures."""

import re

import numpy as np
import pytest

import klfast as kf
from klfast.__main__ import main
from klfast.demo import format_demo, run_demo
from klfast.optimize.inference import standard_errors

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def waiting():
    return run_demo()


@pytest.fixture(scope="module")
def eruptions():
    return run_demo("eruptions")


def axes():
    figure = pytest.importorskip("matplotlib.figure")
    return figure.Figure().subplots()


def test_mixture_is_the_maximum_that_others_found(waiting):
    q = waiting.mixture.mixture
    lower, upper = (c.parameters for c in q.components)
    assert q.weights == pytest.approx([0.36089, 0.63911], abs=1e-5)
    assert (lower["loc"], lower["scale"]) == pytest.approx((54.6149, 5.8712), abs=1e-4)
    assert (upper["loc"], upper["scale"]) == pytest.approx((80.0911, 5.8677), abs=1e-4)
    assert waiting.mixture.log_likelihood == pytest.approx(-1034.0017, abs=1e-4)


def test_forward_fit_has_the_mean_and_deviation_of_the_data(waiting):
    found = waiting.forward.distribution.parameters
    assert found["loc"] == pytest.approx(70.8970588, abs=1e-7)
    assert found["scale"] == pytest.approx(13.5699600, abs=1e-7)
    # n (log(2 pi scale^2) + 1)/2
    expected = -272 * 0.5 * (np.log(2.0 * np.pi * found["scale"] ** 2) + 1.0)
    assert waiting.forward.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_forward_divergence_agrees_with_quadrature(waiting):
    q, p = waiting.mixture.mixture, waiting.forward.distribution
    assert_near(divergence(q, p), waiting.forward_kl.value, waiting.forward_kl.standard_error)


def test_reverse_fit_of_the_waiting_times_is_the_one_minimum(waiting):
    # The modes are too close for a minimum at either: the only point where the gradient of D(p||q)
    # is zero, by quadrature and Newton's method from a grid of 600 starts, is this one.
    (best,) = waiting.reverse
    found = best.distribution.parameters
    assert found["loc"] == pytest.approx(70.3862, abs=0.25)
    assert found["scale"] == pytest.approx(12.3182, abs=0.1)
    assert best.kl == pytest.approx(0.308938, abs=5.0 * best.kl_error + 1e-6)
    assert divergence(best.distribution, waiting.mixture.mixture) < 0.308938 + 2e-4


def test_reverse_fits_of_the_eruption_lengths_are_the_two_minima(eruptions):
    # by quadrature and Newton's method; a saddle lies between them
    known = [(4.27116, 0.44085, 0.427047), (2.01976, 0.23743, 1.052965)]
    assert len(eruptions.reverse) == 2
    for result, (loc, scale, kl) in zip(eruptions.reverse, known, strict=True):
        found = result.distribution.parameters
        assert found["loc"] == pytest.approx(loc, abs=5e-3)
        assert found["scale"] == pytest.approx(scale, abs=5e-3)
        assert result.kl == pytest.approx(kl, abs=5.0 * result.kl_error + 1e-6)


def divergence(p, q):
    """D(p || q) by the trapezium rule, exact to rounding for such smooth tails."""
    x = np.linspace(-100.0, 250.0, 350_001)
    log_p = p.log_density(x)
    return float((np.exp(log_p) * (log_p - q.log_density(x))).sum() * (x[1] - x[0]))


def assert_near(exact, value, error):
    assert 0.0 < error < 0.01
    assert abs(value - exact) < 5.0 * error


@pytest.mark.parametrize("threads", [1, 2])
def test_same_text_each_time_apart_from_the_times(waiting, threads):
    again = run_demo(threads=threads)
    assert [r.distribution for r in again.reverse] == [r.distribution for r in waiting.reverse]
    assert without_times(format_demo(again)) == without_times(format_demo(waiting))


def without_times(text):
    text = re.sub(r"[\d.e-]+ s\)", "s)", text)
    lines = [re.sub(r" +\S+$", "", line) if "D(" in line or "minimum " in line else line
             for line in text.splitlines()]
    return lines


def test_text_names_both_directions_and_the_standard_errors(waiting, eruptions):
    text = format_demo(waiting)
    for part in ("forward D(q||p)", "reverse D(p||q)", "70.8971", "13.5700", "0.8228", "0.5818",
                 "-1095.2888", "one minimum"):
        assert part in text
    assert "other minimum" in format_demo(eruptions)


def test_unknown_column_is_refused():
    with pytest.raises(ValueError, match="column='height': must be one of waiting, eruptions"):
        run_demo("height")


def test_command_writes_the_figure(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    target = tmp_path / "figure.png"
    assert main(["demo", "--output", str(target)]) == 0
    assert target.read_bytes().startswith(PNG)
    assert str(target) in capsys.readouterr().out


def test_default_figure_goes_to_the_current_folder(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--column", "eruptions"]) == 0
    assert (tmp_path / "klfast_demo.png").read_bytes().startswith(PNG)
    assert "klfast_demo.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "message"),
    [(".", "is a folder"), ("no/figure.png", "there is no folder"),
     ("figure.xyz", "not a kind of figure")],
)
def test_figure_that_cannot_be_written_is_told_before_the_work(
    tmp_path, monkeypatch, capsys, output, message
):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--output", output]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_without_matplotlib_one_line_says_how_to_get_the_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo"]) == 0
    assert "pip install klfast[plot]" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert main(["demo", "--output", "figure.png"]) == 2
    assert "matplotlib" in capsys.readouterr().err


def test_plot_demo_draws_into_the_axes_given(waiting, eruptions):
    from klfast.plotting import plot_demo

    for demo, curves, label in ((waiting, 3, "waiting time"), (eruptions, 4, "eruption length")):
        ax = axes()
        assert plot_demo(demo, ax) is ax
        assert len(ax.lines) == curves
        assert ax.get_xlabel() == f"{label} (minutes)"


def test_plot_history_of_either_direction(eruptions):
    q = eruptions.mixture.mixture
    reverse = kf.minimize_reverse_kl(kf.Normal(4.0, 0.5), q, method="score", max_steps=20, rng=1)
    forward = kf.minimize_forward_kl(
        kf.Normal(3.0, 1.0), eruptions.data, method="score", max_steps=20, rng=1
    )
    for result, column in ((reverse, "kl"), (forward, "cross_entropy")):
        ax = axes()
        assert result.plot(ax) is ax
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), result.history[column])


def test_plot_history_without_steps_says_so(waiting):
    ax = axes()
    assert waiting.forward.plot(ax) is ax
    assert "no steps" in ax.texts[0].get_text()


def test_standard_errors_of_textbooks():
    # scale/sqrt(n) and scale/sqrt(2 n); sqrt(rate/n)
    found = standard_errors(kf.Normal(3.0, 2.0), 50)
    assert (float(found["loc"]), float(found["scale"])) == pytest.approx((2 / 50**0.5, 0.2))
    assert float(standard_errors(kf.Poisson(4.0), 100)["rate"]) == pytest.approx(0.2)
    # inverse of [[trigamma(3), -1/2], [-1/2, 3/4]], with trigamma(3) = pi^2/6 - 5/4
    found = standard_errors(kf.Gamma(3.0, 2.0), 1)
    inverse = np.linalg.inv([[np.pi**2 / 6 - 1.25, -0.5], [-0.5, 0.75]])
    assert [float(v) for v in found.values()] == pytest.approx(np.sqrt(np.diag(inverse)))


def test_standard_errors_of_the_multivariate_normal_by_simulation():
    p = kf.MultivariateNormal([1.0, -2.0], [[2.0, 0.6], [0.6, 0.5]])
    n, runs = 200, 2000
    x = p.sample((runs, n), rng=11)
    means = x.mean(axis=1)
    centred = x - means[:, None]
    covariances = centred.swapaxes(1, 2) @ centred / n
    found = standard_errors(p, n)
    # a standard deviation of 2000 runs is known to about 1.6 per cent
    np.testing.assert_allclose(means.std(axis=0), found["mean"], rtol=0.08)
    np.testing.assert_allclose(covariances.std(axis=0), found["covariance"], rtol=0.08)


def test_standard_errors_on_the_boundary_are_unknown():
    assert np.isnan(standard_errors(kf.Poisson(0.0), 10)["rate"])


def test_standard_errors_of_the_multivariate_normal_are_anderson_s():
    """Anderson (2003), section 3.4: of an entry of the covariance (S_ii S_jj + S_ij^2)/n. Of any
    scales: those of the coordinates are 1e-40 to 1e30 here.
    """
    scale = np.array([1e-40, 1.0, 1e30])
    s = np.array([[2.0, 0.5, -0.3], [0.5, 1.0, 0.7], [-0.3, 0.7, 3.0]]) * np.outer(scale, scale)
    found = standard_errors(kf.MultivariateNormal(np.zeros(3), s), 100)
    assert found["mean"] == pytest.approx(np.sqrt(np.diag(s) / 100), rel=1e-12)
    variance = np.diag(s)
    assert found["covariance"] == pytest.approx(
        np.sqrt((np.outer(variance, variance) + s**2) / 100), rel=1e-12)
