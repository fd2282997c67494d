from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "onloan.consents"
    label = "consents"
