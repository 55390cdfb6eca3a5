"""A file explained: which export it is, how sure, what it maps to, what would be left out, how far it reaches."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from saasmetrics.definitions.sources import ColumnSource
from saasmetrics.engine.examine import Examined
from saasmetrics.explain import words
from saasmetrics.explain.notation import flow, plain
from saasmetrics.finding import Finding, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.output.explanation import Explanation, Facts, Section, Table, Written
from saasmetrics.sources.derived import is_pattern, matching
from saasmetrics.sources.look import Look
from saasmetrics.sources.naming import columns_of, named
from saasmetrics.sources.presets import Derived
from saasmetrics.sources.recognise import Match

_LONG, _FEW = 22, 8
_SILENT = ("SM923", "SM920", "SM915")
"""Told in a table or in the line on how the file is written."""


def file_page(examined: Examined) -> Explanation:
    """What a file is."""
    look = examined.look
    sections = [Section("", (_verdict(look),)), Section("The file", (Facts(tuple(_facts(examined))),))]
    if mapped := tuple(_mapped(examined)):
        rest = _rest(look)
        sections.append(Section("Columns", (Table(("column", "comes from", ">empty", "such as"), mapped), *rest)))
    else:
        sections.append(Section("Columns", (", ".join(look.own),)))
    sections += _values(examined)
    if examined.faults:
        left = tuple(
            (_reason(examined.told(rule)), f"{rows:,}", examined.seen.get(rule, ""))
            for rule, rows in examined.faults.items()
        )
        titles = ("rows", ">count", "such as") if any(seen for _, _, seen in left) else ("rows", ">count")
        sections.append(Section("Left out", (Table(titles, tuple(row[: len(titles)] for row in left)),)))
    if met := tuple(_met(look)):
        sections.append(Section("Met on the way", (Table(("code", "what"), met),)))
    if look.known is not None:
        sections.append(Section("What it cannot tell", (look.known.note,)))
        if look.known.verify:
            sections.append(Section("To check", (_sentence(look.known.verify),)))
    if look.source is not None and look.entry is not None and look.entry.how is not None:
        sections.append(Section("In metrics.yaml", (Written(_written(examined)),)))
    return Explanation(look.file.name, _kind(look), "", tuple(sections), _figures(examined), "inspect")


def _sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}" + ("" if said.endswith(("}", "'", ".")) else ".")


def _reason(told: str) -> str:
    """What is left out, under a title that says so already."""
    return told.removesuffix(" left out").removesuffix("; left out").rstrip(";")


def _kind(look: Look) -> str:
    role = look.source.role if look.source else "not known"
    return f"{look.known.name} → {role}" if look.known else role


def _figures(examined: Examined) -> dict[str, object]:
    look = examined.look
    return {
        "preset": look.known.name if look.known else None,
        "role": examined.role or None,
        "share": look.matches[0].share if look.matches else None,
        "rows": examined.rows,
        "usable": examined.usable,
        "first": examined.first,
        "last": examined.last,
    }


def _verdict(look: Look) -> str:
    if look.named and look.known is None:
        return f"A file of the source `{look.named}`: {words.role(look.source.role if look.source else '')}"
    if look.known is not None:
        match = next((match for match in look.matches if match.name == look.known.name), None)
        known_from = " Its layout is known from memory only." if look.known.evidence == "M" else ""
        return f"{words.role(look.known.role)} {_sure(match, look)}{known_from}"
    if look.matches:
        named = " or ".join(match.name for match in look.matches)
        return f"Either {named}: its columns fit both. Say which with --preset."
    if look.source is not None:
        return f"A table of {look.source.role} under its own names: {words.role(look.source.role)}"
    if look.beside is not None:
        return f"{look.beside.name}, which no preset reads. It holds {look.beside.why}."
    near = f" Nearest is {look.near[0].name}." if look.near else ""
    return f"No export that a preset knows.{near} Map its columns yourself, or name a preset with --preset."


def _sure(match: Match | None, look: Look) -> str:
    size = len(look.known.signature) if look.known else 0
    if match is None:
        return "It is read so because you said so."
    if match.columns == size:
        return f"Sure: all {size} columns that tell it are there."
    return f"Likely: {match.columns} of the {size} columns that tell it are there."


def _facts(examined: Examined) -> Iterator[tuple[str, str]]:
    look = examined.look
    size = f"{look.file.size / 1e6:,.1f} MB" if look.file.size >= 1e6 else f"{look.file.size / 1e3:,.1f} kB"
    form = {"csv": "CSV", "jsonl": "JSON lines", "json": "JSON", "parquet": "Parquet"}[look.file.format]
    written = f", {look.raw.writing}" if look.raw.writing else ""
    yield "file", f"{form}{written}, {len(look.own)} columns, {size}"
    if look.entry is None or look.entry.how is None:
        return
    left = examined.rows - examined.usable
    yield "rows", f"{examined.usable:,}" + (f" count, {left:,} of {examined.rows:,} left out" if left else "")
    if look.tables:
        listed = "; ".join(f"{name} from {' and '.join(files)}" for name, files in look.tables.items())
        yield "beside", listed
    if look.wanted:
        yield "without", f"{', '.join(look.wanted)}: not found in its folder"
    at = ROLES[examined.role].at
    if examined.first is not None and examined.last is not None:
        yield "span", f"{examined.first:%Y-%m-%d} to {examined.last:%Y-%m-%d}, by {at}"
    if look.known is not None and look.known.zone == "account":
        named = look.source.timezone if look.source else None
        yield "zone", named or "not named in the file: read as UTC until the source says timezone"
    if "currency" in examined.values:
        listed = ", ".join(f"{code} {rows:,}" for code, rows in examined.values["currency"])
        yield "money", f"in {listed}" if listed else "without a currency"


def _mapped(examined: Examined) -> Iterator[tuple[str, str, str, str]]:
    look = examined.look
    how = look.entry.how if look.entry else None
    if how is None:
        return
    for name in ROLES[examined.role].columns:
        if name not in examined.nulls:
            continue
        origin = how.origins[name]
        source = _origin(origin.source, look)
        if origin.elapsed is not None:
            source = f"{origin.elapsed.after} and the time in {origin.elapsed.column}"
        share = examined.nulls[name]
        empty = "" if share == 0 else "all" if share == 1 else f"{share:.0%}" if share >= 0.01 else "<1%"
        yield name, source, empty, _short(examined.examples.get(name, ""))


_MADE = {
    "json": "{} in JSON",
    "path": "{} in JSON",
    "join": "{} joined",
    "fill": "{}, filled down",
    "header": "{}",
    "header_text": "the name of {}",
    "plain": "{}",
    "month": "the first day of {}",
    "next_month": "the first day after {}",
    "salesforce": "{}, with 18 characters",
}
_WIDE = 34


def _origin(column: ColumnSource, look: Look) -> str:
    """Where a column comes from, in a few words."""
    made = _called(look)
    parts = []
    if column.column is not None:
        parts.append(made.get(column.column, column.column))
    elif column.json_path is not None:
        parts.append(f"{column.json_path} in JSON")
    elif column.expr is not None:
        read = columns_of(column.expr, look.own)
        there = dict.fromkeys(made.get(name, name) for name in read if name in look.own or name in made)
        parts.append(f"SQL {column.expr}" if len(column.expr) <= _WIDE else f"SQL over {', '.join(there or read)}")
    if column.map:
        parts.append(f"{len(column.map)} values mapped" if len(column.map) > 2 else f"map {flow(plain(column.map))}")
    if column.default is not None:
        parts.append(f"{'else' if parts else 'always'} {flow(column.default)}")
    if column.unit is not None:
        parts.append("in millionths" if column.unit == "micro" else "in minor units")
    return "; ".join(parts)


def _called(look: Look) -> dict[str, str]:
    """Where columns come from that a preset has names of its own for: made ones, others of a table, of another year."""
    known = look.known
    if known is None:
        return {}
    found = {}
    for name, others in known.aliases.items():
        there = [own for other in others if (own := named(other, look.own)) is not None]
        if named(name, look.own) is None and there:
            found[name] = there[0]
    for each in known.asked:
        if each.table in look.tables:
            found |= {name: f"{theirs[0]} of {each.table}" for name, theirs in each.columns.items()}
    return found | {each.name: _made(each, look, found) for each in known.derived}


def _made(derived: Derived, look: Look, called: Mapping[str, str]) -> str:
    of = (matching(derived.of, look.own) or [derived.of])[0] if is_pattern(derived.of) else derived.of
    return _MADE[derived.how].format(called.get(of, of))


def _short(cell: str) -> str:
    cell = " ".join(cell.split())
    return cell if len(cell) <= _LONG else f"{cell[: _LONG - 1]}…"


def _rest(look: Look) -> tuple[str, ...]:
    how = look.entry.how if look.entry else None
    if how is None:
        return ()
    read = {column for origin in how.origins.values() for column in origin.reads(how.names)}
    called = _called(look)
    read |= {called[column] for column in read & called.keys()}
    others = [name for name in look.own if name not in read]
    derived = look.known.derived if look.known else ()
    made = [f"{each.name} ({called[each.name]})" for each in derived if each.name not in read]
    said = [f"Made beside them: {', '.join(made)}."] if made else []
    if others:
        few = ", ".join(others[:_FEW])
        more = f" and {len(others) - _FEW} more" if len(others) > _FEW else ""
        said.append(f"Other columns keep their own names: {few}{more}.")
    return tuple(said)


def _values(examined: Examined) -> Iterator[Section]:
    titles = {"event": "Events", "status": "Status", "stage": "Stages", "kind": "Kinds", "severity": "Severity"}
    for column, title in titles.items():
        counts = examined.values.get(column, ())
        if len(counts) > 1 or (counts and column == "event"):
            rows = tuple((value, f"{number:,}") for value, number in counts)
            more = examined.different[column] - len(rows)
            rest = (f"{more} more.",) if more else ()
            yield Section(title, (Table((column, ">rows"), rows), *rest))


def _met(look: Look) -> Iterator[tuple[str, str]]:
    """What is worth knowing of how the file is written."""
    findings: tuple[Finding, ...] = look.entry.findings if look.entry else look.raw.findings
    for finding in findings:
        if finding.code not in _SILENT and finding.code != "SM929":
            place = f"line {finding.location.line}: " if finding.location and finding.location.line else ""
            hint = f"; {finding.hint}" if finding.hint and finding.severity > Severity.NOTE else ""
            yield finding.code, f"{place}{finding.message}{hint}"
    if "UTF-8" not in look.raw.writing and look.raw.writing:
        yield "SM920", f"not UTF-8: read as {look.raw.writing.split(',')[0]}"


def _written(examined: Examined) -> str:
    """The lines that read this file."""
    look = examined.look
    if look.named:
        return f"sources:\n{textwrap.indent(look.written, '  ')}"
    lines = ["sources:", f"  {examined.role}:", f"    path: {look.file.name}"]
    if look.known is not None:
        lines.append(f"    preset: {look.known.name}")
        if look.tables:
            lines.append("    beside:")
            lines += [
                f"      {name}: {flow(list(files) if len(files) > 1 else files[0])}"
                for name, files in look.tables.items()
            ]
        if look.known.zone == "account":
            named = look.source.timezone if look.source else None
            lines.append(f"    timezone: {named or 'UTC'}" + ("" if named else "  # the zone of who exported"))
    return "\n".join(lines)
