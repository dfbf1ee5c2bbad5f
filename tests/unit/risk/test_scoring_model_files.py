"""Model files: a round trip is exact; altered, foreign and outdated files are refused before anything is loaded."""

import io
import json
import pickle
import zipfile

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from risk.scoring import model_files
from risk.scoring.model_files import ModelFileError, load_document, load_model, save_document, save_model
from risk.scoring.predictions import predict
from risk.scoring.prior_model import fit_prior_model
from risk.scoring.score import score_projects
from risk.scoring.training import train
from risk.tables import get_table_version

ROWS = [{"trl_start": 5, "trl_target": 7, "mrl_start": 4}, {"trl_start": 2, "trl_target": 6}]


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.skops"
    return path, save_model(fit_prior_model(), path)


def refused(path, digest):
    with pytest.raises(ModelFileError) as error:
        load_model(path, digest=digest)
    return error.value.code


def digest_of(path):
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_round_trip_gives_the_same_scores_to_the_bit(saved):
    loaded = load_model(saved[0], digest=saved[1])
    assert loaded.coefficients_hex() == fit_prior_model().coefficients_hex()
    assert score_projects(ROWS, model=loaded) == score_projects(ROWS)


def test_an_altered_file_is_refused(saved):
    path, digest = saved
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    assert refused(path, digest) == "model_file_altered"


def test_a_missing_file_is_refused(tmp_path):
    assert refused(tmp_path / "absent.skops", "0" * 64) == "model_file_missing"


@pytest.mark.parametrize("content", [b"", b"no model", pickle.dumps({"a": 1})])
def test_a_file_that_is_no_skops_file_is_refused(tmp_path, content):
    path = tmp_path / "other.skops"
    path.write_bytes(content)
    assert refused(path, digest_of(path)) == "model_file_unreadable"


def test_a_zip_without_a_model_is_refused(tmp_path):
    path = tmp_path / "zip.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    assert refused(path, digest_of(path)) == "model_file_unreadable"


class Foreign(LogisticRegression):
    """A type that is not on the allow-list."""


def test_a_type_that_is_not_allowed_is_refused_and_never_built(tmp_path):
    path = tmp_path / "foreign.skops"
    path.write_bytes(skops.io.dumps({"format": 1, "kind": "score_model", "classifier": Foreign()}))
    assert refused(path, digest_of(path)) == "model_file_untrusted"


def test_another_kind_of_model_is_refused(tmp_path):
    path = tmp_path / "kind.skops"
    digest = save_document({"kind": "trained_pipeline", "report": {}}, path)
    assert refused(path, digest) == "model_file_other_kind"


def test_another_format_or_library_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "old.skops"
    path.write_bytes(skops.io.dumps({"format": 0, "kind": "score_model"}))
    assert refused(path, digest_of(path)) == "model_file_version"
    versions = {**model_files.library_versions(), "scikit-learn": "0.1.0"}
    path.write_bytes(skops.io.dumps({"format": 1, "kind": "score_model", "libraries": versions}))
    assert refused(path, digest_of(path)) == "model_file_version"


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(ModelFileError) as error:
        save_model(fit_prior_model(), tmp_path / "no" / "such" / "folder.skops")
    assert error.value.code == "model_not_written"
    assert list(tmp_path.iterdir()) == []


def test_the_file_holds_library_versions(saved):
    with zipfile.ZipFile(io.BytesIO(saved[0].read_bytes())) as archive:
        text = json.dumps(json.loads(archive.read("schema.json")))
    for name in model_files.LIBRARIES:
        assert name in text


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_a_trained_pipeline_survives_its_file_with_its_report(tmp_path, kind):
    rows = [
        {
            "trl_start": 1 + index % 8,
            "planned_months": 6.0 + index % 40,
            "sector": "ab"[index % 2],
            "failed": int(index % 8 < 3),
        }
        for index in range(80)
    ]
    waivers = {"leak_single_feature": "the file is made so"}
    document, report = train(rows, target="failed", kind=kind, waivers=waivers)
    digest = save_document(document, tmp_path / "m.skops")
    loaded = load_document(tmp_path / "m.skops", digest=digest, kind="trained_pipeline")
    assert list(predict(loaded, rows)) == list(predict(document, rows))
    assert loaded["report"]["waivers"] == waivers
    assert loaded["report"]["cross_validation"]["brier"] == report["cross_validation"]["brier"]
    assert loaded["report"]["table_version"] == get_table_version()
    assert loaded["libraries"] == model_files.library_versions()
