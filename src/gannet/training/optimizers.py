"""The optimizers of torch, without the import of torch's compiler.

``torch.optim`` imports ``torch._dynamo`` and, with it, sympy at the first ``add_param_group`` or ``step``: 2 s of
processor time in every process, for a marker that only compiled code reads. Gannet's steps are not compiled by
``torch.compile``, so the classes here call the functions below those markers. The arithmetic is torch's own.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch

_MARKED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def _without_compiler(kind: type[Any]) -> type[Any]:
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in _MARKED}
    return type(
        kind.__name__, (kind,), methods | {"step": torch.no_grad()(inspect.unwrap(kind.step)), "__doc__": kind.__doc__}
    )


Adam: type[torch.optim.Adam] = _without_compiler(torch.optim.Adam)
RMSprop: type[torch.optim.RMSprop] = _without_compiler(torch.optim.RMSprop)
