"""Every function that opens a file which a user can be handed is reached by a target of `make fuzz`."""

from __future__ import annotations

import ast
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import test_data_hostile as data
import test_data_hostile_layouts as layouts
import test_hostile_run_files as files

import gannet

SOURCES = Path(gannet.__file__).parent
FUNCTIONS = {
    "open", "open_regular", "read_regular", "read_json", "load_file", "safe_open", "ParquetFile", "load_dataset",
    "load_from_disk", "open_memmap",
}  # fmt: skip
METHODS = {"read_text", "read_bytes", "ZipFile", "ParquetFile", "loadtxt", "fromfile", "memmap"}
OPENERS = {"os", "gzip", "tarfile", "Image", "module", "system", "path", "file", "np", "torch", "torch.export"}

OWN = "a file that Gannet, or this command, has just written"
CACHE = "the user's own cache, whose content is hashed"
PART = "part of an installed package"
NAMED = "code that the user names on the command line"
PRIMITIVE = "what the readers open files with"
FORWARDED = "the bytes of a regular file, sent or drawn as they are"
NOT_HANDED = {
    "__main__.py::_drop_what_cannot_be_written": "/dev/null",
    "__main__.py::_open_closed_streams": "/dev/null, and the standard streams",
    "comparison/packing.py::pack": OWN,
    "comparison/packing.py::unpack": OWN,
    "comparison/ray_task.py::lock_text": "compared with an expected text",
    "config/plan.py::load_recipe": NAMED,
    "dashboard/api.py::Api.charts": PART,
    "dashboard/api.py::Api.frame": FORWARDED,
    "dashboard/documents.py::_rendered": PART,
    "dashboard/probes/__main__.py::main": "the questions of the server",
    "dashboard/starting.py::recipes_for_points": PART,
    "data/cache.py::_load": CACHE,
    "data/cache.py::_new_table": CACHE,
    "data/digits.py::_table": PART,
    "data/file_digests.py::_load": CACHE,
    "data/shard_writing.py::_Writer._keep": OWN,
    "data/shard_writing.py::_Writer._write_one": OWN,
    "data/shard_files.py::ShardFolder.read_ahead": "nothing of it is read",
    "data/stored_rows.py::StoredRows.__init__": CACHE,
    "degradations/jpeg.py::Jpeg._compressed": OWN,
    "discovery.py::_in_file": PART,
    "export/formats.py::save_safetensors": OWN,
    "export/formats.py::save_torch": OWN,
    "features/cache.py::recall": CACHE,
    "features/cnn.py::load": PART,
    "features/efficientnet_lite.py::load": "refused unless its sha256 is the expected one",
    "features/user_weights.py::_metadata": OWN,
    "features/user_weights.py::_read": "refused unless its sha256 is the expected one",
    "features/user_weights.py::_recognised": "hashed as it is",
    "features/user_weights.py::find": OWN,
    "features/user_weights.py::load": OWN,
    "figures/animation.py::_save_mp4": OWN,
    "files.py::open_regular": PRIMITIVE,
    "files.py::read_json": PRIMITIVE,
    "files.py::read_regular": PRIMITIVE,
    "files.py::to_disk": PRIMITIVE,
    "files.py::whole_file": PRIMITIVE,
    "recipes/base.py::Recipe.source": NAMED,
    "reports/data_sheet.py::sizes": "images that are decoded before",
    "reports/notebook.py::file_html": OWN,
    "runs/append_file.py::AppendFile._open": OWN,
    "runs/lock.py::RunLock.__init__": "at most 200 bytes, which are shown with escapes",
    "runs/lock.py::_is_locked": "nothing of it is read",
    "sessions/provenance.py::_code": NAMED,
    "sessions/transfer.py::transfer": "a manifest that has been checked just before",
    "testing/regularizers.py::_saved": OWN,
    "training/lowering.py::prefers_onednn": "/proc/cpuinfo",
}
"""Function that opens a file -> why no target reaches it."""


def opens(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in FUNCTIONS
    if not isinstance(call.func, ast.Attribute):
        return False
    name, owner = call.func.attr, ast.unparse(call.func.value)
    if name in ("open", "load"):
        is_mode = name == "open" and bool(call.args) and isinstance(call.args[0], ast.Constant)
        return is_mode or owner in OPENERS
    return name in METHODS


def functions_that_open(node: ast.AST, qualified: tuple[str, ...] = ()) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = (*qualified, child.name) if isinstance(child, ast.FunctionDef | ast.ClassDef) else qualified
        if isinstance(child, ast.Call) and opens(child):
            yield ".".join(inner)
        yield from functions_that_open(child, inner)


def openers() -> set[str]:
    return {
        f"{path.relative_to(SOURCES)}::{name}"
        for path in SOURCES.rglob("*.py")
        for name in functions_that_open(ast.parse(path.read_text(encoding="utf-8")))
    }


def fuzzer() -> ModuleType:
    path = SOURCES.parents[1] / "scripts" / "fuzz.py"
    spec = importlib.util.spec_from_file_location("fuzz", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_function_that_opens_a_file_is_fuzzed(trained, tmp_path):
    reached: set[str] = set()

    def note(frame, event, _):
        if event == "call" and (file := frame.f_code.co_filename).startswith(str(SOURCES)):
            name = frame.f_code.co_qualname.replace(".<locals>", "")
            reached.add(f"{Path(file).relative_to(SOURCES)}::{name}")

    (tmp_path / "seeds").mkdir()
    files.make_fuzzed(trained("points"), tmp_path / "seeds")
    fuzz = fuzzer()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        for number, name in enumerate(fuzz.names()):
            folder = tmp_path / str(number)
            folder.mkdir()
            sound, read = fuzz.reader(name, folder, tmp_path / "seeds")
            read(sound)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    found = openers()
    missing, gone = sorted(found - reached - NOT_HANDED.keys()), sorted(NOT_HANDED.keys() - found)
    assert not missing, f"add a target, or say why none can reach it: {missing}"
    assert not gone, f"these open no file any more: {gone}"


def test_every_target_has_one_name():
    names = fuzzer().names()
    assert (
        len(names)
        == len(set(names))
        == len(data.SEEDS) + len(layouts.LAYOUTS | layouts.HUB_LAYOUTS) + len(files.FUZZED)
    )
