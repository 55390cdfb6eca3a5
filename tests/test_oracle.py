"""The oracle itself: tables in, numbers out, each worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from oracle import Cell, Company, compute

F = Fraction


def at(text: str) -> datetime:
    """`08-05` or `08-05T10:30` of 2026, UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def events(*rows: tuple[Any, ...], **more: Any) -> list[dict[str, Any]]:
    """(event, account, user, when) and further columns as a dict at the end."""
    out = []
    for event, account, user, when, *columns in rows:
        out.append(
            {
                "event": event,
                "account": account,
                "user": user,
                "at": at(when),
                **(columns[0] if columns else {}),
                **more,
            }
        )
    return out


def accounts(**created: str | tuple[str, str]) -> list[dict[str, Any]]:
    """Accounts by name: created, or created and size."""
    rows = []
    for name, value in created.items():
        when, size = value if isinstance(value, tuple) else (value, None)
        rows.append({"account": name, "created": at(when), "size": size})
    return rows


def numbers(answer: dict[Any, Cell]) -> dict[Any, Any]:
    return {key: cell.value for key, cell in answer.items()}


OCTOBER, SEPTEMBER, AUGUST = date(2026, 10, 1), date(2026, 9, 1), date(2026, 8, 1)
AFTER = at("12-31")


def ask(company: Company, metric: dict[str, Any], *periods: date, **more: Any) -> dict[Any, Cell]:
    asked: dict[str, Any] = {"grain": "month", "as_of": AFTER, **more}
    return compute(company, metric, periods=periods or (OCTOBER,), **asked)


def test_simple_counts_rows_and_leaves_nothing_out_of_the_total() -> None:
    requests = [{"at": at("10-05"), "account": who} for who in ["A", "A", "A", "B", None, None]]
    company = Company({"requests": requests, "accounts": accounts(A=("01-01", "pro"), B=("01-01", "free"))})
    found = ask(company, {"type": "simple", "source": "requests"}, by="size")
    assert {key[3]: cell.value for key, cell in found.items()} == {None: 6, "pro": 3, "free": 1, "(unattributed)": 2}


def test_simple_sums_averages_and_takes_quantiles_of_what_is_there() -> None:
    amounts: list[tuple[Any, ...]] = [("paid", "A", None, "10-02", {"amount": n}) for n in (10, 20, 40, None)]
    company = Company({"events": events(*amounts)})
    expected = {"sum": 70, "average": F(70, 3), "min": 10, "max": 40, "median": 20, "p90": 36, "count_distinct": 3}
    for agg, value in expected.items():
        (cell,) = ask(company, {"type": "simple", "event": "paid", "agg": agg, "expr": "amount"}).values()
        assert cell.value == value, agg


def test_simple_of_a_workflow_counts_runs_once_at_their_first_row() -> None:
    company = Company(
        {
            "events": events(
                ("posted", "A", "u", "09-30", {"run": "1"}),
                ("posted", "A", "u", "10-01", {"run": "1"}),
                ("posted", "A", "u", "10-02", {"run": "2"}),
                ("posted", "B", "u", "10-02", {"run": "2"}),
                ("posted", "B", "u", "10-03", {"run": None}),
            )
        },
        {"invoicing": {"success": {"event": "posted"}, "run": "run"}},
    )
    found = ask(company, {"type": "simple", "workflow": "invoicing"}, SEPTEMBER, OCTOBER)
    assert [cell.value for cell in found.values()] == [1, 2]


def test_simple_keeps_the_last_row_per_value_within_the_window() -> None:
    answers = [("u", "09-20", 9), ("u", "10-20", 3), ("v", "10-01", 10), ("w", "06-01", 0)]
    surveys = [{"at": at(when), "account": "A", "user": user, "score": score} for user, when, score in answers]
    metric = {
        "type": "simple",
        "source": "surveys",
        "agg": "average",
        "expr": "score",
        "last_per": ["user"],
        "window": "60d",
    }
    (cell,) = ask(Company({"surveys": surveys}), metric).values()
    assert (cell.value, cell.entries) == (F(13, 2), 2)


