"""Where the time of a step goes, and which targets are reached, on the page about speed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

RECORD, DEMO, COMPARISON = "profile.json", "demo.json", "compare-ring.json"
MANY_GAMES, MANY_GAMES_AVX2 = "many-games.json", "many-games-avx2.json"
KINDS = ("AVX512 with bf16", "AVX512 processor restricted to AVX2")
AVX512, AVX2 = "speed-avx512-bf16.json", "speed-avx512-processor-restricted-to-avx2.json"
TARGETS = (
    ("points-compiled", 2.2, 2.2),
    ("particle-gan-compiled", 2.0, 2.0),
    ("dcgan", 1.9, 2.8),
    ("wgan-gp", 1.8, 2.5),
)
"""Work of `make bench`, least ratio of wall time with AVX2 and with AVX-512 and bf16."""
DEMO_SECONDS = 20
LEARN_REVISION, LEARN_PROOFS, LEARN_SECONDS = "93ecf7b", 34, 1759
"""Records of the proofs when the targets were set."""
TARGETS_BEFORE = """## Targets

Least ratios of wall time, set before this work. Those for AVX2 are compared with the restricted processor."""
CONVOLUTIONS = ("convolutions, backward", "convolutions, forward")
PRODUCTS = "matrix products"


def _reasons(document: Mapping[str, Any], speed: Mapping[str, Mapping[str, Any]]) -> str:
    """Why targets are missed, with the shares of the profile and of the peak rate."""
    wide, narrow = (document["rows"][kind] for kind in KINDS)

    def shares(row: Mapping[str, Any], *names: str) -> float:
        return sum(row["shares"][name] for name in names)

    def peak(work: str) -> str:
        return f"{100 * speed[work]['share_of_peak']:.0f} %"

    particle = shares(narrow["particle-gan"], PRODUCTS)
    deep = wide["points-compiled"]["shares"]
    return f"""Why the others are missed, by the profile above:

- `dcgan` and `wgan-gp` with AVX2: convolutions and matrix products take
  {_percent(shares(narrow["dcgan"], *CONVOLUTIONS, PRODUCTS))} and
  {_percent(shares(narrow["wgan-gp"], *CONVOLUTIONS, PRODUCTS))} of a step; both run at {peak("dcgan")} and
  {peak("wgan-gp")} of the peak rate. A plain loop computes the same products with the same libraries, and bf16 does not
  exist there. Only fewer operations for the same quality are left.
