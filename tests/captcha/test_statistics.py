import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from captcha.models import Challenge

pytestmark = pytest.mark.django_db


def printed(**options) -> dict[str, dict]:
    out = io.StringIO()
    call_command("captcha_statistics", stdout=out, **options)
    return {line["kind"]: line for line in map(json.loads, out.getvalue().splitlines())}


def test_passes_failures_and_times_are_summed_up_by_kind(visitor_at, fill_play_pool):
    fill_play_pool(40)
    for number in range(4):
        visitor_at(f"192.0.{number}.1").solve(wrong={0, 1, 2} if number == 3 else set())
    visitor_at("192.0.9.1").start()
    start = timezone.now() - timedelta(minutes=5)
    for seconds, challenge in enumerate(Challenge.objects.filter(state="passed"), start=10):
        Challenge.objects.filter(pk=challenge.pk).update(
            created_at=start, decided_at=start + timedelta(seconds=seconds)
        )
    audio = printed()["audio"]
    assert (audio["passed"], audio["failed"], audio["left"]) == (3, 1, 0)
    assert audio["pass_rate"] == pytest.approx([0.75, 0.301, 0.954], abs=0.001)
    assert (audio["median_s"], audio["p95_s"]) == pytest.approx((11.0, 11.9))


def test_without_visitors_no_figure_is_invented(site):
    for outcome in printed(sitekey=site.sitekey).values():
        assert outcome["pass_rate"] is None
        assert outcome["median_s"] is None


def test_a_site_is_looked_at_alone(visitor, pools, other_site):
    visitor.solve()
    assert printed(sitekey=other_site.sitekey)["audio"]["passed"] == 0
    with pytest.raises(CommandError, match="No site"):
        printed(sitekey="nothing")
