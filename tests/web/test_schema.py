"""The OpenAPI schema: valid, complete, and true of what the server answers."""

import pytest
import yaml
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

pytestmark = pytest.mark.django_db


@pytest.fixture
def schema(client) -> dict:
    response = client.get("/api/schema/")
    assert response.status_code == 200
    return yaml.safe_load(b"".join(response) if response.streaming else response.content)


def test_the_schema_is_valid_openapi(schema):
    validate(schema)


def test_the_schema_describes_the_api_and_nothing_else(schema):
    assert set(schema["paths"]) >= {"/api/health", "/api/predict/audio"}
    assert all(path.startswith("/api/") for path in schema["paths"])


def test_every_endpoint_describes_its_errors(schema):
    post = schema["paths"]["/api/predict/audio"]["post"]
    assert set(post["responses"]) == {"200", "400", "401", "413", "415", "422", "429", "503"}
    for status, response in post["responses"].items():
        ref = response["content"]["application/json"]["schema"]["$ref"]
        assert ref.endswith("/Measurement" if status == "200" else "/Error")


def answers_as(schema: dict, name: str, body: object) -> None:
    whole = {**schema["components"]["schemas"][name], "components": schema["components"]}
    OAS30Validator(whole).validate(body)


def test_answers_are_what_the_schema_says(schema, client, speech, encode):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.flac", encode(speech, "flac", "flac"))
    answers_as(schema, "Measurement", client.post("/api/predict/audio", {"file": file}).json())
    answers_as(schema, "Error", client.post("/api/predict/audio").json())
    answers_as(schema, "Health", client.get("/api/health").json())
