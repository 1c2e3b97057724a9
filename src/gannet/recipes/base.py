"""What a recipe is: a typed function from the form of the data to an Experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from gannet.data.base import Form, Kind
from gannet.errors import UserError
from gannet.training.experiment import Experiment

__all__ = ["RECOMMENDED", "Chosen", "Experiment", "Form", "Recipe", "chosen", "recipe"]

T = TypeVar("T")


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """A component class with arguments, instantiated anew for every run: components that hold tensors cannot be shared by runs."""

    factory: Callable[..., T]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> T:
        """A new instance."""
        return self.factory(**self.arguments)


def chosen(factory: Callable[..., T], **arguments: Any) -> Any:
    """The default of a recipe's parameter annotated ``Chosen[...]``, such as ``chosen(Gaussian, size=32)`` for a prior."""
    return Chosen(factory, arguments)


RECOMMENDED: dict[Kind, str] = {"points": "particle-gan", "images": "dcgan"}
"""The default recipe for each kind of data."""


@dataclass(frozen=True)
class Recipe:
    """A recipe function with its requirements on the data. Its keyword parameters are the keys of the command line."""

    function: Callable[..., Experiment]
    kind: Kind | Literal["any"]
    labels: bool = False
    few_labels: bool = False
    """Whether it can train on partly labelled data (``data.labels``), where hidden labels are -1."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of keys ``data.*`` that the user does not set."""

    def __call__(self, form: Form, **arguments: Any) -> Experiment:
        """Build the experiment.

        Raises:
            UserError: the recipe does not support the data.
        """
        name = self.function.__name__.replace("_", "-")
        if self.kind not in (form.kind, "any"):
            raise UserError(f"Recipe {name!r} trains on {self.kind}, but these data are {form.kind}; see gannet list recipes.")
        if self.labels and form.num_classes < 2:
            raise UserError(f"Recipe {name!r} needs labels of at least 2 classes; these data have {form.num_classes}.")
        if form.num_labelled is not None and not self.few_labels:
            raise UserError(
                f"Recipe {name!r} cannot use data.labels={form.num_labelled}: it has no term for images without a label. "
                "Leave data.labels out, or use --recipe semi-supervised."
            )
        return self.function(form, **arguments)


def recipe(
    kind: Kind | Literal["any"], *, labels: bool = False, few_labels: bool = False, data: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Experiment]], Recipe]:
    """Declare a function as a recipe for ``kind``, or for any kind of data.

    Args:
        kind: the kind of data it trains on.
        labels: whether it needs class labels.
        few_labels: whether it can train on partly labelled data.
        data: defaults of data keys, for example ``{"size": 32}``.
    """
    return lambda function: Recipe(function, kind, labels, few_labels, data or {})
