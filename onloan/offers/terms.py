"""The terms of a market, written from the offer alone: what is said here is what the program does."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext, override

from onloan.markets.rules import MarketFacts, country_name, market_facts
from onloan.offers import wording
from onloan.offers.blocks import Section, Table, Terms
from onloan.offers.conditions import pool_sentence, reward_lines
from onloan.offers.consent import permission_sentence
from onloan.offers.document import Offer
from onloan.offers.headline import headline
from onloan.offers.rules import ACCOUNT_PAID_DAYS, ASK_AGAIN_DAYS, REVIEW_DAYS, VOUCHER_WARNING_DAYS
from onloan.offers.vocabulary import EVENTS, said
from onloan.offers.wording import written_day


def render_terms(offer: Offer, country: str, language: str) -> Terms:
    """The terms of ``country`` in ``language``, one of ``TEXT_LANGUAGES``. Raises KeyError "
    "for another country."""
    facts = market_facts(country)
    with override(language):
        title = gettext("Terms: %(title)s") % {"title": said(offer.title, language)}
        return Terms(title=title, sections=tuple(write(offer, facts, language) for write in _SECTIONS))


def _who(offer: Offer, facts: MarketFacts, language: str) -> Section:
    controller = offer.controller
    return Section(
        "who",
        gettext("Who offers this"),
        (
            f"{controller.name}, {controller.address}, {controller.email}",
            gettext("%(name)s runs this campaign and answers for it.") % {"name": controller.name},
        ),
    )


def _earn(offer: Offer, facts: MarketFacts, language: str) -> Section:
    rows = tuple(
        (f"{line.amount} {line.nature}", line.condition, line.limit, line.when)
        for line in reward_lines(offer, facts.country, language)
    )
    head = (gettext("What"), gettext("What for"), gettext("How often"), gettext("When"))
    return Section(
        "earn",
        gettext("What you can earn"),
        (
            headline(offer, facts.country, language) + ".",
            gettext("These are the amounts that you receive. We take nothing off."),
        ),
        table=Table(head, rows),
    )


def _dates(offer: Offer, facts: MarketFacts, language: str) -> Section:
    terms = offer.markets[facts.country]
    first = gettext("You can join from %(first)s to the end of %(last)s, by the clock of %(place)s.") % {
        "first": written_day(terms.opens_on, language),
        "last": written_day(terms.closes_on, language),
        "place": wording.time_zone_place(terms, language),
    }
    if terms.notice_days is None:
        moved = gettext("These days do not move.")
    else:
        moved = gettext("We may set an earlier last day, but we say so here %(notice)s before.") % {
            "notice": wording.days(terms.notice_days)
        }
    country = gettext("Country: %(country)s.") % {"country": country_name(facts.country, language)}
    return Section("dates", gettext("When and where"), (first, moved, country))


def _people(offer: Offer, facts: MarketFacts, language: str) -> Section:
    points = [
        gettext("You are %(age)d or over.") % {"age": offer.markets[facts.country].age_min},
        gettext("You join once. One person has one pot."),
        gettext("It costs nothing to join, to invite and to be paid."),
    ]
    if EVENTS[offer.referral.event].is_purchase:
        points.append(
            gettext(
                "A friend counts by an ordinary order of their own. You yourself do not have to order anything."
            )
        )
    return Section("people", gettext("Who can take part"), points=tuple(points))


def _how(offer: Offer, facts: MarketFacts, language: str) -> Section:
    referral = offer.referral
    event = {
        "signs_up": wording.friend_does(offer, facts.country, language),
        "qualify": wording.days(referral.qualify_days),
    }
    settled = gettext("It counts %(settle)s later.") % {"settle": wording.days(referral.settle_days)}
    per_day = wording.friends_per_day(referral, language)
    points = (
        gettext("You join with your e-mail and a name to show. You get a link and a code."),
        gettext("You send them yourself, in your own words, to people you know. We never write to your friends."),
        gettext("A friend joins through your link or with your code, at most %(window)s after you joined.")
        % {"window": wording.days(referral.window_days)},
        gettext("Your friend then %(signs_up)s, at most %(qualify)s after joining.") % event,
        settled if referral.settle_days else gettext("It counts at once."),
        *([per_day] if per_day else []),
        gettext(
            "Only people whom you invited yourself count for you, and your own link never counts for yourself."
        ),
    )
    return Section("how", gettext("How it works"), points=points)


