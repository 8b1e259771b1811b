"""Faults that can be planted, by id."""

from typing import Any

BREAKAGES: dict[str, Any] = {}
