"""What a recipe is: a typed function from the form of the data to an Experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from gannet.data.base import Form, Kind
from gannet.errors import UserError
from gannet.training.experiment import Experiment

T = TypeVar("T")


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """A component picked but not made: components that hold tensors must not be made before each run."""

    factory: Callable[..., T]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> T:
        """A new instance."""
        return self.factory(**self.arguments)


def chosen(factory: Callable[..., T], **arguments: Any) -> Any:
    """Shorthand for the default of a recipe's parameter that is annotated ``Chosen[Prior]`` or the like."""
    return Chosen(factory, arguments)


RECOMMENDED: dict[Kind, str] = {"points": "particle-gan", "images": "dcgan"}
"""The recipe that is taken when none is named."""


@dataclass(frozen=True)
class Recipe:
    """A recipe function with what it asks of the data. Its keyword parameters are the command line's keys."""

    function: Callable[..., Experiment]
    kind: Kind | Literal["any"]
    labels: bool = False
    few_labels: bool = False
    """Whether it can train where only some rows show their label (``data.labels``), the others showing -1."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Keys ``data.*`` that it sets where the user does not."""

    def __call__(self, form: Form, **arguments: Any) -> Experiment:
        """Build the experiment.

        Raises:
            UserError: the data do not suit the recipe.
        """
        name = self.function.__name__.replace("_", "-")
        if self.kind not in (form.kind, "any"):
            raise UserError(f"Recipe {name!r} trains on {self.kind}, but these data are {form.kind}; see gannet list recipes.")
        if self.labels and form.num_classes < 2:
            raise UserError(f"Recipe {name!r} needs labels of at least 2 classes; these data have {form.num_classes}.")
        if form.num_labelled is not None and not self.few_labels:
            raise UserError(
                f"Recipe {name!r} cannot use data.labels={form.num_labelled}: it has no term for pictures without a label. "
                "Leave data.labels out, or take --recipe semi-supervised."
            )
        return self.function(form, **arguments)


def recipe(
    kind: Kind | Literal["any"], *, labels: bool = False, few_labels: bool = False, data: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Experiment]], Recipe]:
    """Declare a function to be a recipe for ``kind``, or for any kind of data.

    Args:
        kind: what it trains on.
        labels: whether it needs classes.
        few_labels: whether it can train where only some rows show their label.
        data: data keys that it presets, for example ``{"size": 32}``.
    """
    return lambda function: Recipe(function, kind, labels, few_labels, data or {})
