"""Types over what is there at a date: stock, movement, net_retention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from typing import Any

from oracle.counting import judged, rows_of
from oracle.happenings import chosen, once_per_run, passes
from oracle.shapes import UNKNOWN, Asked, Cell, Company, Key, Metric, Row, later, share

LIVES = {
    "subscriptions": ("start", "end"),
    "users": ("created", "closed"),
    "accounts": ("created", "closed"),
    "tickets": ("at", "resolved"),
}
GRAINS = ("day", "week", "month", "quarter", "year")
BILLS = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}

Balances = dict[tuple[str, str | None], Fraction]
"""Amounts by account and value of the row's own segment (None when it is not asked for)."""


def rate_of(company: Company, metric: Metric, asked: Asked, row: Row, day: date) -> Fraction | None:
    """What one unit of a row's currency is worth, under policy `fx`; None where nothing says so.

    Formula: constant: the rate without a date, else the newest. monthly: the last rate dated in the month of `day`; a
    month that has not ended takes the newest rate there is when it has none. row_start: the last dated on the start of
    the row or before. Where no dated rate is found, the one without a date.
    """
    known = [fx for fx in company.rows("fx") if fx["currency"] == row.get("currency")]
    if not known:
        return Fraction(1)
    policy = metric.get("policies", {}).get("fx", "constant")
    undated = [fx for fx in known if fx.get("at") is None]
    dated = sorted((fx for fx in known if fx.get("at") is not None), key=lambda fx: fx["at"])
    if policy == "constant":
        return Fraction(str((undated or dated)[-1]["rate"]))
    today = asked.day(asked.as_of)
    dated = [fx for fx in dated if asked.instant(fx["at"]) < asked.as_of]
    if policy == "row_start":
        found = [fx for fx in dated if fx["at"] <= row.get("signed", row["start"])]
    else:
        month = min(asked.floor(day, "month"), asked.floor(today, "month"))
        found = [fx for fx in dated if asked.floor(fx["at"], "month") == month]
        if month == asked.floor(today, "month"):
            found = found or dated
    found = found or undated
    return Fraction(str(found[-1]["rate"])) if found else None


def priced(company: Company, metric: Metric, asked: Asked, row: Row) -> bool:
    """Whether a row has a rate in every month of its life; one that has not is left out of all of them."""
    day, today = asked.floor(row["start"], "month"), asked.day(asked.as_of)
    while True:
        if rate_of(company, metric, asked, row, day) is None:
            return False
        day = asked.end(day, "month")
        if day > today or (row.get("end") is not None and day >= row["end"]):
            return True


def mrr_of(row: Row, rate: Fraction) -> Fraction:
    """Monthly amount of a subscription: price x quantity x bills a year / interval_count / 12, in one currency."""
    if row.get("mrr") is not None:
        return Fraction(row["mrr"]) * rate
    if row.get("interval") is None:
        months = (row["end"].year - row["start"].year) * 12 + row["end"].month - row["start"].month
        whole = row["start"].day == row["end"].day and months > 0
        bills = Fraction(12, months) if whole else Fraction(365, (row["end"] - row["start"]).days)
        return Fraction(str(row["price"])) * Fraction(str(row.get("quantity") or 1)) * bills / 12 * rate
    bills = Fraction(BILLS[row["interval"]], row.get("interval_count") or 1)
    return Fraction(str(row["price"])) * Fraction(str(row.get("quantity") or 1)) * bills / 12 * rate


def under(metric: Metric) -> Metric:
    """What a metric is made of, under the policies of the metric."""
    return {**metric["of"], "policies": {**metric["of"].get("policies", {}), **metric.get("policies", {})}}


