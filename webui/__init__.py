"""What the app is made of besides its start: texts, theme, charts, tabs, photo and video sessions, upkeep.

Gradio's telemetry is switched off here, before anything imports Gradio.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
