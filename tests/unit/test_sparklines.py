"""Curves as text."""

from __future__ import annotations

import math

from gannet.cli import run
from gannet.cli.sparklines import sparkline


def test_bars_go_from_lowest_to_highest():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([-3, 4]) == "▁█"


def test_many_values_are_means_and_gaps_are_spaces():
    assert sparkline([0, 2, 6, 8, 15, 15], width=3) == "▁▄█"
    assert sparkline([1, None, math.nan, 2]) == "▁  █"
    assert sparkline([None, None]) == "  "


def test_a_constant_is_a_level_line():
    assert sparkline([5, 5, 5]) == "▄▄▄"


def test_the_terminal_view_fits_80_columns(trained, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["watch", str(trained("points")), "--terminal"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("discriminator/adversarial" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