def test_simple_keeps_the_last_good_row_of_whoever_is_still_there() -> None:
    rows = [
        ("A", "10-30", 1),
        ("A", "10-31", 0),
        ("B", "09-21", 1),
        ("B", "10-29", 0),
        ("C", "06-01", 1),
        ("E", "10-30", 0),
    ]
    tried = [{"at": at(when), "account": who, "good": good, "day": int(when[3:])} for who, when, good in rows]
    metric = {
        "type": "simple",
        "source": "requests",
        "agg": "average",
        "expr": "day",
        "last_per": ["account"],
        "window": "28d",
        "last_of": {"good": 1},
    }
    (cell,) = ask(Company({"requests": tried}), metric).values()
    assert (cell.value, cell.entries) == (F(30 + 21, 2), 2)


def test_active_counts_members_and_persons() -> None:
    company = Company(
        {
            "events": events(("x", "A", "u1", "10-05"), ("x", "B", "u1", "10-06"), ("x", "B", "u2", "10-07")),
            "accounts": accounts(A=("01-01", "s"), B=("01-01", "m")),
        }
    )
    metric = {"type": "active", "rule": {"event": "x"}}
    assert numbers(ask(company, {**metric, "entity": "user"})) == {(None, None, OCTOBER, None): 3}
    persons = numbers(ask(company, {**metric, "entity": "person"}, by="size"))
    by_size = {None: 2, "s": 1, "m": 2, "(overlap)": -1}
    assert {key[3]: value for key, value in persons.items()} == by_size
    assert numbers(ask(company, {**metric, "entity": "account", "at_least": 2})) == {(None, None, OCTOBER, None): 1}


def test_stickiness_is_mean_daily_over_active() -> None:
    days = [("x", "A", "u1", f"10-{day}") for day in ("05", "06", "07", "08")]
    company = Company({"events": events(*days, ("x", "B", "u2", "10-09"), ("x", "B", "u2", "10-09"))})
    week = date(2026, 10, 5)
    metric = {"type": "stickiness", "rule": {"event": "x"}}
    assert numbers(ask(company, metric, week, grain="week")) == {(None, None, week, None): F(5, 14)}
    daily = {"type": "active", "entity": "user", "rule": {"event": "x"}, "window": "1d"}
    assert numbers(ask(company, daily, week, grain="week")) == {(None, None, week, None): F(5, 7)}
    rolling = {**daily, "window": "28d"}
    assert numbers(ask(company, rolling, date(2026, 11, 2), grain="week")) == {(None, None, date(2026, 11, 2), None): 0}
    assert numbers(ask(company, rolling, date(2026, 10, 26), grain="week")) == {
        (None, None, date(2026, 10, 26), None): 2
    }


def test_conversion_leaves_immature_tries_out_of_both_numbers() -> None:
    company = Company(
        {
            "accounts": accounts(A="10-01", B="10-05", C="10-20"),
            "events": events(("done", "A", None, "10-09"), ("done", "C", None, "10-22")),
        }
    )
    metric = {
        "type": "conversion",
        "entry": {"milestone": "created"},
        "steps": {"done": {"event": "done"}},
        "within": "14d",
    }
    cell = ask(company, metric, as_of=at("10-31"))[None, None, OCTOBER, None]
    assert (cell.value, cell.numerator, cell.denominator, cell.immature) == (F(1, 2), 1, 2, 1)


FUNNEL = {
    "type": "conversion",
    "steps": {"a": {"event": "a"}, "b": {"event": "b"}, "c": {"event": "c"}},
    "within": "2d",
}


def test_conversion_in_order_takes_the_deepest_try_and_the_edge_counts() -> None:
    company = Company(
        {
            "events": events(
                *[("a", "A", None, "10-01"), ("b", "A", None, "10-03"), ("c", "A", None, "10-03T00:01")],
                *[("b", "B", None, "10-01"), ("a", "B", None, "10-02"), ("c", "B", None, "10-02T12:00")],
                *[
                    ("a", "C", None, "10-01"),
                    ("a", "C", None, "10-05"),
                    ("b", "C", None, "10-06"),
                    ("c", "C", None, "10-06"),
                ],
            )
        }
    )
    found = {key[0]: (cell.numerator, cell.denominator) for key, cell in ask(company, FUNNEL).items()}
    assert found == {"a": (3, 3), "b": (2, 3), "c": (1, 3), None: (1, 3)}
    previous = {key[0]: cell.value for key, cell in ask(company, {**FUNNEL, "rate_from": "previous"}).items()}
    assert previous == {"a": 1, "b": F(2, 3), "c": F(1, 2), None: F(1, 2)}
    either = {key[0]: cell.numerator for key, cell in ask(company, {**FUNNEL, "order": "any"}).items()}
    assert either == {"a": 3, "b": 2, "c": 1, None: 1}


