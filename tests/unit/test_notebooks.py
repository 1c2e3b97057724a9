"""The notebooks run, show what they promise, and are stored with outputs that belong to them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib
import pytest
from support.notebooks import FOLDER, executed

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(matplotlib, "get_backend", matplotlib.get_backend)
    matplotlib.use("Agg")


def test_the_first_notebook_with_few_steps() -> None:
    shown = executed(
        NOTEBOOKS[0],
        {"steps=1200": "steps=20", "samples=2000": "samples=200", '"frames.every": 100': '"frames.every": 20'},
    )
    text = [part for part in shown if isinstance(part, str)]
    assert any("particle-gan on ring" in part and "<img" in part for part in text)
    assert any("real data" in part and "<table>" in part for part in text)
    assert any("image/gif" in part for part in text)
    assert sum(isinstance(part, bytes) and part.startswith(b"\x89PNG") for part in shown) == 2


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook(path: Path) -> None:
    shown = [part for part in executed(path) if part is not None]
    assert any(isinstance(part, bytes) or "<" in str(part) for part in shown)


def test_stored_outputs_are_whole_and_name_no_machine() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in cells), f"{path.name}: make notebooks"
        assert not any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])
        assert "image/png" in text, "no picture is stored"
        words = re.sub(r'"image/\w+": "[^"]*"|base64,[^"\\]*', "", text)
        assert not re.findall(r"/(?:home|root|tmp|work|Users)/[\w./-]+", words), path.name
        assert len(text) < 3_000_000, path.name
