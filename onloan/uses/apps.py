from django.apps import AppConfig


class UsesConfig(AppConfig):
    name = "onloan.uses"
    label = "uses"
