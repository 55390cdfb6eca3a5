"""The command line: streams, exit codes, flags, completion; whole commands as a shell sees them."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from saasmetrics.cli import asking
from saasmetrics.cli.app import run
from saasmetrics.cli.console import Console, Outcome, guard
from saasmetrics.cli.progress import PATIENCE, Progress
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.period import Grain

ROOT = Path(__file__).parent.parent
UNWANTED = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
"""What the surroundings say to a command, and no test means to."""
HEAVY = ("polars", "pyarrow", "numpy", "pydantic", "pydantic_core", "sqlglot", "yaml", "rich", "duckdb")


def shell(*arguments: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tool in a process of its own, streams apart."""
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return subprocess.run(
        [sys.executable, "-m", "saasmetrics", *arguments],
        cwd=folder or ROOT,
        env={**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", "TERM": "dumb", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


# Starting up


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from saasmetrics.cli.app import run; run(['--help']); "
        f"sys.exit(', '.join(name for name in {HEAVY!r} if name in sys.modules) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert "Usage: saasmetrics" in done.stdout


def test_a_check_loads_nothing_that_reads_rows_and_no_parser_of_sql() -> None:
    code = (
        "import sys; from saasmetrics.cli.app import run; "
        "code = run(['check', '-q']); "
        "loaded = [n for n in ('polars._plr', 'numpy._core', 'sqlglot') if n in sys.modules]; "
        "import polars, numpy; from polars import selectors; "
        "assert polars.DataFrame({'a': numpy.arange(2)}).select(selectors.integer()).height == 2; "
        "from saasmetrics.expression import compile; assert compile.pl.Int64 is polars.Int64; "
        "sys.exit(', '.join(loaded) or code)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"nothing found\n", b"", 0)


def test_help_goes_to_stdout_and_names_every_command() -> None:
    done = shell("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^  (\w+)  +[A-Z]", done.stdout, re.MULTILINE) == [
        "compute",
        "ledger",
        "explain",
        "check",
        "lock",
        "history",
        "inspect",
        "init",
        "demo",
    ]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_version_is_one_line() -> None:
    done = shell("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"saasmetrics \S+\n", done.stdout)


# Exit codes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no command"),
        (["nope"], "No such command 'nope'"),
        (["compute", "--nope"], "No such option: --nope"),
        (["compute", "--format", "xls"], "there is no format xls"),
        (["compute", "-o", "a.xls"], "a.xls has no ending that names a format"),
        (["compute", "--fail-on", "often"], "--fail-on often"),
        (["compute", "--color", "blue"], "--color blue"),
        (["compute", "-f", "nowhere.yaml"], "nowhere.yaml does not exist"),
        (["ledger"], "Missing argument"),
        (["demo", "--accounts", "4"], "`accounts` is 4, out of range"),
    ],
)
def test_a_bad_invocation_is_2_and_says_why_on_stderr(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_no_definitions_here_or_above_is_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["compute"]) == 2
    assert "there is no metrics.yaml here or in a folder above; pass -f PATH" in capsys.readouterr().err


def ends(error: BaseException) -> int:
    """Exit code of a command that ends with an error."""

    def command(_: Console) -> object:
        raise error

    return guard(command)


def test_a_crash_is_70_and_says_in_one_line_that_it_is_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(ZeroDivisionError("division\nby zero")) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "this is a bug in the tool: ZeroDivisionError: division by zero; run again with --debug" in err


def test_debug_shows_the_traceback_of_a_crash(capsys: pytest.CaptureFixture[str]) -> None:
    def command(console: Console) -> object:
        console.talk(quiet=False, verbose=False, colour="never", no_progress=True, debug=True)
        return 1 / 0

    assert guard(command) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "ZeroDivisionError: division by zero" in err.splitlines()[-1]


def test_an_interruption_is_130_and_bad_data_keeps_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(KeyboardInterrupt()) == 130
    assert ends(InputError([Finding("SM901", Severity.ERROR, "no file")], 3)) == 3
    assert "error SM901 no file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fail_on", "code"), [(None, 0), (Severity.ERROR, 0), (Severity.WARNING, 1), (Severity.NOTE, 1)]
)
def test_findings_fail_a_run_from_the_threshold_on(fail_on: Severity | None, code: int) -> None:
    found = (Finding("SM903", Severity.WARNING, "odd"), Finding("SM904", Severity.NOTE, "by the way"))
    assert guard(lambda _: Outcome(findings=found, fail_on=fail_on)) == code


