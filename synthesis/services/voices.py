"""Which voices this installation knows, and what they speak for the pool."""

from typing import TYPE_CHECKING

from django.db import transaction

from synthesis.models import Rendition, Voice

if TYPE_CHECKING:
    from synthesis.ml.speaking.voices import Voice as VoiceFolder


@transaction.atomic
def register_voice(*, folder: "VoiceFolder") -> Voice:
    """Make a voice folder known; a new version of a name takes the old one's place."""
    voice, _ = Voice.objects.get_or_create(
        sha256=folder.sha256,
        defaults={
            "name": folder.name,
            "language": folder.language,
            "licence": folder.licence,
            "is_live": False,
        },
    )
    if not voice.is_live:
        Voice.objects.filter(name=folder.name, is_live=True).update(is_live=False)
        voice.is_live = True
        voice.save(update_fields=["is_live"])
    known = set(voice.renditions.values_list("speaker", "emotion"))
    Rendition.objects.bulk_create(
        [
            Rendition(voice=voice, speaker=speaker, emotion=emotion)
            for speaker, emotions in folder.speakers.items()
            for emotion in emotions
            if (speaker, emotion) not in known
        ],
        ignore_conflicts=True,  # another process may do the same
    )
    return voice


@transaction.atomic
def set_spoken(*, rendition_id: int, is_active: bool) -> Rendition:
    """Let the pool speak a rendition or not; what visitors answered before counts no more."""
    rendition = Rendition.objects.select_for_update().get(pk=rendition_id)
    if is_active and not rendition.is_active:
        rendition.times_right = rendition.times_wrong = rendition.refused_in_a_row = 0
    rendition.is_active = is_active
    rendition.save()
    return rendition
