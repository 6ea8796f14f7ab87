"""The benchmark's clock: statistics, repeats, child processes, whole processes."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

from tools.bench.jobs import start_server
from tools.bench.processes import measured
from tools.bench.timing import Measure, Task, peak_memory, repeat, run_tasks


def test_statistics_of_a_measure() -> None:
    m = Measure("decode", "frames", 30, (0.4, 0.1, 0.2, 0.3, 1.0))
    assert m.median == pytest.approx(0.3)
    assert m.p95 == pytest.approx(0.88)
    assert m.throughput == pytest.approx(100)
    assert Measure.from_dict(json.loads(json.dumps(m.to_dict()))) == m
    once = Measure("once", "networks", 4, (2.0,), memory=70, processor=(3.0,))
    assert (once.p95, once.cores, m.cores) == (2.0, 1.5, 0)
    assert Measure.from_dict(json.loads(json.dumps(once.to_dict()))) == once


def test_the_warm_up_is_not_among_the_repeats() -> None:
    calls: list[int] = []
    m = repeat("thing", "frames", 1, lambda: calls.append(1), 4)
    assert len(calls) == 5
    assert len(m.seconds) == len(m.processor) == 4
    assert m.first > 0


def test_the_processor_is_idle_while_a_call_sleeps_and_busy_while_it_counts() -> None:
    asleep, awake = (repeat("x", "calls", 1, call, 1) for call in (lambda: time.sleep(0.2), lambda: sum(range(10**7))))
    assert asleep.cores < 0.1
    assert awake.processor[0] > 0.02


CHILD = """
import numpy as np
from tools.bench.timing import Measure, serve

def hold(task):
    megabytes = np.ones((task.repeats, 2**17))
    yield Measure(task.source, "megabytes", megabytes.nbytes / 2**20, (0.5,))

def fail(task):
    raise ValueError("no such luck")

print("a library says something first")
serve({"hold": hold, "fail": fail})
"""


def test_a_child_tells_its_own_peak_memory() -> None:
    ballast = np.ones(100 * 2**17)
    small, large = (run_tasks([sys.executable, "-c", CHILD], [Task("hold", "x", "", mb)])[0][0] for mb in (1, 150))
    assert ballast.nbytes == 100 * 2**20
    assert large.amount == 150
    assert 140 < large.memory - small.memory < 170
    assert small.memory < 90 < peak_memory()


def test_a_child_answers_task_by_task_and_tells_why_it_failed() -> None:
    rows = run_tasks([sys.executable, "-c", CHILD], [Task("hold", "a", "", 1), Task("hold", "b", "", 1)])
    assert [row[0].name for row in rows] == ["a", "b"]
    with pytest.raises(RuntimeError, match="fail failed: ValueError: no such luck"):
        run_tasks([sys.executable, "-c", CHILD], [Task("fail")])


SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Health(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Health.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"models": "%s"}' % (b"ready" if Health.asked > 2 else b"loading"))

HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


def test_a_server_is_timed_until_it_answers_and_until_it_is_ready() -> None:
    answered, ready, memory = start_server([sys.executable, "-c", SERVER])
    assert 0 < answered < ready
    assert memory > 5
    with pytest.raises(RuntimeError, match="did not get ready"):
        start_server([sys.executable, "-c", "raise SystemExit(1)"])


def test_a_whole_process_is_timed_with_its_start_and_its_failure_is_told() -> None:
    code = "import time; block = bytearray(90 * 2**20); time.sleep(0.2); sum(range(10**6))"
    m = measured("nap", "naps", 1, [sys.executable, "-c", code], 2)
    assert len(m.seconds) == 2
    assert min(m.seconds) > 0.2
    assert m.memory > 90
    assert 0 < m.processor[0] < m.seconds[0]
    with pytest.raises(RuntimeError, match="no such luck"):
        measured("fail", "times", 1, [sys.executable, "-c", "raise SystemExit('no such luck')"], 1)
