"""What I gave: the name, the photo, the address and the language, each changed here and everywhere at once."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.cases.rectifying import rectify_email, rectify_photo, rectify_username
from onloan.errors import OnloanError
from onloan.people.actions import check_code, normalize_email
from onloan.people.change_queries import list_changes, list_lookups
from onloan.people.changes import change_language, list_languages, send_change_code
from onloan.people.photos import prepare_photo
from onloan.people.queries import ParticipantView, find_participant, list_disputed, read_items
from onloan.portal import session
from onloan.portal.cases import signed_in
from onloan.portal.done import go_and_say, read_done
from onloan.portal.forms import PlainForm
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.pictures import photo_address
from onloan.portal.profile_forms import FORMS, ChangedPhotoForm
from onloan.portal.session import CHANGE_COOKIE, FormState

CHANGED_WORDS: dict[str, Promise] = {
    "username": gettext_lazy("Name to show"),
    "profile_photo": gettext_lazy("Photo"),
    "email": gettext_lazy("E-mail"),
    "language": gettext_lazy("Language"),
}
DONE_WORDS: dict[str, Promise] = {
    "name": gettext_lazy("Done. The new name stands wherever you allow it, from now on."),
    "photo": gettext_lazy("Done. The new photo stands wherever you allow it, from now on."),
    "name-again": gettext_lazy(
        "Done. The new name is kept. What you had allowed with the old one has ended: allow it again on your "
        "page, if you like."
    ),
    "photo-again": gettext_lazy(
        "Done. The new photo is kept. What you had allowed with the old one has ended: allow it again on your "
        "page, if you like."
    ),
    "remove": gettext_lazy("Done. Your photo is removed."),
    "email": gettext_lazy("We sent a code to the new address. Type it below."),
    "code": gettext_lazy("Done. We write to the new address from now on, and told the old one."),
    "language": gettext_lazy("Done. We write to you in this language from now on."),
    "same": gettext_lazy("That is what we had already. Nothing was changed."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    step = request.POST.get("step", "") if request.method == "POST" else ""
    waiting = _read_waiting(request, participant)
    forms = _forms(request, participant, step)
    if step in _STEPS:
        form = forms.get(step)
        if form is None or form.is_valid():
            try:
                return _STEPS[step](request, participant, form)
            except OnloanError as error:
                if form is None:
                    raise
                form.mark(error, next(iter(form.fields)))
        if form is not None and form.errors:
            return _render(request, participant, forms, waiting, form)
    return _render(request, participant, forms, waiting, None)


def _forms(request: HttpRequest, participant: ParticipantView, step: str) -> dict[str, PlainForm]:
    """Each form of the page; only the one that was sent is filled with what was sent."""
    names = dict(settings.LANGUAGES)
    languages = [(code, names[code]) for code in list_languages(participant) if code in names]
    initial = {
        "name": {"username": read_items(participant.id, ["username"]).get("username", b"").decode()},
        "language": {"language": participant.language},
    }
    found: dict[str, PlainForm] = {}
    for name, make in FORMS.items():
        sent = (request.POST, request.FILES) if name == step else (None, None)
        found[name] = make(*sent, auto_id=f"id_{name}_%s", initial=initial.get(name))
    if len(languages) > 1:
        found["language"].fields["language"].choices = languages  # type: ignore[attr-defined]
    else:
        del found["language"]
    return found


def _change_name(request: HttpRequest, participant: ParticipantView, form: PlainForm | None) -> HttpResponse:
    assert form is not None
    name = form.cleaned_data["username"]
    step = "name-again" if "username" in list_disputed(participant.id) else "name"
    is_changed = rectify_username(participant_id=participant.id, username=name, now=clock.now())
    return _done(participant, step, is_changed)


def _change_photo(request: HttpRequest, participant: ParticipantView, form: PlainForm | None) -> HttpResponse:
    assert isinstance(form, ChangedPhotoForm)
    photo = form.read_photo(request, prepare_photo, participant.id.hex)
    if photo is None:
        forms = {**_forms(request, participant, ""), "photo": form}
        return _render(request, participant, forms, _read_waiting(request, participant), form)
    step = "photo-again" if "profile_photo" in list_disputed(participant.id) else "photo"
    is_changed = rectify_photo(participant_id=participant.id, photo=photo, now=clock.now())
    return _done(participant, step, is_changed)


def _remove_photo(request: HttpRequest, participant: ParticipantView, form: PlainForm | None) -> HttpResponse:
    return _done(participant, "remove", rectify_photo(participant_id=participant.id, photo=None, now=clock.now()))


def _ask_for_code(request: HttpRequest, participant: ParticipantView, form: PlainForm | None) -> HttpResponse:
    assert form is not None
    email = normalize_email(form.cleaned_data["email"])
    asked_id = send_change_code(participant_id=participant.id, email=email, now=clock.now())
    response = _done(participant, "email", True)
    state = FormState(email, place=participant.id.hex, asked_id=session.write_asked(asked_id))
    session.save_form(response, CHANGE_COOKIE, state)
    return response


def _read_waiting(request: HttpRequest, participant: ParticipantView) -> FormState | None:
    """The new address whose code this participant is to type, and nobody else on this device."""
    state = session.read_form(request, CHANGE_COOKIE)
    return state if state is not None and state.place == participant.id.hex else None


def _change_email(request: HttpRequest, participant: ParticipantView, form: PlainForm | None) -> HttpResponse:
    waiting = _read_waiting(request, participant)
    if form is None or waiting is None:
        return redirect("profile")
    now = clock.now()
    verified = check_code(
        email=waiting.email, code=form.cleaned_data["code"], purpose="change", now=now, asked_id=waiting.asked
    )
    is_changed = rectify_email(
        participant_id=participant.id, email=verified.email, code_id=verified.code_id, now=now
    )
    response = _done(participant, "code", is_changed)
    session.forget_form(response, CHANGE_COOKIE)
    changed = find_participant(participant.id)
    if changed is not None:
        # Every other device is signed out.
        session.sign_in(response, changed)
    return response


def _change_language(request: HttpRequest, participant: ParticipantView, form: PlainForm | None) -> HttpResponse:
    if form is None:
        return redirect("profile")
    language = form.cleaned_data["language"]
    is_changed = change_language(participant_id=participant.id, language=language, now=clock.now())
    return _done(participant, "language", is_changed)


_STEPS: dict[str, Callable[[HttpRequest, ParticipantView, PlainForm | None], HttpResponse]] = {
    "name": _change_name,
    "photo": _change_photo,
    "remove": _remove_photo,
    "email": _ask_for_code,
    "code": _change_email,
    "language": _change_language,
}


def _done(participant: ParticipantView, step: str, is_changed: bool) -> HttpResponse:
    return go_and_say(reverse("profile"), step if is_changed else "same", participant)


def _render(
    request: HttpRequest,
    participant: ParticipantView,
    forms: dict[str, PlainForm],
    waiting: FormState | None,
    form: PlainForm | None,
) -> HttpResponse:
    campaign = campaign_for(participant)
    items = read_items(participant.id, ["email", "profile_photo"])
    photo = items.get("profile_photo")
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "forms": forms,
        "form": form,
        "photo": photo_address(photo) if photo is not None else "",
        "email": items.get("email", b"").decode(),
        "waiting": waiting.email if waiting is not None else "",
        "changes": [(CHANGED_WORDS[line.name], line) for line in list_changes(participant.id)],
        "lookups": list_lookups(participant.id),
        "done": DONE_WORDS.get(read_done(request, participant), ""),
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "me/profile.html", context, status=status, colour=campaign.colour, is_private=True)