def recurring(company: Company, metric: Metric, asked: Asked) -> list[Row]:
    """What recurs under the policies: subscriptions, or lines of invoices over the service that they bill.

    Each row has what it earns a month, in its own currency, as `mrr` and `price`, and without discounts as `list_mrr`.
    Formula: usage trailing: of metered lines dated in the `usage_months` months up to a day the sum, divided by the
    number of months. end_inclusive: the end is a day later. grace: see `_bridged_over`. Else see `earned`.
    """
    policies = metric.get("policies", {})
    question = ("recurring", repr(policies), asked.as_of, asked.timezone)
    return company.once(question, lambda: _recurring(company, policies, asked))


def _recurring(company: Company, policies: Mapping[str, Any], asked: Asked) -> list[Row]:
    lines = [row for row in company.rows("invoices") if row["at"] < asked.as_of and row.get("status") != "void"]
    rows: list[Row] = []
    if policies.get("recurring_from") == "invoices":
        lines = [_a_day_more(row) for row in lines] if policies.get("end_inclusive") else lines
        served = [row for row in lines if row["kind"] in (None, "recurring") and row["start"] and row["end"]]
        for row in served:
            if row["start"] < row["end"]:
                monthly = mrr_of({"price": row["amount"], "start": row["start"], "end": row["end"]}, Fraction(1))
                rows.append({**row, "mrr": monthly, "price": monthly, "list_mrr": monthly})
    else:
        table = company.rows("subscriptions")
        sharing: dict[tuple[str, date], list[tuple[date, date | None]]] = defaultdict(list)
        for row in table:
            lives = lived(row, policies)
            if lives is not None and row.get("discount_end") is not None:
                sharing[_payer(row), row["discount_end"]].append(lives)
        rows = [stretch for row in table for stretch in earned(row, policies, sharing)]
    if "grace" in policies:
        rows = _bridged_over(rows, policies["grace"], asked)
    if policies.get("usage") == "trailing":
        count = policies.get("usage_months", 3)
        for row in lines:
            if row["kind"] == "usage":
                day = asked.day(row["at"])
                mean = Fraction(str(row["amount"])) / count
                end = later(day, f"{count}mo")
                rows.append({**row, "start": day, "end": end, "mrr": mean, "price": mean, "list_mrr": mean})
    return rows


Sharing = Mapping[tuple[str, date], list[tuple[date, date | None]]]
ENDED = ("canceled", "cancelled", "non_renewing", "ended", "expired", "churned", "deleted")


def earned(row: Row, policies: Mapping[str, Any], sharing: Sharing) -> list[Row]:
    """The stretches of a subscription in which it earns one amount, from when to when see `lived`.

    A month: (price x quantity, or what usage is committed to) less the percentage, then less the amount, never below
    zero, for each bill. discounts all: while they run; recurring: so too, but for those `only_once`; forever_only:
    those without an end; list_price: none. `sharing`: by account and end of a discount the lives of the rows with it.
    """
    lives = lived(row, policies)
    if lives is None:
        return []
    start, end = lives
    metered = row.get("kind") == "usage"
    listed, net = _a_month(row, _last(row, policies), metered)
    stretch = {**row, "signed": row["start"], "start": start, "end": end, "list_mrr": listed}
    full, reduced = ({**stretch, "mrr": amount, "price": amount} for amount in (listed, net))
    over, policy = row.get("discount_end"), policies.get("discounts", "recurring")
    if policy == "list_price" or (policy == "forever_only" and over is not None):
        return [full]
    if over is None:
        return [reduced]
    if over <= start or (policy == "recurring" and only_once(row, over, sharing[_payer(row), over])):
        return [full]
    if end is not None and over >= end:
        return [reduced]
    return [{**reduced, "end": over}, {**full, "start": over}]


