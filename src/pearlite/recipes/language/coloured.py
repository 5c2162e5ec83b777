"""A text with every token in the colour of how much it surprised a network."""

from typing import Any

from pearlite.see.html import Html, join, tag

BRIGHT = 8.0  # bits at which a token is coloured in full
SAID = (
    f"The more colour, the less the network expected a token; full colour means {BRIGHT:g} bits, a "
    f"chance of 1 in {2**BRIGHT:,.0f}. Hold the mouse over a token to see what was expected."
)


def coloured(tokens: list[dict[str, Any]]) -> Html:
    """Return the text of tokens, as `pearlite.recipes.language.inside.surprises` gives them."""
    return tag("pre", join(*(_token(token) for token in tokens)))


def _token(token: dict[str, Any]) -> Html | str:
    bits = token["bits"]
    if bits is None:
        return token["text"]
    said = f"{bits:.2f} bits; expected {token['expected']!r}"
    style = f"background:rgb(213 94 0 / {min(bits / BRIGHT, 1):.2f})"
    return tag("span", token["text"], style=style, title=said)
