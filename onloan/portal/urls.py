"""Participants' pages, under a language. Nothing personal stands in any of these addresses."""

from __future__ import annotations

from django.urls import include, path

from onloan.portal import (
    bearer,
    cases,
    consents,
    erasing,
    feedback,
    follow,
    joining,
    notices,
    offers,
    packs,
    payment,
    people,
    profile,
    referrals,
    reviews,
    sightings,
    statements,
    status,
    uses,
    vouchers,
)

# Addresses that begin alike stand together: looking for one passes over each of the other groups at once.
_PLACE = [
    path("", offers.offer_page, name="offer"),
    path("terms/<int:number>/", offers.terms_page, name="terms"),
    path("notice/<int:number>/", offers.notice_page, name="notice"),
    path("join/", joining.ask_email, name="join"),
    path("join/code/", joining.ask_code, name="join-code"),
    path("join/profile/", joining.ask_profile, name="join-profile"),
    path("join/permissions/", joining.ask_permissions, name="join-permissions"),
    path("join/done/", joining.done, name="join-done"),
    path("feedback/", feedback.feedback_page, name="feedback"),
    path("feedback/sent/", feedback.feedback_sent, name="feedback-sent"),
    path("changes/", feedback.changes_page, name="changes"),
]

_MY_PAGES = [
    path("", people.my_page, name="me"),
    path("profile/", profile.profile, name="profile"),
    path("sign-out/", people.leave, name="sign-out"),
    path("take-back/", consents.take_back, name="take-back"),
    path("taken-back/", consents.taken_back, name="taken-back"),
    path("allow/", consents.allow, name="allow"),
    path("pack/", packs.pack_page, name="pack"),
    path("lift/<slug:flag>/", consents.lift, name="lift"),
    path("request/erasure/", erasing.erase_page, name="erase"),
    path("request/<slug:kind>/", cases.my_request, name="my-request"),
    path("requests/<uuid:case_id>/", follow.my_case, name="my-case"),
    path("clarity/", feedback.clarity_page, name="clarity"),
    path("uses/", uses.uses_page, name="my-uses"),
    path("sighting/", sightings.my_sighting, name="my-sighting"),
    path("sighting/<uuid:sighting_id>/", sightings.matched, name="sighting-matched"),
    path("payment/", payment.payment, name="payment"),
    path("payment/remove/", payment.remove_account, name="payment-remove"),
    path("payment/slips/<uuid:payable_id>/", payment.slip, name="slip"),
    path("payment/slips/<uuid:payable_id>/cancel/", payment.cancel_slip, name="slip-cancel"),
    path("payment/vouchers/<uuid:reward_id>/", payment.take_voucher, name="cash-to-voucher"),
    path("vouchers/<uuid:voucher_id>/", vouchers.voucher_page, name="voucher"),
    path("review/", reviews.review_page, name="review"),
    path("statement/<int:year>/", statements.statement_page, name="statement"),
    path("statement/<int:year>.csv", statements.statement_file, name="statement-file"),
]

_RECEIPT = [
    path("", consents.receipt_page, name="receipt"),
    path("take-back/", consents.take_back_by_receipt, name="receipt-take-back"),
    path("taken-back/", consents.taken_back_by_receipt, name="receipt-taken-back"),
    path("<slug:form>.json", consents.receipt_file, name="receipt-file"),
]

urlpatterns = [
    path("", offers.home, name="home"),
    path("o/<slug:slug>/<str:country>/", include(_PLACE)),
    path("me/", include(_MY_PAGES)),
    path("r/<str:token>/", include(_RECEIPT)),
    path("invite/", referrals.type_code, name="type-code"),
    path("invite/<str:code>/", referrals.invitation, name="invitation"),
    path("signin/", people.ask_email, name="sign-in"),
    path("signin/code/", people.ask_code, name="sign-in-code"),
    path("signin/choose/", people.choose, name="sign-in-choose"),
    path("notices/<str:token>/", notices.notice_page, name="notice"),
    path("slip/", bearer.ask_code, name="bearer"),
    path("slip/money/", bearer.money, name="bearer-money"),
    path("requests/", cases.public_request, name="requests"),
    path("requests/sent/", cases.sent, name="request-sent"),
    path("requests/follow/", follow.ask, name="follow"),
    path("requests/follow/code/", follow.ask_code, name="follow-code"),
    path("requests/follow/case/", follow.followed_case, name="follow-case"),
    path("sighting/", sightings.public_sighting, name="sighting"),
    path("sighting/code/", sightings.ask_code, name="sighting-code"),
    path("status/", status.status_page, name="status"),
]
