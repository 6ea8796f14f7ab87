"""A clothed, shaded human body for synthetic pictures, with its exact COCO joints.

The body is Anny (Brégier et al., "Human Mesh Modeling for Anny Body", ECCV 2026; Apache 2.0, shapes
CC0): metres, z up, facing -y, its left at +x.  Clothes are copies of parts of its surface, pushed
out along the normals and smoothed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, identity
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from tools.rasterizer import Array

Pose = Mapping[str, tuple[float, float, float]]
"""Turns of bones in degrees about the world's x, y, z axes as they lie at rest (a rotation vector)."""

SKIN, SHIRT, TROUSERS, SHOES, HAIR = range(5)
SKIN_TONES = ((224, 178, 150), (205, 155, 122), (172, 120, 88), (130, 86, 60), (92, 60, 44))
HAIR_COLOURS = ((38, 28, 22), (70, 46, 30), (120, 84, 50), (24, 22, 24), (150, 120, 80))


@dataclass(frozen=True)
class Outfit:
    """Colours (sRGB) and cuts; ``sleeve`` and ``leg`` are parts of upper arm and leg that are covered."""

    skin: tuple[int, int, int] = SKIN_TONES[1]
    hair: tuple[int, int, int] = HAIR_COLOURS[0]
    shirt: tuple[int, int, int] = (44, 96, 168)
    trousers: tuple[int, int, int] = (40, 42, 50)
    shoes: tuple[int, int, int] = (205, 70, 50)
    sleeve: float = 0.62
    leg: float = 0.42

    @classmethod
    def random(cls, rng: np.random.Generator) -> Outfit:
        """Any skin, hair and clothes."""
        colours = [tuple(int(v) for v in rng.integers(25, 235, 3)) for _ in range(3)]
        skin, hair = SKIN_TONES[rng.integers(5)], HAIR_COLOURS[rng.integers(5)]
        leg = float(rng.choice([rng.uniform(0.3, 0.5), rng.uniform(0.85, 0.95)]))
        sleeve = float(rng.choice([rng.uniform(0.4, 0.8), 1.9]))
        return cls(skin, hair, *colours, sleeve=sleeve, leg=leg)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Layer:
    """One garment or the skin: the body vertices it copies, its faces among them, and how it lies.

    ``source`` (L,), ``faces`` (F, 3) into ``source``, ``offset`` (L,) metres along the normal, ``keep``
    (L,) negative where it is cut away, ``smoothing`` steps.
    """

    material: int
    source: Array
    faces: Array
    offset: Array
    keep: Array
    smoother: csr_matrix
    smoothing: int

    @property
    def triangles(self) -> Array:
        """The faces, with their back sides where one may look inside."""
        return self.faces if self.material in (SKIN, SHOES) else np.concatenate([self.faces, self.faces[:, ::-1]])

    def placed(self, vertices: Array, normals: Array) -> Array:
        """(L, 3) positions of the layer for body ``vertices`` (V, 3)."""
        points = vertices[self.source]
        for _ in range(self.smoothing):
            points = self.smoother @ points
        return points + normals[self.source] * self.offset[:, None]


class Body:
    """One person's shape; ``phenotype`` holds Anny's values in [0, 1] (gender, age, muscle, weight, height...)."""

    def __init__(self, outfit: Outfit | None = None, **phenotype: float) -> None:
        import anny  # type: ignore[import-not-found]
        import torch

        self.outfit = outfit or Outfit()
        self._torch = torch
        self._model: Any = anny.Anny().float()
        self._joints = anny.KeypointsRegressor.coco(self._model)
        middle = dict.fromkeys(self._model.phenotype_labels, 0.5) | {"age": 0.67}
        self._phenotype = {name: torch.tensor([value]) for name, value in (middle | phenotype).items()}
        self.faces = self._model.faces.numpy()
        self.rest, self.rest_joints = self.posed({})
        self._to_vertex = _face_to_vertex(self.faces, len(self.rest))
        self.layers = make_layers(self)

    def posed(self, pose: Pose) -> tuple[Array, Array]:
        """Vertices (V, 3) and the 17 COCO joints (17, 3) in metres."""
        turns = self._torch.eye(4).repeat(1, self._model.bone_count, 1, 1)
        for bone, degrees in pose.items():
            matrix = Rotation.from_rotvec(np.deg2rad(degrees)).as_matrix()
            turns[0, self._model.bone_labels.index(bone), :3, :3] = self._torch.from_numpy(matrix)
        with self._torch.inference_mode():
            out = self._model(pose_parameters=turns, phenotype_kwargs=self._phenotype)
            joints = self._joints(out)[0, :17]
        return out["vertices"][0].numpy().astype(np.float64), joints.numpy().astype(np.float64)

    def normals(self, vertices: Array) -> Array:
        """Unit normals (V, 3)."""
        a, b, c = (vertices[self.faces[:, k]] for k in range(3))
        normals = self._to_vertex @ np.cross(b - a, c - a)
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    def hands(self, vertices: Array) -> Array:
        """(2, 3) middles of the left and the right fist."""
        left, right = (self.share(f"finger2-1.{s}", f"finger3-1.{s}", f"finger4-1.{s}") for s in "LR")
        return np.stack([weights @ vertices / weights.sum() for weights in (left, right)])

    def share(self, *prefixes: str) -> Array:
        """(V,) how much each vertex follows the bones whose names start so, in [0, 1]."""
        labels = np.array([label.startswith(prefixes) for label in self._model.bone_labels], np.float64)
        weights = self._model.vertex_bone_weights.numpy()
        return (weights * labels[self._model.vertex_bone_indices.numpy()]).sum(axis=1)


