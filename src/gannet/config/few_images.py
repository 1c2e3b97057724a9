"""The recipe for few images, where the user named none: how many there are is known only when the data are open."""

from __future__ import annotations

from dataclasses import replace

from gannet.config.plan import FLAGS, Plan, load_recipe, read_keys
from gannet.recipes.base import FEW_IMAGES, RECOMMENDED, RECOMMENDED_FOR_FEW_IMAGES


def for_size(plan: Plan, size: int | None) -> Plan:
    """The plan for data of this size: with the recommended recipe for few images, if the images are few and no recipe
    was named.

    Raises:
        UserError: that recipe lacks a key that the user typed.
    """
    if size is None or size >= FEW_IMAGES or not _is_open(plan):
        return plan
    note = (
        f"{size:,} images are few, so the recipe {RECOMMENDED_FOR_FEW_IMAGES!r} augments them while training; "
        f"--recipe {plan.recipe_name} trains without."
    )
    return replace(for_recipe(plan, RECOMMENDED_FOR_FEW_IMAGES), note=note)


def for_recipe(plan: Plan, recorded: str) -> Plan:
    """The plan with the recommended recipe for few images, if a run records it and no recipe was named."""
    if recorded != RECOMMENDED_FOR_FEW_IMAGES or not _is_open(plan):
        return plan
    flags = {key: plan.values["settings"][key] for key in FLAGS}
    recipe = load_recipe(recorded)
    return read_keys(recorded, recipe, plan.source_name, dict(plan.typed or {}), flags, supplied=plan.supplied)


def _is_open(plan: Plan) -> bool:
    """Whether the number of images may still decide the recipe."""
    return plan.typed is not None and plan.recipe_name == RECOMMENDED["images"]
