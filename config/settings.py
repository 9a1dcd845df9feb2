"""All settings of Inflect, read from the environment once; every one has a default for a laptop.

`INFLECT_ENV=production` is for a server that others reach: it wants hosts by name and HTTPS. The
default, `development`, answers this machine's own names only. Nothing here turns Django's debug
pages on.
"""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

from web.networks import parse_network
from web.rates import Rate

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = env.str(
    "INFLECT_ENV", "development", validate=validate.OneOf(["development", "production"])
)
DEVELOPMENT = ENVIRONMENT == "development"
DEBUG = False

# Everything that the running system writes: database, audio pools, generated secrets.
VAR_DIR = Path(env.str("INFLECT_VAR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)


def _generated_secret(name: str) -> str:
    """Return the secret kept in `VAR_DIR / name`, made at the first call, readable by us alone."""
    path = VAR_DIR / name
    draft = VAR_DIR / f"{name}.{secrets.token_hex(8)}"
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        # A hard link fails when another process was first, so that both read the same secret.
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


SECRET_KEY = env.str("INFLECT_SECRET_KEY", "") or _generated_secret("secret_key")


def _rate(name: str, default: str) -> str:
    """Return a rate such as 60/min, in units of s, min, hour or day."""
    rate = env.str(name, default)
    try:
        Rate.parse(rate)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    return rate


# Hosts ---------------------------------------------------------------------------------------

# Production names its hosts; there is no default that would be right.
ALLOWED_HOSTS = (
    ["localhost", "127.0.0.1", "[::1]"] if DEVELOPMENT else env.list("INFLECT_ALLOWED_HOSTS")
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("INFLECT_CSRF_TRUSTED_ORIGINS", [])
# Addresses or networks (CIDR) of reverse proxies whose X-Forwarded-For is believed.
_proxies: list[str] = env.list("INFLECT_TRUSTED_PROXIES", [])
try:
    TRUSTED_PROXIES = [parse_network(proxy) for proxy in _proxies]
except ValueError as error:
    raise ImproperlyConfigured(f"INFLECT_TRUSTED_PROXIES: {error}") from error

INSTALLED_APPS = [
    "config.apps.ConfigAppConfig",
    "captcha",
    "synthesis",
    "labeling",
    "emotion",
    "web",
    "config.apps.PortalConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

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
                "synthesis.context_processors.play_pool",
            ]
        },
    }
]

# Database ------------------------------------------------------------------------------------

# SQLite in VAR_DIR, or PostgreSQL by DATABASE_URL=postgres://user:password@host/name.
_sqlite_url = f"sqlite:///{quote(str(VAR_DIR / 'inflect.sqlite3'))}"
DATABASES = {"default": env.dj_db_url("DATABASE_URL", _sqlite_url)}
# Threads of a web process that answer requests, each with a connection of its own that is kept for
# so many seconds. More of them answer no faster: they wait for each other and for SQLite's lock.
WEB_THREADS = env.int("INFLECT_WEB_THREADS", 8, validate=validate.Range(min=2))
DATABASES["default"]["CONN_MAX_AGE"] = env.int("INFLECT_DATABASE_KEEP_S", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that starts by reading and then writes cannot wait for the lock in SQLite's
        # deferred mode; immediate ones queue up for `timeout` seconds instead.
        "transaction_mode": "IMMEDIATE",
        "timeout": env.float("INFLECT_SQLITE_BUSY_TIMEOUT_S", 20.0),
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A file, because the concurrency tests open several connections.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis is optional: one web process works with memory alone, several need REDIS_URL.
REDIS_URL = env.str("REDIS_URL", "")
CACHES: dict[str, dict[str, Any]]
if REDIS_URL:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # Counters of visitors live here; with Django's 300 anybody could push them out.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

# Background work -----------------------------------------------------------------------------

# Messages in files under VAR_DIR need no server; production sets e.g. redis://localhost/1.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem"):
    _queue_dir = VAR_DIR / "queue"
    for _folder in ("messages", "control", "processed"):
        (_queue_dir / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue_dir / "messages"),
        "data_folder_out": str(_queue_dir / "messages"),
        "control_folder": str(_queue_dir / "control"),
        "processed_folder": str(_queue_dir / "processed"),
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {
        "task": "web.tasks.beat_heart",
        "schedule": 15.0,
        "options": {"expires": 120},
    },
    "fill-pools": {
        "task": "synthesis.tasks.fill_pools",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "tidy-pools": {
        "task": "synthesis.tasks.tidy_pools",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "move-promoted": {
        "task": "labeling.tasks.move_promoted_audio",
        "schedule": 30.0,
        "options": {"expires": 120},
    },
    "purge-captcha": {
        "task": "captcha.tasks.purge_expired",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
}
# A worker that has not been heard of for so long counts as down in /api/health.
WORKER_STALE_AFTER_S = env.int("INFLECT_WORKER_STALE_AFTER_S", 120)

# Files ---------------------------------------------------------------------------------------

# One alias per pool. With INFLECT_S3_BUCKET set they are prefixes of that bucket (credentials and
# endpoint by the usual AWS_* variables), otherwise folders under VAR_DIR.
S3_BUCKET = env.str("INFLECT_S3_BUCKET", "")


def _pool(name: str) -> dict[str, object]:
    if not S3_BUCKET:
        location = VAR_DIR / "pools" / name
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": str(location),
                "file_permissions_mode": 0o600,
                "allow_overwrite": True,  # names are content addresses
            },
        }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "location": name,
            "endpoint_url": env.str("AWS_ENDPOINT_URL", None),
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": True,
        },
    }


