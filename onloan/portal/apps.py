from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "onloan.portal"
    label = "portal"
