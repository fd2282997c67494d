from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "onloan.outbox"
    label = "outbox"
