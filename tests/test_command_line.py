"""The command: what it prints, and that whatever is wrong is told in one line with status 2."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import klfast as kf
from klfast import __main__ as command
from klfast.__main__ import main

sys.path.insert(0, str(Path(__file__).parent / "families"))
from members import MEMBERS

# -P: the folder of the sources, where tests may run, has no compiled library
COMMAND = [sys.executable, "-P", "-m", "klfast"]

HEADED = "# a comment\nname,x,w\na,1.0,1\nb,2.0,1\nc,3.0,2\nd,6.0,1\n"


@pytest.fixture
def file(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def refused(capsys, *words):
    """The one line on standard error of a command that must fail."""
    assert main(list(words)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


def fitted(capsys, *words):
    assert main(["fit", *words, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"klfast {kf.__version__}\n"


def test_help(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in ("demo", "fit", "bench", "info"):
        assert name in text


def test_info_names_the_level_in_use(capsys):
    from klfast._core.native import available_levels, level_name

    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert f"{level_name()} (available: {', '.join(available_levels())})" in text
    for part in (kf.__version__, np.__version__, "compiler", "threads", "Python", "Poisson"):
        assert part in text


# ---- fit ----


def test_fit_by_name_and_by_number(file, capsys):
    path = file(HEADED)
    by_name = fitted(capsys, path, "--family", "Normal", "--column", "x")
    assert by_name["parameters"] == pytest.approx({"loc": 3.0, "scale": 3.5**0.5})
    assert by_name["standard_errors"] == pytest.approx(
        {"loc": (3.5 / 4) ** 0.5, "scale": (3.5 / 8) ** 0.5}
    )
    assert by_name["log_likelihood"] == pytest.approx(-2.0 * (np.log(2 * np.pi * 3.5) + 1.0))
    assert by_name["n"] == by_name["effective_n"] == 4
    by_number = fitted(capsys, path, "--family", "normal", "--column", "1")
    assert by_number == by_name


def test_fit_as_text(file, capsys):
    assert main(["fit", file("1\n2\n3\n6\n"), "--family", "Normal"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.search(r"loc +3 +0\.935", lines[2])
    assert lines[-1].split() == ["n", "4"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_fit_reads_every_delimiter_with_and_without_names(file, capsys, delimiter):
    rows = [["1.5", "7"], ["2.5", "8"], ["5", "9"]]
    for names in ([], [["a", "b"]]):
        text = "\r\n".join(delimiter.join(row) for row in names + rows)
        found = fitted(capsys, file(text), "--family", "Gamma", "--column", "0")
        direct = kf.Gamma.fit([1.5, 2.5, 5.0])
        assert found["parameters"] == direct.parameters
        assert found["columns"] == ["a" if names else "0"]


def test_fit_quoted_names_and_a_byte_order_mark(file, capsys):
    path = file('\ufeff"first, or only","y"\n1,2\n2,3\n4,7\n')
    found = fitted(capsys, path, "--family", "Poisson", "--column", "first, or only")
    assert found["parameters"]["rate"] == pytest.approx(7 / 3)


def test_fit_with_weights(file, capsys):
    found = fitted(capsys, file(HEADED), "--family", "Normal", "--column", "x", "--weights", "w")
    direct = kf.Normal.fit([1.0, 2.0, 3.0, 6.0], [1.0, 1.0, 2.0, 1.0])
    assert found["parameters"] == direct.parameters
    assert found["effective_n"] == pytest.approx(25 / 7)
    w, x = np.array([1.0, 1.0, 2.0, 1.0]), [1.0, 2.0, 3.0, 6.0]
    assert found["log_likelihood"] == pytest.approx(w @ direct.log_density(x))


def test_fit_of_vectors(file, capsys):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(50, 3)).round(6)
    text = "a,b,c\n" + "\n".join(",".join(map(str, row)) for row in x)
    found = fitted(capsys, file(text), "--family", "MultivariateNormal", "--column", "c,a")
    np.testing.assert_allclose(found["parameters"]["mean"], x[:, [2, 0]].mean(axis=0))
    np.testing.assert_allclose(
        found["parameters"]["covariance"], np.cov(x[:, [2, 0]].T, bias=True), rtol=1e-12
    )
    everything = fitted(capsys, file(text), "--family", "MultivariateNormal")
    assert everything["columns"] == ["a", "b", "c"]
    assert main(["fit", file(text), "--family", "MultivariateNormal"]) == 0
    assert "covariance[2, 1]" in capsys.readouterr().out


def test_fit_of_npy_files(tmp_path, capsys):
    x = np.array([[1, 4], [2, 5], [6, 9]])
    np.save(tmp_path / "one.npy", x[:, 0])
    np.save(tmp_path / "two.npy", x)
    one = fitted(capsys, str(tmp_path / "one.npy"), "--family", "Poisson")
    two = fitted(capsys, str(tmp_path / "two.npy"), "--family", "Poisson", "--column", "1")
    assert (one["parameters"]["rate"], two["parameters"]["rate"]) == (3.0, 6.0)


@pytest.mark.parametrize("family", [name for name in kf.families if name != "MultivariateNormal"])
def test_fit_of_every_scalar_family(tmp_path, capsys, family):
    """Standard errors are the roots of the inverse Fisher information's diagonal, over sqrt(n)."""
    cls, p = kf.families[family], MEMBERS[family].ordinary[0]
    x = p.sample(300, rng=1)
    path = tmp_path / "data.npy"
    np.save(path, x)
    fixed = [word for name, value in p.fixed.items() for word in ("--fixed", f"{name}={value!r}")]
    words = [str(path), "--family", family, *fixed]
    found = fitted(capsys, *words)
    expected = cls.fit(x, **p.fixed)
    assert found["parameters"] == pytest.approx(expected.parameters, rel=1e-6)
    inverse = np.linalg.inv(expected.fisher_information("parameters"))
    assert list(found["standard_errors"]) == [n for n in p.parameters if n not in p.fixed]
    assert list(found["standard_errors"].values()) == pytest.approx(
        np.sqrt(np.diag(inverse) / 300), rel=1e-6)
    assert main(["fit", *words]) == 0
    assert capsys.readouterr().out.count("fixed") == len(p.fixed)