def test_notes_are_for_the_curious_and_quiet_hides_all_but_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    found = (Finding("SM903", Severity.WARNING, "odd"), Finding("SM904", Severity.NOTE, "by the way"))

    def told(fail_on: Severity | None = None, *, quiet: bool = False, verbose: bool = False) -> str:
        loud = Console(quiet=quiet, verbose=verbose)
        loud.finish(Outcome(findings=found, fail_on=fail_on, said=("Wrote a.csv",)))
        out, err = capsys.readouterr()
        assert out == ""
        return err

    assert told() == "warning SM903 odd\nWrote a.csv\n"
    assert "note SM904 by the way" in told(verbose=True)
    assert told(quiet=True) == ""
    assert told(quiet=True, fail_on=Severity.WARNING) == "warning SM903 odd\n"


# Flags


def test_dates_instants_and_grains_are_read_strictly() -> None:
    assert asking.day("--from", "2026-10-31") == date(2026, 10, 31)
    assert asking.day_before("--to", "2026-11-01") == date(2026, 10, 31)
    assert asking.moment("--as-of", "2026-10-31") == date(2026, 10, 31)
    assert asking.moment("--as-of", "2026-10-31T06:00") == datetime(2026, 10, 31, 6, tzinfo=UTC)
    assert asking.moment("--as-of", "2026-10-31T06:00+02:00") == datetime(2026, 10, 31, 4, tzinfo=UTC)
    assert asking.grain("quarter") is Grain.QUARTER
    for read, text in ((asking.grain, "fortnight"), (asking.threshold, "sometimes")):
        with pytest.raises(InputError):
            read(text)
    for text in ("31.10.2026", "2026-13-01", "2026-10-31T99:00"):
        with pytest.raises(InputError, match="--as-of"):
            asking.moment("--as-of", text)


def test_breakdowns_and_filters_may_be_repeated() -> None:
    assert asking.breakdowns(["plan", "plan,size", "plan"]) == (("plan",), ("plan", "size"))
    assert asking.breakdowns(None) == ()
    assert asking.narrowing(["plan=pro", "size=mid,large", "plan=basic"]) == {
        "plan": ("pro", "basic"),
        "size": ("mid", "large"),
    }
    for text in ("plan", "=pro", "plan="):
        with pytest.raises(InputError):
            asking.narrowing([text])


# Completion


def completed(words: str, folder: Path) -> list[str]:
    """What bash would be offered after some words."""
    environment = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = shell(folder=folder, _SAASMETRICS_COMPLETE="complete_bash", **environment)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def described(tmp_path: Path) -> Path:
    """A folder with definitions in two files."""
    (tmp_path / "metrics.yaml").write_text(
        "version: 1\ninclude: [more.yaml]\nsources:\n  events: {path: e.csv}\n"
        "segments: {plan: {}, plot: {}}\nworkflows: {invoicing: {success: x}}\nmetrics:\n  nrr_3mo: {}\n"
    )
    (tmp_path / "more.yaml").write_text("metrics: {nrr_own: {}}\nsegments: {planet: {}}\n")
    (tmp_path / "below").mkdir()
    return tmp_path


def test_completion_knows_metrics_segments_and_sources(described: Path) -> None:
    assert completed("saasmetrics compute nrr", described / "below") == ["nrr", "nrr_3mo", "nrr_own"]
    assert completed("saasmetrics compute completion_rate.", described) == ["completion_rate.invoicing"]
    assert completed("saasmetrics compute mrr --by pl", described) == ["plan", "planet", "plot"]
    assert completed("saasmetrics compute mrr --by plan,plo", described) == ["plan,plot"]
    assert completed("saasmetrics explain eve", described) == ["events"]


def test_completion_is_silent_about_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "metrics.yaml").write_text("metrics: [: {")
    assert "nrr" in completed("saasmetrics compute nr", tmp_path)


def test_completion_reads_names_only(described: Path) -> None:
    code = (
        "import sys, types; from saasmetrics.cli.completion import metrics, names, segments; "
        "context = types.SimpleNamespace(params={}); metrics(context, ''); segments(context, ''); names(context, ''); "
        "sys.exit(', '.join(n for n in ('polars', 'pydantic', 'sqlglot', 'rich') if n in sys.modules) or None)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=described, env=environment, capture_output=True, check=False
    )
    assert (done.stderr, done.returncode) == (b"", 0)


