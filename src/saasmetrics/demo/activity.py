"""What happens day by day: sessions of people who run scripts, in blocks of rows sorted by time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saasmetrics.demo.accounts import Accounts, Users
from saasmetrics.demo.draws import Draws, Floats, Ints
from saasmetrics.demo.habits import ROWS_PER_ACTION, TOURIST, habits, run_scripts
from saasmetrics.demo.items import Lives
from saasmetrics.demo.rows import Rows
from saasmetrics.demo.scripts import (
    AFTER,
    FLAWS,
    FLOW,
    HAS_RUN,
    LENGTH,
    PACE,
    SCRIPT,
    START,
    STEP_FLAWED,
    STEP_MONEY,
    STEP_RUN,
    STEPS,
)
from saasmetrics.demo.span import DAY, FAR, Chapter, Span, office_hours
from saasmetrics.demo.stories import Stories

BLOCK = 1_000_000
"""Rows made at a time; more rows never need more memory than this."""
ACTIONS = 2.3
"""Mean number of scripts in a session after the log-in."""
WEEKDAYS = np.array([1.04, 1.10, 1.08, 1.02, 0.88, 0.14, 0.10])
TRIAL_DAYS = 45


@dataclass
class World:
    """Everything that activity depends on."""

    accounts: Accounts
    users: Users
    lives: Lives
    stories: Stories
    span: Span
    seed: int


@dataclass(frozen=True)
class Slice:
    """Part `part` of `parts` of a day."""

    day: int
    part: int
    parts: int
    rows: float

    @property
    def end(self) -> int:
        """The instant at which the slice is over."""
        share = np.array([(self.part + 1) / self.parts])
        return self.day * DAY + (DAY if self.part + 1 == self.parts else int(office_hours(share)[0]))


def account_level(world: World, day: int) -> Floats:
    """How busy each account is on a day: rising after set-up, falling before it leaves, nothing once it is gone."""
    accounts, lives = world.accounts, world.lives
    payer = lives.paid_from < FAR
    until = np.where(payer, lives.paid_to, np.where(accounts.engaged < FAR, accounts.engaged + TRIAL_DAYS, FAR))
    until = np.where(accounts.internal, FAR, until)
    here = (accounts.engaged <= day) & (day < until)
    ramp = np.clip((day - accounts.engaged + 40) / 60.0, 0.6, 1.0)
    fade = np.clip((until - day) / 56.0, 0.1, 1.0)
    back = (lives.back_from <= day) & (day < lives.back_to)
    level = accounts.intensity * (here * ramp * fade + 0.8 * back)
    age = day - accounts.signed_up
    visiting = (age > 0) & (age < 30) & (day < accounts.engaged)
    level = level + 0.2 * visiting
    world.stories.fade(level, day)
    return np.asarray(level)


def _mass(world: World, days: range) -> Floats:
    """Share of all sessions that falls on each day."""
    weights = np.add.reduceat(world.users.weight, world.users.first[:-1])
    noise = Draws(world.seed, "days").lognormal(len(days), 1.0, 0.035)
    mass = np.array([float((account_level(world, day) * weights).sum()) for day in days])
    offsets = np.arange(days.start, days.stop)
    mass = mass * WEEKDAYS[(offsets + 3) % 7] * noise
    return np.asarray(mass / mass.sum())


class Activity:
    """Makes the rows of the logs, block after block.

    Edges: rows that fall after their block (a session over midnight, an order received next week) wait in memory and
    come out with the block they fall in; rows after the export are dropped.
    """

    def __init__(self, world: World, planned: Rows, rows: int) -> None:
        self.world = world
        self.planned = planned
        self.target = max(rows - len(planned), 0)
        self.habits = habits(world.accounts, world.users)
        self.waiting = Rows.stack([])
        self.made = 0
        self.expected = 0.0
        self.sessions = 0
        self.runs = int(planned.run.max(initial=0))
        days = range(world.span.first, world.span.end)
        self.mass = dict(zip(days, _mass(world, days).tolist(), strict=True))

    def blocks(self) -> Iterator[tuple[Chapter, Rows]]:
        """Blocks of rows, sorted by time over all blocks; none reaches over the border of a file."""
        number = 0
        for chapter in self.world.span.chapters():
            for slices in self._plan(chapter):
                number += 1
                end = min(slices[-1].end, chapter.end)
                yield chapter, self._settle(self._make(slices, number), end)

    def _plan(self, chapter: Chapter) -> Iterator[list[Slice]]:
        """Days of a file gathered, or cut, into stretches of about a block of rows."""
        group: list[Slice] = []
        for day in range(chapter.start // DAY, -(-chapter.end // DAY)):
            rows = self.target * self.mass[day]
            parts = max(1, -int(-rows // BLOCK))
            for part in range(parts):
                piece = Slice(day, part, parts, rows / parts)
                if group and sum(each.rows for each in group) + piece.rows > BLOCK:
                    yield group
                    group = []
                group.append(piece)
        if group:
            yield group

    def _settle(self, fresh: Rows, end: int) -> Rows:
        """The rows before `end`, sorted; the others wait."""
        first = int(np.searchsorted(self.planned.at, end))
        rows = Rows.stack([self.waiting, self.planned.take(slice(0, first)), fresh])
        self.planned = self.planned.take(slice(first, None))
        due = rows.at < end
        waiting = rows.take(~due)
        self.waiting = waiting.take(waiting.at < self.world.span.cutoff)
        rows = rows.take(due)
        return rows.take(np.argsort(rows.at, kind="stable"))

    def _make(self, slices: list[Slice], number: int) -> Rows:
        draws = Draws(self.world.seed, "block", number)
        per_session = self.made / self.sessions if self.sessions else 3 + ACTIONS * ROWS_PER_ACTION
        behind = self.expected - self.made
        people, starts = [], []
        for piece in slices:
            self.expected += piece.rows
            wanted = piece.rows + behind * piece.rows / max(sum(each.rows for each in slices), 1.0)
            count = max(round(wanted / per_session), 0)
            people.append(self._people(piece.day, count, draws))
            share = (piece.part + draws.uniform(len(people[-1]))) / piece.parts
            starts.append(piece.day * DAY + office_hours(share))
        user, start = np.concatenate(people), np.concatenate(starts)
        rows = self._act(user, start, draws)
        self.sessions += len(user)
        self.made += int((rows.at < self.world.span.cutoff).sum())
        return rows

    def _people(self, day: int, count: int, draws: Draws) -> Ints:
        """Who opens the product on a day, as often as they are busy."""
        world, users = self.world, self.world.users
        level = np.repeat(account_level(world, day), users.count)
        weight = world.stories.silence(users.weight, day) * level * (users.joined < day * DAY)
        edges = np.cumsum(weight)
        if not edges[-1]:
            return np.zeros(0, dtype=np.int64)
        found = np.searchsorted(edges, draws.uniform(count) * edges[-1], side="right")
        return np.asarray(np.minimum(found, len(edges) - 1), dtype=np.int64)

    def _act(self, user: Ints, start: Ints, draws: Draws) -> Rows:
        """Run the scripts of sessions."""
        account = self.world.users.account[user]
        visiting = start // DAY < self.world.accounts.engaged[account]
        habit = np.where(visiting, TOURIST, self.habits[user])
        actions = 1 + (draws.exponential(len(user)) * (ACTIONS + 0.5)).astype(np.int64)
        opening = np.cumsum(actions) - actions
        session = np.repeat(np.arange(len(user)), actions)
        script = run_scripts(habit[session], draws.uniform(len(session)))
        script[opening] = SCRIPT["login"]
        pause = (draws.exponential(len(session)) * (20_000 + PACE[script])).astype(np.int64)
        clock = np.cumsum(pause)
        at = start[session] + (clock - clock[opening][session]) * 1000
        self.world.stories.retell(script, account[session], at, draws)
        return self._expand(script, user[session], at, draws)

    def _expand(self, script: Ints, user: Ints, at: Ints, draws: Draws) -> Rows:
        """The rows of actions: one per step of their script."""
        steps = LENGTH[script]
        opening = np.cumsum(steps) - steps
        action = np.repeat(np.arange(len(script)), steps)
        place = np.arange(len(action)) - opening[action] + START[script][action]
        wait = (AFTER[place] * draws.exponential(len(action))).astype(np.int64) + 1
        clock = np.cumsum(wait)
        before = clock[opening] - wait[opening]
        code = FLOW[place]
        has_run = HAS_RUN[script]
        run = np.where(has_run, self.runs + np.cumsum(has_run), 0)
        self.runs += int(has_run.sum())
        cents = np.zeros(len(script), dtype=np.int64)
        cents[has_run] = np.rint(draws.lognormal(int(has_run.sum()), 24_000.0, 0.9)).astype(np.int64)
        return Rows(
            at=(at[action] // 1000 + clock - before[action]) * 1000,
            code=code,
            user=user[action],
            run=np.where(STEP_RUN[code] > 0, run[action], 0),
            cents=np.where(STEP_MONEY[code], cents[action], 0),
            flaw=_flaws(code, draws),
        )


_FLAW_CHOICES = [[FLAWS.index(flaw) for flaw in step.flaws] for step in STEPS]
_FLAW_COUNT = np.array([max(len(choices), 1) for choices in _FLAW_CHOICES], dtype=np.int64)
_FLAW_START = np.cumsum(_FLAW_COUNT) - _FLAW_COUNT
_FLAW_FLAT = np.array([flaw for choices in _FLAW_CHOICES for flaw in (choices or [0])], dtype=np.int64)


def _flaws(code: Ints, draws: Draws) -> Ints:
    """Error codes of the rows whose step can fail."""
    out = np.zeros(len(code), dtype=np.int64)
    rows = np.flatnonzero(STEP_FLAWED[code])
    which = code[rows]
    out[rows] = _FLAW_FLAT[_FLAW_START[which] + draws.below(len(rows), _FLAW_COUNT[which])]
    return out
