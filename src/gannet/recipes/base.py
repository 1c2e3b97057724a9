"""What a recipe is: a typed function from the form of the data to an Experiment."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, ParamSpec, TypeVar, cast

from gannet.data.base import Form, Kind
from gannet.errors import UserError
from gannet.training.experiment import Experiment, Optimizer, Optimizers

__all__ = [
    "FEW_IMAGES",
    "RECOMMENDED",
    "RECOMMENDED_FOR_CAPTIONS",
    "RECOMMENDED_FOR_FEW_IMAGES",
    "Chosen",
    "Experiment",
    "Form",
    "Optimizer",
    "Optimizers",
    "Recipe",
    "chosen",
    "recipe",
    "variant",
]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Chosen:
    """A component class with arguments. Every run gets a new instance: components that hold tensors cannot be
    shared.
    """

    factory: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        """A new instance."""
        return self.factory(**self.arguments)


def chosen(factory: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The default of a component in a recipe's signature.

    Example: ``prior: Prior = chosen(Gaussian, size=32)``. The recipe's function receives a new instance of this class,
    or of another class that the user names. The type is that of the instance, as for the default of a dataclass field.
    """
    return cast(T, Chosen(factory, inspect.signature(factory).bind(*args, **kwargs).arguments))


RECOMMENDED: dict[Kind, str] = {"points": "particle-gan", "images": "dcgan-relativistic"}
"""The default recipe for each kind of data."""
RECOMMENDED_FOR_CAPTIONS = "text-to-image"
"""The default recipe for images with captions."""
FEW_IMAGES = 2_500
"""Number of images below which the default recipe for images augments them."""
RECOMMENDED_FOR_FEW_IMAGES = "ada"
"""The default recipe for fewer images without captions."""


@dataclass(frozen=True)
class Recipe:
    """A recipe function with its requirements on the data. Its keyword parameters are the keys of the command line."""

    function: Callable[..., Experiment]
    kind: Kind | Literal["any"]
    labels: bool = False
    few_labels: bool = False
    """Whether it can train on partly labelled data (``data.labels``), where hidden labels are -1."""
    captions: bool = False
    """Whether it needs captions."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of keys ``data.*`` that the user does not set."""
    on_images: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of the recipe's keys on images, where those of the signature suit points."""

    def source(self) -> str:
        """The text of the file that declares it."""
        return Path(inspect.getfile(sys.modules[self.function.__module__])).read_text(encoding="utf-8")

    def __call__(self, form: Form, **arguments: Any) -> Experiment:
        """Build the components in the order of the signature, then the experiment.

        Raises:
            UserError: the recipe does not support the data, or a component refuses its arguments.
        """
        name = self.function.__name__.replace("_", "-")
        if self.kind not in (form.kind, "any"):
            raise UserError(
                f"Recipe {name!r} trains on {self.kind}, but these data are {form.kind}; see gannet list recipes."
            )
        if self.labels and form.num_classes < 2:
            raise UserError(f"Recipe {name!r} needs labels of at least 2 classes; these data have {form.num_classes}.")
        if self.captions and not form.vocabulary:
            raise UserError(
                f"Recipe {name!r} needs images with captions, and these data have none. Put a file metadata.jsonl or "
                "captions.csv with file_name and text next to the images, or train on captioned-digits."
            )
        if form.num_labelled is not None and not self.few_labels:
            raise UserError(
                f"Recipe {name!r} cannot use data.labels={form.num_labelled}: it has no term for images without a "
                "label. Leave data.labels out, or use --recipe semi-supervised."
            )
        defaults = {
            key: p.default for key, p in inspect.signature(self.function).parameters.items() if p.default is not p.empty
        }
        return self.function(form, **{key: _made(key, value) for key, value in (defaults | arguments).items()})


def _made(key: str, value: Any) -> Any:
    if not isinstance(value, Chosen):
        return value
    try:
        return value.make()
    except ValueError as error:
        raise UserError(f"{key}: {error}") from error


def recipe(
    kind: Kind | Literal["any"],
    *,
    labels: bool = False,
    few_labels: bool = False,
    captions: bool = False,
    data: Mapping[str, Any] | None = None,
    on_images: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Experiment]], Recipe]:
    """Declare a function as a recipe for ``kind``, or for any kind of data.

    Args:
        kind: the kind of data it trains on.
        labels: whether it needs class labels.
        few_labels: whether it can train on partly labelled data.
        captions: whether it needs captions.
        data: defaults of data keys, for example ``{"size": 32}``.
        on_images: defaults of the recipe's keys on images, if they differ from those in the signature.
    """
    return lambda function: Recipe(function, kind, labels, few_labels, captions, data or {}, on_images or {})


def variant(of: Recipe, **defaults: Any) -> Callable[[Callable[[], None]], Recipe]:
    """Declare a recipe that differs from ``of`` in the defaults of some parameters; the function gives a name and a
    docstring.

    Args:
        of: the recipe.
        defaults: new defaults of some of its parameters.
    """

    def declare(named: Callable[[], None]) -> Recipe:
        function = of.function
        unknown = defaults.keys() - inspect.signature(function).parameters.keys()
        assert not unknown, f"{function.__name__} has no parameter {', '.join(sorted(unknown))}"
        copy = FunctionType(function.__code__, function.__globals__, named.__name__, None, function.__closure__)
        copy.__kwdefaults__ = {**(function.__kwdefaults__ or {}), **defaults}
        copy.__annotations__, copy.__doc__, copy.__module__ = function.__annotations__, named.__doc__, named.__module__
        return replace(of, function=copy)

    return declare
