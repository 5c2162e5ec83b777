import re

import pytest

from pearlite import lecture


@pytest.mark.slow
def test_all_pages_come_in_order_under_one_index(tmp_path):
    folder = lecture.run("all", tmp_path / "lecture")
    html = (folder / "index.html").read_text()
    links = re.findall(r'<a href="([^"]+)"', html)
    assert links == [f"{name}/index.html" for name in lecture.PAGES]
    assert all((folder / link).exists() for link in links)
    assert html.count("data:image/png") == len(lecture.PAGES)
