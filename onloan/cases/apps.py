from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "onloan.cases"
    label = "cases"
