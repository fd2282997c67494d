"""Addresses of the console."""

from __future__ import annotations

from django.urls import path
from django.views.i18n import set_language

from onloan.console import (
    archive,
    banking,
    batches,
    cases,
    desk,
    evidence,
    feedback,
    markets,
    money,
    offers,
    overview,
    people,
    pools,
    recipients,
    reviews,
    team,
    till,
    uses,
)

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
    path("markets/<slug:slug>/<str:country>/feedback/", feedback.show_feedback, name="console-feedback"),
    path("markets/<slug:slug>/<str:country>/changes/", feedback.show_changes, name="console-changes"),
    path("requests/", cases.list_all, name="console-cases"),
    path("desk/", desk.show_desk, name="console-desk"),
    path("requests/<uuid:case_id>/", cases.show_case, name="console-case"),
    path("people/", people.ask_reason, name="console-people"),
    path("people/<uuid:record_id>/", people.show_file, name="console-person"),
    path("reviews/", reviews.list_all, name="console-reviews"),
    path("reviews/<uuid:review_id>/", reviews.show_review, name="console-review"),
    path("reviews/rings/<uuid:ring_id>/", reviews.show_ring, name="console-ring"),
    path("uses/", uses.show_uses, name="console-uses"),
    path("recipients/", recipients.show_recipients, name="console-recipients"),
    path("money/", money.show_money, name="console-money"),
    path("money/banking/", banking.show_banking, name="console-banking"),
    path("money/journal/", pools.download_whole_journal, name="console-journal"),
    path("money/archive/", archive.show_archive, name="console-archive"),
    path("money/archive/<uuid:archive_id>/", archive.show_archived, name="console-archived"),
    path("money/batches/<uuid:batch_id>/", batches.show_batch, name="console-batch"),
    path("money/batches/<uuid:batch_id>/file/", batches.download_batch, name="console-batch-file"),
    path("money/<slug:slug>/<str:country>/", pools.show_pool, name="console-pool"),
    path("money/<slug:slug>/<str:country>/journal/", pools.download_journal, name="console-pool-journal"),
    path("till/", till.show_till, name="console-till"),
    path("till/taken/<uuid:redemption_id>/", till.show_taken, name="console-till-taken"),
    path("evidence/", evidence.show_log, name="console-evidence"),
    path("team/", team.show_team, name="console-team"),
]
