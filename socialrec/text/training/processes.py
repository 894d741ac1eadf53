"""Training in several processes (torchrun): each takes a part of every batch, and their gradients are summed."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import nn

from socialrec.encoders.precision import chosen_device
from socialrec.settings.text import Device
from socialrec.text.tasks import Ints


@contextmanager
def process_group(device: Device = Device.AUTO) -> Iterator[None]:
    """Join the processes that torchrun started; nothing where it started none.

    Over NCCL where each has a GPU of its own. Over Gloo on CPUs, and where several share a GPU, which NCCL refuses.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    is_gpu, n_gpus = chosen_device(device) == "cuda", torch.cuda.device_count()
    if is_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % n_gpus)
    has_own = is_gpu and int(os.environ["LOCAL_WORLD_SIZE"]) <= n_gpus
    dist.init_process_group("nccl" if has_own else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def is_launched() -> bool:
    """Check if this process is one of several that torchrun, or `launch`, started."""
    return "WORLD_SIZE" in os.environ


def launch(program: str, arguments: Sequence[str], n: int) -> int:
    """Run a Python program in n processes of this machine, as torchrun does, and return its exit code.

    Where one fails the others are stopped, and its code counts: torchrun itself always ends with 1.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # Each would take all cores otherwise, and wait for the others.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // n)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=n,
        run_id=str(uuid.uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)("-u", program, *arguments)
    except ChildFailedError as error:
        _, first = error.get_first_failure()
        return abs(first.exitcode)
    return 0


def n_processes() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def own_rank() -> int:
    """Rank of this process among them, from 0; only rank 0 writes files."""
    return dist.get_rank() if dist.is_initialized() else 0


@contextmanager
def first_goes_first() -> Iterator[None]:
    """Run this block in rank 0 before the others, so that they find its downloads."""
    if own_rank():
        dist.barrier()
    yield
    if n_processes() > 1 and own_rank() == 0:
        dist.barrier()


def own_part(places: Ints) -> Ints:
    """Take every n-th place of a batch. Parts differ by at most one in size."""
    return places[own_rank() :: n_processes()]


def equal_parts(places: Ints) -> list[Ints]:
    """Split a batch into parts of equal size for all processes: a rest is dropped, a small batch is repeated."""
    n = n_processes()
    fitting = places[: len(places) // n * n] if len(places) >= n else places.repeat(n)
    return [fitting[rank::n] for rank in range(n)]


def is_so_anywhere(is_so: bool) -> bool:
    """Check if it is true in any process; all must call this."""
    if n_processes() == 1:
        return is_so
    return bool(summed(torch.tensor(float(is_so), device=_device())))


def gathered(vectors: torch.Tensor) -> torch.Tensor:
    """Gather the processes' vectors (n, dim), one after the other, with gradients back to each."""
    if n_processes() == 1:
        return vectors
    parts = [torch.empty_like(vectors, device=_device()) for _ in range(n_processes())]
    dist.all_gather(parts, vectors.detach().to(_device()).contiguous())
    parts[own_rank()] = vectors.to(_device())
    everyone = torch.cat(parts)
    if everyone.requires_grad:
        # Every loss reads the vectors of all: their gradients are summed, and each process keeps those of its own part.
        everyone.register_hook(summed)
    return everyone.to(vectors.device)


def summed(values: torch.Tensor) -> torch.Tensor:
    """Sum a tensor over all processes; all must call this."""
    if n_processes() == 1:
        return values
    total = values.detach().to(_device(), copy=True)
    dist.all_reduce(total)
    return total.to(values.device)


def add_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by the sum over all processes, in one message."""
    if n_processes() == 1:
        return
    trained = list(parameters)
    for parameter in trained:
        # A process without texts of a task must still take part.
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in trained if parameter.grad is not None]
    total = summed(torch.cat([gradient.flatten() for gradient in gradients]))
    for gradient, part in zip(gradients, total.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def _device() -> torch.device:
    """Device whose tensors the processes send each other: Gloo sends few kinds of a GPU's, and copies those."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
