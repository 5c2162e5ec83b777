"""Pixels are told apart by one thread a task: no thread of torch or BLAS waits for another."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info
from torch.nn.modules.module import register_module_forward_hook

from pearlite.recipes.segment.interactive import Interactive
from pearlite.train.threads import on_all_cores, one_thread


@pytest.fixture(autouse=True)
def _three_threads():
    usual = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(usual)


def of_blas() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_torch_and_blas_have_one_thread_within_and_their_own_afterwards() -> None:
    before = of_blas()
    with one_thread():
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
        assert set(of_blas()) == {1}
    assert torch.get_num_threads() == 3
    assert of_blas() == before


def test_those_who_leave_first_do_not_take_the_limit_from_the_others() -> None:
    before, both, left = of_blas(), Barrier(2, timeout=20), Barrier(2, timeout=20)

    def first() -> None:
        with one_thread():
            both.wait()
        left.wait()

    def second() -> tuple[int, list[int]]:
        with one_thread():
            both.wait()
            left.wait()
            return torch.get_num_threads(), of_blas()

    with ThreadPoolExecutor(2) as pool:
        pool.submit(first)
        threads, blas = pool.submit(second).result()
    assert (threads, set(blas)) == (1, {1})
    assert of_blas() == before


def test_every_item_is_worked_on_by_one_thread_and_mistakes_come_through() -> None:
    found: dict[int, int] = {}
    on_all_cores(lambda item: found.__setitem__(item, torch.get_num_threads()), range(7))
    assert found == dict.fromkeys(range(7), 1)
    with pytest.raises(ZeroDivisionError):
        on_all_cores(lambda item: 1 // item, [1, 0])


def test_an_update_asks_for_one_thread_whatever_torch_has() -> None:
    image_CHW = np.random.default_rng(0).normal(100, 5, (1, 80, 72))
    image_CHW[:, :, 36:] += 30
    seen = set[int]()
    hook = register_module_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
    try:
        torch.set_num_threads(1)
        session = Interactive(image_CHW, 2, deep=True, levels=3)
        session.stroke([(10, 5), (70, 20)], 1.5, 0)
        session.stroke([(10, 45), (70, 60)], 1.5, 1)
        shown_KHW = session.update()[1]
        torch.set_num_threads(3)
        session.stroke([(40, 60)], 6, 0)
        session.undo()
        again_KHW = session.segmenter().probabilities(image_CHW)
    finally:
        hook.remove()
    assert seen == {1}
    assert np.array_equal(shown_KHW, again_KHW)
