"""The picture of points: every field and every layer changes what is drawn."""

from __future__ import annotations

import re

from support.page import until

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
    for layer in ("real", "fake", "modes", "contour", "push", "movement", "manifold"):
        before = page.evaluate(PICTURE)
        page.evaluate(
            f"() => document.querySelector('.chip i.key.{layer}').parentElement.querySelector('input').click()"
        )
        until(page, f"{PICTURE} !== {before!r}")
