"""All settings of a training, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from recipe.illustrator.sampling import FULL, PAIRED, PORTRAITS, Domain

FACTOR = 16
"""Pixels of a picture along one side of a latent."""
CHANNELS = 32
"""Channels of a latent: 16x16x3 pixels become 32 numbers, of which 16 would blur the eyes."""


@dataclass(frozen=True, slots=True)
class Optimisation:
    """The training of one network; the rate rises in `warmup` steps, and then falls to 2 %."""

    steps: int
    batch: int
    rate: float
    warmup: int = 100
    decay_from: float = 0.3
    """The share of the steps after which the rate falls, along a cosine."""


@dataclass(frozen=True, slots=True)
class TextSettings:
    """The size of both CLIP text encoders, and their training."""

    width: int
    layers: tuple[int, int]
    training: Optimisation


@dataclass(frozen=True, slots=True)
class VaeSettings:
    """The VAE: trained on `pictures` pictures, stored as pixels (0.2 MB each)."""

    pictures: int
    channels: tuple[int, ...]
    crops: tuple[tuple[float, int], ...]
    """The sides of the square crops, each after the share of the steps at which it begins."""
    decoder: Optimisation
    encoder: Optimisation


@dataclass(frozen=True, slots=True)
class UnetSettings:
    """The UNet: trained on `latents` pictures, stored as latents (9 kB each)."""

    latents: int
    channels: tuple[int, int]
    training: Optimisation
    domain: Domain
    """The pictures that it draws; can be widened, as the text encoders know the whole grammar."""
    dropout: float = 0.1
    """The share of captions that are left out, which classifier-free guidance needs."""
    early: float = 0.5
    """The share of timesteps among the noisiest 14 %, which decide colours and places."""
    average: float = 0.9995
    compiled: bool = False
    kept: bool = False
    """Whether captions are read once and stored (40 kB each), in one phrasing a picture."""
    processes: int = 1
    """The number of one-thread processes on a CPU: faster than threads for a small UNet."""


@dataclass(frozen=True, slots=True)
class EyesSettings:
    """The UNet's further training, on `latents` pictures (18 kB each), for the colour of eyes."""

    latents: int
    domain: Domain
    training: Optimisation
    weight: float = 0.06
    """The weight of the errors that change the colour of eyes, beside that of all errors."""
    early: float = 0.2
    """The share of timesteps among the noisiest, which decide little about eyes."""
    average: float = 0.998
    trained: tuple[str, ...] = ()
    """Parts of the names of the weights that are trained; without any, all are."""
    kept: float = 0.0
    """The weight of the distance from the UNet that the stage began with, where no eyes are."""


@dataclass(frozen=True, slots=True)
class PlacesSettings:
    """The UNet's further training, on `latents` pictures (9 kB each), for empty places."""

    latents: int
    domain: Domain
    """The other pictures, on which the UNet is kept as it is."""
    training: Optimisation
    early: float = 0.5
    """The share of timesteps among the noisiest, which decide whether somebody is there."""
    average: float = 0.998
    trained: tuple[str, ...] = ()
    """Parts of the names of the weights that are trained; without any, all are."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """The image encoder: trained on `characters`, drawn as references, alone and in company.

    The IP-Adapter is trained on the same drawings (0.2 MB for each character).
    """

    characters: int
    width: int
    layers: int
    embedding: int
    training: Optimisation


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """The IP-Adapter's training; `brief` is the share of captions without looks."""

    training: Optimisation
    dropout: float = 0.1
    """The share of references that are left out."""
    brief: float = 0.8
    duos: float = 0.5
    """The share of batches that show two characters, each in its region."""
    early: float = 0.25
    """The share of timesteps among the noisiest; later ones decide glasses and hats."""


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """The judge: trained on `characters`, each cut out of three drawings (0.2 MB for each)."""

    characters: int
    widths: tuple[int, ...]
    embedding: int
    detector_widths: tuple[int, ...]
    training: Optimisation
    detector: Optimisation


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The audit classifier: trained on `pictures` small pictures (49 kB each)."""

    pictures: int
    widths: tuple[int, ...]
    training: Optimisation


@dataclass(frozen=True, slots=True)
class UpscalerSettings:
    """The upscaler: trained on crops of `side` pixels from pictures of 1024 (3 MB each)."""

    pictures: int
    features: int
    convolutions: int
    side: int
    training: Optimisation
    average: float = 0.998


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training; the seed determines the pictures that are drawn."""

    domain: Domain
    text: TextSettings
    vae: VaeSettings
    unet: UnetSettings
    eyes: EyesSettings
    places: PlacesSettings
    encoder: EncoderSettings
    adapter: AdapterSettings
    judge: JudgeSettings
    audit: AuditSettings
    upscaler: UpscalerSettings
    seed: int = 1
    save_every_s: float = 180.0
    log_every: int = 50

    def with_unet_steps(self, steps: int) -> Self:
        """Returns the recipe with a shorter or a longer training of the UNet."""
        training = replace(self.unet.training, steps=steps)
        return replace(self, unet=replace(self.unet, training=training))


