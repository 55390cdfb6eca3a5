"""`sources`: files and inline tables, and how their columns become canonical ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from saasmetrics.definitions.ignoring import Ignorable
from saasmetrics.definitions.model import Model, fault, near
from saasmetrics.definitions.scalars import Duration, Label, Labels, Sql
from saasmetrics.definitions.settings import zone
from saasmetrics.document import Number
from saasmetrics.frames.canonical import ROLES

Cell = str | int | float | bool | None
_URL = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+://")


class ColumnSource(Model):
    """Where one column comes from: a file column, an expression or a path in JSON; `default` alone is a constant."""

    column: Label | None = None
    expr: Sql | None = None
    json_: str | None = Field(None, alias="json")
    default: Cell = None
    map: dict[str, Cell] | None = None
    unit: Literal["minor", "micro"] | None = None

    @property
    def json_path(self) -> str | None:
        """Path in a JSON column, as `column.key.key`."""
        return self.json_

    @model_validator(mode="before")
    @classmethod
    def _from_column(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str | int | Number) and not isinstance(value, bool) else value

    def faults(self) -> Iterator[PydanticCustomError]:
        """One origin; a constant takes no options."""
        origins = [key for key, given in (("column", self.column), ("expr", self.expr), ("json", self.json_)) if given]
        for other in origins[1:]:
            yield fault("SM008", f"`{origins[0]}` and `{other}` both say where it comes from", "keep one", at=other)
        if not origins and self.default is None:
            yield fault("SM007", "nothing says where the column comes from", "write column, expr, json or default")
        for option in ("map", "unit"):
            if not origins and getattr(self, option) is not None:
                yield fault("SM008", f"`{option}` does nothing to a constant", "remove it", at=option)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": ["string", "number"]}, dict(handler.resolve_ref_schema(handler(schema)))]}


class Source(Ignorable):
    """One set of rows of a role.

    Edges: once read, `role` is filled, `columns` holds the preset's too, and `base` is the folder that relative paths
    start from.
    """

    path: Labels = ()
    rows: tuple[dict[str, Cell], ...] | None = None
    role: str = ""
    preset: str | None = None
    beside: dict[str, Labels] = Field(default_factory=dict)
    columns: dict[str, ColumnSource] = Field(default_factory=dict)
    filter: Sql | None = None
    timezone: str | None = None
    date_format: str | None = None
    partition: str | None = None
    ignore_events: tuple[str, ...] = ()
    settle: Duration | None = None
    renamed_from: str | None = None
    base: Path = Path()

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return value and zone(value)

    @field_validator("path")
    @classmethod
    def _no_url(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if _URL.match(path):
                raise fault("SM011", f"`{path}` is a URL; only files are read", "download it first")
        return value

    @field_validator("beside")
    @classmethod
    def _no_urls(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for paths in value.values():
            cls._no_url(paths)
        return value

    @field_validator("role")
    @classmethod
    def _known_role(cls, value: str) -> str:
        if value and value not in ROLES:
            raise fault("SM003", f"there is no role `{value}`", near(value, ROLES))
        return value

    def faults(self) -> Iterator[PydanticCustomError]:
        """A path or rows; inline rows take no options of files."""
        if not self.path and self.rows is None:
            yield fault("SM007", "nothing says where the rows are", "write path or rows")
        if self.path and self.rows is not None:
            yield fault("SM008", "`path` and `rows` both say where the rows are", "keep one", at="rows")
        if self.beside and self.preset is None:
            yield fault(
                "SM008", "`beside` does nothing without a preset that reads such tables", "remove it", at="beside"
            )
        for option in ("partition", "date_format", "preset"):
            if self.rows is not None and getattr(self, option) is not None:
                yield fault("SM008", f"`{option}` does nothing to inline rows", "remove it", at=option)
