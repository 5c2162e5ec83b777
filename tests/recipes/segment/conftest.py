"""What every test of segmentation relies on."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def _one_thread(one_thread):
    """Train small networks, each in one thread."""
