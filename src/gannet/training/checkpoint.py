"""Checkpoints: directories that are complete or do not exist, verified when written and when read."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save_file
from torch import Tensor, nn

from gannet.errors import TrainingStopped, UserError
from gannet.files import open_regular, read_json, whole_folder
from gannet.runs.schema import checkpoint_name
from gannet.training.ema import Average
from gannet.training.progress import read_progress
from gannet.training.trainer import Trainer

MANIFEST = "MANIFEST.json"
FILES = ("model.safetensors", "average.safetensors", "optimizers.safetensors", "state.json")
"""Files of every checkpoint, all named by the manifest."""
PROVENANCE = "provenance.json"
"""Missing in checkpoints of earlier versions."""


def save(
    folder: Path,
    trainer: Trainer,
    *,
    seconds: float,
    keep: int,
    spare: int | None = None,
    provenance: Mapping[str, JsonValue] | None = None,
) -> Path:
    """Write the trainer's complete state to ``folder/step-.../`` and remove all but the newest ``keep`` valid
    checkpoints and that of step ``spare``.

    The directory gets its name after every byte is on disk, so a crash at any moment leaves earlier checkpoints intact.

    Args:
        folder: of all checkpoints of the run, which must exist or be next to the run's files.
        trainer: between two steps, or between two turns of a step that failed.
        seconds: of training so far.
        keep: number of valid checkpoints that stay.
        spare: step of one more checkpoint that stays, the best one; None if there is none.
        provenance: what decided the parameters, see ``sessions/provenance.py``.

    Raises:
        TrainingStopped: a parameter is not finite; such a state is never saved.
        OSError: the disk is full or not writable; nothing is left behind.
    """
    tensors = _tensors(trainer)
    if not all(t.isfinite().all() for n in ("model", "average") for t in tensors[n].values() if t.is_floating_point()):
        raise TrainingStopped(
            f"Step {trainer.step}: a parameter is not finite, so this step is not saved and the last valid checkpoint "
            f"remains."
        )
    final = folder / checkpoint_name(trainer.step)
    if final.exists() and not problems(final):
        return final
    folder.mkdir(exist_ok=True)  # without parents: a run directory that was moved is not made again
    with whole_folder(final, sync=True, replace=True) as temporary:
        for name, group in tensors.items():
            _save_tensors(group, temporary / f"{name}.safetensors")
        (temporary / "state.json").write_text(
            json.dumps(
                {
                    "step": trainer.step,
                    "moves": trainer.moves,
                    "turns": trainer.turns_taken,
                    "seconds": round(seconds, 3),
                }
            )
        )
        if provenance is not None:
            (temporary / PROVENANCE).write_text(json.dumps(provenance, indent=1))
        manifest = {p.name: {"bytes": p.stat().st_size, "sha256": _digest(p)} for p in sorted(temporary.iterdir())}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1))
    prune(folder, keep, spare)
    return final


def fingerprint(trainer: Trainer) -> str:
    """A hash of every tensor that a checkpoint holds."""
    digest = sha256()
    for group in _tensors(trainer).values():
        for name, tensor in group.items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _tensors(trainer: Trainer) -> dict[str, dict[str, Tensor]]:
    return {
        "model": trainer.game.state_dict(),
        "average": trainer.average.state_dict(),
        "optimizers": _optimizer_tensors(trainer),
    }


def _save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    try:
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, path)
    except SafetensorError as error:  # also raised for a full disk
        number = re.search(r"os error (\d+)", str(error))
        raise (OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error))) from None


def prune(folder: Path, keep: int, spare: int | None = None) -> None:
    """Remove temporary files of crashed saves, and all but the newest ``keep`` valid checkpoints and that of step
    ``spare``.
    """
    for path in folder.glob("*.tmp-*"):
        shutil.rmtree(path, ignore_errors=True)
    valid = [path for path in newest_first(folder) if not problems(path)]
    for path in valid[keep:]:
        if spare is not None and path.name == checkpoint_name(spare):
            continue
        shutil.rmtree(path, ignore_errors=True)


def newest_first(folder: Path) -> list[Path]:
    """Complete checkpoint directories, valid or not, newest first.

    Raises:
        UserError: the folder exists and cannot be read. Taken for an empty one, the run would start again.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}).") from None
    found = (folder / name for name in names if name.startswith("step-") and ".tmp-" not in name)
    return sorted((path for path in found if os.path.isdir(path)), reverse=True)


def problems(path: Path) -> list[str]:
    """The problems of a checkpoint; empty if every file has the size and hash of the manifest."""
    if path.is_symlink():
        return [f"{path.name} is a link to another place"]
    try:
        manifest = read_json(path / MANIFEST)
        there = {name for name in (*FILES, PROVENANCE) if name in FILES or (path / name).exists()}
        if unnamed := sorted(there - manifest.keys()):
            return [f"{MANIFEST} in {path.name} does not name {', '.join(unnamed)}"]
        if foreign := sorted(name for name in manifest if Path(name).name != name or (path / name).is_symlink()):
            return [f"{MANIFEST} in {path.name} names {', '.join(foreign)}, which is not a file of the checkpoint"]
        damaged = [
            f"{name} in {path.name} is damaged"
            for name, entry in manifest.items()
            if (path / name).stat().st_size != entry["bytes"] or _digest(path / name) != entry["sha256"]
        ]
        if not damaged and checkpoint_name(step := progress_of(path)[0]) != path.name:
            return [f"{path.name} holds step {step}: its folder was renamed"]
        return damaged
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{path.name} is incomplete ({type(error).__name__}: {error})"]


