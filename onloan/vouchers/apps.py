from django.apps import AppConfig


class VouchersConfig(AppConfig):
    name = "onloan.vouchers"
    label = "vouchers"
