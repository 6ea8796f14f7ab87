"""The app: ``python app.py`` serves both tabs with the packaged models.

The models are loaded in a thread while Gradio is imported, which takes about as long.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import webui  # noqa: F401  (first: it switches Gradio's telemetry off)
from webui.service import KEEP_SECONDS, Limits, Loaders, Models, ResultFolder, set_up_logging
from webui.studio import Studio, Workers

SESSIONS = 200
"""Largest number of stored sessions; the longest idle are dropped first."""


def model_loaders(device: str, landmark_weights: str | None, pose_weights: str | None) -> Loaders:
    """The loaders of the three models, which import them (and torch if needed) on the first call."""

    def load(name: str, **more: Any) -> Any:
        import models

        return getattr(models, name)(device=device, **{k: v for k, v in more.items() if v not in (None, "")})

    return Loaders(
        faces=partial(load, "load_face_finder", landmark_weights=landmark_weights),
        people=partial(load, "load_person_finder", multi_scale=False),
        pose=partial(load, "load_pose_estimator", pose_weights=pose_weights, flip_test=False),
    )


def build(models: Models, limits: Limits = Limits(), workers: Workers = Workers()) -> tuple[Any, dict[str, Any]]:  # noqa: B008
    """The ``gr.Blocks`` with both tabs, and the arguments of its ``launch`` besides address and port."""
    import gradio as gr

    from webui.beauty_tab import BeautyTab
    from webui.jump_tab import JumpTab
    from webui.live_route import live_routes
    from webui.live_sessions import LiveSessions
    from webui.page import page_texts, show_about
    from webui.panel import head
    from webui.theme import theme
    from webui.uploads import OwnFilesOnly

    tables = page_texts(limits)
    translate = gr.I18n(**tables)
    with OwnFilesOnly(title="Keypoint Studio", analytics_enabled=False, delete_cache=(600, KEEP_SECONDS)) as demo:
        sessions = LiveSessions(limits.live_visitors, limits.live_seconds)
        studio = Studio(models, limits, ResultFolder(Path(demo.GRADIO_CACHE)), workers, translate, sessions)
        gr.HTML("<h1>Keypoint Studio</h1>", elem_id="header", padding=False)
        with gr.Tabs():
            with gr.Tab(studio.text("tab.beauty"), id="beauty"):
                beauty = BeautyTab(studio)
            with gr.Tab(studio.text("tab.jump"), id="jump"):
                jump = JumpTab(studio)
            with gr.Tab(studio.text("tab.about"), id="about"):
                show_about(studio)
    demo.queue(max_size=40, default_concurrency_limit=2)
    page = {"i18n": translate, "theme": theme()}
    page["head"] = head(tables, {"megabytes": limits.file_megabytes})
    live = live_routes({"beauty": beauty.live_mode, "jump": jump.live_mode}, limits)
    return demo, page | serving(models, limits, live)


def serving(models: Models, limits: Limits, live: Sequence[Any]) -> dict[str, Any]:
    """Launch arguments of a public server: ``/health``, and no served paths, run history, monitoring or tracebacks."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def health(_: object) -> JSONResponse:
        return JSONResponse({"status": "ok", "models": "ready" if models.ready else "loading"})

    return {
        "app_kwargs": {"routes": [Route("/health", health), *live]},
        "max_file_size": f"{limits.file_megabytes}mb",
        "allowed_paths": [],
        "footer_links": ["api", "settings"],
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "ssr_mode": False,
        "state_session_capacity": SESSIONS,
        "prevent_thread_lock": True,
    }


def make_parser() -> argparse.ArgumentParser:
    """The flags of ``python app.py``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1, or GRADIO_SERVER_NAME)")
    parser.add_argument("--port", type=int, help="port (default the first free one from 7860, or GRADIO_SERVER_PORT)")
    parser.add_argument("--share", action="store_true", help="also make a public link through gradio.live")
    parser.add_argument("--mcp", action="store_true", help="also serve the endpoints as tools of an MCP server")
    parser.add_argument("--root-path", help="path under which a proxy serves the app")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")
    parser.add_argument("--landmark-weights", help="a safetensors file to use for the face points")
    parser.add_argument("--pose-weights", help="safetensors, official or mmpose weights for the joints")
    parser.add_argument("--photo-workers", type=int, default=Workers.photos, help="photos handled at once")
    parser.add_argument("--video-workers", type=int, default=Workers.videos, help="videos handled at once")
    for flag, name, words in (
        ("--max-video-seconds", "video_seconds", "longest video"),
        ("--max-photo-megapixels", "photo_megapixels", "largest photo"),
        ("--max-frame-megapixels", "frame_megapixels", "largest video frame"),
        ("--max-file-megabytes", "file_megabytes", "largest upload"),
        ("--live-visitors", "live_visitors", "visitors who are live at once"),
        ("--max-live-seconds", "live_seconds", "longest live session"),
    ):
        default = getattr(Limits, name)
        parser.add_argument(flag, dest=name, type=type(default), default=default, help=f"{words} (default {default:g})")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the server and serve until a signal to stop."""
    parser = make_parser()
    chosen = parser.parse_args(arguments)
    try:
        limits = Limits(**{f.name: getattr(chosen, f.name) for f in fields(Limits)})
        workers = Workers(chosen.photo_workers, chosen.video_workers)
    except ValueError as error:
        parser.error(str(error))
    if chosen.mcp and importlib.util.find_spec("mcp") is None:
        parser.error("--mcp needs one package more: pip install 'gradio[mcp]'")
    set_up_logging()
    folder = tempfile.mkdtemp(prefix="keypoint-studio-")
    os.environ["GRADIO_TEMP_DIR"] = folder
    models = Models(model_loaders(chosen.device, chosen.landmark_weights, chosen.pose_weights))
    models.warm()
    demo, options = build(models, limits, workers)
    where = {"server_name": chosen.host, "server_port": chosen.port, "root_path": chosen.root_path}
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    try:
        demo.launch(share=chosen.share, mcp_server=chosen.mcp, **where, **options)
        stop.wait()
    finally:
        demo.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
