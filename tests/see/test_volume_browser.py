"""The viewer of volumes in a real browser, with WebGL in software."""

import io
import shutil
import time

import numpy as np
import pytest
from PIL import Image as Pillow

from pearlite.see import page
from pearlite.see.volume_viewer import viewer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="chromium and chromedriver are not installed",
    ),
]

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--window-size=1000,1100", "--hide-scrollbars"),
)
SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WAIT = 120  # seconds, at most
SIDE = 20
RED = "#cc0000"

COUNT = """
const [cells, shape] = arguments;
const made = pearliteVolume.net(Uint8Array.from(cells), shape);
const edges = new Map();
for (let at = 0; at < made.quads.length; at++) {
  const [a, b] = [made.quads[at], made.quads[at % 4 === 3 ? at - 3 : at + 1]];
  const key = Math.min(a, b) + "," + Math.max(a, b);
  edges.set(key, (edges.get(key) || 0) + (a < b ? 1 : -1) + 1000);
}
return {
  corners: Array.from(made.corners), quads: Array.from(made.quads), near: Array.from(made.near),
  edges: edges.size, often: [...new Set([...edges.values()].map((n) => Math.round(n / 1000)))],
};
"""


@pytest.fixture(scope="module", autouse=True)
def _coarse_picture():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pearlite.see.volume_viewer.PICTURE", 80)
        yield


def start(folder, *flags):
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    for flag in (*FLAGS, *flags, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options, ChromeService(shutil.which("chromedriver")))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start(tmp_path_factory.mktemp("browser"), *SOFTWARE)
    yield driver
    driver.quit()


def bars():
    """Return two phases that no turn of the box brings onto itself."""
    volume = np.zeros((SIDE, SIDE + 2, SIDE + 4), np.uint8)
    volume[4:12, 3:19, 2:20] = 1
    volume[14:18, 12:16, 10:20] = 1
    return volume


def written(tmp_path, *fragments):
    path = tmp_path / "report.html"
    sections = [page.section("Volume", fragment) for fragment in fragments]
    path.write_text(page.page("t", "s", *sections), encoding="utf-8")
    return path.as_uri()


def until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def state(driver, number=0):
    return driver.execute_script(
        f"return document.querySelectorAll('.volume')[{number}].dataset.state"
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    fragment = viewer(bars(), names=["void", "bar"], colours=["#d9dbdf", RED])
    return written(tmp_path_factory.mktemp("page"), fragment)


@pytest.fixture
def shown(browser, address):
    browser.get(address)
    until(lambda: state(browser))
    until(lambda: settled(browser))
    yield browser
    assert browser.get_log("browser") == []


def settled(driver):
    """Wait for two frames, in which all that was asked for is drawn."""
    return driver.execute_async_script(
        "const done = arguments[0];"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true))));"
    )


def picture(driver, selector=".volume-frame canvas"):
    """Return what is seen, without the frame that tells where the keyboard is."""
    element = driver.find_element("css selector", selector)
    driver.execute_script("arguments[0].scrollIntoViewIfNeeded()", element)
    settled(driver)
    shot = element.screenshot_as_png
    return np.asarray(Pillow.open(io.BytesIO(shot)).convert("RGB")).astype(int)[5:-5, 5:-5]


def reddish(pixels):
    red, green, blue = np.moveaxis(pixels, -1, 0)
    return int(((red - green > 60) & (red - blue > 60) & (green - blue < 30)).sum())


def control(driver, words):
    for label in driver.find_elements("css selector", ".volume-controls label"):
        if words in label.text:
            return label.find_element("css selector", "input, select")
    raise AssertionError(f"no control is labelled {words}")


def test_the_phase_is_drawn_lit_and_in_its_colour(shown):
    drawn = picture(shown)
    bar = drawn[(drawn[..., 0] - drawn[..., 2]) > 60]
    assert state(shown) == "live"
    assert len(bar) > 0.03 * drawn.shape[0] * drawn.shape[1]
    assert np.ptp(bar[:, 0]) > 60, "faces turned to the lamp are brighter"


