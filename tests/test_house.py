"""The house keeps its rules: doors, sizes, who collects, who reads, who speaks, and complete registries."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import polars as pl
import pyarrow.parquet as pq
import pytest
from typer import Context

from conftest import ROOT
from reads import Reads
from saasmetrics.cli.app import COMMANDS
from saasmetrics.document import read as read_yaml
from saasmetrics.engine.ask import Ask
from saasmetrics.facts import request
from saasmetrics.frames.canonical import ROLES
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.output.index import FORMATS
from saasmetrics.output.printout import Printout
from saasmetrics.pipeline import compute
from saasmetrics.sources.marks import EXTRA
from saasmetrics.sources.presets import preset, preset_names

HOUSE = ROOT / "src" / "saasmetrics"
MODULES = sorted(HOUSE.rglob("*.py"))
ROOMS = [path for path in MODULES if path.name != "__init__.py"]
DOORS = [path for path in MODULES if path.name == "__init__.py"]
LONGEST = 350

COLLECTORS = {"collect", "collect_all", "collect_all_async", "collect_async", "collect_batches", "fetch"}
MAY_COLLECT = {"facts", "engine"}
READERS = {"sources/scan.py", "sources/text.py", "sources/packed.py", "facts/feed.py"}
"""The doors through which values of data files come in; `reads.py` stands in all of them."""
OWN = {"facts/parcel.py", "history/folder.py"}
"""Reads what this project itself wrote in an earlier run, and no data file."""


def named(path: Path) -> str:
    """A module as messages call it."""
    return path.relative_to(HOUSE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call in a module with the last part of what is called."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield node, name


NO_ROWS = ("definitions", "expression", "ledgers", "books", "lock")
"""Rooms on the way of a check, which loads nothing that reads or computes rows."""


class _AtImport(ast.NodeVisitor):
    """Names that a module looks up in Polars or NumPy as soon as it is imported."""

    def __init__(self) -> None:
        self.found: list[ast.Name] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for each in (*node.decorator_list, *node.args.defaults, *(kw for kw in node.args.kw_defaults if kw)):
            self.visit(each)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """What is in it is looked up when it is called."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in ("pl", "np"):
            self.found.append(node)


def at(path: Path, node: ast.expr | ast.stmt) -> str:
    return f"{named(path)}:{node.lineno}"