def lived(row: Row, policies: Mapping[str, Any]) -> tuple[date, date | None] | None:
    """From when to when a subscription earns; None if it never does.

    Formula: it earns when its status is one of `mrr_statuses` or none; else until its end when it has ended, from the
    end of its trial, until its pause. From: the start, or the end of the trial. To: the end, a day later with
    `end_inclusive`, and of a row that has ended without one when it was cancelled; with churn_at billing_end the day on
    which billing closed it, with request the cancellation if that is earlier; the pause, unless `paused` earns.
    """
    counts = row.get("kind") in (None, "recurring")
    metered = row.get("kind") == "usage" and policies.get("usage") == "committed"
    status = row["status"].lower() if row.get("status") else None
    last = _last(row, policies)
    end = row.get("cancelled_at") if last is None and status in ENDED else last
    if policies.get("churn_at") == "billing_end":
        end = row.get("closed_at") or end
    if not (counts or metered) or not _earns(row, status, end, policies):
        return None
    if policies.get("churn_at") == "request":
        end = _earlier(end, row.get("cancelled_at"))
    if "paused" not in policies.get("mrr_statuses", ("active", "past_due")):
        end = _earlier(end, row.get("paused_at"))
    start = max(row["start"], row.get("trial_end") or row["start"])
    return None if end is not None and end <= start else (start, end)


def _last(row: Row, policies: Mapping[str, Any]) -> date | None:
    """The end of the service that a row names."""
    return row["end"] + timedelta(days=1) if policies.get("end_inclusive") and row.get("end") else row.get("end")


def only_once(row: Row, over: date, lives: list[tuple[date, date | None]]) -> bool:
    """Whether a discount that ends on `over`, of rows that live so, lowers one bill, and that of less than a year."""
    if row.get("interval") is None or not any(end is None or end > over for _, end in lives):
        return False
    count, unit = row.get("interval_count") or 1, {"day": "d", "week": "w", "month": "mo", "quarter": "q", "year": "y"}
    a_year = count * {"day": 1 / 365, "week": 1 / 52, "month": 1 / 12, "quarter": 1 / 4, "year": 1}[row["interval"]]
    first = min(start for start, _ in lives)
    return over <= later(first, f"{count}{unit[row['interval']]}") and a_year < 1


def _a_month(row: Row, last: date | None, metered: bool) -> tuple[Fraction, Fraction]:
    """What a subscription earns a month by its list, and less its discount; a row that says it says both."""
    if row.get("mrr") is not None:
        return Fraction(str(row["mrr"])), Fraction(str(row["mrr"]))
    listed = mrr_of({**row, "end": last, **_committed(row, metered)}, Fraction(1))
    less = Fraction(str(row.get("discount_percent") or 0)) / 100
    off = mrr_of({**row, "end": last, "price": row.get("discount_amount") or 0, "quantity": 1}, Fraction(1))
    return listed, max(listed * (1 - less) - off, Fraction(0))


def _committed(row: Row, metered: bool) -> Row:
    return {"price": row.get("committed") or 0, "quantity": 1} if metered else {}


def _earns(row: Row, status: str | None, end: date | None, policies: Mapping[str, Any]) -> bool:
    if status is None or status in policies.get("mrr_statuses", ("active", "past_due")):
        return True
    if status in ENDED:
        return end is not None or row.get("cancelled_at") is not None
    if status == "paused":
        return row.get("paused_at") is not None
    return status in ("trialing", "in_trial", "trial") and row.get("trial_end") is not None


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _a_day_more(row: Row) -> Row:
    return row if row.get("end") is None else {**row, "end": row["end"] + timedelta(days=1)}


def _bridged_over(rows: list[Row], grace: str, asked: Asked) -> list[Row]:
    """Rows that earn, each carried to the account's next one where that begins within the grace.

    Edges: not while another row of the account is there; where none follows yet, and the grace is not over at the
    as-of, to its end.
    """
    today = asked.day(asked.as_of)
    out: list[Row] = []
    for row in rows:
        end = row.get("end")
        others = [other for other in rows if _payer(other) == _payer(row) and other["price"] > 0]
        if end is None or row["price"] <= 0:
            out.append(row)
            continue
        covered = any(o["start"] <= end and (o.get("end") is None or o["end"] > end) for o in others)
        if not covered:
            after = min((other["start"] for other in others if other["start"] > end), default=None)
            limit = later(end, grace)
            if after is not None and after <= limit:
                end = after
            elif after is None and end <= today < limit:
                end = limit
        out.append({**row, "end": end})
    return out


