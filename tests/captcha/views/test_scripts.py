"""The script that sites embed: evergreen, pinned by its hash, and small."""

import base64
import gzip
import hashlib
import re
import shutil

import pytest
from django.conf import settings as django_settings

from captcha.views.scripts import script


def test_the_script_is_served_for_any_site_and_asked_for_again_by_its_etag(client):
    response = client.get("/captcha/api.js")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert "max-age=300" in response["Cache-Control"]
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert not response.cookies
    again = client.get("/captcha/api.js", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_script_is_small_and_evaluates_no_text(client):
    source = client.get("/captcha/api.js").content
    assert len(gzip.compress(source)) < 8_000
    assert not re.search(rb"\beval\(|new Function|innerHTML|document\.write", source)


def test_the_script_is_compressed_and_still_asked_for_again_by_its_etag(client):
    response = client.get("/captcha/api.js", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content) == client.get("/captcha/api.js").content
    headers = {"Accept-Encoding": "gzip", "If-None-Match": response["ETag"]}
    assert client.get("/captcha/api.js", headers=headers).status_code == 304


@pytest.mark.parametrize("path", ["/recaptcha/api.js", "/1/api.js", "/turnstile/v0/api.js"])
def test_the_script_is_served_under_the_addresses_of_other_services(client, path):
    answered = client.get(path, {"onload": "x", "render": "explicit"})
    assert answered.content == client.get("/captcha/api.js").content


def test_the_pinned_script_is_the_same_for_ever_and_fits_its_integrity(client):
    current = script("api.js")
    response = client.get(f"/captcha/api.{current.version}.js")
    assert response.content == client.get("/captcha/api.js").content
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Access-Control-Allow-Origin"] == "*"
    digest = hashlib.sha384(response.content).digest()
    assert current.integrity == f"sha384-{base64.b64encode(digest).decode()}"


def test_a_version_that_never_was_is_not_found(client):
    assert client.get("/captcha/api.0123456789ab.js").status_code == 404


def test_a_version_of_an_earlier_release_is_still_served(client, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "captcha").mkdir()
    (tmp_path / "captcha" / "api.0123456789ab.js").write_text("// earlier")
    assert client.get("/captcha/api.0123456789ab.js").content == b"// earlier"


def test_the_version_is_the_name_that_collectstatic_gives_the_copy(tmp_path):
    from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

    storage = ManifestStaticFilesStorage(location=tmp_path, base_url="/static/")
    (tmp_path / "captcha").mkdir()
    source = django_settings.BASE_DIR / "static" / "captcha" / "api.js"
    shutil.copy(source, tmp_path / "captcha" / "api.js")
    list(storage.post_process({"captcha/api.js": (storage, "captcha/api.js")}))
    assert (tmp_path / "captcha" / f"api.{script('api.js').version}.js").read_bytes() == (
        source.read_bytes()
    )


def test_the_worker_may_run_in_a_page_that_isolates_itself(client):
    response = client.get("/captcha/work.js")
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cross-Origin-Embedder-Policy"] == "require-corp"
