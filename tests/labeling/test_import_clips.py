import os

import pytest
from django.core.management import CommandError, call_command

from audio import encode_ogg_opus, encode_wav
from labeling.models import Clip
from tests.labeling.conftest import noise

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    """Beside the pools, which lie in the same temporary folder."""
    path = tmp_path / "recordings"
    path.mkdir()
    return path


def import_folder(folder, **options):
    call_command(
        "import_clips", folder, licence="CC0-1.0", consent="Speakers agreed", verbosity=0, **options
    )


def test_a_folder_becomes_open_clips_with_licence_and_consent(folder, capsys):
    (folder / "deeper").mkdir()
    (folder / "one.wav").write_bytes(encode_wav(noise(1), 16_000))
    (folder / "deeper" / "two.ogg").write_bytes(encode_ogg_opus(noise(2), 16_000))
    (folder / "notes.txt").write_text("no audio")
    import_folder(folder)
    clips = Clip.objects.open()
    assert {clip.source for clip in clips} == {"one.wav", "two.ogg"}
    assert {(clip.licence, clip.consent, clip.origin) for clip in clips} == {
        ("CC0-1.0", "Speakers agreed", "imported")
    }
    assert "2 imported, 0 there already, 0 refused" in capsys.readouterr().out


def test_importing_again_adds_nothing(folder, capsys):
    (folder / "one.wav").write_bytes(encode_wav(noise(1), 16_000))
    import_folder(folder)
    import_folder(folder)
    assert Clip.objects.count() == 1
    assert "0 imported, 1 there already" in capsys.readouterr().out


def test_bad_files_are_named_and_the_others_still_imported(folder, capsys, settings):
    settings.DUMMY_CLIP_MAX_DURATION_S = 2
    (folder / "bad.wav").write_text("no recording")
    (folder / "empty.wav").touch()
    (folder / "good.wav").write_bytes(encode_wav(noise(1), 16_000))
    (folder / "long.wav").write_bytes(encode_wav(noise(2, seconds=3), 16_000))
    (folder / "silent.wav").write_bytes(encode_wav(noise(3) * 0, 16_000))
    with pytest.raises(CommandError, match="4 of 5"):
        import_folder(folder)
    assert Clip.objects.get().source == "good.wav"
    complaints = capsys.readouterr().err
    assert all(f"{name}.wav: " in complaints for name in ("bad", "empty", "long", "silent"))


def test_names_of_every_script_and_folders_in_folders_are_kept(folder):
    names = ["Straße.wav", "目覚まし.wav", "안녕 하세요.wav", "a b'c\"d%.wav", ".hidden.wav"]
    for seed, name in enumerate(names):
        place = folder / "tief" / "深い" / str(seed)
        place.mkdir(parents=True)
        (place / name).write_bytes(encode_wav(noise(seed), 16_000))
    import_folder(folder)
    assert set(Clip.objects.values_list("source", flat=True)) == set(names)


def test_a_name_whose_bytes_are_no_text_is_imported_with_a_mark_in_their_place(folder):
    path = os.path.join(os.fsencode(folder), b"caf\xe9.wav")  # Latin-1, as old archives have it
    with open(path, "wb") as file:
        file.write(encode_wav(noise(1), 16_000))
    import_folder(folder)
    assert Clip.objects.get().source == "caf\ufffd.wav"


def test_a_name_that_is_too_long_is_refused_and_the_others_still_imported(folder, capsys):
    long = f"{'a' * 220}.wav"
    for seed, name in enumerate([long, "b.wav"]):
        (folder / name).write_bytes(encode_wav(noise(seed), 16_000))
    with pytest.raises(CommandError, match="1 of 2"):
        import_folder(folder)
    assert Clip.objects.get().source == "b.wav"
    assert f"{long}: source: Ensure" in capsys.readouterr().err
    import_folder(folder, source="By one name for all")
    assert Clip.objects.count() == 2


def test_the_same_sound_in_two_files_is_one_clip(folder, capsys):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(encode_wav(noise(1), 16_000))
    import_folder(folder)
    assert Clip.objects.get().source == "a.wav"
    assert "1 imported, 1 there already, 0 refused" in capsys.readouterr().out


def test_a_run_that_was_stopped_goes_on_with_what_is_missing(folder, capsys):
    for seed in range(4):
        (folder / f"{seed}.wav").write_bytes(encode_wav(noise(seed), 16_000))
        if seed == 1:
            import_folder(folder)
    import_folder(folder)
    assert "2 imported, 2 there already, 0 refused" in capsys.readouterr().out


def test_importing_again_leaves_what_was_decided(folder, vote):
    (folder / "one.wav").write_bytes(encode_wav(noise(1), 16_000))
    import_folder(folder)
    for _ in range(4):
        vote(Clip.objects.get())
    import_folder(folder)
    assert Clip.objects.get().state == "promoted"


def test_a_damaged_file_is_refused_by_every_run_and_keeps_no_other_back(folder, capsys):
    whole = encode_wav(noise(1), 16_000)
    (folder / "cut.ogg").write_bytes(encode_ogg_opus(noise(2), 16_000)[:50])
    (folder / "whole.wav").write_bytes(whole)
    for imported, known in ((1, 0), (0, 1)):
        with pytest.raises(CommandError, match="1 of 2 files were refused"):
            import_folder(folder)
        said = capsys.readouterr()
        assert f"{imported} imported, {known} there already, 1 refused" in said.out
        assert said.err.startswith("cut.ogg: ")


def test_a_folder_without_audio_and_a_missing_folder_are_refused(folder):
    for path in (folder, folder / "missing"):
        with pytest.raises(CommandError):
            import_folder(path)


@pytest.mark.parametrize("missing", ["--licence", "--consent"])
def test_nothing_is_imported_without_licence_and_consent(folder, missing):
    given = {"--licence": "CC0-1.0", "--consent": "Speakers agreed"}
    arguments = [part for name, value in given.items() if name != missing for part in (name, value)]
    with pytest.raises(CommandError, match=missing):
        call_command("import_clips", str(folder), *arguments)
