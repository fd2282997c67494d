"""A winners' page that never shows a photo or a name that its owner took back. Nothing but Python is needed.

ONLOAN_URL=https://pot.example ONLOAN_KEY=… WINNERS="p… p…" python examples/winners_page.py
"""

import html
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from onloan.client import Gate, GateError

gate = Gate(os.environ["ONLOAN_URL"], os.environ["ONLOAN_KEY"], timeout=5)
SHOWN = {"items": ["username_masked", "profile_photo"], "purpose": "winner_wall", "channel": "winners_page"}


def card(person: str) -> str:
    try:
        with gate.use(person, **SHOWN, market="FR") as data:
            photo = f'<img src="{data.address("profile_photo", width=128)}" width="64" alt="">'
            return f"<li>{photo} {html.escape(data.text('username_masked'))}</li>"
    except (GateError, KeyError):
        return "<li>Somebody who is not shown</li>"


class WinnersPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        cards = "".join(card(person) for person in os.environ["WINNERS"].split())
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Our winners</title><ul>{cards}</ul>".encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), WinnersPage).serve_forever()
