"""The merchant's team: adding a member, finding one, and what a role allows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError
from django.utils.translation import gettext_lazy

from onloan.access.models import User
from onloan.access.rules import Capability, Role, can
from onloan.db import action
from onloan.errors import BadInput, NotAllowed, NotFound, OnloanError


class MemberExists(OnloanError):
    code = "E-MEMBER-EXISTS"
    status = 409
    sentence = gettext_lazy("A member of the team has this e-mail already. Use another, or change that one.")


@dataclass(frozen=True, slots=True)
class Member:
    id: UUID
    email: str
    name: str
    role: str
    is_active: bool

    def can(self, capability: Capability) -> bool:
        return self.is_active and can(self.role, capability)


@action
def add_team_member(*, email: str, name: str, role: str, password: str, is_demo: bool = False) -> UUID:
    """Add a member. Raises BadInput for a bad e-mail, name, role or password, MemberExists."""
    try:
        validate_email(email)
        validate_password(password)
    except ValidationError as error:
        raise BadInput(field="email", problem=" ".join(error.messages)) from error
    if role not in {known.value for known in Role} or not 1 <= len(name.strip()) <= 80:
        raise BadInput(field="role", problem=", ".join(known.value for known in Role))
    if User.objects.filter(email__iexact=email).exists():
        raise MemberExists
    try:
        user = User.objects.create_user(email.lower(), password, name=name.strip(), role=role, is_demo=is_demo)
    except IntegrityError as error:
        raise MemberExists from error
    return user.id


def find_member(email: str) -> Member:
    """The member with this e-mail. Raises NotFound."""
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise NotFound
    return _member(user)


def find_member_by_id(user_id: UUID) -> Member:
    """The member with this id. Raises NotFound."""
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFound
    return _member(user)


def list_members() -> list[Member]:
    return [_member(user) for user in User.objects.order_by("name")]


def require(member: Member, capability: Capability) -> None:
    """Raises NotAllowed when the member's role does not allow this."""
    if not member.can(capability):
        raise NotAllowed


def _member(user: User) -> Member:
    return Member(user.id, user.email, user.name, user.role, user.is_active)
