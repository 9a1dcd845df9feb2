import pytest

from emotion.ml.errors import TrainingError
from emotion.ml.training.training_log import TrainingLog


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)


def curves(folder) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard would show of a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    return {
        name: [(event.step, round(event.value, 4)) for event in read.Scalars(name)]
        for name in read.Tags()["scalars"]
    }


def test_values_become_curves_over_epochs(tmp_path):
    with TrainingLog(tmp_path, "fit") as log:
        log.add({"loss": 2.0}, 1)
        log.add({"loss": 1.5, "recall": 0.25}, 2)
    assert curves(tmp_path / "fit") == {"loss": [(1, 2.0), (2, 1.5)], "recall": [(2, 0.25)]}


def test_a_run_that_goes_on_after_a_kill_continues_the_curve(tmp_path):
    with pytest.raises(KeyboardInterrupt), TrainingLog(tmp_path, "fit") as log:
        interrupted(log)
    with TrainingLog(tmp_path, "fit") as log:
        log.add({"loss": 1.0}, 2)
    assert curves(tmp_path / "fit")["loss"] == [(1, 2.0), (2, 1.0)]


def interrupted(log: TrainingLog) -> None:
    log.add({"loss": 2.0}, 1)
    raise KeyboardInterrupt


def test_runs_have_curves_of_their_own(tmp_path):
    for name in ("round 1", "round 2"):
        with TrainingLog(tmp_path, name) as log:
            log.add({"loss": 1.0}, 1)
    assert {path.name for path in tmp_path.iterdir()} == {"round 1", "round 2"}


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with TrainingLog(None, "fit") as log:
        log.add({"loss": 1.0}, 1)
    assert not list(tmp_path.iterdir())


def test_a_wish_for_wandb_without_the_package_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    with pytest.raises(TrainingError, match="pip install wandb, or unset it"):
        TrainingLog(tmp_path, "fit")
