"""The source of the page: the same words in two languages, and nothing inline or from elsewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gannet.discovery import components
from gannet.keys import snake_case

SOURCE = Path(__file__).parents[2] / "src" / "gannet"
STATIC = SOURCE / "dashboard" / "static"
CONSTRAINTS = {"spectral_norm", "weight_clipping"}
"""Regularizers that add no term."""


def _words(language):
    text = (STATIC / "i18n" / f"{language}.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  "([\w.-]+)":\s+"(.*)",$', re.sub(r'" \+\n\s*"', "", text), re.M))


def test_both_languages_have_the_same_keys_and_blanks():
    english, chinese = _words("en"), _words("zh")
    assert len(english) > 100
    assert english.keys() == chinese.keys()
    for key, words in english.items():
        assert set(re.findall(r"\{\w+\}", words)) >= set(re.findall(r"\{\w+\}", chinese[key])), key
    used = {
        k for file in STATIC.rglob("*.js") for k in re.findall(r'\bt\("([\w.]+)"', file.read_text(encoding="utf-8"))
    }
    assert used <= english.keys()


def _recorded_names():
    """Names of players, terms and penalties in the source of the games, and of the health values in the docstring
    that lists them.
    """
    found = {snake_case(component.symbol) for component in components("regularizers").values()} - CONSTRAINTS
    for file in (SOURCE / "games").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            keys = node.keys if isinstance(node, ast.Dict) else [node.slice] if isinstance(node, ast.Subscript) else []
            found |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    listed = ast.get_docstring(ast.parse((SOURCE / "training/vitals.py").read_text(encoding="utf-8"))) or ""
    return found | {
        name.rpartition("/")[2]
        for line in listed.split("\n- ")[1:]
        for name in re.findall(r"``([\w/]+)``", line.split(":")[0])
    }


def test_every_series_has_a_name_in_both_languages():
    for language in ("en", "zh"):
        missing = {name for name in _recorded_names() if f"series.{name}" not in _words(language)}
        assert not missing, f"i18n/{language}.js: add series.{', series.'.join(sorted(missing))}"


def test_every_health_rule_has_a_name_and_a_remedy_in_both_languages():
    rules = {file.stem.replace("_", "-") for file in (SOURCE / "health" / "rules").glob("[!_]*.py")}
    assert len(rules) >= 8
    for language in ("en", "zh"):
        words = _words(language)
        assert {key.removeprefix("rule.") for key in words if key.startswith("rule.")} == rules
        assert {key.removeprefix("remedy.") for key in words if key.startswith("remedy.")} == rules


def test_findings_of_every_rule_have_a_chinese_sentence_of_numbers_that_the_rule_records():
    text = (STATIC / "i18n" / "findings.js").read_text(encoding="utf-8")
    _, *parts = re.split(r'^  "?([a-z-]+)"?: \[', text, flags=re.M)
    sentences = dict(zip(parts[::2], parts[1::2], strict=True))
    rules = {file.stem.replace("_", "-"): file for file in (SOURCE / "health" / "rules").glob("[!_]*.py")}
    assert sentences.keys() == rules.keys()
    for rule, words in sentences.items():
        assert "。" in words
        for name in set(re.findall(r"\{(\w+)[%^]?\}", words)) - {"step"}:
            assert f'"{name}"' in rules[rule].read_text(encoding="utf-8"), f"{rule}: {name}"


def test_nothing_in_the_page_is_inline_or_from_elsewhere():
    for file in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|innerHTML|\beval\(|new Function|\\bstyle: [\"`]", text), file
    assert not re.search(r"<style|style=|<script>|\son\w+=", (STATIC / "index.html").read_text(encoding="utf-8"))


def test_no_line_of_the_page_is_longer_than_120_characters():
    files = [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]
    lines = {file.name: file.read_text(encoding="utf-8").split("\n") for file in files}
    assert [(name, line) for name, text in lines.items() for line in text if len(line) > 120] == []


def _sentences():
    """The texts in Gannet's sources, with 1 instead of every value."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_refusal_that_the_page_translates_is_one_of_gannet():
    text = re.sub(r'" \+\n\s*"', "", (STATIC / "i18n" / "refusals.js").read_text(encoding="utf-8"))
    pairs = re.findall(r'\[\s*"(.+?)",\s*"(.+?)",?\s*\],', text)
    assert len(pairs) == text.count('",\n  ]') + len(re.findall(r'^  \[".*"\],$', text, re.M)) > 20
    sentences = set(_sentences())
    # A refusal may be the end of a longer text, as in "Checkpoint {problem}".
    ends = {f"Checkpoint {each}" for each in sentences}
    for expression, chinese in pairs:
        expression = expression.replace("\\\\", "\\")
        assert any(re.fullmatch(expression, each) for each in sentences | ends), expression
        assert {int(number) for number in re.findall(r"\{(\d)\}", chinese)} <= set(
            range(1, re.compile(expression).groups + 1)
        )
