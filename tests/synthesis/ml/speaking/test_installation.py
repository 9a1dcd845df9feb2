"""Voices from elsewhere, downloaded by Coqui's manager from a server of our own."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from synthesis.ml.errors import InstallError, VoiceError
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.installation import Release, install_folder, install_release, releases
from tests.synthesis.ml.tiny_models import NAMES, TEXT, make


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def shop(tmp_path) -> Iterator[str]:
    """A server that releases what lies in `shop/`."""
    (tmp_path / "shop").mkdir()
    handler = partial(Quiet, directory=str(tmp_path / "shop"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def released(tmp_path: Path, shop: str, kind: str) -> Path:
    """Release a tiny model as Coqui does, and return the list that names it."""
    made = tmp_path / "made"
    make(kind, made)
    item = {"license": "CC0", "default_vocoder": None}
    files = ["model.pth", "config.json", *(["vocab.json"] if kind == "xtts" else [])]
    pack(tmp_path / "shop" / "model.zip", made, {name: name for name in files})
    item["github_rls_url"] = f"{shop}/model.zip"
    models = {"tts_models": {"en": {"toys": {kind: item}}}}
    if kind == "tacotron2":
        item["default_vocoder"] = "vocoder_models/en/toys/hifigan"
        names = {"vocoder.pth": "model.pth", "vocoder.json": "config.json"}
        pack(tmp_path / "shop" / "vocoder.zip", made, names)
        vocoder = {"license": "CC0", "github_rls_url": f"{shop}/vocoder.zip"}
        models["vocoder_models"] = {"en": {"toys": {"hifigan": vocoder}}}
    listed = tmp_path / "models.json"
    listed.write_text(json.dumps(models))
    return listed


def pack(target: Path, folder: Path, names: dict[str, str]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, packed in names.items():
            archive.write(folder / name, f"release/{packed}")


def test_coquis_list_has_the_known_models():
    found = {release.name: release for release in releases()}
    assert found["tts_models/en/vctk/vits"].licence == "apache 2.0"
    assert found["tts_models/multilingual/multi-dataset/xtts_v2"].licence == "CPML"
    assert found["tts_models/en/vctk/vits"].usual_name == "en-vctk-vits"


@pytest.mark.parametrize("kind", ["vits", "tacotron2"])
def test_a_released_model_is_downloaded_and_speaks(tmp_path, shop, kind):
    listed = released(tmp_path, shop, kind)
    [release] = releases(listed)
    voices = tmp_path / "voices"
    voice = install_release(release, voices, speakers=NAMES[:1], models_file=listed)
    assert (voice.name, voice.kind, voice.licence) == (f"en-toys-{kind}", kind, "CC0")
    assert voice.vocoder == ("files" if kind == "tacotron2" else "none")
    assert [path.name for path in voices.iterdir()] == [voice.name]
    spoken = SpeechEngine(voice).speak(TEXT, "neutral")
    assert spoken.waveform.size > 1000
    assert np.isfinite(spoken.waveform).all()


def test_xtts_gets_its_reference_clips(tmp_path, shop):
    listed = released(tmp_path, shop, "xtts")
    [release] = releases(listed)
    voices = tmp_path / "voices"
    with pytest.raises(InstallError, match="--references"):
        install_release(release, voices, models_file=listed)
    clips = tmp_path / "clips" / "anna"
    clips.mkdir(parents=True)
    for emotion in ("happy", "sad"):
        shutil.copyfile(tmp_path / "made" / f"{emotion}.wav", clips / f"{emotion}.wav")
    voice = install_release(
        release, voices, name="guests", references=clips.parent, models_file=listed
    )
    assert voice.speakers == {
        "anna": {"happy": "clips/anna/happy.wav", "sad": "clips/anna/sad.wav"}
    }
    assert SpeechEngine(voice).speak(TEXT, "sad").sampling_rate == 24_000


def test_a_model_with_several_speakers_wants_some_named(tmp_path, shop):
    listed = released(tmp_path, shop, "vits")
    [release] = releases(listed)
    with pytest.raises(InstallError, match="--speaker"):
        install_release(release, tmp_path / "voices", models_file=listed)
    assert list((tmp_path / "voices").iterdir()) == []


def test_without_a_connection_nothing_is_left(tmp_path, shop):
    listed = released(tmp_path, shop, "vits")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", listed.read_text())
    listed.write_text(text)
    [release] = releases(listed)
    with pytest.raises(InstallError, match="is this machine offline"):
        install_release(release, tmp_path / "voices", speakers=NAMES, models_file=listed)
    assert list((tmp_path / "voices").iterdir()) == []


def test_a_download_that_is_no_archive_is_told(tmp_path, shop):
    listed = released(tmp_path, shop, "vits")
    (tmp_path / "shop" / "model.zip").write_bytes(b"<html>gone</html>")
    [release] = releases(listed)
    with pytest.raises(InstallError, match="not as Coqui's list says"):
        install_release(release, tmp_path / "voices", speakers=NAMES, models_file=listed)
    assert list((tmp_path / "voices").iterdir()) == []


def test_a_kind_that_is_not_spoken_is_told(tmp_path, shop):
    listed = released(tmp_path, shop, "vits")
    config = json.loads((tmp_path / "made" / "config.json").read_text())
    (tmp_path / "made" / "config.json").write_text(json.dumps(config | {"model": "overflow"}))
    names = {"model.pth": "model.pth", "config.json": "config.json"}
    pack(tmp_path / "shop" / "model.zip", tmp_path / "made", names)
    [release] = releases(listed)
    with pytest.raises(InstallError, match="overflow"):
        install_release(release, tmp_path / "voices", speakers=NAMES, models_file=listed)


def test_an_unreadable_list_is_told(tmp_path):
    (tmp_path / "models.json").write_text("{")
    with pytest.raises(InstallError, match="cannot be read"):
        releases(tmp_path / "models.json")


def test_a_folder_is_installed_under_another_name(tmp_path):
    made = make("fast_pitch", tmp_path / "made")
    voice = install_folder(made.folder, tmp_path / "voices", name="copy")
    assert (voice.name, voice.sha256) == ("copy", made.sha256)
    with pytest.raises(InstallError, match="There is a voice copy"):
        install_folder(made.folder, tmp_path / "voices", name="copy")


@pytest.mark.parametrize("name", ["../up", "", "Copy", "a/b", ".hidden", "x" * 51])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    made = make("fast_pitch", tmp_path / "made")
    with pytest.raises(InstallError, match="is no name"):
        install_folder(made.folder, tmp_path / "voices", name=name or " ")
    assert not (tmp_path / "voices").exists()


def test_a_damaged_folder_is_not_installed(tmp_path):
    made = make("fast_pitch", tmp_path / "made")
    (made.folder / "model.pth").write_bytes(b"other")
    with pytest.raises(VoiceError, match="is not the file"):
        install_folder(made.folder, tmp_path / "voices")
    assert not (tmp_path / "voices").exists()


def test_a_release_is_named_by_what_it_is():
    assert (
        Release("tts_models/en/sam/tacotron-DDC", "MPL", "en").usual_name == "en-sam-tacotron-ddc"
    )
