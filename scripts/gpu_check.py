"""Check Gannet on a machine with a CUDA GPU: recipes, resume, agreement with the CPU, precision, speed and memory.

``PYTHONPATH=src python scripts/gpu_check.py`` checks this checkout. It prints one row per check as soon as it is known,
most important first. It writes all rows as JSON. A failure never stops the other checks. Checks that the time budget
does not reach are rows "not run".
The exit status is 1 if a check failed. ``--continue`` adds the missing checks to an earlier results file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_checks import (
    ROOT,
    Figures,
    Setting,
    Skipped,
    check_elsewhere,
    check_extractors,
    check_live,
    check_measuring,
    check_recipe,
    check_resume,
    check_same_start,
)
from gpu_graphs import check_graph_failures, check_graphs
from gpu_speed import check_memory, check_precision, check_speed

import gannet
from gannet.discovery import components

INSTALLED = re.compile(r'File "[^"]*/(?=(?:site-packages|src/gannet|scripts)/)')
"""The folders of a machine in a traceback."""
CHECK_SECONDS = {"cuda": 70, "cpu": 300}
"""A check that takes longer is stopped and failed."""


class TooSlow(Exception):
    """The check took too long."""


def data_for(recipe: str, kind: str) -> tuple[str, dict[str, Any]]:
    """A data set on which a recipe can train, and keys that it needs."""
    if recipe == "text-to-image":
        return "captioned-digits", {}
    return ("ring", {}) if kind != "images" else ("digits", {"data.classes": "3,8"} if recipe == "cyclegan" else {})


def all_checks(s: Setting) -> dict[str, Callable[[Setting, Figures], None]]:
    """Name -> check, most important first."""
    checks: dict[str, Callable[[Setting, Figures], None]] = {"graph failures": check_graph_failures}
    second = {}
    for name, component in components("recipes").items():
        data, keys = data_for(name, component.load().kind)
        checks[f"graphs {name} on {data}"] = partial(check_graphs, recipe=name, data=data, keys=keys)
    for name, data in (("particle-gan", "ring"), ("dragan", "digits")):
        checks[f"graphs {name}, penalty.every=4"] = partial(
            check_graphs, recipe=name, data=data, keys={"penalty.every": 4}
        )
    for name, component in components("recipes").items():
        kind = component.load().kind
        data, keys = data_for(name, kind)
        checks[f"recipe {name} on {data}"] = partial(check_recipe, recipe=name, data=data, keys=keys)
        if kind == "any" and not s.quick:
            second[f"recipe {name} on digits"] = partial(check_recipe, recipe=name, data="digits")
    for recipe, data in (("gan", "ring"), ("dcgan", "digits"), ("wgan-gp", "digits"), ("bigan", "digits")):
        checks[f"resume {recipe} on {data}"] = partial(check_resume, recipe=recipe, data=data)
    checks |= {
        "same start on both devices": check_same_start,
        "run opens without a GPU": check_elsewhere,
        "live control": check_live,
    }
    for work in ("dcgan", "gan-deep", "wgan-gp", "particle-gan", "dcgan-relativistic"):
        checks[f"speed {work}"] = partial(check_speed, work=work)
    checks |= {"precision": check_precision, "memory dcgan": check_memory, "extractors": check_extractors} | second
    asked = [
        ("gan", "ring", "mmd"),
        ("cgan", "digits", "class-accuracy"),
        ("infogan", "digits", "kid"),
        ("bigan", "digits", "kid"),
    ]
    for recipe, data, metric in asked[: 1 if s.quick else None]:
        checks[f"measuring {recipe}"] = partial(check_measuring, recipe=recipe, data=data, metrics=[metric])
    return checks


def carried_out(s: Setting, check: Callable[[Setting, Figures], None]) -> dict[str, Any]:
    """The row of one check; an exception gives a failed row."""
    figures: Figures = {}
    row: dict[str, Any] = {"result": "ok", "figures": figures}
    began = time.monotonic()
    signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(CHECK_SECONDS[s.device])
    try:
        check(s, figures)
        s.synchronise()
    except Skipped as reason:
        row |= {"result": "skipped", "problem": str(reason)}
    except Exception as error:
        whole = INSTALLED.sub('File "', traceback.format_exc())
        line = str(error) if isinstance(error, AssertionError) else whole.strip().splitlines()[-1]
        row |= {"result": "failed", "problem": line, "traceback": whole}
    finally:
        signal.alarm(0)
    return row | {"seconds": round(time.monotonic() - began, 2)}


def _too_slow(*_: object) -> None:
    raise TooSlow("The check took longer than its limit.")


def written(value: Any) -> str:
    """A figure formatted for a table."""
    if isinstance(value, list):
        return " ".join(map(written, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def machine(device: str) -> dict[str, Any]:
    """Hardware and versions on which the figures depend."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    git = shutil.which("git")
    asked = [git, "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() if git else ""
    found = {"processor": cpu, "cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__}
    found |= {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "commit": commit or None,
        "source": source_digest(),
        "gannet": gannet.__version__,
    }
    if device == "cuda":
        found |= {"gpu": torch.cuda.get_device_name(), "capability": list(torch.cuda.get_device_capability())}
        found |= {"cudnn": torch.backends.cudnn.version(), "cudnn_tf32": torch.backends.cudnn.allow_tf32}
    return found


def source_digest() -> str:
    """A hash of the package's Python files, which identifies the source independently of commits."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted((ROOT / "src" / "gannet").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def main() -> int:
    """Run the checks; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gpu-check.json"), help="JSON file for the results")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="fewer steps and checks")
    parser.add_argument("--budget", type=float, default=400, help="seconds after which no further check starts")
    parser.add_argument("--only", default="", help="run only checks whose name contains this text")
    parser.add_argument("--continue", dest="continued", action="store_true", help="keep the rows in the file --out")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: no usable CUDA GPU on this machine; use --device cpu to try the script itself.")
    earlier = json.loads(arguments.out.read_text()) if arguments.continued and arguments.out.exists() else {}
    rows: dict[str, dict[str, Any]] = {n: r for n, r in earlier.get("rows", {}).items() if r["result"] != "not run"}
    document = {
        "date": date.today().isoformat(),
        "machine": machine(arguments.device),
        "device": arguments.device,
        "quick": arguments.quick,
        "rows": rows,
    }
    began = time.monotonic() - (earlier.get("seconds", 0) if os.environ.pop("GPU_CHECK_RESTARTED", "") else 0)
    if not earlier:
        print(json.dumps(document["machine"]), flush=True)
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
        s = Setting(arguments.device, arguments.quick, Path(folder))
        for name, check in all_checks(s).items():
            if name in rows or arguments.only not in name:
                continue
            in_time = time.monotonic() - began < arguments.budget
            row = carried_out(s, check) if in_time else {"result": "not run", "figures": {}, "seconds": 0.0}
            rows[name] = row
            figures = ", ".join(f"{k} {written(v)}" for k, v in row["figures"].items())
            print(
                f"{name:<32} {row['result']:<8} {row['seconds']:>6.1f} s  {figures} {row.get('problem', '')}".rstrip(),
                flush=True,
            )
            document["seconds"] = round(time.monotonic() - began, 1)
            arguments.out.write_text(json.dumps(document, indent=1) + "\n")
            if row["result"] == "failed" and not gpu_works(s):
                print(
                    "The GPU does not respond in this process any more; the other checks run in a new one.", flush=True
                )
                shutil.rmtree(folder, ignore_errors=True)
                again = [*sys.argv, *([] if arguments.continued else ["--continue"])]
                os.execve(sys.executable, [sys.executable, *again], os.environ | {"GPU_CHECK_RESTARTED": "1"})
    results = [row["result"] for row in rows.values()]
    counts = ", ".join(f"{results.count(kind)} {kind}" for kind in ("ok", "failed", "skipped", "not run"))
    print(f"{counts}; {document.get('seconds', 0)} s; written to {arguments.out}", flush=True)
    return int("failed" in results)


def gpu_works(s: Setting) -> bool:
    """False after an error that ends all use of the GPU in this process."""
    try:
        s.synchronise()
        return bool(torch.ones(2, device=s.device).sum().item() == 2)
    except RuntimeError:
        return False


if __name__ == "__main__":
    sys.exit(main())
