"""From a plan to what trains: the opened data, the networks, the number format, and the record of the run."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

from gannet.config.few_images import for_size
from gannet.config.plan import Plan
from gannet.data.base import Dataset, Form, Progress
from gannet.ranks.group import current
from gannet.runs.records import DataRecord, RunRecord
from gannet.runs.schema import VERSION
from gannet.seeding import derive
from gannet.training.experiment import Experiment
from gannet.training.precision import Precision, decide
from gannet.training.random_state import restored, seed_others

MODES_IN_RECORD = 1000


def open_data(plan: Plan, progress: Progress) -> Dataset:
    """Open the plan's source."""
    return plan.source.open(progress)


def open_and_decide(plan: Plan, progress: Progress) -> tuple[Plan, Dataset]:
    """Open the plan's source; few images decide the recipe, if the user named none.

    Raises:
        UserError: as for :func:`gannet.config.few_images.for_size`.
    """
    dataset = open_data(plan, progress)
    return for_size(plan, dataset.size), dataset


def open_held_out(plan: Plan, progress: Progress) -> Dataset | None:
    """Open the held-out split of the plan's source; None if there is none."""
    source = plan.source.held_out()
    return None if source is None else source.open(progress)


def build(plan: Plan, form: Form) -> tuple[Experiment, Precision]:
    """The experiment for data of this form, and the number format and memory layout for this machine."""
    experiment, settings = new_experiment(plan, form), plan.settings
    is_images, allow_bf16 = form.kind == "images", experiment.allow_bf16
    return experiment, decide(
        device=settings.device, precision=settings.precision, is_images=is_images, allow_bf16=allow_bf16
    )


def new_experiment(plan: Plan, form: Form) -> Experiment:
    """Build networks and optimizer settings; the initial parameters depend only on the seed."""
    with restored():
        torch.manual_seed(derive(plan.settings.seed, "weights"))
        seed_others(derive(plan.settings.seed, "weights"))
        return plan.recipe(form, **plan.arguments)


def run_record(plan: Plan, dataset: Dataset, precision: Precision, step_kind: str = "") -> RunRecord:
    """The content of run.json."""
    return RunRecord(
        version=VERSION,
        kind=dataset.form.kind,
        recipe=plan.recipe_name,
        arguments=plan.values["recipe"],
        data=DataRecord.model_validate(
            {
                "source": plan.source_name,
                "arguments": plan.values["data"],
                "content_hash": dataset.content_hash,
                "form": dataset.form.as_json(),
                **({"notes": dataset.notes} if dataset.notes else {}),
                **_modes(dataset),
            }
        ),
        settings=plan.values["settings"],
        environment=environment(precision, step_kind),
    )


def _modes(dataset: Dataset) -> dict[str, Any]:
    """What a viewer needs to count modes without the data source; empty if the modes are unknown."""
    modes = dataset.truth.modes
    if modes is None or len(modes.weights) > MODES_IN_RECORD:
        return {}
    return {
        "modes": {
            "means": modes.means.tolist(),
            "covariances": modes.covariances.tolist(),
            "weights": modes.weights.tolist(),
        }
    }


def environment(precision: Precision, step_kind: str = "") -> dict[str, str]:
    """The machine, library versions and kind of step that a bitwise exact resume depends on."""
    return {
        "gannet": gannet_version(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu_count": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "processes": str(current().size),
        **({"sharded": "yes"} if current().shard else {}),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "device": str(precision.device),
        **_accelerator(precision.device),
        "precision": f"{precision.dtype} ({precision.reason})",
        **({"steps": step_kind} if step_kind else {}),
    }


def gannet_version() -> str:
    """Version of the installed package."""
    try:
        return version("gannet-gan")
    except PackageNotFoundError:
        return "source"


def _accelerator(device: torch.device) -> dict[str, str]:
    """Model and libraries of a GPU; another model rounds differently."""
    if device.type != "cuda":
        return {}
    return {
        "gpu": torch.cuda.get_device_name(device),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
    }
