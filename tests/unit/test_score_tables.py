"""Tables for papers from real comparisons and runs: Markdown, CSV as pandas reads it, LaTeX by its structure; unlike
scores are refused.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from gannet.cli import run
from gannet.reports.comparison import report_comparison, write_tables
from gannet.reports.comparison_document import read_comparison
from gannet.reports.score_formats import latex, markdown, written
from gannet.reports.score_table import Cell, of_comparison


@pytest.fixture
def compared(trained) -> Path:
    """Two recipes with seeds 5, 7 and 9, measured by w1, precision and modes."""
    return trained("compared")


def _values(folder: Path, recipe: str, metric: str) -> list[float]:
    [entry] = [entry for entry in read_comparison(folder)["recipes"] if entry["recipe"] == recipe]
    return [card["value"] for run in entry["runs"] for card in run["cards"] if card["metric"] == metric]


def test_a_comparison_writes_what_pandas_reads(compared):
    for name in ("compare.md", "compare.tex"):
        assert (compared / name).stat().st_size > 300
    table = pd.read_csv(compared / "compare.csv").set_index(["method", "metric"])
    assert len(table) == 6
    for recipe, metric in table.index:
        values = pd.Series(_values(compared, recipe, metric))
        found = table.loc[(recipe, metric)]
        assert found["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert found["standard_deviation"] == pytest.approx(values.std(), rel=1e-9)
        assert (found["runs"], found["seeds"], found["n_fake"], found["weights"]) == (3, "5 7 9", 200, "ema")


def _rows(text: str) -> list[list[str]]:
    body = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
    return [
        re.split(r"(?<!\\) & ", line.removeprefix("    ").removesuffix(r" \\"))
        for line in body.splitlines()
        if line.strip().endswith(r"\\")
    ]


def test_latex_is_whole(compared):
    text = latex(of_comparison(read_comparison(compared)))
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        ("begin", "table"),
        ("begin", "tabular"),
        ("end", "tabular"),
        ("end", "table"),
    ]
    assert re.findall(r"\\(top|mid|bottom)rule", text) == ["top", "mid", "mid", "bottom"]
    [columns] = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    rows = _rows(text)
    assert {len(row) for row in rows} == {len(columns)} == {4}
    assert text.count("{") == text.count("}")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert not re.findall(r"(?<!\\)[_%#&](?! )", code), "a letter that means something to LaTeX"
    assert "±" not in text
    assert "→" not in text
    means = {recipe: pd.Series(_values(compared, recipe, "w1")).mean() for recipe in ("gan", "lsgan")}
    bold = {row[0]: row[1].startswith(r"\textbf{") for row in rows[1:3]}
    assert bold == {recipe: means[recipe] == min(means.values()) for recipe in means}
    assert "booktabs" in text
    for word in ("standard deviation", "5, 7, 9", "200 generated and 200 real samples", "w1 ["):
        assert word in code


def test_markdown_is_a_table(compared):
    text = markdown(of_comparison(read_comparison(compared)))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 + 1
    assert {line.count("|") for line in lines} == {5}
    assert text.count("**") in (2, 4, 6)


def test_a_method_without_all_its_runs_is_not_the_best(compared):
    document = read_comparison(compared)
    gan, lsgan = document["recipes"]
    for entry, value in ((gan, 0.1), (lsgan, 0.2)):
        for each in entry["runs"]:
            each["cards"] = [{**card, "value": value} for card in each["cards"] if card["metric"] == "w1"]
    assert "**0.100 ± 0**" not in markdown(of_comparison(document))
    assert "| gan | **0.1 ± 0** |" in markdown(of_comparison(document))
    gan["runs"][0] |= {"cards": [], "status": "failed", "text": "Its process was stopped."}
    text = markdown(of_comparison(document))
    assert "| gan | 0.1 ± 0 (2 of 3) |" in text
    assert "| lsgan | **0.2 ± 0** |" in text
    assert "gan, seed 5: Its process was stopped." in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.0, 3.0), "2.0 ± 1.4"),
        ((0.12345, 0.12355), "0.123500 ± 0.000071"),
        ((120.0, 180.0), "150 ± 42"),
        ((5.0, 5.0), "5 ± 0"),
        ((0.25,), "0.25 (1 of 2)"),
        ((), "none (0 of 2)"),
    ],
)
def test_a_mean_is_as_exact_as_its_spread(values, words):
    assert written(Cell(values, 2)) == words


def test_runs_that_exist_give_the_table_of_the_comparison(compared, tmp_path, capsys):
    runs = [str(path) for path in sorted(compared.glob("*/seed-*"))]
    out = tmp_path / "paper.csv"
    assert run(["table", *runs, "--metrics", "w1,modes", "-o", str(out), "-o", str(tmp_path / "paper.tex")]) == 0
    ours, theirs = (pd.read_csv(path).set_index(["method", "metric"]) for path in (out, compared / "compare.csv"))
    assert len(ours) == 4
    for row in ours.index:
        for column in ("mean", "standard_deviation", "seeds", "fingerprint", "reference"):
            assert ours.loc[row, column] == theirs.loc[row, column]
    capsys.readouterr()
    assert run(["table", *runs[:1]]) == 0
    assert "95 % interval" in capsys.readouterr().out
    assert run(["table", *runs]) == 0
    whole = capsys.readouterr().out
    assert run(["table", str(compared)]) == 0
    assert capsys.readouterr().out == whole, "the folder stands for its runs"
    assert run(["doctor", str(compared)]) == 2
    assert f"is not a run: it has no run.json. It contains runs: give one of them, such as {runs[0]}." in (
        capsys.readouterr().err
    )


def test_unlike_scores_are_refused(compared, trained, tmp_path, capsys):
    gan = [str(compared / "gan" / f"seed-{seed}") for seed in (5, 7)]

    def refused(*words: str) -> str:
        assert run(["table", *words, "-o", str(tmp_path / "never.md")]) == 2
        assert not (tmp_path / "never.md").exists()
        return capsys.readouterr().err

    assert "same recipe, keys and seed 5" in refused(gan[0], gan[0])
    assert "has no score cards: measure it with" in refused(str(trained("bare")))
    assert run(["measure", gan[1], "--metrics", "w1,modes,precision", "--samples", "100"]) == 0
    capsys.readouterr()
    assert "n_fake" in refused(*gan)
    assert "different data" in refused(gan[0], str(trained("shown")))
    assert run(["table", *gan, "-o", str(tmp_path / "table.docx")]) == 2
    assert ".tex" in capsys.readouterr().err


def test_a_measured_run_writes_its_table(trained, tmp_path, capsys):
    path = trained("points")
    files = [tmp_path / f"cards{suffix}" for suffix in (".md", ".tex", ".csv")]
    assert (
        run(
            [
                "measure",
                str(path),
                "--metrics",
                "w1",
                "--samples",
                "100",
                *(word for file in files for word in ("-o", str(file))),
            ]
        )
        == 0
    )
    table = pd.read_csv(files[2])
    card = json.loads((path / "scores.jsonl").read_text().splitlines()[-1])
    assert table["mean"][0] == card["value"]
    assert [table["low"][0], table["high"][0]] == card["ci95"]
    capsys.readouterr()


def test_a_comparison_has_a_report(compared, capsys):
    assert run(["report", str(compared)]) == 0
    page = (compared / "report.html").read_text()
    for words in ("lsgan", "standard deviation", "data:image/png;base64,", "seed-9", "<strong>"):
        assert words in page
    assert "http://" not in page
    assert "https://" not in page
    capsys.readouterr()
    (compared / "compare.json").write_text("{")
    assert run(["report", str(compared)]) == 2
    assert "Repeat the `gannet compare`" in capsys.readouterr().err


def test_curves_for_a_paper(trained, tmp_path, capsys):
    path = trained("points")
    for suffix, begins in ((".pdf", b"%PDF"), (".svg", b"<?xml")):
        assert run(["report", str(path), "-o", str(tmp_path / f"curves{suffix}")]) == 0
        assert (tmp_path / f"curves{suffix}").read_bytes().startswith(begins)
    assert re.search(r'width="24[45]\S*pt"', (tmp_path / "curves.svg").read_text()), "3.4 inches"
    capsys.readouterr()


def test_tables_can_be_written_again(compared):
    before = (compared / "compare.tex").read_bytes()
    (compared / "compare.tex").unlink()
    write_tables(compared, read_comparison(compared))
    assert (compared / "compare.tex").read_bytes() == before
    assert report_comparison(compared, compared / "a.html") == report_comparison(compared, compared / "b.html")
