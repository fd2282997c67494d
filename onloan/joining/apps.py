from django.apps import AppConfig


class JoiningConfig(AppConfig):
    name = "onloan.joining"
    label = "joining"
