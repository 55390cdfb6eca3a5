"""What findings call a target: its metric, the part of the company and the day that make it this one."""

from __future__ import annotations

from saasmetrics.definitions.blocks import Target


def named(target: Target) -> str:
    """The object of a finding about a target, which stays when targets around it come and go."""
    where = ",".join(f"{segment}={'|'.join(values)}" for segment, values in target.where.items())
    return f"target.{target.metric}{f'[{where}]' if where else ''}{f'@{target.by}' if target.by else ''}"
