"""The one owner of stdout, stderr and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TextIO

from typer import TyperException

from saasmetrics.finding import Finding, InputError, Severity

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.text import Text

    from saasmetrics.cli.progress import Progress
    from saasmetrics.output.printout import Printout

Colour = Literal["auto", "always", "never"]


class Exit(IntEnum):
    """What the tool says to the shell."""

    FINE = 0
    FINDINGS = 1
    INVOCATION = 2
    DATA = 3
    BUG = 70
    INTERRUPTED = 130


@dataclass(frozen=True)
class Destination:
    """Where a result goes: a format by its name in `output/index.py`, and a file, or stdout."""

    form: str = "table"
    path: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What a command came to: a printout or a report and where it goes, findings and how much they weigh.

    `fail_on` is the lightest finding that makes the exit code 1; null: none does. `said` are lines for stderr after
    the result, `details` are said when verbose; `files` are written beside it. A `report` is lines for stdout that tell
    the findings themselves, `raw` is one for programs, behind it.
    """

    printout: Printout | None = None
    destination: Destination = field(default_factory=Destination)
    findings: tuple[Finding, ...] = ()
    fail_on: Severity | None = None
    said: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    files: Mapping[Path, bytes] = field(default_factory=dict)
    report: tuple[Text, ...] | None = None
    raw: bytes = b""