def test_dragging_turns_it_and_a_double_click_turns_it_back(shown):
    from selenium.webdriver import ActionChains

    canvas = shown.find_element("css selector", ".volume-frame canvas")
    before = picture(shown)
    actions = ActionChains(shown).move_to_element(canvas).click_and_hold()
    actions.move_by_offset(120, 20).release().perform()
    turned = picture(shown)
    assert (np.abs(turned - before).max(axis=-1) > 40).mean() > 0.02
    ActionChains(shown).move_by_offset(-90, 0).perform()
    assert np.abs(picture(shown) - turned).max() < 40, "moving without pressing does nothing"
    ActionChains(shown).double_click(canvas).perform()
    assert (np.abs(picture(shown) - before).max(axis=-1) > 40).mean() < 0.002


def test_the_wheel_zooms_once_the_picture_was_pressed_and_scrolls_the_page_before(shown):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    canvas = shown.find_element("css selector", ".volume-frame canvas")
    before = reddish(picture(shown))
    where = ScrollOrigin.from_element(canvas)
    ActionChains(shown).scroll_from_origin(where, 0, 60).perform()
    until(lambda: shown.execute_script("return scrollY") > 0)
    shown.execute_script("scrollTo(0, 0)")
    assert reddish(picture(shown)) == pytest.approx(before, rel=0.02)
    canvas.click()
    ActionChains(shown).scroll_from_origin(where, 0, -150).perform()
    until(lambda: reddish(picture(shown)) > 1.3 * before)
    assert shown.execute_script("return scrollY") == 0


def test_keys_turn_and_zoom_it(shown):
    from selenium.webdriver.common.keys import Keys

    canvas = shown.find_element("css selector", ".volume-frame canvas")
    before = picture(shown)
    canvas.send_keys(Keys.ARROW_LEFT * 4)
    assert (np.abs(picture(shown) - before).max(axis=-1) > 40).mean() > 0.02
    canvas.send_keys("0")
    assert (np.abs(picture(shown) - before).max(axis=-1) > 40).mean() < 0.002
    canvas.send_keys("+++")
    assert reddish(picture(shown)) > 1.2 * reddish(before)


def test_a_switch_hides_its_phase_and_shows_the_other(shown):
    control(shown, "bar").click()
    assert reddish(picture(shown)) == 0
    control(shown, "void").click()
    full = picture(shown)
    assert reddish(full) == 0
    assert (full.max(axis=-1) < 235).mean() > 0.1, "the void is a grey box with holes"


def test_a_cut_opens_the_box_at_the_slice_from_either_side(shown):
    from selenium.webdriver.support.select import Select

    choice = Select(control(shown, "Cut open"))
    choice.select_by_value("none")
    whole = reddish(picture(shown))
    choice.select_by_value("z")
    below = reddish(picture(shown))
    control(shown, "from the other side").click()
    above = reddish(picture(shown))
    assert 0.2 * whole < below < 0.9 * whole
    assert above != below


def test_a_slider_moves_its_slice_by_keyboard_and_says_where(shown):
    from selenium.webdriver.common.keys import Keys

    slider = shown.find_element("css selector", "input[aria-label='Slice along z']")

    def red() -> int:
        return reddish(picture(shown, ".volume-slice canvas"))

    before = red()
    assert before > 0
    slider.send_keys(Keys.HOME)
    until(lambda: red() == 0)
    slider.send_keys(Keys.ARROW_RIGHT * 5)
    until(lambda: red() == pytest.approx(before, rel=0.05))
    assert slider.get_attribute("aria-valuetext") == "voxel 5"


def test_pressing_on_a_slice_moves_the_other_two(shown):
    from selenium.webdriver import ActionChains

    frame = shown.find_element("css selector", ".volume-slice")
    across = int(frame.size["width"] / 4)
    ActionChains(shown).move_to_element_with_offset(frame, across, 0).click().perform()
    settled(shown)
    slider = shown.find_element("css selector", "input[aria-label='Slice along x']")
    assert int(slider.get_attribute("value")) == pytest.approx(0.75 * (SIDE + 4), abs=1)


