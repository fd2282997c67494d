from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "onloan.access"
    label = "access"
