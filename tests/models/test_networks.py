"""The networks: shapes, names, gradients; no weights needed."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from models import runtime
from models.detector import Detector, DetectorSize
from models.faces import SIDE
from models.hrnet import SIZES, HRNet
from models.landmarks106 import Landmarks106, wing_loss
from models.loading import official_names, size_of
from models.runtime import Engine, choose_precision, cores
from models.torch_runtime import engine_of, training_precision

ROOT = Path(__file__).parents[2]


def official_w32() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the official W32 checkpoint, written down from the published description."""
    names: dict[str, tuple[int, ...]] = {}

    def conv(name: str, outputs: int, inputs: int, size: int) -> None:
        names[f"{name}.weight"] = (outputs, inputs, size, size)

    def norm(name: str, width: int) -> None:
        names.update({f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")})
        names[f"{name}.num_batches_tracked"] = ()

    def pair(name: str, outputs: int, inputs: int, size: int) -> None:
        conv(f"{name}.0", outputs, inputs, size)
        norm(f"{name}.1", outputs)

    for i, inputs in (("1", 3), ("2", 64)):
        conv(f"conv{i}", 64, inputs, 3)
        norm(f"bn{i}", 64)
    for block in range(4):
        for part, outputs, inputs, size in (
            ("1", 64, 64 if block == 0 else 256, 1),
            ("2", 64, 64, 3),
            ("3", 256, 64, 1),
        ):
            conv(f"layer1.{block}.conv{part}", outputs, inputs, size)
            norm(f"layer1.{block}.bn{part}", outputs)
    pair("layer1.0.downsample", 256, 64, 1)
    pair("transition1.0", 32, 256, 3)
    pair("transition1.1.0", 64, 256, 3)
    pair("transition2.2.0", 128, 64, 3)
    pair("transition3.3.0", 256, 128, 3)
    for stage, modules, branches in ((2, 1, 2), (3, 4, 3), (4, 3, 4)):
        for module in range(modules):
            root = f"stage{stage}.{module}"
            for b in range(branches):
                for k in range(4):
                    for half in ("1", "2"):
                        conv(f"{root}.branches.{b}.{k}.conv{half}", 32 * 2**b, 32 * 2**b, 3)
                        norm(f"{root}.branches.{b}.{k}.bn{half}", 32 * 2**b)
            for i in range(1 if (stage, module) == (4, 2) else branches):
                for j in range(branches):
                    if j > i:
                        pair(f"{root}.fuse_layers.{i}.{j}", 32 * 2**i, 32 * 2**j, 1)
                    for k in range(i - j):
                        outputs = 32 * 2**i if k == i - j - 1 else 32 * 2**j
                        pair(f"{root}.fuse_layers.{i}.{j}.{k}", outputs, 32 * 2**j, 3)
    names["final_layer.weight"], names["final_layer.bias"] = (17, 32, 1, 1), (17,)
    return names


def test_w32_has_exactly_the_official_names_and_shapes() -> None:
    ours = {name: tuple(tensor.shape) for name, tensor in HRNet(SIZES["w32"]).state_dict().items()}
    assert ours == official_w32()


def test_w32_has_the_published_number_of_parameters() -> None:
    assert sum(p.numel() for p in HRNet(SIZES["w32"]).parameters()) == pytest.approx(28.5e6, rel=0.01)


@pytest.mark.parametrize("size", ["w16", "w18s"])
@pytest.mark.parametrize("hw", [(64, 64), (96, 64)])
def test_hrnet_gives_a_quarter_of_the_input(size: str, hw: tuple[int, int]) -> None:
    out = HRNet(SIZES[size]).eval()(torch.zeros(2, 3, *hw))
    assert out.shape == (2, 17, hw[0] // 4, hw[1] // 4)


def test_the_concatenating_variant_has_720_channels_at_width_48_and_its_own_joints() -> None:
    network = HRNet(SIZES["w48"], joints=15, concatenate=True).eval()
    assert network.final_layer[0].weight.shape[:2] == (720, 720)  # type: ignore[index, union-attr]
    assert network(torch.zeros(1, 3, 128, 128)).shape == (1, 15, 32, 32)


@pytest.mark.parametrize(
    "prefixes", [("", ""), ("module.", "module."), ("backbone.", "keypoint_head."), ("backbone.", "head.")]
)
def test_wrapped_checkpoints_get_their_official_names_back(prefixes: tuple[str, str]) -> None:
    tensors = HRNet(SIZES["w16"]).state_dict()
    wrapped = {prefixes[name.startswith("final_layer")] + name: t for name, t in tensors.items()}
    assert official_names(wrapped).keys() == tensors.keys()
    assert size_of(official_names(wrapped)) == SIZES["w16"]


@pytest.mark.parametrize(
    "network",
    [HRNet(SIZES["w16"]), Detector(DetectorSize(), 5), Landmarks106(8)],
    ids=["hrnet", "detector", "landmarks"],
)
def test_the_gradient_reaches_every_parameter(network: torch.nn.Module) -> None:
    out = network(torch.randn(2, 3, 96, 96))
    parts = [out] if isinstance(out, torch.Tensor) else out
    sum((part * torch.randn_like(part)).sum() for part in parts).backward()  # type: ignore[union-attr]
    assert [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


MEAN, STD = torch.tensor([100.0, 120.0, 130.0]).view(3, 1, 1), torch.tensor([50.0, 60.0, 70.0]).view(3, 1, 1)
PRECISIONS = ("f32", "bf16")
NETWORKS = [HRNet(SIZES["w16"]), HRNet(SIZES["w16"], 15, True), Detector(DetectorSize(), 5), Landmarks106(8)]


def outputs(network: torch.nn.Module, images: np.ndarray) -> list[torch.Tensor]:
    """What PyTorch answers in float32."""
    with torch.inference_mode():
        out = network.eval()((torch.from_numpy(images).permute(0, 3, 1, 2) - MEAN) / STD)
    return [out] if isinstance(out, torch.Tensor) else list(out)


@pytest.mark.parametrize("network", NETWORKS, ids=["hrnet", "modelscope", "detector", "landmarks"])
@pytest.mark.parametrize("shape", [(2, 96, 96, 3), (3, 64, 160, 3)], ids=str)
def test_the_engine_answers_as_pytorch_for_any_number_and_size(
    network: torch.nn.Module, shape: tuple[int, ...]
) -> None:
    if isinstance(network, Landmarks106):
        shape = (shape[0], SIDE, SIDE, 3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)  # type: ignore[arg-type]
            torch.nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    wanted = outputs(network, images)
    sharp, soft = (engine_of(network, "cpu", p, mean=MEAN.ravel(), deviation=STD.ravel()) for p in PRECISIONS)
    for exact, low, right in zip(sharp(images), soft(images), wanted, strict=True):
        assert exact.dtype == low.dtype == np.float32
        np.testing.assert_allclose(exact, right, atol=2e-4 * float(right.abs().max()))
        np.testing.assert_allclose(low, right, atol=0.01 + 0.05 * float(right.abs().max()))


def test_pictures_that_are_not_in_one_piece_in_memory_give_the_same() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    engine = engine_of(NETWORKS[3], "cpu", "f32")
    for a, b in zip(engine(images[:, :, ::-1]), engine(images[:, :, ::-1].copy()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_engine_uses_all_cores_and_answers_threads_that_ask_at_the_same_time() -> None:
    engine = engine_of(NETWORKS[3], "cpu", "f32")
    assert isinstance(engine, Engine)
    assert engine.compiled.get_property("INFERENCE_NUM_THREADS") == cores()
    pictures = np.random.default_rng(0).integers(0, 256, (16, 1, 96, 96, 3), dtype=np.uint8)
    alone = [engine(picture)[0] for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        for a, b in zip(alone, pool.map(lambda picture: engine(picture)[0], pictures), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_network_itself_stays_as_it_is() -> None:
    network = Landmarks106(8).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    engine_of(network, "cpu", "bf16")(np.zeros((1, 96, 96, 3), np.uint8))
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("features", "right"),
    [({"amx_bf16"}, "bf16"), ({"avx512_bf16"}, "bf16"), ({"avx2", "avx512f", "avx512_vnni"}, "f32"), (set(), "f32")],
)
def test_half_precision_is_for_processors_that_multiply_in_it(
    monkeypatch: pytest.MonkeyPatch, features: set[str], right: str
) -> None:
    monkeypatch.setattr(runtime, "_features", lambda: frozenset(features))
    assert choose_precision() == right
    assert (training_precision(torch.device("cpu")) == torch.bfloat16) == (right == "bf16")
    assert training_precision(torch.device("cuda")) == torch.bfloat16


def test_a_network_takes_the_cores_or_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "all")
    assert 1 <= cores() <= (os.cpu_count() or 1)


def run_alone(code: str, home: Path) -> None:
    """Run Python code with ``Engine`` and ``picture`` in a process of its own."""
    head = "import os, signal, sys, threading, numpy as np, torch; from models.torch_runtime import engine_of; "
    head += "picture = np.zeros((1, 8, 8, 3), np.uint8)\n"
    subprocess.run([sys.executable, "-c", head + code], check=True, cwd=ROOT, env=os.environ | {"HOME": str(home)})


def test_nobody_is_told_that_networks_run_here(tmp_path: Path) -> None:
    run_alone("""
engine_of(torch.nn.Conv2d(3, 1, 1), 'cpu')(picture)
assert 'openvino' in sys.modules and not any(sys.modules[m] for m in sys.modules if 'openvino_tele' in m)
""", tmp_path)  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_signals_are_handled_after_a_network_ended_in_another_thread(tmp_path: Path) -> None:
    run_alone("""
engines, seen = [engine_of(torch.nn.Conv2d(3, 1, 1), 'cpu')], []
engines[0](picture)
thread = threading.Thread(target=engines.clear)
thread.start()
thread.join()
signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
os.kill(os.getpid(), signal.SIGUSR1)
assert seen
""", tmp_path)  # fmt: skip


def test_wing_loss_is_continuous_and_logarithmic_below_omega() -> None:
    at = wing_loss(torch.tensor([0.0, 9.999, 10.001, -10.001, 2.0]))
    assert at[0] == 0
    assert at[1] == pytest.approx(float(at[2]), abs=0.01)
    assert at[2] == at[3]
    assert at[4] == pytest.approx(10 * np.log(2), rel=1e-5)
