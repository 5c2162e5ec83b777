"""Folders of Hugging Face with a GPT-2 or a Llama: read into our decoder, and written from it.

`read` and `write` are the two ways; `gpt2` and `llama` say what belongs where.
"""

from pearlite.nets.huggingface.read import read, read_tokeniser
from pearlite.nets.huggingface.write import write

__all__ = ["read", "read_tokeniser", "write"]
