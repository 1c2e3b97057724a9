"""Help where the person is: `gannet describe`, keys in the help of train, lists, version, and summaries that are not
cut.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

import gannet
from gannet.catalogue.kinds import KINDS, summaries
from gannet.cli import app, run
from gannet.features.extractors import NAMES

Capture = pytest.CaptureFixture[str]
EVERYTHING = [(kind, name) for kind in KINDS for name in summaries(kind)]


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def said(capsys: Capture, *words: str, status: int = 0) -> str:
    assert run(words) == status
    answer = capsys.readouterr()
    return answer.out if status == 0 else answer.err


def test_a_recipe_has_formula_keys_traps_paper_and_parts(capsys: Capture) -> None:
    page = said(capsys, "describe", "wgan-gp")
    for heading in ("FORMULA", "ADDS", "TRAPS", "MADE OF", "KEYS", "REFERENCES", "USE"):
        assert f"\n{heading}\n" in page
    assert "  penalty.sides=two  [one, two]\n" in page
    assert "  https://arxiv.org/abs/1704.00028\n" in page
    assert "regularizer gradient-penalty" in page
    assert "gannet train DATA --recipe wgan-gp" in page


def test_keys_of_other_parts_are_written_as_they_are_typed(capsys: Capture) -> None:
    loss = said(capsys, "describe", "hinge")
    assert "relu(m - D(x))" in loss
    assert "  loss.margin=1  [number > 0]\n      Logits beyond this value are not pushed further.\n" in loss
    assert "  data.count=8  [integer ≥ 1 and ≤ 10,000]\n" in said(capsys, "describe", "ring")
    assert "  gannet train ring\n" in said(capsys, "describe", "ring")
    folder = said(capsys, "describe", "folder")
    assert "  data.path (required)" in folder
    assert "  gannet train PATH\n" in folder
    assert "Better: lower. Measures: images." in said(capsys, "describe", "fd")


def test_a_name_of_two_kinds_prints_both_and_a_kind_chooses(capsys: Capture) -> None:
    both = said(capsys, "describe", "dragan")
    assert "dragan (recipe)" in both
    assert "dragan (regularizer)" in both
    assert "recipes/dragan, regularizers/dragan" in both
    for words in ("regularizers/dragan", "regularizer/dragan"):
        one = said(capsys, "describe", words)
        assert one.startswith("dragan (regularizer)")
        assert "(recipe)" not in one


def test_a_name_may_have_underscores(capsys: Capture) -> None:
    assert said(capsys, "describe", "gan_deep") == said(capsys, "describe", "gan-deep")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hinje", "Nothing is named 'hinje'. Did you mean 'hinge'?"),
        ("losses/hinje", "Unknown loss 'hinje'. Did you mean 'hinge'? Allowed: f-divergence, hinge"),
        ("looses/hinge", "Unknown kind 'looses' in 'looses/hinge'. Did you mean 'losses'?"),
    ],
)
def test_an_unknown_name_is_one_sentence(capsys: Capture, name: str, sentence: str) -> None:
    message = said(capsys, "describe", name, status=2)
    assert message.startswith(f"gannet: {sentence}")
    assert message.count("\n") == 1


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_everything_that_is_listed_can_be_described_in_80_columns(capsys: Capture, kind: str, name: str) -> None:
    page = said(capsys, "describe", f"{kind}/{name}")
    assert page.startswith(f"{name} (")
    assert len(page.splitlines()) > 3
    # A word that is too long, such as an address or a list, and a table are not broken.
    wide = [line for line in page.splitlines() if len(line) > 80 and len(line.split()) > 3 and "|" not in line]
    assert wide == []


def test_help_of_train_lists_the_keys_of_the_recipe(capsys: Capture) -> None:
    for words in (["--recipe", "lsgan", "--help"], ["--help", "--recipe=lsgan"]):
        page = said(capsys, "train", "ring", *words)
        assert "--quiet" in page
        assert "Keys of lsgan:\n  hidden=128  [integer ≥ 1 and ≤ 16,384]\n" in page
        assert "Keys of every training:\n  compile=false  [true or false]\n" in page
        assert "\n  checkpoint.keep=2  [integer ≥ 1 and ≤ 1,000,000]\n      Number of checkpoints to keep" in page
        assert "\n  seed=" not in page, "it is an option"
    assert "gannet train DATA --recipe NAME --help" in said(capsys, "train", "--help")
    assert "Did you mean 'lsgan'?" in said(capsys, "train", "ring", "--recipe", "lsgann", "--help", status=2)


def test_help_of_train_lists_the_keys_of_a_recipe_file(capsys: Capture, tmp_path: Path) -> None:
    text = (Path(gannet.__file__).parent / "recipes" / "gan.py").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(
        text.replace("def gan(", "def mine(").replace("= 128,", "= 77,", 1), encoding="utf-8"
    )
    assert "  hidden=77  [integer ≥ 1 and ≤ 16,384]\n" in said(
        capsys, "train", "ring", "--recipe", str(tmp_path / "mine.py"), "--help"
    )


def test_bare_and_version(capsys: Capture) -> None:
    assert said(capsys) == said(capsys, "--help")
    assert "check" in said(capsys, "data")
    assert said(capsys, "--version") == f"gannet {gannet.__version__}\n"


def test_no_summary_is_cut(capsys: Capture) -> None:
    command = typer.main.get_command(app)
    groups = {(): command, ("data",): command.commands["data"], ("weights",): command.commands["weights"]}  # type: ignore[attr-defined]
    for words, group in groups.items():
        page = said(capsys, *words, "--help")
        assert "..." not in page.partition("Commands:")[2]
        for name, verb in group.commands.items():  # type: ignore[attr-defined]
            summary = verb.get_short_help_str(1000)
            assert len(summary) <= 60, (name, summary)
            assert f"{summary}.\n" in page or f"{summary}\n" in page


@pytest.mark.parametrize("kind", [*KINDS, "datasets"])
def test_lists_are_whole(capsys: Capture, kind: str) -> None:
    words = " ".join(said(capsys, "list", kind).split())
    for name, summary in summaries(kind).items():
        assert name in words
        assert summary in words


def test_datasets_are_data_and_extractors_are_those_that_exist(capsys: Capture) -> None:
    assert said(capsys, "list", "datasets") == said(capsys, "list", "data")
    assert list(summaries("extractors")) == list(NAMES)
    assert "Did you mean 'datasets'?" in said(capsys, "list", "dataset", status=2)


def test_completion_is_for_every_verb() -> None:
    environment = {
        "_GANNET_COMPLETE": "complete_bash",
        "COMP_WORDS": "gannet de",
        "COMP_CWORD": "1",
        "PYTHONPATH": ":".join(sys.path),
    }
    code = "import sys; sys.argv[0] = 'gannet'; from gannet.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["describe"]