def imported(path: Path) -> set[str]:
    """Top-level packages and full names of everything a module imports, wherever it does so."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found | {name.split(".")[0] for name in found}


def modules_of(package: str) -> Iterator[ModuleType]:
    """The modules of one room, imported."""
    room = importlib.import_module(f"saasmetrics.{package}")
    for info in pkgutil.iter_modules(room.__path__):
        yield importlib.import_module(f"saasmetrics.{package}.{info.name}")


# Doors, captions, sizes, names


@pytest.mark.parametrize("path", DOORS, ids=named)
def test_a_door_is_a_caption_and_at_most_names_what_is_behind_it(path: Path) -> None:
    """A door without code cannot swell. `expression` says by its door which of its rooms others may enter."""
    caption, *rest = tree(path).body
    assert isinstance(caption, ast.Expr), "the first statement is no docstring"
    if named(path) != "expression/__init__.py":
        assert rest == []
    own = f"saasmetrics.{path.parent.name}."
    for node in rest:
        names = isinstance(node, ast.ImportFrom) and (node.module or "").startswith((own, "__future__"))
        listed = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert names or listed, at(path, node)


def test_every_module_begins_with_one_line_that_says_what_it_is_for() -> None:
    """A sentence on the first line; what else there is to say stands below it, apart."""
    wrong = []
    for path in MODULES:
        caption = ast.get_docstring(tree(path), clean=False) or ""
        if not re.fullmatch(r"[^\n]{10,}[.:](\n\n.+)?", caption, re.DOTALL) or tree(path).body[0].lineno != 1:
            wrong.append(named(path))
    assert wrong == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawer = re.compile(r"(^|_)(utils?|helpers?|base|managers?|common|misc|core|handlers?|shared)(_|$)")
    assert [named(path) for path in ROOMS if drawer.search(path.stem)] == []


def test_a_frame_is_named_for_its_rows() -> None:
    nameless = {"df", "lf", "ldf", "dataframe", "lazyframe"}
    found = [
        f"{named(path)}:{node.lineno}"
        for path in ROOMS
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id in nameless) or (isinstance(node, ast.arg) and node.arg in nameless)
    ]
    assert found == []


def test_a_suppression_is_specific_and_has_its_reason_on_the_line() -> None:
    """`type: ignore[code]` or `noqa: CODE`, then a reason."""
    suppression = re.compile(r"#\s*(type:\s*ignore|noqa)\b")
    argued = re.compile(r"#\s*(type:\s*ignore\[[a-z, -]+\]|noqa:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)\s*(#|-|:)\s*\w")
    wrong = []
    for path in [*MODULES, *(ROOT / "tests").rglob("*.py")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if suppression.search(line) and not argued.search(line) and path.name != "test_house.py":
                wrong.append(f"{path.relative_to(ROOT).as_posix()}:{number}")
    assert wrong == []


def test_nothing_is_left_for_later_or_caught_broadly() -> None:
    """One broad `except` is meant: the console turns a crash into an exit code of its own."""
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    wrong = [named(path) for path in MODULES if later.search(path.read_text(encoding="utf-8"))]
    for path in ROOMS:
        for node in ast.walk(tree(path)):
            broad = isinstance(node, ast.ExceptHandler) and (
                node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            )
            if broad and named(path) != "cli/console.py":
                wrong.append(f"{named(path)}:{getattr(node, 'lineno', 0)}")
    assert wrong == []


# Who collects, who reads, who speaks


def test_only_facts_and_engine_collect() -> None:
    wrong = [
        at(path, node)
        for path in ROOMS
        for node, name in calls(path)
        if (name in COLLECTORS or name.startswith("sink_")) and named(path).split("/")[0] not in MAY_COLLECT
    ]
    assert wrong == []


def test_data_files_are_read_through_known_doors() -> None:
    """Polars and PyArrow readers; a reader elsewhere would escape the count below."""
    wrong = [
        at(path, node)
        for path in ROOMS
        for node, name in calls(path)
        if re.match(r"(scan|read)_(csv|parquet|ndjson|json|ipc|excel|avro|delta|table|database)", name)
        and named(path) not in READERS | OWN
    ]
    wrong += [named(path) for path in ROOMS if "pyarrow.parquet" in imported(path) and named(path) not in READERS]
    assert [place for place in wrong if not place.startswith("demo/")] == []


def test_only_the_console_speaks_and_ends_the_process() -> None:
    """stdout, stderr and exit codes have one owner."""
    wrong = []
    for path in ROOMS:
        speaker = named(path) == "cli/console.py"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr") and not speaker:
                wrong.append(at(path, node))
        for call, name in calls(path):
            if name == "print" and isinstance(call.func, ast.Name):
                wrong.append(at(path, call))
            if ast.unparse(call.func) in ("sys.exit", "os._exit", "exit", "quit") and named(path) != "cli/app.py":
                wrong.append(at(path, call))
    assert wrong == []


def test_nothing_below_the_command_line_looks_at_the_clock() -> None:
    clocks = {"now", "utcnow", "today", "perf_counter", "monotonic", "process_time", "time_ns", "localtime", "gmtime"}
    wrong = [
        at(path, node)
        for path in ROOMS
        for node, name in calls(path)
        if (name in clocks or ast.unparse(node.func) == "time.time") and not named(path).startswith("cli/")
    ]
    assert wrong == []


def test_nothing_can_reach_a_network() -> None:
    doors = {"socket", "ssl", "http", "urllib.request", "urllib3", "requests", "httpx", "aiohttp", "ftplib", "smtplib"}
    assert {named(path): found for path in ROOMS if (found := imported(path) & doors)} == {}


def test_the_repository_names_no_machine_and_no_registry() -> None:
    """Paths of one machine, the neighbour folder, hosts of package registries. `.ci/run` may look for test data."""
    # Written in pieces, so that this page does not find itself.
    machine = r"(?<![A-Za-z0-9._-])/(?:wor" + r"k|roo" + r"t|hom" + r"e|farm)/[A-Za-z.]|\.\./" + "shared"
    hosts = "|".join(
        ("py" + r"pi\.org", "python" + r"hosted\.org", "index-" + "url", "files" + r"\.python", r"npmjs\.com")
    )
    wrong = []
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore")
        name = path.relative_to(ROOT).as_posix()
        found = re.search(hosts, text) or (name != ".ci/run" and re.search(machine, text))
        if found:
            wrong.append(f"{name}: {found.group()}")
    assert wrong == []


def tracked() -> Iterator[Path]:
    """Text files of the repository; without git, of the folders it is made of."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        roots = [ROOT / name for name in ("src", "tests", "docs", "examples", ".ci")]
        paths = [
            *ROOT.glob("*.*"),
            *(path for root in roots for path in root.rglob("*") if "__pycache__" not in str(path)),
        ]
    packed = {".parquet", ".gz", ".zst", ".zip", ".png", ".pyc"}
    return (path for path in paths if path.is_file() and path.suffix not in packed)


