from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "onloan.console"
    label = "console"
