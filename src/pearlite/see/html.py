"""Markup that is safe by construction: whatever is not already `Html` gets escaped."""

from html import escape as _escape
from typing import Any

_VOID = {"img", "input", "meta", "br"}


class Html(str):
    """Markup that was built here, as opposed to text that came from a file or a person."""


def escape(value: Any) -> Html:
    """Return `value` as markup: `Html` as it is, ``None`` as nothing, all else as escaped text."""
    if isinstance(value, Html):
        return value
    return Html("" if value is None else _escape(str(value), quote=True))


def join(*parts: Any) -> Html:
    """Return the parts one after the other, each escaped if need be."""
    return Html("".join(escape(part) for part in parts))


def tag(element: str, /, *children: Any, **attributes: Any) -> Html:
    """Return an element; ``class_`` and ``aria_label`` become ``class`` and ``aria-label``.

    Attributes that are ``None`` or ``False`` are left out; ``True`` gives the bare name.
    """
    words = [element]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        words.append(attribute if value is True else f'{attribute}="{escape(str(value))}"')
    opening = f"<{' '.join(words)}>"
    return Html(opening if element in _VOID else f"{opening}{join(*children)}</{element}>")
