from django.apps import AppConfig


class BreachesConfig(AppConfig):
    name = "onloan.breaches"
    label = "breaches"
