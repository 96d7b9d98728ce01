"""Every field of every request, with a value that makes a difference."""

from imggen.v1 import event_pb2, image_pb2, job_pb2
from tests.integration.field_change import (
    PAGED,
    REQUEST_ID,
    SOME_ID,
    Change,
    FieldChanges,
    Of,
    Refused,
)
from tests.integration.library_field_changes import LIBRARY

COVER = {"include_cover": True}
ON_COVER = {
    **COVER,
    "cover.character_ids": [Of("Mia")],
    "cover.scene.figures.character_id": Of("Mia"),
}
COVERS = {
    **{
        f"cover.{name}": Change(value, COVER)
        for name, value in {
            "scene_description": "a moon",
            "character_ids": [Of("Tom")],
            "scene.extras": ["a crowd"],
            "scene.place": "a mill",
            "scene.time": "night",
            "scene.season": "winter",
            "scene.weather": ["snow"],
            "scene.props": ["a lamp"],
            "scene.colours": ["a red lamp"],
            "scene.absent": ["a hat"],
            "scene.empty": ["figures"],
        }.items()
    },
    **{
        f"cover.scene.figures.{name}": Change(value, ON_COVER)
        for name, value in {
            "doing": ["climb"],
            "mood": "sad",
            "holding": ["a rope"],
            "wearing": ["a hat"],
            "without": ["a shoe"],
        }.items()
    },
    "cover.scene.figures.character_id": Change(
        Of("Tom"), {**COVER, "cover.character_ids": [Of("Tom")]}
    ),
}


METADATA = {
    "metadata.key": Change("order", {"metadata.value": "4711"}),
    "metadata.value": Change("4711", {"metadata.key": "order"}),
}

MODEL = {
    "options.model": "sdxl",
    # These move the choice to sdxl, or leave it no model.
    "options.provider": Refused("nobody"),
    "options.min_quality": "good",
    "options.complete_by": Refused({"seconds": 1}),
    "options.max_cost_micros": Refused(-1),
    "options.post_processing.signature_removal": False,
    "options.post_processing.colour_correction": False,
    "options.post_processing.sharpening": False,
    "options.post_processing.thumbnail_format": "webp",
    "options.post_processing.trim_width_mm": Change(
        90, {"options.post_processing.trim_height_mm": 60}
    ),
    "options.post_processing.trim_height_mm": Change(
        60, {"options.post_processing.trim_width_mm": 90}
    ),
}

# Methods that change resources: each of their requests needs new ones.
CHANGES_RESOURCES = (
    *("Cancel", "Delete", "GenerateStory", "Pause", "Regenerate", "Requeue", "Resume", "Retry"),
    *("Settle", "Update", "Upscale"),
)

