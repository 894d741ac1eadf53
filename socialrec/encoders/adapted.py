"""Recognise networks that PEFT adapted, without importing PEFT, which a GPU machine may lack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import nn


def as_peft(network: nn.Module) -> PeftModel | None:
    """Give back a network with an adapter of PEFT, None for any other: where PEFT was not imported nothing has one."""
    peft = sys.modules.get("peft")
    return network if peft is not None and isinstance(network, peft.PeftModel) else None
