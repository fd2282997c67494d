from django.apps import AppConfig


class MarketsConfig(AppConfig):
    name = "onloan.markets"
    label = "markets"
