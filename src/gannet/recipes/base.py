"""What a recipe is: a typed function from an opened data set to an Experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gannet.data.base import Dataset, Kind
from gannet.errors import UserError
from gannet.training.experiment import Experiment


@dataclass(frozen=True)
class Recipe:
    """A recipe function with what it asks of the data. Its keyword parameters are the command line's keys."""

    function: Callable[..., Experiment]
    kind: Kind
    labels: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    """Keys ``data.*`` that it sets where the user does not."""

    def __call__(self, dataset: Dataset, **arguments: Any) -> Experiment:
        """Build the experiment.

        Raises:
            UserError: the data do not suit the recipe.
        """
        name = self.function.__name__.replace("_", "-")
        if dataset.kind != self.kind:
            raise UserError(f"Recipe {name!r} trains on {self.kind}, but these data are {dataset.kind}; see gannet list recipes.")
        if self.labels and dataset.num_classes < 2:
            raise UserError(f"Recipe {name!r} needs labels of at least 2 classes; these data have {dataset.num_classes}.")
        return self.function(dataset, **arguments)


def recipe(kind: Kind, *, labels: bool = False, data: Mapping[str, Any] | None = None) -> Callable[[Callable[..., Experiment]], Recipe]:
    """Declare a function to be a recipe for ``kind``.

    Args:
        kind: what it trains on.
        labels: whether it needs classes.
        data: data keys that it presets, for example ``{"size": 32}``.
    """
    return lambda function: Recipe(function, kind, labels, data or {})
