"""The page of the analysis, with the box by which visitors leave a recording for labelling."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from emotion import views
from emotion.recordings import Measurement
from labeling import services
from labeling.throttles import DonationThrottle


@csrf_exempt  # for the reasons that `emotion.views.analyze` gives
def analyze(request: HttpRequest) -> HttpResponse:
    """Analyse a recording, and keep it where its speaker agreed and donations are allowed."""
    return views.analyze(request, keep=_keep if settings.DONATIONS_ALLOWED else None)


def _keep(request: HttpRequest, measurement: Measurement) -> str | None:
    allowed, _ = DonationThrottle.is_allowed(request)
    if not allowed:
        return None
    try:
        return services.keep_donation(waveform=measurement.waveform)
    except services.UnusableClip:  # too short or too quiet to be judged by others
        return None
