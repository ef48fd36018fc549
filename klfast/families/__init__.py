"""The families: one class each, in the registry's order."""

from klfast.families.family import Family
from klfast.families.registry import families

globals().update(families)

__all__ = ["Family", "families", *families]