def test_two_viewers_of_a_page_work_each_on_its_own(browser, tmp_path):
    grey = np.random.default_rng(0).normal(size=(12, 14, 16))
    browser.get(written(tmp_path, viewer(bars(), colours=["#d9dbdf", RED]), viewer(grey)))
    until(lambda: state(browser))
    browser.execute_script("document.querySelectorAll('.volume')[1].scrollIntoView()")
    until(lambda: state(browser, 1))
    first, second = browser.find_elements("css selector", ".volume-frame canvas")
    assert first != second
    drawn = picture(browser, "section:last-child .volume-frame canvas")
    assert reddish(drawn) == 0
    assert np.ptp(drawn[drawn.shape[0] // 2, :, 0]) > 100
    assert browser.get_log("browser") == []


def test_without_webgl_the_picture_stays_and_the_slices_work(tmp_path, address):
    driver = start(tmp_path, "--disable-gpu", "--disable-3d-apis")
    try:
        driver.get(address)
        until(lambda: state(driver))
        assert state(driver) == "still"
        note = driver.find_element("css selector", ".volume-note").text
        assert "no WebGL" in note
        assert reddish(picture(driver, ".volume-still img")) > 1000
        assert reddish(picture(driver, ".volume-slice canvas")) > 1000
    finally:
        driver.quit()


def test_names_are_text(browser, tmp_path):
    name = "<img src=x onerror=\"document.title='broken'\">"
    browser.get(written(tmp_path, viewer(bars(), names=[name, "b"], title=name)))
    until(lambda: state(browser))
    assert name in browser.find_element("css selector", ".volume-controls").text
    assert browser.title == "t"


def counted(driver, volume):
    """Return the surface's corners, Euler number, and by how many quads its edges are shared."""
    made = driver.execute_script(COUNT, volume.ravel().tolist(), volume.shape)
    corners = np.array(made["corners"]).reshape(-1, 3)
    euler = len(corners) - made["edges"] + len(made["quads"]) // 4
    return corners, np.array(made["quads"]).reshape(-1, 4), euler, set(made["often"])


def round_body(tube):
    z, y, x = np.indices((24, 24, 24)) - 11.5
    if tube:
        return ((np.hypot(x, y) - 7) ** 2 + z**2 < 3.1**2).astype(np.uint8)
    return (x**2 + y**2 + z**2 < 8.2**2).astype(np.uint8)


@pytest.mark.parametrize(("tube", "euler"), [(False, 2), (True, 0)])
def test_surfaces_are_closed_and_have_the_holes_of_the_body(shown, tube, euler):
    _, quads, found, often = counted(shown, round_body(tube))
    assert len(quads) > 500
    assert often == {2}
    assert found == euler


def test_a_surface_is_smooth_and_lies_within_half_a_voxel_of_the_voxels_sides(shown):
    body = round_body(tube=False)
    corners, quads, *_ = counted(shown, body)
    radii = np.linalg.norm(corners - 12, axis=1)
    assert radii.std() < 0.2
    assert np.abs(radii - 8.2).max() < 0.6
    a, b, c, d = (corners[quads[:, i]] for i in range(4))
    normal = np.cross(c - a, d - b)
    area = np.linalg.norm(normal, axis=1).sum() / 2
    assert area == pytest.approx(4 * np.pi * 8.2**2, rel=0.05)


def test_surfaces_of_single_voxels_and_thin_walls_do_not_vanish(shown):
    thin = np.zeros((9, 9, 9), np.uint8)
    thin[4, 4, 4] = 1
    thin[7] = 2
    corners, quads, _, often = counted(shown, thin)
    assert len(quads) == 6 + 2 * 81
    assert often <= {1, 2}, "open only where it meets the faces of the box"
    voxel = corners[(np.abs(corners - 4.5) < 1.1).all(axis=1)]
    assert np.ptp(voxel, axis=0).min() > 0.2
    wall = corners[corners[:, 2] > 6]
    assert set(np.ptp(wall[:, :2], axis=0)) == {9.0}
