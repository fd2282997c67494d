"""The merchant's team and its API keys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from onloan import clock, ids
from onloan.access.rules import Role, Scope
from onloan.db import UUIDModel


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = User(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A member of the merchant's team: an e-mail, a name and one role."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="access_user_role_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(UUIDModel):
    """A key of the merchant's systems. Only its keyed hash is kept; ``scopes`` say what it may do."""

    name = models.CharField(max_length=80)
    key_hash = models.CharField(max_length=64, unique=True)
    last_characters = models.CharField(max_length=4)
    scopes = models.JSONField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class IdempotencyRecord(UUIDModel):
    """The answer to a call, kept so that its retry gets the same answer and does nothing again."""

    api_key_id = models.UUIDField()
    idempotency_key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key_id", "idempotency_key"], name="access_idempotency_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="access_idempotency_by_time")]


SCOPES = tuple(scope.value for scope in Scope)
