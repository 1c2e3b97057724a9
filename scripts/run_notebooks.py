"""Execute the notebooks of examples/notebooks with Jupyter and store their outputs.

usage: python scripts/run_notebooks.py [NAME ...]

Needs the extra [notebooks]. Without names, all are executed. Tests execute the same cells without Jupyter
(tests/support/notebooks.py), because a kernel takes longer to start than most of them to run.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "notebooks"
SECONDS = 600


def main(*names: str) -> int:
    """Execute and overwrite each notebook; an error in a cell ends with its message."""
    import nbformat
    from nbclient import NotebookClient

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for path in sorted(FOLDER.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        began = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        with TemporaryDirectory() as folder:  # runs of an earlier time would be in the way
            NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}}).execute()
        for cell in notebook.cells:
            cell.metadata.clear()
        notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
        text = nbformat.writes(notebook).replace(folder + "/", "")
        path.write_text(re.sub(r"/tmp/ipykernel_\d+/\d+\.py", "notebook", text) + "\n", encoding="utf-8")
        print(f"{path.stem}: {time.monotonic() - began:.0f} s, {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
