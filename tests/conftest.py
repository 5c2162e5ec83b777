"""What every test relies on."""

import os
import signal

import pytest
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:  # workers fill the cores, before torch counts them
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _heed_ctrl_c():
    """Listen to Ctrl-C also where the tests were started in the background, which ignores it."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.fixture(scope="module")
def one_thread():
    """Let torch work in one thread: two wait for each other longer than small networks compute."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)
