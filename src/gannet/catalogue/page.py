"""The description that ``gannet describe`` prints of a component: the text of its docs page, without measured
results.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace
from typing import Any

from gannet.catalogue.key_help import Key, arguments_of, keys_of_recipe
from gannet.catalogue.kinds import SINGULAR, summaries
from gannet.catalogue.parts import made_of, suits
from gannet.catalogue.text import Paragraphs, links, plain
from gannet.discovery import components, summary_and_rest
from gannet.errors import UserError
from gannet.recipes.base import Recipe

PREFIXES = {"losses": "loss", "priors": "prior", "encodings": "encoding", "data": "data"}
"""Kind -> the key that prefixes its arguments."""


@dataclass(frozen=True)
class Page:
    """A description to print."""

    kind: str
    name: str
    summary: str
    sections: dict[str, str] = field(default_factory=dict)
    """Heading -> paragraphs; the first heading is empty."""
    keys: list[Key] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Addresses of papers, without duplicates."""
    use: str = ""
    """A command that uses it."""


def page(kind: str, name: str) -> Page:
    """The page of one component.

    Raises:
        UserError: there is no such component.
    """
    if name not in summaries(kind):
        raise UserError(f"There is no {SINGULAR[kind]} {name!r}.")
    if kind == "recipes":
        return _of_recipe(name)
    return _of_extractor(name) if kind == "extractors" else _of_part(kind, name)


def recipe_keys(recipe: Recipe) -> list[Key]:
    """Every key of a recipe, with the help from its docstring."""
    return keys_of_recipe(recipe, Paragraphs(recipe.function.__doc__ or "", plain).named.get("Keys", ""))


def _of_recipe(name: str) -> Page:
    found = components("recipes")[name]
    recipe: Recipe = found.load()
    docstring = Paragraphs(below_summary(recipe.function, found.summary), plain)
    parts = [f"{SINGULAR[part.kind]} {part.name}: {_first_line(part.load(), part.summary)}" for part in made_of(recipe)]
    sections = {"": f"{suits(recipe)}\n\n{docstring.opening}"}
    sections |= {heading: text for heading, text in docstring.named.items() if heading != "Keys"}
    sections["Made of"] = "\n".join(f"- {part}" for part in parts)
    papers = list(dict.fromkeys(links(recipe.function.__doc__ or "")))
    return Page(
        "recipes", name, found.summary, sections, recipe_keys(recipe), papers, f"gannet train DATA --recipe {name}"
    )


def _of_part(kind: str, name: str) -> Page:
    found = components(kind)[name]
    loaded = found.load()
    docstring = _docstring(loaded)
    facts = f"\n\nBetter: {loaded.better}. Measures: {', '.join(loaded.kinds)}." if kind == "metrics" else ""
    body = plain(below_summary(loaded, found.summary)).strip() + facts
    below = f"{PREFIXES[kind]}." if kind in PREFIXES else ""
    keys = [replace(key, name=below + key.name) for key in arguments_of(loaded)]
    return Page(
        kind, name, found.summary, {"": body.strip()}, keys, list(dict.fromkeys(links(docstring))), _use(kind, name)
    )


def _use(kind: str, name: str) -> str:
    if kind == "metrics":
        return f"gannet measure RUN --metrics {name}"
    if kind == "data":
        needs_path = any(key.name == "path" and not key.default for key in arguments_of(components(kind)[name].load()))
        return "gannet train PATH" if needs_path else f"gannet train {name}"
    return f"gannet train DATA --recipe NAME {PREFIXES[kind]}={name}" if kind in PREFIXES else ""


def _of_extractor(name: str) -> Page:
    from gannet.features import extractors
    from gannet.features.user_weights import USER_SUPPLIED

    about = [f"Write it in brackets after a feature metric, as in fd[{name}]; the label of every value contains it."]
    links_found: list[str] = []
    try:
        spec: dict[str, Any] = extractors.describe(name)
    except UserError as missing:
        spec = {}
        about += list(missing.problems)
    if name in USER_SUPPLIED:
        known = USER_SUPPLIED[name]
        spec = {"what": known.what, "layer": known.layer, "preprocessing": known.preprocessing, **spec}
        links_found = links(known.source)
    facts = "\n".join(f"- {key.replace('_', ' ')}: {value}" for key, value in spec.items() if key != "extractor")
    sections = {"": "\n\n".join(about)} | ({"Specification": facts} if facts else {})
    return Page(
        "extractors",
        name,
        summaries("extractors")[name],
        sections,
        [],
        links_found,
        f"gannet measure RUN --metrics 'fd[{name}]'",
    )


def _docstring(loaded: Any) -> str:
    return inspect.cleandoc(loaded.__doc__ or "")


def _first_line(loaded: Any, summary: str) -> str:
    return plain(summary_and_rest(_docstring(loaded))[0]) or summary


def below_summary(documented: Any, summary: str) -> str:
    """The docstring without its summary, if that is ``summary``; otherwise all of it."""
    first, rest = summary_and_rest(_docstring(documented))
    return rest if first == summary else _docstring(documented)
