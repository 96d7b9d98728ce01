"""The synchronous client: the same surface, on its own event loop."""

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from imggen import Client, JobStatus, SyncClient
from imggen.errors import JobFailed, NotFound
from imggen.testing import FakeService


@pytest.fixture
def fake() -> Iterator[FakeService]:
    with FakeService() as fake:
        yield fake


@pytest.fixture
def client(fake: FakeService) -> Iterator[SyncClient]:
    with SyncClient(fake.target) as client:
        yield client


def public_methods(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") or name == "__init__"
    }


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    asynchronous, synchronous = public_methods(Client), public_methods(SyncClient)
    assert asynchronous.keys() == synchronous.keys()
    for name, signature in asynchronous.items():
        assert signature.parameters == synchronous[name].parameters, name


def test_both_clients_have_the_same_docstrings() -> None:
    for name in public_methods(Client).keys() - {"__init__", "close"}:
        assert getattr(Client, name).__doc__ == getattr(SyncClient, name).__doc__, name


def test_a_story_is_drawn_without_an_event_loop(client: SyncClient, tmp_path: Path) -> None:
    mia = client.create_character(name="Mia", hair="red")
    mia = client.update_character(mia, hair="black")
    assert client.get_character(mia) == mia
    story = client.create_story(title="The Map", style="anime", pages=["One."])
    story = client.update_story(story, title="The Old Map")
    assert client.get_story(story) == story
    portrait = client.wait(client.generate_portrait(mia, story=story))
    job = client.generate_scene(story, 1, characters=[mia])
    snapshots = list(client.watch(job))
    assert snapshots[-1].image.page_number == 1
    again = client.wait(client.regenerate(portrait, prompt="smiling"), timeout=20)
    assert client.get_image(again).version == 2
    assert client.download(again) == client.download(again, tmp_path / "mia.png").read_bytes()
    assert [image.id for image in client.list_images(character=mia, type="portrait")] == [
        again.id,
        portrait.id,
    ]
    assert job.job_id in {each.job_id for each in client.list_jobs(story=story, page_size=1)}
    assert client.get_job(job).status == JobStatus.JOB_STATUS_COMPLETED
    client.delete_image(again)
    client.delete_story(story)
    client.delete_character(mia)
    assert not [*client.list_characters(), *client.list_stories()]
    assert len(list(client.styles())) == 7


def test_errors_are_typed(fake: FakeService, client: SyncClient) -> None:
    mia = client.create_character(name="Mia")
    fake.hold()
    job = client.generate_portrait(mia, style="anime")
    client.cancel(job)
    fake.fail_next_job()
    fake.release()
    client.retry(job)
    with pytest.raises(JobFailed):
        client.wait(job)
    client.delete_character(mia)
    with pytest.raises(NotFound):
        client.with_timeout(5).get_character(mia)


def test_a_watch_left_early_ends_its_call(fake: FakeService, client: SyncClient) -> None:
    fake.hold()
    job = client.generate_portrait(client.create_character(name="Mia"), style="anime")
    for snapshot in client.watch(job):
        assert snapshot.job.job_id == job.job_id
        break
    assert client.cancel(job).status == JobStatus.JOB_STATUS_CANCELLED


def test_closing_ends_the_thread_and_may_be_repeated(fake: FakeService) -> None:
    before = threading.active_count()
    client = SyncClient(fake.target)
    client.create_character(name="Mia")
    client.close()
    client.close()
    assert threading.active_count() == before


def test_threads_may_share_a_client(client: SyncClient) -> None:
    threads = [
        threading.Thread(target=client.create_character, kwargs={"name": f"Fox {number}"})
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(client.list_characters())) == 8


def test_a_closed_client_refuses_calls(fake: FakeService) -> None:
    client = SyncClient(fake.target)
    client.close()
    with pytest.raises(RuntimeError, match="the client is closed"):
        client.get_job("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")


def test_a_list_left_open_when_the_client_closes_ends_quietly(fake: FakeService) -> None:
    with SyncClient(fake.target) as client:
        client.create_character(name="Mia")
        characters = client.list_characters()
        assert next(characters).name == "Mia"
    del characters
