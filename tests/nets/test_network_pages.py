import doctest
import re
from pathlib import Path

import pytest
import torch

from pearlite.nets import NETS

FOLDER = Path(__file__).parents[2] / "docs" / "nets"
PAGES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_of_a_page_gives_what_it_says(page):
    blocks = re.findall(r"^```pycon\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    shown: list[str] = []
    with torch.random.fork_rng():
        result = doctest.DocTestRunner().run(examples, out=shown.append)
    assert result.attempted >= 3
    assert not result.failed, "".join(shown)


def test_every_network_has_a_page_and_every_page_is_listed():
    index = (FOLDER / "README.md").read_text()
    listed = dict(re.findall(r"^\| `([\w-]+)` \|.*\]\((\w+\.md)\) \|$", index, flags=re.MULTILINE))
    assert listed.keys() == NETS.keys()
    assert set(listed.values()) == {page.name for page in PAGES} - {"README.md"}
