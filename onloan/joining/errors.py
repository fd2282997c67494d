"""Why somebody cannot join, in words that say what to do. Nothing of the attempt is stored."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onloan.errors import OnloanError


class MarketClosed(OnloanError):
    """LR-099: a market that is not open takes nobody in."""

    code = "E-MARKET-CLOSED"
    status = 403
    sentence = _("Nobody new can join this campaign in this country at the moment. Nothing was saved.")


class VersionChanged(OnloanError):
    """LR-011: a person joins under the text that they read, and under no other."""

    code = "E-VERSION-CHANGED"
    status = 409
    sentence = _("The terms of this campaign have just changed. Please read them again, then join.")


class AlreadyJoined(OnloanError):
    code = "E-ALREADY-JOINED"
    status = 409
    sentence = _("You have already joined this campaign. Sign in with your e-mail address to see your page.")


class AgeRefused(OnloanError):
    """LR-034: no data of the attempt is kept, so that nobody is told twice that they are too young."""

    code = "E-AGE"
    status = 403
    sentence = _("Only people who are 18 or over can join. Nothing was saved.")


class PoolClosed(OnloanError):
    """LR-051: one full pot must be free for each person who joins."""

    code = "E-POOL-CLOSED"
    status = 409
    sentence = _("All pots of this campaign are given out. Nothing was saved, and nobody owes you or us anything.")
