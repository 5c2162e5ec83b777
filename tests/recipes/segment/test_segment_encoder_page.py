import doctest
import re
from pathlib import Path

import torch

PAGE = Path(__file__).parents[3] / "docs" / "segment-encoders.md"


def test_every_example_of_the_page_gives_what_it_says():
    blocks = re.findall(r"^```pycon\n(.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    shown: list[str] = []
    with torch.random.fork_rng():
        result = doctest.DocTestRunner().run(examples, out=shown.append)
    assert result.attempted >= 15
    assert not result.failed, "".join(shown)
