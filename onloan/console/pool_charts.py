"""A pool as pictures: what became of it, and cash and vouchers each on a scale of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.numbers import format_compact_currency, get_currency_precision
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onloan.console.charts import (
    AreaChart,
    Band,
    Look,
    Part,
    Pattern,
    Tick,
    Tone,
    draw_areas,
    draw_bar,
    draw_swatch,
    list_ticks,
)
from onloan.console.costs import MarketMoney
from onloan.ledger.queries import PoolLine, PoolView
from onloan.ledger.rules import ALARM_LEVELS_PERCENT
from onloan.money import Money
from onloan.offers.wording import written_day

CASH = Look(Pattern.SOLID, Tone.CASH)
OWED = Look(Pattern.DIAGONAL, Tone.CASH)
VOUCHERS = Look(Pattern.DOTS, Tone.VOUCHER)
REDEEMED = Look(Pattern.GRID, Tone.VOUCHER)
EXPIRED = Look(Pattern.LEVEL, Tone.VOUCHER)
RESERVED = Look(Pattern.UPRIGHT, Tone.POOL)
FREE = Look(Pattern.BLANK, Tone.POOL)
# From here on an axis says thousands, so that its numbers stay short.
_COMPACT_FROM_MAJOR = 10_000


@dataclass(frozen=True, slots=True)
class Sum:
    """One amount of a list, with the square that shows how charts fill it."""

    name: str
    amount: Money
    swatch: SafeString | str = ""


@dataclass(frozen=True, slots=True)
class SumGroup:
    """Amounts that may stand together; none of another group is ever added to them."""

    name: str
    sums: tuple[Sum, ...]


def draw_pool_bar(key: str, money: MarketMoney) -> SafeString | str:
    """What of the pool is taken, from the left, with a tick where the team is told; nothing without a pool."""
    pool = money.pool
    if pool.funded.amount_minor == 0:
        return ""
    alarm = min(ALARM_LEVELS_PERCENT)
    return draw_bar(
        key=f"bar-{key}",
        title=_("How much of the pool is used"),
        description=_("%(percent)d%% used. The team is told at %(alarm)d%%.")
        % {"percent": money.forecast.used_percent, "alarm": alarm},
        parts=[
            Part(CASH, pool.owed.amount_minor + pool.paid.amount_minor),
            Part(VOUCHERS, pool.vouchers.amount_minor + pool.redeemed.amount_minor + pool.expired.amount_minor),
            Part(RESERVED, pool.reserved.amount_minor),
        ],
        whole=pool.funded.amount_minor,
        mark=Tick(alarm, _("alarm at %(alarm)d%%") % {"alarm": alarm}),
    )


def list_sums(key: str, pool: PoolView) -> list[SumGroup]:
    """Every amount of a pool, by what it is, with the patterns of its bar and of its charts."""
    return [
        SumGroup(
            _("Pool"),
            (
                Sum(_("Set aside"), pool.funded),
                Sum(_("Free"), pool.free, draw_swatch(f"free-{key}", FREE)),
                Sum(_("Reserved for people"), pool.reserved, draw_swatch(f"reserved-{key}", RESERVED)),
            ),
        ),
        SumGroup(
            _("Cash"),
            (
                Sum(_("Owed"), pool.owed, draw_swatch(f"owed-{key}", OWED)),
                Sum(_("Paid"), pool.paid, draw_swatch(f"paid-{key}", CASH)),
            ),
        ),
        SumGroup(
            _("Vouchers"),
            (
                Sum(_("To be used"), pool.vouchers, draw_swatch(f"vouchers-{key}", VOUCHERS)),
                Sum(_("Used"), pool.redeemed, draw_swatch(f"redeemed-{key}", REDEEMED)),
                Sum(_("Expired"), pool.expired, draw_swatch(f"expired-{key}", EXPIRED)),
            ),
        ),
    ]


def draw_pool_charts(days: Sequence[PoolLine]) -> list[tuple[str, SafeString]]:
    """Caption and chart of each; ``days`` grow and there is at least one."""
    drawer = _Drawer(days)
    return [
        drawer.draw(
            "pool",
            _("What became of the pool"),
            [
                (_("Free"), FREE, lambda day: day.free.amount_minor),
                (_("Reserved"), RESERVED, lambda day: day.reserved.amount_minor),
                (
                    _("Vouchers"),
                    VOUCHERS,
                    lambda day: day.vouchers.amount_minor + day.redeemed.amount_minor + day.expired.amount_minor,
                ),
                (_("Cash"), CASH, lambda day: day.owed.amount_minor + day.paid.amount_minor),
            ],
        ),
        drawer.draw(
            "cash",
            _("Cash that people earned"),
            [
                (_("Paid"), CASH, lambda day: day.paid.amount_minor),
                (_("Owed"), OWED, lambda day: day.owed.amount_minor),
            ],
        ),
        drawer.draw(
            "vouchers",
            _("Vouchers that people earned"),
            [
                (_("Expired"), EXPIRED, lambda day: day.expired.amount_minor),
                (_("Used"), REDEEMED, lambda day: day.redeemed.amount_minor),
                (_("To be used"), VOUCHERS, lambda day: day.vouchers.amount_minor),
            ],
        ),
    ]


class _Drawer:
    """Draws charts over the same days in the reader's language."""

    def __init__(self, days: Sequence[PoolLine]) -> None:
        self.days = days
        self.currency = days[0].funded.currency
        self.language = get_language() or "en"
        self.locale = "en_GB" if self.language == "en" else self.language

    def draw(
        self, key: str, caption: str, bands: Sequence[tuple[str, Look, Callable[[PoolLine], int]]]
    ) -> tuple[str, SafeString]:
        drawn = tuple(
            Band(name, self._amount(read(self.days[-1])), look, tuple(read(day) for day in self.days))
            for name, look, read in bands
        )
        largest = max(sum(values) for values in zip(*(band.values for band in drawn), strict=True))
        first, last = self.days[0].day, self.days[-1].day
        chart = AreaChart(
            key=key,
            title=caption,
            description=self._describe(drawn, first, last),
            days=tuple(day.day for day in self.days),
            bands=drawn,
            ticks=tuple(Tick(value, self._tick(value)) for value in list_ticks(largest)),
            first_day=self._short_day(first),
            last_day=self._short_day(last),
        )
        return caption, draw_areas(chart)

    def _short_day(self, day: date) -> str:
        """As an axis has room for it; the description and the table have the year."""
        text: str = format_date(day, "d MMM", locale=self.locale)
        return text

    def _amount(self, amount_minor: int) -> str:
        return Money(amount_minor, self.currency).format(self.language)

    def _tick(self, amount_minor: int) -> str:
        """Short, as the amount itself stands beside its part."""
        major = amount_minor // 10 ** get_currency_precision(self.currency)
        if major < _COMPACT_FROM_MAJOR:
            return self._amount(amount_minor)
        text: str = format_compact_currency(major, self.currency, locale=self.locale, fraction_digits=0)
        return text.replace("£GB", "£")

    def _describe(self, bands: Sequence[Band], first: date, last: date) -> str:
        """The first and the last day in words; the table holds the days between."""

        def tell(amounts: Sequence[str]) -> str:
            return ", ".join(
                _("%(name)s %(amount)s") % {"name": band.name.lower(), "amount": amount}
                for band, amount in zip(bands, amounts, strict=True)
            )

        now = _("On %(day)s: %(amounts)s.") % {
            "day": written_day(last, self.language),
            "amounts": tell([band.text for band in bands]),
        }
        if first == last:
            return now
        start = _("On %(day)s: %(amounts)s.") % {
            "day": written_day(first, self.language),
            "amounts": tell([self._amount(band.values[0]) for band in bands]),
        }
        return f"{start} {now}"
