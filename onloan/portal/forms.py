"""The forms of the portal: what a person types, bounded, and kept as typed when something has to be mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from onloan import clock
from onloan.cases.errors import TextNeeded
from onloan.cases.rules import NEEDS_TEXT, Kind
from onloan.errors import OnloanError
from onloan.lines import plain_lines
from onloan.people.actions import normalize_email
from onloan.people.errors import EmailNotValid
from onloan.portal.middleware import body_bytes
from onloan.portal.uploads import uploads

EMAIL_LENGTH_MAX = 254
CODE_LENGTH_MAX = 24
NAME_LENGTH_MAX = 64
REQUEST_LENGTH_MAX = 4000
REPRESENTATIVE_LENGTH_MAX = 200
COMMENT_LENGTH_MAX = 2000
PAYEE_NAME_LENGTH_MAX = 140
SORT_CODE_LENGTH_MAX = 12
ACCOUNT_LENGTH_MAX = 64
PHOTO_BYTES_MAX = 10 * 1024 * 1024

ALLOW, DO_NOT_ALLOW = "allow", "do-not-allow"


class PlainForm(forms.Form):
    """A form whose fields speak plainly; errors of the things below stand at the field they name."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def summary(self) -> list[tuple[str, str]]:
        """Each error with the id of the control to mend; the id is empty for what no single field is about."""
        found = [("", str(error)) for error in self.non_field_errors()]
        for field in self:
            is_radio = isinstance(field.field.widget, forms.RadioSelect)
            control = f"{field.auto_id}_0" if is_radio else field.id_for_label
            found += [(control, str(error)) for error in field.errors]
        return found

    def mark(self, error: OnloanError, fallback: str | None = None) -> None:
        """Put ``error`` at the field it names, at ``fallback``, or above the form."""
        field = error.field if error.field in self.fields else fallback
        self.add_error(field, str(error))


