"""The section about GPUs on the page about speed, from the record of ``scripts/gpu_check.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORD = "gpu-check.json"
WORKS = {
    "dcgan": "`dcgan`, 28x28x1, batch 128",
    "wgan-gp": "`wgan-gp`, 32x32x3, batch 64, 5 critic steps",
    "gan-deep": "`gan-deep`, ring, batch 128",
    "particle-gan": "`particle-gan`, ring, batch 256",
    "dcgan-relativistic": "`dcgan-relativistic`, 32x32x3, batch 64",
}


def gpu_section(folder: Path) -> str:
    """How fast steps are as CUDA graphs, whether they compute the same, and what failed."""
    document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    rows, machine = document["rows"], document["machine"]
    table = ["| work | plain loop, fp32 | Gannet, eager | Gannet, CUDA graphs | graphs against the plain loop | graphs "
             "against eager steps |", "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for work, title in WORKS.items():
        figures, kind = _speed(rows, work)
        graphs, eager = (figures[f"gannet_{way}_{kind}_steps_per_s"] for way in ("graphs", "eager"))
        plain, ratio = figures.get("plain_steps_per_s"), figures.get(f"ratio_graphs_{kind}")
        cells = [
            f"{title}, {'bf16' if kind == 'auto' else 'fp32'}",
            *(_per_second(steps) for steps in (plain, eager, graphs)),
            "" if ratio is None else f"{ratio[0]:.1f} ({ratio[1]:.1f} to {ratio[2]:.1f})",
            f"{graphs / eager:.1f}",
        ]
        table.append(f"| {' | '.join(cells)} |")
    return "\n\n".join(
        [
            "## GPU",
            f"{machine['gpu']}, {machine['cores']} cores of {machine['processor']}, PyTorch {machine['torch']}, Python "
            f"{machine['python']}: `python scripts/gpu_check.py`, four rounds A B A B in one process. Measured "
            f"{document['date']}. Source: benchmarks/results/{RECORD}.",
            "\n".join(table),
            _meaning(rows),
        ]
    )


def gpu_rows(folder: Path) -> list[tuple[str, str, str, str]]:
    """For README: work, processor, ratio of wall time, ratio of processor time."""
    if not (folder / RECORD).is_file():
        return []
    document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    found = []
    for work, title in WORKS.items():
        figures, kind = _speed(document["rows"], work)
        if ratio := figures.get(f"ratio_graphs_{kind}"):
            written = f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})"
            found.append((title, document["machine"]["gpu"], written, "not measured"))
    return found


def _speed(rows: dict[str, dict[str, Any]], work: str) -> tuple[dict[str, Any], str]:
    """The figures of a work, and the precision that the recipe chooses: ``auto``, or ``fp32`` if only that was
    measured.
    """
    figures = rows[f"speed {work}"]["figures"]
    return figures, "auto" if "gannet_graphs_auto_steps_per_s" in figures else "fp32"


def _per_second(steps: float | None) -> str:
    return "" if steps is None else f"{steps:,.0f} steps/s"


def _meaning(rows: dict[str, dict[str, Any]]) -> str:
    recipes = {
        name.split()[1]: row["figures"] for name, row in rows.items() if name.split()[0] == "graphs" and " on " in name
    }
    eager = {name: figures["steps"] for name, figures in recipes.items() if figures["steps"].startswith("eager")}
    graphs = {name: figures for name, figures in recipes.items() if name not in eager}
    changing = [name for name, figures in graphs.items() if figures["repeated"]]
    failed = [f"`{name}` ({row['problem']})" for name, row in rows.items() if row["result"] == "failed"]
    reasons = "; ".join(f"`{name}`: {kind.removeprefix('eager (').removesuffix(')')}" for name, kind in eager.items())
    return f"""The images of the table are noise of that size, in the memory of the GPU.

- On a GPU a step of these networks is spent starting operations. As a graph for each turn, it starts once
  ([training/cuda_graphs.py](../../src/gannet/training/cuda_graphs.py)). This is the default.
- **The tensors are the same to the bit**: for {len(graphs) - len(changing)} of {len(recipes)} recipes, parameters,
  gradients, Adam's moments and the EMA after 20 steps by graphs equal those of eager steps. Eager steps of
  {" and ".join(f"`{name}`" for name in changing)} do not repeat themselves on a GPU. Resumed runs continue to the bit.
- {len(eager)} recipes stay eager, and the run says so: {reasons}.
- Processes take turns on a GPU: with 13 of them a step of `dcgan-relativistic` took 22 ms
  (benchmarks/results/cifar-trials.json), alone 2 ms.
- Checks that failed on that machine: {"; ".join(failed) or "none"}. {len(rows) - len(failed)} passed."""
