"""The one entry point of web processes: HTTP by Django, websockets by Channels."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# These need the apps loaded above.
from emotion.live.routing import websocket_urlpatterns  # noqa: E402
from emotion.uploads import MULTIPART_OVERHEAD_BYTES  # noqa: E402
from web.body_limit import BodyLimit  # noqa: E402
from web.handler import PooledHandler  # noqa: E402

# The largest body that any address takes is an upload to the predictor.
MAX_BODY_BYTES = settings.PREDICT_MAX_BYTES + MULTIPART_OVERHEAD_BYTES

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(PooledHandler(), max_bytes=MAX_BODY_BYTES),
        "websocket": AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns)),
    }
)
