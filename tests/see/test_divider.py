"""The divider of a report's pictures, moved in a real browser by keyboard and by pointer."""

import shutil

import numpy as np
import pytest

from pearlite.see import page, preview

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="chromium and chromedriver are not installed",
    ),
]

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--window-size=800,700",
)


@pytest.fixture
def browser(tmp_path):
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def divider(browser, tmp_path):
    uri = preview.data_uri(np.zeros((40, 60), np.uint8))
    made = page.page("t", "s", page.section("", page.compare(uri, uri, (40, 60), "caption")))
    path = tmp_path / "report.html"
    path.write_text(made, encoding="utf-8")
    browser.get(path.as_uri())
    return browser.find_element("css selector", ".compare")


def place(frame):
    """Where the divider is drawn, as a share of the picture's width."""
    return frame.parent.execute_script(
        "const line = arguments[0].querySelector('.divider').getBoundingClientRect();"
        "const box = arguments[0].getBoundingClientRect();"
        "return (line.left + line.width / 2 - box.left) / box.width;",
        frame,
    )


def test_the_arrow_keys_move_the_divider(divider):
    from selenium.webdriver.common.keys import Keys

    slider = divider.find_element("css selector", "input")
    assert place(divider) == pytest.approx(0.5, abs=0.01)
    slider.send_keys(Keys.ARROW_RIGHT * 10)
    assert place(divider) == pytest.approx(0.6, abs=0.01)
    slider.send_keys(Keys.HOME)
    assert place(divider) == pytest.approx(0.0, abs=0.01)


def test_the_pointer_drags_the_divider(divider):
    from selenium.webdriver import ActionChains

    width = divider.size["width"]
    actions = ActionChains(divider.parent).move_to_element(divider).click_and_hold()
    actions.move_by_offset(int(width * 0.3), 5).release().perform()
    assert place(divider) == pytest.approx(0.8, abs=0.02)
    ActionChains(divider.parent).move_by_offset(-int(width * 0.5), 0).perform()
    assert place(divider) == pytest.approx(0.8, abs=0.02), "moving without pressing does nothing"


def test_the_browser_finds_nothing_to_complain_about(divider):
    assert divider.parent.get_log("browser") == []
