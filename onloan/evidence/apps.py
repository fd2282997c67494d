from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "onloan.evidence"
    label = "evidence"
