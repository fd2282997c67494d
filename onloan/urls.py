"""Addresses: participants' pages under a language, everything else beside them."""

from __future__ import annotations

from allauth.account import views as account
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, URLResolver, include, path

from onloan.api.main import api
from onloan.console.cases import show_case
from onloan.portal.packs import answer_in_their_language, pack_schema
from onloan.portal.status import status_json

urlpatterns: list[URLPattern | URLResolver] = [
    path("status.json", status_json, name="status-json"),
    path("schemas/access-pack.json", pack_schema, name="pack-schema"),
    path("api/v1/", api.urls),
    # The team signs in and out here; accounts are made by a colleague, so allauth's other pages are not served.
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/signup/", account.signup, name="account_signup"),
    # A copy that a member makes is the same file that people take from their own pages.
    path(
        "console/requests/<uuid:case_id>/",
        show_case,
        {"write_file": answer_in_their_language},
        name="console-case",
    ),
    path("console/", include("onloan.console.urls")),
]
if settings.TEST_MODE:
    urlpatterns.append(path("demo/", include("onloan.portal.demo_urls")))
urlpatterns += i18n_patterns(path("", include("onloan.portal.urls")))
