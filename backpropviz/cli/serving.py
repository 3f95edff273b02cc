"""A small server for one reader on this machine: a page, and word when there is another one.

It listens on 127.0.0.1, on a port the system chooses, and answers only who knows the token in the address. Pages of
other sites cannot read from it: a request that names another host (a name that was made to point here) or comes from
another origin is refused.
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PATIENCE = 20.0  # seconds that an answer waits for news
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass
class State:
    """What is served.

    Attributes:
        page: the HTML; number counts them. told: what is said above the page, which changes without a new page; heard
            counts what was told.
    """

    page: str = ""
    number: int = 0
    told: str = ""
    heard: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def show(self, page: str) -> None:
        with self._news:
            self.page, self.number = page, self.number + 1
            self.told, self.heard = "", self.heard + 1
            self._news.notify_all()

    def tell(self, text: str) -> None:
        with self._news:
            self.told, self.heard = text, self.heard + 1
            self._news.notify_all()

    def news(self, number: int, heard: int, seconds: float = _PATIENCE) -> dict[str, Any]:
        """The state, as soon as it is another one than the reader knows, or after some seconds."""
        with self._news:
            self._news.wait_for(lambda: (self.number, self.heard) != (number, heard), seconds)
            return {"number": self.number, "heard": self.heard, "told": self.told}


class Server(ThreadingHTTPServer):
    """Serves a state under an address that nobody else knows."""

    daemon_threads = True

    def __init__(self, state: State):
        self.state, self.token = state, secrets.token_urlsafe(24)
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def address(self) -> str:
        return f"{self.origin}/{self.token}/"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "backpropviz", ""

    def do_GET(self) -> None:
        if not self._is_meant():
            self._answer(HTTPStatus.FORBIDDEN, "Refused: the request comes from elsewhere.", "text/plain")
            return
        parts = urlsplit(self.path)
        _, token, *rest = parts.path.split("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()) or rest not in ([""], ["news"]):
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here.", "text/plain")
        elif rest == ["news"]:
            said = parse_qs(parts.query)
            known = [said.get(name, ["0"])[0] for name in ("number", "heard")]
            number, heard = (int(each) if each.isdecimal() else 0 for each in known)
            found = self.server.state.news(number, heard)
            self._answer(HTTPStatus.OK, json.dumps(found), "application/json")
        else:
            self._answer(HTTPStatus.OK, self.server.state.page, "text/html")

    def _is_meant(self) -> bool:
        """Whether the request names this server, and does not come from another page."""
        origin = self.headers.get("Origin")
        return (
            self.headers.get_all("Host") == [self.server.origin.removeprefix("http://")]
            and origin in (None, self.server.origin)
            and self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        )

    def _answer(self, status: HTTPStatus, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for what happens to the file."""
