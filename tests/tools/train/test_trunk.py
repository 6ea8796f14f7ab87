"""The trunk of the 106-point network without its heads."""

from __future__ import annotations

import numpy as np
import torch

from models.landmarks106 import Landmarks106
from models.torch_runtime import engine_of
from tools.train.trunk import BATCH, Trunk, features_of


def test_the_heads_are_linear_in_what_the_trunk_tells() -> None:
    torch.manual_seed(0)
    network = Landmarks106(4).eval()
    torch.nn.init.normal_(network.visibility_head[2].weight, std=0.1)
    crops = list(np.random.default_rng(0).integers(0, 256, (BATCH + 3, 96, 96, 3)).astype(np.uint8))
    features, confidences = features_of(engine_of(Trunk(network), "cpu", "f32"), crops)
    with torch.no_grad():
        _, _, confidence, seen, worn = network((torch.from_numpy(np.stack(crops)) / 127.5 - 1).permute(0, 3, 1, 2))
        told = network.visibility_head[2](torch.from_numpy(features))
    torch.testing.assert_close(told[:, :106], seen, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(told[:, 106], worn, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(torch.from_numpy(confidences) + told[:, 107], confidence, atol=1e-3, rtol=1e-3)
