"""Callers of a gateway, each with a token, stubs and shortcuts for common calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import (
    batch_pb2,
    character_pb2,
    event_pb2,
    generation_pb2,
    image_pb2,
    job_pb2,
    story_pb2,
)
from server.domain.ids import UserId
from tests import endpoint


@dataclass(frozen=True)
class Caller:
    """A caller: its user id, its token, and stubs of every service."""

    user_id: UserId
    metadata: tuple[tuple[str, str], ...]
    generation: Any
    jobs: Any
    images: Any
    characters: Any
    stories: Any
    styles: Any
    batches: Any
    events: Any

    async def refused(self, method: Callable[..., Any], request: Any) -> endpoint.Failure:
        """Calls a method that must fail, and returns the failure."""
        call = method(request, metadata=self.metadata)
        if hasattr(call, "__aiter__") and not hasattr(call, "__await__"):
            await call.code()
        return await endpoint.failure(call)

    async def create_character(self, **fields: Any) -> character_pb2.Character:
        """Creates a character, by default one named Mia."""
        character = character_pb2.Character(**{"name": "Mia", "hair": "red", **fields})
        request = character_pb2.CreateCharacterRequest(character=character)
        answer = await self.characters.CreateCharacter(request, metadata=self.metadata)
        return answer.character  # type: ignore[no-any-return]

    async def get_character(self, character_id: str) -> character_pb2.Character:
        """Gets a character."""
        request = character_pb2.GetCharacterRequest(character_id=character_id)
        answer = await self.characters.GetCharacter(request, metadata=self.metadata)
        return answer.character  # type: ignore[no-any-return]

    async def update_character(self, character_id: str, **fields: Any) -> character_pb2.Character:
        """Changes these fields of a character."""
        request = character_pb2.UpdateCharacterRequest(
            character=character_pb2.Character(id=character_id, **fields),
            update_mask=FieldMask(paths=list(fields)),
        )
        answer = await self.characters.UpdateCharacter(request, metadata=self.metadata)
        return answer.character  # type: ignore[no-any-return]

    async def delete_character(self, character_id: str) -> None:
        """Deletes a character."""
        request = character_pb2.DeleteCharacterRequest(character_id=character_id)
        await self.characters.DeleteCharacter(request, metadata=self.metadata)

    async def create_story(self, *pages: str, **fields: Any) -> story_pb2.Story:
        """Creates a story with pages of these texts, by default in watercolor."""
        written = [story_pb2.Page(text=text) for text in pages or ("Mia runs through the wood.",)]
        story = story_pb2.Story(
            **{"title": "A day", "style": "watercolor", "pages": written, **fields}
        )
        request = story_pb2.CreateStoryRequest(story=story)
        answer = await self.stories.CreateStory(request, metadata=self.metadata)
        return answer.story  # type: ignore[no-any-return]

    async def get_story(self, story_id: str) -> story_pb2.Story:
        """Gets a story."""
        request = story_pb2.GetStoryRequest(story_id=story_id)
        return (await self.stories.GetStory(request, metadata=self.metadata)).story  # type: ignore[no-any-return]

    async def update_story(self, story_id: str, **fields: Any) -> story_pb2.Story:
        """Changes these fields of a story."""
        request = story_pb2.UpdateStoryRequest(
            story=story_pb2.Story(id=story_id, **fields),
            update_mask=FieldMask(paths=list(fields)),
        )
        answer = await self.stories.UpdateStory(request, metadata=self.metadata)
        return answer.story  # type: ignore[no-any-return]

    async def list_stories(self, **fields: Any) -> story_pb2.ListStoriesResponse:
        """Lists stories."""
        request = story_pb2.ListStoriesRequest(**fields)
        return await self.stories.ListStories(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def delete_story(self, story_id: str) -> None:
        """Deletes a story."""
        request = story_pb2.DeleteStoryRequest(story_id=story_id)
        await self.stories.DeleteStory(request, metadata=self.metadata)

    async def portrait(self, character_id: str = "", **fields: Any) -> job_pb2.Job:
        """Asks for a portrait, by default of a new character."""
        character_id = character_id or (await self.create_character()).id
        request = generation_pb2.GeneratePortraitRequest(
            **{"character_id": character_id, "style": "watercolor", **fields}
        )
        answer = await self.generation.GeneratePortrait(request, metadata=self.metadata)
        return answer.job  # type: ignore[no-any-return]

    async def scene(self, story_id: str, page: int = 1, **fields: Any) -> job_pb2.Job:
        """Asks for the scene of a page, which is named by its number."""
        if "page_id" not in fields:
            fields["page_id"] = (await self.get_story(story_id)).pages[page - 1].id
        request = generation_pb2.GenerateSceneRequest(story_id=story_id, **fields)
        answer = await self.generation.GenerateScene(request, metadata=self.metadata)
        return answer.job  # type: ignore[no-any-return]

    async def regenerate(self, image_id: str, **fields: Any) -> job_pb2.Job:
        """Asks for a new version of an image; `fields` are those of the request."""
        request = generation_pb2.RegenerateImageRequest(**{"image_id": image_id, **fields})
        answer = await self.generation.RegenerateImage(request, metadata=self.metadata)
        return answer.job  # type: ignore[no-any-return]

    async def generate_story(self, story_id: str, **fields: Any) -> batch_pb2.Batch:
        """Asks for all images of a story."""
        request = generation_pb2.GenerateStoryRequest(**{"story_id": story_id, **fields})
        answer = await self.generation.GenerateStory(request, metadata=self.metadata)
        return answer.batch  # type: ignore[no-any-return]

    async def get_batch(self, batch_id: str) -> batch_pb2.GetBatchResponse:
        """Gets a batch with its images."""
        request = batch_pb2.GetBatchRequest(batch_id=batch_id)
        return await self.batches.GetBatch(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def list_batches(self, **fields: Any) -> batch_pb2.ListBatchesResponse:
        """Lists batches."""
        request = batch_pb2.ListBatchesRequest(**fields)
        return await self.batches.ListBatches(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def cancel_batch(self, batch_id: str) -> batch_pb2.Batch:
        """Cancels a batch."""
        request = batch_pb2.CancelBatchRequest(batch_id=batch_id)
        return (await self.batches.CancelBatch(request, metadata=self.metadata)).batch  # type: ignore[no-any-return]

    async def retry_batch(self, batch_id: str) -> batch_pb2.Batch:
        """Retries a batch."""
        request = batch_pb2.RetryBatchRequest(batch_id=batch_id)
        return (await self.batches.RetryBatch(request, metadata=self.metadata)).batch  # type: ignore[no-any-return]

    def watch_batch(self, batch_id: str) -> Any:
        """Watches a batch; returns the stream."""
        request = batch_pb2.WatchBatchRequest(batch_id=batch_id)
        return self.batches.WatchBatch(request, metadata=self.metadata)

    async def get_job(self, job_id: str) -> job_pb2.Job:
        """Gets a job."""
        request = job_pb2.GetJobRequest(job_id=job_id)
        return (await self.jobs.GetJob(request, metadata=self.metadata)).job  # type: ignore[no-any-return]

    async def list_jobs(self, **fields: Any) -> job_pb2.ListJobsResponse:
        """Lists jobs."""
        request = job_pb2.ListJobsRequest(**fields)
        return await self.jobs.ListJobs(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def cancel(self, job_id: str) -> job_pb2.Job:
        """Cancels a job."""
        request = job_pb2.CancelJobRequest(job_id=job_id)
        return (await self.jobs.CancelJob(request, metadata=self.metadata)).job  # type: ignore[no-any-return]

    async def retry(self, job_id: str, **fields: Any) -> job_pb2.Job:
        """Retries a job."""
        request = job_pb2.RetryJobRequest(job_id=job_id, **fields)
        return (await self.jobs.RetryJob(request, metadata=self.metadata)).job  # type: ignore[no-any-return]

    def watch(self, job_id: str, *, previews: bool = False) -> Any:
        """Watches a job; returns the call, to be read or iterated."""
        request = job_pb2.WatchJobRequest(job_id=job_id, include_previews=previews)
        return self.jobs.WatchJob(request, metadata=self.metadata)

    def follow(self, after: str = "", *kinds: event_pb2.EventKind.ValueType) -> Any:
        """Follows events after a cursor; returns the call, to be read or iterated."""
        request = event_pb2.WatchEventsRequest(after_cursor=after, kinds=kinds)
        return self.events.WatchEvents(request, metadata=self.metadata)

    async def get_image(self, image_id: str) -> image_pb2.Image:
        """Gets an image."""
        request = image_pb2.GetImageRequest(image_id=image_id)
        return (await self.images.GetImage(request, metadata=self.metadata)).image  # type: ignore[no-any-return]

    async def list_images(self, **fields: Any) -> image_pb2.ListImagesResponse:
        """Lists images."""
        request = image_pb2.ListImagesRequest(**fields)
        return await self.images.ListImages(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def delete_image(self, image_id: str) -> None:
        """Deletes an image."""
        request = image_pb2.DeleteImageRequest(image_id=image_id)
        await self.images.DeleteImage(request, metadata=self.metadata)
