"""Whether steps by CUDA graphs compute what eager steps compute, and what happens where a graph is not possible."""

from __future__ import annotations

import copy
from typing import Any

import torch
from gpu_checks import Figures, Setting, Skipped, largest_difference, trainer_of

from gannet.errors import TrainingStopped
from gannet.training import cuda_graphs
from gannet.training.graph import CannotCompile


def check_graphs(s: Setting, figures: Figures, *, recipe: str, data: str, keys: dict[str, Any] | None = None) -> None:
    """Steps by CUDA graphs and eager steps give the same tensors."""
    given: dict[str, Any] = {"batch_size": 64 if data == "ring" else 32} | (keys or {})
    eager, again, graphed = (trainer_of(s, data, recipe, graphs=graphs, keys=given) for graphs in (False, False, True))
    figures["steps"] = graphed.step_kind
    if s.device == "cpu" or graphed.whole_step is None:
        return
    figures["terms"] = figures["repeated"] = 0.0
    for _ in range(2 * s.steps(10)):
        one, two, three = ({name: value.float() for name, value in t.play().items()} for t in (eager, again, graphed))
        figures["terms"] = max(figures["terms"], largest_difference(one, three))
        figures["repeated"] = max(figures["repeated"], largest_difference(one, two))
    figures["steps"] = graphed.step_kind  # a graph that could not be captured is known only now
    pair = (eager, graphed)
    figures["weights"] = largest_difference(*(t.game.state_dict() for t in pair))
    figures["average"] = largest_difference(*(t.average.state_dict() for t in pair))
    gradients = ({n: w.grad for n, w in t.game.named_parameters() if w.grad is not None} for t in pair)
    figures["gradients"] = largest_difference(*gradients)
    moments = (
        {
            f"{p}/{i}/{n}": v
            for p, o in t.optimizers.items()
            for i, x in enumerate(o.state.values())
            for n, v in x.items()
        }
        for t in pair
    )
    figures["moments"] = largest_difference(*moments)
    assert graphed.whole_step is not None, f"no graphs: {graphed.step_kind}"
    if figures["repeated"] == 0:  # else eager steps alone do not repeat themselves to the bit
        worst = max(figures[name] for name in ("terms", "weights", "average", "gradients", "moments"))
        assert worst == 0, "graphs compute something else"


def check_graph_failures(s: Setting, figures: Figures) -> None:
    """A value that is not finite changes nothing and is reported; a capture that fails leaves the GPU usable."""
    if s.device == "cpu":
        raise Skipped("needs a GPU")
    t = trainer_of(s, "ring", "gan", graphs=True)
    for _ in range(3):
        t.play()
    with torch.no_grad():
        next(t.game.generator.parameters()).view(-1)[0] = float("nan")  # type: ignore[operator]
    before = copy.deepcopy(t.game.state_dict())
    try:
        t.play()
    except TrainingStopped as stopped:
        figures["stopped"] = str(stopped)[:60]
    assert "discriminator" in figures.get("stopped", ""), "the discriminator's loss was finite"
    changed = [n for n, v in t.game.state_dict().items() if not torch.equal(v.nan_to_num(7), before[n].nan_to_num(7))]
    assert not changed, f"changed: {changed}"

    def draws() -> list[float]:
        t.rng.manual_seed(5)
        return torch.rand(3, device=s.device, generator=t.rng).tolist()

    expected = draws()
    try:
        cuda_graphs.captured(t.precision.device, lambda: torch.rand(3, device=s.device).sum().item())  # type: ignore[arg-type,return-value]
    except CannotCompile as reason:
        figures["refused"] = str(reason)[:80]
    assert draws() == expected, "the generator is spoilt"
    other = trainer_of(s, "ring", "gan", graphs=True)
    for _ in range(4):
        other.play()
    assert other.whole_step is not None, f"after a failed capture: {other.step_kind}"
