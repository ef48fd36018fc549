"""What every family promises, run over the registry and the members of members.py."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from members import INF, MEMBERS, batch_of, directions, every, label, moved
from numpy.testing import assert_allclose, assert_array_equal

import klfast as kf

COORDINATES = ["parameters", "natural", "unconstrained"]
FROM = {"natural": "from_natural", "mean": "from_mean", "unconstrained": "from_unconstrained"}
GET = {"natural": "natural_parameters", "mean": "mean_parameters",
       "unconstrained": "unconstrained"}


def over(kind="ordinary"):
    """Run over members of every family."""
    found = every(kind)
    return pytest.mark.parametrize("p", [p for _, p in found],
                                   ids=[f"{name} {label(p)}" for name, p in found])


def over_families():
    return pytest.mark.parametrize("name", list(MEMBERS))


def points(p, n=9):
    """Draws, with some far ones among them."""
    x = p.sample(n, rng=11)
    return x.astype(float)


def derivative(f, h):
    """Five-point stencil, error of order h^4."""
    return (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)


def alike(name):
    """Ordinary members whose events have one shape, for a batch."""
    members = MEMBERS[name].ordinary
    return [p for p in members if p.event_shape == members[1].event_shape]


def flat(p, direction):
    """The entries of the fitted parameters."""
    return np.concatenate([np.ravel(v) for name, v in direction.items() if name not in p.fixed])


def test_every_family_is_in_the_contract():
    assert set(kf.families) == set(MEMBERS)
    for name, cls in kf.families.items():
        assert cls.__name__ == name and getattr(kf, name) is cls


# ---- Density and score ----


@over()
def test_score_of_parameters_is_the_gradient(p):
    x = points(p)
    fisher = p.fisher_information("parameters")
    score = p.score(x, coordinates="parameters")
    for direction in directions(p):
        v = flat(p, direction)
        scale = np.sqrt(v @ fisher @ v)
        slope = derivative(lambda h, d=direction: moved(p, d, h).log_density(x), 1e-3 / scale)
        assert_allclose(score @ v / scale, slope / scale, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("coordinates", ["natural", "unconstrained"])
@over()
def test_score_of_coordinates_is_the_gradient(p, coordinates):
    x = points(p)
    fisher = p.fisher_information(coordinates)
    score = p.score(x, coordinates=coordinates)
    centre = getattr(p, GET[coordinates])
    make = getattr(type(p), FROM[coordinates])
    for i, unit in enumerate(np.eye(len(centre))):
        scale = np.sqrt(fisher[i, i])
        slope = derivative(lambda h, v=unit: make(centre + h * v, **p.fixed).log_density(x),
                           1e-3 / scale)
        assert_allclose(score[..., i] / scale, slope / scale, rtol=1e-7, atol=1e-7)


@over()
def test_natural_score_is_statistic_less_its_mean(p):
    x = points(p)
    expected = p.sufficient_statistics(x) - p.mean_parameters
    scale = np.sqrt(np.diagonal(p.fisher_information("natural")))
    size = np.abs(p.sufficient_statistics(x)).max(axis=0) + scale
    assert_allclose(p.score(x, coordinates="natural"), expected, rtol=0.0, atol=1e-13 * size.max())


@over("extreme")
def test_natural_score_at_the_ends_of_the_domain(p):
    """T(x) - E T for draws: 0 expectation, no NaN."""
    x = points(p, 200)
    standard = np.sqrt(np.diagonal(p.fisher_information("natural")))
    score = p.score(x, coordinates="natural")
    kept = np.isfinite(p.mean_parameters) & (standard > 1e-140) & (standard < 1e140)
    kept |= p.is_integer  # a Poisson of rate 0 too
    assert not np.isnan(score[:, kept]).any()
    assert (np.abs(score[:, kept]).mean(axis=0) <= 10.0 * standard[kept]).all()


@over("all")
def test_log_density_is_that_of_the_exponential_family(p):
    """log h + eta.T - A, up to the rounding of its terms; where these are finite."""
    x = points(p)
    with np.errstate(all="ignore"):
        eta, statistics = p.natural_parameters, p.sufficient_statistics(x)
        terms = np.concatenate([eta * statistics, np.broadcast_to(p.log_partition(), (9, 1)),
                                np.reshape(p.log_base_measure(x), (9, 1))], axis=1)
    whole = np.isfinite(terms).all(axis=1) & (np.abs(eta) > 1e-290).all()
    whole &= MEMBERS[type(p).__name__].natural_holds(p)
    terms = np.where(whole[:, None], terms, 0.0)
    found = terms[:, :-2].sum(axis=1) - terms[:, -2] + terms[:, -1]
    largest = np.abs(terms).max(axis=1)
    condition = MEMBERS[type(p).__name__].condition(p)
    error = np.abs(p.log_density(x) - found)[whole]
    assert (error <= 64.0 * 2.0**-52 * condition * largest[whole]).all()


@over()
def test_density_has_mass_one(p):
    x, w = MEMBERS[type(p).__name__].nodes(p)
    assert_allclose(w @ np.exp(p.log_density(x)), 1.0, rtol=1e-12)


@pytest.mark.parametrize("coordinates", COORDINATES)
@over()
def test_score_has_mean_zero_and_the_fisher_information_as_covariance(p, coordinates):
    x, w = MEMBERS[type(p).__name__].nodes(p)
    mass = w * np.exp(p.log_density(x))
    score = p.score(x, coordinates=coordinates)
    fisher = p.fisher_information(coordinates)
    scale = np.sqrt(np.diagonal(fisher))
    assert_allclose((mass @ score) / scale, 0.0, atol=1e-11)
    covariance = (score * mass[:, None]).T @ score
    assert_allclose(covariance / np.outer(scale, scale), fisher / np.outer(scale, scale),
                    atol=1e-10)


@over()
def test_mean_and_variance_are_those_of_the_density(p):
    x, w = MEMBERS[type(p).__name__].nodes(p)
    mean, variance = MEMBERS[type(p).__name__].moments(x, w * np.exp(p.log_density(x)))
    assert_allclose(p.mean(), mean, rtol=1e-11, atol=1e-11)
    assert_allclose(p.variance(), variance, rtol=1e-10)


@over()
def test_entropy_is_that_of_the_density(p):
    x, w = MEMBERS[type(p).__name__].nodes(p)
    log_p = p.log_density(x)
    assert_allclose(p.entropy(), -(w * np.exp(log_p)) @ log_p, rtol=1e-11, atol=1e-11)


@over_families()
def test_outside_the_support_log_density_is_minus_infinity_and_score_0(name):
    p = MEMBERS[name].ordinary[1]
    x = np.array(MEMBERS[name].outside)
    assert_array_equal(p.log_density(x), np.full(len(x), -INF))
    whole = np.isfinite(x) if x.ndim == 1 else np.isfinite(x).all(axis=1)
    for coordinates in COORDINATES:
        assert (p.score(x[whole], coordinates=coordinates) == 0.0).all()
    batch = batch_of([p, p])
    assert_array_equal(batch.log_density(x[:, None]), np.full((len(x), 2), -INF))


@over_families()
def test_end_points_take_the_limit_from_inside(name):
    for p, x, value in MEMBERS[name].ends:
        assert p.log_density(x) == pytest.approx(value, rel=1e-15)
        assert p.log_density(np.array([x]))[0] == pytest.approx(value, rel=1e-15)
        assert batch_of([p]).log_density(x)[0] == pytest.approx(value, rel=1e-15)


@over()
def test_nan_stays_in_its_element(p):
    x = points(p, 20)
    clean = p.log_density(x)
    clean_score = p.score(x)
    x[7] = np.nan
    found, score = p.log_density(x), p.score(x)
    assert np.isnan(found[7]) and np.isnan(score[7]).any()
    others = np.arange(20) != 7
    assert_array_equal(found[others], clean[others])
    assert_array_equal(score[others], clean_score[others])
    assert np.isnan(batch_of([p, p]).log_density(x[7])).all()


@over("all")
def test_draws_have_a_finite_log_density(p):
    x = p.sample(2000, rng=3)
    found = p.log_density(x)
    assert np.isfinite(found).all(), (x[~np.isfinite(found)][:3], found[~np.isfinite(found)][:3])


# ---- Parameter algebra ----


def reliable_digits(p, kind):
    """How much an ulp of the coordinates moves the parameters: those that lose digits by nature."""
    if kind == "unconstrained":
        return 8.0 * max(1.0, *np.abs(p.unconstrained).ravel())
    return MEMBERS[type(p).__name__].digits(p, kind)


@pytest.mark.parametrize("kind", list(FROM))
@over("all")
def test_round_trips(p, kind):
    coordinates = getattr(p, GET[kind])
    digits = reliable_digits(p, kind)
    rounding = 2.0**-52 * digits
    with np.errstate(all="ignore"):
        usable = np.isfinite(coordinates).all() and rounding < 1e-3
    members = MEMBERS[type(p).__name__]
    if kind != "unconstrained":
        usable &= members.holds(p, kind)
    if not usable:
        pytest.skip("these coordinates do not hold this member's digits")
    back = getattr(type(p), FROM[kind])(coordinates, **p.fixed)
    for name, value in p.parameters.items():
        size = np.abs(value).max() if np.ndim(value) else abs(value)
        allowed = max(1e-12, 32.0 * rounding)
        error = members.gap(p, name, back.parameters[name])
        assert error <= allowed * (size + members.spread(p, name))


@over()
def test_mean_parameters_are_the_gradient_of_the_log_partition(p):
    eta = p.natural_parameters
    fisher = p.fisher_information("natural")
    for i, unit in enumerate(np.eye(len(eta))):
        scale = np.sqrt(fisher[i, i])
        slope = derivative(
            lambda h, v=unit: type(p).from_natural(eta + h * v, **p.fixed).log_partition(),
            1e-3 / scale)
        mean = p.mean_parameters[i]
        assert_allclose(slope, mean, rtol=1e-9, atol=1e-8 * scale)


@over()
def test_fisher_solve_inverts_the_fisher_information(p):
    generator = np.random.default_rng(2)
    for coordinates in COORDINATES:
        fisher = p.fisher_information(coordinates)
        v = fisher @ generator.normal(size=len(fisher))  # in its range, where it is singular
        scale = np.sqrt(np.diagonal(fisher))
        found = p.fisher_solve(v, coordinates)
        assert_allclose(fisher @ found / scale, v / scale, rtol=1e-8, atol=1e-8)
        assert_allclose(p.fisher_solve(np.stack([v, 2.0 * v]), coordinates)[1], 2.0 * found,
                        rtol=1e-12)


@over_families()
def test_parameters_outside_the_domain_are_refused(name):
    for values in MEMBERS[name].invalid:
        with pytest.raises(ValueError, match=name):
            kf.families[name](*values)


@over_families()
def test_a_bad_member_of_a_batch_is_named(name):
    good = MEMBERS[name].ordinary[1]
    names = list(good.parameters)
    batch = [np.stack([np.asarray(good.parameters[n])] * 5) for n in names]
    batch[-1][3] = np.nan
    with pytest.raises(ValueError, match=rf"{names[-1]}\[3") as error:
        kf.families[name](*batch)
    assert "finite" in str(error.value)


@over_families()
def test_coordinates_outside_the_domain_are_refused(name):
    p = MEMBERS[name].ordinary[1]
    k = p.n_coordinates
    for kind, make in FROM.items():
        with pytest.raises(ValueError, match=name):
            getattr(type(p), make)(np.full(k, np.nan), **p.fixed)
        with pytest.raises(ValueError, match="shape"):
            getattr(type(p), make)(np.zeros(k + 1), **p.fixed)
        bad = np.stack([getattr(p, GET[kind]), np.full(k, np.nan)])
        with pytest.raises(ValueError, match=r"\[1\]"):
            getattr(type(p), make)(bad, **p.fixed)


# ---- Divergence ----


@over_families()
def test_kl_is_that_of_the_densities_and_that_of_bregman(name):
    members = MEMBERS[name].ordinary
    for p in members:
        for q in members:
            if p.event_shape != q.event_shape:
                continue
            x, w = MEMBERS[name].nodes(p)
            log_p = p.log_density(x)
            found = kf.kl_divergence(p, q)
            assert_allclose(found, (w * np.exp(log_p)) @ (log_p - q.log_density(x)), rtol=1e-9,
                            atol=1e-11)
            if p.fixed != q.fixed:
                continue  # members of two exponential families
            a, b = p.natural_parameters, q.natural_parameters
            change = (b - a) @ p.mean_parameters
            size = abs(q.log_partition()) + abs(p.log_partition()) + abs(change)
            assert_allclose(found, q.log_partition() - p.log_partition() - change, rtol=1e-12,
                            atol=1e-13 * size)


@over("all")
def test_kl_to_itself_is_exactly_0(p):
    assert kf.kl_divergence(p, p) == 0.0
    assert kf.kl_divergence(p, copy.copy(p)) == 0.0


@over_families()
def test_kl_is_never_negative(name):
    members = MEMBERS[name].ordinary + MEMBERS[name].extreme
    for p in members:
        for q in members:
            if p.event_shape == q.event_shape:
                assert kf.kl_divergence(p, q) >= 0.0, (p, q)
    assert np.isfinite(kf.kl_divergence(*MEMBERS[name].far))
    assert kf.kl_divergence(*MEMBERS[name].far) > 10.0


@over()
def test_kl_of_near_members_keeps_eight_digits(p):
    """The quadratic form of the Fisher information, whose error is of relative order 1e-10."""
    step = 1e-10
    shift = {n: np.asarray(v) * step + step * np.eye(*np.shape(v)) if np.ndim(v) == 2
             else np.asarray(v) * step + (step if n in ("loc", "mean") or np.all(v == 0.0) else 0.0)
             for n, v in p.parameters.items()}
    shift |= dict.fromkeys(p.fixed, 0.0)
    q = moved(p, shift, 1.0)
    change = flat(p, {n: np.asarray(q.parameters[n]) - np.asarray(v)
                      for n, v in p.parameters.items()})
    expected = 0.5 * change @ p.fisher_information("parameters") @ change
    found = kf.kl_divergence(p, q)
    assert found > 0.0
    assert_allclose(found, expected, rtol=1e-8)


@over_families()
def test_kl_broadcasts(name):
    members = alike(name)
    members = (members * 3)[:3]
    batch = batch_of(members)
    found = kf.kl_divergence(batch[:, None], batch)
    assert found.shape == (3, 3)
    for i, p in enumerate(members):
        for j, q in enumerate(members):
            assert found[i, j] == kf.kl_divergence(p, q)
    with pytest.raises(ValueError, match=r"shape"):
        kf.kl_divergence(batch, batch[:2])


# ---- Fit ----


@over()
def test_fit_has_the_mean_parameters_of_the_data(p):
    x = p.sample(3000, rng=5)
    fitted = type(p).fit(x, **p.fixed)
    mean = p.sufficient_statistics(x).mean(axis=0)
    direct = type(p).from_mean(mean, **p.fixed)
    assert kf.kl_divergence(fitted, direct) < 1e-18
    assert_allclose(fitted.mean_parameters, mean, rtol=1e-11, atol=1e-12 * np.abs(mean).max())


@over()
def test_fit_with_whole_weights_is_the_fit_of_repeated_data(p):
    x = p.sample(700, rng=6)
    times = np.random.default_rng(0).integers(0, 4, 700)
    weighted = type(p).fit(x, times, **p.fixed)
    repeated = type(p).fit(np.repeat(x, times, axis=0), **p.fixed)
    assert kf.kl_divergence(weighted, repeated) < 1e-20


@over()
def test_fit_finds_the_member_that_made_the_data(p):
    """2n D(fit || p) is chi-square with k degrees of freedom: beyond 60 with probability < 1e-8."""
    x = p.sample(100_000, rng=7)
    assert 200_000 * kf.kl_divergence(type(p).fit(x, **p.fixed), p) < 60.0


# ---- Objects ----


@over("all")
def test_pickle_copy_equality_and_hash(p):
    for again in (pickle.loads(pickle.dumps(p)), copy.copy(p), copy.deepcopy(p),
                  type(p)(**p.parameters)):
        assert again == p and hash(again) == hash(p) and type(again) is type(p)
        assert not again != p
    batch = batch_of([p, p])
    assert pickle.loads(pickle.dumps(batch)) == batch
    assert batch != p and p != "p" and p != batch[0:1]


def test_equal_members_hash_equally():
    """-0.0 equals 0.0."""
    p, q = kf.Normal(0.0, 1.0), kf.Normal(-0.0, 1.0)
    assert p == q and hash(p) == hash(q)


@over("all")
def test_repr_evaluates_back(p):
    assert eval(repr(p), {**kf.families, "inf": INF, "array": np.array}) == p
    batch = batch_of([p, p])
    assert eval(repr(batch), {**kf.families, "inf": INF, "array": np.array}) == batch


@over_families()
def test_members_are_immutable(name):
    p = MEMBERS[name].ordinary[1]
    with pytest.raises(TypeError):
        p.__init__(*p.parameters.values())
    for value in p.parameters.values():
        if isinstance(value, np.ndarray):
            before = p.log_density(p.mean())
            value[...] = 17.0
            assert p.log_density(p.mean()) == before


@over_families()
def test_batches_index_as_arrays(name):
    members = alike(name)
    members = (members * 4)[:4]
    batch = batch_of(members)
    assert len(batch) == 4 and batch.batch_shape == (4,)
    for i, p in enumerate(members):
        assert batch[i] == p and batch[i - 4] == p
    assert list(batch) == members
    assert batch[1:3] == batch_of(members[1:3])
    assert batch[::-1][0] == members[3]
    assert batch[None].batch_shape == (1, 4)
    assert batch[...] == batch
    assert batch[[0, 2]] == batch_of([members[0], members[2]])
    assert batch[np.array([0, 2])] == batch_of([members[0], members[2]])
    assert batch[np.array([True, False, True, False])] == batch_of([members[0], members[2]])
    assert batch[:, None].batch_shape == (4, 1)
    with pytest.raises(IndexError):
        batch[4]
    with pytest.raises(TypeError):
        members[0][0]
    with pytest.raises(TypeError):
        len(members[0])


# ---- Broadcasting ----


@over_families()
def test_a_batch_is_its_members_bit_for_bit(name):
    members = alike(name)
    batch = batch_of(members)
    for what in ("entropy", "log_partition", "mean", "variance"):
        assert_array_equal(getattr(batch, what)(),
                           np.array([getattr(p, what)() for p in members]))
    for what in GET.values():
        assert_array_equal(getattr(batch, what), np.array([getattr(p, what) for p in members]))
    assert_array_equal(batch.fisher_information(), [p.fisher_information() for p in members])


@over_families()
def test_log_density_broadcasts_as_numpy(name):
    members = alike(name)
    members = (members * 3)[:3]
    batch = batch_of(members)
    p = members[0]
    x = np.stack([points(q, 5) for q in members])  # (3, 5) + event
    expected = np.array([[q.log_density(v) for v in x[0]] for q in members])
    found = batch[:, None].log_density(x[0])
    assert found.shape == (3, 5)
    assert_array_equal(found, expected)
    assert_array_equal(batch[:, None].score(x[0])[1], members[1].score(x[0]))
    assert_array_equal(p.log_density(x), np.array([p.log_density(row) for row in x]))
    assert p.log_density(x).shape == (3, 5)
    assert isinstance(p.log_density(x[0, 0]), float)
    assert batch.log_density(x[0, 0]).shape == (3,)
    assert p.score(x).shape == (3, 5, p.score(x[0, 0]).shape[-1])
    assert p.log_density(x[:0]).shape == (0, 5)
    assert p.score(x[:, :0]).shape[:2] == (3, 0)
    with pytest.raises(ValueError, match=r"\(3,\)"):
        batch.log_density(x[0, :4] if not p.event_shape else x[0, :4])


@over_families()
def test_every_length_gives_the_same_numbers(name):
    """Around the vector width and the block: no element depends on its neighbours."""
    p = MEMBERS[name].ordinary[1]
    x = p.sample(1100, rng=1).astype(float)
    whole, score = p.log_density(x), p.score(x)
    for n in [*range(18), 63, 64, 65, 511, 512, 513, 1024, 1025]:
        assert_array_equal(p.log_density(x[:n]), whole[:n])
        assert_array_equal(p.log_density(x[3 : 3 + n]), whole[3 : 3 + n])
        assert_array_equal(p.score(x[:n]), score[:n])
    if not p.event_shape:
        batch = batch_of([p] * 1100)
        assert_array_equal(batch.log_density(x), whole)
        for n in (1, 7, 16, 17):
            assert_array_equal(batch[:n].log_density(x[:n]), whole[:n])


# ---- Draws ----


@over("all")
def test_sample_shapes_and_types(p):
    event = p.event_shape
    if not MEMBERS[type(p).__name__].fits_int64(p):
        pytest.skip("more than an int64 holds has a test of its own")
    dtype = np.int64 if p.is_integer else np.float64
    one = p.sample(rng=1)
    if event:
        assert one.shape == event and one.dtype == dtype
    else:
        assert type(one) is (int if p.is_integer else float)
    for size, shape in [((), ()), (0, (0,)), (1, (1,)), (5, (5,)), ((2, 3), (2, 3)),
                        ((0, 3), (0, 3)), ([4], (4,)), (np.int8(3), (3,))]:
        assert np.shape(p.sample(size, rng=1)) == shape + event
    assert p.sample(5, rng=1).dtype == dtype
    assert np.all(p.sample(rng=1) == p.sample(1, rng=1)[0])
    assert_array_equal(p.sample((2, 3), rng=1).reshape((6,) + event), p.sample(6, rng=1))


@over_families()
def test_batch_draws_have_shape_size_batch_event(name):
    p = MEMBERS[name].ordinary[1]
    batch = batch_of([p] * 6)
    for size, shape in [(None, ()), (4, (4,)), ((2, 5), (2, 5)), (0, (0,)), ((0, 3), (0, 3))]:
        assert batch.sample(size, rng=1).shape == shape + (6,) + p.event_shape
    empty = batch[:0]
    assert empty.sample(4, rng=1).shape == (4, 0) + p.event_shape
    draws = batch.sample(2000, rng=1)
    assert (draws[:, 0] != draws[:, 1]).any() and (draws[:, 4] != draws[:, 5]).any()


@over_families()
def test_a_member_of_a_batch_draws_as_if_alone_with_its_run_of_blocks(name):
    members = alike(name)
    draws = batch_of(members).sample(700, rng=kf.Stream(9))
    for m, p in enumerate(members):
        assert_array_equal(draws[:, m], p.sample(700, rng=kf.Stream(9, 0, 2 * m)))


@over("all")
def test_fewer_draws_are_the_first_of_more(p):
    if not MEMBERS[type(p).__name__].fits_int64(p):
        pytest.skip("more than an int64 holds has a test of its own")
    whole = p.sample(1600, rng=4)
    for n in [*range(18), 63, 64, 65, 511, 512, 513, 1024, 1025]:
        assert_array_equal(p.sample(n, rng=4), whole[:n])


@over()
def test_threads_do_not_change_a_bit(p):
    n = 2 * 256 * 512 + 5  # three chunks of work
    x = p.sample(n, rng=8)
    log_p = p.log_density(x)
    for threads in (2, 3):
        assert_array_equal(p.sample(n, rng=8, threads=threads), x)
        assert_array_equal(p.log_density(x, threads=threads), log_p)


@over_families()
def test_out_takes_the_draws(name):
    p = MEMBERS[name].ordinary[1]
    expected = p.sample(700, rng=1)
    dtypes = [np.float64, np.int64] if p.is_integer else [np.float64]
    for dtype in dtypes:
        out = np.empty((700,) + p.event_shape, dtype)
        assert p.sample(700, rng=1, out=out) is out
        assert_array_equal(out, expected)
        strided = np.zeros((1400,) + p.event_shape, dtype)
        p.sample(700, rng=1, out=strided[::2])
        assert_array_equal(strided[::2], expected)
        assert (strided[1::2] == 0).all()
        order = np.zeros((20, 35) + p.event_shape, dtype, order="F")
        p.sample((20, 35), rng=1, out=order)
        assert_array_equal(order.reshape((700,) + p.event_shape), expected)
    wrong = np.float32 if p.is_integer else np.int64
    stream = kf.Stream(1)
    for bad in (np.empty((700,) + p.event_shape, wrong), np.empty((699,) + p.event_shape),
                [0.0] * 700):
        with pytest.raises((TypeError, ValueError), match="out"):
            p.sample(700, rng=stream, out=bad)
    closed = np.zeros((700,) + p.event_shape)
    closed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        p.sample(700, rng=stream, out=closed)
    assert stream.block == 0 and (closed == 0.0).all()


@over_families()
def test_out_takes_the_log_density_and_the_score(name):
    p = MEMBERS[name].ordinary[1]
    x = points(p, 700)
    for q, points_of in ((p, x), (batch_of([p] * 700), x)):
        strided = np.zeros(1400)
        assert q.log_density(points_of, out=strided[::2]) is not None
        assert_array_equal(strided[::2], p.log_density(x))
        assert (strided[1::2] == 0.0).all()
    score = np.zeros((700,) + p.score(x[0]).shape)
    assert p.score(x, out=score) is score
    assert_array_equal(score, p.score(x))
    for bad in (np.zeros(699), np.zeros(700, np.float32), np.zeros(700, ">f8")):
        with pytest.raises((TypeError, ValueError), match="out"):
            p.log_density(x, out=bad)
