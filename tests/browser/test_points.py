"""The picture of points: every field and every layer changes what is drawn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from support.page import until

from gannet.runs.schema import FRAMES_FOLDER

PICTURE = "document.querySelector('canvas.plane').toDataURL()"
SELECT = (
    "[...document.querySelectorAll('select')].find((choice) => [...choice.options].some((o) => o.value === "
    "'difference'))"
)


def test_every_field_and_layer_is_drawn(serve, open_page, ring):
    page = open_page(serve(ring.parent), ring)
    listed = "[...document.querySelectorAll('.counts .name')].map((name) => name.textContent)"
    found = [name.removeprefix("mode ") for name in page.evaluate(listed)]
    missing = page.evaluate("document.querySelector('p.missing:not([hidden])')?.textContent ?? ''")
    assert found
    assert sorted([*found, *re.findall(r"\d+", missing.partition(":")[2])]) == ["1", "2", "3"]
    page.evaluate("gannet.timeline.turnToStep(0)")
    until(page, "document.querySelector('p.missing:not([hidden])')?.textContent === 'Missing modes (3): 1, 2, 3.'")
    assert page.evaluate(listed) == []
    page.evaluate("gannet.timeline.turnToStep(1e9)")
    seen = {}
    for field in page.evaluate(f"[...{SELECT}.options].map((o) => o.value)"):
        page.evaluate(f"() => {{ const c = {SELECT}; c.value = '{field}'; c.dispatchEvent(new Event('change')); }}")
        until(page, f"![{', '.join(map(repr, seen.values()))}].includes({PICTURE})")
        seen[field] = page.evaluate(PICTURE)
    assert list(seen) == ["none", "d", "logit", "gradient", "optimal", "difference"]
    for layer in ("real", "fake", "modes", "contour", "push", "movement", "manifold", "plan"):
        before = page.evaluate(PICTURE)
        page.evaluate(
            f"() => document.querySelector('.chip i.key.{layer}').parentElement.querySelector('input').click()"
        )
        until(page, f"{PICTURE} !== {before!r}")

    # The plan is still shown: its mean length is that of the cheapest matching.
    note = until(page, "[...document.querySelectorAll('.note')].map((n) => n.textContent).find((n) => n.match('W1'))")
    with np.load(sorted((ring / FRAMES_FOLDER).glob("*.npz"))[-1]) as stored:
        distances = cdist(*(stored[name].astype(np.float64)[:500] for name in ("fake", "real")))
    shown = re.search(r"mean length, ([\d.]+),", note)
    assert shown
    assert float(shown[1]) == pytest.approx(distances[linear_sum_assignment(distances)].mean(), rel=1e-2)
