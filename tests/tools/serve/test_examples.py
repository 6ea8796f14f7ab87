"""The examples of docs/deploy: the files can be read, and nginx keeps a visitor with one page."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.app.fakes import wait_until
from tools.serve.page import make_parser

from .test_serving import free_port

DEPLOY = Path(__file__).parents[3] / "docs" / "deploy"


def test_the_commands_of_the_examples_are_understood() -> None:
    job, deployment, _, ingress = yaml.safe_load_all((DEPLOY / "pages.yaml").read_text())
    line = deployment["spec"]["template"]["spec"]["containers"][0]["args"][0]
    given = make_parser().parse_args(line.split("tools.serve.page ")[1].split())
    assert (given.address, given.port, given.drain_seconds) == ("auto", 7860, 300)
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > given.drain_seconds
    assert "--pages 0" in job["spec"]["template"]["spec"]["containers"][0]["args"][0]
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/affinity"] == "cookie"


@pytest.mark.parametrize("name", ["kuberay-values.yaml", "traefik.yaml"])
def test_the_other_examples_can_be_read(name: str) -> None:
    text = (DEPLOY / name).read_text()
    assert yaml.safe_load(text)
    assert "studio_page" in text or "RAY_USAGE_STATS_ENABLED" in text


class Page(BaseHTTPRequestHandler):
    """Answers with the port that it listens on."""

    def do_GET(self) -> None:
        body = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    """The address of nginx with the example's configuration before two small servers."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    port = free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (("7860", servers[0].server_port), ("7861", servers[1].server_port), ("8080", port)):
        text = re.sub(rf"(server 127.0.0.1:|listen ){old}", rf"\g<1>{new}", text)
    text = text.replace("http {", f"http {{ access_log off; client_body_temp_path {tmp_path}/body;", 1)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; daemon off; error_log stderr;\n" + text)
    process = subprocess.Popen([program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    try:
        url = f"http://127.0.0.1:{port}"
        assert wait_until(lambda: _answers(url), 30)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        for server in servers:
            server.shutdown()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_nginx_keeps_each_visitor_with_one_page_and_uses_both(nginx: str) -> None:
    pages = set()
    for _ in range(12):
        with httpx.Client() as visitor:
            seen = {visitor.get(nginx).text for _ in range(4)}
        assert len(seen) == 1
        pages |= seen
    assert len(pages) == 2