class LinesField(forms.CharField):
    """A text of several lines, as long as it looks to whoever typed it."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return plain_lines(super().to_python(value) or "")


class EmailForm(PlainForm):
    """The first screen of joining: an address, and the code of whoever brought this person, if anybody."""

    email = forms.CharField(
        label=gettext_lazy("Your e-mail"),
        help_text=gettext_lazy("We send you a code, to be sure that it is yours."),
        max_length=EMAIL_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type your e-mail."),
            "max_length": gettext_lazy("This e-mail is too long."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
    )
    via = forms.CharField(
        label=gettext_lazy("The code of the person who invited you"),
        help_text=gettext_lazy("It is at the end of the link that they sent you."),
        required=False,
        max_length=CODE_LENGTH_MAX,
        error_messages={"max_length": gettext_lazy("This code is too long.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "code"}),
    )


class SignInForm(PlainForm):
    email = forms.CharField(
        label=gettext_lazy("Your e-mail"),
        help_text=gettext_lazy("The one that you joined with. We send a code to it."),
        max_length=EMAIL_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type your e-mail."),
            "max_length": gettext_lazy("This e-mail is too long."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
    )


class CodeForm(PlainForm):
    """The code from the mail. The e-mail is asked too where this browser does not know it any more."""

    email = SignInForm.base_fields["email"]
    code = forms.CharField(
        label=gettext_lazy("The code in our mail"),
        max_length=CODE_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type the code that we sent you."),
            "max_length": gettext_lazy("This code is too long."),
        },
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "class": "short",
                "spellcheck": "false",
                "autocapitalize": "characters",
            }
        ),
    )

    def __init__(self, *args: Any, asks_email: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_email:
            del self.fields["email"]


class PhotoForm(PlainForm):
    """A form with a picture in its field ``photo``."""

    def read_photo(self, request: Any, prepare: Callable[[bytes], bytes], sender: str) -> bytes | None:
        """The uploaded photo as it will be kept; None when there is none, or the field says why it was refused.
        ``sender`` is who may send so many, as ``Uploads`` takes it."""
        upload = self.cleaned_data.get("photo")
        if upload is None:
            if body_bytes(request) > PHOTO_BYTES_MAX:
                self.add_error("photo", gettext("This photo is larger than 10 MB. Choose a smaller one."))
            return None
        if upload.size > PHOTO_BYTES_MAX:
            self.add_error("photo", gettext("This photo is larger than 10 MB. Choose a smaller one."))
            return None
        try:
            uploads.admit(sender, clock.now())
            return prepare(upload.read())
        except OnloanError as error:
            self.mark(error, "photo")
            return None


class ProfileForm(PhotoForm):
    """The second screen: age as a yes, the name to show, a photo for those who want one."""

    over_age = forms.BooleanField(error_messages={})
    username = forms.CharField(
        label=gettext_lazy("A name to show"),
        help_text=gettext_lazy(
            "2 to 24 characters. It need not be your real name. Nobody sees it unless you allow it on the next "
            "screen."
        ),
        max_length=NAME_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type a name to show. It need not be your real name."),
            "max_length": gettext_lazy("This name is too long: at most 24 characters."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "nickname", "spellcheck": "false"}),
    )
    photo = forms.FileField(
        label=gettext_lazy("A photo of you"),
        help_text=gettext_lazy(
            "JPEG, PNG or WebP, at most 10 MB. Only you, and a photo that is yours. We make it smaller and remove "
            "where and when it was taken. Nobody sees it unless you allow it."
        ),
        required=False,
        max_length=255,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    drop_photo = forms.BooleanField(label=gettext_lazy("Leave the photo out after all"), required=False)

    def __init__(self, *args: Any, age_min: int, has_photo: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        age = self.fields["over_age"]
        age.label = gettext("I am %(age)d or over") % {"age": age_min}
        age.error_messages["required"] = gettext(
            "Tick this if you are %(age)d or over. Younger people cannot join, and we keep nothing about them."
        ) % {"age": age_min}
        if not has_photo:
            del self.fields["drop_photo"]


class AnswerForm(PlainForm):
    """The third screen: one question for each permission, two equal answers, none chosen beforehand."""

    version = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, permission_ids: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for permission_id in permission_ids:
            self.fields[f"answer-{permission_id}"] = forms.ChoiceField(
                choices=[(ALLOW, gettext("Allow")), (DO_NOT_ALLOW, gettext("Don't allow"))],
                widget=forms.RadioSelect,
                error_messages={
                    "required": gettext("Choose “Allow” or “Don't allow”. Your pot is the same either way."),
                    "invalid_choice": gettext("Choose “Allow” or “Don't allow”. Your pot is the same either way."),
                },
            )


def read_answers(data: Mapping[str, str], permission_ids: Sequence[str]) -> dict[str, bool] | None:
    """A yes or no for each permission, or None when one is missing or is neither: then ``AnswerForm`` says which.

    Read without a form, because this is the one that traffic multiplies.
    """
    sent = {permission_id: data.get(f"answer-{permission_id}") for permission_id in permission_ids}
    if any(answer not in {ALLOW, DO_NOT_ALLOW} for answer in sent.values()):
        return None
    return {permission_id: answer == ALLOW for permission_id, answer in sent.items()}


class RequestForm(PlainForm):
    """A right, or a complaint, from somebody who need not be signed in."""

    field_order = ("kind", "about", "text", "email", "country", "representative")

    kind = forms.ChoiceField(
        label=gettext_lazy("What do you want?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what you want."),
            "invalid_choice": gettext_lazy("Choose what you want."),
        },
    )
    about = forms.ChoiceField(
        widget=forms.RadioSelect,
        required=False,
        error_messages={
            "required": gettext_lazy("Choose what is wrong."),
            "invalid_choice": gettext_lazy("Choose one of the list."),
        },
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Where do you live?"),
        error_messages={
            "required": gettext_lazy("Choose a country."),
            "invalid_choice": gettext_lazy("Choose a country."),
        },
    )
    email = forms.CharField(
        label=gettext_lazy("Your e-mail"),
        help_text=gettext_lazy("We answer there. If you joined a campaign, take the one that you joined with."),
        max_length=EMAIL_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type the e-mail where we can answer."),
            "max_length": gettext_lazy("This e-mail is too long."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
    )
    text = LinesField(
        label=gettext_lazy("In your own words"),
        help_text=gettext_lazy("At most 4,000 characters. You need not give a reason."),
        required=False,
        max_length=REQUEST_LENGTH_MAX,
        error_messages={"max_length": gettext_lazy("This is longer than 4,000 characters. Please shorten it.")},
        widget=forms.Textarea(attrs={"rows": "6"}),
    )
    representative = forms.CharField(
        label=gettext_lazy("Your own name, if you write for somebody else"),
        help_text=gettext_lazy("Say above for whom. We ask you for their mandate before we tell you anything."),
        required=False,
        max_length=REPRESENTATIVE_LENGTH_MAX,
        error_messages={"max_length": gettext_lazy("This name is too long.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )

    def __init__(
        self,
        *args: Any,
        kinds: Sequence[tuple[str, str]],
        about_label: str,
        abouts: Sequence[tuple[str, str]],
        countries: Sequence[tuple[str, str]],
        asks_contact: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        kind, about, country = self.fields["kind"], self.fields["about"], self.fields["country"]
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(about, forms.ChoiceField)
        assert isinstance(country, forms.ChoiceField)
        kind.choices = list(kinds)
        if asks_contact:
            about.widget = forms.Select()
        about.choices = [("", gettext("Choose")), *abouts] if asks_contact else list(abouts)
        about.label = about_label
        country.choices = list(countries)
        if not abouts:
            del self.fields["about"]
        if not asks_contact:
            for name in ("email", "country", "representative"):
                del self.fields[name]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        try:
            normalize_email(email)
        except EmailNotValid as error:
            raise forms.ValidationError(str(error)) from None
        return email

    def clean(self) -> dict[str, Any]:
        """Whoever corrects something says what, and whoever complains; nothing else has to be about anything."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") == Kind.RECTIFICATION and cleaned.get("about") == "":
            self.add_error("about", str(self.fields["about"].error_messages["required"]))
        if cleaned.get("kind") in NEEDS_TEXT and cleaned.get("text") == "":
            self.add_error("text", str(TextNeeded.sentence))
        return cleaned


