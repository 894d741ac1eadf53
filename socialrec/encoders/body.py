"""Tuned base models: trainable parameters, their names, saving and loading."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from socialrec.encoders.adapted import as_peft
from socialrec.encoders.bottleneck import CHILD, insert_bottlenecks
from socialrec.encoders.weights import UNUSED, BaseModel, hash_tensors
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings, Tuning

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel

ADAPTER = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
TRAINED = "trained.safetensors"
"""Parameters of a fully tuned base model, or the bottleneck adapters inside it."""
_WRITTEN = frozenset(
    {
        *("peft_type", "peft_version", "auto_mapping", "base_model_name_or_path", "inference_mode", "target_modules"),
        *("r", "lora_alpha", "lora_dropout", "fan_in_fan_out", "target_r", "init_r", "rank_pattern"),
        *("tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step"),
    }
)
"""PEFT settings that adapters of this project have. Others import modules, or make a model larger than its files."""


@dataclass(frozen=True)
class TunedModel:
    """Network that gives token vectors, and its parameters that differ from the base model's, by name."""

    network: nn.Module
    changed: tuple[str, ...] = ()
    """Names of the changed parameters; empty where PEFT holds them, or where there are none."""

    def identity(self) -> str:
        """Hash that identifies this body among others on the same base; empty for the base itself."""
        if adapted := as_peft(self.network):
            return f"{_alpha(adapted)} {hash_tensors(_adapter_tensors(adapted))}"
        return hash_tensors(self._tensors()) if self.changed else ""

    def orthogonality(self) -> torch.Tensor | None:
        """AdaLoRA's penalty on singular vectors that are not orthogonal (Zhang et al. 2023, equation 4); else None."""
        if (adapted := as_peft(self.network)) is None:
            return None
        from peft import AdaLoraConfig

        config = adapted.peft_config["default"]
        if not isinstance(config, AdaLoraConfig):
            return None
        left = [p.T @ p for name, p in adapted.named_parameters() if "lora_B" in name]
        right = [p @ p.T for name, p in adapted.named_parameters() if "lora_A" in name]
        gaps = [torch.linalg.norm(gram - torch.eye(len(gram), device=gram.device)) for gram in (*left, *right)]
        return config.orth_reg_weight * torch.stack(gaps).mean()

    def allocate_ranks(self, step: int) -> None:
        """Let AdaLoRA reassign ranks by importance; call after a step and before its gradients are cleared."""
        if (adapted := as_peft(self.network)) is None:
            return
        from peft import AdaLoraModel

        if isinstance(adapted.base_model, AdaLoraModel):
            adapted.base_model.update_and_allocate(step)

    def save(self, base: str, folder: Path) -> None:
        """Write the parameters that differ from the base, as safetensors; nothing where none do."""
        if adapted := as_peft(self.network):
            _save_adapter(adapted, base, folder)
        elif self.changed:
            save_file(self._tensors(), folder / TRAINED, metadata={"format": "pt"})

    def _tensors(self) -> dict[str, torch.Tensor]:
        named = dict(self.network.named_parameters())
        return {name: named[name].detach().cpu().contiguous() for name in self.changed}


def tunable(base: BaseModel, settings: TextSettings) -> TunedModel:
    """Prepare the base for training under `settings.tuning`: only the parameters to train require gradients.

    Raises UserError where an adapter needs PEFT, and it is not installed.
    """
    if settings.tuning in {Tuning.LORA, Tuning.ADALORA}:
        try:
            from peft import get_peft_model
        except ImportError:
            raise UserError(
                f"text.tuning {settings.tuning.value!r} needs the package peft: install it, or set text.tuning to full"
            ) from None
        return TunedModel(get_peft_model(base.model, _lora(base.model, settings)))
    if settings.tuning is Tuning.BOTTLENECK:
        insert_bottlenecks(base.model, settings.bottleneck_dim)
    else:
        base.model.requires_grad_(settings.tuning in {Tuning.FULL, Tuning.LAYERS})
        if settings.tuning is Tuning.LAYERS:
            for module in base.model.modules():
                if isinstance(module, nn.Embedding):
                    module.requires_grad_(False)
        for name, parameter in base.model.named_parameters():
            if name.startswith(UNUSED):
                parameter.requires_grad_(False)
    trained = (name for name, parameter in base.model.named_parameters() if parameter.requires_grad)
    return TunedModel(base.model, tuple(sorted(trained)))


def read_body(base: BaseModel, folder: Path) -> TunedModel:
    """Load the body that `TunedModel.save` wrote onto its base, in place. Raises UserError where it does not fit."""
    try:
        if (folder / ADAPTER).exists():
            return TunedModel(_read_adapter(base.model, folder))
        if not (folder / TRAINED).exists():
            return TunedModel(base.model)
        tensors = load_file(folder / TRAINED)
        widths = {len(tensor) for name, tensor in tensors.items() if name.endswith(f"{CHILD}.down.weight")}
        if widths:
            insert_bottlenecks(base.model, widths.pop())
        # Parameters missing from the file are the base's.
        base.model.load_state_dict(dict(base.model.state_dict()) | tensors)
        return TunedModel(base.model, tuple(sorted(tensors)))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(f"{folder} holds no adapter that fits {base.name!r}: fetch it again ({why})") from None


