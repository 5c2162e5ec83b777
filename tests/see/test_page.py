import re

import numpy as np
import pytest

from pearlite.see import page
from pearlite.see.html import Html, escape, join, tag
from pearlite.see.scatter import scatter

EVIL = "<script>alert('x')</script>\"onload=\"y"
PIXEL = "data:image/webp;base64,UklGRg=="


def whole_page(text=EVIL):
    return page.page(
        text,
        text,
        page.section(text, page.compare(PIXEL, PIXEL, (4, 6), text, labels=(text, text))),
        page.section("", page.picture(PIXEL, (4, 6), text, text)),
        page.section("n", page.tiles([(text, text, text)]), page.verdict("failed", text)),
        page.section("t", page.table([(text, text)], (text, text)), page.notes([text])),
        page.section("c", tag("pre", page.code(text)), page.details(text, text)),
    )


def test_text_from_outside_never_becomes_markup():
    made = whole_page()
    assert "<script>alert" not in made
    assert '"onload="' not in made
    assert made.count("<script>") == 1


def test_the_page_carries_everything_and_may_ask_the_network_for_nothing():
    made = whole_page("plain")
    assert "default-src &#x27;none&#x27;" in made
    sources = re.findall(r'\b(?:src|href|action)="([^"]*)"', made)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert "http://" not in made
    assert "https://" not in made
    assert "@import" not in made


def test_the_divider_can_be_moved_by_keyboard_and_says_what_it_is():
    made = page.compare(PIXEL, PIXEL, (4, 6), "caption")
    assert 'type="range"' in made
    assert 'aria-label="Divider: noisy on the left, denoised on the right"' in made


def test_markup_is_kept_and_text_is_escaped():
    assert escape(Html("<b>")) == "<b>"
    assert escape("<b>") == "&lt;b&gt;"
    assert escape(None) == ""
    assert join("a<", tag("b", "x<")) == "a&lt;<b>x&lt;</b>"


def test_attributes_are_escaped_and_the_absent_left_out():
    assert tag("img", alt='"', class_="a", hidden=True, src=None, async_=False) == (
        '<img alt="&quot;" class="a" hidden>'
    )


@pytest.mark.parametrize("state", ["passed", "failed", "cannot tell"])
def test_a_badge_says_its_state_in_words(state):
    assert f">{state}</strong>" in page.badge(state)


@pytest.mark.parametrize(
    ("x", "y"),
    [([0.0, 1.0, 2.0], [0.0, 5.0, 3.0]), ([7.0], [0.0]), ([-3e6, 4e6], [1e-9, 2e-9])],
)
def test_every_point_lies_inside_the_plot(x, y):
    picture = scatter(np.array(x), np.array(y), lambda s: s * 1e3, ("signal", "variance"), "what")
    places = re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)"', picture)
    assert len(places) == len(x)
    assert all(0 <= float(a) <= 520 and 0 <= float(b) <= 340 for a, b in places)