class PayeeForm(PlainForm):
    """Whose account to pay to. In pounds it is a sort code and a number, everywhere else an IBAN."""

    name = forms.CharField(
        label=gettext_lazy("Name of the account's holder"),
        help_text=gettext_lazy("Your own name, as it stands on the account. We pay to nobody else."),
        max_length=PAYEE_NAME_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type the name that stands on your account."),
            "max_length": gettext_lazy("This name is too long. Type it as your bank writes it."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )
    sort_code = forms.CharField(
        label=gettext_lazy("Sort code"),
        help_text=gettext_lazy("6 digits, such as 20-00-00."),
        max_length=SORT_CODE_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type the sort code of your account: 6 digits."),
            "max_length": gettext_lazy("A sort code has 6 digits, such as 20-00-00."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "spellcheck": "false"}),
    )
    account = forms.CharField(
        max_length=ACCOUNT_LENGTH_MAX,
        error_messages={"max_length": gettext_lazy("This is too long for an account.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account"]
        if currency == "GBP":
            account.label = gettext("Account number")
            account.help_text = gettext("8 digits. You find it on a bank card or statement.")
            account.error_messages["required"] = gettext("Type the number of your account: 8 digits.")
            account.widget.attrs["inputmode"] = "numeric"
        else:
            del self.fields["sort_code"]
            account.label = gettext("IBAN of the account")
            account.help_text = gettext("You find it on a bank statement or in your bank's app. Spaces are fine.")
            account.error_messages["required"] = gettext("Type the IBAN of your account.")

    def account_text(self) -> str:
        """The account as one text, for the rules that read it."""
        sort_code = self.cleaned_data.get("sort_code", "")
        return f"{sort_code} {self.cleaned_data['account']}".strip()


class CommentForm(PlainForm):
    """What a person says to whoever decides about a reward that is being looked at."""

    text = LinesField(
        label=gettext_lazy("In your own words"),
        help_text=gettext_lazy("At most 2,000 characters. Only the people who decide read it."),
        max_length=COMMENT_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Write a word or two, so that somebody can take it into account."),
            "max_length": gettext_lazy("This is longer than 2,000 characters. Please shorten it."),
        },
        widget=forms.Textarea(attrs={"rows": "6"}),
    )


class SightingForm(PhotoForm):
    """What somebody saw of themselves: what, where, when, and an address or a picture of it."""

    market = forms.ChoiceField(
        label=gettext_lazy("Which campaign is it about?"),
        error_messages={
            "required": gettext_lazy("Choose a campaign."),
            "invalid_choice": gettext_lazy("Choose a campaign."),
        },
    )
    item = forms.ChoiceField(
        label=gettext_lazy("What did you see?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what you saw."),
            "invalid_choice": gettext_lazy("Choose what you saw."),
        },
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Where?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose where you saw it."),
            "invalid_choice": gettext_lazy("Choose where you saw it."),
        },
    )
    seen_on = forms.DateField(
        label=gettext_lazy("When did you see it?"),
        error_messages={
            "required": gettext_lazy("Choose the day on which you saw it."),
            "invalid": gettext_lazy("Write the day as year-month-day, such as 2026-05-03."),
        },
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    address = forms.CharField(
        label=gettext_lazy("Its address"),
        help_text=gettext_lazy("Copied from your browser. An address or a picture is enough."),
        required=False,
        max_length=500,
        error_messages={"max_length": gettext_lazy("This address is too long.")},
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    photo = forms.FileField(
        label=gettext_lazy("A picture of it"),
        help_text=gettext_lazy(
            "A photo or a screenshot: JPEG, PNG or WebP, at most 10 MB. We make it smaller, keep it encrypted and "
            "use it to answer you."
        ),
        required=False,
        max_length=255,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    words = LinesField(
        label=gettext_lazy("Anything else we should know"),
        required=False,
        max_length=2000,
        error_messages={"max_length": gettext_lazy("This is longer than 2,000 characters. Please shorten it.")},
        widget=forms.Textarea(attrs={"rows": "4"}),
    )

    def __init__(
        self, *args: Any, choices: Mapping[str, Sequence[tuple[str, str]]], asks_campaign: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, listed in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = list(listed)
        if not asks_campaign:
            del self.fields["market"]
