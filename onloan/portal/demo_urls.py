"""Addresses of the demo; included in test mode only."""

from __future__ import annotations

from django.urls import path

from onloan.portal import demo

urlpatterns = [
    path("shop/", demo.shop, name="demo-shop"),
    path("mail/", demo.mail, name="demo-mail"),
]
