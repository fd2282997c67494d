"""Participants' pages, under a language. Nothing personal stands in any of these addresses."""

from __future__ import annotations

from django.urls import path

from onloan.portal import (
    cases,
    consents,
    joining,
    notices,
    offers,
    payment,
    people,
    referrals,
    reviews,
    sightings,
    statements,
    status,
    uses,
    vouchers,
)

PLACE = "o/<slug:slug>/<str:country>/"

urlpatterns = [
    path("", offers.home, name="home"),
    path(PLACE, offers.offer_page, name="offer"),
    path(PLACE + "terms/<int:number>/", offers.terms_page, name="terms"),
    path(PLACE + "notice/<int:number>/", offers.notice_page, name="notice"),
    path(PLACE + "join/", joining.ask_email, name="join"),
    path(PLACE + "join/code/", joining.ask_code, name="join-code"),
    path(PLACE + "join/profile/", joining.ask_profile, name="join-profile"),
    path(PLACE + "join/permissions/", joining.ask_permissions, name="join-permissions"),
    path(PLACE + "join/done/", joining.done, name="join-done"),
    path("invite/", referrals.type_code, name="type-code"),
    path("invite/<str:code>/", referrals.invitation, name="invitation"),
    path("signin/", people.ask_email, name="sign-in"),
    path("signin/code/", people.ask_code, name="sign-in-code"),
    path("signin/choose/", people.choose, name="sign-in-choose"),
    path("me/", people.my_page, name="me"),
    path("me/sign-out/", people.leave, name="sign-out"),
    path("me/take-back/", consents.take_back, name="take-back"),
    path("me/taken-back/", consents.taken_back, name="taken-back"),
    path("me/allow/", consents.allow, name="allow"),
    path("me/request/<slug:kind>/", cases.my_request, name="my-request"),
    path("me/uses/", uses.uses_page, name="my-uses"),
    path("me/sighting/", sightings.my_sighting, name="my-sighting"),
    path("me/sighting/<uuid:sighting_id>/", sightings.matched, name="sighting-matched"),
    path("me/payment/", payment.payment, name="payment"),
    path("me/payment/remove/", payment.remove_account, name="payment-remove"),
    path("me/payment/slips/<uuid:payable_id>/", payment.slip, name="slip"),
    path("me/payment/slips/<uuid:payable_id>/cancel/", payment.cancel_slip, name="slip-cancel"),
    path("me/payment/vouchers/<uuid:reward_id>/", payment.take_voucher, name="cash-to-voucher"),
    path("me/vouchers/<uuid:voucher_id>/", vouchers.voucher_page, name="voucher"),
    path("me/review/", reviews.review_page, name="review"),
    path("me/statement/<int:year>/", statements.statement_page, name="statement"),
    path("me/statement/<int:year>.csv", statements.statement_file, name="statement-file"),
    path("r/<str:token>/", consents.receipt_page, name="receipt"),
    path("r/<str:token>/take-back/", consents.take_back_by_receipt, name="receipt-take-back"),
    path("r/<str:token>/taken-back/", consents.taken_back_by_receipt, name="receipt-taken-back"),
    path("r/<str:token>/<slug:form>.json", consents.receipt_file, name="receipt-file"),
    path("notices/<str:token>/", notices.notice_page, name="notice"),
    path("requests/", cases.public_request, name="requests"),
    path("requests/sent/", cases.sent, name="request-sent"),
    path("sighting/", sightings.public_sighting, name="sighting"),
    path("sighting/code/", sightings.ask_code, name="sighting-code"),
    path("status/", status.status_page, name="status"),
]
