"""How `0.1.0-5a58973.sql` was made: rows in every table, by the services of that release.

In a checkout of the commit 5a58973, with an `INFLECT_VAR` that is new:

    export DJANGO_SETTINGS_MODULE=config.settings PYTHONPATH=. INFLECT_PLAY_CLIP_MAX_SERVED=3
    export INFLECT_CAPTCHA_LEAST_LISTENING=0 INFLECT_CAPTCHA_WORK_BITS=2
    export INFLECT_CAPTCHA_WORK_ALONE_BITS=2 INFLECT_CAPTCHA_FREE_CHALLENGES=1000
    python manage.py prepare && python /path/to/fill_0_1_0.py 0.1.0-5a58973.sql
"""

# ruff: noqa: E402 - the models can be imported once Django is set up

import sqlite3
import sys
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import django

django.setup()

import numpy as np
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from captcha import services as captcha
from captcha.addresses import Visitor
from captcha.keys import digest
from captcha.models import Challenge, ChallengeItem, DailySalt, Site, SiteSecret
from captcha.work import solve
from emotion import services as emotion
from emotion.ml.labels import EMOTIONS
from emotion.models import ApiKey, WorkerHeartbeat
from labeling import services as labeling
from labeling.models import Clip
from synthesis import services as synthesis
from synthesis.ml.errors import SynthesisError
from synthesis.models import PlayClip, Voice
from synthesis.services.speech import _claim

PASSWORD = "a-password-of-then"
VALID_KEY, REVOKED_KEY = "infl_a-valid-key-of-then", "infl_a-revoked-key-of-then"
SITE_SECRET = "a-secret-of-then"


@dataclass(frozen=True)
class Sound:
    waveform: np.ndarray
    sampling_rate: int = 16_000


def sound(seed: int) -> Sound:
    return Sound(np.random.default_rng(seed).normal(0, 0.1, 12_800).astype("f4"))


class Engine:
    """Speaks noise, or fails."""

    def speak(self, text: str, *_: object, **__: object) -> Sound:
        if text == "Fail.":
            raise SynthesisError("The text cannot be spoken")
        return sound(9999)


