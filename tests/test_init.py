"""A folder of exports becomes a first metrics.yaml that runs at once and whose numbers are right."""

from __future__ import annotations

import io
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT
from saasmetrics.cli.app import run
from saasmetrics.cli.console import Console
from saasmetrics.engine.ask import Ask
from saasmetrics.period import Grain
from saasmetrics.pipeline import compute
from saasmetrics.starting.proposal import Proposed, activation, named, workflows

EXPORTS = ROOT / "examples" / "exports"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The six exports in a folder of their own."""
    shutil.copytree(EXPORTS, tmp_path / "acme")
    return tmp_path / "acme"


def _value(folder: Path, metric: str, grain: str, as_of: date) -> tuple[float | None, float | None, float | None]:
    """Value, numerator and denominator of the last period."""
    result = compute(folder / "metrics.yaml", Ask((metric,), grain=Grain(grain), as_of=as_of))
    values = result.values.filter(pl.col("metric") == metric).sort("period")
    return values.select("value", "numerator", "denominator").row(-1)


def test_init_and_compute_give_right_numbers_over_six_exports(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The numbers were worked out from the tables of truth of these exports, by loops of their own.

    MRR is what Chargebee reports (2,230.25), and the two trials that ended in 2024 and are still called so: 784 for
    six months and 98 a month. Of 23 deals closed in 2024 13 were won, for 151,201.50. Of seven answers in the 90 days
    before the new year three more promote than detract. 18 and 17 people came in February and March.
    """
    monkeypatch.chdir(folder)
    assert run(["init", "."]) == 0
    assert run(["compute"]) == 0
    out, err = capsys.readouterr()
    assert "bug" not in err
    assert "error" not in err
    assert "Monthly active users" in out
    march, december = date(2025, 3, 31), date(2024, 12, 31)
    assert _value(folder, "mrr", "month", march)[0] == pytest.approx(2230.25 + 784 / 6 + 98, abs=1e-3)
    assert _value(folder, "mau", "month", march)[0] == 17
    assert _value(folder, "mau", "month", date(2025, 2, 28))[0] == 18
    assert _value(folder, "win_rate", "year", december) == pytest.approx((13 / 23, 13, 23))
    assert _value(folder, "average_deal_size", "year", december)[1:] == (151201.5, 13)
    assert _value(folder, "nps", "month", december)[1:] == (3, 7)


def test_a_file_that_is_there_is_kept_unless_it_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "metrics.yaml").write_text("version: 1\n", encoding="utf-8")
    assert run(["init", str(folder)]) == 2
    assert "is there already; use --force to replace it" in capsys.readouterr().err
    assert (folder / "metrics.yaml").read_text(encoding="utf-8") == "version: 1\n"
    assert run(["init", str(folder), "--force"]) == 0
    assert "preset: hubspot.deals" in (folder / "metrics.yaml").read_text(encoding="utf-8")


def test_a_folder_without_exports_says_what_its_files_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices.csv").write_text("sku,net\n1,2\n", encoding="utf-8")
    assert run(["init", str(tmp_path)]) == 3
    err = capsys.readouterr().err
    assert "there is no export in" in err
    assert "prices.csv: no export that a preset knows" in err
    assert not (tmp_path / "metrics.yaml").exists()


def test_every_answer_is_a_flag(folder: Path) -> None:
    answers = ["--product", "Nice: one", "--currency", "eur", "--timezone", "Europe/Berlin"]
    assert run(["init", str(folder), *answers, "--exported-in", "Europe/Rome"]) == 0
    text = (folder / "metrics.yaml").read_text(encoding="utf-8")
    for line in ('product: "Nice: one"', "currency: EUR", "timezone: Europe/Berlin", "timezone: Europe/Rome\n"):
        assert line in text
    assert "fx: {rows: [{currency: USD, rate: ?}]}" in text, "what is in dollars needs a rate now"


def test_it_asks_only_where_somebody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked, typed = Terminal(), Terminal("Acme\n\n")
    monkeypatch.setattr("sys.stderr", asked)
    monkeypatch.setattr("sys.stdin", typed)
    assert Console().ask("Product", "folder") == "Acme"
    assert Console().ask("Currency", "USD") == "USD"
    assert asked.getvalue() == "Product [folder]: Currency [USD]: "
    assert Console(quiet=True).ask("Product", "folder") == "folder"
    monkeypatch.setattr("sys.stdin", io.StringIO("never read\n"))
    assert Console().ask("Product", "folder") == "folder"


def test_workflows_are_proposed_from_names_that_go_in_pairs() -> None:
    events = ["invoice_started", "Invoice Posted", "invoice_failed", "page_viewed", "ImportStarted", "ImportCompleted"]
    assert workflows(events) == (
        Proposed("invoice", "invoice_started", "Invoice Posted", "invoice_failed"),
        Proposed("import", "ImportStarted", "ImportCompleted", None),
    )
    assert workflows(["report_exported", "signed_up", "completed"]) == ()


