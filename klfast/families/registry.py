"""The registry of the families: class name to class, in the order of the C library.

The class of the C family `name` stands in the module `klfast.families.name`, and says so in its
`_family`. Nothing else lists the classes.
"""

from __future__ import annotations

from importlib import import_module

from klfast._core.native import family_names
from klfast.families.family import Family


def _class_of(name: str) -> type[Family]:
    module = import_module(f"klfast.families.{name}")
    for found in vars(module).values():
        if isinstance(found, type) and vars(found).get("_family") == name:
            return found
    raise ImportError(f"klfast/families/{name}.py has no class whose _family is {name!r}")


families: dict[str, type[Family]] = {
    found.__name__: found for found in map(_class_of, family_names())
}