def _payer(row: Row) -> str:
    """The account of a row: what is told by subscription has the balances of accounts, taken apart."""
    return str(row.get("payer") or row["account"])


def live(company: Company, metric: Metric, asked: Asked, day: date) -> list[Row]:
    """Rows of the stock's source that are there on a day: `start <= day < end`."""
    role = metric["source"]
    first, last = LIVES[role]

    def there(row: Row) -> bool:
        start, end = row.get(first), row.get(last)
        return start is not None and asked.day(start) <= day and (end is None or day < asked.day(end))

    rows = recurring(company, metric, asked) if role == "subscriptions" else company.rows(role)
    return [row for row in rows if row.get("account") is not None and passes(row, metric) and there(row)]


def balances(
    company: Company, metric: Metric, asked: Asked, day: date, own: str | None = None, told: date | None = None
) -> Balances:
    """What each account holds on a day, by a column of the row where one is asked for; at the rates of `told`."""
    out: Balances = defaultdict(Fraction)
    for row in live(company, metric, asked, day):
        if metric["source"] == "subscriptions" and not priced(company, metric, asked, row):
            continue
        expr = metric.get("expr") if metric.get("agg") == "sum" else None
        plain = Fraction(str(row.get(expr) or 0)) if expr else Fraction(1)
        if expr in ("mrr", "list_mrr"):
            row = {**row, "mrr": row[expr]}
            now = rate_of(company, metric, asked, row, day) or Fraction(0)
            plain = mrr_of(row, now if told is None else rate_of(company, metric, asked, row, told) or now)
        out[row["account"], str(row[own]) if own else None] += plain
    return dict(out)


