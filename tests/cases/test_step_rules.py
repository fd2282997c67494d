"""One rule says what a case waits for: paper first, then what the person said, then the work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onloan.cases.rules import Kind
from onloan.cases.step_rules import CaseFacts, Step, find_step

KNOWN = CaseFacts(kind=Kind.ACCESS, is_known=True)
NOBODY = CaseFacts(kind=Kind.ACCESS, is_known=False)


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        (replace(NOBODY, has_letter=True, waited_days=12, has_written=True), Step.LETTER),
        (replace(NOBODY, waited_days=12, has_written=True), Step.REPLIED),
        (replace(NOBODY, waited_days=9), Step.WAITS),
        (replace(NOBODY, waited_days=10), Step.REMIND),
        (replace(KNOWN, is_doubted=True, has_written=True), Step.WHO_AGAIN),
        (replace(NOBODY, has_written=True), Step.WROTE),
        (replace(KNOWN, kind=Kind.ERASURE, is_erasing=True), Step.ERASING),
        (replace(NOBODY, kind=Kind.ERASURE, is_erasing=True, is_erased=True), Step.ERASED),
        (NOBODY, Step.WHO),
        (replace(NOBODY, kind=Kind.OBJECTION, is_suppressed=True), Step.TO_ANSWER),
        (replace(NOBODY, kind=Kind.COMPLAINT), Step.TO_ANSWER),
        (replace(NOBODY, kind=Kind.COMPLAINT, wants_word=True), Step.TELL),
        (replace(KNOWN, wants_word=True), Step.TO_ANSWER),
        (replace(KNOWN, has_gap=True, is_ready=True, is_taken=True), Step.PACK_GAP),
        (replace(KNOWN, has_gap=True, wants_copy=True), Step.PACK_GAP),
        (replace(KNOWN, wants_copy=True, is_ready=True), Step.COPY),
        (replace(KNOWN, is_ready=True, is_taken=True), Step.PACK_TAKEN),
        (replace(KNOWN, is_ready=True), Step.PACK_READY),
    ],
)
def test_a_case_has_one_step(facts: CaseFacts, step: Step) -> None:
    assert find_step(facts) is step