def _face_to_vertex(faces: Array, count: int) -> csr_matrix:
    rows, columns = faces.ravel(), np.repeat(np.arange(len(faces)), 3)
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, len(faces)))


def _layer(body: Body, material: int, keep: Array, offset: Array, smoothing: int) -> Layer:
    chosen = body.faces[(keep[body.faces] > -0.015).any(axis=1)]
    source, faces = np.unique(chosen, return_inverse=True)
    faces = faces.reshape(-1, 3)
    edges = np.concatenate([faces[:, [a, b]] for a in range(3) for b in range(3) if a != b])
    links = csr_matrix((np.ones(len(edges)), edges.T), shape=(len(source), len(source)))
    links.data[:] = 1
    count = np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1)
    smoother = csr_matrix(links.multiply(1 / count[:, None]))
    return Layer(material, source, faces, np.asarray(offset)[source], keep[source], smoother, smoothing)


def _shoe(body: Body, foot: Array) -> Layer:
    """The convex hull of a foot: the toes disappear, the sole is flat."""
    members = np.flatnonzero(foot)
    hull = ConvexHull(body.rest[members])
    corners = body.rest[members][hull.simplices]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inside_out = (outward * hull.equations[:, :3]).sum(axis=1) < 0
    simplices = np.where(inside_out[:, None], hull.simplices[:, ::-1], hull.simplices)
    used, faces = np.unique(simplices, return_inverse=True)
    ones = np.ones(len(used))
    still = csr_matrix(identity(len(used)))
    return Layer(SHOES, members[used], faces.reshape(-1, 3), 0.007 * ones, ones, still, 0)


def make_layers(body: Body) -> tuple[Layer, ...]:
    """Skin, shirt, trousers, shoes and hair of a body at rest."""
    p, j = body.rest, body.rest_joints
    arm = body.share("upperarm", "lowerarm", "wrist", "finger", "metacarpal", "shoulder")
    head = body.share("head", "eye", "neck02", "neck03")
    along = np.zeros(len(p))
    for shoulder, elbow in ((5, 7), (6, 8)):
        side = np.sign(j[shoulder, 0]) * p[:, 0] > 0
        limb = j[elbow] - j[shoulder]
        along = np.where(side, (p - j[shoulder]) @ limb / (limb @ limb), along)
    hips, knees, ankles = (j[[a, a + 1]].mean(axis=0) for a in (11, 13, 15))
    shoulders = j[[5, 6]].mean(axis=0)
    neck = shoulders + (0, 0.01, 0.075)
    shirt = np.minimum(p[:, 2] - hips[2] - 0.005, np.linalg.norm(p - neck, axis=1) - 0.082)
    shirt = np.minimum(shirt, shoulders[2] + 0.09 - p[:, 2])
    shirt = np.where(arm > 0.35, np.minimum((body.outfit.sleeve - along) * 0.28, 0.1), np.where(head > 0.5, -1, shirt))
    hem = hips[2] + body.outfit.leg * (ankles[2] - hips[2])
    trousers = np.where(arm > 0.2, -1, np.minimum(hips[2] + 0.06 - p[:, 2], p[:, 2] - hem))
    drape = 0.018 + 0.012 * np.clip((shoulders[2] - p[:, 2]) / (shoulders[2] - hips[2]), 0, 1)
    flare = 0.014 + 0.02 * np.clip((hips[2] - p[:, 2]) / (hips[2] - knees[2]), 0, 1) * (body.outfit.leg < 0.7)
    shoes = np.where(arm > 0.2, -1, ankles[2] - 0.005 - p[:, 2])
    eye, ear = j[[1, 2]].mean(axis=0), j[[3, 4]].mean(axis=0)
    line = np.interp(p[:, 1] - ear[1], [-0.09, -0.045, 0.01, 0.03, 0.08], [0.052, 0.046, 0.042, 0.01, -0.07])
    hair = np.where(head > 0.5, p[:, 2] - eye[2] - line, -1)
    bare = np.min([0.02 - shirt, 0.03 - trousers, 0.03 - shoes, 0.02 - hair], axis=0)
    return (
        _layer(body, SKIN, bare, np.zeros(len(p)), 0),
        _layer(body, SHIRT, shirt, drape, 8),
        _layer(body, TROUSERS, trousers, flare, 6),
        _shoe(body, (shoes > 0) & (p[:, 0] > 0)),
        _shoe(body, (shoes > 0) & (p[:, 0] < 0)),
        _layer(body, HAIR, hair, 0.006 + 0.016 * np.clip(hair / 0.03, 0, 1), 3),
    )
