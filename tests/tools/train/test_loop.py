"""What the training scripts share."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.detector import Detector, DetectorSize
from models.hrnet import SIZES, HRNet
from tools.train.loop import MovingAverage, cosine, fitted


def _outputs(network: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    with torch.inference_mode():
        out = network.eval()(x)
    return [out] if isinstance(out, torch.Tensor) else out


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (lambda: HRNet(SIZES["w16"]), lambda: HRNet(SIZES["w32s"])),
        (lambda: Detector(DetectorSize(), 5), lambda: Detector(DetectorSize().wider(2), 5)),
    ],
)
def test_a_widened_network_computes_the_same(narrow, wide) -> None:
    torch.manual_seed(3)
    small, large = narrow(), wide()
    for _ in range(2):
        small.train()(torch.randn(2, 3, 64, 96))  # statistics other than those of a fresh network
    large.load_state_dict(fitted(small.state_dict(), large))
    x = torch.randn(1, 3, 64, 96)
    for a, b in zip(_outputs(small, x), _outputs(large, x), strict=True):
        assert a.abs().max() > 1e-4
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_twins_of_a_widened_network_part_when_it_learns() -> None:
    torch.manual_seed(4)
    small, large = HRNet(SIZES["w16"]), HRNet(SIZES["w32s"])
    large.load_state_dict(fitted(small.state_dict(), large))
    large.train()(torch.randn(2, 3, 64, 64)).square().mean().backward()
    gradient = large.stage2[0].branches[0][0].conv1.weight.grad
    assert gradient is not None
    assert (gradient[:16] - gradient[16:]).abs().max() > 0.01 * gradient.abs().max()


def test_a_network_of_its_own_size_is_loaded_as_it_is() -> None:
    network = HRNet(SIZES["w16"])
    same = fitted(network.state_dict(), network)
    assert all(torch.equal(same[k], v) for k, v in network.state_dict().items())


def test_the_average_follows_slowly_and_the_rate_falls() -> None:
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(0.0)
    average = MovingAverage(layer, 0.9)
    average.steps = 1000
    layer.weight.data.fill_(1.0)
    average.update(layer)
    assert average.network.weight.item() == pytest.approx(0.1)
    rates = [cosine(step, 100, 1.0, 10) for step in range(0, 101, 5)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[-1] == pytest.approx(0.01)
