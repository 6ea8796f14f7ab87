"""A clothed, shaded human body for synthetic pictures, with its exact COCO joints.

The body is Anny (Brégier et al., "Human Mesh Modeling for Anny Body", ECCV 2026; Apache 2.0, shapes
CC0): metres, z up, facing -y, its left at +x.  Clothes are copies of parts of its surface, pushed
out along the normals and smoothed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, identity
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from tools.render.outfit import Outfit
from tools.render.rasterizer import Array

Pose = Mapping[str, tuple[float, float, float]]
"""Rotation vectors of bones in degrees, in world axes at rest."""

SKIN, SHIRT, TROUSERS, SHOES, HAIR = range(5)


@dataclass(frozen=True)
class Layer:
    """One garment or the skin, a copy of a part of the body's surface.

    ``source`` (L,): body vertices; ``faces`` (F, 3) into ``source``; ``offset`` (L,): metres along the normal; ``keep``
    (L,): negative where it is cut away; ``smoothing``: number of smoothing steps.
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
        """The faces, double-sided where the inside is visible."""
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
        import torch

        self.outfit = outfit or Outfit()
        self._torch = torch
        self._model, self._joints = _load_anny()
        middle = dict.fromkeys(self._model.phenotype_labels, 0.5) | {"age": 0.67}
        self._phenotype = {name: torch.tensor([value]) for name, value in (middle | phenotype).items()}
        self.faces = self._model.faces.numpy()
        self.rest, self.rest_joints = self.posed({})
        self._to_vertex = _face_to_vertex(self.faces, len(self.rest))
        self.layers = make_layers(self)

    def posed(self, pose: Pose) -> tuple[Array, Array]:
        """Vertices (V, 3) and the 17 COCO joints (17, 3) in metres."""
        vertices, joints = self.posed_all([pose])
        return vertices[0], joints[0]

    def posed_all(self, poses: Sequence[Pose]) -> tuple[Array, Array]:
        """Vertices (B, V, 3) float32 and joints (B, 17, 3) in metres of several poses at once."""
        turns = self._torch.eye(4).repeat(len(poses), self._model.bone_count, 1, 1)
        for row, pose in zip(turns, poses, strict=True):
            matrices = Rotation.from_rotvec(np.deg2rad(np.reshape(list(pose.values()), (-1, 3)))).as_matrix()
            rows = [self._model.bone_labels.index(bone) for bone in pose]
            row[rows, :3, :3] = self._torch.from_numpy(matrices).float()
        with self._torch.inference_mode():
            out = self._model(pose_parameters=turns, phenotype_kwargs=self._phenotype)
            joints = self._joints(out)[:, :17]
        return out["vertices"].numpy(), joints.numpy().astype(np.float64)

    def normals(self, vertices: Array) -> Array:
        """Unit normals (V, 3)."""
        return _normals(vertices, self.faces, self._to_vertex)

    def dressed_normals(self, placed: Array) -> Array:
        """Unit normals (V, 3) of the dressed body."""
        return _normals(placed, *self._outsides)

    @cached_property
    def _outsides(self) -> tuple[Array, csr_matrix]:
        starts = np.cumsum([0, *(len(layer.source) for layer in self.layers)])
        faces = np.concatenate([layer.faces + start for layer, start in zip(self.layers, starts, strict=False)])
        return faces, _face_to_vertex(faces, starts[-1])

    @cached_property
    def triangles(self) -> Array:
        """Triangles (F, 3) of all layers without those that are cut away, as for ``material`` and ``keep``."""
        return self._all_triangles[self._shown]

    @cached_property
    def material(self) -> Array:
        """Material (F,) of each triangle."""
        materials = [layer.material for layer in self.layers]
        return np.repeat(materials, [len(layer.triangles) for layer in self.layers])[self._shown]

    @cached_property
    def _all_triangles(self) -> Array:
        starts = np.cumsum([0, *(len(layer.source) for layer in self.layers)])
        return np.concatenate([layer.triangles + start for layer, start in zip(self.layers, starts, strict=False)])

    @cached_property
    def _shown(self) -> Array:
        return np.any(self.keep[self._all_triangles] >= 0, axis=1)

    @cached_property
    def keep(self) -> Array:
        """(V,) negative where a vertex is cut away."""
        return np.concatenate([layer.keep for layer in self.layers])

    @cached_property
    def dressed_rest(self) -> Array:
        """(V, 3) the dressed body at rest."""
        return self.dressed(self.rest)

    def dressed(self, vertices: Array) -> Array:
        """(V, 3) positions of all layers for body ``vertices``."""
        normals = self.normals(vertices)
        return np.concatenate([layer.placed(vertices, normals) for layer in self.layers])

    def hands(self, vertices: Array) -> Array:
        """(2, 3) middles of the left and the right fist."""
        return self._fists @ vertices

    @cached_property
    def _fists(self) -> Array:
        """Weights (2, V) of the vertices for the centres of the fists."""
        both = np.stack([self.share(f"finger2-1.{s}", f"finger3-1.{s}", f"finger4-1.{s}") for s in "LR"])
        return both / both.sum(axis=1, keepdims=True)

    def share(self, *prefixes: str) -> Array:
        """Skinning weight (V,) in [0, 1] of the bones whose names have one of the prefixes."""
        labels = np.array([label.startswith(prefixes) for label in self._model.bone_labels], np.float64)
        weights = self._model.vertex_bone_weights.numpy()
        return (weights * labels[self._model.vertex_bone_indices.numpy()]).sum(axis=1)


