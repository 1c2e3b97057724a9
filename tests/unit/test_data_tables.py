"""Tables of points as people save them: pandas is the oracle for the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from gannet.config.plan import source_from_keys
from gannet.data.base import silent
from gannet.data.point_table import PointTable
from gannet.errors import UserError

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(60, 2)).round(4), columns=["x", "y"])
LABELS = [["red", "blue"][i % 2] for i in range(60)]
LABELLED = FRAME.assign(label=LABELS)
BIG = pd.DataFrame([[1234.5, 2345.6], [-9871234.25, 3.5], [12.0, 100345.75]], columns=["x", "y"])


def _text(**options: object) -> Callable[[pd.DataFrame], bytes]:
    encoding = str(options.pop("encoding", "utf-8"))
    return lambda frame: frame.to_csv(**options).encode(encoding)  # type: ignore[arg-type]


def _german(frame: pd.DataFrame) -> bytes:
    def number(value: float) -> str:
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))

    return "\n".join(["x;y", *(f"{number(a)};{number(b)}" for a, b in frame.values)]).encode()


@dataclass(frozen=True)
class Kind:
    """A table, how it is written, and what must be read."""

    write: Callable[[pd.DataFrame], bytes]
    frame: pd.DataFrame = field(default_factory=lambda: FRAME)
    keys: dict[str, str] = field(default_factory=dict)
    points: tuple[str, str] = ("x", "y")
    label: str | None = None
    name: str = "t.csv"


KINDS = {
    "plain": Kind(_text(index=False)),
    "label by name": Kind(_text(index=False), LABELLED, label="label"),
    "pandas index": Kind(_text()),
    "pandas index and label": Kind(_text(), LABELLED, label="label"),
    "named index": Kind(_text(index_label="id"), LABELLED, label="label"),
    "numbered by a German spreadsheet": Kind(_text(index_label="Nr.", sep=";", decimal=",")),
    "R: no name above the row names": Kind(
        lambda f: ('"x" "y"\n' + "\n".join(f'"{i + 1}" {a} {b}' for i, (a, b) in enumerate(f.values))).encode()
    ),
    "label first": Kind(_text(index=False, columns=["label", "x", "y"]), LABELLED, label="label"),
    "utf-16 with tabs": Kind(_text(index=False, sep="\t", encoding="utf-16")),
    "utf-16 without a mark": Kind(_text(index=False, encoding="utf-16-le")),
    "latin-1 names": Kind(
        _text(index=False, encoding="latin-1"), FRAME.set_axis(["größe", "höhe"], axis=1), points=("größe", "höhe")
    ),
    "Windows line ends": Kind(_text(index=False, lineterminator="\r\n")),
    "old Macintosh line ends": Kind(_text(index=False, lineterminator="\r")),
    "quoted names and texts": Kind(
        _text(index=False, quoting=1), FRAME.assign(name=["last, first", "a\nb"] * 30), label="name"
    ),
    "names 0 and 1": Kind(_text(index=False), FRAME.set_axis([0, 1], axis=1), points=(0, 1)),  # type: ignore[arg-type]
    "grouped numbers": Kind(_german, BIG),
    "tabs and decimal commas": Kind(_text(index=False, sep="\t", decimal=","), name="t.tsv"),
    "blanks and decimal commas": Kind(_text(index=False, sep=" ", decimal=",", header=False), name="t.txt"),
    "bars": Kind(_text(index=False, sep="|"), LABELLED, label="label"),
    "Excel's line sep=": Kind(lambda f: b"sep=;\r\n" + _text(index=False, sep=";", decimal=",")(f)),
    "separator at every end": Kind(lambda f: _text(index=False)(f).replace(b"\n", b",\n")),
    "chosen columns": Kind(
        _text(index=False), LABELLED.assign(z=RNG.normal(size=60)), {"data.columns": "z,x"}, ("z", "x"), "label"
    ),
    "chosen label": Kind(_text(index=False), LABELLED.assign(b=list("uvw") * 20), {"data.label": "b"}, ("x", "y"), "b"),
    "no label": Kind(_text(index=False), LABELLED, {"data.label": ""}),
    "label of few integers": Kind(_text(index=False), FRAME.assign(c=[3, 1, 2] * 20), label="c"),
    "names 0 and 1 and a label": Kind(
        _text(index=False),
        LABELLED.set_axis([0, 1, "label"], axis=1),
        points=(0, 1),
        label="label",  # type: ignore[arg-type]
    ),
    "integers called 0 and 1 and a class": Kind(
        _text(index=False, quoting=1),
        pd.DataFrame(RNG.integers(-9, 9, (60, 2))).assign(c=[1, 2] * 30),
        points=(0, 1),  # type: ignore[arg-type]
        label="c",
    ),
    "index and integers called 0 and 1": Kind(
        _text(),
        pd.DataFrame(RNG.integers(-9, 9, (60, 2))),
        points=(0, 1),  # type: ignore[arg-type]
    ),
    "three rows with an index and without names": Kind(
        _text(header=False), pd.DataFrame([[5.0, 3.0], [1.0, 2.0], [4.0, 9.0]], columns=["x", "y"])
    ),
    "index, names 0 and 1 and a label": Kind(
        _text(),
        LABELLED.set_axis([0, 1, "label"], axis=1),
        points=(0, 1),
        label="label",  # type: ignore[arg-type]
    ),
    "quoted decimal commas between commas": Kind(
        lambda f: "\n".join(["x,y", *('"' + f'{a}","{b}'.replace(".", ",") + '"' for a, b in f.values)]).encode()
    ),
    "labels that Python reads as numbers": Kind(_text(index=False), FRAME.assign(c=["1_1", "1_2"] * 30), label="c"),
    "colours as labels": Kind(
        _text(index=False, columns=["label", "x", "y"]), FRAME.assign(label=["#ff0000", "#00ff00"] * 30), label="label"
    ),
    "different numbers called label": Kind(_text(index=False), FRAME.assign(label=RNG.normal(size=60))),
    "truth values": Kind(_text(index=False), FRAME.assign(c=[True, False] * 30), label="c"),
    "parquet with truth values and dates": Kind(
        lambda f: f.to_parquet(),
        FRAME.assign(c=[True, False] * 30, day=pd.date_range("2020-01-01", periods=60)),
        label="c",
        name="t.parquet",
    ),
    "many texts are no classes": Kind(_text(index=False), FRAME.assign(file=[f"{i}.png" for i in range(60)])),
    "parquet": Kind(lambda f: f.to_parquet(), LABELLED, label="label", name="t.parquet"),
    "parquet with an index": Kind(
        lambda f: f.set_index(pd.Index(range(7, 67))).to_parquet(), LABELLED, label="label", name="t.parquet"
    ),
}


def opened(path: Path, **keys: str) -> PointTable:
    dataset = source_from_keys(str(path), keys)[1].open(silent)
    assert isinstance(dataset, PointTable)
    return dataset


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_read_as_pandas_wrote_it(tmp_path: Path, kind: str) -> None:
    case = KINDS[kind]
    (tmp_path / case.name).write_bytes(case.write(case.frame))
    table = opened(tmp_path / case.name, **case.keys)
    assert_array_equal(table.points, case.frame[list(case.points)].to_numpy(np.float32))
    if case.label is None:
        assert table.num_classes == 0
        return
    codes, names = pd.factorize(case.frame[case.label].astype(str), sort=True)
    assert table.class_names == tuple(names)
    assert table.labels is not None
    assert table.labels.tolist() == codes.tolist()


@pytest.mark.parametrize("options", [{}, {"sep": ";", "decimal": ","}])
def test_whole_numbers_with_gaps_keep_their_names(tmp_path: Path, options: dict[str, str]) -> None:
    FRAME.assign(label=[1.0, 2.0, 10.0] * 20).to_csv(tmp_path / "t.csv", index=False, **options)  # type: ignore[call-overload]
    table = opened(tmp_path / "t.csv")
    assert table.class_names == ("1", "2", "10")
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1, 2] * 20


def _lines(**columns: object) -> bytes:
    return _text(index=False)(FRAME.assign(**columns))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (_lines(z=RNG.normal(size=60)), r"3 columns of numbers \(x, y, z\), and points need two: .*data.columns=x,y"),
        (
            _lines(a=list("uv") * 30, b=list("xy") * 30),
            r"can be the class \(a, b\).*data.label=NAME",
        ),
        (_text(index=False, columns=["x"])(FRAME), "1 column, and those with numbers are x; points need two columns"),
        (_lines(label=["", *LABELS[1:]]), "line 2: the label in the column 'label' is missing.*data.on_bad=skip"),
        (_lines(label=["NA", *LABELS[1:]]), "line 2: the label in the column 'label' is missing"),
        (_lines(x=["#N/A", *FRAME.x[1:]]), "line 2: '#N/A' is not a finite number"),
        (
            _text(index=False)(FRAME.set_axis(["Größe (m)", "Höhe (m)"], axis=1).assign(z=FRAME.y, w=LABELS)),
            r"such as 'data\.columns=Größe \(m\),Höhe \(m\)', and the class",
        ),
        (_lines(id=range(9, 69), z=FRAME.y), r"4 columns of numbers \(x, y, id, z\).*such as data.columns=x,y,"),
        (_lines(x=[np.nan, *FRAME.x[1:]]), "line 2: '' is not a finite number"),
        (_lines(x=[np.inf, np.inf, *FRAME.x[2:]]), "line 2: 'inf' is not a finite number. There are 1 more such rows"),
        (b"x,y\n1,2\n3,4,5\n", "line 3: 3 columns where the first line of points has 2"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "cannot be read as text"),
        (b"x,y\n" + b"a,b\n" * 5, "points need two columns of numbers"),
    ],
)
def test_a_table_that_leaves_a_question_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=sentence) as caught:
        opened(tmp_path / "t.csv")
    assert len(caught.value.problems) == 1
    assert "\n" not in str(caught.value)


def test_integers_below_0_and_1_are_said_to_be_points(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("0,1\n5,7\n3,4\n")
    table = opened(tmp_path / "t.csv")
    assert table.size == 3
    assert "the first row, 0 and 1, is a point" in table.notes[0]


def test_rows_with_gaps_are_left_out_on_request(tmp_path: Path) -> None:
    holes = LABELLED.copy()
    holes.loc[3, "x"], holes.loc[5, "label"] = np.nan, None
    (tmp_path / "t.csv").write_bytes(_text(index=False)(holes))
    table = opened(tmp_path / "t.csv", **{"data.on_bad": "skip"})
    assert_array_equal(table.points, holes.dropna()[["x", "y"]].to_numpy(np.float32))
    assert "2 of 60 rows are left out (line 5: '' is not a finite number; line 7: the label" in table.notes[0]


def test_wrong_names_of_columns_are_answered_with_the_right_ones(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(_lines())
    for key, value in (("columns", "x,yy"), ("label", "kind")):
        with pytest.raises(UserError, match=rf"data.{key} names '(yy|kind)', which is not a column.*Allowed: x, y"):
            opened(tmp_path / "t.csv", **{f"data.{key}": value})
    with pytest.raises(UserError, match="must name two columns"):
        opened(tmp_path / "t.csv", **{"data.columns": "x"})


@pytest.mark.parametrize(("factor", "has_note"), [(1000, True), (10, False), (0, False)])
def test_coordinates_of_very_different_spread_are_reported(tmp_path: Path, factor: float, has_note: bool) -> None:
    (FRAME * [1, factor]).to_csv(tmp_path / "t.csv", index=False)
    notes = opened(tmp_path / "t.csv").notes
    assert (
        any("deviation of column 'y' is" in note and "times that of column 'x'" in note for note in notes) == has_note
    )