# Registries


def test_every_metric_type_is_in_the_index_under_its_own_name() -> None:
    types = {
        member
        for module in modules_of("ledgers")
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, MetricType) and member is not MetricType and member.__module__ == module.__name__
    }
    assert set(REGISTRY.values()) == types
    for name, type_ in REGISTRY.items():
        tag = type_.model_fields["type"]
        assert get_origin(tag.annotation) is Literal
        assert get_args(tag.annotation) == (name,) == (tag.default,)
        assert type_.__module__ == f"saasmetrics.ledgers.{name}", "one type, one file of its name"


@pytest.mark.parametrize("name", REGISTRY)
def test_a_metric_type_is_its_own_manual_page(name: str) -> None:
    page = inspect.getdoc(REGISTRY[name]) or ""
    assert re.findall(r"^(Grain|Formula|Edges|Unit):", page, re.MULTILINE) == ["Grain", "Formula", "Edges", "Unit"]


@pytest.mark.parametrize("path", [path for path in ROOMS if named(path).split("/")[0] in NO_ROWS], ids=named)
def test_nothing_on_the_way_of_a_check_needs_polars_to_be_imported(path: Path) -> None:
    """A type or an expression of Polars is made by a function, or in one."""
    seen = _AtImport()
    seen.visit(tree(path))
    assert [at(path, node) for node in seen.found] == []
    assert not {"numpy.typing", "polars.selectors"} & {
        name.name if isinstance(node, ast.Import) else node.module or ""
        for node in tree(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }


def test_every_format_is_in_the_index() -> None:
    writers = set()
    for module in modules_of("output"):
        for _, member in inspect.getmembers(module, inspect.isfunction):
            if member.__module__ == module.__name__ and not member.__name__.startswith("_"):
                hints = get_type_hints(member)
                if list(hints.values()) == [Printout, bytes]:
                    writers.add(member)
    assert {each.write for each in FORMATS.values()} == writers
    suffixes = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    assert len(set(suffixes)) == len(suffixes)


def test_every_command_is_on_the_command_line() -> None:
    commands: set[object] = set()
    for module in modules_of("cli"):
        member = getattr(module, module.__name__.rpartition(".")[2], None)
        if inspect.isfunction(member) and get_type_hints(member).get("context") is Context:
            commands.add(member)
    assert set(COMMANDS) == commands


def test_every_request_of_the_logs_is_a_request() -> None:
    shapes = {
        member for _, member in inspect.getmembers(request, is_dataclass) if member.__module__ == request.__name__
    }
    assert set(get_args(request.Request)) == shapes


def test_every_preset_is_known_and_fills_a_role() -> None:
    folder = files("saasmetrics.sources") / "presets"
    stems = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    assert list(preset_names()) == stems
    for name in stems:
        known = preset(name)
        assert known.name == name
        columns = ROLES[known.source["role"]].columns
        assert set(known.source["columns"]) <= columns.keys()
        assert any((ROOT / "tests" / "cases" / "presets" / name).iterdir())


def test_every_family_of_the_catalogue_is_in_a_bundle_and_every_member_exists() -> None:
    folder = files("saasmetrics") / "catalog"
    pages: dict[str, Any] = {
        entry.name: read_yaml(entry.read_text("utf-8"), entry.name).data for entry in folder.iterdir()
    }
    bundles = pages.pop("bundles.yaml")
    families = {metric["family"] for page in pages.values() for metric in page.values()}
    names = {name for page in pages.values() for name in page}
    assert set(bundles["all"]["families"]) == families
    for name, bundle in bundles.items():
        members = [*bundle.get("metrics", ()), *(m for stage in bundle.get("stages", {}).values() for m in stage)]
        assert set(members) <= names, name
        assert set(bundle.get("families", ())) <= families, name


# Each file is read once


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    watching = Reads()
    watching.watch(monkeypatch)
    return watching


TWICE = {"event_id", "name", "ts", "workspace_id", "is_test", EXTRA}
"""Of the example's events, what may be read a second time: the id, which needs a look of its own before any row can be
called a repeat, and what tells whether the row of an id counts at all: needed columns, the source's filter, and the
mark of lines with too many cells."""


def test_a_computation_of_everything_reads_each_file_once(example: Path, reads: Reads) -> None:
    result = compute(example / "metrics.yaml", Ask(everything=True))
    assert result.values.height > 0
    often = {path.name: reads.often(path.name) for path in (example / "examples").rglob("*.*")}
    logs = [name for name in often if name.startswith(("events-", "requests-"))]
    assert len(logs) == 34
    assert all(often[name] for name in logs), "a log that nothing reads proves nothing"
    for name, columns in often.items():
        assert {column for column, times in columns.items() if times > 1} <= TWICE, name
        assert max(columns.values(), default=0) <= 2, name


def test_text_logs_are_read_once_too(example: Path, reads: Reads) -> None:
    folder = example / "examples" / "ledgerly" / "data"
    month = "2026-09"
    for log in ("events", "requests"):
        kept = folder / log / f"{log}-{month}.parquet"
        pl.read_parquet(kept).write_csv(folder / f"{log}.csv")
        shutil.rmtree(folder / log)
    text = (example / "metrics.yaml").read_text(encoding="utf-8")
    for log in ("events", "requests"):
        text = text.replace(f"data/{log}/*.parquet", f"data/{log}.csv")
    (example / "metrics.yaml").write_text(text, encoding="utf-8")
    result = compute(example / "metrics.yaml", Ask(everything=True))
    assert result.sources["events"].used > 0
    for log in ("events.csv", "requests.csv"):
        columns = reads.often(log)
        assert columns
        assert {column for column, times in columns.items() if times > 1} <= TWICE, log
        assert max(columns.values()) <= 2, log


def test_the_counter_sees_a_second_read(tmp_path: Path, reads: Reads) -> None:
    rows = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    rows.write_csv(tmp_path / "rows.csv")
    rows.write_parquet(tmp_path / "rows.parquet")
    scanned = pl.scan_csv(tmp_path / "rows.csv")
    both = pl.collect_all([scanned.select("a"), scanned.select("a", "b")])
    assert [frame.height for frame in both] == [3, 3]
    once = reads.often("rows.csv")["a"]
    scanned.select("a").collect()
    assert reads.often("rows.csv")["a"] == once + 1
    file = pq.ParquetFile(tmp_path / "rows.parquet")
    file.read_row_groups([0], ["a"])
    list(file.iter_batches(2, [0], ["a", "b"]))
    assert reads.often("rows.parquet") == {"a": 2, "b": 1}
