from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "onloan.referrals"
    label = "referrals"