def test_json_has_null_for_what_is_unknown(file, capsys):
    found = fitted(capsys, file("0\n0\n0\n"), "--family", "Poisson")
    assert found["parameters"] == {"rate": 0.0}
    assert found["standard_errors"] == {"rate": None}


# ---- what is wrong ----


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["fit"], "FILE"),
        (["fit", "x.csv"], "--family"),
        (["fit", "missing.csv", "--family", "Normal"], "missing.csv: No such file"),
        (["fit", "missing.npy", "--family", "Normal"], "missing.npy: No such file"),
        (["fit", ".", "--family", "Normal"], "Is a directory"),
        (["fit", "x.csv", "--family", "Cauchy"], "'Cauchy': there are Normal, LogNormal"),
        (["demo", "--threads", "two"], "invalid int value: 'two'"),
        (["demo", "--threads", "0"], "threads=0: must be from 1"),
        (["demo", "--seed", "-1"], "seed=-1"),
        (["info", "--colour"], "--colour"),
    ],
)
def test_wrong_usage(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *words)


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        (b"", [], "no data"),
        (b"# nothing\n\n", [], "no data"),
        (b"x\n", [], "only a line of names"),
        (b"\xff\xfe1\n", [], "byte 0 is not UTF-8"),
        (b"1\x00\n2\n", [], "character 1 is NUL"),
        (b"1,2\n3,4\n", [], "--column is needed: there are 0, 1"),
        (b"a,b\n3,4\n", [], "--column is needed: there are 0 (a), 1 (b)"),
        (b"a,b\n3,4\n", ["--column", "c"], "no column 'c': there are 0 (a), 1 (b)"),
        (b"a,b\n3,4\n", ["--column", "2"], "no column '2'"),
        (b"a,b\n3,4\n", ["--column", "-1"], "no column '-1'"),
        (b"a,a\n3,4\n", ["--column", "a"], "more than once"),
        (b"a,b\n3,4\n", ["--column", "a,b"], "takes one column"),
        (b"a,b\n3,4\n", ["--column", "a", "--weights", "c"], "no column 'c'"),
        (b"a,b\n3,4\n5\n", ["--column", "a"], "line 3 has 1 cells: line 1 has 2"),
        (b"a\n# note\n3\nfour\n", [], "line 4, column 'a': 'four' is not a number"),
        (b"a,b\n3,1\n,2\n", ["--column", "a"], "line 3, column 'a': '' is not a number"),
        (b"a,b\n3,x\n4,2\n", ["--column", "a", "--weights", "b"], "line 2, column 'b'"),
        (b"1\n1_000\n", [], "'1_000' is not a number"),
        (b"1\nnan\n", [], "data[1] = nan"),
        (b"1\ninf\n", [], "data[1] = inf"),
        (b"1\n1\n1\n", [], "no maximum-likelihood Normal"),
        (b"a,b\n3,0\n4,0\n", ["--column", "a", "--weights", "b"], "weights"),
        (b"a,b\n3,1\n4,-1\n", ["--column", "a", "--weights", "b"], "weights[1] = -1.0"),
        (b'1\n"2\n', [], "cannot be read as a table"),
    ],
)
def test_bad_text_files(file, capsys, content, more, message):
    assert message in refused(capsys, "fit", file(content), "--family", "Normal", *more)


