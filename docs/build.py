"""Writes docs/reference from the code: `python docs/build.py`. A test fails when what is committed is not fresh.

Nothing is said here that the code does not say: pages are docstrings, keys, choices and catalogue entries, laid out.
The one thing of its own is a title for every finding code, since a code is spread over the places that find it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from saasmetrics import document
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import ROWS_KEYS, Rows
from saasmetrics.definitions.settings import Settings
from saasmetrics.explain import words
from saasmetrics.explain.manual import manual
from saasmetrics.explain.metric_type import IMPLIED, KINDS
from saasmetrics.explain.takes import default, takes
from saasmetrics.frames.canonical import ROLES, Column
from saasmetrics.lint.audit.index import AUDIT
from saasmetrics.lint.data.index import ON_ROWS
from saasmetrics.lint.index import RULES
from saasmetrics.lint.rule import Rule
from saasmetrics.lint.tracking.index import TRACKING
from saasmetrics.lock.classes import TITLES
from saasmetrics.sources.presets import preset, preset_names

HERE = Path(__file__).parent / "reference"
SOURCE = Path(__file__).parent.parent / "src" / "saasmetrics"
BY_HAND = "<!-- Written by docs/build.py from the code. Change the code, then run it again. -->"

HOLDS = {
    "id": "id, kept as text",
    "text": "text",
    "time": "time; a date is the start of that local day",
    "day": "day; a time becomes its local day",
    "money": "money, whole units of its currency",
    "number": "number",
    "count": "whole number",
    "flag": "yes or no",
    "choice": "one of",
}

CODES = {rule.code: rule.title.rstrip(".") for rule in (*RULES, *AUDIT, *ON_ROWS, *TRACKING)} | {
    "SM020": "The command line is not understood",
    "SM021": "A file that cannot be written",
    "SM901": "No file matches the path of a source",
    "SM902": "A path that leaves its folder",
    "SM903": "A file of a format that is not read",
    "SM904": "A file that cannot be read",
    "SM905": "Rows that share an id and differ",
    "SM906": "A line with more or fewer cells than the header",
    "SM907": "A quotation mark that is never closed, or out of place",
    "SM908": "A column that the file lacks",
    "SM909": "SQL that does not fit the columns of the file",
    "SM910": "Nothing in a needed column",
    "SM911": "Cells that cannot be read as what the column holds",
    "SM912": "Values that the column does not know",
    "SM913": "Rows that end before they start",
    "SM914": "A currency without a rate",
    "SM915": "Rows that repeat an id",
    "SM916": "Day and month could be either way round",
    "SM917": "The decimal mark could be either sign",
    "SM918": "Aliases that lead in a circle",
    "SM919": "Rows that end on the day they start",
    "SM920": "A file in another encoding than UTF-8",
    "SM921": "Column names that repeat",
    "SM922": "Midnights that were read as days",
    "SM923": "Rows that are no records: totals, footers, deleted ones",
    "SM924": "Ids that a spreadsheet has rounded",
    "SM925": "A file with column names and no rows",
    "SM926": "Times in a zone that the export does not name",
    "SM927": "Zero bytes in a text",
    "SM928": "Several columns where an export has one, as amounts in two currencies",
    "SM936": "Lines before the column names, as the titles of a report",
    "SM929": "A preset that has not been held against a real export",
    **TITLES,
    "SM930": "A published number whose definition changed since",
    "SM931": "A published number that changed because rows came late",
    "SM932": "A published number that changed because rows were changed",
    "SM933": "A published number that changed because rows are gone",
    "SM934": "A published number that changed for no reason to be found, or an edition that was altered",
    "SM935": "An edition that is not there",
    "SM950": "SQL that cannot be computed on the rows of a log",
    "SM951": "A number out of range, or a folder that is not the demo's",
    "SM971": "A number that cannot be opened, since it cannot be computed",
    "SM972": "A number that cannot be opened in the way that was asked",
    "SM973": "Rows of a workflow that lack the id of their run",
    "SM976": "Runs that are matched by time",
    "SM977": "Facts that could not be kept for the next run",
    "SM975": "An amount too large for the unit of its metric",
    "SM978": "No row says how far the data reaches",
    "SM979": "Subscriptions and invoices that tell another revenue",
    "SM974": "A split that none of the numbers asked for can answer",
}


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {
        "README.md": contents(),
        "metric-types.md": metric_types(),
        "catalogue.md": catalogue(),
        "roles.md": roles(),
        "presets.md": presets(),
        "policies.md": policies(),
        "findings.md": findings(),
        "rules.md": rules(),
    }


def contents() -> str:
    """The list of pages."""
    return page(
        "Reference",
        "These pages are made from the code by `python docs/build.py`; `saasmetrics explain NAME` says the same of one "
        "name, with the numbers of your own files.",
        "- [Metric types](metric-types.md): what a metric may be made of, with formula, edges and keys\n"
        "- [Catalogue](catalogue.md): the metrics that need no definition of their own\n"
        "- [Roles](roles.md): the tables every export becomes, and their columns\n"
        "- [Presets](presets.md): vendors' exports that are known by their columns\n"
        "- [Policies and settings](policies.md): choices of formula, and the calendar\n"
        "- [Findings](findings.md): every code the tool may tell you\n"
        "- [Rules](rules.md): what is held against a definition file, and why",
    )


def page(title: str, *blocks: str) -> str:
    """One page: title, marker, blocks."""
    return "\n\n".join((f"# {title}", BY_HAND, *blocks)) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def metric_types() -> str:
    """A section per type: its docstring, its keys."""
    blocks = [
        "A metric is of one type. Where its keys imply the type, `type` may be left out. *Rows* are chosen by the keys "
        "of the [selector](#rows); an *input* is an address such as `mrr`, or `{metric: mrr, where: {plan: pro}, "
        "offset: 1mo}`.",
        "## rows",
        *said(Rows),
        keys("simple", Rows, ROWS_KEYS),
    ]
    for name, kind in KINDS.items():
        blocks += [f"## {name}", *said(kind)]
        if name in IMPLIED:
            blocks.append(f"**Implied by** {IMPLIED[name]}.")
        if issubclass(kind, Rows):
            blocks.append("**Keys.** Those of [rows](#rows), and:")
        own = {field.alias or key.rstrip("_") for key, field in kind.model_fields.items()} - {"type"}
        blocks.append(keys(name, kind, own - set(ROWS_KEYS if issubclass(kind, Rows) else ())))
    return page("Metric types", *blocks)


def said(kind: type[BaseModel]) -> Iterator[str]:
    """A docstring as paragraphs, each fixed heading in bold."""
    told = manual(kind)
    yield told.first
    for heading, text in told.parts.items():
        yield f"**{heading}.** {text[0].upper()}{text[1:]}"


def keys(type_: str, kind: type[BaseModel], wanted: Iterable[str]) -> str:
    """The keys of a type: what they mean, what they take, what they are when nothing is written."""
    fields = {field.alias or name.rstrip("_"): field for name, field in kind.model_fields.items()}
    wanted = set(wanted)
    rows = [
        (f"`{key}`", words.key(type_, key), takes(key, field), default(field) and f"`{default(field)}`")
        for key, field in fields.items()
        if key in wanted
    ]
    return table(("key", "means", "takes", "default"), rows)


def catalogue() -> str:
    """A table per family."""
    folder = files("saasmetrics") / "catalog"
    bundles: Any = document.read((folder / "bundles.yaml").read_text("utf-8"), "bundles.yaml").data
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name != "bundles.yaml"}
    families: list[tuple[str, Any]] = [(text, document.read(text, name).data) for name, text in texts.items()]
    order = list(bundles["all"]["families"])
    families.sort(key=lambda family: order.index(next(iter(family[1].values()))["family"]))
    blocks = [
        "Name one of these under `metrics` to publish or to change it, or ask for it: `saasmetrics compute NAME`. "
        "*By* is what its address goes on with. What a metric needs and the file does not declare is said when it is "
        "asked for. Those marked *later* are read and governed, and not computed by this version."
    ]
    for text, metrics in families:
        title, _, question = text.partition("\n")[0].lstrip("# ").partition(": ")
        blocks.append(f"## {title}")
        if question:
            blocks.append(question[0].upper() + question[1:])
        blocks.append(table(("metric", "what it is", "type", "grain", "unit", "by"), map(entry_row, metrics.items())))
    blocks += ["## Bundles", "What `publish` and views may name.", bundle_table(bundles)]
    return page("Catalogue", *blocks)


def entry_row(item: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """One metric of the catalogue."""
    name, entry = item
    others = {"score": "score", "address": "pointer", "expr": "derived"}
    kind = entry.get("type") or next((type_ for key, type_ in others.items() if key in entry), "–")
    by = ", ".join(entry.get("each", {}))
    unit, grain = entry.get("unit", "count"), entry.get("grain", "week")
    unit = "count" if str(unit).startswith("$") else str(unit)
    grain = "its own" if kind == "pointer" else grain
    return f"`{name}`", f"{entry['label']}. {entry['description']}", kind, grain, unit, by or "–"


def bundle_table(bundles: Mapping[str, Any]) -> str:
    """What each bundle holds."""
    rows = []
    for name, bundle in bundles.items():
        members = [*(f"family {family}" for family in bundle.get("families", ())), *bundle.get("metrics", ())]
        stages = [f"{stage}: {', '.join(names)}" for stage, names in bundle.get("stages", {}).items()]
        rows.append((f"`{name}`", ", ".join(members), "; ".join(stages) or "–"))
    return table(("bundle", "holds", "and by `settings.stage`"), rows)


def roles() -> str:
    """A table per role."""
    blocks = [
        "A source is a file, or several, that fills a role. Its file's columns are mapped to these by `columns`; any "
        "other column stays usable in SQL under its own name. **Bold** columns are needed."
    ]
    for name, role in ROLES.items():
        notes = [words.role(name)]
        notes += [f"Its time, where rows name none, is `{role.at}`."] if role.at else []
        notes += ["A log: read file by file in one pass, and as large as you like."] if role.log else []
        notes += ["Its newest row says nothing about how far the export reaches."] if role.sparse else []
        rows = [
            (f"**{column}**" if known.needed else column, words.column(name, column), holds(known))
            for column, known in role.columns.items()
        ]
        blocks += [f"## {name}", " ".join(notes), table(("column", "means", "holds"), rows)]
    return page("Roles", *blocks)


def holds(column: Column) -> str:
    """What a canonical column holds."""
    return f"{HOLDS[column.kind]} {', '.join(f'`{each}`' for each in column.choices)}".strip()


def presets() -> str:
    """A section per preset."""
    blocks = [
        "`preset: NAME` on a source brings the columns, the zone and the quirks of a vendor's export; keys written on "
        "the source override it."
    ]
    for name in preset_names():
        known = preset(name)
        columns = [(f"`{column}`", f"`{origin(source)}`") for column, source in known.source["columns"].items()]
        blocks += [
            f"## {name}",
            known.note or "No more is to be known.",
            *([f"To check in yours: {known.verify}"] if known.verify else []),
            f"Fills `{known.role}`; known by {', '.join(f'`{each}`' for each in known.signature)}.",
            table(("column", "from"), columns),
            *([f"Read with, beside it: {', '.join(f'`{each}`' for each in known.tables)}."] if known.tables else []),
            *([f"Left out: {', '.join(known.drop)}."] if known.drop else []),
        ]
    return page("Presets", *blocks)


def origin(source: Any) -> str:
    """Where a preset takes a column from, on one line."""
    if not isinstance(source, dict):
        return str(source)
    return ", ".join(f"{key}: {value if not isinstance(value, dict) else '{…}'}" for key, value in source.items())


def policies() -> str:
    """Policies with the meaning of their words, and what of them is computed; settings."""
    chosen = [
        (f"`{name}`", words.policy(name) + meanings(name), f"`{default(field) or 'none'}`")
        for name, field in Policies.model_fields.items()
    ]
    settings = [
        (f"`{name}`", words.setting(name), takes(name, field), f"`{default(field) or 'none'}`")
        for name, field in Settings.model_fields.items()
    ]
    return page(
        "Policies and settings",
        "## Policies",
        "Choices of formula that several metrics share. Under `policies` they hold for the file, on a metric for that "
        "metric and everything under it.",
        table(("policy", "decides", "default"), chosen),
        "## Settings",
        "The calendar and the house.",
        table(("setting", "says", "takes", "default"), settings),
    )


def meanings(name: str) -> str:
    """The words of a policy with what they mean."""
    told = [f"`{word}` {meaning}" for word, meaning in words.choices(name).items()]
    return "<br>" + "<br>".join(told) if told else ""


def findings() -> str:
    """Every code with its title and the sentences said under it."""
    found = sentences()
    blocks = [
        "Every message is a finding: a code that is never reused, a weight, a place, a sentence, and mostly a hint. "
        "`…` stands for what the finding names. SM0 is about definitions and the command line, SM9 about data and "
        "numbers. SM1 to SM8, what SM0 is about in a file, SM952 to SM965 and SM981 to SM990 are [rules](rules.md), "
        "and have pages."
    ]
    looked_for = {rule.code for rule in (*RULES, *AUDIT, *ON_ROWS, *TRACKING) if not rule.told_by}
    for code, title in CODES.items():
        if code in looked_for:
            continue
        lines = sorted({f"- {text}" for text in found[code]})
        blocks += [f"## {code}", f"{title}.", *(["\n".join(lines)] if lines else [])]
    return page("Findings", *blocks)


FAMILIES = {
    "0": "The file",
    "1": "Value and workflows",
    "2": "Activation, and accounts first",
    "3": "Governance",
    "4": "Segments",
    "5": "Arithmetic",
    "6": "Revenue and marketing",
    "7": "Quality and friction",
    "8": "Expressions",
    "9": "Rows, upkeep and tracking",
}


def rules() -> str:
    """A section per rule, under the heading of its family."""
    blocks = [
        "What is held against a definition file. An error of families 1 to 7 about a metric is a warning until the "
        "metric is locked. A rule is silenced where it is wrong by `ignore: {SM401: reason}` on the metric, workflow, "
        "segment or other block that it is about, or on `lint` for the whole file; a reason is needed, and an ignore "
        "that keeps nothing quiet is told. `lint: {select: [SM1]}` runs only some."
    ]
    for family, title in FAMILIES.items():
        blocks.append(f"## {title}")
        for rule in (*RULES, *AUDIT, *ON_ROWS, *TRACKING):
            if rule.family == family:
                blocks += [f"### {rule.code} {rule.name}", *rule_section(rule)]
    return page("Rules", *blocks)


def rule_section(rule: Rule) -> Iterator[str]:
    """The page of a rule as paragraphs."""
    needs = [f"needs {rule.needs}"] if rule.needs else []
    told = [rule.severity.name.lower(), *needs, *(["corrected by `--fix` where there is no choice"] * rule.fixable)]
    yield f"{rule.title} *{', '.join(told)}*"
    yield "\n\n".join(f"**{heading}.** {text[0].upper()}{text[1:]}" for heading, text in rule.parts.items())


def sentences() -> dict[str, set[str]]:
    """By code, every message that the source gives to it; a code without a title is a mistake of this page."""
    said: dict[str, set[str]] = {code: set() for code in CODES}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))):
            for code, message in messages(scope):
                if code not in said:
                    raise ValueError(f"{code} has no title in {__file__}")
                said[code].add(message)
    return said


def messages(scope: ast.AST) -> Iterator[tuple[str, str]]:
    """Codes and messages of the calls in a function; a message in a variable is the last one put there before."""
    assigned: dict[str, list[ast.Assign]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node)
    for call in ast.walk(scope):
        if not isinstance(call, ast.Call):
            continue
        for place, argument in enumerate(call.args[:2]):
            if isinstance(argument, ast.Constant) and re.fullmatch(r"SM\d{3}", str(argument.value)):
                yield from ((str(argument.value), text) for text in message(call, call.args[place + 1 :], assigned))


def message(call: ast.Call, rest: Sequence[ast.expr], assigned: Mapping[str, list[ast.Assign]]) -> Iterator[str]:
    """The sentence that follows a code: the first argument that is no severity."""
    for node in rest:
        if ast.unparse(node).startswith("Severity."):
            continue
        if isinstance(node, ast.Name):
            before = [each.value for each in assigned.get(node.id, []) if each.lineno < call.lineno]
            yield from filter(None, (sentence(before[-1]),) if before else ())
        else:
            yield from filter(None, (sentence(node),))
        return


def sentence(node: ast.expr) -> str | None:
    """A message as it stands in the code, with `…` for what is put in; null for what is no literal text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and " " in node.value else None
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
        text = "".join(parts)
        return text if re.search(r"[a-z]{2} ", text) else None
    return None


def write(folder: Path = HERE) -> None:
    """Write all pages, and take away those that are no more."""
    folder.mkdir(exist_ok=True)
    fresh = pages()
    for old in folder.glob("*.md"):
        if old.name not in fresh:
            old.unlink()
    for name, text in fresh.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