def test_conversion_strict_allows_nothing_in_between_and_one_row_fills_one_step() -> None:
    twice = {"type": "conversion", "steps": {"one": {"event": "a"}, "two": {"event": "a"}}, "within": "2d"}
    rows = events(
        ("a", "A", None, "10-01"),
        ("z", "A", None, "10-01T01:00"),
        ("b", "A", None, "10-01T02:00"),
        ("a", "B", None, "10-01"),
    )
    company = Company({"events": rows})
    steps = {"type": "conversion", "steps": {"a": {"event": "a"}, "b": {"event": "b"}}, "within": "2d"}
    assert ask(company, steps)["b", None, OCTOBER, None].numerator == 1
    assert ask(company, {**steps, "order": "strict"})["b", None, OCTOBER, None].numerator == 0
    assert ask(company, twice)["two", None, OCTOBER, None].numerator == 0


def test_completion_by_run_id_and_by_time_differ() -> None:
    rows = events(
        *[("try", "A", "u", "10-01T10:00", {"run": "1"}), ("try", "A", "u", "10-01T10:10", {"run": "2"})],
        *[("ok", "A", "u", "10-01T10:20", {"run": "2"}), ("ok", "A", "u", "10-01T10:30", {"run": "2"})],
        *[("try", "A", "u", "10-01T11:00", {"run": "1"}), ("ok", "B", "u", "10-01T11:00", {"run": "9"})],
    )
    workflow = {"attempt": {"event": "try"}, "success": {"event": "ok"}, "within": "1h"}
    metric = {
        "type": "conversion",
        "entity": "run",
        "entry": {"workflow": "w", "outcome": "attempt"},
        "steps": {"success": {"workflow": "w", "outcome": "success"}},
        "within": "1h",
    }
    by_run = ask(Company({"events": rows}, {"w": {**workflow, "run": "run"}}), metric)[None, None, OCTOBER, None]
    assert (by_run.numerator, by_run.denominator) == (1, 2)
    by_time = ask(Company({"events": rows}, {"w": workflow}), metric)[None, None, OCTOBER, None]
    assert (by_time.numerator, by_time.denominator) == (2, 3)


def test_activation_counts_from_creation_in_any_order() -> None:
    company = Company(
        {
            "accounts": accounts(A="10-01", B="10-01", C="10-02"),
            "events": events(
                *[
                    ("y", "A", None, "10-02"),
                    ("x", "A", None, "10-05"),
                    ("x", "B", None, "09-30"),
                    ("y", "B", None, "10-04"),
                ],
                *[("x", "C", None, "10-03"), ("y", "C", None, "10-09T00:01")],
            ),
        },
        activation={"steps": {"x": {"event": "x"}, "y": {"event": "y"}}, "within": "7d"},
    )
    metric = {
        "type": "conversion",
        "entry": {"milestone": "created"},
        "steps": {"on": {"milestone": "activated"}},
        "within": "7d",
    }
    cell = ask(company, metric)[None, None, OCTOBER, None]
    assert (cell.numerator, cell.denominator) == (1, 3)


def test_duration_of_those_who_got_there_and_of_all() -> None:
    company = Company(
        {
            "accounts": accounts(A="10-01", B="10-01", C="10-01", D="10-01"),
            "events": events(("x", "A", None, "10-03"), ("x", "B", None, "10-10")),
        }
    )
    metric = {
        "type": "duration",
        "from": {"milestone": "created"},
        "to": {"event": "x"},
        "within": "30d",
        "stat": ["median", "mean"],
    }
    assert numbers(ask(company, metric)) == {
        (None, "median", OCTOBER, None): F(11, 2),
        (None, "mean", OCTOBER, None): F(11, 2),
    }
    everyone = ask(company, {**metric, "among": "all"})[None, "median", OCTOBER, None]
    assert (everyone.value, everyone.status) == (None, "not_reached")
    rare = Company({**company.roles, "accounts": [*company.roles["accounts"], *accounts(E="10-02")]})
    assert ask(rare, metric)[None, "median", OCTOBER, None].status == "not_reached"


