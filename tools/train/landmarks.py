"""Train the face network (106 points, pose, confidence, visibility, glasses), or fine-tune it on custom faces.

    python -m tools.train.landmarks --data DIR --work-dir OUT --epochs 2 --batch-size 32 --learning-rate 0.0005

``DIR`` has the layout of ``tools.data.article`` or the packaged arrays.  ``OUT`` gets ``log.csv``, ``state.pt`` (for
``--resume``), ``last.safetensors`` and ``best.safetensors``; the app loads the latter with ``--landmark-weights``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from models.checkpoints import load_strictly, read_weights, save_weights
from models.faces import SIDE, eye_angle, upright_matrix
from models.landmarks106 import Landmarks106, completed_head
from models.loading import PACKAGED, face_finder
from models.torch_runtime import choose_device, engine_of
from tools.data.article import is_article_layout, read_part
from tools.data.face import (
    PROFILE_SHARE,
    FaceSet,
    joined,
    make_face,
    make_mistake,
    read_faces,
    read_profiles,
    with_scenes,
)
from tools.data.face_rotation import mean_face_3d
from tools.data.scenes import Scene, read_faceless, read_negatives, read_scenes
from tools.script import run_script
from tools.train.landmark_losses import losses, part_weights
from tools.train.loop import (
    Log,
    MachineOptions,
    MovingAverage,
    batches,
    cosine,
    described,
    load_state,
    on_device,
    prepare,
    save_state,
)
from vision.geometry import box_iou
from vision.layouts import FACE_GROUPS, IBUG68_FROM_106, OUTER_EYES
from vision.options import check_options, option
from vision.types import Floats, Image

MOST_SEARCHED = 400
"""Largest number of negatives that are searched for false positives of the detector."""


@dataclass(frozen=True)
class LandmarkTraining(MachineOptions):
    """The configuration of a run, which is stored in its checkpoints."""

    data: str = option("data/face", "folder in the article's layout, or of the packaged face crops")
    scenes: str = option("", "folder with scenes.json and scenes.tar: five-point faces, and what is no face")
    negatives: str = option("", "folder with negatives.json and negatives.tar: pictures without people")
    work_dir: str = option("runs/landmarks", "folder for logs and checkpoints")
    start: str = option("packaged", "weights to start from: packaged, random, or a file")
    resume: bool = option(False, "go on from the work directory's state.pt")
    width: int = option(24, "channels of the first layer, for a random start", low=4, high=256)
    epochs: float = option(2.0, "passes over the training faces", low=0, high=10000)
    batch_size: int = option(32, "samples per step", low=1, high=4096)
    learning_rate: float = option(0.0005, "peak learning rate of AdamW", low=0, high=1)
    warmup: int = option(20, "steps of linear warm-up", low=0, high=100000)
    weight_decay: float = option(0.01, "AdamW's weight decay", low=0, high=1)
    average: float = option(0.999, "decay of the moving average of the weights", low=0, high=1)
    human: float = option(1.0, "share of the way from the mesh's inner points to people's", low=0, high=1)
    mistakes: float = option(0.15, "share of crops without a face in a batch", low=0, high=0.9)
    frozen: int = option(0, "first layers of the trunk that stay as they are, of 14", low=0, high=14)

    def __post_init__(self) -> None:
        check_options(self)


def mean_face(faces: FaceSet) -> Tensor:
    """(106, 2) mean of a sample of upright training faces in crop pixels."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(faces), size=min(500, len(faces)))
    return torch.from_numpy(np.mean([make_face(faces, i, rng, augment=False).points for i in rows], axis=0))


def find_false_positives(scenes: Sequence[Scene]) -> list[tuple[Image, Floats]]:
    """False positives of the packaged detector at a low threshold: (picture, box (4,))."""
    detect, false_positives = face_finder().detect.with_threshold(0.2), []
    for scene in scenes:
        boxes, labelled = detect(scene.image).boxes, np.concatenate([scene.boxes, scene.ignore])
        free = box_iou(boxes, labelled).max(axis=1, initial=0) == 0
        false_positives += [(scene.image, box) for box in boxes[free]]
    return false_positives


