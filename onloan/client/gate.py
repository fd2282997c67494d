"""Asking before something of a person is used."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from onloan.client.calls import Caller
from onloan.client.errors import GateUnavailable, UseDenied

WIDTHS = (64, 128, 256, 512)
USES_PATH = "/api/v1/uses"
ITEM_PREFIX = "/i/"
TIMEOUT_SECONDS = 10.0


class UsedData:
    """What an allowed use hands out. ``use_id`` names it in the record."""

    def __init__(self, use_id: str, data: Mapping[str, Mapping[str, str]], caller: Caller) -> None:
        self.use_id = use_id
        self._data: Mapping[str, Mapping[str, str]] | None = data
        self._addresses = {item: parts["address"] for item, parts in data.items()}
        self._caller = caller

    def __contains__(self, item: str) -> bool:
        """Whether the person gave ``item`` at all."""
        return item in self._addresses

    def text(self, item: str) -> str:
        """A text, such as the username; inside the ``with`` only, because a value that is kept does not die.

        Raises KeyError for an item that the person never gave or that is no text.
        """
        if self._data is None:
            raise RuntimeError("the use is over: ask the gate again, and read texts inside the with block")
        return self._data[item]["value"]

    def address(self, item: str, width: int | None = None) -> str:
        """Where Onloan shows ``item`` for as long as it may be shown, then nobody. Good after the ``with`` too.

        ``width`` (64, 128, 256 or 512) makes a photo fit into a square of so many pixels. Raises KeyError for an
        item that the person never gave.
        """
        address = self._addresses[item]
        if width is None:
            return address
        if width not in WIDTHS or not address.endswith(".jpg"):
            raise ValueError(f"photos come in widths of {', '.join(map(str, WIDTHS))} pixels")
        return f"{address.removesuffix('.jpg')}-{width}.jpg"

    def download(self, item: str, width: int | None = None) -> bytes:
        """``item`` itself, where it must be copied: a JPEG, or UTF-8 text. Say ``copy=True`` when you ask.

        Raises UseDenied when it may not be shown any more, GateUnavailable.
        """
        address = self.address(item, width)
        # From the server that was asked, under whichever name the public knows it.
        answer = self._caller.call("GET", address[address.index(ITEM_PREFIX) :], None, {})
        if answer.status != 200:
            raise UseDenied("", "It may not be shown any more.")
        return answer.body

    def forget(self) -> None:
        """Forget the texts; called when the ``with`` block ends."""
        self._data = None


class Gate:
    """The gate of one Onloan server; may be shared by threads.

    ``timeout`` (seconds) holds for one question with all its tries. ``key`` needs the scope ``uses:write``.
    """

    def __init__(self, url: str, key: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self._caller = Caller(url, key, timeout)

    @contextlib.contextmanager
    def use(
        self,
        person: str,
        *,
        items: Sequence[str],
        purpose: str,
        channel: str,
        market: str,
        recipient: str | None = None,
        contexts: Sequence[str] = (),
        copy: bool = False,
        until_end: bool = False,
    ) -> Iterator[UsedData]:
        """Ask, and hand out what was allowed, for this block. Nothing runs inside it unless the answer is yes.

        ``person`` is their public id. ``until_end``: the use is over when the block ends, and its addresses show
        nobody from then on; without it they go on until the person, or ``end``, ends it. Raises UseDenied,
        CallRefused, GateUnavailable.
        """
        question: dict[str, Any] = {
            "participant": person, "items": list(items), "purpose": purpose, "channel": channel, "market": market,
            "context": list(contexts), "copy": copy, "data": True,
        }  # fmt: skip
        if recipient is not None:
            question["recipient"] = recipient
        data = self._ask(question)
        try:
            yield data
        finally:
            data.forget()
            if until_end:
                self.end(data.use_id)

    def end(self, use_id: str) -> None:
        """Say that a use is over; saying it twice does no harm. Raises CallRefused, GateUnavailable."""
        use = str(uuid.UUID(use_id))
        self._caller.post(f"{USES_PATH}/{use}/end", {}, f"end-{use}")

    def _ask(self, question: Mapping[str, Any]) -> UsedData:
        answer = self._caller.post(USES_PATH, question, str(uuid.uuid4()))
        decision, use_id, data = answer.get("decision"), answer.get("use"), answer.get("data")
        if decision == "denied":
            raise UseDenied(str(answer.get("reason", "")), str(answer.get("sentence", "")))
        if decision != "allowed" or not isinstance(use_id, str):
            raise GateUnavailable("the server's answer is none that this client knows")
        if not isinstance(data, dict) or not data:
            raise UseDenied("", "There is nothing to show: it was never given, or taken back in the meantime.")
        return UsedData(use_id, data, self._caller)
