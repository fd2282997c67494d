"""The question to the gate as its callers write it, and as the API's description shows it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from onloan.api.reading import PublicId
from onloan.offers.vocabulary import PURPOSES
from onloan.uses.deciding import KNOWN_CHANNELS, KNOWN_CONTEXTS, KNOWN_ITEMS
from onloan.uses.rules import CONTEXTS_MAX, ITEMS_MAX, WORD_LENGTH_MAX

# The words are looked at by the gate's own check; here they are only listed for the reader of the description.
_Items = Annotated[
    list[Annotated[str, Field(json_schema_extra={"enum": sorted(KNOWN_ITEMS)})]],
    Field(min_length=1, max_length=ITEMS_MAX, json_schema_extra={"uniqueItems": True}, examples=[["username"]]),
]
_Contexts = Annotated[
    list[Annotated[str, Field(json_schema_extra={"enum": list(KNOWN_CONTEXTS)})]],
    Field(max_length=CONTEXTS_MAX, description="What it is shown beside."),
]


class UseIn(BaseModel):
    """What you want to use, of whom, and where it is shown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    participant: PublicId
    items: _Items
    purpose: Annotated[str, Field(json_schema_extra={"enum": list(PURPOSES)}, examples=["winner_wall"])]
    channel: Annotated[str, Field(json_schema_extra={"enum": sorted(KNOWN_CHANNELS)}, examples=["winners_page"])]
    market: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Where it is shown.", examples=["FR"])]
    recipient: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$",
            max_length=WORD_LENGTH_MAX,
            description="Who else receives it, as the offer names them.",
        ),
    ] = None
    context: _Contexts = []
    # The class's own ``copy`` is a method, so the field has another name here.
    is_copy: Annotated[bool, Field(alias="copy", description="It is copied: print, a partner's system.")] = False
    data: Annotated[bool, Field(description="Hand out texts and addresses with an allowed answer.")] = False


class UsedItem(BaseModel):
    """Where Onloan shows an item while it may be shown, and a text's ``value``."""

    model_config = ConfigDict(extra="forbid")

    address: str
    value: str | None = None


class UseOut(BaseModel):
    """A yes names its ``use``. A no has a ``reason``, and a ``use`` unless nobody is concerned or nothing could be
    recorded."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["allowed", "denied"]
    use: UUID | None = None
    reason: Annotated[str | None, Field(examples=["D-WITHDRAWN"])] = None
    sentence: str | None = None
    data: dict[str, UsedItem] | None = None