# Progress


def test_verbose_tells_each_stage_once_with_its_rows() -> None:
    said: list[str] = []
    with Progress(None, said.append) as progress:
        progress("tables", 0, 100)
        progress("rows", 50, 100)
        progress("rows", 100, 100)
    assert [re.sub(r"\d+\.\d+", "T", line) for line in said] == ["tables in T s", "rows: 100 rows in T s"]


def test_progress_is_drawn_only_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console as RichConsole

    clock = [100.0]
    monkeypatch.setattr("saasmetrics.cli.progress.perf_counter", lambda: clock[0])
    stream = io.StringIO()
    with Progress(RichConsole(file=stream, force_terminal=True, width=80), None) as progress:
        progress("rows", 1_000, 20_000)
        assert stream.getvalue() == ""
        clock[0] += PATIENCE + 0.1
        progress("rows", 10_000, 20_000)
    assert "10,000 of 20,000 rows" in stream.getvalue()


def test_nothing_is_drawn_where_stderr_is_no_terminal(tmp_path: Path) -> None:
    done = shell("demo", str(tmp_path / "demo"), "--accounts", "40", "--months", "4", "--events", "6000")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"Wrote \d+ files to \S+; STORIES.md says what to look for\n", done.stderr)
    assert (tmp_path / "demo" / "metrics.yaml").is_file()


# Whole commands: transcripts of a company small enough to be worked out by hand

