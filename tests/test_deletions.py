"""Every place that deletes or replaces files, and why it cannot lose anything that has trained."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "gannet"
CALLS = {"rmtree", "unlink", "remove", "rmdir", "replace", "rename", "move", "truncate", "removedirs"}
WHY = {
    (
        "runs/debris.py",
        "remove",
    ): "temporary files that were never finished, an hour old, of processes that no longer exist",
    ("data/cache.py", "_decode_into"): "temporary files of this process, never published",
    ("data/cache.py", "_published"): "replaces a decoded table of the cache by one of equal content",
    ("data/cache_folder.py", "clear"): "decoded images in the cache, when the user asks for it; made again when needed",
    ("data/cache_folder.py", "trim"): "decoded images in the cache that were not used for longest, above its limit",
    ("data/cache.py", "_sweep"): "temporary files in the cache that are a day old",
    (
        "files.py",
        "whole_file",
    ): "replaces a file that the user named, a frame of the same step, or a record, whole; removes its own temporary "
    "file",
    (
        "files.py",
        "whole_folder",
    ): "removes its own temporary folder; replaces a folder only for a checkpoint of the same step that is damaged, "
    "after the new one is on the disk",
    ("sessions/fork.py", "_make"): "a directory that this call made and that has not trained",
    ("features/cache.py", "*"): "features in the cache folder, computed again when needed",
    (
        "sessions/outcome.py",
        "removed_if_untrained",
    ): "a directory that this session made, only if it holds no step, checkpoint or end of a training",
    ("sessions/outcome.py", "_empty"): "the same in a directory that was there, empty, before",
    ("runs/new_directory.py", "_move_up"): "moves what this call has just made into an empty directory",
    (
        "runs/writer.py",
        "truncate_after",
    ): "frames of steps after the checkpoint that a resume continues from, which are made again",
    (
        "training/checkpoint.py",
        "prune",
    ): "all but the newest checkpoint.keep valid checkpoints, after a newer one is complete",
}
"""(file, function) -> why."""


def test_every_deletion_has_a_reason():
    found: dict[tuple[str, str], list[int]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = str(path.relative_to(SOURCE))
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in CALLS
                    and _of_files(node.func)
                ):
                    key = (name, "*") if (name, "*") in WHY else (name, function.name)
                    found.setdefault(key, []).append(node.lineno)
    assert found.keys() - WHY.keys() == set(), "say why this cannot lose work"
    assert WHY.keys() - found.keys() == set(), "no longer there"


def _of_files(call: ast.Attribute) -> bool:
    """Not ``text.replace`` or ``list.remove``: those two and ``rename`` count for modules and paths only."""
    owner = call.value.id if isinstance(call.value, ast.Name) else ""
    return (
        owner in {"os", "shutil"}
        or call.attr in {"rmtree", "unlink", "rmdir"}
        or (call.attr == "rename" and owner in {"temporary", "path"})
    )
