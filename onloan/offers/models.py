"""Tables of offers, their approvals and versions, and the markets in which they run.

Drafts, approvals, sign-offs, versions and the history of a market never change once written: triggers of both
databases refuse it (migration ``0002_protect``), as they refuse a version that two people did not approve.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import UUIDModel
from onloan.offers.rules import DOORS, MARKET_STATES, REASON_LENGTH_MAX


class Offer(UUIDModel):
    """The name under which versions follow one another."""

    slug = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()


class Draft(UUIDModel):
    """A file that its author stands behind, with what the linter said about it."""

    slug = models.CharField(max_length=64)
    file_text = models.TextField()
    file_hash = models.CharField(max_length=64)
    author_id = models.UUIDField()
    created_at = models.DateTimeField()
    report = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(file_hash__regex=r"^[0-9a-f]{64}$"), name="offers_draft_hash_is_sha256"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="offers_draft_by_time")]


class Approval(UUIDModel):
    """One person stands behind one file. The author's lies in the same table: two rows, two people."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT)
    user_id = models.UUIDField()
    role = models.CharField(max_length=16)
    file_hash = models.CharField(max_length=64)
    note = models.CharField(max_length=1000)
    door = models.CharField(max_length=16)
    approved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "user_id"], name="offers_approval_once_each_person"),
            models.CheckConstraint(condition=Q(door__in=DOORS), name="offers_approval_door_is_known"),
        ]


class SignOff(UUIDModel):
    """A named person answers for one finding that holds the file up, and says why it may pass."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT)
    code = models.CharField(max_length=64)
    rule = models.CharField(max_length=64)
    user_id = models.UUIDField()
    note = models.CharField(max_length=1000)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "code"], name="offers_sign_off_once_each_code"),
            models.CheckConstraint(condition=~Q(note=""), name="offers_sign_off_says_why"),
        ]


class Version(UUIDModel):
    """What was published: the file, its document, and the texts that people read, as they read them."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT)
    draft = models.OneToOneField(Draft, on_delete=models.PROTECT)
    number = models.PositiveIntegerField()
    file_hash = models.CharField(max_length=64)
    file_text = models.TextField()
    document = models.JSONField()
    texts = models.JSONField()
    published_at = models.DateTimeField()
    published_by_user_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "number"], name="offers_version_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="offers_version_number_from_one"),
        ]


class Market(UUIDModel):
    """One country of one offer: its state, and the version that newcomers join under.

    Nothing is counted here: the row is written only when a state changes, so a switch waits for nobody.
    ``stop_seen_at`` is the database's own time, read once a stop was visible to everyone; ``stopped_at`` is
    set when every transaction begun before it has ended.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT)
    country = models.CharField(max_length=2)
    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    state = models.CharField(max_length=16)
    since = models.DateTimeField()
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    stop_seen_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "country"], name="offers_market_once_each_country"),
            models.CheckConstraint(condition=Q(state__in=MARKET_STATES), name="offers_market_state_is_known"),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="offers_market_closes_later"),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="offers_market_country_is_iso"),
            models.CheckConstraint(condition=Q(state="draft") | ~Q(reason=""), name="offers_market_says_why"),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | ~Q(state__in=["draft", "open"]),
                name="offers_market_runs_or_stopped",
            ),
        ]


class MarketChange(UUIDModel):
    """One change of a market: its new state or its new version, by whom and why. No user: the "
    "closing date."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT)
    state = models.CharField(max_length=16)
    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    at = models.DateTimeField()
    user_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    honour_statement = models.CharField(max_length=2000)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MARKET_STATES), name="offers_change_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | ~Q(honour_statement=""),
                name="offers_change_honours_what_was_earned",
            ),
        ]
