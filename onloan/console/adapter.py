"""How the team signs in: accounts are made by a colleague, never by sign-up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy


class TeamAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
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
