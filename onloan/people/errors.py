"""What goes wrong with a person's address, code, name or photo, in words that help."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onloan.errors import OnloanError


class EmailNotValid(OnloanError):
    code = "E-EMAIL"
    status = 422
    sentence = _("This is not an e-mail address we can write to. Please check it: name@example.org")


class EmailTaken(OnloanError):
    code = "E-EMAIL-TAKEN"
    status = 409
    sentence = _("This address has joined this campaign already. Sign in with it, or choose another one.")


class LanguageNotOffered(OnloanError):
    code = "E-LANGUAGE"
    status = 422
    sentence = _("This campaign does not write in that language. Please choose one of the list.")


class CodeNotValid(OnloanError):
    code = "E-CODE"
    status = 422
    sentence = _("This code is wrong or too old. Please check its digits, or ask for a new one.")


class CodesBusy(OnloanError):
    code = "E-CODES-BUSY"
    status = 503
    sentence = _("Very many people are asking for a code right now. Please try again in a minute.")


class EmailNotConfirmed(OnloanError):
    code = "E-EMAIL-NOT-CONFIRMED"
    status = 403
    sentence = _("Your e-mail address is not confirmed, or that was too long ago. Please ask for a new code.")


class DraftTooLarge(OnloanError):
    code = "E-DRAFT"
    status = 413
    sentence = _("We could not keep this form for later: it is too large. Please send it as it is.")


class UsernameNotValid(OnloanError):
    code = "E-USERNAME"
    status = 422
    sentence = _(
        "Please choose a name of 2 to 24 letters or digits. Dots, dashes and spaces may stand between them;"
        " web addresses, e-mail addresses and phone numbers may not."
    )


class PhotoNotReadable(OnloanError):
    code = "E-PHOTO"
    status = 422
    sentence = _("We could not read this photo. Please choose a JPEG, PNG or WebP picture.")


class PhotoTooLarge(OnloanError):
    code = "E-PHOTO-SIZE"
    status = 413
    sentence = _("This photo is too large. Please choose one of at most 10 MB and {megapixels} megapixels.")


class PhotoBusy(OnloanError):
    code = "E-PHOTO-BUSY"
    status = 503
    sentence = _("We are making other photos smaller right now. Please send yours again in a few seconds.")


class TooManyPhotos(OnloanError):
    code = "E-PHOTO-LIMIT"
    status = 429
    sentence = _("You have sent many photos within an hour. Please wait a while before you send another one.")
