"""The loss of the 106-point network: points by facial part, pose, confidence, visibility and glasses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.landmarks106 import wing_loss
from vision.layouts import FACE_GROUPS

PART_WEIGHTS = {"contour": 1.5, "brow_left": 1.5, "brow_right": 1.5, "nose": 1.3,
                "eye_left": 1.7, "eye_right": 1.7, "pupils": 1.7, "lips": 1.7}  # fmt: skip
"""Weights of the points by facial part."""


def part_weights() -> Tensor:
    """(106,) weights of the points by facial part."""
    weights = torch.ones(106)
    for group, value in PART_WEIGHTS.items():
        weights[list(FACE_GROUPS[group])] = value
    return weights


def losses(found: tuple[Tensor, ...], goal: tuple[Tensor, ...], parts: Tensor) -> Tensor:
    """Wing loss of the points, heavier for turned heads, .01 squared degrees of pose, cross entropy of the logits.

    ``goal`` = points (B, 106, 2), weights (B, 106), pose (B, 3), confidence (B,), visibility (B, 106) and glasses
    (B,); pose, visibility and glasses are NaN where unknown.
    """
    points, pose, confidence, seen, worn = found
    true_points, visible, true_pose, true_confidence, true_seen, true_worn = goal
    face = (true_confidence > 0).float()
    known = true_pose.isfinite() * face[:, None]
    turned = (1 + 5 * (1 - torch.cos(torch.deg2rad(true_pose.nan_to_num())))).mean(dim=1) * face
    count = face.sum().clamp(min=1)
    wing = wing_loss(across(points - true_points, true_points)).sum(dim=2) * visible * parts
    of_points = (wing.mean(dim=1) * turned).sum() / count
    squares = (pose - true_pose.nan_to_num()).square().clamp(max=900) * known
    of_pose = (squares.mean(dim=1) * turned).sum() / count * 0.01
    of_confidence = nn.functional.binary_cross_entropy_with_logits(confidence, true_confidence)
    return of_points + of_pose + of_confidence + 2 * cross_entropy(seen, true_seen) + cross_entropy(worn, true_worn)


def cross_entropy(logits: Tensor, goal: Tensor) -> Tensor:
    """Mean binary cross entropy where ``goal`` is not NaN; 0 where it is nowhere known."""
    known = goal.isfinite()
    each = nn.functional.binary_cross_entropy_with_logits(logits, goal.nan_to_num(), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def across(errors: Tensor, points: Tensor) -> Tensor:
    """Errors (B, 106, 2) with those of the contour rotated to (along, across) it, the former at half weight.

    The position of a point along the contour is a convention; its distance from the contour is well defined.
    """
    contour = torch.as_tensor(FACE_GROUPS["contour"], device=points.device)
    line = points[:, contour]
    way = torch.cat([line[:, 1:2] - line[:, :1], line[:, 2:] - line[:, :-2], line[:, -1:] - line[:, -2:-1]], dim=1)
    way = nn.functional.normalize(way, dim=2)
    sideways = torch.stack([-way[..., 1], way[..., 0]], dim=2)
    error = errors[:, contour]
    turned = torch.stack([(error * way).sum(dim=2) * 0.5, (error * sideways).sum(dim=2)], dim=2)
    return errors.index_copy(1, contour, turned)
