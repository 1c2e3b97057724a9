"""The pages of docs/ as the live view serves them."""

from __future__ import annotations

import posixpath
import re

import pytest

from gannet.dashboard.documents import document, picture
from gannet.dashboard.numbers import Missing


def test_formulas_are_drawn_and_links_lead_to_pages_that_are_here():
    html = document("theory/optimal-discriminator.md")
    assert re.findall(r'<img class="formula block" alt="[^"]+" src="data:image/svg', html)
    assert '<code class="formula">' not in html
    assert "$" not in re.sub(r"<pre>.*?</pre>|<code>.*?</code>", "", html, flags=re.DOTALL)
    links = [link for link in re.findall(r'(?:href|src)="([^"]+)"', html) if not re.match("http|data:|/static/", link)]
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        name = posixpath.normpath(posixpath.join("theory", target))
        if name.endswith(".md"):
            assert not anchor or f'id="{anchor}"' in document(name), link
        else:
            assert picture(name).is_file(), link
    # The sources of the project are not served.
    assert "../src/" not in document("methods/gan.md")


@pytest.mark.parametrize(
    "name", ["no-such.md", "../README.md", "theory/../../README.md", "/etc/passwd", "pictures", ""]
)
def test_only_pages_of_the_documentation_are_served(name):
    with pytest.raises(Missing):
        document(name)
    with pytest.raises(Missing):
        picture(name)
