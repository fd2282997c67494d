"""How the team signs in: accounts are made by a colleague, never by sign-up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.core.internal import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext_lazy


class TeamAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Wrong passwords are counted for an address as one network tries it, and far higher for the address alone: a
    stranger who guesses is stopped, and the colleague whose address it is still signs in."""

    def pre_authenticate(self, request: HttpRequest, **credentials: object) -> None:
        """Raises ValidationError where too many wrong passwords came."""
        super().pre_authenticate(request, **credentials)
        everywhere = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed_everywhere",
            key=super()._get_login_attempts_cache_key(request, **credentials),
        )
        if not everywhere:
            raise self.validation_error("too_many_login_attempts")
        # A sign-in that succeeds takes back what it counted, here too.
        self._login_failed_rl_usage.usage.extend(everywhere.usage)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: object) -> str:
        of_address: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{of_address}:{ratelimit.get_ip(request)}"

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class TeamLoginForm(LoginForm):  # type: ignore[misc]
    """The labels of every other form here, and no link to a mailed password: a colleague helps."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        self.fields["login"].label = gettext_lazy("E-mail")
        self.fields["password"].label = gettext_lazy("Password")
        self.fields["password"].help_text = gettext_lazy("Forgotten? A colleague with access to the server helps.")
        for name in ("login", "password"):
            del self.fields[name].widget.attrs["placeholder"]
