import doctest
import re
from pathlib import Path

import torch

PAGE = Path(__file__).parents[2] / "docs" / "layers.md"


def examples():
    blocks = re.findall(r"^```pycon\n(.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    return doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)


def test_every_example_of_the_page_gives_what_it_says():
    shown: list[str] = []
    with torch.random.fork_rng():
        result = doctest.DocTestRunner().run(examples(), out=shown.append)
    assert result.attempted > 30
    assert not result.failed, "".join(shown)
