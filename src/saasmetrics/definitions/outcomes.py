"""How a request ended: by its outcome or else by its HTTP status, and whose fault it was, under `client_errors`."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from saasmetrics.expression import parse, words_of

ROLE, OUTCOME = "requests", "outcome"

_BY_STATUS = (
    "WHEN status LIKE '504%' THEN 'timeout' WHEN status LIKE '5__%' THEN 'error' "
    "WHEN status LIKE '1__%' OR status LIKE '2__%' OR status LIKE '3__%' THEN 'ok'"
)
TOLD = {
    "exclude": "(CASE WHEN outcome IN ('ok', 'timeout') THEN outcome WHEN status LIKE '4__%' THEN NULL "
    f"WHEN outcome IS NOT NULL THEN outcome {_BY_STATUS} END)",
    "include": "(CASE WHEN outcome IS NOT NULL THEN outcome WHEN status LIKE '408%' THEN 'timeout' "
    f"WHEN status LIKE '4__%' THEN 'error' {_BY_STATUS} END)",
}
"""What stands for `outcome` in SQL over requests: a client's error has none, unless it is included."""


@lru_cache(maxsize=1024)
def told(sql: str, client_errors: Literal["exclude", "include"]) -> str:
    """SQL over requests, with the column `outcome` read as a policy wants it.

    Edges: an outcome that is given counts before the status; of one that is not, a status of 504 is a timeout, other
    ones from 500 are errors, those below 400 are ok. From 400 to 499 the caller was at fault: excluded, the request has
    no outcome (it was made, and neither succeeded nor failed), even where it says `error`; included, 408 is a timeout
    and the others are errors.
    """
    if OUTCOME not in sql.lower() or OUTCOME not in parse(sql).columns:
        return sql
    words = words_of(sql)
    out, end = [], 0
    for number, (word, place) in enumerate(words):
        alone = number == 0 or words[number - 1][0] != "."
        if alone and word.strip('"') == OUTCOME and word[:1] != "'":
            quoted = word[:1] == '"'
            out += [sql[end:place], TOLD[client_errors]]
            end = place + len(OUTCOME) + 2 * quoted
    return "".join([*out, sql[end:]])


def written(sql: str) -> str:
    """The same SQL in the words of who wrote it."""
    for instead in TOLD.values():
        sql = sql.replace(instead, OUTCOME)
    return sql
