"""A matplotlib figure as a picture inside a page."""

import base64
import io

from matplotlib.figure import Figure
from PIL import Image as Pillow

from pearlite.see import page
from pearlite.see.html import Html
from pearlite.see.style import styled


@styled
def png(figure: Figure) -> bytes:
    """Return the figure as a PNG file's content."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def framed(content: bytes, alt: str, caption: str) -> Html:
    """Return a picture for a page.

    Parameters
    ----------
    content
        A PNG file's content.
    alt
        What the picture shows, for those who cannot see it.
    caption
        What to look at.
    """
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    width, height = Pillow.open(io.BytesIO(content)).size
    return page.picture(uri, (height, width), alt, caption, exact=False)
