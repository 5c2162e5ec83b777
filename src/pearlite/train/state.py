"""Where a training can be taken up again, exactly: written whole, read back bit for bit."""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.distributed.checkpoint import hf_storage, state_dict_loader, state_dict_saver
from torch.distributed.tensor import DTensor

from pearlite.data.disk import clear_unfinished, replacing
from pearlite.data.stream import rank
from pearlite.errors import InputError
from pearlite.train.distribute import agreed

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

ABOUT = "state.json"  # of a sharded state: everything that is no tensor
NAME = re.compile(r"\d{10}-([0-9a-f]{16}\.safetensors|shards)")


class State:
    """Keeps what a training needs to go on as if it had never stopped.

    As a stream's batch and the trainer's random numbers are functions of the step, that is the
    weights, the optimisers, the history and the number of the step. The newest two states are kept,
    each a safetensors file whose name ends in its own hash; a torn one is passed over. Sharded
    weights are written by ``torch.distributed.checkpoint``, every process its pieces, as a folder
    of safetensors.

    Parameters
    ----------
    folder
        Where; made if need be.
    seconds
        Save when so many have passed since the last time; the trainer also saves when it ends or is
        stopped.
    also
        Other things that change along the way, by name; each has ``state_dict`` and
        ``load_state_dict``.
    """

    def __init__(
        self, folder: str | Path, *, seconds: float = 60.0, also: dict[str, Any] | None = None
    ) -> None:
        self.folder, self.seconds, self.also = Path(folder), seconds, also or {}
        self.saved = time.monotonic()

    def save_if_due(self, trainer: "Trainer") -> None:
        """Save when it is time to, all processes at once."""
        if agreed(int(time.monotonic() - self.saved >= self.seconds)):
            self.save(trainer)

    def save(self, trainer: "Trainer") -> Path | None:
        """Write the present state, and keep the one before; None where another process writes."""
        self.saved = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        parts = {name: part.state_dict() for name, part in self.also.items()}
        about = json.dumps(_packed({**trainer.state_dict(), "also": parts}, tensors))
        if any(isinstance(tensor, DTensor) for tensor in tensors.values()):
            path = self._save_shards(trainer.step, about, tensors)
        elif rank() == 0:
            content = save(tensors, {"state": about})
            path = self.folder / f"{trainer.step:010d}-{_digest(content)}.safetensors"
            with replacing(path) as hidden:
                hidden.write_bytes(content)
        else:
            return None
        before = [old for old in self._found() if old.name[:10] < path.name[:10]]
        self.clear(path, *before[:1])
        return path

    def restore(self, trainer: "Trainer") -> bool:
        """Put a trainer that was made the same way into the newest whole state.

        Returns
        -------
        bool
            False where nothing was saved yet.

        Raises
        ------
        InputError
            If states are there and none is whole, or it belongs to another task.
        """
        agreed(0)  # nobody looks before the process that writes has written
        found = self._found()
        whole = [index for index, path in enumerate(found) if _is_whole(path)]
        chosen = agreed(min(whole, default=len(found)))
        if not found:
            return False
        if chosen == len(found):
            raise InputError(f"no state in {self.folder} is whole; begin anew without --resume")
        path = found[chosen]
        if path.is_dir():
            about = json.loads((path / ABOUT).read_text())
            tensors = _read_shards(path, about, trainer)
        else:
            with safe_open(path, "pt") as file:
                about = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state = _unpacked(about, tensors)
        parts = state.pop("also")
        if parts.keys() != self.also.keys():
            raise InputError(
                f"{path} holds {list(parts)} beside the training, not {list(self.also)}"
            )
        trainer.load_state_dict(state)
        for name, part in self.also.items():
            part.load_state_dict(parts[name])
        return True

    def clear(self, *kept: Path) -> None:
        """Remove all states but `kept`, such as those of an earlier training."""
        if rank() == 0:
            clear_unfinished(self.folder)
            for old in set(self._found()).difference(kept):
                shutil.rmtree(old) if old.is_dir() else old.unlink()

    def _found(self) -> list[Path]:
        """Return the states, the newest first."""
        states = (path for path in self.folder.glob("*-*") if NAME.fullmatch(path.name))
        return sorted(states, reverse=True)

    def _save_shards(self, step: int, about: str, tensors: dict[str, Tensor]) -> Path:
        path, hidden = self.folder / f"{step:010d}-shards", self.folder / ".shards"
        if rank() == 0:
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir()
            (hidden / ABOUT).write_text(about)
        dist.barrier()
        writer = hf_storage.HuggingFaceStorageWriter(str(hidden), save_distributed=True)
        state_dict_saver.save(dict(tensors), storage_writer=writer)
        dist.barrier()
        if rank() == 0:
            shutil.rmtree(path, ignore_errors=True)
            hidden.rename(path)
        return path


def _packed(value: Any, tensors: dict[str, Tensor], *path: str) -> Any:
    """Return nested values as JSON holds them; tensors go to `tensors`, under their path."""
    if isinstance(value, Tensor):
        value = value.detach()
        name = "/".join(path)
        tensors[name] = value if isinstance(value, DTensor) else value.cpu().clone().contiguous()
        return {"tensor": name, "shape": list(value.shape), "dtype": str(value.dtype)}
    if isinstance(value, dict):
        items = value.items()
        return {"dict": [[key, _packed(item, tensors, *path, str(key))] for key, item in items]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_packed(item, tensors, *path, str(i)) for i, item in enumerate(value)]}
    return value


def _unpacked(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Return what `_packed` was given."""
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "dict" in value:
        return {key: _unpacked(item, tensors) for key, item in value["dict"]}
    (kind, items), *_ = value.items()
    unpacked = [_unpacked(item, tensors) for item in items]
    return unpacked if kind == "list" else tuple(unpacked)


def _read_shards(path: Path, about: Any, trainer: "Trainer") -> dict[str, Tensor]:
    """Read every process's pieces of the tensors, cut as the trainer's own weights are."""
    weights = trainer.task.state_dict()
    tensors = {}
    for entry in _entries(about):
        owner, *rest = entry["tensor"].split("/")
        shape, dtype = entry["shape"], getattr(torch, entry["dtype"].removeprefix("torch."))
        like = weights.get(rest[0]) if owner in ("task", "best_weights") else None
        if owner == "optimisers":
            groups = trainer.optimisers[int(rest[0])].param_groups
            like = [p for group in groups for p in group["params"]][int(rest[2])]
        if not isinstance(like, DTensor) or list(like.shape) != shape:
            like = torch.empty(shape)
        tensors[entry["tensor"]] = torch.empty_like(like, dtype=dtype)
    state_dict_loader.load(tensors, storage_reader=hf_storage.HuggingFaceStorageReader(str(path)))
    return tensors


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """Yield what `_packed` has put in the tensors' places."""
    if isinstance(value, dict) and "tensor" in value:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _entries(item)


def _is_whole(path: Path) -> bool:
    """Whether a state is as it was written."""
    if path.is_file():
        return path.stem.endswith(f"-{_digest(path.read_bytes())}")
    try:
        json.loads((path / ABOUT).read_text())
        for file in path.glob("*.safetensors"):
            with safe_open(file, "pt"):
                pass
    except (OSError, ValueError, SafetensorError):
        return False
    return True


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