def test_retention_has_no_value_until_the_interval_is_over() -> None:
    company = Company(
        {
            "accounts": accounts(A="08-02", B="08-03", C="08-31", D="09-01", E="09-02"),
            "events": events(
                ("x", "A", None, "09-05"),
                ("x", "B", None, "09-30"),
                ("x", "C", None, "08-31"),
                ("x", "C", None, "10-02"),
            ),
        }
    )
    metric = {"type": "retention", "rule": {"event": "x"}, "ages": ["1mo", "2mo"]}
    found = ask(company, metric, AUGUST, as_of=at("10-20"))
    assert found["1mo", None, AUGUST, None].value == F(2, 3)
    young = found["2mo", None, AUGUST, None]
    assert (young.value, young.immature, young.status) == (None, 3, "maturing")
    assert ask(company, metric, AUGUST, as_of=at("11-01"))["2mo", None, AUGUST, None].value == F(1, 3)


def test_retention_knows_nothing_of_intervals_before_the_first_event() -> None:
    company = Company(
        {"accounts": accounts(A="06-02"), "events": events(("x", "A", None, "07-15"), ("x", "A", None, "08-02"))}
    )
    june = date(2026, 6, 1)
    found = ask(company, {"type": "retention", "rule": {"event": "x"}, "ages": ["1mo", "2mo"]}, june)
    assert (found["1mo", None, june, None].status, found["2mo", None, june, None].value) == ("no_input", 1)


TIERS = {
    "basic": {"event": "b"},
    "standard": {"all": [{"event": "s"}, {"event": "t"}]},
    "advanced": {"event": "z", "at_least": 2},
}


def test_tiers_are_cumulative_and_take_the_time_of_the_last_condition() -> None:
    company = Company(
        {
            "accounts": accounts(A="10-01", B="10-01", C="10-01"),
            "events": events(
                *[
                    ("b", "A", None, "10-02"),
                    ("s", "A", None, "10-03"),
                    ("t", "A", None, "10-05"),
                    ("b", "B", None, "10-02"),
                ],
                *[("s", "C", None, "10-02"), ("t", "C", None, "10-02"), ("z", "A", None, "10-04")],
            ),
        },
        {"w": {"success": {"event": "b"}, "tiers": TIERS}},
    )
    found = numbers(ask(company, {"type": "tiers", "workflow": "w"}))
    assert {key[0]: value for key, value in found.items()} == {
        "basic": F(2, 3),
        "standard": F(1, 3),
        "advanced": 0,
        None: 0,
    }
    times = numbers(ask(company, {"type": "tiers", "workflow": "w", "measure": "time"}))
    assert times["standard", "median", OCTOBER, None] == 3
    assert times["advanced", "median", OCTOBER, None] is None


SUBSCRIPTIONS = [
    {"account": "A", "plan": "starter", "mrr": 100, "start": SEPTEMBER, "end": OCTOBER},
    {"account": "A", "plan": "pro", "mrr": 150, "start": OCTOBER, "end": None},
    {"account": "B", "plan": "pro", "mrr": 200, "start": SEPTEMBER, "end": OCTOBER},
    {"account": "C", "plan": "starter", "mrr": 50, "start": OCTOBER, "end": None},
]
PAYING = Company({"subscriptions": SUBSCRIPTIONS})
MRR = {"type": "stock", "source": "subscriptions", "agg": "sum", "expr": "mrr"}


def test_stock_is_what_is_live_on_the_last_day() -> None:
    found = numbers(ask(PAYING, MRR, SEPTEMBER, OCTOBER))
    assert found == {(None, None, SEPTEMBER, None): 300, (None, None, OCTOBER, None): 200}
    yearly = {"account": "D", "price": 1000, "interval": "year", "start": SEPTEMBER, "plan": "pro", "currency": "USD"}
    other = Company({"subscriptions": [yearly], "fx": [{"currency": "USD", "rate": 0.9}]})
    assert numbers(ask(other, MRR)) == {(None, None, OCTOBER, None): 75}


