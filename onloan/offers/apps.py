from django.apps import AppConfig


class OffersConfig(AppConfig):
    name = "onloan.offers"
    label = "offers"
