"""Search with the fused product, in Triton's interpreter: prints if the lists are those of the search on processors."""

from __future__ import annotations

import numpy as np
import torch

from socialrec.vectors import device_topk, fused_topk
from socialrec.vectors.device_topk import DeviceTopK
from socialrec.vectors.exact_topk import TopKIndex

# The interpreter takes the bits of bfloat16 for whole numbers, so that vectors stay in float32 here.
torch.cpu.get_capabilities = dict
device_topk.SAMPLE = 256
fused_topk.USERS = 16
rng = np.random.default_rng(1)
users, products = (rng.standard_normal((n, 20)).astype(np.float32) for n in (40, 1500))
index = TopKIndex(products)
searched = DeviceTopK(index, "cpu")
searched.append = fused_topk.append_groups
found, expected = (np.concatenate([block.products for block in side.top_k(users, 10)]) for side in (searched, index))
print("same lists" if np.array_equal(found, expected) else "other lists")
