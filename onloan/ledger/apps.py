from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "onloan.ledger"
    label = "ledger"
