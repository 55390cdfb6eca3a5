"""Writes docs/reference from the code: `python docs/build.py`. A test fails when what is committed is not fresh.

Nothing is said here that the code does not say: pages are docstrings, keys, choices and catalogue entries, laid out.
The one thing of its own is a title for every finding code, since a code is spread over the places that find it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from saasmetrics import document
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.settings import Settings
from saasmetrics.engine.choices import COMPUTED, ONLY_DEFAULT
from saasmetrics.frames.canonical import ROLES, Column
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.sources.presets import preset, preset_names

HERE = Path(__file__).parent / "reference"
SOURCE = Path(__file__).parent.parent / "src" / "saasmetrics"
BY_HAND = "<!-- Written by docs/build.py from the code. Change the code, then run it again. -->"

KINDS = {
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

WORDS = {"boolean": "yes or no", "integer": "whole number", "number": "number", "string": "text"}
PATTERNS = {
    "^(0|[1-9][0-9]{0,5})(mo|[smhdwqy])$": "duration",
    "%$": "percent",
    "^[A-Z]{3}$": "currency, like `EUR`",
}

CODES = {
    "SM000": "The file cannot be read as this kind of YAML",
    "SM001": "A key that the language does not have",
    "SM002": "Something is said twice",
    "SM003": "A name of something that does not exist",
    "SM004": "Metrics that are made of each other",
    "SM005": "A value of another kind than the key takes",
    "SM006": "An expression that cannot be read, or is not allowed",
    "SM007": "Something that is needed is missing",
    "SM008": "A key that does nothing where it stands",
    "SM011": "A file that cannot be reached",
    "SM012": "A name that is taken, or is no name",
    "SM013": "A column that is kept under its own name, and is nearly that of the role",
    "SM020": "The command line is not understood",
    "SM021": "A file that cannot be written",
    "SM901": "No file matches the path of a source",
    "SM902": "A path that leaves its folder",
    "SM903": "A file of a format that is not read",
    "SM904": "A file that cannot be read",
    "SM905": "Rows that share an id and differ",
    "SM906": "A line with more or fewer cells than the header",
    "SM907": "A quotation mark that is never closed",
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
    "SM926": "Times in a zone that the export does not name",
    "SM950": "SQL that cannot be computed on the rows of a log",
    "SM951": "A number out of range, or a folder that is not the demo's",
    "SM971": "A number that cannot be opened, since it cannot be computed",
    "SM972": "A number that cannot be opened in the way that was asked",
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
        "- [Findings](findings.md): every code the tool may tell you",
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
        "A metric is of one type. Often the keys imply it: a rows key makes a `simple`, `steps` a `conversion`, `from` "
        "and `to` a `duration`, `numerator` and `denominator` a `ratio`, `expr` alone a `derived`; otherwise write "
        "`type`. *Rows* are the keys of the [selector](#rows); an *input* is an address such as `mrr`, or "
        "`{metric: mrr, where: {plan: pro}, offset: 1mo}`.",
        "## Rows",
        said(Rows),
        keys(Rows, set()),
    ]
    for name, type_ in REGISTRY.items():
        own = set(Rows.model_fields) | {"type"} if issubclass(type_, Rows) else {"type"}
        blocks += [f"## {name}", said(type_)]
        if issubclass(type_, Rows):
            blocks.append("The keys of [rows](#rows), and:")
        blocks.append(keys(type_, own))
    return page("Metric types", *blocks)


def said(model: type[BaseModel]) -> str:
    """A docstring as paragraphs: each fixed heading in bold, on a line of its own."""
    text = inspect.getdoc(model) or ""
    parts = re.split(r"\n(?=[A-Z][a-z]+: )", text.replace("\n\n", "\n"))
    return "\n\n".join(re.sub(r"^([A-Z][a-z]+): (.)", emphasised, " ".join(part.split())) for part in parts)


def emphasised(heading: re.Match[str]) -> str:
    """A fixed heading in bold, and a capital after it."""
    return f"**{heading[1]}.** {heading[2].upper()}"


def keys(model: type[BaseModel], without: set[str]) -> str:
    """The keys of a block with what they take and what they are without being written."""
    properties = properties_of(model)
    rows = [
        (f"`{name.rstrip('_')}`", takes(properties[info.alias or name]), default(info))
        for name, info in model.model_fields.items()
        if name not in without
    ]
    return table(("key", "takes", "default"), rows)


def properties_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of each key; of a block that may be one word as well, those of its long form."""
    schema = model.model_json_schema()
    forms = [schema, *schema.get("$defs", {}).get(model.__name__, {}).get("anyOf", ())]
    return next(dict(form["properties"]) for form in forms if "properties" in form)


