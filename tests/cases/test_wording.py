"""Words that may not go out, on real sentences in both languages: what must fail, and what must pass."""

from __future__ import annotations

import pytest

from onloan.cases.wording import find_bar, find_buy_off, find_identity_copy, find_identity_document

BOUGHT_OFF = [
    "We will pay you ten euros if you withdraw your complaint.",
    "We can offer you a £20 voucher if you drop the matter.",
    "As a gesture of goodwill we send a gift card so that we can close your complaint.",
    "We will refund you in exchange for withdrawing your request.",
    "Provided that you agree to withdraw your request, we send the photo back.",
    "Once you have signed the NDA we will answer.",
    "Please sign this non-disclosure agreement.",
    "This is in full and final settlement of your claims.",
    "You agree not to tell anybody about this.",
    "By accepting, you waive your right to complain.",
    "Nous versons dix euros si vous retirez votre plainte.",
    "Nous vous offrons un bon d'achat de 20 € si vous abandonnez votre réclamation.",
    "Si vous renoncez à votre demande, nous vous versons 10 euros.",
    "En contrepartie du retrait de votre plainte, nous vous versons 50 euros.",
    "Un geste commercial de 30 € pour clore votre dossier.",
    "Vous vous engagez à ne pas en parler.",
    "Le paiement vaut pour solde de tout compte.",
    "In exchange for a voucher, drop your complaint.",
    "A 20 euro voucher waits for you once your complaint is withdrawn.",
    "En échange d'un bon, renoncez à votre réclamation.",
    "Un bon de 20 € vous attend dès que votre plainte est retirée.",
    "Nous vous remercions de signer l’accord de confidentialité.",
]
HONEST = [
    "If you withdraw a permission, you keep what you earned.",
    "You can withdraw your complaint at any time; it costs nothing.",
    "Your voucher of 10 € stays good if you show it before 30 May.",
    "We did not disclose your photo to anyone.",
    "We closed your account and paid the 20 € that you had earned.",
    "Your complaint was right: the £5 voucher that was missing has been sent to you.",
    "You do not have to ask us first.",
    "Si vous retirez une autorisation, vous gardez tout ce que vous avez gagné.",
    "Votre bon d'achat de 10 € reste valable si vous le présentez avant le 30 mai.",
    "Nous avons retiré votre photo et clôturé la demande.",
    "Vos 20 € vous seront payés le 3 mai.",
    "Nous regrettons cette erreur ; les 20 € que vous avez gagnés ont été payés.",
    "Vous pouvez saisir la CNIL sans nous le demander.",
    "You got a voucher in return for your post; your complaint is still open.",
    "Your voucher stays good when your request is answered.",
    "Please tell us what you saw before you left the shop.",
    "Votre bon reste valable lorsque votre demande est traitée.",
    "Merci de nous dire ce que vous avez vu avant votre départ.",
]


@pytest.mark.parametrize("sentence", BOUGHT_OFF)
def test_no_right_is_bought_off(sentence: str) -> None:
    assert find_buy_off(sentence), sentence


@pytest.mark.parametrize("sentence", HONEST)
def test_an_honest_sentence_passes(sentence: str) -> None:
    assert find_buy_off(sentence) is None
    assert find_bar(sentence) is None


def test_the_words_are_shown_as_they_were_written() -> None:
    assert find_buy_off("C'est un  geste commercial de 5 € pour\nclore votre réclamation.") == (
        "geste commercial de 5 € pour clore votre réclamation"
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "You must contact us first before you complain to anybody else.",
        "Please ask us before you complain to the authority.",
        "Please contact us first, before any complaint to the authority.",
        "Merci de nous contacter d'abord, avant toute plainte à la CNIL.",
        "Vous devez d'abord nous écrire.",
        "Écrivez-nous avant de saisir la CNIL.",
    ],
)
def test_nobody_is_sent_to_us_first(sentence: str) -> None:
    assert find_bar(sentence), sentence


def test_an_identity_document_is_found_and_a_public_id_is_none() -> None:
    for question in (
        "Please send a scan of your ID card.",
        "Could you show your passport?",
        "We need a proof of identity.",
        "Merci d'envoyer une copie de votre pièce d’identité.",
        "Une photo de votre carte d'identité, recto et verso.",
        "Votre titre de séjour, s'il vous plaît.",
    ):
        assert find_identity_document(question), question
    for question in (
        "What is your public id?",
        "With which e-mail address did you join?",
        "Quelle personne avez-vous invitée en mai ?",
        "Dans quelle ville avez-vous utilisé votre bon ?",
    ):
        assert find_identity_document(question) is None, question
    assert find_identity_copy("They sent a copy of their identity card.")
    assert find_identity_copy("Carte d'identité, photocopie jointe au dossier.")
    assert find_identity_copy("She showed her passport at the counter; nothing was kept.") is None
