"""A text whose words are shaded by what they are worth, for and against."""

from collections.abc import Sequence

from pearlite.see.html import Html, join, tag

FOR, AGAINST = (0, 114, 178), (213, 94, 0)  # blue and vermilion, as of `pearlite.see.style`
FAINTEST = 0.04  # of the strongest shade: less is left white


def coloured_text(
    text: str, worths: Sequence[tuple[int, int, float]], *, scale: float | None = None
) -> Html:
    """Return a text with blue words where the worth is positive, vermilion where it is negative.

    Parameters
    ----------
    text
        As it was read.
    worths
        Begin, end and worth of words, in order, none within another. The number is shown when the
        pointer rests on the word.
    scale
        Worth of the fullest colour; by default the largest in this text.
    """
    largest = scale or max((abs(worth) for _, _, worth in worths), default=0.0) or 1.0
    parts: list[Html | str] = []
    done = 0
    for begin, end, worth in worths:
        parts.append(text[done:begin])
        shade = min(1.0, abs(worth) / largest)
        word = text[begin:end]
        parts.append(word if shade < FAINTEST else _shaded(word, worth, shade))
        done = end
    return tag("p", join(*parts, text[done:]), style="white-space:pre-line;line-height:1.7")


def _shaded(word: str, worth: float, shade: float) -> Html:
    colour = ",".join(map(str, FOR if worth > 0 else AGAINST))
    style = f"background:rgba({colour},{0.6 * shade:.2f});border-radius:3px;padding:0 1px"
    return tag("span", word, style=style, title=f"{worth:+.3g}")