def _paid(offer: Offer, facts: MarketFacts, language: str) -> Section:
    terms = offer.markets[facts.country]
    rules = [rule for rule in offer.rewards if facts.country in rule.amounts]
    kinds = {rule.kind for rule in rules}
    has_choice = any(rule.or_voucher_days is not None for rule in rules)
    named = {"merchant": offer.controller.name, "payout": wording.days(terms.payout_days)}
    paragraphs = [gettext("Being paid costs nothing, and you do not have to buy anything for it.")]
    if "cash" in kinds:
        paragraphs += [
            gettext("%(merchant)s pays cash at most %(payout)s after it counted, and asks where to pay only then.")
            % named,
            gettext(
                "You choose how: into an account in your own name, or by a slip that you take to %(merchant)s, "
                "which pays it out in cash. No amount is too small to be paid, and your page shows the day of "
                "each payment."
            )
            % named,
            gettext(
                "If you tell us only later where to pay, we pay at most %(late)s after that. You lose nothing."
            )
            % {"late": wording.days(ACCOUNT_PAID_DAYS)},
        ]
    if has_choice:
        paragraphs.append(
            gettext(
                "Where the table says so, you may take cash as a voucher of the same amount. Only you choose it, "
                "for each amount once. A voucher does not turn back into cash."
            )
        )
    if "voucher" in kinds or has_choice:
        first, second = VOUCHER_WARNING_DAYS
        paragraphs += [
            gettext("A voucher is on your page from the moment it counts. You use it with %(merchant)s.") % named,
            gettext(
                "You can spend it bit by bit. It ends on the day that your page shows; we write to you %(first)s "
                "and %(second)s before."
            )
            % {"first": wording.days(first), "second": wording.days(second)},
        ]
    if "fulfilled" in kinds:
        paragraphs.append(gettext("%(merchant)s adds credit at most %(payout)s after it counted.") % named)
    return Section("paid", gettext("How you are paid"), tuple(paragraphs))


def _pool(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section(
        "pool",
        gettext("The money that is set aside"),
        (
            pool_sentence(offer, facts.country, language),
            gettext("When no full pot is free any more, nobody new can join, and the page says so."),
            gettext(
                "A person whom you invited can still join then and counts for you. They are told "
                "beforehand that no pot is left for them."
            ),
        ),
    )


def _permissions(offer: Offer, facts: MarketFacts, language: str) -> Section:
    title = gettext("What you may allow")
    if not offer.permissions:
        return Section(
            "permissions", title, (gettext("We ask you to allow nothing. Nothing about you is shown."),)
        )
    return Section(
        "permissions",
        title,
        (
            gettext("Separately, and for no reward, we ask whether we may show something:"),
            wording.same_pot_statement(),
            wording.optional_statement(),
        ),
        tuple(permission_sentence(permission, language) for permission in offer.permissions),
    )


def _no_claim(offer: Offer, facts: MarketFacts, language: str) -> Section:
    """The fixed clause ``no_claim_on_withdrawal`` (LR-013)."""
    return Section(
        "no_claim_on_withdrawal",
        gettext("Changing your mind"),
        (
            gettext("You can take back what you allowed at any time, with one click, and you need no reason."),
            wording.no_cost_statement(),
            gettext(
                "Whatever right you use, you keep everything you earned. We never ask for damages or for "
                "money back because of it."
            ),
            gettext("That you were paid never proves that you allowed something."),
        ),
    )


def _refused(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section(
        "refused",
        gettext("When a reward does not count"),
        (gettext("A reward that has counted is yours. Before that, it can fail for three reasons only:"),),
        (
            gettext("a named person decided that it was fraud, told you why, and heard you;"),
            gettext("what made it count was undone before it counted;"),
            gettext("a time limit that stands in these terms has passed."),
        ),
    )


def _held(offer: Offer, facts: MarketFacts, language: str) -> Section:
    numbers = {"decided": wording.days(REVIEW_DAYS), "again": wording.days(ASK_AGAIN_DAYS)}
    return Section(
        "held",
        gettext("If we look at a reward more closely"),
        (
            gettext(
                "If something looks like cheating, we hold the reward and tell you why. No machine decides: "
                "a person does, at most %(decided)s later. You can say what you think before that."
            )
            % numbers,
            gettext("If nobody has decided by then, the reward counts."),
            gettext(
                "If the answer is no, you have %(again)s to ask again. Somebody else then decides, at most "
                "%(decided)s later."
            )
            % numbers,
        ),
    )


def _stopped(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section(
        "stopped",
        gettext("If we pause or withdraw the campaign"),
        (
            wording.withdrawal_sentence(),
            gettext("A public page says for each country what runs, since when, and why it stopped."),
        ),
    )


def _tax(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section("tax", gettext("Taxes"), (said(dict(facts.tax_sentence), language),))


def _change(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section(
        "change",
        gettext("These terms do not change"),
        (
            gettext("The terms that you joined under stay yours, at an address of their own."),
            gettext("New terms count for people who join after them. If they ask to show more, we ask you anew."),
        ),
    )


def _law(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section(
        "law",
        gettext("The law"),
        (
            gettext("The law of the country where you live protects you, and you can go to the courts there."),
            gettext("Nothing here takes away a right that the law gives you."),
        ),
    )


def _complaint(offer: Offer, facts: MarketFacts, language: str) -> Section:
    return Section(
        "complaint",
        gettext("If something is wrong"),
        (
            wording.complaint_sentence(facts),
            facts.authority.complaint_url,
            gettext("Write to us at %(email)s, or on the page for requests. We confirm it within %(confirmed)s.")
            % {
                "email": offer.controller.email,
                "confirmed": wording.days(facts.complaint_acknowledge_days),
            },
        ),
    )


_SECTIONS: tuple[Callable[[Offer, MarketFacts, str], Section], ...] = (
    _who, _earn, _dates, _people, _how, _paid, _pool, _permissions, _no_claim, _refused, _held, _stopped, _tax,
    _change, _law, _complaint,
)  # fmt: skip