def load_trained(body: TunedModel, folder: Path) -> None:
    """Load what `TunedModel.save` wrote into a body of `tunable`. Raises UserError where that was tuned in another way.

    Not for AdaLoRA: the importance of its ranks is not saved.
    """
    network, adapted = body.network, as_peft(body.network)
    if adapted:
        ours, expected = _adapter_tensors(adapted), f"alpha {_alpha(adapted)}"
    else:
        ours, expected = body._tensors(), ""
    try:
        saved, said = _saved_tensors(folder)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise UserError(f"{folder} cannot be read: fetch it again ({' '.join(str(error).split())[:200]})") from None
    shapes, saved_shapes = ({name: tensor.shape for name, tensor in part.items()} for part in (ours, saved))
    if (shapes, expected) != (saved_shapes, said):
        raise UserError(f"{folder} was tuned in another way or size than text.tuning and its settings say")
    if adapted:
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(adapted, saved)
    else:
        network.load_state_dict(dict(network.state_dict()) | saved)


def _saved_tensors(folder: Path) -> tuple[dict[str, torch.Tensor], str]:
    """Tensors that `TunedModel.save` wrote (empty for an unchanged base), and their scale from the adapter's config."""
    if (folder / ADAPTER).exists():
        config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        return load_file(folder / ADAPTER), f"alpha {config['lora_alpha']}"
    return (load_file(folder / TRAINED) if (folder / TRAINED).exists() else {}), ""


def _alpha(adapted: PeftModel) -> int:
    """Scale of an adapter: the same tensors have more weight under a larger one."""
    alpha: int = adapted.peft_config["default"].to_dict()["lora_alpha"]
    return alpha


def _adapter_tensors(adapted: PeftModel) -> dict[str, torch.Tensor]:
    from peft import get_peft_model_state_dict

    tensors: dict[str, torch.Tensor] = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    return tensors


def _lora(model: PreTrainedModel, settings: TextSettings) -> LoraConfig:
    """Add LoRA (Hu et al. 2021), or AdaLoRA (Zhang et al. 2023), which starts at 1.5 times the rank and prunes
    to it.
    """
    from peft import AdaLoraConfig, LoraConfig
    from peft.utils import TRANSFORMERS_MODELS_TO_ADALORA_TARGET_MODULES_MAPPING as KNOWN_ADALORA

    common: dict[str, Any] = {
        "lora_alpha": settings.lora_alpha,
        "lora_dropout": settings.lora_dropout,
        # GPT-2 stores its weights transposed.
        "fan_in_fan_out": any(isinstance(module, Conv1D) for module in model.modules()),
    }
    if settings.tuning is Tuning.LORA:
        # In every layer, as full tuning is only matched by that (QLoRA, Dettmers et al. 2023).
        return LoraConfig(r=settings.lora_rank, target_modules="all-linear", **common)
    steps = settings.train_steps
    return AdaLoraConfig(
        init_r=-(-3 * settings.lora_rank // 2),
        target_r=settings.lora_rank,
        tinit=steps // 10,
        tfinal=steps // 5,
        total_step=steps,
        target_modules=None if model.config.model_type in KNOWN_ADALORA else "all-linear",
        **common,
    )


def _read_adapter(model: PreTrainedModel, folder: Path) -> PeftModel:
    from peft import PeftModel

    _require_own_config(model, json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8")))
    with warnings.catch_warnings():
        # PEFT warns here about AdaLoRA's own ranks; it applies them a step later, with the weights.
        warnings.filterwarnings("ignore", "The following rank_pattern keys did not match", RuntimeWarning)
        return PeftModel.from_pretrained(model, str(folder))


def _require_own_config(model: PreTrainedModel, config: dict[str, Any]) -> None:
    """Raise ValueError where an adapter's settings differ from those that `_save_adapter` writes."""
    from peft import LoraConfig

    usual = LoraConfig().to_dict()
    strange = sorted(
        name for name, value in config.items() if name not in _WRITTEN and value and value != usual.get(name)
    )
    if config.get("peft_type") not in {"LORA", "ADALORA"} or strange:
        raise ValueError(f"it is of type {config.get('peft_type')!r} with {', '.join(strange) or 'nothing else'}")
    most = max(max(parameter.shape, default=1) for parameter in model.parameters())
    ranks = [config[name] for name in ("r", "init_r", "target_r") if name in config]
    modules, pruned = config.get("target_modules"), config.get("rank_pattern") or {}
    if not all(isinstance(rank, int) and 0 < rank <= most for rank in ranks):
        raise ValueError(f"its ranks {ranks} are not between 1 and {most}")
    if not isinstance(modules, list) or not all(isinstance(kept, list) for kept in pruned.values()):
        raise ValueError("its target_modules or rank_pattern are no lists")


def _save_adapter(adapted: PeftModel, base: str, folder: Path) -> None:
    """Write an adapter as safetensors; its base is named as the settings name it, never by a local path."""
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    file = folder / ADAPTER_CONFIG
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": base}
    # The order of sets differs between processes.
    ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}
    file.write_text(json.dumps(ordered, indent=1, sort_keys=True), encoding="utf-8")
