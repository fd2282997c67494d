"""Addresses of the console."""

from __future__ import annotations

from django.urls import path
from django.views.i18n import set_language

from onloan.console import cases, evidence, markets, money, offers, overview, team

urlpatterns = [
    path("", overview.show_overview, name="console"),
    path("language/", set_language, name="console-language"),
    path("offers/", offers.list_offers, name="console-offers"),
    path("offers/new/", offers.hand_in, name="console-hand-in"),
    path("offers/drafts/<uuid:draft_id>/", offers.show_draft, name="console-draft"),
    path("offers/drafts/<uuid:draft_id>/act/", offers.act_on_draft, name="console-draft-act"),
    path(
        "offers/drafts/<uuid:draft_id>/preview/<str:country>/<str:language>/",
        offers.preview,
        name="console-preview",
    ),
    path("offers/<slug:slug>/", offers.show_offer, name="console-offer"),
    path("markets/", markets.list_all, name="console-markets"),
    path("markets/<slug:slug>/<str:country>/", markets.show_market, name="console-market"),
    path("requests/", cases.list_all, name="console-cases"),
    path("requests/<uuid:case_id>/", cases.show_case, name="console-case"),
    path("money/", money.show_money, name="console-money"),
    path("money/batches/<uuid:batch_id>/", money.show_batch, name="console-batch"),
    path("money/batches/<uuid:batch_id>/file/", money.download_batch, name="console-batch-file"),
    path("evidence/", evidence.show_log, name="console-evidence"),
    path("team/", team.show_team, name="console-team"),
]
