"""All settings. Each has one line in docs/settings.md; each secret can come from ``NAME_FILE`` instead."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent


def read_setting(name: str, default: str = "") -> str:
    """The value of ``name``, or the content of the file that ``name_FILE`` names."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}") from error
    return os.environ.get(name, default)


def read_switch(name: str, default: bool = False) -> bool:
    value = read_setting(name, "1" if default else "0")
    if value not in {"0", "1"}:
        raise ImproperlyConfigured(f"{name} is 0 or 1")
    return value == "1"


HOME = Path(read_setting("ONLOAN_HOME", ".onloan")).resolve()
TEST_MODE = read_switch("ONLOAN_TEST_MODE")
PUBLIC_URL = read_setting("ONLOAN_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
SECURE = PUBLIC_URL.startswith("https://")


def read_master_key() -> bytes:
    """32 bytes from ``ONLOAN_MASTER_KEY`` or ``<home>/keys/master.key``, which is made at the first start."""
    written = read_setting("ONLOAN_MASTER_KEY")
    path = HOME / "keys" / "master.key"
    if not written:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(base64.b64encode(secrets.token_bytes(32)).decode())
        written = path.read_text().strip()
    try:
        key = base64.b64decode(written, validate=True)
    except ValueError as error:
        raise ImproperlyConfigured("the master key is 32 bytes in base 64") from error
    if len(key) != 32:
        raise ImproperlyConfigured("the master key is 32 bytes in base 64")
    return key


MASTER_KEY = read_master_key()
SECRET_KEY = hashlib.sha256(b"onloan/django/" + MASTER_KEY).hexdigest()


def read_database(url: str) -> dict[str, Any]:
    """Django's settings for ``sqlite:///path`` or ``postgresql://user:password@host:port/name``."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
                    "PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    if parts.scheme in {"postgresql", "postgres"}:
        host = unquote(parts.hostname or "")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": None,
            # Statements written by hand are bound by the server, and planned once for each connection.
            "OPTIONS": {"prepare_threshold": 3},
        }
    raise ImproperlyConfigured("DATABASE_URL starts with sqlite:/// or postgresql://")


def read_number(name: str, default: int, *, maximum: int) -> int:
    value = read_setting(name, str(default))
    if not value.isdecimal() or int(value) > maximum:
        raise ImproperlyConfigured(f"{name} is a whole number from 0 to {maximum}")
    return int(value)


BACKUP_DAYS = read_number("ONLOAN_BACKUP_DAYS", 30, maximum=3650)

DATABASE_URL = read_setting("DATABASE_URL", f"sqlite:///{HOME}/onloan.sqlite3")
DATABASES = {"default": read_database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DEBUG = False
ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "127.0.0.1", "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "onloan.access",
    "onloan.evidence",
    "onloan.outbox",
    "onloan.markets",
    "onloan.offers",
    "onloan.people",
    "onloan.consents",
    "onloan.uses",
    "onloan.ledger",
    "onloan.vouchers",
    "onloan.payouts",
    "onloan.referrals",
    "onloan.joining",
    "onloan.breaches",
    "onloan.cases",
    "onloan.portal",
    "onloan.console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "onloan.console.middleware.TeamSessions",
    "allauth.account.middleware.AccountMiddleware",
    "onloan.portal.middleware.PageHeaders",
]

ROOT_URLCONF = "onloan.urls"
WSGI_APPLICATION = "onloan.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["onloan.console.backend.TeamBackend"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "onloan.console.adapter.TeamAccountAdapter"
ACCOUNT_FORMS = {"login": "onloan.console.adapter.TeamLoginForm"}
# The key is an address as one network tries it; the bound over all networks is one that a single one cannot reach,
# so that nobody locks a colleague out by typing wrong passwords for them.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "login_failed_everywhere": "300/h/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = read_number("ONLOAN_PROXIES", 0, maximum=9)
LOGIN_REDIRECT_URL = "/console/"
LOGIN_URL = "/accounts/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# A photo of 10 MB (more than that is refused at its field) and the rest of its form.
FORM_BYTES_MAX = 16 * 1024 * 1024
# The largest thing that a page accepts is a photo; an API call or an offer file is far smaller.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 2
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

EMAIL_URL = read_setting("ONLOAN_SMTP_URL")
EMAIL_FROM = read_setting("ONLOAN_MAIL_FROM", "onloan@localhost")
if EMAIL_URL:
    _smtp = urlsplit(EMAIL_URL)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _smtp.hostname or "localhost"
    EMAIL_PORT = _smtp.port or 587
    EMAIL_HOST_USER = unquote(_smtp.username or "")
    EMAIL_HOST_PASSWORD = unquote(_smtp.password or "")
    EMAIL_USE_TLS = _smtp.scheme == "smtp+tls"
    EMAIL_TIMEOUT = 20
else:
    # Without a mail server, mails are files: the demo shows them on a page of its own.
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(HOME / "mail")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"forget addresses": {"()": "onloan.logs.ForgetAddresses"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["forget addresses"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Django writes the address of each refused request; the address of a receipt is a key to it.
    "loggers": {"django.request": {"level": "ERROR"}},
}
