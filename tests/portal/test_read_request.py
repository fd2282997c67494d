"""What is read without a form is what the form would have read."""

from __future__ import annotations

from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from onloan import ids
from onloan.cases.rules import About, Kind
from onloan.portal import cases
from onloan.portal.forms import RequestForm
from onloan.portal.reading import AskedByAnybody, read_request

KINDS = [*(kind.value for kind in Kind), "objection:marketing", "objection:checks", "", " access", "waive"]
ABOUTS = [*(about.value for about in About), "elsewhere"]
WORDS = st.sampled_from(
    ["", " ", " It is Anna. ", "a\x00b", "x" * 200, " " + "x" * 200, "x" * 201, "x" * 4_001, "x\r\n" * 1_999 + "x"]
)

sent = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(KINDS),
        "about": st.sampled_from(ABOUTS),
        "country": st.sampled_from(["FR", "GB", "", "fr", "XX"]),
        "email": st.sampled_from(
            ["ana@example.org", " ana@example.org ", "", " ", "nobody", "a" * 254, "a" * 255]
        ),
        "text": WORDS,
        "representative": WORDS,
        "form_id": st.sampled_from([str(ids.new_id()), "", "no key"]),
    },
)


def read_by_form(data: dict[str, str]) -> AskedByAnybody | None:
    request = RequestFactory().post("/en/requests/", data)
    form: RequestForm = cases._form(request, asks_contact=True)
    if not form.is_valid():
        return None
    kind, about = Kind(form.cleaned_data["kind"].partition(":")[0]), About.NOTHING
    if kind is Kind.RECTIFICATION:
        about = About(form.cleaned_data["about"])
    elif kind is Kind.OBJECTION:
        about = About(form.cleaned_data["kind"].partition(":")[2])
    texts = [form.cleaned_data[name] for name in ("country", "email", "text", "representative")]
    return AskedByAnybody(kind, about, *texts, form_id=ids.read_id(data.get("form_id", "")))


@given(sent)
def test_it_reads_what_the_form_reads_and_nothing_else(data: dict[str, str]) -> None:
    read = read_request(data, kinds=cases._public_kinds(), abouts=cases._public_abouts())
    assert read == read_by_form(data)


def test_it_reads_each_kind_and_what_it_is_about() -> None:
    filled = {"country": "FR", "email": "ana@example.org", "about": "username", "text": "It is Anna."}
    for chosen in cases._public_kinds():
        read = read_request({**filled, "kind": chosen}, kinds=cases._public_kinds(), abouts=cases._public_abouts())
        assert read is not None
        own = {"rectification": "username", "objection:marketing": "marketing"}.get(chosen, "")
        assert (read.kind, read.about) == (Kind(chosen.split(":")[0]), About(own))