def make_people() -> None:
    admin = User.objects.get(username="admin")
    admin.set_password(PASSWORD)
    admin.save()
    moderator = User.objects.create_user("mod", password=PASSWORD, is_staff=True)
    moderator.groups.add(Group.objects.get(name="Moderators"))
    keeper = User.objects.create_user("keeper", password=PASSWORD, is_staff=True)
    group = Group.objects.create(name="Key keepers")
    group.permissions.set(
        Permission.objects.filter(content_type__model__in=["apikey", "workerheartbeat"])
    )
    keeper.groups.add(group)
    reader = User.objects.create_user("reader", password=PASSWORD, is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_apikey"))


def make_keys() -> ApiKey:
    """In the portal, so that its log has the entries."""
    client = Client(SERVER_NAME="localhost")
    assert client.login(username="admin", password=PASSWORD)
    for name in ("Analyst", "Left employee"):
        assert client.post("/portal/emotion/apikey/add/", {"name": name}).status_code == 200
    renamed = {"Analyst": VALID_KEY, "Left employee": REVOKED_KEY}
    for name, key in renamed.items():
        ApiKey.objects.filter(name=name).update(sha256=emotion.key_digest(key), prefix=key[:8])
    emotion.find_api_key(key=VALID_KEY)
    revoked = ApiKey.objects.get(name="Left employee")
    chosen = {"action": "revoke", "_selected_action": [revoked.pk]}
    assert client.post("/portal/emotion/apikey/", chosen).status_code == 302
    emotion.issue_api_key(name="Nobody's")
    WorkerHeartbeat.objects.create(worker="worker-1")
    return ApiKey.objects.get(name="Analyst")


def make_play_clips() -> None:
    voice = Voice.objects.get()
    for seed in range(28):
        synthesis.add_play_clip(
            utterance=sound(seed),
            voice=voice,
            emotion=EMOTIONS[seed % 7],
            text="The kettle is on the stove.",
            seed=seed,
            speaker=voice.renditions.first().speaker,
            score=0.5,
        )
    moderator = User.objects.get(username="mod")
    first, second, third = PlayClip.objects.all()[:3]
    synthesis.review_play_clip(clip_id=first.pk, moderator=moderator, approved=True)
    synthesis.review_play_clip(clip_id=second.pk, moderator=moderator, approved=False)
    synthesis.retire_play_clips(clip_ids=[third.pk])
    PlayClip.objects.filter(pk=PlayClip.objects.ready().last().pk).update(state="held")
    need = synthesis.Need("play", voice, first.speaker, "sad")
    synthesis.count_refusal(need=need, reason="too_short")


def make_speech(api_key: ApiKey) -> None:
    for text in ("Done.", "Fail.", "Speaking.", "Queued."):
        synthesis.request_speech(
            text=text, emotions=["sad"], voice="kathleen", seed=1, api_key=api_key
        )
    for _ in range(2):
        synthesis.speak_next(engine_of=lambda _: Engine())
    _claim(timezone.now())
    synthesis.request_speech(text="By nobody.", emotions=["happy"], voice="kathleen", seed=1)


def vote(clip: Clip, *labels: str) -> None:
    for label in labels:
        labeling.record_vote(
            clip_id=clip.pk,
            voter=uuid.uuid4().hex,
            network="n",
            emotion=label,
            challenge_id=uuid.uuid4(),
        )


def make_dummy_clips() -> None:
    """One in each state that a clip may have, and some more that nobody heard."""
    moderator = User.objects.get(username="mod")
    clips = [
        labeling.add_clip(
            waveform=sound(100 + seed).waveform,
            origin="imported",
            licence="CC0-1.0",
            consent="Given in writing",
            source="Ünïcode/clip.wav",
            language="de",
        )[0]
        for seed in range(10)
    ]
    vote(clips[0], "angry", "happy")
    vote(clips[1], *["angry", "happy"] * 5)  # conflict
    vote(clips[2], *["angry"] * 4)  # promoted by votes, and moved
    labeling.move_promoted_audio()
    vote(clips[2], "happy")  # late
    vote(clips[3], *["angry"] * 4)  # promoted by votes, not moved yet
    vote(clips[4], *["angry"] * 4)  # a moderator says otherwise
    labeling.decide_clip(clip_id=clips[4].pk, moderator=moderator, emotion="neutral", revision=1)
    labeling.withdraw_clip(clip_id=clips[5].pk, moderator=moderator, revision=0)
    vote(clips[6], *["angry"] * 4)
    labeling.withdraw_clip(clip_id=clips[6].pk, moderator=moderator, revision=1)
    labeling.keep_donation(waveform=sound(200).waveform)


def visit(site: Site, kind: str, right: bool, turns: int = 99) -> Challenge:
    """Answer so many items of a challenge, all rightly or all wrongly."""
    visitor = Visitor(voter=uuid.uuid4().hex, network=uuid.uuid4().hex)
    progress = captcha.create_challenge(
        sitekey=site.sitekey, hostname="shop.example", visitor=visitor, kind=kind, action="login"
    )
    pk = progress.challenge_id
    for _ in range(turns):
        if progress.state != "open":
            break
        fields = {"work": solve(salt=progress.salt, bits=progress.bits)} if progress.bits else {}
        if progress.position:
            item = ChallengeItem.objects.get(challenge=pk, position=progress.position)
            known = item.emotion or "happy"
            wrong = EMOTIONS[(EMOTIONS.index(known) + 1) % 7]
            fields |= {"position": progress.position, "answer": known if right else wrong}
        progress = captcha.answer_item(challenge_id=pk, **fields)
    return Challenge.objects.get(pk=pk)


def make_challenges() -> None:
    owner = User.objects.get(username="keeper")
    site = captcha.create_site(
        name="Shop", hostnames=["shop.example"], offers_work=True, owner=owner
    )
    captcha.create_site(
        name="Second", hostnames=["*.example.org"], mode="scored", answers="angry,happy,neutral,sad"
    )
    for _ in range(2):
        captcha.issue_secret(site=site)
    newest = site.secrets.order_by("-created_at", "-pk").first()
    SiteSecret.objects.filter(pk=newest.pk).update(sha256=digest(SITE_SECRET))
    captcha.revoke_older_secrets(site=site)
    seen = set()
    for kind in ("audio", "text", "work"):
        seen.add((kind, visit(site, kind, True).state))
        seen.add((kind, visit(site, kind, True, turns=0).state))
        if kind != "work":
            seen.add((kind, visit(site, kind, False).state))
        seen.add((kind, expire(visit(site, kind, True, turns=0)).state))
    states = ["passed", "open", "failed", "expired"]
    assert seen == {
        (kind, state)
        for kind in ("audio", "text", "work")
        for state in states
        if (kind, state) != ("work", "failed")
    }, seen
    token = captcha.mint_token(site=site)
    assert captcha.verify(
        secret=SITE_SECRET, token=token, idempotency_key=str(uuid.uuid4())
    ).success
    DailySalt.objects.of(timezone.now().date() - timedelta(days=1))
    DailySalt.objects.of(timezone.now().date())


def expire(challenge: Challenge) -> Challenge:
    past = timezone.now() - timedelta(hours=1)
    Challenge.objects.filter(pk=challenge.pk).update(
        created_at=past - timedelta(minutes=1), expires_at=past
    )
    captcha.answer_item(challenge_id=challenge.pk, position=0, work="1")
    challenge.refresh_from_db()
    return challenge


def dump(path: Path) -> None:
    connection.close()
    with sqlite3.connect(settings.VAR_DIR / "inflect.sqlite3") as database:
        lines = [f"-- A database of release 0.1.0 (5a58973), filled by {Path(__file__).name}."]
        path.write_text("\n".join([*lines, *database.iterdump(), ""]), encoding="utf-8")


if __name__ == "__main__":
    make_people()
    key = make_keys()
    make_play_clips()
    make_speech(key)
    make_dummy_clips()
    make_challenges()
    dump(Path(sys.argv[1]))
