"""Merges track fragments of one person."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from vision.types import PoseTrack

PERSON = 0.45
"""Least median of a track's mean keypoint score: on 24 clips people start at .52, objects end at .36."""


def join_tracks(tracks: list[PoseTrack]) -> list[PoseTrack]:
    """Tracks of people, longest first; tracks that do not overlap in time are joined by size and position.

    A track with mostly low keypoint scores is dropped as an object: clothes on a wall, shelves, animals.
    """
    people: list[PoseTrack] = []
    for track in sorted((t for t in map(_trimmed, tracks) if len(t) > 1), key=lambda t: float(t.times[0])):
        earlier = [i for i, p in enumerate(people) if p.times[-1] < track.times[0]]
        if earlier:
            i = min(earlier, key=lambda i: _difference(people[i], track))
            people[i] = _appended(people[i], track)
        else:
            people.append(track)
    return sorted(filter(_is_person, people), key=lambda t: -int(np.isfinite(t.boxes[:, 0]).sum()))


def _is_person(track: PoseTrack) -> bool:
    seen = np.isfinite(track.boxes[:, 0])
    return float(np.median(track.keypoints[seen, :, 2].mean(axis=1))) >= PERSON


def _trimmed(track: PoseTrack) -> PoseTrack:
    """The track from the first to the last frame in which the person is seen."""
    seen = np.flatnonzero(np.isfinite(track.boxes[:, 0]))
    return track[seen[0] : seen[-1] + 1] if len(seen) else track[:0]


def _difference(a: PoseTrack, b: PoseTrack) -> float:
    """Dissimilarity of one track's end and another's start: log ratio of heights plus distance in heights."""
    one, two = a.boxes[-1], b.boxes[0]
    heights = np.array([one[3] - one[1], two[3] - two[1]])
    distance = float(np.linalg.norm((one[:2] + one[2:] - two[:2] - two[2:]) / 2)) / float(heights.max())
    return abs(float(np.log(heights[0] / heights[1]))) + distance


def _appended(a: PoseTrack, b: PoseTrack) -> PoseTrack:
    return PoseTrack(*(np.concatenate([getattr(a, f.name), getattr(b, f.name)]) for f in fields(a)))
