"""Every number in the code of the pages on theory is what the functions give; every picture is there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

from gannet.figures.functions import Line, Panel, draw_functions
from gannet.figures.theme import FAKE, REAL
from gannet.theory.divergences import jensen_shannon, jensen_shannon_from_samples, kullback_leibler_from_samples

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "theory").glob("*.md"))
COMPUTED = [page for page in PAGES if page.stem != "README"]


def code(page: Path) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))


def test_all_pages_are_there():
    assert {page.stem for page in PAGES} == {"README", "divergences", "optimal-discriminator", "earth-mover", "fooling"}


@pytest.mark.parametrize("page", COMPUTED, ids=lambda page: page.stem)
def test_numbers(page):
    test = doctest.DocTestParser().get_doctest(code(page), {}, page.name, str(page), 0)
    assert sum(bool(example.want) for example in test.examples) >= 4
    reported: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=reported.append).failed == 0, "".join(reported)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (page.parent / link).is_file(), link


def test_every_picture_is_shown():
    shown = {
        Path(link).name
        for page in PAGES
        for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert shown == {file.name for file in (ROOT / "docs" / "pictures").glob("*.png")} & shown
    assert len(shown) == 6


def test_divergences_from_log_densities():
    """Against the closed form of Gaussians and against a fine histogram."""
    rng = np.random.default_rng(2)
    of_p, of_q = rng.normal(0, 1, 400_000), rng.normal(1, 2, 400_000)

    def log_p(x):
        return -(x**2) / 2

    def log_q(x):
        return -((x - 1) ** 2) / 8 - np.log(2)

    # ln(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2; the mean's standard error is below 0.002.
    assert kullback_leibler_from_samples(log_p(of_p), log_q(of_p)) == pytest.approx(np.log(2) + 2 / 8 - 0.5, abs=0.008)
    x = np.linspace(-15, 17, 8001)
    exact = jensen_shannon(*(np.exp(f(x)) / np.exp(f(x)).sum() for f in (log_p, log_q)))
    found = jensen_shannon_from_samples((log_p(of_p), log_q(of_p)), (log_p(of_q), log_q(of_q)))
    assert found == pytest.approx(exact, abs=0.003)
    apart = np.zeros(5), np.full(5, -np.inf)
    assert jensen_shannon_from_samples(apart, apart[::-1]) == pytest.approx(np.log(2), rel=1e-14)
    assert jensen_shannon_from_samples((apart[0], apart[0]), (apart[0], apart[0])) == pytest.approx(0, abs=1e-15)


def test_functions_are_drawn_in_their_colours():
    x = np.linspace(0, 1, 50)
    line = Line("a", x, REAL), Line("b", 1 - x, FAKE, filled=True, dashed=True)
    picture = np.asarray(draw_functions([Panel("t", x, line, levels=((0.5, "half"),), top=1.2)] * 3))
    assert picture.shape[1] == 1280
    for colour in (REAL, FAKE):
        assert (np.abs(picture.astype(int) - colour).sum(2) < 12).sum() > 300
