"""The forms of the page on which a person changes what they gave."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from onloan.portal.forms import CodeForm, PhotoForm, PlainForm, ProfileForm, SignInForm


class ChangedNameForm(PlainForm):
    username = forms.CharField(
        label=gettext_lazy("A name to show"),
        help_text=gettext_lazy(
            "2 to 24 characters. It need not be your real name. It is shown where you allow it."
        ),
        max_length=ProfileForm.base_fields["username"].max_length,  # type: ignore[attr-defined]
        error_messages={
            "required": gettext_lazy("Type a name to show. It need not be your real name."),
            "max_length": gettext_lazy("This name is too long: at most 24 characters."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "nickname", "spellcheck": "false"}),
    )


class ChangedPhotoForm(PhotoForm):
    photo = forms.FileField(
        label=gettext_lazy("Another photo"),
        help_text=gettext_lazy(
            "JPEG, PNG or WebP, at most 10 MB. We make it smaller and remove where and when it was taken."
        ),
        max_length=255,
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a photo.")},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    is_mine = forms.BooleanField(
        label=gettext_lazy("Only I am on it, and the photo is mine"),
        error_messages={"required": gettext_lazy("Tick this, or choose a photo that shows only you.")},
    )


class ChangedEmailForm(PlainForm):
    email = forms.CharField(
        label=gettext_lazy("Another e-mail"),
        help_text=gettext_lazy("We send a code to it, and tell the old address."),
        max_length=SignInForm.base_fields["email"].max_length,  # type: ignore[attr-defined]
        error_messages=SignInForm.base_fields["email"].error_messages,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
    )


class ChangeCodeForm(PlainForm):
    code = CodeForm.base_fields["code"]


class LanguageForm(PlainForm):
    language = forms.ChoiceField(
        label=gettext_lazy("We write to you in"),
        error_messages={
            "required": gettext_lazy("Choose a language."),
            "invalid_choice": gettext_lazy("Choose a language of the list."),
        },
    )


FORMS: dict[str, type[PlainForm]] = {
    "name": ChangedNameForm,
    "photo": ChangedPhotoForm,
    "email": ChangedEmailForm,
    "code": ChangeCodeForm,
    "language": LanguageForm,
}
