"""Waits by Erlang's formulas, against published figures, closed forms and a simulated queue."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
import simpy

from pmo_analysis.analysis.queues import describe_traffic, expected_wait, queue_wait, simulate_wait
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


def test_nothing_to_do_blocks_nobody_unless_there_is_nobody_to_serve():
    assert queue_wait([0.0, 0.0], 1.0, [2.0, 0.0])["blocking_probability"].tolist() == [0.0, 1.0]


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


# Hillier & Lieberman, Introduction to Operations Research, the county hospital's emergency room (lambda 2, mu 3 an hour).
@pytest.mark.parametrize(
    ("doctors", "waits", "mean_hours", "over_half_an_hour", "over_an_hour"),
    [(1, 0.667, 2 / 3, 0.404, 0.245), (2, 0.167, 1 / 24, 0.022, 0.003)],
)
def test_the_emergency_room_of_the_textbook_waits_as_printed(
    doctors, waits, mean_hours, over_half_an_hour, over_an_hour
):
    row = queue_wait([2, 2], 1 / 3, doctors, target_hours=[0.5, 1.0])
    assert row["wait_probability"].round(3).tolist() == [waits, waits]
    assert row["mean_wait_hours"].iloc[0] == pytest.approx(mean_hours)
    assert (1 - row["service_level"]).tolist() == pytest.approx([over_half_an_hour, over_an_hour], abs=1e-3)


def test_the_eye_clinic_of_the_textbook_waits_as_printed():
    # Gross & Harris, Fundamentals of Queueing Theory, M/M/c: 6 patients an hour, 20 minutes each, 3 doctors: Lq = 8/9.
    row = queue_wait(6, 1 / 3, 3).iloc[0]
    assert row["mean_wait_hours"] == pytest.approx(4 / 27) and row["offered_load"] == pytest.approx(2)
    assert row["mean_wait_hours"] * 6 == pytest.approx(8 / 9) and row["wait_probability"] == pytest.approx(4 / 9)


# The printed tables of Erlang's first formula: the load that so many channels carry at 1 % and at 2 % blocking.
@pytest.mark.parametrize(
    ("channels", "at_one", "at_two"),
    [(1, 0.01, 0.02), (2, 0.15, 0.22), (5, 1.36, 1.66), (10, 4.46, 5.08), (20, 12.0, 13.2), (50, 37.9, 40.3)],
)
def test_the_printed_table_of_blocking_is_met_at_its_precision(channels, at_one, at_two):
    for load, blocked in ((at_one, 0.01), (at_two, 0.02)):
        half = 0.05 if load >= 10 else 0.005
        low, high = queue_wait([load - half, load + half], 1, channels)["blocking_probability"]
        assert low <= blocked <= high


def wait_by_events(servers, gaps, works):
    """Mean wait by a simulation of single events."""
    waits, environment = [], simpy.Environment()
    team = simpy.Resource(environment, capacity=servers)

    def request(work):
        came = environment.now
        with team.request() as turn:
            yield turn
            waits.append(environment.now - came)
            yield environment.timeout(work)

    def arrivals():
        for gap, work in zip(gaps, works, strict=True):
            yield environment.timeout(gap)
            environment.process(request(work))

    environment.process(arrivals())
    environment.run()
    return np.mean(waits[1000:])


def test_a_simulated_queue_waits_as_long():
    rng = np.random.default_rng(5)
    seen = wait_by_events(3, rng.exponential(1 / 0.9, 20_000), rng.exponential(2.0, 20_000))
    assert seen == pytest.approx(queue_wait(0.9, 2.0, 3)["mean_wait_hours"].iloc[0], rel=0.15)


@pytest.mark.parametrize(("servers", "sd", "shape"), [(1, 0.3, 1.0), (3, 1.0, 1.0), (3, 0.5, 0.5), (6, 0.8, 3.0)])
def test_queues_that_are_not_erlangs_wait_as_long_as_single_events_show(servers, sd, shape):
    rng = np.random.default_rng(0)
    works = rng.lognormal(-(sd**2) / 2, sd, 30_000)
    gaps = rng.gamma(shape, 1 / shape, 30_000) / (0.8 * servers)
    seen = wait_by_events(servers, gaps, works)
    told = simulate_wait(0.8 * servers, 1, servers, service_times=works, arrival_dispersion=1 / shape)
    assert told["mean_wait_hours"].iloc[0] == pytest.approx(seen, rel=0.2)
    assert abs(np.log(queue_wait(0.8 * servers, 1, servers)["mean_wait_hours"].iloc[0] / seen)) > 0.15 or sd == 1.0


def test_equal_work_waits_half_as_long_as_erlang_says():
    # Pollaczek & Khinchine: with one server M/D/1 waits half as long as M/M/1.
    told = simulate_wait([0.6, 0.8], 1, 1, service_times=np.ones(30))
    assert told["ratio"].tolist() == pytest.approx([0.5, 0.5], abs=0.06)


def test_what_decides_between_erlang_and_simulation_is_said():
    rng = np.random.default_rng(0)
    usual = expected_wait(0.8, 1, 1, service_times=rng.exponential(1, 500), arrival_counts=rng.poisson(9, 200)).iloc[0]
    assert usual["method"] == "M/M/c" and usual["mean_wait_hours"] == pytest.approx(4) and "Erlang" in usual["reason"]
    equal = expected_wait(0.8, 1, 1, service_times=np.ones(50), arrival_counts=rng.poisson(9, 200)).iloc[0]
    assert equal["method"] == "simulation" and equal["mean_wait_hours"] < 2.6 and "differs by 0" in equal["reason"]
    few = describe_traffic(np.ones(5), [3, 4]).iloc[0]
    assert few["applies"] and np.isnan(few["service_cv"]) and "too few pieces" in few["reason"]


def test_bunched_requests_are_counted_by_hand():
    told = describe_traffic([1.0] * 20, [0, 8] * 5).iloc[0]  # variance 160/9 over a mean of 4
    assert told["arrival_dispersion"] == pytest.approx(40 / 9) and not told["applies"]


def test_overload_and_idleness_need_no_simulation():
    told = simulate_wait([3, 0], 1, 2, service_times=[1, 2, 3.0])
    assert np.isinf(told["mean_wait_hours"].iloc[0]) and told["mean_wait_hours"].iloc[1] == 0
    with pytest.raises(InputError, match="above zero"):
        simulate_wait(1, 1, 2, service_times=[])


def one_long_queue(load, servers, times, requests=300_000):
    """The mean wait of one queue that runs long, by a heap of when servers are free: slow and plain."""
    rng = np.random.default_rng(11)
    free, now, waited = [0.0] * servers, 0.0, 0.0
    gaps, work = rng.exponential(1 / (load * servers), requests), rng.choice(times, requests)
    for gap, needed in zip(gaps, work, strict=True):
        now += gap
        begins = max(heapq.heappop(free), now)
        heapq.heappush(free, begins + needed)
        waited += begins - now
    return waited / requests


@pytest.mark.parametrize("load", [0.7, 0.9])
def test_a_large_team_with_very_unequal_work_waits_as_one_long_queue_does(load):
    times = np.exp(np.random.default_rng(1).normal(0, 1.32, 4000))
    times /= times.mean()
    simulated = simulate_wait(load * 28, 1.0, 28, service_times=times)["mean_wait_hours"].iloc[0]
    assert simulated == pytest.approx(one_long_queue(load, 28, times), rel=0.3)


def test_far_too_much_work_is_blocked_as_the_recursion_says():
    # B(0) = 1, B(n) = a·B(n−1) / (n + a·B(n−1)), beside a row for which the Poisson's sum does not underflow.
    blocking = queue_wait([1500.0, 2.0, 1500.0], 1.0, [10, 3, 2])["blocking_probability"]
    for row, (load, servers) in enumerate([(1500.0, 10), (2.0, 3), (1500.0, 2)]):
        share = 1.0
        for n in range(1, servers + 1):
            share = load * share / (n + load * share)
        assert blocking[row] == pytest.approx(share, rel=1e-12)


def test_requests_like_clockwork_wait_as_the_closed_form_says():
    # D/M/1 at .8: σ = exp(−(1 − σ)/.8), the wait σ/(1 − σ) of a mean service (Gross & Harris, Queueing Theory, ch. 5).
    share = 0.6
    for _ in range(200):
        share = np.exp(-(1 - share) / 0.8)
    served = -np.log1p(-(np.arange(2000) + 0.5) / 2000)
    row = simulate_wait(0.8, 1.0, 1, service_times=served, arrival_dispersion=0.0).iloc[0]
    assert row["mean_wait_hours"] == pytest.approx(share / (1 - share), rel=0.03)
    assert row["ratio"] == pytest.approx(row["mean_wait_hours"] / 4)  # M/M/1 at .8 waits four services


def test_twenty_times_and_eight_periods_are_judged_and_one_less_is_not():
    times, counts = np.tile([1.0, 3.0], 10), [1, 2, 3, 4, 5, 6, 7, 9]
    row = describe_traffic(times, counts).iloc[0]
    assert row["service_cv"] == pytest.approx(np.sqrt(20 / 19) / 2) and row["arrival_dispersion"] == pytest.approx(
        7.125 / 4.625
    )
    assert row[["n", "periods_count"]].tolist() == [20, 8] and row["applies"]  # (.26 + 1.54)/2 = .90
    less = describe_traffic(times[1:], counts[1:]).iloc[0]
    assert np.isnan(less["service_cv"]) and np.isnan(less["arrival_dispersion"]) and less["applies"]
    assert (
        less["reason"].startswith("Erlang's formulas: too few pieces of work") and "too few periods" in less["reason"]
    )
    alike = describe_traffic(np.ones(20), counts).iloc[0]  # (0 + 1.54)/2 = .77
    assert not alike["applies"] and alike["reason"].startswith("Simulated: what pieces of work took differs by 0 of")
