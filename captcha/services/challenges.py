from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from captcha.addresses import Visitor
from captcha.keys import derive, is_well_formed
from captcha.models import SKIPPED, Challenge, ChallengeItem
from captcha.risk import difficulty_of, note_failure, score_of, work_bits
from captcha.scenarios import language_for
from captcha.scoring import RULES, USUAL_PERSON_RATE, Answer, Verdict, verdict
from captcha.services import items, public_tests
from captcha.services.errors import (
    AnswerNotOffered,
    ChallengeNotFound,
    HostnameNotAllowed,
    KindNotOffered,
    OutOfOrder,
    SiteNotFound,
    TooEarly,
    WorkInvalid,
    WorkMissing,
)
from captcha.services.progress import Progress
from captcha.services.sites import find_site
from captcha.services.tokens import issue_token, token_of
from captcha.test_keys import TEST_CHALLENGE, TestSite
from captcha.work import is_solved
from labeling import services as labeling_services
from synthesis import services as synthesis_services
from web.digests import digest


@transaction.atomic
def create_challenge(
    *,
    sitekey: str,
    hostname: str,
    visitor: Visitor,
    action: str = "",
    cdata: str = "",
    kind: str = "",
    language: str = "",
) -> Progress:
    """Start a challenge of the wished kind, or of the site's first one.

    One to listen to has known clips and, if there is one, a dummy clip at a random place. Where
    the pool has too few clips, the proof of work alone takes its place, and an error is logged.
    One to read has two situations, in the wished language if there are some, else in English.

    Raises:
        SiteNotFound, HostnameNotAllowed, KindNotOffered: As the names say; nothing is stored.
    """
    site = find_site(sitekey=sitekey)
    if site is None:
        raise SiteNotFound(f"No active site has the sitekey {sitekey[:64]!r}")
    if isinstance(site, TestSite):
        return public_tests.progress_of(site)
    if not site.allows(hostname):
        raise HostnameNotAllowed(f"The site {site.name!r} does not allow the host {hostname!r}")
    kinds = site.kinds()
    if kind and kind not in kinds:
        raise KindNotOffered(f"This site offers {', '.join(kinds)}, not {kind}")
    kind, now = kind or kinds[0], timezone.now()
    bits = work_bits(site_id=site.pk, network=visitor.network, kind=kind)
    challenge = Challenge.objects.create(
        site=site,
        hostname=hostname,
        action=action,
        cdata=cdata,
        kind=kind,
        language=language_for(language) if kind == Challenge.Kind.TEXT else "",
        work_bits=bits,
        difficulty=difficulty_of(site, work_bits=bits, kind=kind),
        voter=visitor.voter,
        network=visitor.network,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.CAPTCHA_CHALLENGE_LIFE_S),
    )
    return _progress(challenge, items.ask_first_round(challenge, now))


def answer_item(
    *, challenge_id: UUID, position: int = 0, answer: str = "", work: str = ""
) -> Progress:
    """Note an answer, a proof of work, or both; decide the challenge after the last of a round.

    Known and dummy clips cost the same work here, and nothing is decided before a round is
    complete, so that neither time nor order tells them apart. Repeating an answer changes nothing:
    the first one stands, and the present state is returned again.

    The answer is committed before further clips are drawn. If it were undone when there are none,
    a visitor could try every answer to the last clip until one is taken.

    Args:
        position: The clip that is answered, from 1; 0 for a proof of work alone.
        work: The number that solves the puzzle; due with the last answer, ignored once it was
            given.

    Raises:
        ChallengeNotFound: If there is no such challenge.
        OutOfOrder: If it is not this clip's turn.
        AnswerNotOffered: If the site asks for other emotions.
        TooEarly: If the clip cannot have been heard yet.
        WorkMissing, WorkInvalid: As the names say; the answer was not noted.
    """
    if challenge_id == TEST_CHALLENGE and settings.CAPTCHA_TEST_KEYS:
        return public_tests.take_work(work)
    now = timezone.now()
    challenge, asked = _take_answer(challenge_id, position, answer, work, now)
    if _is_further_due(challenge, asked):
        return _go_on(challenge_id, now)
    return _progress(challenge, asked)