def stock(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """What is there on the last day of the period, or on the last visible day while it is in progress.

    As an input with an `offset` it is read so much earlier.
    Formula: number of rows with start <= day < end, or the sum of `expr` over them, or its different values.
    """
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        if "offset" in metric:
            day = later(day + timedelta(days=1), metric["offset"], -1) - timedelta(days=1)
        rows = live(company, metric, asked, day)
        held = balances(company, metric, asked, day)
        total = sum(held.values(), Fraction(0))
        if metric.get("agg") == "count_distinct":
            total = Fraction(len({row.get(metric["expr"]) for row in rows} - {None}))
        status = judged(asked, period, total, counted=len(rows), of_rate=False)
        out[None, None, period] = Cell(total, total, None, len(rows), len({row["account"] for row in rows}), 0, status)
    return out


def movements(
    company: Company, metric: Metric, asked: Asked, own: str | None
) -> list[tuple[date, str, str | None, str, Fraction]]:
    """Every change between consecutive snapshots: compared period, account, own value, label, amount.

    Formula, by account, p before and c after: churn p > 0, c = 0; new p = 0, c > 0, never positive before; reactivation
    p = 0, c > 0, positive before; expansion c > p > 0; contraction 0 < c < p.
    By own value v with change d(v): the account's net goes, in proportion, to the values that moved in its direction;
    what is left of d(v) is transfer, zero in total. p is told at the rates of now; what that alone changes is fx.
    Edges: snapshots are monthly (policy `movement_grain`: of days, or of the report), or as fine as the report when
    that is finer. With policy `reactivation_window` an account is new again when more than that lies between the end of
    its last period with a balance and this one.
    """
    policy = metric.get("policies", {}).get("movement_grain", "month")
    grain = min(asked.grain, asked.grain if policy == "report" else policy, key=GRAINS.index)
    of = under(metric)
    flow = happened(company, of, asked, grain) if of["type"] == "simple" else None
    begun = list(flow) if flow is not None else [asked.day(row["start"]) for row in recurring(company, of, asked)]
    first = min(begun, default=asked.periods[0])
    cell = asked.floor(first, grain)
    before: Balances = {}
    then: date | None = None
    ever: dict[str, date] = {}
    window = metric.get("policies", {}).get("reactivation_window")
    out = []
    while cell < asked.end(asked.periods[-1]):
        day = Asked(grain, [cell], asked.as_of, asked.timezone).last_day(cell)
        if day is None:
            break
        after = balances(company, of, asked, day, own) if flow is None else flow.get(cell, {})
        if flow is None and then is not None:
            carried = balances(company, of, asked, then, own, day)
            for (account, value), amount in carried.items():
                by_rates = amount - before.get((account, value), Fraction(0))
                out += [(cell, account, value, "fx", by_rates)] if by_rates else []
            before = carried
        for account in sorted({account for account, _ in {**before, **after}}):
            p, c = _held(before, account), _held(after, account)
            delta = {
                v: after.get((a, v), Fraction(0)) - before.get((a, v), Fraction(0))
                for a, v in {**before, **after}
                if a == account
            }
            back = account in ever and (window is None or later(ever[account], window) >= cell)
            label = _label(p, c, back)
            out += [(cell, account, v, part, amount) for v, part, amount in _split(delta, c - p, label) if amount]
        ever |= {account: asked.end(cell, grain) for account, _ in after if _held(after, account) > 0}
        before, then, cell = after, day, asked.end(cell, grain)
    return out


def happened(company: Company, metric: Metric, asked: Asked, grain: str) -> dict[date, Balances]:
    """Of a number that counts rows: how many each account has in every period of a grain."""
    out: dict[date, Balances] = defaultdict(lambda: defaultdict(Fraction))
    for entry in once_per_run(chosen(company, rows_of(metric), asked)):
        if entry.account is not None:
            out[asked.floor(entry.at, grain)][entry.account, None] += 1
    return out


def _held(held: Balances, account: str) -> Fraction:
    return sum((amount for (owner, _), amount in held.items() if owner == account), Fraction(0))


def _label(p: Fraction, c: Fraction, ever: bool) -> str:
    if p > 0 and c <= 0:
        return "churn"
    if p <= 0 and c > 0:
        return "reactivation" if ever else "new"
    return "expansion" if c > p else "contraction"


def _split(delta: Mapping[str | None, Fraction], net: Fraction, label: str) -> list[tuple[str | None, str, Fraction]]:
    along = {value: change for value, change in delta.items() if change * net > 0}
    out = []
    for value, change in delta.items():
        labelled = net * change / sum(along.values()) if value in along else Fraction(0)
        out += [(value, label, labelled), (value, "transfer", change - labelled)]
    return out


def movement(
    company: Company, metric: Metric, asked: Asked, own: str | None = None
) -> dict[tuple[str | None, date], Cell]:
    """One part of the movements of a stock, summed over the compared periods: by own value, and None for all.

    Formula: see `movements`; `net` is all parts; `count` counts the accounts that have the part instead of amounts.
    """
    split = movements(_each(company, metric), metric, asked, own)
    wanted = (
        ("new", "expansion", "contraction", "churn", "reactivation", "transfer", "fx")
        if metric["part"] == "net"
        else (metric["part"],)
    )
    out: dict[tuple[str | None, date], Cell] = {}
    for period in asked.periods:
        if asked.last_day(period) is None:
            continue
        moves = [m for m in split if period <= m[0] < asked.end(period) and m[3] in wanted]
        groups = {None: moves} if own is None else {v: [m for m in moves if m[2] == v] for v in {m[2] for m in split}}
        for value, some in groups.items():
            total = sum((amount for *_, amount in some), Fraction(0))
            if metric.get("count"):
                total = Fraction(len({(cell, account) for cell, account, *_ in some}))
            status = judged(asked, period, total, counted=len(some), of_rate=False)
            out[value, period] = Cell(total, total, None, len(some), len({m[1] for m in some}), 0, status)
    return out


def _each(company: Company, metric: Metric) -> Company:
    """With `entity: subscription` every subscription is an account of its own, and still that of one that pays."""
    if metric.get("entity") != "subscription":
        return company
    rows = [
        {**row, "account": f"{row['account']}/{n}", "payer": row["account"]}
        for n, row in enumerate(company.rows("subscriptions"))
    ]
    return replace(company, roles={**company.roles, "subscriptions": rows})


def net_retention(
    company: Company, metric: Metric, asked: Asked, by_plan: str | None = None
) -> dict[tuple[str | None, date], Cell]:
    """What the accounts of a base are worth later: by the plan they had then, and None for all.

    Formula: accounts with a balance `over` before; sum of now / sum of then; with `cap` min(now, then); with `count`
    accounts still above zero over accounts; with `lost` 1 less that.
    """
    out: dict[tuple[str | None, date], Cell] = {}
    metric = {"over": "12mo", **metric}
    of, company = under(metric), _each(company, metric)
    if metric.get("policies", {}).get("retention") == "movements":
        return {(None, period): cell for period, cell in bridged(company, metric, asked).items()}
    if metric.get("policies", {}).get("retention") == "chained" and metric["over"] != "1mo":
        return {(None, period): cell for period, cell in chained(company, metric, asked).items()}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        was = later(day + timedelta(days=1), metric.get("over", "12mo"), -1) - timedelta(days=1)
        then, now = ({a: amount for (a, _), amount in balances(company, of, asked, d).items()} for d in (was, day))
        base = {account: amount for account, amount in then.items() if amount > 0}
        if metric.get("policies", {}).get("retention") == "continuous":
            for month in range(1, int(metric["over"].removesuffix("mo"))):
                between = later(day + timedelta(days=1), f"{month}mo", -1) - timedelta(days=1)
                held = {account for (account, _), amount in balances(company, of, asked, between).items() if amount > 0}
                now = {account: amount for account, amount in now.items() if account in held}
        groups: dict[str | None, list[str]] = {None: sorted(base)}
        if by_plan:
            plans = largest(company, of, asked, was, by_plan)
            groups = {plan: [a for a in base if plans[a] == plan] for plan in set(plans.values())}
        for value, accounts in groups.items():
            out[value, period] = _retained(
                {a: (base[a], now.get(a, Fraction(0))) for a in accounts}, metric, asked, period
            )
    return out


def chained(company: Company, metric: Metric, asked: Asked) -> dict[date, Cell]:
    """Retention as the product of that of each month of the window; null when a month has none.

    A quarter has that of its last month.
    """
    month = {**metric, "over": "1mo", "lost": False}
    out = {}
    for period in asked.periods:
        last = asked.last_day(period)
        if last is None:
            continue
        value: Fraction | None = Fraction(1)
        for back in range(int(metric["over"].removesuffix("mo"))):
            then = later(asked.floor(last, "month"), f"{back}mo", -1)
            before = Asked("month", [then], asked.as_of, asked.timezone)
            found = net_retention(company, month, before)[None, then].value
            value = None if value is None or found is None else value * Fraction(found)
        value = 1 - value if metric.get("lost") and value is not None else value
        out[period] = Cell(value, status=judged(asked, period, value, counted=0, of_rate=False))
    return out


def bridged(company: Company, metric: Metric, asked: Asked) -> dict[date, Cell]:
    """Retention from movements: what all accounts had when the window began and what moved since, over the former.

    Formula: (opening + expansion + contraction + churn + fx) / opening; with `reactivation_in_net` + reactivation; with
    `cap` (opening + contraction + churn) / opening; with `count` accounts: churned ones less, returned ones more.
    Edges: months are whole, whatever movements compare else; the last is the newest whose snapshot is not after that of
    the period.
    """
    out = {}
    policies = metric.get("policies", {})
    by_month = {**metric, "policies": {**policies, "movement_grain": "month"}}
    months = int(metric["over"].removesuffix("mo"))
    parts = {"contraction", "churn"} if metric.get("cap") else {"contraction", "churn", "expansion", "fx"}
    if policies.get("reactivation_in_net") and not metric.get("cap"):
        parts |= {"reactivation"}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        last = asked.floor(day, "month")
        read = Asked("month", [last], asked.as_of, asked.timezone).last_day(last)
        if read is None or read > day:
            last = later(last, "1mo", -1)
        first = later(last, f"{months - 1}mo", -1)
        opening = first - timedelta(days=1)
        held = balances(company, under(metric), asked, opening)
        base = {a: amount for (a, _), amount in held.items() if amount > 0}
        some = Asked("month", [last], asked.as_of, asked.timezone)
        moves = [m for m in movements(company, by_month, some, None) if first <= m[0] <= last and m[3] in parts]
        if metric.get("count"):
            moved = Fraction(sum((part == "reactivation") - (part == "churn") for *_, part, _ in moves))
            whole = Fraction(len(base))
        else:
            moved, whole = sum((m[4] for m in moves), Fraction(0)), sum(base.values(), Fraction(0))
        numerator = -moved if metric.get("lost") else whole + moved
        value = _for_a_year(share(numerator, whole), metric)
        status = judged(asked, period, value, counted=len(base), of_rate=True)
        out[period] = Cell(value, numerator, whole, len(base), len(base), 0, status)
    return out


def _for_a_year(value: Fraction | None, metric: Metric) -> Fraction | float | None:
    """What is lost as if it went on for a year, 1 - (1 - m)^(12 / months), under policy `churn_annualised`."""
    if value is None or not metric.get("lost") or not metric.get("policies", {}).get("churn_annualised"):
        return value
    return float(1 - (1 - float(value)) ** (12 / int(metric["over"].removesuffix("mo"))))


def _retained(pairs: Mapping[str, tuple[Fraction, Fraction]], metric: Metric, asked: Asked, period: date) -> Cell:
    kept = lost = whole = Fraction(0)
    for then, now in pairs.values():
        a, b = (
            (Fraction(1), Fraction(now > 0))
            if metric.get("count")
            else (then, min(now, then) if metric.get("cap") else now)
        )
        whole, kept, lost = whole + a, kept + b, lost + a - b
    numerator = lost if metric.get("lost") else kept
    value = _for_a_year(share(numerator, whole), metric)
    status = judged(asked, period, value, counted=len(pairs), of_rate=True)
    return Cell(value, numerator, whole, len(pairs), len(pairs), 0, status)


def by_plan_at_cell_end(company: Company, asked: Asked) -> dict[str, Callable[[str, date], bool]]:
    """For each plan whether an account has it at the end of the cell (week within month) in which a day lies."""
    metric = {"source": "subscriptions"}

    def plan_of(account: str, day: date) -> str:
        month_end = asked.end(asked.floor(day, "month"), "month") - timedelta(days=1)
        week_end = asked.floor(day, "week") + timedelta(days=6)
        return largest(company, metric, asked, min(week_end, month_end), "plan").get(account, UNKNOWN)

    plans = {str(row["plan"]) for row in company.rows("subscriptions")} | {UNKNOWN}
    return {plan: partial(_is, plan_of, plan) for plan in plans}


def _is(plan_of: Callable[[str, date], str], plan: str, account: str, day: date) -> bool:
    return plan_of(account, day) == plan


def largest(company: Company, metric: Metric, asked: Asked, day: date, column: str) -> dict[str, str]:
    """The plan of each account's largest live subscription on a day; one left out for want of a rate is none."""

    def worth(row: Row) -> Fraction:
        return mrr_of(row, rate_of(company, metric, asked, row, day) or Fraction(0))

    told = [row for row in live(company, metric, asked, day) if priced(company, metric, asked, row)]
    rows = sorted(told, key=lambda row: (-worth(row), str(row[column])))
    out: dict[str, str] = {}
    for row in rows:
        out.setdefault(row["account"], str(row[column]))
    return out
