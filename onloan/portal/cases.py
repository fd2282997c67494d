"""Requests and complaints: a door for every right, from a participant's own page and for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy, override
from django.views.decorators.http import require_http_methods

from onloan import clock, ids
from onloan.cases.actions import OpenedCase, open_case
from onloan.cases.errors import TextNeeded, TooManyCases
from onloan.cases.intake import confirm_address, send_new_code, take_in
from onloan.cases.rules import DISPUTED_ITEMS, NEEDS_TEXT, About, Door, EventKind, Kind
from onloan.errors import OnloanError
from onloan.markets.rules import country_name, known_countries, market_facts
from onloan.people.queries import ParticipantView
from onloan.portal import session, words
from onloan.portal.authorities import authorities_context, read_country
from onloan.portal.coming_back import ask_to_sign_in
from onloan.portal.contacts import contacts_context, merchant_context
from onloan.portal.forms import CodeForm, RequestForm
from onloan.portal.pages import render_page
from onloan.portal.reading import read_request
from onloan.portal.session import BACK_COOKIE, SENT_COOKIE

KIND_WORDS: dict[Kind, Promise] = {
    Kind.ACCESS: gettext_lazy("See everything you keep about me"),
    Kind.RECTIFICATION: gettext_lazy("Correct something"),
    Kind.ERASURE: gettext_lazy("Erase my data"),
    Kind.RESTRICTION: gettext_lazy("Keep my data but do not use it"),
    Kind.PORTABILITY: gettext_lazy("Get my data in a file, to take it elsewhere"),
    Kind.OBJECTION: gettext_lazy("Object to how you use my data"),
    Kind.WITHDRAWAL: gettext_lazy("Take back what I allow"),
    Kind.COMPLAINT: gettext_lazy("Complain"),
    Kind.SIGHTING: gettext_lazy("I saw my photo or my name somewhere"),
}
KIND_HELP: dict[Kind, Promise] = {
    Kind.ACCESS: gettext_lazy("You take a copy of all of it from your page, with every use that was made of it."),
    Kind.RECTIFICATION: gettext_lazy("Tell us what is wrong, and what is right."),
    Kind.ERASURE: gettext_lazy(
        "What you earned stays yours: where something is still to be paid, we ask you first how to pay it."
    ),
    Kind.RESTRICTION: gettext_lazy("We stop showing anything at once. What you earned is still paid."),
    Kind.PORTABILITY: gettext_lazy(
        "You take what you gave us from your page, in a file that other programs can read."
    ),
    Kind.OBJECTION: gettext_lazy(
        "We stop showing anything at once. Where a check protects against cheating, a person looks at yours. What "
        "you earned is still paid."
    ),
    Kind.WITHDRAWAL: gettext_lazy("We stop showing it. You keep everything you earned."),
    Kind.COMPLAINT: gettext_lazy("Tell us what went wrong. Complaining costs nothing and takes nothing away."),
}
TITLES: dict[tuple[Kind, About], Promise] = {
    (Kind.OBJECTION, About.MARKETING): gettext_lazy("Stop using my data for advertising"),
    (Kind.OBJECTION, About.CHECKS): gettext_lazy("Have a person look at my rewards, not a program"),
}
ABOUT_WORDS: dict[Kind, dict[About, Promise]] = {
    Kind.OBJECTION: {
        About.MARKETING: gettext_lazy("The use of my data for advertising"),
        About.CHECKS: gettext_lazy("The checks of my rewards by a program"),
        About.NOTHING: gettext_lazy("Both"),
    },
    Kind.RECTIFICATION: {
        About.USERNAME: gettext_lazy("My name"),
        About.PHOTO: gettext_lazy("My photo"),
        About.EMAIL: gettext_lazy("My e-mail"),
        About.MONEY: gettext_lazy("An amount or a reward"),
        About.OTHER: gettext_lazy("Something else"),
    },
}
ABOUT_LABELS: dict[Kind, Promise] = {
    Kind.OBJECTION: gettext_lazy("What do you object to?"),
    Kind.RECTIFICATION: gettext_lazy("What is wrong?"),
}
DONE_WORDS: dict[tuple[Kind, About], Promise] = {
    (Kind.OBJECTION, About.MARKETING): gettext_lazy(
        "It is done: nothing of you is shown any more, and you are not written to for advertising. What you "
        "earned is still paid."
    ),
    (Kind.OBJECTION, About.CHECKS): gettext_lazy(
        "It is done: from now on a person looks at your rewards, not a program. What you earned is still paid."
    ),
    (Kind.OBJECTION, About.NOTHING): gettext_lazy(
        "It is done: nothing of you is shown any more, and a person looks at your rewards, not a program. What "
        "you earned is still paid."
    ),
    (Kind.RESTRICTION, About.NOTHING): gettext_lazy(
        "It is done: your data are kept and not used. What you earned is still paid."
    ),
    (Kind.WITHDRAWAL, About.NOTHING): gettext_lazy(
        "It is done: everything you allowed is taken back. What you earned is still paid."
    ),
    (Kind.RECTIFICATION, About.USERNAME): gettext_lazy(
        "Until this is settled your name is shown to nobody. What you earned is still paid."
    ),
    (Kind.RECTIFICATION, About.PHOTO): gettext_lazy(
        "Until this is settled your photo is shown to nobody. What you earned is still paid."
    ),
}
"""What a request from one's own page did at once, so that nothing is left to wait for but the answer. The mail
that confirms it says the same (``mail/parts/done_at_once.txt``)."""


EVENT_WORDS: dict[EventKind, Promise] = {
    EventKind.RECEIVED: gettext_lazy("We received it"),
    EventKind.ADDRESS_CONFIRMED: gettext_lazy("You confirmed your e-mail"),
    EventKind.LINKED_DUPLICATE: gettext_lazy("You asked for it again"),
    EventKind.IDENTITY_ASKED: gettext_lazy("We asked you a question"),
    EventKind.IDENTITY_GIVEN: gettext_lazy("We have what we asked for"),
    EventKind.CLARIFICATION_ASKED: gettext_lazy("We asked you a question"),
    EventKind.CLARIFIED: gettext_lazy("We have what we asked for"),
    EventKind.EXTENDED: gettext_lazy("We need more time"),
    EventKind.MESSAGE_TO_PERSON: gettext_lazy("We wrote to you"),
    EventKind.MESSAGE_FROM_PERSON: gettext_lazy("You wrote"),
    EventKind.PACK_READY: gettext_lazy("Your copy is ready"),
    EventKind.PACK_SENT: gettext_lazy("You took your copy"),
    EventKind.PACK_MADE: gettext_lazy("We made a copy to send to you"),
    EventKind.RECTIFIED: gettext_lazy("It was corrected"),
    EventKind.RESTRICTED: gettext_lazy("We stopped the use"),
    EventKind.RESTRICTION_LIFTED: gettext_lazy("The use may go on"),
    EventKind.LIFTING_TOLD: gettext_lazy("We told you when the use may go on"),
    EventKind.ERASED: gettext_lazy("We erased it"),
    EventKind.ANSWERED: gettext_lazy("We answered"),
    EventKind.IDENTIFIED: gettext_lazy("We know that it is you"),
    EventKind.PACK_STARTED: gettext_lazy("We are making your copy"),
    EventKind.PACK_GAP: gettext_lazy("A part of your copy could not be read yet"),
    EventKind.ERASURE_STARTED: gettext_lazy("Your erasure has begun"),
    EventKind.ERASURE_STOPPED: gettext_lazy("Your erasure was stopped"),
    EventKind.RECIPIENTS_TOLD: gettext_lazy("We told whoever had received it"),
    EventKind.RECIPIENTS_ANSWERED: gettext_lazy("Whoever had received it has answered"),
    EventKind.SLIP_GIVEN: gettext_lazy("You got a slip for what you earned"),
    EventKind.TRACES_GONE: gettext_lazy("The last traces in the database are gone"),
    EventKind.PAYMENT_LATE: gettext_lazy("Our payment was late"),
    EventKind.PAYMENT_PAID: gettext_lazy("We paid it"),
    EventKind.PAYMENT_MOVED: gettext_lazy("It comes in another way or on another day"),
}


def title_of(kind: Kind, about: About, door: Door | None = None) -> Promise:
    """What a request is called; what opened by itself is no request."""
    if door is Door.LATE_PAYMENT:
        return gettext_lazy("Our late payment")
    return TITLES.get((kind, about), KIND_WORDS[kind])


def signed_in(request: HttpRequest) -> ParticipantView | None:
    participant = session.read_participant(request)
    return participant if participant is not None and participant.erased_at is None else None


@require_http_methods(["GET", "HEAD", "POST"])
def my_request(request: HttpRequest, kind: str) -> HttpResponse:
    """One right of a participant who is signed in: a word if they like, and a button."""
    participant = signed_in(request)
    try:
        wanted = Kind(kind)
    except ValueError:
        raise Http404 from None
    if participant is None:
        return ask_to_sign_in(request, wanted)
    if wanted is Kind.SIGHTING:
        return redirect("my-sighting")
    assert wanted is not Kind.ERASURE, "it has a page of its own"
    form, refused = _form(request, asks_contact=False, kind=wanted), None
    if request.method == "POST" and form.is_valid():
        try:
            about = About(form.cleaned_data.get("about", ""))
            form_id = ids.read_id(request.POST.get("form_id", ""))
            opened = _ask(participant, wanted, about, form.cleaned_data["text"], form_id)
        except OnloanError as error:
            refused = error
            form.mark(error, "text")
        else:
            return sent_page(opened, wanted, participant.country, about=about)
    context = {
        "form": form,
        **merchant_context(participant.id),
        "title": KIND_WORDS[wanted],
        "help": KIND_HELP[wanted],
        "is_correction": wanted is Kind.RECTIFICATION,
        "is_copy": wanted in {Kind.ACCESS, Kind.PORTABILITY},
        "here": "requests",
        **authority_context(participant.country),
        **_contacts(refused),
    }
    response = _render(request, "requests/mine.html", context)
    session.forget_form(response, BACK_COOKIE)
    return response


def _contacts(refused: OnloanError | None) -> dict[str, object]:
    return contacts_context() if isinstance(refused, TooManyCases) else {}


def _ask(participant: ParticipantView, kind: Kind, about: About, text: str, form_id: UUID | None) -> OpenedCase:
    """Raises what ``open_case`` raises."""
    return open_case(
        case_id=form_id,
        kind=kind,
        about=about,
        country=participant.country,
        language=get_language() or "en",
        door=Door.MY_PAGE,
        text=text,
        participant_id=participant.id,
        now=clock.now(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def public_request(request: HttpRequest) -> HttpResponse:
    """The same for everybody: somebody who lost their link, or who never joined."""
    asked, refused = None, None
    if request.method == "POST":
        asked = read_request(request.POST, kinds=_public_kinds(), abouts=_public_abouts())
    if asked is not None:
        try:
            opened = take_in(
                kind=asked.kind,
                about=asked.about,
                country=asked.country,
                language=get_language() or "en",
                text=asked.text,
                email=asked.email,
                representative=asked.representative,
                case_id=asked.form_id,
                now=clock.now(),
            )
        except OnloanError as error:
            refused = error
        else:
            return sent_page(opened, asked.kind, asked.country, asked.email, about=asked.about)
    form = _form(request, asks_contact=True)
    if refused is not None:
        form.mark(refused, "email" if refused.field == "contact" else None)
    context = {"form": form, "here": "requests", **authorities_context(request), **_contacts(refused)}
    return _render(request, "requests/public.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def sent(request: HttpRequest) -> HttpResponse:
    """Received: its number, the last day for an answer, and who else can be asked.

    From the public page there is one thing more: the code from the mail, which says that it was their address.
    """
    noted = session.read_sealed(request, SENT_COOKIE)
    if noted is None:
        return redirect("requests")
    email = noted.get("email", "")
    again, asked_id = "", session.read_asked(noted.get("asked", ""))
    form = CodeForm(request.POST if request.method == "POST" and email else None, asks_email=False)
    if form.is_bound and "again" in request.POST:
        form = CodeForm(asks_email=False)
        again, asked_id = _send_new_code(noted)
    elif form.is_valid():
        try:
            confirm_address(
                case_id=UUID(noted["case"]),
                email=email,
                code=form.cleaned_data["code"],
                now=clock.now(),
                asked_id=asked_id,
            )
        except OnloanError as error:
            form.mark(error, "code")
        else:
            response = redirect("request-sent")
            session.save_sealed(response, SENT_COOKIE, {**noted, "email": "", "is_confirmed": "yes"})
            return response
    kind, about = Kind(noted["kind"]), About(noted.get("about", ""))
    context = {
        "form": form,
        "email": email,
        "done": DONE_WORDS.get((kind, about), "") if "is_own" in noted else "",
        "is_suppressed": "is_confirmed" in noted and (kind, about) == (Kind.OBJECTION, About.MARKETING),
        "can_change": "is_own" in noted and about in DISPUTED_ITEMS,
        "again": again,
        "is_confirmed": "is_confirmed" in noted,
        "own_case_id": UUID(noted["case"]) if "is_own" in noted else None,
        "is_repeated": "is_repeated" in noted,
        "title": title_of(kind, about),
        "is_complaint": kind is Kind.COMPLAINT,
        "reference": noted["reference"],
        "due_on": date.fromisoformat(noted["due_on"]),
        "here": "requests",
        **authority_context(noted["country"]),
    }
    page = _render(request, "requests/sent.html", context)
    if again and asked_id is not None:
        session.save_sealed(page, SENT_COOKIE, {**noted, "asked": session.write_asked(asked_id)})
    return page


def _send_new_code(noted: Mapping[str, str]) -> tuple[str, UUID | None]:
    """What the page says, and the code that was sent, if one was."""
    email, reference = noted["email"], noted["reference"]
    try:
        asked_id = send_new_code(
            email=email, reference=reference, language=get_language() or "en", now=clock.now()
        )
    except OnloanError as error:
        return str(error), None
    return gettext("A new code is on its way, unless five went within this hour."), asked_id


@cache
def _countries(language: str) -> list[tuple[str, str]]:
    """(code, name) of each country, by name."""
    named = sorted((country_name(code, language), code) for code in known_countries())
    return [(code, name) for name, code in named]


def _form(request: HttpRequest, *, asks_contact: bool, kind: Kind | None = None) -> RequestForm:
    language = get_language() or "en"
    data = None
    if request.method == "POST":
        data = request.POST.copy()
        if kind is not None:
            data["kind"] = kind.value
    about_of = kind or Kind.RECTIFICATION
    form = RequestForm(
        data,
        kinds=_kind_choices(),
        about_label=str(ABOUT_LABELS.get(about_of, "")),
        abouts=[(about.value, str(words_of)) for about, words_of in ABOUT_WORDS.get(about_of, {}).items()],
        countries=[("", gettext("Choose")), *_countries(language)],
        asks_contact=asks_contact,
        initial={"country": read_country(request)},
    )
    form.fields["text"].required = kind in NEEDS_TEXT
    form.fields["text"].error_messages["required"] = str(TextNeeded.sentence)
    if kind in NEEDS_TEXT:
        form.fields["text"].help_text = gettext("At most 4,000 characters.")
    if asks_contact:
        form.fields["text"].help_text = gettext(
            "At most 4,000 characters. If you complain, or want something corrected, say here what is wrong. For "
            "everything else you need not give a reason."
        )
    return form


def _kind_choices() -> list[tuple[str, str]]:
    """The list for everybody. An objection to advertising stands apart and first of the two (GDPR art. 21(4))."""
    choices: list[tuple[str, str]] = []
    for kind, words_of in KIND_WORDS.items():
        if kind is Kind.OBJECTION:
            choices.append((f"{kind}:{About.MARKETING}", gettext("Stop advertising with my data")))
        if kind in KIND_HELP:
            choices.append((kind.value, str(words_of)))
    return choices


@cache
def _public_kinds() -> frozenset[str]:
    return frozenset(value for value, _ in _kind_choices())


@cache
def _public_abouts() -> frozenset[str]:
    return frozenset(about.value for about in ABOUT_WORDS[Kind.RECTIFICATION])


def sent_page(
    opened: OpenedCase, kind: Kind, country: str, email: str = "", about: About = About.NOTHING
) -> HttpResponse:
    """To a page that can be reloaded without sending the request again; with an ``email`` it asks for the code."""
    response = HttpResponseRedirect(_sent_address(get_language() or "en"))
    noted = {
        "reference": opened.reference,
        "due_on": opened.legal_due_on.isoformat(),
        "kind": kind.value,
        "about": about.value,
        "country": country,
        "case": opened.case_id.hex,
        "email": email,
        **({} if email else {"is_own": "yes"}),
        **({"is_repeated": "yes"} if opened.is_repeated else {}),
        "asked": session.write_asked(opened.code_id),
    }
    session.save_sealed(response, SENT_COOKIE, noted)
    return response


@cache
def _sent_address(language: str) -> str:
    with override(language):
        return reverse("request-sent")


def authority_context(country: str) -> dict[str, object]:
    authority = market_facts(country).authority
    return {
        "authority": authority,
        "authority_name": words.authority(authority.short_name, get_language() or "en"),
    }


def _render(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    status = 422 if getattr(context.get("form"), "errors", None) else 200
    return render_page(request, template, {**merchant_context(), **context}, status=status, is_private=True)