@transaction.atomic
def _take_answer(
    challenge_id: UUID, position: int, answer: str, work: str, now: datetime
) -> tuple[Challenge, list[ChallengeItem]]:
    challenge = _locked(challenge_id)
    if challenge.state == Challenge.State.OPEN and challenge.expires_at <= now:
        _decide(challenge, Challenge.State.EXPIRED, now)
    asked = _items(challenge)
    if challenge.state == Challenge.State.EXPIRED:
        return challenge, asked
    is_repeated = bool(position) and _is_repeated(asked, position)
    if work and not is_repeated:
        _note_work(challenge, work, now)
    if position and not is_repeated:
        _note(challenge, asked, answer, now)
    elif challenge.is_worked_alone:
        _settle(challenge, asked, {}, passed=True, now=now)
    return challenge, asked


def _note_work(challenge: Challenge, work: str, now: datetime) -> None:
    if challenge.state != Challenge.State.OPEN or not challenge.is_work_due:
        return
    if not is_solved(salt=_salt(challenge), nonce=work, bits=challenge.work_bits):
        raise WorkInvalid("This number does not solve the puzzle")
    challenge.worked_at = now
    challenge.save(update_fields=["worked_at"])


def _salt(challenge: Challenge) -> str:
    """Of this challenge only, and of a challenge that turned into work alone anew."""
    return derive("work", challenge.pk, challenge.kind)


@transaction.atomic
def _go_on(challenge_id: UUID, now: datetime) -> Progress:
    """Ask a further clip if one is due, and tell where the challenge stands."""
    challenge = _locked(challenge_id)
    asked = _items(challenge)
    if _is_further_due(challenge, asked):
        asked.extend(items.ask_further(challenge, first=len(asked) + 1, now=now))
    return _progress(challenge, asked)


def _is_further_due(challenge: Challenge, asked: list[ChallengeItem]) -> bool:
    is_open = challenge.state == Challenge.State.OPEN and challenge.kind != Challenge.Kind.WORK
    return is_open and all(item.is_answered for item in asked)


def _locked(challenge_id: UUID) -> Challenge:
    # The site is read along, and not locked.
    challenges = Challenge.objects.select_related("site").select_for_update(of=("self",))
    challenge = challenges.filter(pk=challenge_id).first()
    if challenge is None:
        raise ChallengeNotFound(f"There is no challenge {challenge_id}")
    return challenge


def _items(challenge: Challenge) -> list[ChallengeItem]:
    asked = challenge.items.select_related("play_clip", "dummy_clip").order_by("position")
    for item in (rows := list(asked)):
        item.challenge = challenge  # with its site, read once
    return rows


def take_audio(*, audio_token: str) -> ChallengeItem | None:
    """Count one fetch of a clip's audio; None when the address is unknown, spent or not due."""
    if not is_well_formed(audio_token):
        return None
    servable = ChallengeItem.objects.servable(timezone.now())
    item = (
        servable.select_related("play_clip", "dummy_clip")
        .filter(audio_sha256=digest(audio_token))
        .first()
    )
    if item is None:
        return None
    # The condition is part of the write, so that parallel fetches cannot exceed the number.
    fetched = ChallengeItem.objects.filter(
        pk=item.pk, answered_at=None, fetches__lt=settings.CAPTCHA_AUDIO_MAX_FETCHES
    ).update(fetches=F("fetches") + 1)
    return item if fetched else None


def _is_repeated(asked: list[ChallengeItem], position: int) -> bool:
    answered = sum(item.is_answered for item in asked)
    if not 1 <= position <= min(answered + 1, len(asked)):
        raise OutOfOrder(
            f"Clip {position} cannot be answered now: it is the turn of clip {answered + 1}"
            if answered < len(asked)
            else f"There is no clip {position}: the challenge is over"
        )
    return position <= answered


