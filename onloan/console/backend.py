"""Who may sign in to the console."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings


class TeamBackend(AuthenticationBackend):  # type: ignore[misc]
    """A colleague with an e-mail and a password; a colleague of the demo in test mode only.

    The demo's password stands in its source, and its data may lie in the folder that a real server is started on.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and (settings.TEST_MODE or not user.is_demo)
