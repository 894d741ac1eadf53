"""Several processes: two on one GPU or on several, or on a processor, that train what one process trains."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from socialrec.bench.gpu.finetune import TOLERANCE, losses_of, tiny_settings, tiny_tasks
from socialrec.bench.gpu.part import PartResult, Setup, gap
from socialrec.settings.text import Device, Tuning
from socialrec.text.training.processes import launch, own_rank, process_group

PROCESSES = 2


def run(setup: Setup) -> PartResult:
    """Train in one process and in several, and compare the losses."""
    import torch

    n_gpus = torch.cuda.device_count() if setup.device_name == "cuda" else 0
    n = max(PROCESSES, n_gpus)
    out = setup.folder / "losses.json"
    expected = losses_of(tiny_tasks(), tiny_settings(setup, tuning=Tuning.FULL))
    arguments = ["socialrec.bench.gpu.processes", str(setup.folder), setup.device.value, str(out)]
    code = launch("-m", arguments, n)
    if code:
        raise RuntimeError(f"{n} processes ended with code {code}")
    found = gap(json.loads(out.read_text()), expected)
    return PartResult({"processes": n, "gpus": n_gpus, "gap": found, "losses_agree": found <= TOLERANCE})


def main(argv: list[str]) -> None:
    """Train as one of several processes; the first one writes the losses. Arguments: folder, device, file."""
    setup = Setup(Path(argv[0]), is_small=True, device=Device(argv[1]))
    with process_group(setup.device):
        losses = losses_of(tiny_tasks(), tiny_settings(setup, tuning=Tuning.FULL))
        if own_rank() == 0:
            Path(argv[2]).write_text(json.dumps(losses))


if __name__ == "__main__":
    main(sys.argv[1:])
