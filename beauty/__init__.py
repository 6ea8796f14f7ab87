"""Natural face retouching from 106 keypoints: skin, tone and shape."""