- `dcgan` with bf16: convolutions and matrix products take {_percent(shares(wide["dcgan"], *CONVOLUTIONS, PRODUCTS))}.
  Pooling and copies between number formats and layouts take most of what is left. The forward pass of the generator
  in the discriminator's turn takes {_percent(wide["dcgan"]["generator_share"])}, which one fake batch for both turns
  would save; [decisions](../decisions.md#training) says why each turn has its own.
- `particle-gan` with AVX2: matrix products take {_percent(particle)} of an eager step, and a compiled step calls the
  same library for them. Without everything else it would be {1 / particle:.1f} times as fast. With AVX-512, oneDNN
  multiplies faster than the library of eager steps.
- `gan-deep compile=true`: matrix products take {_percent(deep[PRODUCTS])} of a step, and reading batches
  {_percent(deep["data"])}. The rest is the loops that the compiler made, among them Adam's, drawing latents, and calls;
  fewer calls were tried and made no difference.
- Eight seeds: one program for eight seeds does not make the matrix products faster (see above)."""


def profile_section(document: Mapping[str, Any]) -> str:
    """A table for each instruction set: the shares of the time of a step."""
    text = (
        "One thread. Torch's profiler gives the time of each kind of operation. The rest is Python, autograd and "
        "starting operations; in compiled steps also the loops that the compiler made. Under the profiler each "
        "operation takes about a microsecond longer; the milliseconds, of processor time, are without it: "
        f"`{document['command']}`. Source: benchmarks/results/{RECORD}."
    )
    parts = ["## Where the time of a step goes", text]
    for kind, rows in document["rows"].items():
        shares = [*sorted({share for row in rows.values() for share in row["shares"]} - {"rest"}), "rest"]
        table = [[row["work"], f"{row['milliseconds']:.1f}"] + [_percent(row["shares"].get(share)) for share in shares]
                 for row in rows.values()]  # fmt: skip
        parts.append(f"{kind}:\n\n{_table(['work', 'ms per step', *shares], table)}")
    return "\n\n".join(parts)


def targets_section(folder: Path) -> str:
    """What was aimed at, what is reached, and why not more."""
    avx2, avx512 = (json.loads((folder / name).read_text(encoding="utf-8"))["rows"] for name in (AVX2, AVX512))
    rows = [
        [avx512[work]["work"], _of(avx2[work]["ratio"], least2), _of(avx512[work]["ratio"], least512)]
        for work, least2, least512 in TARGETS
    ]
    eight = [_gain_of_eight(folder / name, least) for name, least in ((MANY_GAMES_AVX2, 3.3), (MANY_GAMES, 3.5))]
    rows.append(["eight seeds of `gan-deep`, each, against eager steps", *eight])
    table = _table(["work", "AVX2", "AVX-512 with bf16"], rows)
    document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return "\n\n".join([TARGETS_BEFORE, table, _reasons(document, avx2)])


def _gain_of_eight(file: Path, least: float) -> str:
    if not file.is_file():
        return "not measured"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    deep = next(row["milliseconds"] for row in rows if row["recipe"] == "gan-deep")
    return _of(deep["eager"]["median"] / deep["batched"]["median"], least)


def demo_section(folder: Path) -> str:
    """Seconds of the training of ``make demo``, the target, and what was tried."""
    document = json.loads((folder / DEMO).read_text(encoding="utf-8"))
    demo, shorter = document["trainings"]
    wall, processor = (median(document["two_threads"][clock]) for clock in ("wall", "processor"))
    compared = json.loads((folder / COMPARISON).read_text(encoding="utf-8"))["recipes"]
    usual = next(entry for entry in compared if entry["recipe"] == "particle-gan")["metrics"]
    quality = next(metric for metric in usual if metric["metric"] == "high_quality")
    fewer = " and ".join(f"{100 * row['high_quality']:.1f} %" for row in document["fewer_steps"]["rows"])
    return (
        f"## The training of `make demo`\n\n`{demo['command']}`, {demo['steps']:,} steps, trained for "
        f"{demo['training_seconds']:.1f} s on one thread of an otherwise quiet {document['machine']}; the target was "
        f"{DEMO_SECONDS} s. Source: benchmarks/results/{DEMO}. Why it is not shorter:\n\n"
        f"- {shorter['steps']:,} steps took {shorter['training_seconds']:.1f} s, but of the samples of seeds 0 and 1 "
        f"only {fewer} are within 3 standard deviations of a mode, after {demo['steps']:,} steps "
        f"{100 * quality['mean']:.1f} ± {100 * quality['deviation']:.1f} % (five seeds, {COMPARISON}).\n"
        f"- With two threads a step took {wall:.1f} ms of wall time, but {processor:.1f} ms of processor time, and "
        f"the result depends on the number of threads. So points take one thread.\n"
        "- Compiling the step takes longer the first time than it saves.\n"
        f"- {_of_lazy_penalty(document['lazy_penalty'])}"
    )


def _of_lazy_penalty(found: dict[str, Any]) -> str:
    """What was measured of ``penalty.every``, and the table of all trainings."""
    lazy, default = (median(found["quiet_training_seconds"][name]) for name in ("penalty.every=4", "default"))
    head = ["data", "`penalty.every`", "seed", "modes", "high quality", "reverse KL", "spread", "sliced W (real data)"]
    rows = [
        [
            f"`{row['data']}`",
            str(row["penalty_every"]),
            str(row["seed"]),
            f"{row['modes']:.0f}",
            f"{100 * row['high_quality']:.1f} %",
            f"{row['reverse_kl']:.4f}",
            f"{row['spread']:.2f}",
            f"{row['sliced_w']:.3f} ({row['sliced_w_of_real_data']:.3f})",
        ]
        for row in sorted(found["rows"], key=lambda row: (row["data"], row["penalty_every"], row["seed"]))
    ]
    return (
        f"With `penalty.every=4`, the penalty in every fourth step with four times the weight, the same training took "
        f"{lazy:.1f} s where the default took {default:.1f} s within the same minutes, at equal quality with three "
        "seeds on four data sets (below, and with the default in "
        "[ring](compare-ring.md), [grid](compare-grid.md), [grid100](compare-grid100.md) and "
        "[points](points.md)). The default is still the algorithm with which all those pages were made.\n\n"
        + _table(head, rows)
    )


def learn_section(folder: Path) -> str:
    """Processor time of the proofs that every recipe learns, from their records."""
    seconds = {
        path.stem: sum(row.get("cpu_seconds", 0) for row in json.loads(path.read_text(encoding="utf-8"))["seeds"])
        for path in sorted(folder.glob("learn-*.json"))
    }
    timed = {name: found for name, found in seconds.items() if found}
    return (
        f"## The proofs of `make learn`\n\n{len(timed)} of {len(seconds)} records "
        "(benchmarks/results/learn-NAME.json, three seeds each) say how long they took: "
        f"{sum(timed.values()) / 60:.0f} minutes of processor time together. At revision {LEARN_REVISION}, when the "
        f"target of half the time was set, {LEARN_PROOFS} records added up to {LEARN_SECONDS / 60:.0f} minutes. The "
        "target is not reached: there are more proofs, none was shortened, and most have not been run again since. "
        "Whoever shortens one has to show again that it notices its bug."
    )


def _of(ratio: float, least: float) -> str:
    return f"{ratio:.2f} of {least:.1f}: {'reached' if ratio >= least else 'missed'}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