@dataclass
class Console:
    """How loud to be, and the only functions that write to a stream."""

    quiet: bool = False
    verbose: bool = False
    colour: Colour = "auto"
    debug: bool = False
    has_progress: bool = True
    began: float = field(default_factory=perf_counter)

    def talk(self, quiet: bool, verbose: bool, colour: str, no_progress: bool, debug: bool) -> Console:
        """Take over the flags that every command has."""
        if colour not in ("auto", "always", "never"):
            raise usage(f"--color {colour}: write auto, always or never")
        self.quiet, self.verbose, self.debug = quiet, verbose, debug
        self.colour = colour  # type: ignore[assignment]  # one of the three, by the line above
        self.has_progress = not (no_progress or quiet)
        return self

    def destination(self, form: str | None, output: Path | None) -> Destination:
        """Where a result shall go: the format asked for, else that of the output's ending, else a table.

        Raises: InputError (exit 2) for a format or an ending that is none, and for bytes on a terminal.
        """
        from saasmetrics.output.index import FORMATS, of_suffix

        path = None if output == Path("-") else output
        name = form or ("table" if path is None else of_suffix(path.suffix))
        if name is None:
            endings = ", ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
            raise usage(f"{path} has no ending that names a format", f"use one of {endings}, or --format")
        if name not in FORMATS:
            raise usage(f"there is no format {name}", f"use one of {', '.join(FORMATS)}")
        if path is None and not FORMATS[name].is_text and sys.stdout.isatty():
            raise usage(f"{name} is nothing to read on a terminal", "write it to a file with -o")
        return Destination(name, path)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Something to tell how far long work has come; it draws on a terminal only, and only after a second."""
        from saasmetrics.cli.progress import Progress

        drawn = self.has_progress and sys.stderr.isatty()
        with Progress(self._rich(sys.stderr) if drawn else None, self.say if self.verbose else None) as progress:
            yield progress

    def answer(self, message: str) -> None:
        """A line on stdout: a result that is no table."""
        self._lines(sys.stdout, [message])

    def ask(self, question: str, default: str) -> str:
        """An answer typed at a terminal; the default without one, when quiet, or for an empty line."""
        if self.quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return default
        sys.stderr.write(f"{question}{f' [{default}]' if default else ''}: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip() or default

    def say(self, message: str) -> None:
        """A line on stderr, unless quiet."""
        if not self.quiet:
            self._lines(sys.stderr, [message])

    def finish(self, outcome: Outcome) -> int:
        """Write the result, then what is to be said about it; the exit code follows from the findings."""
        if outcome.printout is not None:
            self._deliver(outcome.printout, outcome.destination)
        self._report(outcome)
        for path, content in outcome.files.items():
            self._write(path, content)
        if outcome.report is None:
            self._findings(tuple(finding for finding in outcome.findings if self._is_told(finding, outcome)))
        for message in outcome.said:
            self.say(message)
        if self.verbose:
            for message in (*outcome.details, f"done in {perf_counter() - self.began:.2f} s"):
                self.say(message)
        worst = max((finding.severity for finding in outcome.findings), default=0)
        return Exit.FINDINGS if outcome.fail_on is not None and worst >= outcome.fail_on else Exit.FINE

    def _report(self, outcome: Outcome) -> None:
        if outcome.report:
            from saasmetrics.output.terminal import lines_text

            seen = sys.stdout.isatty()
            sys.stdout.write(lines_text(outcome.report, self._rich(sys.stdout), folded=seen))
        sys.stdout.flush()
        if outcome.raw:
            sys.stdout.buffer.write(outcome.raw)
            sys.stdout.buffer.flush()

    def confirmed(self, question: str, instead: str) -> bool:
        """Whether somebody at the terminal says yes. Raises: InputError (exit 2) where nobody can be asked."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise usage("nobody is there to say yes", instead)
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _is_told(self, finding: Finding, outcome: Outcome) -> bool:
        """What makes the run fail always; without `quiet` warnings too; notes only when verbose."""
        if outcome.fail_on is not None and finding.severity >= outcome.fail_on:
            return True
        return not self.quiet and (self.verbose or finding.severity > Severity.NOTE)

    def refuse(self, error: InputError) -> int:
        """Say everything that is wrong with what was given; never quiet."""
        self._findings(error.findings)
        return error.exit_code

    def confess(self, error: Exception) -> int:
        """Say that the tool is at fault, with the traceback when asked for; local variables are never shown."""
        if self.debug:
            traceback.print_exception(error, file=sys.stderr)
        hint = "" if self.debug else "; run again with --debug and report what it prints"
        said = " ".join(str(error).split()) or "no message"
        self._lines(sys.stderr, [f"saasmetrics: this is a bug in the tool: {type(error).__name__}: {said}{hint}"])
        return Exit.BUG

    def _deliver(self, printout: Printout, destination: Destination) -> None:
        from saasmetrics.output.index import FORMATS

        if destination.path is not None:
            self._write(destination.path, FORMATS[destination.form].write(printout))
        elif destination.form == "table":
            self._page(printout)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(FORMATS[destination.form].write(printout))
            sys.stdout.buffer.flush()

    def _write(self, path: Path, content: bytes) -> None:
        from saasmetrics.output.place import place

        place(path, content)
        self.say(f"Wrote {path}")

    def _page(self, printout: Printout) -> None:
        from saasmetrics.output.terminal import page_text, sight

        on = self._rich(sys.stdout)
        sys.stdout.write(page_text(printout, on, sight(on, is_terminal=sys.stdout.isatty())))
        sys.stdout.flush()

    def _findings(self, findings: tuple[Finding, ...]) -> None:
        if not findings:
            return
        from saasmetrics.output.findings import lines
        from saasmetrics.output.terminal import lines_text

        sys.stderr.write(lines_text(lines(findings), self._rich(sys.stderr), folded=sys.stderr.isatty()))
        sys.stderr.flush()

    def _rich(self, stream: TextIO) -> RichConsole:
        from saasmetrics.output.terminal import console

        return console(stream, self.colour)

    def _lines(self, stream: TextIO, lines: list[str]) -> None:
        from saasmetrics.output.glyphs import tolerate

        tolerate(stream)
        for line in lines:
            stream.write(line + "\n")
        stream.flush()


def usage(message: str, hint: str | None = None) -> InputError:
    """A fault of the invocation."""
    return InputError([Finding("SM020", Severity.ERROR, message, hint=hint)], Exit.INVOCATION)


def guard(command: Callable[[Console], object]) -> int:
    """Run a command and turn whatever it ends with into an exit code.

    Edges: a reader that closes the pipe early is none of our business: silence, and exit 0. A crash must never read
    as a finding: it has an exit code of its own.
    """
    console = Console()
    try:
        ended = command(console)
        if isinstance(ended, Outcome):
            return console.finish(ended)
        sys.stdout.flush()
        return ended if isinstance(ended, int) else Exit.FINE
    except InputError as error:
        return console.refuse(error)
    except TyperException as error:
        at = getattr(getattr(error, "ctx", None), "command_path", "saasmetrics")
        return console.refuse(usage(error.format_message().rstrip("."), f"see {at} --help"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FINE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # the last door: whatever came this far is a bug of ours, and never a finding
        return console.confess(error)
