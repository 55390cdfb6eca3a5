"""Judgement on values: targets."""
