"""The web app: texts, theme, charts, tabs, photo and video sessions, service.

Gradio's telemetry and the stub files that it writes are switched off here, before anything imports Gradio.
"""

import os

from webui.gradio_start import shorten_start

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
shorten_start()