def takes(schema: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(takes(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2].lower()
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("pattern") in PATTERNS:
        return PATTERNS[schema["pattern"]]
    if schema.get("title") == "SQL":
        return "SQL"
    if schema.get("type") == "array":
        return f"list of {takes(schema.get('items', {}))}"
    if schema.get("type") == "object":
        inner: list[Any] = [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
        return " or ".join(f"name → {takes(each)}" for each in inner if isinstance(each, dict)) or "mapping"
    kind = schema.get("type", "value")
    return " or ".join(WORDS.get(each, str(each)) for each in (kind if isinstance(kind, list) else [kind]))


def default(info: FieldInfo) -> str:
    """A default as it would be written."""
    if info.is_required():
        return "**needed**"
    return written(info.get_default(call_default_factory=True, validated_data={}))


def written(value: Any) -> str:
    """A value as it stands in a file."""
    if value is None or value in ((), {}):
        return "–"
    if isinstance(value, Duration):
        return f"`{value.text}`"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(written(each) for each in value)
    if isinstance(value, BaseModel):
        return "its own defaults"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


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
    later = " *(later)*" if entry.get("later") or "score" in entry else ""
    kind = entry.get("type") or ("pointer" if "address" in entry else "derived" if "expr" in entry else "–")
    by = ", ".join(entry.get("each", {}))
    unit, grain = entry.get("unit", "count"), entry.get("grain", "week")
    unit = "count" if str(unit).startswith("$") else str(unit)
    grain = "its own" if kind == "pointer" else grain
    return f"`{name}`", f"{entry['label']}{later}. {entry['description']}", kind, grain, unit, by or "–"


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
        notes = [f"Its time, where rows name none, is `{role.at}`."] if role.at else []
        notes += ["A log: read file by file in one pass, and as large as you like."] if role.log else []
        notes += ["Its newest row says nothing about how far the export reaches."] if role.sparse else []
        rows = [
            (f"**{column}**" if known.needed else f"`{column}`", holds(known)) for column, known in role.columns.items()
        ]
        blocks += [f"## {name}", *([" ".join(notes)] if notes else []), table(("column", "holds"), rows)]
    return page("Roles", *blocks)


def holds(column: Column) -> str:
    """What a canonical column holds."""
    return f"{KINDS[column.kind]} {', '.join(f'`{each}`' for each in column.choices)}".strip()


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
            f"Fills `{known.source['role']}`; known by {', '.join(f'`{each}`' for each in known.signature)}.",
            table(("column", "from"), columns),
        ]
    return page("Presets", *blocks)


def origin(source: Any) -> str:
    """Where a preset takes a column from, on one line."""
    if not isinstance(source, dict):
        return str(source)
    return ", ".join(f"{key}: {value if not isinstance(value, dict) else '{…}'}" for key, value in source.items())


def policies() -> str:
    """Policies with their choices and what of them is computed; settings."""
    rows = []
    properties = properties_of(Policies)
    for name, info in Policies.model_fields.items():
        choices = takes(properties[name])
        usual = "`none`" if info.default is None and "`none`" in choices else default(info)
        usual = f"`{info.default:.0%}`" if choices == "percent" else usual
        rows.append((f"`{name}`", usual, choices, computed(name)))
    return page(
        "Policies and settings",
        "## Policies",
        "Choices of formula that several metrics share. Under `policies` they hold for the file, on a metric for that "
        "metric and everything under it. A metric that reads a choice which is not computed has no number and says so.",
        table(("policy", "default", "takes", "computed"), rows),
        "## Settings",
        "The calendar and the house.",
        keys(Settings, set()),
    )


def computed(name: str) -> str:
    """Which values of a policy this version computes."""
    if name in COMPUTED:
        known = COMPUTED[name]
        return "all" if known is None else ", ".join(f"`{value}`" for value in known)
    return "its default" if name in ONLY_DEFAULT else "read by metrics that come later"


def findings() -> str:
    """Every code with its title and the sentences said under it."""
    found = sentences()
    blocks = [
        "Every message is a finding: a code that is never reused, a weight, a place, a sentence, and mostly a hint. "
        "`…` stands for what the finding names. SM0 is about definitions and the command line, SM9 about data and "
        "numbers."
    ]
    for code, title in CODES.items():
        lines = sorted({f"- {text}" for text in found[code]})
        blocks += [f"## {code}", f"{title}.", *(["\n".join(lines)] if lines else [])]
    return page("Findings", *blocks)


def sentences() -> dict[str, set[str]]:
    """By code, every message that the source gives to it; a code without a title is a mistake of this page."""
    said: dict[str, set[str]] = {code: set() for code in CODES}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))):
            for code, message in messages(scope):
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