STORAGES = {
    "default": _pool("default"),
    "play": _pool("play"),
    "dummy": _pool("dummy"),
    "learning": _pool("learning"),
    "speech": _pool("speech"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# Security ------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEVELOPMENT
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# Copies on other ports of one machine share cookies unless their names differ.
_cookie_suffix = env.str("PORT", "") if DEVELOPMENT else ""
SESSION_COOKIE_NAME = f"inflect_session{_cookie_suffix}"
CSRF_COOKIE_NAME = f"inflect_csrf{_cookie_suffix}"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = env.bool("INFLECT_SSL_REDIRECT", not DEVELOPMENT)
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else env.int("INFLECT_HSTS_S", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEVELOPMENT
# Set to the header that the reverse proxy writes, e.g. HTTP_X_FORWARDED_PROTO,https.
_proxy_header: list[str] = env.list("INFLECT_SECURE_PROXY_HEADER", [])
if _proxy_header:
    SECURE_PROXY_SSL_HEADER = tuple(_proxy_header)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "worker-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"

# Largest body that is no file upload, and the size from which uploads go to a temporary file.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Language and time -----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# The languages that every page speaks; a browser's other wishes get English.
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
# Languages of the CAPTCHA's widget and demo; each needs a catalogue in captcha/locale/.
CAPTCHA_LANGUAGES: list[str] = env.list("INFLECT_CAPTCHA_LANGUAGES", ["en", "de", "es", "fr", "ko"])
LOCALE_PATHS = [BASE_DIR / "captcha" / "locale"]

# Emotion prediction --------------------------------------------------------------------------

# Uploads: bytes, and seconds after decoding.
PREDICT_MAX_BYTES = env.int("INFLECT_PREDICT_MAX_BYTES", 25 * 1024 * 1024)
PREDICT_MAX_DURATION_S = env.float("INFLECT_PREDICT_MAX_DURATION_S", 300.0)
# Other recordings of the same speaker that may come along with one.
PREDICT_MAX_REFERENCES = env.int("INFLECT_PREDICT_MAX_REFERENCES", 10)
# Whether visitors of /analyze/ may leave a recording for labelling, by a box that they tick.
DONATIONS_ALLOWED = env.bool("INFLECT_DONATIONS_ALLOWED", True)
# So many of them may wait for a moderator; then no more are taken.
DONATIONS_MAX_WAITING = env.int("INFLECT_DONATIONS_MAX_WAITING", 500)
# Inference threads of one web process, and how many calls may wait before 503 is the answer.
INFERENCE_THREADS = env.int("INFLECT_INFERENCE_THREADS", 2)
INFERENCE_QUEUE = env.int("INFLECT_INFERENCE_QUEUE", 32)
# Live sessions: open at once in one process (each takes 0.15 to 0.2 of a core while somebody
# speaks, and about 2.5 MB), their length, silence of the client until closing.
LIVE_MAX_SESSIONS = env.int("INFLECT_LIVE_MAX_SESSIONS", 10)
LIVE_MAX_SESSIONS_PER_ADDRESS = env.int("INFLECT_LIVE_MAX_SESSIONS_PER_ADDRESS", 4)
LIVE_MAX_DURATION_S = env.float("INFLECT_LIVE_MAX_DURATION_S", 600.0)
LIVE_IDLE_TIMEOUT_S = env.float("INFLECT_LIVE_IDLE_TIMEOUT_S", 20.0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["web.throttles.AddressThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        # Calls of one address without a key.
        "anon": _rate("INFLECT_API_RATE", "120/min"),
        # Recordings that one address may leave for labelling.
        "donation": _rate("INFLECT_DONATION_RATE", "20/day"),
        # Sentences that one address may have spoken on the page of voices, in seven emotions each.
        "voices": _rate("INFLECT_VOICES_RATE", "10/min"),
        # Calls with one API key.
        "api_key": _rate("INFLECT_API_KEY_RATE", "1200/min"),
    },
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "web.problems.api_exception_handler",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Inflect",
    "DESCRIPTION": "The emotion of speech in seven classes, with calibrated probabilities.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVERS": [],
    # From our own static files: nothing is loaded from elsewhere.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "PREPROCESSING_HOOKS": ["web.schema.documented"],
    "DISABLE_ERRORS_AND_WARNINGS": False,
}

# Synthesis -----------------------------------------------------------------------------------

# Clips of each emotion of each speaker in the play pool, and clips in the dummy pool at the first
# start.
PLAY_POOL_TARGET = env.int("INFLECT_PLAY_POOL_TARGET", 6)
DUMMY_POOL_TARGET = env.int("INFLECT_DUMMY_POOL_TARGET", 24)
# Whether a moderator has to approve a play clip before it is served.
PLAY_CLIP_REVIEW = env.bool("INFLECT_PLAY_CLIP_REVIEW", False)
# Files of the play pool: wav, or opus, a sixth as large. Visitors get WAV in either case.
PLAY_CLIP_FORMAT = env.str(
    "INFLECT_PLAY_CLIP_FORMAT", "wav", validate=validate.OneOf(["wav", "opus"])
)
# Share of people who must recognise a play clip, and a speaker's way of an emotion, lest it is
# given up.
PLAY_CLIP_LEAST_PASS_RATE = env.float(
    "INFLECT_PLAY_CLIP_LEAST_PASS_RATE", 0.85, validate=validate.Range(min=0.0, max=1.0)
)
# How often a play clip may be served before it is retired, three times at most. After a single
# serving no bot meets a clip again that it has heard; more spare the worker.
PLAY_CLIP_MAX_SERVED = env.int(
    "INFLECT_PLAY_CLIP_MAX_SERVED", 1, validate=validate.Range(min=1, max=3)
)
# What the gate lets into the play pool: seconds, and the least probability that the emotion model
# gives to the intended emotion (chance is 0.14).
PLAY_CLIP_SHORTEST_S = env.float("INFLECT_PLAY_CLIP_SHORTEST_S", 0.8)
PLAY_CLIP_LONGEST_S = env.float("INFLECT_PLAY_CLIP_LONGEST_S", 10.0)
PLAY_CLIP_LEAST_SCORE = env.float("INFLECT_PLAY_CLIP_LEAST_SCORE", 0.1)
# How long one filling task speaks before it lets other tasks through.
POOL_BATCH_S = env.float("INFLECT_POOL_BATCH_S", 10.0)
# Longest text that is spoken, and longest that the page of voices takes, in characters.
SPEECH_MAX_CHARACTERS = env.int(
    "INFLECT_SPEECH_MAX_CHARACTERS", 300, validate=validate.Range(min=1, max=500)
)
VOICES_MAX_CHARACTERS = env.int("INFLECT_VOICES_MAX_CHARACTERS", 120)
# Sentences that may wait for the worker before more are refused, how long POST /api/synthesize
# waits for one, how many calls may wait at a time, and how long the audio is kept.
SPEECH_MAX_WAITING = env.int("INFLECT_SPEECH_MAX_WAITING", 60)
SPEECH_WAIT_S = env.float("INFLECT_SPEECH_WAIT_S", 10.0)
SPEECH_MAX_WAITERS = env.int("INFLECT_SPEECH_MAX_WAITERS", 3)
SPEECH_KEEP_S = env.int("INFLECT_SPEECH_KEEP_S", 3600)
# Folders of the voices that ship with the project and of those that `manage.py voices` installs;
# the voice that speaks unless another is asked for, and those that the play pool consists of.
VOICES_DIR = env.path("INFLECT_VOICES_DIR", BASE_DIR / "synthesis" / "voices")
INSTALLED_VOICES_DIR = VAR_DIR / "voices"
DEFAULT_VOICE = env.str("INFLECT_VOICE", "kathleen")
PLAY_VOICES = env.list("INFLECT_PLAY_VOICES", [DEFAULT_VOICE])

# CAPTCHA -------------------------------------------------------------------------------------

# Lives of a challenge (ten minutes at least: listening takes some people long) and of a token.
CAPTCHA_CHALLENGE_LIFE_S = env.int(
    "INFLECT_CAPTCHA_CHALLENGE_LIFE_S", 600, validate=validate.Range(min=600)
)
CAPTCHA_TOKEN_LIFE_S = env.int(
    "INFLECT_CAPTCHA_TOKEN_LIFE_S", 120, validate=validate.Range(min=1, max=300)
)
# How often the audio of one item may be fetched; replaying it in the widget fetches nothing.
CAPTCHA_AUDIO_MAX_FETCHES = env.int(
    "INFLECT_CAPTCHA_AUDIO_MAX_FETCHES", 3, validate=validate.Range(min=1)
)
# New challenges of one network (/24 or /64).
CAPTCHA_CHALLENGE_RATE = _rate("INFLECT_CAPTCHA_CHALLENGE_RATE", "60/min")
# Calls that answer one challenge.
CAPTCHA_ANSWER_RATE = _rate("INFLECT_CAPTCHA_ANSWER_RATE", "60/min")
# Share of a clip's length that has to pass before its answer is taken.
CAPTCHA_LEAST_LISTENING = env.float(
    "INFLECT_CAPTCHA_LEAST_LISTENING", 0.6, validate=validate.Range(min=0.0, max=1.0)
)
# How long a verification is repeated for the same idempotency key.
CAPTCHA_IDEMPOTENCY_S = env.int(
    "INFLECT_CAPTCHA_IDEMPOTENCY_S", 600, validate=validate.Range(min=0)
)
# The public test keys of reCAPTCHA, hCaptcha and Turnstile, which pass or fail without a person.
CAPTCHA_TEST_KEYS = env.bool("INFLECT_CAPTCHA_TEST_KEYS", DEVELOPMENT)
# Leading zero bits of the proof of work beside the clips (0: none) and where it stands alone;
# 16 bits are about 0.2 s on a phone, and each bit more doubles that.
CAPTCHA_WORK_BITS = env.int("INFLECT_CAPTCHA_WORK_BITS", 16, validate=validate.Range(min=0, max=24))
CAPTCHA_WORK_ALONE_BITS = env.int(
    "INFLECT_CAPTCHA_WORK_ALONE_BITS", 18, validate=validate.Range(min=1, max=24)
)
# Challenges of one network and site in ten minutes before the work grows, by how much at most.
CAPTCHA_FREE_CHALLENGES = env.int(
    "INFLECT_CAPTCHA_FREE_CHALLENGES", 3, validate=validate.Range(min=1)
)
# The same of all visitors of a site together in a minute: beyond it the work grows for everybody.
CAPTCHA_FREE_CHALLENGES_OF_SITE = env.int(
    "INFLECT_CAPTCHA_FREE_CHALLENGES_OF_SITE", 600, validate=validate.Range(min=1)
)
CAPTCHA_WORK_MAX_EXTRA_BITS = env.int(
    "INFLECT_CAPTCHA_WORK_MAX_EXTRA_BITS", 5, validate=validate.Range(min=0, max=8)
)
# How long a challenge is kept after its end, with its keyed hashes of addresses.
CAPTCHA_RETENTION_S = env.int(
    "INFLECT_CAPTCHA_RETENTION_S", 24 * 3600, validate=validate.Range(min=300)
)

# Labelling -----------------------------------------------------------------------------------

# The promotion rule: a JSON file of the form of labeling/rules/default.json.
PROMOTION_RULE_FILE = env.path(
    "INFLECT_PROMOTION_RULE", BASE_DIR / "labeling" / "rules" / "default.json"
)

# Longest recording that the dummy pool accepts.
DUMMY_CLIP_MAX_DURATION_S = env.float("INFLECT_DUMMY_CLIP_MAX_DURATION_S", 15.0)
# A file that no row names and that is older than this is what a killed writer left.
POOL_ORPHAN_AGE_S = env.int("INFLECT_POOL_ORPHAN_AGE_S", 600)

# Logging -------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("INFLECT_LOG_LEVEL", "INFO")},
}