def test_steps_of_activation_are_what_many_do_first() -> None:
    habits = pl.DataFrame(
        {
            "event": ["$pageview", "Signed Up", "Import Failed", "Invoice Sent", "Seldom", "Team Invited", "Later"],
            "rows": [90, 10, 9, 8, 1, 7, 5],
            "share": [1.0, 1.0, 0.9, 0.8, 0.1, 0.7, 0.6],
            "days": [0.0, 0.0, 0.5, 2.0, 0.1, 1.0, 9.0],
        }
    )
    expected = {"signed_up": "Signed Up", "team_invited": "Team Invited", "invoice_sent": "Invoice Sent"}
    assert dict(activation(habits)) == expected
    assert activation(habits.head(2)) == {}, "one step is no path"
    assert named("2nd Step") == "event_2_nd_step"


EVENTS = "id,event,at,account,user\n" + "".join(
    f"{name}{n},{event},2026-0{1 + n % 2}-{1 + day:02d}T10:00:00Z,a{n},u{n}\n"
    for n in range(8)
    for day, (name, event) in enumerate([("s", "signed_up"), ("b", "invoice_started"), ("p", "invoice_posted")])
)


def test_events_under_their_own_names_get_workflows_and_activation(tmp_path: Path) -> None:
    """Eight accounts, all of which sign up, start an invoice a day later and post it the day after that."""
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    accounts = "account,created\n" + "".join(f"a{n},2026-0{1 + n % 2}-01\n" for n in range(8))
    (tmp_path / "accounts.csv").write_text(accounts, encoding="utf-8")
    assert run(["init", str(tmp_path)]) == 0
    text = (tmp_path / "metrics.yaml").read_text(encoding="utf-8")
    assert "  invoice:\n    attempt: invoice_started\n    success: invoice_posted\n    within: 24h" in text
    assert "signed_up: signed_up\n    invoice_started: invoice_started\n    invoice_posted: invoice_posted" in text
    asked = Ask(("workflow_successes", "activation_rate"), grain=Grain("month"), as_of=date(2026, 3, 31))
    values = compute(tmp_path / "metrics.yaml", asked).values
    done = values.filter((pl.col("metric") == "workflow_successes") & (pl.col("period") == date(2026, 2, 1)))
    assert done["value"].drop_nulls().to_list()[0] == 4
    activated = values.filter((pl.col("metric") == "activation_rate") & (pl.col("period") == date(2026, 2, 1)))
    assert (4.0, 4.0) in activated.select("numerator", "denominator").rows()


def test_payments_stand_beside_the_invoices_that_they_pay(tmp_path: Path) -> None:
    cases = ROOT / "tests" / "cases" / "presets"
    shutil.copy(cases / "stripe.payments" / "export.csv", tmp_path / "payments.csv")
    shutil.copy(cases / "stripe.elt_invoices" / "export.csv", tmp_path / "invoice.csv")
    assert run(["init", str(tmp_path)]) == 0
    text = (tmp_path / "metrics.yaml").read_text(encoding="utf-8")
    assert "  # Not read: payments of the invoices that are there" in text
    assert "\n  # stripe_payments:" in text
    assert "\n  stripe_invoices:" in text
    assert "EUR" not in text.split("# Rates")[-1] or "# Rates" not in text, "only what is read needs rates"


def test_what_only_other_metrics_rest_on_is_shown_where_its_export_is_there(tmp_path: Path) -> None:
    """Two invoices of August in pounds and euros: one of them needs a rate, and what is earned is on the page."""
    head = "InvoiceNumber,ContactName,InvoiceDate,DueDate,Total,TaxTotal,LineAmount,AccountCode,Status,Currency,Type"
    rows = [f"{n},Ardent,2{n}/08/2025,30/08/2025,120,20,100,200,Paid,{code},Sales invoice" for n, code in CODES]
    (tmp_path / "invoices.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    assert run(["init", str(tmp_path)]) == 0
    text = (tmp_path / "metrics.yaml").read_text(encoding="utf-8")
    assert "  recognised_revenue: {publish: true}" in text
    told = " ".join(text.replace("#", "").split())
    assert "rates of EUR in sources.fx, since amounts are told in GBP: until then 1 row is left out" in told
    result = compute(tmp_path / "metrics.yaml", Ask(grain=Grain("month"), as_of=date(2025, 8, 31)))
    assert result.values.filter(pl.col("period") == date(2025, 8, 1)).select("metric", "value").rows() == [
        ("recognised_revenue", 200.0)
    ]


CODES = ((1, "GBP"), (2, "EUR"), (3, "GBP"))
