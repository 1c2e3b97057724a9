"""The source of the page: the same words in two languages, and nothing inline or from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "src" / "gannet" / "dashboard" / "static"


def _words(language):
    text = (STATIC / "i18n" / f"{language}.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  "([\w.-]+)":\s+"(.*)",$', re.sub(r'" \+\n\s*"', "", text), re.M))


def test_both_languages_have_the_same_keys_and_blanks():
    english, chinese = _words("en"), _words("zh")
    assert len(english) > 100
    assert english.keys() == chinese.keys()
    for key, words in english.items():
        assert set(re.findall(r"\{\w+\}", words)) >= set(re.findall(r"\{\w+\}", chinese[key])), key
    used = {k for file in STATIC.rglob("*.js") for k in re.findall(r'\bt\("([\w.]+)"', file.read_text(encoding="utf-8"))}
    assert used <= english.keys()


def test_nothing_in_the_page_is_inline_or_from_elsewhere():
    for file in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|innerHTML|\beval\(|new Function|\\bstyle: [\"`]", text), file
    assert not re.search(r"<style|style=|<script>|\son\w+=", (STATIC / "index.html").read_text(encoding="utf-8"))


def test_no_line_of_the_page_is_longer_than_120_characters():
    files = [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]
    lines = {file.name: file.read_text(encoding="utf-8").split("\n") for file in files}
    assert [(name, line) for name, text in lines.items() for line in text if len(line) > 120] == []
