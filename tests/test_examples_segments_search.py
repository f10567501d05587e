"""The search for groups and the test for more than one, with made-up draws and heaps that anybody can see."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from pmo_analysis.analysis.segments import continuum, null, partitions, structure, transforms
from pmo_analysis.analysis.segments.mixture import Mixture, Points, membership
from pmo_analysis.analysis.segments.partitions import Partition
from pmo_analysis.analysis.segments.stability import best_jaccard, name_band


def points_of(numbers: np.ndarray, codes: np.ndarray | None = None, levels: tuple[int, ...] = ()) -> Points:
    """Customers as points, without choices where none are given."""
    x = np.asarray(numbers, dtype=float)
    return Points(x, np.zeros((len(x), 0), int) if codes is None else codes, levels)


def heaps(*centres: float, size: int = 30) -> Points:
    """Even heaps of one number and one that says nothing."""
    x = np.concatenate([np.linspace(-1, 1, size) + c for c in centres])
    return points_of(np.column_stack([(x - x.mean()) / x.std(), np.tile(np.linspace(-1.4, 1.4, 5), len(x) // 5)]))


def squares(*centres: tuple[float, float]) -> Points:
    """Thirty customers in a small square around each centre."""
    across, along = np.meshgrid(np.linspace(-0.15, 0.15, 6), np.linspace(-0.15, 0.15, 5))
    square = np.column_stack([across.ravel(), along.ravel()])
    return points_of(np.concatenate([square + c for c in centres]))


@pytest.mark.parametrize("power", [-0.5, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_powers_are_weighed_by_the_likelihood_of_box_and_cox(power):
    rng = np.random.default_rng(3)
    extra = []
    for x in (rng.lognormal(0, 0.4, 80), rng.gamma(3, 2, 50)):
        base = transforms._base(x)
        cost = transforms._cost(x, np.zeros(len(x), int), base, power)
        extra.append(cost + stats.boxcox_llf(power, x / base["centre"]))
    assert extra[0] == pytest.approx(extra[1]) and -1e-9 <= extra[0] < 1.1
    assert (extra[0] < 1e-9) == (power in (0.0, 1.0))  # the plain scale and the logarithm need no better likelihood


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_powers_of_both_signs_are_weighed_by_the_likelihood_of_yeo_and_johnson(power):
    x = np.random.default_rng(4).normal(0.5, 2, 90)
    base = transforms._base(x)
    cost = transforms._cost(x, np.zeros(90, int), base, power)
    llf = stats.yeojohnson_llf(power, (x - base["centre"]) / base["offset"])
    plain = transforms._cost(x, np.zeros(90, int), base, 1.0)
    llf_plain = stats.yeojohnson_llf(1.0, (x - base["centre"]) / base["offset"])
    assert cost + llf - plain - llf_plain == pytest.approx({0.5: 1.0, 2.0: 0.5}.get(power, 0.0))


def test_groups_are_made_round_and_not_the_whole():
    rng = np.random.default_rng(6)
    groups = np.repeat([0, 1], 100)
    x = np.exp(rng.normal(0, 0.3, 200) + 3 * groups)
    assert transforms.fit_transform(x, groups)["power"] == 0
    within = np.concatenate([rng.normal(10, 1, 100), rng.normal(90, 1, 100)])
    assert transforms.fit_transform(within, groups)["power"] == 1
    with_gap = np.append(x, np.nan)
    assert transforms.fit_transform(with_gap, np.append(groups, 0)) == transforms.fit_transform(x, groups)
    noughts = np.append(np.zeros(30), 50 - rng.lognormal(0, 1, 200).clip(max=49))
    assert 0 <= transforms.fit_transform(noughts, np.zeros(230, int))["power"] <= 2
    assert transforms.fit_transform(noughts[30:], np.zeros(200, int))["power"] == 3


def test_customers_far_from_every_group_still_have_a_nearest():
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[0.0], [1.0]]), np.ones((2, 1, 1)), ())
    share = membership(points_of(np.array([[1e3], [-1e3], [0.5]])), mixture)
    assert share.argmax(axis=1)[:2].tolist() == [1, 0] and share.sum(axis=1) == pytest.approx(1)
    assert share[2] == pytest.approx([0.5, 0.5])


def test_heaps_are_found_with_their_number_by_either_search():
    points = squares((-1.5, 0), (1.2, 1.2), (1.2, -1.2))
    for thorough in (True, False):
        best = partitions.search_partitions(points, range(2, 5), seed=0, thorough=thorough)
        assert 1 in best and max(best, key=lambda k: best[k].score) == 3
        assert partitions.tidy_labels(best[3].labels).tolist() == [0] * 30 + [1] * 30 + [2] * 30
        assert best[1].score == partitions.score_labels(points, np.zeros(90, int))
        assert all(p.count == k and p.score == partitions.score_labels(points, p.labels) for k, p in best.items())
    found = partitions.find_partitions(points, range(2, 3), seed=0)
    assert max(p.count for p in found) == 2 and len({p.labels.tobytes() for p in found}) == len(found)


def test_the_nearest_two_heaps_are_merged_first_and_a_group_of_two_heaps_is_split():
    points = squares((-1.4, -1), (-1.4, 1), (1, 0), (1.8, 0))
    four = Partition(np.repeat([0, 1, 2, 3], 30), 0.0)
    found: dict[bytes, Partition] = {}
    partitions._merge_down(points, found, four)
    told = {p.count: p.labels.tolist() for p in found.values()}
    assert set(told) == {3, 2} and told[3] == [0] * 30 + [1] * 30 + [2] * 60
    assert all(len(set(told[2][at : at + 30])) == 1 for at in (0, 30, 60, 90)) and told[2][60:90] == told[2][90:]
    found = {}
    partitions._note(found, Partition(np.repeat([0, 0, 1, 1], 30), 1.0))
    partitions._split_up(points, partitions._plane(points), found, seed=0)
    split = {tuple(p.labels) for p in found.values() if p.count == 3}
    assert {tuple([0] * 30 + [1] * 30 + [2] * 60), tuple([0] * 60 + [1] * 30 + [2] * 30)} <= split
    same = points_of(np.repeat([[0.0, 0.0], [5.0, 5.0]], 30, axis=0))
    found = {}
    partitions._note(found, Partition(np.repeat([0, 1], 30), 1.0))
    partitions._split_up(same, partitions._plane(same), found, seed=0)
    assert len(found) == 1  # customers alike cannot be split


def seen(gain: float, valley: float = 0.3) -> structure._Seen:
    """What a search saw, with the same gain for two and three groups."""
    return structure._Seen({2: gain, 3: gain / 2}, gain, valley)


@pytest.mark.parametrize(("gain", "draws", "found"), [(90.0, 12, True), (-60.0, 12, False)])
def test_draws_stop_where_the_answer_is_clear(monkeypatch, gain, draws, found):
    told = iter([seen(gain), *(seen(float(i % 5)) for i in range(60))])
    monkeypatch.setattr(structure, "_measure", lambda points, seed: next(told))
    monkeypatch.setattr(structure, "one_population", lambda points, known: lambda rng: points)
    test = structure.check_structure(heaps(0, 9), seed=0)
    assert len(test.null) == draws + 1 and test.found is found and (test.z > test.threshold) == found
    assert test.null["draw"].tolist() == list(range(draws + 1)) and test.null["gain"].tolist()[:3] == [gain, 0, 1]
    assert (
        test.gain == {2: gain, 3: gain / 2}
        and test.z == test.null["z"][0]
        and test.threshold == structure.threshold(60)
    )
    assert test.null_gain[2].tolist() == [float(i % 5) for i in range(draws)]
    assert test.null_gain[3].tolist() == [i % 5 / 2 for i in range(draws)] and not test.null_gain[4].any()


def test_draws_go_on_where_it_is_close_and_four_hundred_customers_are_looked_at(monkeypatch):
    sizes: list[int] = []
    values = np.random.default_rng(0).normal(0, 3, 60)

    def measure(points: Points, seed: int) -> structure._Seen:
        sizes.append(len(points))
        return seen(14.0 if len(sizes) == 1 else float(values[len(sizes)]), 0.3)

    masks: list[np.ndarray | None] = []

    def population(points: Points, known: np.ndarray | None):
        masks.append(known)
        return lambda rng: points

    monkeypatch.setattr(structure, "_measure", measure)
    monkeypatch.setattr(structure, "one_population", population)
    many = heaps(0, 9, size=250)
    test = structure.check_structure(many, seed=0, known=np.ones((500, 2), bool))
    assert len(test.null) - 1 in (24, 48) and set(sizes) == {400}
    assert masks[0] is not None and masks[0].shape == (400, 2)


def test_what_a_search_saw_is_told_less_what_tails_gain(monkeypatch):
    points = heaps(0, 9)
    parts = {
        1: Partition(np.zeros(60, int), 5.0),
        2: Partition(np.repeat([0, 1], 30), 9.0),
        3: Partition(np.repeat([0, 1, 2], 20), 7.0),
    }
    monkeypatch.setattr(structure, "search_partitions", lambda *given, **how: parts)
    monkeypatch.setattr(structure, "weigh_tails", lambda numbers: (5.0, 1.5))
    told = structure._measure(points, 0)
    assert told.gains == {2: 4, 3: 2} and told.gain == 2.5
    assert told.valley == pytest.approx(np.mean([structure.valley(points, parts[k]) for k in (2, 3)]))
    monkeypatch.setattr(structure, "search_partitions", lambda *given, **how: {1: parts[1]})
    alone = structure._measure(points, 0)
    assert (alone.gains, alone.gain, alone.valley) == ({}, -1.5, 0)


def test_correlations_of_a_number_and_three_choices_are_those_behind_them():
    rng = np.random.default_rng(9)
    wanted = np.array([[1, 0.5, -0.3, 0.2], [0.5, 1, 0.4, 0], [-0.3, 0.4, 1, -0.5], [0.2, 0, -0.5, 1]])
    z = rng.multivariate_normal(np.zeros(4), wanted, 30_000)
    cuts = [[-0.5, 0.6], [0.2], [-1.0, 0.0, 0.8]]
    codes = np.column_stack([np.searchsorted(c, z[:, j + 1]) for j, c in enumerate(cuts)])
    codes[rng.random(codes.shape) < 0.2] = -1
    shares = [continuum._shares(codes[:, j], np.arange(len(c) + 1)) for j, c in enumerate(cuts)]
    middles = [continuum._middles(s) for s in shares]
    shown = np.column_stack([continuum._show(codes[:, j], np.arange(len(m)), m) for j, m in enumerate(middles)])
    told = continuum._correlations(null.normal_scores(z[:, :1]), shown, codes >= 0, shares, middles)
    assert told == pytest.approx(wanted, abs=0.03) and np.diag(told).tolist() == [1] * 4
    assert told == pytest.approx(told.T)


def test_a_sampler_keeps_shapes_gaps_choices_and_how_columns_go_together():
    rng = np.random.default_rng(2)
    x = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 600)
    codes = (x[:, :1] + rng.normal(size=(600, 1)) > 0.5).astype(int)
    codes[:50] = -1
    known = np.ones((600, 2), bool)
    known[:100, 1] = False
    points = points_of(np.column_stack([x[:, 0], np.exp(x[:, 1])]), codes, (2,))
    draw = null.one_population(points, known)
    drawn = draw(np.random.default_rng(5))
    assert drawn.numbers.shape == (600, 2) and (drawn.codes[:50] == -1).all() and (drawn.codes[50:] >= 0).all()
    assert stats.spearmanr(*drawn.numbers[100:].T)[0] == pytest.approx(stats.spearmanr(*x[100:].T)[0], abs=0.1)
    assert drawn.codes[50:].mean() == pytest.approx(codes[50:].mean(), abs=0.05)
    # What the data miss is what one population would expect: on a line.
    line = np.polyfit(drawn.numbers[:100, 0], drawn.numbers[:100, 1], 1)
    assert np.polyval(line, drawn.numbers[:100, 0]) == pytest.approx(drawn.numbers[:100, 1])
    slope = np.polyfit(points.numbers[:, 0], points.numbers[:, 1], 1)
    assert line == pytest.approx(slope, rel=0.15)
    whole = null.one_population(points_of(x), np.ones((600, 2), bool))(np.random.default_rng(5))
    assert (
        np.ptp(whole.numbers[:100, 1] - np.polyval(np.polyfit(*whole.numbers[:100].T, 1), whole.numbers[:100, 0])) > 1
    )


def test_the_nearest_heights_of_one_peak_are_the_best_of_all_peaks():
    for heights in (
        [1.0, 5, 2, 4, 1],
        [3.0, 1, 1, 3],
        [1.0, 2, 3],
        [3.0, 2, 1],
        [2.0, 2, 2],
        [5.0],
        [0.0, 4, 0, 4, 4, 0],
    ):
        told = null.unimodal(np.array(heights))
        peak = int(told.argmax())
        assert (np.diff(told[: peak + 1]) >= -1e-12).all() and (np.diff(told[peak:]) <= 1e-12).all()
        assert told.sum() == pytest.approx(sum(heights), abs=1e-9)
    assert null.unimodal(np.array([1.0, 5, 2, 4, 1])).tolist() == [1, 5, 3, 3, 1]
    twelve, thirteen = (
        null.unimodal_quantiles(np.repeat(np.arange(float(k)), 4))(np.linspace(0.01, 0.99, 200)) for k in (12, 13)
    )
    assert len(np.unique(twelve)) == 12 and len(np.unique(thirteen)) > 100


def test_likeness_of_groups_by_hand_and_bands_on_their_edges():
    told = best_jaccard(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 3)
    assert told[:2] == pytest.approx([2 / 3, 2 / 3]) and np.isnan(told[2])
    assert best_jaccard(np.array([0, 1, 1]), np.array([0, 0, 0]), 2) == pytest.approx(
        [1 / 3, 2 / 3]
    )  # one member is one
    bands = [name_band(j) for j in (np.nan, 0.599, 0.6, 0.749, 0.75, 0.849, 0.85)]
    assert bands == ["not trustworthy"] * 2 + ["a pattern"] * 2 + ["stable"] * 2 + ["very stable"]
    assert SimpleNamespace(count=Partition(np.array([0, 2]), 0.0).count).count == 3