def test_movement_labels_and_transfers_add_up() -> None:
    parts = {"new": 50, "expansion": 50, "churn": -200, "contraction": 0, "reactivation": 0, "transfer": 0, "net": -100}
    for part, value in parts.items():
        found = numbers(ask(PAYING, {"type": "movement", "of": MRR, "part": part}))
        assert found == {(None, None, OCTOBER, None): value}, part
    by_plan = {
        part: {
            key[3]: cell.value
            for key, cell in ask(PAYING, {"type": "movement", "of": MRR, "part": part}, by="plan").items()
        }
        for part in ("expansion", "transfer", "new", "churn")
    }
    assert by_plan["transfer"] == {None: 0, "starter": -100, "pro": 100}
    assert by_plan["expansion"] == {None: 50, "starter": 0, "pro": 50}
    assert by_plan["new"] == {None: 50, "starter": 50, "pro": 0}
    assert by_plan["churn"] == {None: -200, "starter": 0, "pro": -200}
    logos = ask(PAYING, {"type": "movement", "of": MRR, "part": "new", "count": True})
    assert numbers(logos) == {(None, None, OCTOBER, None): 1}


def test_movement_calls_a_return_reactivation_in_full() -> None:
    gap = [
        {"account": "A", "plan": "pro", "mrr": 100, "start": AUGUST, "end": SEPTEMBER},
        {"account": "A", "plan": "pro", "mrr": 70, "start": OCTOBER, "end": None},
    ]
    found = ask(
        Company({"subscriptions": gap}), {"type": "movement", "of": MRR, "part": "reactivation"}, SEPTEMBER, OCTOBER
    )
    assert [cell.value for cell in found.values()] == [0, 70]


def test_net_retention_follows_the_accounts_of_the_base() -> None:
    metric = {"type": "net_retention", "of": MRR, "over": "1mo"}
    found = {key[3]: cell.value for key, cell in ask(PAYING, metric, by="plan").items()}
    assert found == {None: F(1, 2), "starter": F(3, 2), "pro": 0}
    variants = {"cap": F(1, 3), "count": F(1, 2), "lost": F(1, 2)}
    for knob, value in variants.items():
        assert numbers(ask(PAYING, {**metric, knob: True})) == {(None, None, OCTOBER, None): value}, knob


def test_ratio_keeps_the_denominator_whole_under_the_cut_of_the_numerator() -> None:
    tickets = [
        {"at": at("10-02"), "account": who, "category": what}
        for who, what in [("A", "billing"), ("A", "bug"), ("C", "bug")]
    ]
    done = [("ok", who, None, "10-03") for who, n in (("A", 40), ("B", 20)) for _ in range(n)]
    metric = {
        "type": "ratio",
        "numerator": {"type": "simple", "source": "tickets", "cut": "category"},
        "denominator": {"type": "simple", "event": "ok"},
        "scale": 100,
        "whole": ["category"],
    }
    found = numbers(ask(Company({"tickets": tickets, "events": events(*done)}), metric))
    assert {key[0]: value for key, value in found.items()} == {None: 5, "billing": F(5, 3), "bug": F(10, 3)}


def test_derived_is_arithmetic_over_inputs_and_null_where_one_is() -> None:
    part = {"type": "movement", "of": MRR}
    names = {"new": "new", "up": "expansion", "gone": "churn"}
    inputs: dict[str, Any] = {name: {**part, "part": word} for name, word in names.items()}
    quick = {"type": "derived", "expr": "(new + up) / -gone", "input_metrics": inputs}
    assert numbers(ask(PAYING, quick)) == {(None, None, OCTOBER, None): F(1, 2)}
    growth = {
        "type": "derived",
        "expr": "now / then - 1",
        "input_metrics": {"now": MRR, "then": {"metric": MRR, "offset": "1mo"}},
    }
    found = ask(PAYING, growth, SEPTEMBER, OCTOBER)
    assert numbers(found) == {(None, None, SEPTEMBER, None): None, (None, None, OCTOBER, None): F(-1, 3)}
    assert found[None, None, SEPTEMBER, None].status == "undefined"


def test_periods_are_local_days_and_unfinished_ones_say_so() -> None:
    company = Company({"events": events(("x", "A", None, "09-30T22:30"), ("x", "A", None, "10-25T00:30"))})
    metric = {"type": "simple", "event": "x"}
    berlin = ask(company, metric, SEPTEMBER, OCTOBER, timezone="Europe/Berlin")
    assert [cell.value for cell in berlin.values()] == [0, 2]
    seen = ask(company, metric, as_of=at("10-20"))[None, None, OCTOBER, None]
    assert (seen.value, seen.status) == (0, "partial")
