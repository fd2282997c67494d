from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "onloan.payouts"
    label = "payouts"