def read_data(config: LandmarkTraining) -> tuple[FaceSet, FaceSet]:
    """Training and test faces; faceless scenes, and as many headless people, are used as occluders."""
    folder = Path(config.data)
    if is_article_layout(folder):
        return read_part(folder, "train"), read_part(folder, "test")
    faces, test = (read_faces(folder, f"face_{part}", config.human) for part in ("train", "eval_dev"))
    mean_3d = mean_face_3d(faces.points, faces.pose)
    listed, free = [], read_negatives(Path(config.negatives)) if config.negatives else []
    if config.scenes:
        listed = [s for s in read_scenes(Path(config.scenes), "face") if not s.dev]
        empty = [s for s in listed if not len(s.boxes) and not len(s.ignore)]
        free = free + empty + read_faceless(Path(config.scenes), len(empty))
        faces = with_scenes(faces, listed, mean_face(faces).numpy())
    if (folder / "profile_train.npz").is_file():
        faces = joined(faces, read_profiles(folder, "profile_train", mean_3d), PROFILE_SHARE)
    false_positives = find_false_positives(
        [s for s in listed if len(s.boxes)] + free[:: max(1, len(free) // MOST_SEARCHED)]
    )
    return replace(faces, overlays=[s.image for s in free], false_positives=false_positives, mean_3d=mean_3d), test


def predict(network: nn.Module, faces: FaceSet) -> tuple[Floats, Floats, Floats]:
    """Predictions on crops at their labelled position: found and true points (N, 106, 2) and pose errors (N, 3)."""
    rng = np.random.default_rng(0)
    samples = [make_face(faces, i, rng, augment=False) for i in range(len(faces))]
    crops, goal, pose = (np.stack([getattr(s, name) for s in samples]) for name in ("view", "points", "pose"))
    engine = engine_of(network, precision="f32")
    parts = [engine(crops[i : i + 64]) for i in range(0, len(crops), 64)]
    points, angles = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    return points, goal.astype(np.float32), np.abs(angles - pose)


def score(network: nn.Module, faces: FaceSet) -> dict[str, float]:
    """Normalised mean errors in % of the outer-eye distance, overall and per part; pose error in degrees."""
    found, goal, pose = predict(network, faces)
    eyes = np.linalg.norm(goal[:, OUTER_EYES[0]] - goal[:, OUTER_EYES[1]], axis=1)
    error = np.linalg.norm(found - goal, axis=2) / eyes[:, None] * 100
    error = np.where(faces.weights > 0, error, np.nan)
    taught = np.array([i not in faces.human68 for i in range(len(faces))])
    row = {"nme": float(np.nanmean(error[taught] if taught.any() else error))}
    row |= {f"nme_{group}": float(np.nanmean(error[:, list(rows)])) for group, rows in FACE_GROUPS.items()}
    row["pose"] = float(np.nanmean(pose)) if np.isfinite(pose).any() else float("nan")
    human = []
    for i, truth in faces.human68.items():
        matrix = upright_matrix(faces.points[i], eye_angle(faces.points[i]))
        moved = truth @ matrix[:, :2].T + matrix[:, 2]
        gaps = np.linalg.norm(found[i, IBUG68_FROM_106] - moved, axis=1)
        human.append(gaps / np.linalg.norm(moved[36] - moved[45]) * 100)
    if human:
        row |= {"human68": float(np.mean(human)), "human_inner": float(np.stack(human)[:, 17:].mean())}
    return row


def build(config: LandmarkTraining, faces: FaceSet) -> nn.Module:
    """The network at its start."""
    if config.start == "random":
        return Landmarks106(config.width, mean_face(faces))
    path = PACKAGED["landmarks106"] if config.start == "packaged" else Path(config.start)
    tensors, facts = read_weights(path)
    network = Landmarks106(facts["width"])
    fresh = {k: v for k, v in network.state_dict().items() if k.startswith("visibility_head")}
    load_strictly(network, {**fresh, **completed_head(tensors)}, path)
    return network


def split(network: nn.Module, frozen: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The first layers of the trunk, which are frozen, and the others."""
    layers = [*network.shallow, *network.deep]  # type: ignore[misc]  # layers by number or name are modules to the checker
    return nn.Sequential(*layers[:frozen]), nn.Sequential(*layers[frozen:])


class Run:
    """A training run: network, average, optimiser, and output to the work directory."""

    def __init__(self, config: LandmarkTraining) -> None:
        self.config, self.work = config, Path(config.work_dir)
        self.faces, self.test = read_data(config)
        device = choose_device(config.device)
        self.network = build(config, self.faces).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's overloads leave memory_format out
        self.average, self.parts = MovingAverage(self.network, config.average), part_weights().to(device)
        kept, self.trained = split(self.network, config.frozen)
        kept.requires_grad_(False)
        self.fixed = engine_of(kept, config.device) if config.frozen else None
        learning = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(learning, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.epoch_steps = max(1, len(self.faces) // config.batch_size)
        self.steps = max(1, round(config.epochs * self.epoch_steps))
        self.step, self.best = 0, float("inf")
        self.log = Log(self.work / "log.csv")
        if config.resume:
            if not (self.work / "state.pt").is_file():
                raise ValueError(f"resume needs {self.work / 'state.pt'}, which is not there")
            state = load_state(self.work / "state.pt", self.network, self.average, self.optimiser)
            self.step, self.best = state["step"], state["best"]

    def make(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One batch: crops uint8 and points, weights, pose, confidence, visibility, glasses."""
        wrong = round(self.config.batch_size * self.config.mistakes)
        rows = rng.choice(len(self.faces), self.config.batch_size - wrong, p=self.faces.share)
        made = [make_face(self.faces, i, rng) for i in rows]
        samples: list[Any] = [(one.view, *one.goal()) for one in made]
        none = np.zeros(106, np.float32)
        nothing = np.zeros((106, 2), np.float32), none, np.zeros(3, np.float32), 0.0, none, float("nan")
        samples += [(make_mistake(self.faces, rng), *nothing) for _ in range(wrong)]
        crops, *rest = (np.stack(x) for x in zip(*samples, strict=True))
        return crops, *(x.astype(np.float32) for x in rest)

    def learn(self, crops: np.ndarray, *goal: np.ndarray) -> float:
        """One step of the optimiser; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = cosine(self.step, self.steps, self.config.learning_rate, self.config.warmup)
        images, *truth = on_device((crops, *goal), self.network)
        loss = losses(self.answer(crops, images), tuple(truth), self.parts)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 20.0)
        self.optimiser.step()
        self.average.update(self.network)
        self.step += 1
        return loss.item()

    def answer(self, crops: np.ndarray, images: Tensor) -> tuple[Tensor, ...]:
        """The network's outputs for a batch; frozen layers run in inference mode."""
        if self.fixed is None:
            return self.network((images / 127.5 - 1).permute(0, 3, 1, 2))
        start = torch.from_numpy(self.fixed(crops)[0]).to(images.device, memory_format=torch.channels_last)
        return self.network.answer(self.trained(start))  # type: ignore[operator]  # layers by number or name are modules to the checker

    def write(self, loss: float) -> dict[str, float]:
        """Evaluate the average, log, and save last, best and state."""
        row = score(self.average.network, self.test)
        self.log.row(self.step, loss=loss, **row)
        facts = {"network": "landmarks106", "width": self._width(), "side": SIDE,
                 "training": described(self.config), "metrics": row}  # fmt: skip
        save_weights(self.work / "last.safetensors", self.average.network.state_dict(), facts)
        if row["nme"] < self.best:
            self.best = row["nme"]
            save_weights(self.work / "best.safetensors", self.average.network.state_dict(), facts)
        save_state(self.work / "state.pt", self.network, self.average, self.optimiser, step=self.step, best=self.best)
        return row

    def _width(self) -> int:
        return self.network.shallow[0][0].out_channels  # type: ignore[index, union-attr, return-value]  # layers by number or name are modules to the checker


def main(config: LandmarkTraining) -> dict[str, float]:
    """Train; returns the figures of the last evaluation."""
    prepare(config.seed, config.threads)
    run = Run(config)
    row, recent = {}, []
    with tqdm(total=run.steps, initial=run.step, unit="step", mininterval=2.0) as bar:
        for batch in batches(run.make, config.seed, run.step, config.workers):
            if run.step >= run.steps:
                break
            recent.append(run.learn(*batch))
            bar.update()
            bar.set_postfix(loss=f"{np.mean(recent[-20:]):.3f}")
            if run.step % run.epoch_steps == 0 or run.step == run.steps:
                row = run.write(float(np.mean(recent)))
                recent.clear()
    return row


if __name__ == "__main__":
    run_script(main, LandmarkTraining, __doc__)