FIELD_CHANGES: dict[str, FieldChanges] = {
    "GenerationService.GeneratePortrait": FieldChanges(
        {"character_id": Of("Mia"), "style": "watercolor", "seed": 7},
        {
            "character_id": Of("Tom"),
            "story_id": Of("Day"),
            "style": "anime",
            "size": Change("1024x1536", {"options.model": "sdxl"}),
            **MODEL,
            "options.post_processing.background_removal": True,
            "options.quality": "standard",
            "options.use_references": True,
            "options.allow_reuse": Change(True, {"character_id": Of("Tom"), "seed": 5}),
            "options.metadata": {"order": "4711"},
            "seed": 8,
            "priority": 1,
            "request_id": REQUEST_ID,
        },
    ),
    "GenerationService.GenerateScene": FieldChanges(
        {"story_id": Of("Day"), "page_id": Of("page 1 of Day"), "seed": 7},
        {
            "story_id": Change(Of("Night"), {"page_id": Of("page 1 of Night")}),
            "page_id": Of("page 2 of Day"),
            "character_ids": [Of("Tom")],
            "scene_description": "a kite over a hill",
            "style": "anime",
            "aspect_ratio": "4:3",
            **MODEL,
            "options.post_processing.background_removal": Refused(True),
            "options.quality": "standard",
            "options.use_references": False,
            "options.allow_reuse": Change(True, {"options.use_references": False, "seed": 5}),
            "options.metadata": {"order": "4711"},
            "seed": 8,
            "priority": 1,
            "request_id": REQUEST_ID,
        },
    ),
    "GenerationService.GenerateStory": FieldChanges(
        {"story_id": Of("Day")},
        {
            "story_id": Of("Night"),
            "style": "anime",
            "include_character_portraits": False,
            "include_scene_images": False,
            "include_cover": True,
            **COVERS,
            "images_per_page": 2,
            "aspect_ratio": "4:3",
            **MODEL,
            "options.post_processing.background_removal": True,
            "options.quality": "standard",
            "options.use_references": False,
            "options.allow_reuse": Change(True, {"options.use_references": False}),
            "options.metadata": {"order": "4711"},
            "priority": 1,
            "request_id": REQUEST_ID,
        },
    ),
    "BatchService.GetBatch": FieldChanges(
        {"batch_id": Of("waiting batch")}, {"batch_id": Of("failed batch")}
    ),
    "BatchService.WatchBatch": FieldChanges(
        {"batch_id": Of("waiting batch")}, {"batch_id": Of("failed batch")}
    ),
    "BatchService.CancelBatch": FieldChanges(
        {"batch_id": Of("waiting batch")}, {"batch_id": Of("other waiting batch")}
    ),
    "BatchService.RetryBatch": FieldChanges(
        {"batch_id": Of("failed batch")},
        {"batch_id": Of("cancelled batch"), "request_id": REQUEST_ID},
    ),
    "BatchService.ListBatches": FieldChanges(
        {},
        {
            "story_id": Of("Night"),
            "page_size": 1,
            "page_token": Change(Of(token="batches"), PAGED),
        },
    ),
    "GenerationService.UpscaleImage": FieldChanges(
        {"image_id": Of("portrait of Mia")},
        {
            "image_id": Of("portrait of Tom"),
            "min_size": "4096x4096",
            "priority": 1,
            "request_id": REQUEST_ID,
            "metadata": {"order": "4711"},
        },
    ),
    "GenerationService.RegenerateImage": FieldChanges(
        {"image_id": Of("portrait of Mia"), "modifications.seed": 7},
        {
            "image_id": Of("portrait of Tom"),
            "modifications.style": "anime",
            "modifications.prompt": "with a kite",
            "modifications.seed": 8,
            **MODEL,
            "options.post_processing.background_removal": True,
            "options.min_quality": Refused(
                "superb"
            ),  # the model stays, unless another is asked for
            "options.quality": "standard",
            "options.use_references": False,
            "options.allow_reuse": Change(
                True, {"options.use_references": False, "modifications.seed": 5}
            ),
            "options.metadata": {"order": "4711"},
            "priority": 1,
            "request_id": REQUEST_ID,
        },
    ),
    "JobService.GetJob": FieldChanges({"job_id": Of("job of Mia")}, {"job_id": Of("failed job")}),
    "JobService.WatchJob": FieldChanges(
        {"job_id": Of("running job")},
        {"job_id": Of("job of Mia"), "include_previews": True},
    ),
    "JobService.CancelJob": FieldChanges(
        {"job_id": Of("waiting job")}, {"job_id": Of("running job")}
    ),
    "JobService.RetryJob": FieldChanges(
        {"job_id": Of("failed job")},
        {"job_id": Of("cancelled job"), "priority": 1, "request_id": REQUEST_ID},
    ),
    "JobService.ListJobs": FieldChanges(
        {},
        {
            "statuses": [job_pb2.JOB_STATUS_FAILED],
            "story_id": Of("Day"),
            **METADATA,
            "page_size": 1,
            "page_token": Change(Of(token="jobs"), PAGED),
        },
    ),
    "EventService.WatchEvents": FieldChanges(
        {"after_cursor": "oldest"},
        {
            "after_cursor": Of(token="events"),
            "kinds": [event_pb2.EVENT_KIND_IMAGE],
        },
    ),
    "ImageService.GetImage": FieldChanges(
        {"image_id": Of("portrait of Mia")}, {"image_id": Of("portrait of Tom")}
    ),
    "ImageService.ListImages": FieldChanges(
        {},
        {
            "story_id": Of("Day"),
            "character_id": Of("Tom"),
            "type": image_pb2.IMAGE_TYPE_SCENE,
            "status": image_pb2.IMAGE_STATUS_COMPLETED,
            "page_id": Of("page 2 of Day"),
            **METADATA,
            "page_size": 1,
            "page_token": Change(Of(token="images"), PAGED),
        },
    ),
    "ImageService.DeleteImage": FieldChanges(
        {"image_id": Of("portrait of Mia")}, {"image_id": Of("portrait of Tom")}
    ),
    "ImageService.DownloadImage": FieldChanges(
        {"image_id": Of("portrait of Mia")},
        {"image_id": Of("portrait of Tom"), "asset_kind": image_pb2.ASSET_KIND_PRINT},
    ),
    "BudgetService.GetBudget": FieldChanges({}, {"scope": "global", "day": "2026-01-02"}),
    "BudgetService.SetBudget": FieldChanges(
        {"scope": "global"}, {"scope": "provider:openai", "limit_micros": 5}
    ),
    # Nothing was spent; what each of them selects is in test_services_budgets.
    "BudgetService.ListSpend": FieldChanges(
        {},
        {
            "first_day": Refused("yesterday"),
            "last_day": Refused("tomorrow"),
            "group_by": Refused(99),
            "page_size": Refused(-1),
            "page_token": Refused("x"),
        },
    ),
    # No call was made; what is listed is in test_settled_calls.
    "BudgetService.ListUnsettledCalls": FieldChanges(
        {}, {"page_size": Refused(-1), "page_token": Refused("x")}
    ),
    "BudgetService.SettleCall": FieldChanges(
        {"job_id": Of("job of a lost call"), "attempt": 1, "cost_micros": 5},
        {
            "job_id": Refused("x"),
            "attempt": Refused(0),
            "kind": Refused(99),
            "cost_micros": Refused(-1),
            "allow_above_hold": Change(True, {"cost_micros": 1_000_000}),
        },
    ),
    "AdminService.GetOverview": FieldChanges({}, {}),
    "AdminService.GetJobHistory": FieldChanges(
        {"job_id": Of("job of Mia")}, {"job_id": Of("failed job")}
    ),
    "AdminService.CancelJobs": FieldChanges(
        {"user_id": Of("caller")},
        {"user_id": SOME_ID, "dry_run": True, "request_id": REQUEST_ID},
    ),
    "AdminService.RequeueJobs": FieldChanges(
        {"user_id": Of("caller")},
        {
            "user_id": SOME_ID,
            "job_ids": Change([Of("failed job")], {"user_id": ""}),
            "allow_unknown_calls": True,
            "dry_run": True,
            "request_id": REQUEST_ID,
        },
    ),
    "AdminService.DrainWorker": FieldChanges({"name": "nobody"}, {"name": "worker"}),
    "AdminService.PauseLane": FieldChanges({"lane": 1}, {"lane": 2}),
    "AdminService.ResumeLane": FieldChanges({"lane": 1}, {"lane": 2}),
    # No admin has done anything; what is listed is in test_admin_actions.
    "AdminService.ListAdminActions": FieldChanges(
        {}, {"page_size": Refused(-1), "page_token": Refused("x")}
    ),
    "RoutingService.ExplainRoute": FieldChanges(
        {"job_id": Of("job of Mia")}, {"job_id": Of("failed job")}
    ),
    **LIBRARY,
}
