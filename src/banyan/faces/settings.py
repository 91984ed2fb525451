"""Settings, from the environment with the prefix BANYAN_.  The page docs/reference/settings.md lists every one."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dj_database_url

ROOT = Path(__file__).resolve().parents[1]


def _env(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def _flag(name: str) -> bool:
    return _env(name).lower() in {"1", "true", "yes", "on"}


HOME = Path(_env("BANYAN_HOME", "var")).absolute()
DEBUG = False
DEMO = _flag("BANYAN_DEMO")
SECURE = _flag("BANYAN_SECURE")


def _secret() -> str:
    """Return the secret: from the environment, or one kept in BANYAN_HOME, made at first use."""
    if given := _env("BANYAN_SECRET_KEY"):
        return given
    file = HOME / "secret_key"
    if not file.exists():
        import secrets

        HOME.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="ascii") as out:
            file.chmod(0o600)
            out.write(secrets.token_urlsafe(50))
    return file.read_text(encoding="ascii")


SECRET_KEY = _secret()
ALLOWED_HOSTS = [host for host in _env("BANYAN_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in _env("BANYAN_ORIGINS").split(",") if origin]

#: How long a writer waits for another one before the database counts as locked.
_SQLITE_WAIT_S = float(_env("BANYAN_SQLITE_WAIT_S", "20"))
_SQLITE = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    f"PRAGMA busy_timeout={round(_SQLITE_WAIT_S * 1000)};",
    "transaction_mode": "IMMEDIATE",
    "timeout": _SQLITE_WAIT_S,
}


def database(url: str) -> dict[str, object]:
    """Return the settings of one database from its URL."""
    settings = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    if str(settings["ENGINE"]).endswith("sqlite3"):
        settings["OPTIONS"] = _SQLITE
    return settings


DATABASE_URL = _env("BANYAN_DATABASE_URL", f"sqlite:///{HOME / 'banyan.sqlite3'}")
#: The role that owns the tables and migrates; the application itself never uses it.
OWNER_DATABASE_URL = _env("BANYAN_OWNER_DATABASE_URL", DATABASE_URL)
DATABASES = {"default": database(DATABASE_URL)}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "allauth",
    "allauth.account",
    "django_q",
    "ninja",
    "banyan.apps.audit",
    "banyan.apps.territory",
    "banyan.apps.people",
    "banyan.apps.parties",
    "banyan.apps.accounts",
    "banyan.apps.notices",
    "banyan.apps.matters",
    "banyan.apps.service_requests",
    "banyan.faces",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "banyan.faces.web.middleware.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "banyan.faces.web.middleware.language",
    "banyan.faces.api.middleware.ApiMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "banyan.faces.web.middleware.TownMiddleware",
    "banyan.faces.web.admin.reading_room",
]

ROOT_URLCONF = "banyan.faces.urls"
WSGI_APPLICATION = "banyan.faces.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [ROOT / "faces" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "banyan.kit.templating.environment",
            "context_processors": [
                "banyan.faces.web.shell.context",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "banyan.apps.accounts.pages.adapter.BanyanAccounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/15m/key,60/15m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _flag("BANYAN_BEHIND_PROXY") else 0
#: Dotted path of the function that sends text messages (kit/sms.py).
SMS_SENDER = _env("BANYAN_SMS_SENDER", "banyan.kit.sms.on_screen" if DEMO else "banyan.kit.sms.console")

#: Where browsers find this installation: for links in messages.
PUBLIC_URL = _env("BANYAN_PUBLIC_URL", next(iter(CSRF_TRUSTED_ORIGINS), "http://localhost:8000")).rstrip("/")
#: The server that takes e-mail: smtp://name:password@host:587 (STARTTLS), smtps://...:465, smtp+plain://host:25.
_SMTP = urlsplit(_env("BANYAN_SMTP_URL"))
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _SMTP.hostname or ""
EMAIL_PORT = _SMTP.port or {"smtps": 465, "smtp+plain": 25}.get(_SMTP.scheme, 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_SMTP.username or ""), unquote(_SMTP.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS = _SMTP.scheme == "smtps", _SMTP.scheme == "smtp"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = _env("BANYAN_EMAIL_FROM", "banyan@localhost")
#: Networks of one's own that webhooks may reach; anything that is not the public internet is refused else.
OUTWARD_NETWORKS = [network for network in _env("BANYAN_OUTWARD_NETWORKS").split(",") if network]
#: Push services of apprise that people may choose (notices/rules/addresses.py names those there are).
PUSH_SERVICES = [schema for schema in _env("BANYAN_PUSH_SERVICES", "ntfys,pushplus,schan").split(",") if schema]

LANGUAGE_CODE = "en"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "banyan_language"
DEFAULT_LANGUAGE = _env("BANYAN_LANGUAGE", "zh-hans")
#: Ours go before those of installed packages, which have translations of their own for words such as “name” and “Add”.
LOCALE_PATHS = [
    *(ROOT / part / "locale" for part in ("base", "kit", "engines", "faces", "demo")),
    *sorted((ROOT / "apps").glob("*/locale")),
]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "faces" / "static"]
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
FILES_ROOT = HOME / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
#: Reports through the API from one address without a token; 0 is no limit.
REPORTS_PER_HOUR = int(_env("BANYAN_REPORTS_PER_HOUR", "60"))

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "banyan_cache"},
    # what the worker notes about itself twice a second: in the database each note would be a write of its own
    "jobs": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "jobs"},
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "banyan_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("BANYAN_BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

Q_CLUSTER = {
    "name": "banyan",
    "orm": "default",
    "broker_class": "banyan.kit.queueing.PatientQueue",
    "cache": "jobs",
    "workers": int(_env("BANYAN_TASK_WORKERS", "1")),
    "timeout": int(_env("BANYAN_TASK_TIMEOUT_S", "120")),
    "retry": int(_env("BANYAN_TASK_RETRY_S", "180")),
    "max_attempts": 10,
    "ack_failures": False,
    "poll": float(_env("BANYAN_TASK_POLL_S", "0.5")),
    "save_limit": 500,
    "catch_up": False,
    "label": "Jobs",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": _env("BANYAN_LOG_LEVEL", "WARNING")},
}
