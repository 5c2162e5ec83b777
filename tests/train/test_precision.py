import pytest
import torch

from pearlite.train.precision import has_fast_bfloat16


@pytest.fixture(autouse=True)
def forget():
    has_fast_bfloat16.cache_clear()
    yield
    has_fast_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx512_f": True}, False)],
)
def test_a_processor_is_believed(monkeypatch, flags, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags, raising=False)
    assert has_fast_bfloat16("cpu") is expected


def test_what_cannot_tell_counts_as_no(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert has_fast_bfloat16("cpu") is False
    assert has_fast_bfloat16("mps") is False
