"""What counts, until when, and whose click it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from onloan.offers.document import Referral
from onloan.referrals import rules

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
PEOPLE = [
    PHONE,
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari Instagram 300.0",
    "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS;FBAV/480.0]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 [Pinterest/iOS]",
]
ROBOTS = [
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.24.20.88 A",
    "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
    "Mastodon/4.3 (http.rb/5.2; +https://social.example/) Bot",
    "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
    "curl/8.5.0",
    "python-requests/2.32",
    "",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_persons_browser_clicks(agent: str) -> None:
    assert not rules.is_preview_request("GET", {"user-agent": agent})


@pytest.mark.parametrize("agent", ROBOTS)
def test_a_program_does_not(agent: str) -> None:
    assert rules.is_preview_request("GET", {"user-agent": agent})


@pytest.mark.parametrize(
    "header",
    [
        {"purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"sec-purpose": "prefetch;anonymous-client-ip"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
    ],
)
def test_a_browser_that_fetches_ahead_does_not(header: dict[str, str]) -> None:
    assert rules.is_preview_request("GET", {"user-agent": PHONE, **header})


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "get"])
def test_only_get_is_a_click(method: str) -> None:
    assert rules.is_preview_request(method, {"user-agent": PHONE})


TERMS = Referral(window_days=30, event="app_signed_up", settle_days=14, qualify_days=20)
ANA_JOINS = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "same_market", "counts"),
    [
        (timedelta(0), True, True),
        (timedelta(days=30), True, True),
        (timedelta(days=30, microseconds=1), True, False),
        (timedelta(microseconds=-1), True, False),
        (timedelta(days=1), False, False),
    ],
)
def test_a_friend_counts_within_the_sponsors_window_in_the_same_market(
    after: timedelta, same_market: bool, counts: bool
) -> None:
    credited = rules.is_credited(
        sponsor_joined_at=ANA_JOINS,
        sponsor_window_ends_at=ANA_JOINS + timedelta(days=30),
        friend_joined_at=ANA_JOINS + after,
        same_market=same_market,
    )
    assert credited is counts


def test_a_pot_is_kept_until_the_last_friends_event_can_have_been_reported() -> None:
    friend_joins = ANA_JOINS + timedelta(days=TERMS.window_days)
    last_report = rules.reports_until(friend_joins, TERMS)
    assert friend_joins + rules.releases_after(TERMS) == last_report
