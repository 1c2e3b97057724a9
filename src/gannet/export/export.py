"""Write a network of a trained run with its model card and a standalone script."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gannet.errors import UserError
from gannet.export.card import about, card_of
from gannet.export.formats import FORMATS, TOLERANCE
from gannet.export.parts import part_of
from gannet.export.scripts import script_of
from gannet.files import whole_folder
from gannet.sessions.trained_run import TrainedRun


def export(run: TrainedRun, folder: Path | None = None, *, kind: str = "torch", part: str | None = None) -> Path:
    """Write ``PART.SUFFIX``, ``README.md`` (a model card) and ``load.py``, which runs the file without Gannet.

    Args:
        run: the trained run, at the checkpoint to export.
        folder: a new or empty folder; ``RUN/export-PART-KIND-STEP`` if None.
        kind: ``torch`` (a program of torch.export), ``onnx`` or ``safetensors`` (tensors without code).
        part: ``generator``, ``encoder``, ``classifier`` or ``translator``; the translator of a run that translates
            images, else the generator, if None.

    Returns:
        The folder.

    Raises:
        UserError: an unknown format or part, missing packages, a folder that contains something, a network that the
            format cannot hold, or a file that does not compute the same as PyTorch.
    """
    if kind not in FORMATS:
        raise UserError(f"--format {kind}: unknown. Allowed: {', '.join(FORMATS)}.")
    suffix, save = FORMATS[kind]
    chosen = part_of(run.game, run.form, part)
    folder = folder or run.path / f"export-{chosen.name}-{kind}-{run.step}"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not an empty folder; give another one with -o FOLDER.")
    name = f"{chosen.name}{suffix}"
    try:
        with whole_folder(folder) as temporary:
            try:
                difference = save(chosen, temporary / name, about(run, chosen))
            except (UserError, OSError):
                raise
            except Exception as error:  # exporters raise whatever the first operation that they do not know raises
                reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
                raise UserError(
                    f"The {chosen.name} of this run cannot be written as {kind} ({reason}). Use another --format."
                ) from error
            if not difference <= TOLERANCE:
                raise UserError(
                    f"The {kind} file computes other values than PyTorch (by up to {difference:.2g}), so it was not "
                    f"written. Use another --format."
                )
            if chosen.table is not None and kind != "safetensors":
                np.save(temporary / "latents.npy", chosen.table.numpy())
            (temporary / "README.md").write_text(
                card_of(run, chosen, name, kind, difference), encoding="utf-8", errors="backslashreplace"
            )
            (temporary / "load.py").write_text(
                script_of(chosen, kind, name), encoding="utf-8", errors="backslashreplace"
            )
    except OSError as error:
        raise UserError(
            f"Cannot write {folder}: {error.strerror or error}. Choose another path, or free some space."
        ) from None
    return folder