@cache
def _load_anny() -> tuple[Any, Any]:
    """The body model and its COCO joints."""
    import anny  # type: ignore[import-not-found]  # optional: requirements-train.txt

    model = anny.Anny().float()
    return model, anny.KeypointsRegressor.coco(model)


def _normals(points: Array, faces: Array, to_vertex: csr_matrix) -> Array:
    a, b, c = (points[faces[:, k]] for k in range(3))
    normals = to_vertex @ np.cross(b - a, c - a)
    return normals / np.maximum(np.sqrt(np.einsum("vk,vk->v", normals, normals)), 1e-12)[:, None]


def _face_to_vertex(faces: Array, count: int) -> csr_matrix:
    rows, columns = faces.ravel(), np.repeat(np.arange(len(faces)), 3)
    return csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(faces)))


def _layer(body: Body, material: int, keep: Array, offset: Array, smoothing: int) -> Layer:
    chosen = body.faces[(keep[body.faces] > -0.015).any(axis=1)]
    source, faces = np.unique(chosen, return_inverse=True)
    faces = faces.reshape(-1, 3)
    edges = np.concatenate([faces[:, [a, b]] for a in range(3) for b in range(3) if a != b])
    links = csr_matrix((np.ones(len(edges)), edges.T), shape=(len(source), len(source)))
    links.data[:] = 1
    count = np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1)
    smoother = csr_matrix(links.multiply(1 / count[:, None]), dtype=np.float32)
    thick = np.asarray(offset, np.float32)[source]
    return Layer(material, source, faces, thick, keep[source].astype(np.float32), smoother, smoothing)


def _shoe(body: Body, foot: Array) -> Layer:
    """The convex hull of a foot: the toes disappear, the sole is flat."""
    members = np.flatnonzero(foot)
    hull = ConvexHull(body.rest[members])
    corners = body.rest[members][hull.simplices]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inside_out = (outward * hull.equations[:, :3]).sum(axis=1) < 0
    simplices = np.where(inside_out[:, None], hull.simplices[:, ::-1], hull.simplices)
    used, faces = np.unique(simplices, return_inverse=True)
    ones = np.ones(len(used), np.float32)
    still = csr_matrix(identity(len(used)), dtype=np.float32)
    return Layer(SHOES, members[used], faces.reshape(-1, 3), np.float32(0.007) * ones, ones, still, 0)


