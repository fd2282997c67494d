from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "onloan.people"
    label = "people"