CASES = ROOT / "tests" / "cases" / "cli"
BLOCK = re.compile(r"^```(console|stdout|stderr)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EDIT = re.compile(r"^```edit (\S+)\n- (.*)\n\+ (.*)\n```$", re.MULTILINE)
"""What happens to a file before the next command: a text, and what takes its place."""


@pytest.mark.parametrize("path", sorted(CASES.glob("*.md")), ids=lambda path: path.stem)
def test_transcript(
    path: Path, company: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of a page, with what it prints on each stream and its exit code; all in this process."""
    for name in UNWANTED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(company)
    text = path.read_text(encoding="utf-8")
    for number, step in enumerate(re.split(r"^(?=```console$)", text, flags=re.MULTILINE)[1:], 1):
        blocks = dict(BLOCK.findall(step))
        code = re.search(r"^Exit code (\d+)\.$", step, re.MULTILINE)
        assert code, f"step {number} says no exit code"
        ended = run(shlex.split(blocks["console"].removeprefix("$ saasmetrics ")))
        out, err = capsys.readouterr()
        assert out == blocks.get("stdout", ""), f"stdout of step {number}"
        assert err == blocks.get("stderr", ""), f"stderr of step {number}"
        assert ended == int(code[1]), f"exit code of step {number}"
        for name, old, new in EDIT.findall(step):
            written = (company / name).read_text(encoding="utf-8")
            assert written.count(old) == 1, f"{written.count(old)} times in {name}: {old}"
            (company / name).write_text(written.replace(old, new), encoding="utf-8")


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A folder of one's own with the exports of a company that was typed by hand."""
    shutil.copytree(CASES / "company", tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_pipe_that_closes_early_ends_in_silence(company: Path) -> None:
    command = f"{sys.executable} -m saasmetrics compute --all | head -1; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=company, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout.splitlines() == ["saasmetrics compute  Tiny", "0"]
    assert done.stderr == ""


def test_json_on_stdout_is_one_document_whatever_else_is_said(company: Path) -> None:
    done = shell("compute", "mrr", "--format", "json", "-v", folder=company)
    document = json.loads(done.stdout)
    october = [value for value in document["values"] if value["period"] == "2026-10-01"]
    assert [(value["metric"], value["value"], value["status"]) for value in october] == [("mrr", 340.0, "ok")]
    assert re.search(r"^subscriptions: 5 rows, 5 used, 2026-07-10 to ", done.stderr, re.MULTILINE)
    assert re.search(r"^done in \d+\.\d\d s$", done.stderr, re.MULTILINE)


def test_files_are_named_by_their_ending_and_hold_the_same_values(company: Path) -> None:
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        assert shell("compute", "mrr", "-q", "-o", name, folder=company).stderr == ""
    import polars as pl

    parquet = pl.read_parquet(company / "a.parquet")["value"].to_list()
    assert parquet[-5:] == [100.0, 150.0, 350.0, 340.0, 420.0]
    assert pl.read_csv(company / "a.csv")["value"].to_list() == parquet
    assert pl.read_ndjson(company / "a.jsonl")["value"].to_list() == parquet


def test_a_manifest_says_enough_to_repeat_the_run(company: Path) -> None:
    done = shell("compute", "mrr", "--as-of", "2026-10-31", "--manifest", "m.json", "-o", "a.csv", folder=company)
    assert done.stderr.splitlines() == ["Wrote a.csv", "Wrote m.json"]
    manifest = json.loads((company / "m.json").read_text())
    assert manifest["as_of"] == "2026-11-01T00:00:00+00:00"
    assert manifest["asked"]["metrics"] == ["mrr"]
    assert manifest["policies"]["retention"] == "cohort"
    content = (company / "subscriptions.csv").read_bytes()
    source = manifest["inputs"]["subscriptions"]
    assert (source["rows"], source["used"]) == (5, 5)
    assert source["files"][0]["size"] == len(content)
    assert source["files"][0]["sha256"] == sha256(content).hexdigest()
    own = sha256((company / "metrics.yaml").read_bytes()).hexdigest()
    assert manifest["definitions"]["files"][0]["sha256"] == own
    (company / "metrics.yaml").write_text((company / "metrics.yaml").read_text() + "# a word\n")
    shell("compute", "mrr", "--manifest", "m.json", folder=company)
    again = json.loads((company / "m.json").read_text())
    assert again["definitions"]["fingerprint"] != manifest["definitions"]["fingerprint"]


def test_the_same_run_gives_the_same_bytes(company: Path) -> None:
    once = shell("compute", "--all", "--format", "csv", folder=company, POLARS_MAX_THREADS="1")
    twice = shell("compute", "--all", "--format", "csv", folder=company, TZ="Pacific/Auckland", PYTHONHASHSEED="7")
    assert once.returncode == 0
    assert once.stdout == twice.stdout
    assert once.stdout.count("\n") > 100


def test_colour_is_for_terminals_unless_it_is_asked_for(company: Path) -> None:
    plain = shell("compute", "mrr", folder=company)
    assert "\x1b" not in plain.stdout
    asked = shell("compute", "mrr", "--color", "always", folder=company, TERM="xterm-256color")
    assert "\x1b[" in asked.stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", asked.stdout) == plain.stdout
    forced = shell("compute", "mrr", folder=company, FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[" in forced.stdout
    assert "\x1b" not in shell("compute", "mrr", "--color", "never", folder=company, FORCE_COLOR="1").stdout


def test_an_ascii_pipe_gets_ascii(company: Path) -> None:
    done = shell("compute", "mrr", folder=company, PYTHONIOENCODING="ascii")
    assert done.stdout.isascii()
    assert "^ +133.3%" in done.stdout


def test_columns_set_the_width_of_a_pipe(company: Path) -> None:
    narrow = shell("compute", folder=company, COLUMNS="47").stdout.splitlines()
    assert max(map(len, narrow)) <= 47
    wide = shell("compute", folder=company, COLUMNS="140").stdout
    assert re.search(r"target  status +n  owner$", wide, re.MULTILINE)


def test_cuts_that_only_the_data_knows_stand_under_their_metric_the_largest_first(company: Path) -> None:
    text = (company / "metrics.yaml").read_text()
    own = """metrics:
  completion_rate.invoicing: {label: Invoices that get through}
  posts:
    event: invoice_posted
    cut: "CASE WHEN run_id IN ('r9', 'r10') THEN 'the chosen' ELSE 'others' END"
    grain: month
    label: Posts"""
    (company / "metrics.yaml").write_text(text.replace("metrics:", own, 1))
    lines = shell("compute", "posts", folder=company).stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("  Posts "))
    assert [line.split()[:-1][0] for line in lines[place : place + 3]] == ["Posts", "the", "others"]
    assert re.match(r"    the chosen +2 ▲ \+2 ", lines[place + 1])
    assert re.match(r"    others +1 ▼ −1 ", lines[place + 2])
    one = shell("compute", 'posts."the chosen"', folder=company).stdout
    assert re.search(r"^Posts, the chosen$", one, re.MULTILINE)
    assert re.search(r"^Oct 2026 +2 ▲ \+2 ", one, re.MULTILINE)
    named = shell("compute", folder=company).stdout
    assert re.search(r"^    Invoices that get through +75\.0% ", named, re.MULTILINE)
    assert "the chosen" not in named