def make_layers(body: Body) -> tuple[Layer, ...]:
    """Skin, shirt, trousers, shoes and hair of a body at rest."""
    p, j, outfit = body.rest, body.rest_joints, body.outfit
    arm = body.share("upperarm", "lowerarm", "wrist", "finger", "metacarpal", "shoulder")
    head = body.share("head", "eye", "neck02", "neck03")
    hips, knees, ankles = (j[[a, a + 1]].mean(axis=0) for a in (11, 13, 15))
    shoulders = j[[5, 6]].mean(axis=0)
    wide = outfit.loose * min((shoulders[2] - ankles[2]) / 1.4, 1.0)
    neck = shoulders + (0, 0.01, 0.075)
    shirt = np.minimum(p[:, 2] - hips[2] - outfit.hem, np.linalg.norm(p - neck, axis=1) - 0.082)
    shirt = np.minimum(shirt, shoulders[2] + 0.09 - p[:, 2])
    sleeves = np.minimum((outfit.sleeve - _along_arms(p, j)) * 0.28, 0.1)
    shirt = np.where(arm > 0.35, sleeves, np.where(head > 0.5, -1, shirt))
    hem = hips[2] + outfit.leg * (ankles[2] - hips[2])
    trousers = np.where(arm > 0.2, -1, np.minimum(hips[2] + 0.06 - p[:, 2], p[:, 2] - hem))
    drape = 0.018 + 0.012 * np.clip((shoulders[2] - p[:, 2]) / (shoulders[2] - hips[2]), 0, 2)
    flare = 0.014 + 0.02 * np.clip((hips[2] - p[:, 2]) / (hips[2] - knees[2]), 0, 1) * (outfit.leg < 0.7)
    shoes = np.where(arm > 0.2, -1, ankles[2] - 0.005 - p[:, 2])
    hair, thick = _hair(body, head)
    bare = np.min([0.02 - shirt, 0.03 - trousers, 0.03 - shoes, 0.02 - hair], axis=0)
    return (
        _layer(body, SKIN, bare, np.zeros(len(p)), 0),
        _layer(body, SHIRT, shirt, drape * wide, 8),
        _layer(body, TROUSERS, trousers, flare * wide, 6),
        _shoe(body, (shoes > 0) & (p[:, 0] > 0)),
        _shoe(body, (shoes > 0) & (p[:, 0] < 0)),
        _layer(body, HAIR, hair, thick, 3),
    )


def _along_arms(p: Array, j: Array) -> Array:
    """Position (V,) of each vertex along the upper arm of its side: 0 at the shoulder, 1 at the elbow."""
    along = np.zeros(len(p))
    for shoulder, elbow in ((5, 7), (6, 8)):
        side = np.sign(j[shoulder, 0]) * p[:, 0] > 0
        limb = j[elbow] - j[shoulder]
        along = np.where(side, (p - j[shoulder]) @ limb / (limb @ limb), along)
    return along


def _hair(body: Body, head: Array) -> tuple[Array, Array]:
    """Hair of each vertex (V,), negative without hair, and its thickness (V,) in metres."""
    p, j = body.rest, body.rest_joints
    eye, ear = j[[1, 2]].mean(axis=0), j[[3, 4]].mean(axis=0)
    back, line = p[:, 1] - ear[1], [0.052, 0.046, 0.042, 0.01, -0.07]
    if body.outfit.haircut == "long":
        line, head = [0.05, 0.04, -0.02, -0.2, -0.3], body.share("head", "eye", "neck", "spine01", "spine02")
    above = p[:, 2] - eye[2] - np.interp(back, [-0.09, -0.045, 0.01, 0.03, 0.08], line)
    hair = np.where((head > 0.5) & (body.outfit.haircut != "bald"), above, -1)
    return hair, 0.006 + 0.016 * np.clip(hair / 0.03, 0, 1)