def _note(challenge: Challenge, asked: list[ChallengeItem], answer: str, now: datetime) -> None:
    current = next(item for item in asked if not item.is_answered)
    if answer not in (*challenge.site.answer_choices(), SKIPPED):
        raise AnswerNotOffered(f"{answer!r} is none of the answers of this challenge")
    if wait_s := items.seconds_too_early(current, now):
        raise TooEarly(wait_s)
    if current is asked[-1] and challenge.is_work_due:
        raise WorkMissing("Send the proof of work along with this answer")
    current.answer, current.answered_at = answer, now
    current.save(update_fields=["answer", "answered_at"])
    if current is not asked[-1]:
        items.serve(asked[current.position], now)  # positions count from 1: this is the next one
        return
    clips = [item.play_clip for item in asked if item.play_clip]
    renditions = synthesis_services.lock_renditions(clips=clips)
    rates = synthesis_services.person_rates(clips=clips, renditions=renditions)
    result = verdict(_answers(asked, rates), RULES[challenge.difficulty])
    if result is not Verdict.MORE:
        _settle(challenge, asked, renditions, passed=result is Verdict.PASS, now=now)


def _answers(asked: list[ChallengeItem], rates: Mapping[UUID | None, float]) -> list[Answer]:
    """The answers that count, with what earlier ones told of their clips."""
    return [
        Answer(
            item.is_right,
            person_rate=rates.get(item.play_clip_id, USUAL_PERSON_RATE),
            guesser_rate=1 / len(item.challenge.site.answer_choices()),
        )
        for item in asked
        if item.emotion
    ]


def _settle(
    challenge: Challenge,
    asked: list[ChallengeItem],
    renditions: synthesis_services.Renditions,
    *,
    passed: bool,
    now: datetime,
) -> None:
    """Decide the challenge, with everything that depends on it in the same transaction."""
    _decide(challenge, Challenge.State.PASSED if passed else Challenge.State.FAILED, now)
    synthesis_services.record_answers(
        answers=[(item.play_clip, item.is_right) for item in asked if item.play_clip],
        renditions=renditions,
        by_person=passed and challenge.kind != Challenge.Kind.WORK,
    )
    if not passed:
        note_failure(challenge)
        return
    mistakes = sum(bool(item.emotion) and not item.is_right for item in asked)
    issue_token(challenge=challenge, now=now, score=score_of(challenge, mistakes=mistakes))
    # Work alone says nothing about the ears of whoever labelled the dummy clip.
    for item in asked if challenge.kind != Challenge.Kind.WORK else ():
        if item.dummy_clip_id and item.answer != SKIPPED:
            labeling_services.record_vote(
                clip_id=item.dummy_clip_id,
                voter=challenge.voter,
                network=challenge.network,
                emotion=item.answer,
                challenge_id=challenge.pk,
            )


def _decide(challenge: Challenge, state: str, now: datetime) -> None:
    challenge.state, challenge.decided_at = state, now
    challenge.save(update_fields=["state", "decided_at"])


def _progress(challenge: Challenge, asked: list[ChallengeItem]) -> Progress:
    state, expires_at, kind = challenge.state, challenge.expires_at, challenge.kind
    if state == Challenge.State.PASSED:
        expires_at = challenge.response_token.expires_at
        return Progress(challenge.pk, state, expires_at, kind, token=token_of(challenge))
    if state != Challenge.State.OPEN:
        return Progress(challenge.pk, state, expires_at, kind)
    bits = challenge.work_bits if challenge.is_work_due else 0
    progress = Progress(
        challenge.pk, state, expires_at, kind, _salt(challenge) if bits else "", bits
    )
    if kind == Challenge.Kind.WORK:
        return progress
    current = next(item for item in asked if not item.is_answered)
    progress = replace(
        progress,
        position=current.position,
        total=len(asked),
        listen_s=items.seconds_too_early(current, timezone.now()),
        answers=(*challenge.site.answer_choices(), SKIPPED),
    )
    if kind == Challenge.Kind.TEXT:
        return replace(progress, text=current.scenario, language=challenge.language)
    return replace(progress, audio_token=items.audio_token(challenge, current.position))
