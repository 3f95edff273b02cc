"""`play --live`: the page of a file that is edited, and who may read it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from backpropviz.cli.serving import Server, State

GOOD = """import numpy as np

def swish_forward(x):
    s = 1 / (1 + np.exp(-x))
    out = x * s
    return out, (x, s)
"""
WRONG = """
def swish_backward(dout, cache):
    x, s = cache
    ds = dout * x
    dx = dout * s + ds * s
    return dx
"""


@pytest.fixture
def server():
    made = Server(State())
    made.state.show("<p>a page</p>")
    made.start()
    yield made
    made.shutdown()
    made.server_close()


def get(server, path, host=None, **headers):
    port = server.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": host or f"127.0.0.1:{port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer, answer.read().decode()


def test_who_knows_the_address_may_read(server):
    answer, body = get(server, f"/{server.token}/")
    assert (answer.status, body) == (200, "<p>a page</p>")
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    answer, body = get(server, f"/{server.token}/", Origin=server.origin, Sec_Fetch_Site="same-origin")
    assert answer.status == 200
    assert server.address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("path", ["/", "/{other}/", "/{token}", "/{token}/x", "/{token}/news/x", "/{token}/../"])
def test_nobody_else_may(server, path):
    answer, body = get(server, path.format(token=server.token, other="a" * len(server.token)))
    assert answer.status == 404
    assert "a page" not in body


@pytest.mark.parametrize(("host", "headers"), [
    ("evil.example", {}), ("evil.example:{port}", {}), ("localhost:{port}", {}), ("127.0.0.1", {}),
    (None, {"Origin": "http://evil.example"}), (None, {"Origin": "null"}), (None, {"Origin": "https://127.0.0.1:{port}"}),
    (None, {"Sec_Fetch_Site": "cross-site"}), (None, {"Sec_Fetch_Site": "same-site"}),
])  # fmt: skip
def test_other_hosts_and_other_pages_are_refused(server, host, headers):
    port = server.server_address[1]
    headers = {name: value.format(port=port) for name, value in headers.items()}
    for path in (f"/{server.token}/", f"/{server.token}/news"):
        answer, body = get(server, path, host and host.format(port=port), **headers)
        assert answer.status == 403
        assert "a page" not in body


def test_only_asking_is_known(server):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request(method, f"/{server.token}/")
        assert connection.getresponse().status == 501


def test_news_come_when_there_are_some(server):
    first = json.loads(get(server, f"/{server.token}/news?number=0&heard=0")[1])
    assert first["number"] == 1
    found = []
    ask = f"/{server.token}/news?number=1&heard={first['heard']}"
    reader = threading.Thread(target=lambda: found.append(json.loads(get(server, ask)[1])))
    reader.start()
    time.sleep(0.2)
    assert not found
    server.state.tell("line 3")
    reader.join(10)
    assert found == [{"number": 1, "heard": first["heard"] + 1, "told": "line 3"}]
    assert json.loads(get(server, f"/{server.token}/news?number=what&heard=-1")[1])["number"] == 1


class Session:
    """`play --live` as a command, and its page."""

    def __init__(self, file, *options):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backpropviz", "play", "--live", "--no-open", str(file), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.address = urlsplit(self.process.stdout.readline().strip())

    def get(self, more=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.address.port, timeout=60)
        connection.request("GET", self.address.path + more)
        return connection.getresponse().read().decode()

    def until(self, wanted, more="", seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.get(more)
            if wanted in found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"{wanted!r} never came; there is {found[-3000:]}")


def test_the_page_follows_the_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(GOOD, encoding="utf-8")
    session = Session(file, "--shape", "x=2,3")
    try:
        page = session.until("player-frames")
        assert "connect-src 'self'" in page
        assert '"shape":[2,3]' in page
        number = int(re.search(r"number: (\d+)", page)[1])
        file.write_text(GOOD.replace("np.exp(-x)", "np.exp(-x"), encoding="utf-8")
        page = session.until('id="live-error"')
        assert "mine.py:5" in page or "mine.py:4" in page
        assert int(re.search(r"number: (\d+)", page)[1]) > number
        file.write_text(GOOD + WRONG, encoding="utf-8")
        session.until("player-frames")
        told = json.loads(session.until("swish_backward", "news?number=0&heard=0"))["told"]
        assert "dx = dout * s + ds * s" in told
        file.write_text(GOOD + WRONG.replace("ds * s\n", "ds * s * (1 - s)\n"), encoding="utf-8")
        told = json.loads(session.until("swish_backward  right", "news?number=0&heard=0"))["told"]
        assert "wrong" not in told
    finally:
        os.killpg(session.process.pid, signal.SIGINT)
        out, err = session.process.communicate(timeout=30)
    assert session.process.returncode == 0
    assert "Traceback" not in err
    assert out == ""


def test_it_is_for_files(tmp_path):
    for name, seen in (("batchnorm", "is a layer of the tool"), (str(tmp_path / "no.py"), "there is no file")):
        run = subprocess.run(
            [sys.executable, "-m", "backpropviz", "play", "--live", name], capture_output=True, text=True, timeout=60
        )
        assert run.returncode == 2
        assert seen in run.stderr
