from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from facepatch.pipelines.settings import read_settings
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.train import ReenactmentTraining, survival
from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.loop import Training, iteration_generator, train
from facepatch.training.losses import reenactment_loss
from facepatch.training.settings import AugmentSettings, LoopSettings

CPU = torch.device("cpu")
STILL = AugmentSettings(rotation_deg=0, shift=0, scale=0, color=1.0, hue=0.0)
LOOP = LoopSettings(
    iterations=150, batch=4, learning_rate=3e-3, schedule="constant", warmup=10, ema=0.0, precision="float32"
)
TINY = ReenactmentSettings(
    encoder_channels=8, latent=16, decoder_channels=4, residual_blocks=0, augment=STILL, loop=LOOP
)


def mouths(openings, color, size=32, regions=1):
    """(T, regions, size, size, 3) dark mouths of given openings (share of the patch) on skin of one colour."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    images = np.empty((len(openings), regions, size, size, 3), np.uint8)
    for frame, opening in enumerate(openings):
        inside = (x / 0.35) ** 2 + (y / opening) ** 2 < 1
        images[frame] = np.where(inside[..., None], (60, 20, 30), color)
    return images


def training_of(settings=TINY, *, count=4, size=32, regions=("mouth",), masks=None, partners=None):
    openings = np.linspace(0.05, 0.4, count)
    domains = [
        PatchSet(mouths(openings, color, size, len(regions)), CPU)
        for color in ((220, 180, 160), (120, 190, 120))
    ]
    return ReenactmentTraining(settings, *domains, regions=regions, masks=masks, partners=partners)


def started(trainee, seed=0):
    trainee.initialise(torch.Generator().manual_seed(seed))
    return trainee


def to_the_mean_image(trainee, domain="character"):
    """Make the decoders of `domain` give one picture, whatever the code."""
    with torch.no_grad():
        for decoder in getattr(trainee.module, domain).values():
            decoder.to_image.weight.zero_()


@pytest.mark.parametrize("mean_image", [True, False])
def test_one_batch_is_learned_by_heart(tmp_path, mean_image):
    settings = replace(TINY, mean_image=mean_image)
    trainee = started(training_of(settings))
    first = float(trainee.loss(0, iteration_generator(0, 0, 0, CPU))["loss"].detach())
    history = train(trainee, LOOP, folder=tmp_path, fingerprint="overfit")
    assert history.values[-1][0] < 0.4 * first
    assert trainee.doubt() == ""  # it has left the mean image
    with torch.no_grad():
        rebuilt = trainee.module(trainee.performer.spread(4), trainee.character.spread(4))[1][:, 0, 1]
    dark = (rebuilt < 0.4).flatten(1).sum(1)
    assert dark[3] > dark[0] + 100  # a wide mouth is rebuilt wide


def test_partners_teach_which_mouth_is_which(tmp_path):
    # The character's wide mouths are called alike to the performer's narrow ones, and so they are reenacted.
    partners = (np.array([3, 2, 1, 0], np.int32)[:, None, None], np.ones((4, 1), np.float32))
    trainee = training_of(replace(TINY, pair_weight=2.0), partners=partners)
    train(trainee, LOOP, folder=tmp_path, fingerprint="partners")
    with torch.no_grad():
        reenacted = trainee.module.reenact(trainee.performer.spread(4))[:, 0, 1]
    dark = (reenacted < 0.4).flatten(1).sum(1)
    assert dark[0] > dark[3] + 100


def test_the_loss_is_that_of_both_domains_on_clean_targets():
    settings = replace(TINY, augment=AugmentSettings(), mask_weight=2.0, mean_image=False)
    masks = (np.full((2, 32, 32), 0.5, np.float32), np.zeros((2, 32, 32), np.float32))
    trainee = started(training_of(settings, regions=("eye", "mouth"), masks=masks))
    losses = trainee.loss(3, iteration_generator(0, 0, 3, CPU))

    generator = iteration_generator(0, 0, 3, CPU)
    clean = [trainee.performer.draw(4, generator), trainee.character.draw(4, generator)]
    seen = [augment(patches, settings.augment, generator) for patches in clean]
    rebuilt = trainee.module(*seen)[:2]
    by_hand = [
        reenactment_loss(output[:, region], target[:, region], l1_weight=10.0, ssim_weight=1.0)
        for output, target in zip(rebuilt, clean, strict=True)
        for region in (0, 1)
    ]
    under_mask = 2.0 * 0.5 * (rebuilt[0] - clean[0]).abs().mean(dim=(0, 2, 3, 4)).sum()
    wanted = sum(by_hand) + under_mask  # the sum over domains and patches, Choi et al. 2025, section 3.3
    assert float(losses["loss"].detach()) == pytest.approx(float(wanted.detach()), rel=1e-4)
    assert float(losses["loss"].detach()) == pytest.approx(
        2 * float((losses["performer"] + losses["character"]).detach()), rel=1e-5
    )


def test_the_loss_of_partners_by_hand():
    # Region 0 of every frame has one partner, frame 2, that counts half; region 1 has a bad match that counts nothing.
    table = np.zeros((4, 2, 3), np.int32)
    table[:, 0] = 2
    weight = np.tile(np.array([[0.5, 0.0]], np.float32), (4, 1))
    settings = replace(TINY, pair_weight=0.7)
    trainee = started(training_of(settings, regions=("eye", "mouth"), partners=(table, weight)))
    losses = trainee.loss(0, iteration_generator(0, 0, 0, CPU))

    generator = iteration_generator(0, 0, 0, CPU)
    performer = trainee.performer.draw(4, generator)
    reenacted = trainee.module.reenact(performer)[:, 0]
    wanted = trainee.character.take(torch.tensor([2, 2, 2, 2]))[:, 0]
    by_hand = reenactment_loss(0.5 * reenacted, 0.5 * wanted, l1_weight=10.0, ssim_weight=1.0) / 2
    found = float(losses["reenacted"].detach())
    assert found == pytest.approx(float(by_hand.detach()), rel=1e-3)
    others = float((losses["performer"] + losses["character"]).detach())
    assert float(losses["loss"].detach()) == pytest.approx(2 * (others + 0.7 * found), rel=1e-4)


def test_partners_are_drawn_from_those_of_the_frame_and_region():
    table = np.array([[[0, 1]], [[2, 3]], [[0, 0]], [[3, 3]]], np.int32)
    trainee = training_of(partners=(table, np.ones((4, 1), np.float32)))
    everyone = torch.arange(4)
    characters = trainee.character.take(everyone)
    seen = {row: set() for row in range(4)}
    for draw in range(20):
        wanted, _ = trainee._wanted(everyone, iteration_generator(0, 0, draw, CPU))
        for row in range(4):
            seen[row].update(other for other in range(4) if torch.equal(wanted[row], characters[other]))
    assert seen == {0: {0, 1}, 1: {2, 3}, 2: {0}, 3: {3}}


def test_partners_of_no_weight_are_left_out():
    table, weight = np.zeros((4, 1, 2), np.int32), np.ones((4, 1), np.float32)
    trainee = started(training_of(replace(TINY, pair_weight=0.0), partners=(table, weight)))
    assert trainee.loss(0, iteration_generator(0, 0, 0, CPU)).keys() == {"loss", "performer", "character"}


def test_training_starts_at_the_mean_patches_of_both_domains():
    trainee = started(training_of())
    plain = started(training_of(replace(TINY, mean_image=False)))
    sets = (trainee.performer, trainee.character)
    with torch.no_grad():
        first, other = (one.module(*(patches.spread(4) for patches in sets)) for one in (trainee, plain))
    for index, patches in enumerate(sets):
        assert (first[index] - patches.mean()).abs().mean() < 0.5 * (
            other[index] - patches.mean()
        ).abs().mean()


def test_without_weight_or_masks_there_is_no_masked_term():
    masks = (np.ones((1, 32, 32), np.float32), np.ones((1, 32, 32), np.float32))
    plain, off, on = (
        float(
            started(training_of(settings, masks=given))
            .loss(0, iteration_generator(0, 0, 0, CPU))["loss"]
            .detach()
        )
        for settings, given in ((TINY, None), (replace(TINY, mask_weight=0.0), masks), (TINY, masks))
    )
    assert plain == off
    assert on > plain


@pytest.mark.parametrize("domain", ["performer", "character"])
def test_a_decoder_on_the_mean_image_is_found_and_named(domain):
    trainee = started(training_of(regions=("eye", "mouth")))
    with torch.no_grad():
        trainee.module.performer["mouth"].to_image.weight.mul_(20)
    to_the_mean_image(trainee, domain)
    ratios = trainee.output_variation()
    assert ratios[f"{domain} eye"] == pytest.approx(0.0, abs=1e-6)
    said = trainee.doubt()
    assert said.startswith("The networks show nothing but the mean image of ")
    assert f"{domain} eye, {domain} mouth" in said


def test_a_decoder_that_answers_to_its_input_is_left_alone():
    trainee = started(training_of())
    with torch.no_grad():
        for decoder in (*trainee.module.performer.values(), *trainee.module.character.values()):
            decoder.to_image.weight.mul_(30)
    assert min(trainee.output_variation().values()) > 0.1
    assert trainee.doubt() == ""


def test_a_short_training_does_not_start_over_when_no_time_is_left_for_it():
    trainee = started(training_of(replace(TINY, loop=replace(LOOP, iterations=400))))
    to_the_mean_image(trainee)
    assert trainee.check(trainee.watch.patience) == ""
    assert trainee.doubt() != ""


def test_the_plateau_is_looked_for_once_when_patience_is_over():
    trainee = started(training_of(replace(TINY, loop=replace(LOOP, iterations=4000))))
    to_the_mean_image(trainee)
    assert trainee.watch.patience == 1000
    assert [bool(trainee.check(iteration)) for iteration in (1, 999, 1000, 1001)] == [
        False,
        False,
        True,
        False,
    ]


def test_a_training_that_never_leaves_the_mean_image_says_so_at_the_end(tmp_path):
    class Stuck(ReenactmentTraining):
        def initialise(self, generator):
            super().initialise(generator)
            to_the_mean_image(self)
            for decoder in self.module.character.values():
                decoder.to_image.weight.requires_grad_(False)

    settings = replace(TINY, loop=replace(LOOP, batch=1, iterations=20))
    sets = [PatchSet(mouths([0.1, 0.2, 0.3], color), CPU) for color in ((220, 180, 160), (120, 190, 120))]
    trainee = Stuck(settings, *sets, regions=("mouth",))
    trainee.watch.patience = 3
    history = train(trainee, settings.loop, folder=tmp_path, fingerprint="stuck")
    assert history.attempt == 2
    assert "nothing but the mean image of performer mouth, character mouth" in history.doubt


def test_a_preview_shows_five_rows_for_every_region(tmp_path):
    trainee = started(training_of(count=9, regions=("eye", "mouth")))
    assert trainee.preview(tmp_path / "previews" / "000250.png")
    sheet = cv2.imread(str(tmp_path / "previews" / "000250.png"))
    assert sheet.shape == (5 * 32, 8 * 2 * 32, 3)
    assert np.abs(sheet[0, 0].astype(int) - (160, 180, 220)).max() <= 1  # BGR of the performer's skin
    assert np.abs(sheet[3 * 32, 0].astype(int) - (120, 190, 120)).max() <= 1


def test_a_preview_of_few_frames_shows_as_many_of_both(tmp_path):
    trainee = started(training_of(count=9))
    trainee.character = PatchSet(trainee.character.images[:3].numpy(), CPU)
    assert trainee.preview(tmp_path / "latest.png")
    assert cv2.imread(str(tmp_path / "latest.png")).shape == (5 * 32, 3 * 32, 3)


@pytest.mark.parametrize("preset", ["full", pytest.param("paper", marks=pytest.mark.slow)])
def test_the_presets_train_at_full_size(preset, tmp_path):
    settings = read_settings(preset)
    loop = replace(settings.reenactment.loop, batch=1, iterations=1, precision="float32")
    trainee = training_of(
        replace(settings.reenactment, loop=loop), count=2, size=settings.patches.size, regions=("mouth",)
    )
    training = Training(trainee, loop, tmp_path, preset)
    before = trainee.module.encoders["mouth"].to_code.weight.detach().clone()
    values = training.step()
    assert np.isfinite(list(values.values())).all()
    assert not torch.equal(before, trainee.module.encoders["mouth"].to_code.weight.detach())
    assert trainee.module.reenact(trainee.performer.spread(1)).shape == (1, 1, 3, 128, 128)


# --------------------------------------------------------------------------------------------------- quality


def test_the_code_that_outlives_the_swap_by_hand():
    before = torch.randn(50, 2, 4, generator=torch.Generator().manual_seed(0))
    assert survival(before, before) == 1.0
    assert survival(before, before + torch.tensor([5.0, -3.0, 1.0, 0.0])) == pytest.approx(1.0, abs=1e-5)
    assert survival(before, torch.zeros_like(before)) == pytest.approx(0.0, abs=1e-6)
    assert survival(before, 0.5 * before) == pytest.approx(0.5, abs=1e-5)
    half = before.clone()
    half[:, 1] = 0
    assert survival(before, half) == pytest.approx(0.5, abs=1e-5)  # one of two regions is lost
    assert survival(before, -3 * before) == 0.0


def judged(judge=None, count=5):
    trainee = started(training_of())
    openings = np.linspace(0.1, 0.3, count)
    trainee.validation = PatchSet(mouths(openings, (220, 180, 160)), CPU) if count else None
    trainee.judge = judge
    return trainee


def test_the_judge_sees_the_reenacted_patches_of_all_frames_in_order():
    seen = []

    def judge(reenacted):
        seen.append(reenacted)
        return {"mouth opening": 0.9, "left eye": 0.7}

    trainee = judged(judge, count=90)  # more than are judged at once
    with torch.no_grad():
        wanted = trainee.module.reenact(trainee.validation.take(torch.arange(90)))
    found = trainee.quality()
    assert torch.allclose(seen[0], wanted, atol=1e-5)
    assert found["quality"] == pytest.approx(0.8)  # the swap is told and does not count
    assert list(found) == ["quality", "quality: mouth opening", "quality: left eye", "quality: swap"]


def test_a_silent_judge_leaves_it_to_the_swap():
    for judge in (None, lambda reenacted: {}):
        found = judged(judge).quality()
        assert found["quality"] == found["quality: swap"]


def test_without_frames_that_judge_there_is_no_quality():
    assert judged(count=0).quality() == {}
