"""The files of a Hugging Face folder: one of safetensors, or several and an index."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from pearlite.errors import InputError

CONFIG, WEIGHTS, TOKENISER = "config.json", "model.safetensors", "tokenizer.json"
INDEX = f"{WEIGHTS}.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt")


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises
    ------
    InputError
        If it is missing, or holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path.parent} holds no {path.name}; give the folder of a GPT-2 or a Llama, as "
            "save_pretrained of transformers writes it"
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); download it again") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no object; download it again")
    return value


class Tensors:
    """The tensors of a folder by name; each is read when it is asked for.

    Parameters
    ----------
    folder
        With ``model.safetensors``, or the shards that ``model.safetensors.index.json`` names.

    Raises
    ------
    InputError
        If weights are missing, damaged, or a pickle.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        opened = {path: _opened(path) for path in _shards(folder)}
        self._files = {name: file for file in opened.values() for name in file.keys()}  # noqa: SIM118

    def find(self, name: str, prefix: str) -> Tensor | None:
        """Return a tensor, which a file of a model without a head has without the prefix."""
        for known in (name, name.removeprefix(prefix)):
            if known in self._files:
                return self._files[known].get_tensor(known)
        return None


def _shards(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        return _listed(folder)
    names = sorted(path.name for path in folder.iterdir())
    if pickles := [name for name in names if name.endswith(PICKLES)]:
        raise InputError(
            f"{folder} holds {pickles[0]}, a pickle, which can run any program when it is opened, "
            f"and no {WEIGHTS}; where you trust it, convert it with transformers: "
            f"AutoModelForCausalLM.from_pretrained({str(folder)!r}).save_pretrained('NEW FOLDER')"
        )
    raise InputError(f"{folder} holds no {WEIGHTS}; download the weights, too")


def _listed(folder: Path) -> list[Path]:
    index = read_object(folder / INDEX).get("weight_map")
    if not isinstance(index, dict) or not all(isinstance(name, str) for name in index.values()):
        raise InputError(f"{folder / INDEX} does not say where tensors are; download it again")
    names = sorted(set(index.values()))
    if outside := [name for name in names if Path(name).name != name]:
        raise InputError(f"{folder / INDEX} names {outside[0]!r}, which is outside the folder")
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise InputError(
            f"{folder} lacks {', '.join(missing)}, of {len(names)} files of weights; download "
            "what is missing"
        )
    return [folder / name for name in names]


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a complete safetensors file ({error}); download it again"
        ) from error
