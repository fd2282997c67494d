"""The evidence log's tables. Only ``evidence_link`` knows people, and erasure empties it."""

from __future__ import annotations

from django.db import models

from onloan.db import ParticipantModel, UUIDModel


class QueuedEntry(models.Model):
    """An entry that its transaction wrote and that has no place in the log yet."""

    queue_number = models.BigAutoField(primary_key=True)
    entry_ref = models.UUIDField(unique=True)
    body = models.BinaryField()
    queued_at = models.DateTimeField()

    class Meta:
        db_table = "evidence_queue"


class LoggedEntry(models.Model):
    """Leaf ``log_index`` of the tree. A trigger refuses to change or remove a row."""

    log_index = models.BigIntegerField(primary_key=True)
    entry_ref = models.UUIDField(unique=True)
    body = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "evidence_log"
        constraints = [
            models.CheckConstraint(condition=models.Q(log_index__gte=0), name="evidence_log_index_from_zero")
        ]


class EntryLink(ParticipantModel):
    """Who an entry is about, and the key that opens its commitment. Erasure deletes it."""

    entry_ref = models.UUIDField()
    opening_key = models.BinaryField(max_length=32)
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "evidence_link"
        constraints = [models.UniqueConstraint(fields=["participant_id", "entry_ref"], name="evidence_link_once")]


class SetPage(UUIDModel):
    """A part of the set of a mass use (see ``sets.py``): consent numbers only, bound by the hash in the entry."""

    log_index = models.BigIntegerField()
    page_number = models.IntegerField()
    bits = models.BinaryField()

    class Meta:
        db_table = "evidence_set_page"
        constraints = [models.UniqueConstraint(fields=["log_index", "page_number"], name="evidence_set_page_once")]


class LogState(models.Model):
    """How far the log has grown: one row, written only in the sequencer's seat.

    ``hashes`` are the roots of the complete subtrees, largest first, 32 bytes each: all that appending needs.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    log_id = models.UUIDField()
    size = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField(max_length=32)

    class Meta:
        db_table = "evidence_state"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="evidence_state_is_one_row"),
            models.CheckConstraint(condition=models.Q(size__gte=0), name="evidence_state_size_from_zero"),
        ]


class Counter(models.Model):
    """SQLite has no sequences; this row is one. PostgreSQL uses a real one and leaves this table empty."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.BigIntegerField()

    class Meta:
        db_table = "evidence_counter"