def newest_step(folder: Path) -> int | None:
    """Step of the newest valid checkpoint, or None."""
    return next((int(path.name.removeprefix("step-")) for path in newest_first(folder) if not problems(path)), None)


def latest_valid(folder: Path) -> tuple[Path, list[str]]:
    """The newest valid checkpoint, and the problems of newer ones.

    Raises:
        UserError: no checkpoint is valid.
    """
    complaints: list[str] = []
    for path in newest_first(folder):
        found = problems(path)
        if not found:
            return path, complaints
        complaints += found
    if not complaints:
        raise UserError(
            f"{folder.parent} has no checkpoint yet, so it has no generator; train it with `gannet resume "
            f"{folder.parent}`."
        )
    raise UserError(f"No usable checkpoint in {folder}." + "".join(f" {c}." for c in complaints))


def load_weights(path: Path, name: str) -> dict[str, Tensor]:
    """The tensors of ``model``, ``average`` or ``optimizers``.

    Raises:
        UserError: the file is missing or not a safetensors file.
    """
    try:
        return read_tensors(path / f"{name}.safetensors")
    except (OSError, SafetensorError) as error:
        raise UserError(f"Cannot read {name}.safetensors of the checkpoint {path}: {error}.") from None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    try:
        str(path).encode()
    except UnicodeEncodeError:  # safetensors opens no path that is not UTF-8
        return load(path.read_bytes())
    return load_file(path)


def load_into(owner: nn.Module | Average, path: Path, name: str) -> None:
    """Load the tensors of ``model`` or ``average`` into their networks, all or none.

    Raises:
        UserError: the tensors do not fit the networks that the recipe builds.
    """
    tensors = load_weights(path, name)
    expected = owner.state_dict()
    other = sorted(
        k
        for k in expected.keys() | tensors.keys()
        if k not in tensors
        or k not in expected
        or tensors[k].shape != expected[k].shape
        or tensors[k].dtype != expected[k].dtype
    )
    if other:
        raise UserError(
            f"{name}.safetensors of {path} does not fit the recipe's networks: {len(other)} tensors differ, the first "
            f"is {other[0]}. The recipe has changed since then; use the version of Gannet in run.json."
        )
    spoiled = sorted(k for k, t in tensors.items() if t.is_floating_point() and not t.isfinite().all())
    if spoiled:
        raise UserError(f"{name}.safetensors of {path}: {spoiled[0]} holds values that are not finite.")
    owner.load_state_dict(tensors)


def provenance_of(path: Path) -> dict[str, Any] | None:
    """What decided the parameters of a checkpoint; None in checkpoints of earlier versions."""
    try:
        found = read_json(path / PROVENANCE)
        if not isinstance(found, dict):
            raise ValueError("it is not a JSON object")
        return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot read {PROVENANCE} of the checkpoint {path}: {error}.") from None


def restore(path: Path, trainer: Trainer) -> float:
    """Restore the complete state exactly and return the seconds trained so far."""
    load_into(trainer.game, path, "model")
    load_into(trainer.average, path, "average")
    saved = load_weights(path, "optimizers")
    progress = read_progress(path / "state.json")
    _require_whole_optimizers(path, trainer, saved, progress.step)
    for player, optimizer in trainer.optimizers.items():
        state = {i: _state_of(saved, f"{player}/{i}/", weight) for i, weight in enumerate(trainer.weights[player])}
        optimizer.load_state_dict(
            {"state": {i: s for i, s in state.items() if s}, "param_groups": optimizer.state_dict()["param_groups"]}
        )
    trainer.step, trainer.moves, trainer.turns_taken = progress.step, progress.moves, progress.turns
    return progress.seconds


def _require_whole_optimizers(path: Path, trainer: Trainer, saved: Mapping[str, Tensor], step: int) -> None:
    """Check that every saved state belongs to a parameter and that no player's state is missing."""
    file = f"optimizers.safetensors of {path}"
    shapes = {f"{p}/{i}": w.shape for p, weights in trainer.weights.items() for i, w in enumerate(weights)}
    for name, value in saved.items():
        shape = shapes.get(name.rpartition("/")[0])
        if shape is None or (value.dim() and value.shape != shape):
            raise UserError(f"{file} does not fit the recipe's networks: {name} has no place or another shape.")
    missing = [p for p in trainer.weights if trainer.weights[p] and not any(n.startswith(f"{p}/") for n in saved)]
    if missing and step > 0:
        raise UserError(f"{file} is incomplete: it has nothing of the {missing[0]}'s optimizer.")


def progress_of(path: Path) -> tuple[int, float]:
    """Steps taken, and seconds trained, when a checkpoint was written."""
    progress = read_progress(path / "state.json")
    return progress.step, progress.seconds


def _optimizer_tensors(trainer: Trainer) -> dict[str, Tensor]:
    return {name: value for player in trainer.optimizers for name, value in _named_state(trainer, player)}


def _named_state(trainer: Trainer, player: str) -> Iterator[tuple[str, Tensor]]:
    for i, weight in enumerate(trainer.weights[player]):
        for key, value in trainer.optimizers[player].state.get(weight, {}).items():
            yield f"{player}/{i}/{key}", torch.as_tensor(value)


def _state_of(saved: dict[str, Tensor], prefix: str, weight: Tensor) -> dict[str, Tensor]:
    found = {name.removeprefix(prefix): value for name, value in saved.items() if name.startswith(prefix)}
    # Moments get the memory layout of their parameter, as in the interrupted run.
    return {
        k: torch.empty_like(weight).copy_(v) if v.shape == weight.shape and v.dim() else v for k, v in found.items()
    }


def _digest(path: Path) -> str:
    digest = sha256()
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
