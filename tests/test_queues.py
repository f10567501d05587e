"""Waits by Erlang's formulas, against published figures, closed forms and a simulated queue."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from pmo_analysis.analysis.queues import queue_wait
from pmo_analysis.contract.errors import InputError


def test_the_published_erlang_c_example_is_met_at_its_precision():
    # pyworkforce README: 100 calls in 30 minutes, 3 minutes each, 14 positions, 20 seconds (all in minutes here).
    row = queue_wait(100 / 30, 3, 14, target_hours=20 / 60).iloc[0]
    assert row["utilisation"] == pytest.approx(0.7143, abs=6e-5)
    assert row["wait_probability"] == pytest.approx(0.1741, abs=6e-5)
    assert row["service_level"] == pytest.approx(0.8884, abs=6e-5)
    assert row["mean_wait_hours"] * 60 == pytest.approx(7.836, abs=6e-4)


def test_thirteen_positions_just_miss_four_calls_in_five():
    assert queue_wait(100 / 30, 3, 13, target_hours=20 / 60)["service_level"].iloc[0] == pytest.approx(0.7956, abs=5e-5)


def test_seventeen_channels_are_the_fewest_that_block_under_two_percent():
    # pyworkforce README, Erlang B: only the count of channels is consistent with 10 erlangs.
    blocked = queue_wait(100 / 30, 3, np.arange(1, 30))["blocking_probability"]
    assert int(np.argmax(blocked <= 0.02)) + 1 == 17
    assert blocked.iloc[16] == pytest.approx(0.012949, abs=5e-7)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9, 0.99])
def test_one_server_is_the_closed_form(load):
    row = queue_wait(load, 1, 1, target_hours=2).iloc[0]
    assert row["wait_probability"] == pytest.approx(load)
    assert row["mean_wait_hours"] == pytest.approx(load / (1 - load))
    assert row["service_level"] == pytest.approx(1 - load * np.exp(-(1 - load) * 2))


def test_more_work_than_hours_waits_without_end():
    row = queue_wait([1, 1], [2, 2], [2, 1.5], target_hours=1)
    assert np.isinf(row["mean_wait_hours"]).all()
    assert (row["wait_probability"] == 1).all() and (row["service_level"] == 0).all()


def test_nobody_to_serve_is_told_apart_from_nothing_to_do():
    nobody, nothing = queue_wait([1, 0], [1, 1], [0, 2]).itertuples(index=False)
    assert np.isinf(nobody.utilisation) and np.isinf(nobody.mean_wait_hours)
    assert nothing.utilisation == 0 and nothing.mean_wait_hours == 0


def test_part_time_servers_lie_between_whole_ones():
    waits = queue_wait(1, 2, [3, 3.25, 3.5, 3.75, 4])["mean_wait_hours"].to_numpy()
    assert (np.diff(waits) < 0).all()


def test_hundreds_of_servers_and_hopeless_overload_stay_finite_where_they_should():
    many = queue_wait([5000, 5000], [1, 1], [5010.5, 100])
    assert 0 < many["blocking_probability"].iloc[0] < 0.02
    assert many["blocking_probability"].iloc[1] == pytest.approx(0.98, abs=1e-3)


def test_negative_and_missing_numbers_are_refused_by_name():
    with pytest.raises(InputError, match=r"service_hours \(1 of 2\)"):
        queue_wait([1, 1], [1, -1], 2)
    with pytest.raises(InputError, match="servers"):
        queue_wait(1, 1, float("nan"))


def test_a_simulated_queue_waits_as_long():
    rng, waits, environment = np.random.default_rng(5), [], simpy.Environment()
    team = simpy.Resource(environment, capacity=3)

    def request():
        came = environment.now
        with team.request() as turn:
            yield turn
            waits.append(environment.now - came)
            yield environment.timeout(rng.exponential(2.0))

    def arrivals():
        for _ in range(20_000):
            yield environment.timeout(rng.exponential(1 / 0.9))
            environment.process(request())

    environment.process(arrivals())
    environment.run()
    assert np.mean(waits[1000:]) == pytest.approx(queue_wait(0.9, 2.0, 3)["mean_wait_hours"].iloc[0], rel=0.15)
