"""Words that nothing which goes to a person may hold: offers for giving a right up, detours before the authority,
demands for an identity document. Pure; in the two languages of the pages, accents folded."""

from __future__ import annotations

import re
import unicodedata

_MATTER = (
    r"(complaint|request|claim|case|objection|matter|plainte|reclamation|demande|dossier|affaire|opposition)s?"
)
_WORTH = (
    r"(goodwill|voucher|gift card|refund|store credit|bonus|compensation|free (gift|month)|[£€] ?\d+|"
    r"\d+([.,]\d+)? ?(€|£|euros?|pounds?)|geste commercial|bons? d'achat|bons? cadeau|cadeau|dedommagement|avoir)"
)
_WORTH_NAMED = rf"({_WORTH}|\bbons?\b)"
_BUY_OFF = re.compile(
    # A condition: "if you drop it", "si vous retirez votre plainte". Taking a permission back is none.
    r"\b(if|provided( that)?|once|as soon as|on condition that|subject to) you (agree to |would )?"
    rf"((drop|retract|abandon|waive)|(withdraw|close|cancel|take back|give up) (\w+ ){{0,3}}{_MATTER})\b"
    r"|\b(si|des que|lorsque|quand|a condition que|pourvu que|sous reserve que) vous (acceptez de |acceptiez de )?"
    rf"(abandonn\w+|renonc\w+|desist\w+|(retir\w+|annul\w+|clotur\w+) (\w+ ){{0,3}}{_MATTER})\b"
    # An exchange: "in return for your silence", "en contrepartie du retrait".
    r"|\b(in (exchange|return) for|in consideration of) "
    rf"(\w+ ){{0,4}}(withdraw\w*|dropping|closing|silence|{_MATTER})\b"
    r"|\b(en (echange|contrepartie)|moyennant) (de |du |d'|le |la |l'|votre )*"
    rf"(\w+ ){{0,2}}(retrait|silence|renonciation|abandon|desistement|discretion|{_MATTER})\b"
    # The same with the verb: "in exchange for a voucher, drop your complaint", "en échange d'un bon, renoncez à".
    r"|\b(in (exchange|return) for|in consideration of) [^.!?]{1,60}?\b(drop|withdraw|abandon|close|give up) "
    rf"(\w+ ){{0,3}}{_MATTER}\b"
    r"|\b(en (echange|contrepartie)|moyennant) [^.!?]{1,60}?\b(renonc|retir|abandonn|clotur)\w* "
    rf"(\w+ ){{0,3}}{_MATTER}\b"
    # Something of worth that waits for the end of it: "waits for you once your complaint is withdrawn".
    rf"|{_WORTH_NAMED}[^.!?]{{0,80}}\b(once|as soon as|when|if|after) (\w+ ){{0,2}}{_MATTER} (is|has been|are) "
    r"(withdrawn|dropped|closed|abandoned)\b"
    rf"|{_WORTH_NAMED}[^.!?]{{0,80}}\b(des que|lorsque|quand|si|une fois( que)?) (\w+ ){{0,2}}{_MATTER} "
    r"((est|sera|a ete|sont) )?(retire|abandonne|cloture|close)\w*"
    # Something of worth, so that an end comes to it.
    rf"|{_WORTH}.{{0,80}}\b(so that|in order|to|and) (we |you |can |consider )*(close|settle|drop|end|forget) "
    rf"(\w+ ){{0,3}}{_MATTER}\b"
    rf"|{_WORTH}.{{0,80}}\b(pour|afin de|afin que|et) (que )?(vous |nous )?"
    rf"(clore|clotur\w+|regl\w+|mettre fin|oubli\w+) (\w+ ){{0,3}}{_MATTER}\b"
    # Settlements, and promises to keep silent.
    r"|\bfull and final settlement|\bsettle\w* (of )?(all|any) |pour solde de tout compte|accord transactionnel"
    r"|non-?disclosure|\bNDA\b|confidentiality (agreement|clause|undertaking)"
    r"|(accord|clause|engagement) de (confidentialite|non-?divulgation)"
    r"|\byou (will|agree|must|shall|undertake|promise)( to)? (not|never)( to)? "
    r"(tell|speak|talk|post|publish|disclose)"
    r"|\bvous (vous engagez|acceptez|promettez) (a |de )?(ne |n')"
    r"|\byou (hereby )?(waive|renounce)\b|\bwaiv(e|ing) (your|all|any) |\bvous renoncez a (vos|toute?s?|votre) ",
    re.IGNORECASE | re.DOTALL,
)
_BAR = re.compile(
    r"(?<!not )\b(must|have to|need to) (first )?(contact|ask|write to) us( first)?|contact us first"
    r"|\b(please|merci de|veuillez) [^.!?]{0,30}\b(us|nous)\b[^.!?]{0,30}\b(before|avant)\b[^.!?]{0,20}"
    r"\b(complain\w*|plainte|reclamation)"
    r"|\bbefore (you )?(contact|complain)"
    r"|\b(devez|il faut) (d'abord )?nous (contacter|ecrire|demander)|d'abord nous|\bavant de saisir",
    re.IGNORECASE,
)
_DOCUMENT = (
    r"(identity (card|document|paper)s?|\bid[- ](card|document|proof|paper|scan|copy)|photo id\b"
    r"|proof of (your )?(identity|id)\b|passports?|driv(ing|er'?s?) licen[cs]e|residence permit|birth certificate"
    r"|cartes? (nationales? )?d'identite|\bCNI\b|pieces? d'identite|justificatifs? d'identite|passeports?"
    r"|titres? de sejour|permis de conduire|actes? de naissance)"
)
_COPY = r"(cop(y|ies|ied|ie|ier)|photocop\w+|scan\w*|photo(graph\w*|s)?|picture|fax\w*|numeris\w+|recto)"
_DOCUMENT_NAMED = re.compile(_DOCUMENT, re.IGNORECASE)
_DOCUMENT_COPIED = re.compile(rf"\b{_COPY}\b.{{0,40}}{_DOCUMENT}|{_DOCUMENT}.{{0,40}}\b{_COPY}\b", re.IGNORECASE)


def find_buy_off(text: str) -> str | None:
    """The words that offer something for giving a right or a complaint up (LR-090)."""
    return _find(_BUY_OFF, text)


def find_bar(text: str) -> str | None:
    """The words that send people to us before they may go to the authority (LR-098)."""
    return _find(_BAR, text)


def find_identity_document(text: str) -> str | None:
    """The words that name an identity document: nobody is asked for one (LR-077)."""
    return _find(_DOCUMENT_NAMED, text)


def find_identity_copy(text: str) -> str | None:
    """The words that speak of a copy of one: a card may be looked at where somebody comes, and is not copied."""
    return _find(_DOCUMENT_COPIED, text)


def _find(pattern: re.Pattern[str], text: str) -> str | None:
    """What matched, as it was written: folding keeps each letter in its place."""
    written = unicodedata.normalize("NFC", " ".join(text.split()))
    found = pattern.search("".join(_fold(letter) for letter in written))
    return written[found.start() : found.end()] if found is not None else None


def _fold(letter: str) -> str:
    return "'" if letter == "’" else unicodedata.normalize("NFKD", letter)[0]
