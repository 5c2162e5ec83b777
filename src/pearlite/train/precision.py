"""Which machines multiply faster in bfloat16."""

from functools import cache

import torch


@cache
def has_fast_bfloat16(device: str) -> bool:
    """Whether a kind of device, such as ``"cpu"``, multiplies bfloat16 numbers in hardware.

    Elsewhere bfloat16 is emulated, and slower than float32. A torch that cannot tell counts as no.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        known = torch.cpu.get_capabilities()
        return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
    return False
