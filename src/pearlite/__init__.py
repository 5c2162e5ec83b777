"""pearlite turns a measurement into an honestly tested model.

``pl.guide`` says what fits the data, ``pl.audit`` what makes a test of it dishonest; ``pl.fit``
makes a run, ``pl.load`` opens one again, ``pl.samples`` holds images to try things on.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pearlite.data import samples as samples
    from pearlite.data.image import Image as Image
    from pearlite.errors import InputError as InputError
    from pearlite.errors import Refused as Refused
    from pearlite.fieldguide import guide as guide
    from pearlite.judge.audit import audit as audit
    from pearlite.recipes import fit as fit
    from pearlite.recipes import load as load
    from pearlite.run import Run as Run

_HOMES = {
    "Image": "pearlite.data.image",
    "InputError": "pearlite.errors",
    "Refused": "pearlite.errors",
    "Run": "pearlite.run",
    "audit": "pearlite.judge.audit",
    "fit": "pearlite.recipes",
    "guide": "pearlite.fieldguide",
    "load": "pearlite.recipes",
    "samples": "pearlite.data",
}
__all__ = [
    "Image",
    "InputError",
    "Refused",
    "Run",
    "audit",
    "fit",
    "guide",
    "load",
    "samples",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("pearlite")
    if name not in _HOMES:
        raise AttributeError(f"module 'pearlite' has no attribute {name!r}")
    home = import_module(_HOMES[name])
    return import_module("pearlite.data.samples") if name == "samples" else getattr(home, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