LAPTOP = Recipe(
    domain=FULL,
    text=TextSettings(128, (2, 3), Optimisation(steps=2_200, batch=64, rate=2e-3)),
    vae=VaeSettings(
        pictures=4_000,
        channels=(16, 16, 32, 64, 128),
        crops=((0.0, 64), (0.4, 128), (0.85, 256)),
        decoder=Optimisation(steps=9_500, batch=8, rate=2e-3),
        encoder=Optimisation(steps=6_000, batch=6, rate=2e-3),
    ),
    unet=UnetSettings(
        latents=60_000,
        channels=(64, 128),
        training=Optimisation(steps=150_000, batch=32, rate=1.2e-3, decay_from=0.6),
        domain=PAIRED,
        compiled=True,
        kept=True,
    ),
    eyes=EyesSettings(
        latents=14_000,
        domain=replace(PAIRED, framings=(2, 1.5, 2, 4.5, 0)),
        training=Optimisation(steps=1_200, batch=32, rate=1e-3, warmup=50),
        average=0.995,
        trained=("attn2.to_k", "attn2.to_v"),
        kept=1.0,
    ),
    places=PlacesSettings(
        latents=3_328,
        domain=replace(PAIRED, framings=(2, 1.5, 2, 3, 0)),
        training=Optimisation(steps=300, batch=32, rate=1.5e-3, warmup=30),
        early=0.7,
        average=0.98,
        trained=("attn2.to_k", "attn2.to_v"),
    ),
    encoder=EncoderSettings(
        characters=8_000,
        width=160,
        layers=5,
        embedding=256,
        training=Optimisation(steps=2_500, batch=64, rate=2e-3),
    ),
    adapter=AdapterSettings(Optimisation(steps=9_000, batch=16, rate=2e-3)),
    judge=JudgeSettings(
        characters=8_000,
        widths=(48, 96, 128),
        embedding=128,
        detector_widths=(32, 48, 64),
        training=Optimisation(steps=3_000, batch=64, rate=2e-3),
        detector=Optimisation(steps=1_200, batch=16, rate=2e-3),
    ),
    audit=AuditSettings(
        pictures=14_000,
        widths=(48, 96, 128),
        training=Optimisation(steps=2_600, batch=32, rate=2e-3),
    ),
    upscaler=UpscalerSettings(
        pictures=240,
        features=32,
        convolutions=8,
        side=48,
        training=Optimisation(steps=8_000, batch=8, rate=1e-3),
    ),
)
"""Days on two cores, in the background."""

GPU = replace(
    LAPTOP,
    text=TextSettings(128, (2, 3), Optimisation(steps=4_000, batch=96, rate=2e-3)),
    vae=VaeSettings(
        pictures=8_000,
        channels=(32, 32, 48, 96, 160),
        crops=((0.0, 128), (0.8, 256)),
        decoder=Optimisation(steps=8_000, batch=64, rate=2e-3),
        encoder=Optimisation(steps=2_000, batch=64, rate=2e-3),
    ),
    unet=UnetSettings(
        latents=200_000,
        channels=(128, 192),
        training=Optimisation(steps=24_000, batch=512, rate=1.5e-3, warmup=500),
        domain=FULL,
        compiled=True,
    ),
    eyes=EyesSettings(
        latents=100_000,
        domain=replace(FULL, framings=(2, 1.5, 2, 4.5, 0.6)),
        training=Optimisation(steps=1_500, batch=512, rate=5e-4, decay_from=0.2),
    ),
    places=PlacesSettings(
        latents=40_000,
        domain=FULL,
        training=Optimisation(steps=700, batch=512, rate=5e-4),
    ),
)
"""Half an hour on one large GPU, with 16 cores for drawing."""

SMOKE = Recipe(
    domain=PORTRAITS,
    text=TextSettings(32, (1, 2), Optimisation(steps=4, batch=8, rate=2e-3)),
    vae=VaeSettings(
        pictures=24,
        channels=(8, 8, 8, 16, 16),
        crops=((0.0, 64), (0.5, 128)),
        decoder=Optimisation(steps=6, batch=2, rate=2e-3),
        encoder=Optimisation(steps=4, batch=2, rate=2e-3),
    ),
    unet=UnetSettings(
        latents=32,
        channels=(32, 32),
        training=Optimisation(steps=4, batch=4, rate=1e-3),
        domain=PORTRAITS,
        kept=True,
        processes=2,
    ),
    eyes=EyesSettings(
        latents=32,
        domain=PORTRAITS,
        training=Optimisation(steps=4, batch=4, rate=1e-4),
    ),
    places=PlacesSettings(
        latents=32,
        domain=PORTRAITS,
        training=Optimisation(steps=4, batch=4, rate=1e-4),
    ),
    encoder=EncoderSettings(
        characters=24,
        width=32,
        layers=1,
        embedding=32,
        training=Optimisation(steps=4, batch=16, rate=1e-3),
    ),
    adapter=AdapterSettings(Optimisation(steps=4, batch=4, rate=1e-3)),
    judge=JudgeSettings(
        characters=24,
        widths=(8, 8, 16),
        embedding=16,
        detector_widths=(8, 8, 16),
        training=Optimisation(steps=4, batch=16, rate=1e-3),
        detector=Optimisation(steps=4, batch=4, rate=1e-3),
    ),
    audit=AuditSettings(
        pictures=24, widths=(8, 8, 16), training=Optimisation(steps=4, batch=4, rate=1e-3)
    ),
    upscaler=UpscalerSettings(
        pictures=18,
        features=8,
        convolutions=2,
        side=16,
        training=Optimisation(steps=4, batch=2, rate=1e-3),
    ),
    log_every=2,
)
"""A minute, to test that the recipe works; its pictures are noise."""

RECIPES: Mapping[str, Recipe] = {"laptop": LAPTOP, "gpu": GPU, "smoke": SMOKE}