@pytest.mark.parametrize(
    ("family", "content", "message"),
    [("Gamma", "1\n-2\n", "data[1] = -2"), ("Poisson", "1\n2.5\n", "data[1] = 2.5"),
     ("MultivariateNormal", "1,2\n2,4\n3,6\n", "no maximum-likelihood MultivariateNormal")],
)
def test_data_that_the_family_cannot_have(file, capsys, family, content, message):
    assert message in refused(capsys, "fit", file(content), "--family", family)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array(["a"]), "dtype <U1"),
        (np.array([1j]), "dtype complex128"),
        (np.zeros((2, 2, 2)), "one or two dimensions"),
        (np.zeros(0), "no data"),
        (np.zeros(2, dtype=[("x", float)]), "structured"),
        (np.array([None]), "not a .npy array of numbers"),
        (np.eye(2), "--column is needed: there are 0, 1"),
    ],
)
def test_bad_arrays(tmp_path, capsys, array, message):
    path = tmp_path / "data.npy"
    np.save(path, array)
    assert message in refused(capsys, "fit", str(path), "--family", "Normal")


@pytest.mark.parametrize("content", [b"", b"1,2,3\n", b"\x93NUMPY\x01\x00"])
def test_files_that_are_no_arrays(file, capsys, content):
    path = file(content, "data.npy")
    assert "not a .npy array" in refused(capsys, "fit", path, "--family", "Normal")


@pytest.mark.parametrize("variable", ["KLFAST_ISA", "KLFAST_THREADS"])
def test_wrong_environment_is_named(variable):
    for words in (["info"], ["--version"]):
        done = subprocess.run(
            [*COMMAND, *words], env=os.environ | {variable: "many"},
            capture_output=True, text=True, check=False,
        )
        assert done.returncode != 0
        assert done.stdout == ""
        assert f"environment variable {variable}='many'" in done.stderr.splitlines()[-1]


def test_module_runs_as_a_command():
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"klfast {kf.__version__}\n", "")


def test_interrupt_is_quiet(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_info", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.name != "posix", reason="pipes close otherwise elsewhere")
def test_closed_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*COMMAND, "info"], stdout=write, stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


# ---- bench ----


def test_bench_without_the_source_tree_measures_a_little(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(kf, "__file__", str(tmp_path / "klfast" / "__init__.py"))
    assert main(["bench"]) == 0
    text = capsys.readouterr().out
    assert len(re.findall(r"\d+\.\d\d +\d+\.\d\d$", text, re.MULTILINE)) == 4


def test_bench_runs_the_report_of_the_source_tree(tmp_path, monkeypatch, capfd):
    (tmp_path / "bench").mkdir()
    (tmp_path / "src_c").mkdir()
    (tmp_path / "bench" / "report.py").write_text("print('measured')\nraise SystemExit(3)\n")
    monkeypatch.setattr(kf, "__file__", str(tmp_path / "klfast" / "__init__.py"))
    assert main(["bench"]) == 3
    assert capfd.readouterr().out == "measured\n"


def test_numbers_of_cells():
    assert [command._number(c) for c in ("1", " 2.5e3 ", "", "x", "1_0")] == [
        1.0, 2500.0, None, None, None
    ]
