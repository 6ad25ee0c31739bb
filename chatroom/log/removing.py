"""Removals, as each log has them: the messages that one is about, and why it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatroom.model.errors import ChatError, NoSuchMessage
from chatroom.model.events import Draft


class Erased(NamedTuple):
    """A message that was removed, for an index that has its words."""

    id: int
    room_id: int
    text: str


def not_there(draft: Draft) -> ChatError:
    """Why a removal of messages that are not there is refused."""
    return NoSuchMessage(id=draft.about or "like that", room=draft.room)


def about_these(draft: Draft, ids: Sequence[int]) -> Draft:
    """The draft of a removal that is about ``ids`` alone: the others of several were removed before."""
    extras = draft.extras or {}
    return draft._replace(extras={**extras, "ids": list(ids)}) if "ids" in extras else draft
