"""Participants, their sealed items, and the tables that find a person by what they know."""

from __future__ import annotations

from django.db import models

from onloan.db import ParticipantModel, UUIDModel
from onloan.people.rules import CHANGED_NAMES, CODE_KINDS, CODE_PURPOSES, ITEM_NAMES

HASH_CHARACTERS = 64


class Participant(UUIDModel):
    """A person who joined an offer in a market. ``id`` is what other tables call ``participant_id``.

    Nothing here says who the person is: that lies sealed in ``Item``, under the key in ``PersonKey``.
    ``objected_at``: nothing of them is shown or advertised with (GDPR art. 21(2)); ``checks_objected_at``: no
    program looks at their rewards (art. 21(1)). ``erasures_stopped``: how often they stopped their own erasure;
    each time the code of their slip becomes another one. ``session_number`` stands in the cookie of whoever is
    signed in: once it is raised, every earlier sign-in has ended.
    """

    public_id = models.CharField(max_length=16)
    offer_id = models.UUIDField()
    market_id = models.UUIDField()
    version_id = models.UUIDField()
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=8)
    joined_at = models.DateTimeField()
    window_ends_at = models.DateTimeField()
    over_18 = models.BooleanField()
    is_demo = models.BooleanField()
    has_pot = models.BooleanField()
    pot_released_at = models.DateTimeField(null=True)
    restricted_at = models.DateTimeField(null=True)
    objected_at = models.DateTimeField(null=True)
    checks_objected_at = models.DateTimeField(null=True)
    erasures_stopped = models.PositiveIntegerField(default=0, db_default=0)
    session_number = models.PositiveIntegerField(default=0, db_default=0)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_participant"
        constraints = [
            models.CheckConstraint(condition=models.Q(over_18=True), name="people_participant_is_over_18"),
            models.CheckConstraint(
                condition=models.Q(window_ends_at__gt=models.F("joined_at")),
                name="people_participant_window_ends_after_joining",
            ),
            models.CheckConstraint(
                condition=models.Q(has_pot=True) | models.Q(pot_released_at__isnull=True),
                name="people_participant_releases_only_a_pot",
            ),
        ]
        indexes = [
            models.Index(fields=["market_id", "joined_at"], name="people_participant_by_market"),
            models.Index(
                fields=["version_id", "window_ends_at"],
                condition=models.Q(has_pot=True, pot_released_at__isnull=True),
                name="people_participant_open_window",
            ),
        ]


class PersonKey(ParticipantModel):
    """The 32-byte key of one person, wrapped by the master key. Without this row their items are noise."""

    wrapped_key = models.BinaryField()

    class Meta:
        db_table = "people_person_key"
        constraints = [
            models.UniqueConstraint(fields=["participant_id"], name="people_person_key_once"),
        ]


class Item(ParticipantModel):
    """One named piece of personal data, sealed under the person's key. ``disputed_at``: the person says that it is
    wrong, and until that is settled nobody is asked to allow it (GDPR art. 18(1)(a))."""

    name = models.CharField(max_length=16)
    ciphertext = models.BinaryField()
    disputed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_item"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "name"], name="people_item_once"),
            models.CheckConstraint(condition=models.Q(name__in=ITEM_NAMES), name="people_item_name_is_known"),
        ]


class ItemChange(ParticipantModel):
    """That something a person gave was changed: what, when, by whom, and sealed what it was before.

    ``by_user_id`` is null where the person did it. A photo that was replaced is gone, so nothing stands before it.
    """

    name = models.CharField(max_length=16)
    changed_at = models.DateTimeField()
    by_user_id = models.UUIDField(null=True)
    sealed_before = models.BinaryField(null=True)

    class Meta:
        db_table = "people_item_change"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(name__in=CHANGED_NAMES), name="people_item_change_name_is_known"
            ),
        ]
        indexes = [models.Index(fields=["participant_id", "changed_at"], name="people_item_change_by_time")]


class LookupRecord(ParticipantModel):
    """That a member of the team looked at somebody's file, and sealed why: the person reads it on their page."""

    user_id = models.UUIDField()
    looked_up_at = models.DateTimeField()
    sealed_reason = models.BinaryField()

    class Meta:
        db_table = "people_lookup_record"
        indexes = [models.Index(fields=["participant_id", "looked_up_at"], name="people_lookup_record_by_time")]


class EmailLookup(models.Model):
    """Who joined an offer with an e-mail address. Written first when joining: its key is the uniqueness."""

    value_hash = models.CharField(primary_key=True, max_length=HASH_CHARACTERS)
    participant_id = models.UUIDField()

    class Meta:
        db_table = "people_email_lookup"


class CodeLookup(models.Model):
    """What a code that a person holds leads to; the code itself is never stored."""

    value_hash = models.CharField(primary_key=True, max_length=HASH_CHARACTERS)
    kind = models.CharField(max_length=16)
    participant_id = models.UUIDField()
    target_id = models.UUIDField()

    class Meta:
        db_table = "people_code_lookup"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=CODE_KINDS), name="people_code_lookup_kind_is_known"
            ),
        ]


class Suppression(models.Model):
    """An address that is never to be written to for advertising (GDPR art. 21(3)), whether it ever joined or not.
    Only its keyed hash is kept: it answers who asks about an address, and names nobody."""

    value_hash = models.CharField(primary_key=True, max_length=HASH_CHARACTERS)
    since = models.DateTimeField()

    class Meta:
        db_table = "people_suppression"
        indexes = [models.Index(fields=["since"], name="people_suppression_by_time")]


class EmailCode(UUIDModel):
    """A one-time code sent to an address, and the sealed draft of the form that it resumes.

    ``attempts`` counts the wrong tries of the browser that asked for it, ``loose_attempts`` those of any other.
    One that ``is_long`` cannot be guessed, so nothing is counted against it.
    """

    email_hash = models.CharField(max_length=HASH_CHARACTERS)
    offer_id = models.UUIDField(null=True)
    market_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=8)
    code_hash = models.CharField(max_length=HASH_CHARACTERS)
    attempts = models.PositiveSmallIntegerField()
    loose_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    is_long = models.BooleanField(default=False, db_default=False)
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    sealed_draft = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_email_code"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose__in=CODE_PURPOSES), name="people_email_code_purpose_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["email_hash", "created_at"], name="people_email_code_by_email"),
            models.Index(fields=["created_at"], name="people_email_code_by_time"),
        ]
