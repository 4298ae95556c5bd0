"""The main job on a performer and a character that the package makes by itself."""

from __future__ import annotations

from pathlib import Path

from facepatch.core.data.character import write_character
from facepatch.core.data.clip import Clip
from facepatch.core.progress import OnProgress, silent
from facepatch.landmarks.picks import write_picks
from facepatch.pipelines.run import Job, run
from facepatch.pipelines.settings import read_settings
from facepatch.pipelines.store import Store, key_of
from facepatch.synthetic.face import make_character, synthetic_landmarks
from facepatch.synthetic.performer import write_performer_film
from facepatch.synthetic.style import CARTOON_STYLE


def demo(out: Path, *, seconds: float, seed: int, on_progress: OnProgress = silent) -> Clip:
    """Generate a film and a character into `out`, and run on them with the preset `demo`."""
    store = Store(out)
    stage = store.stage(
        "demo", {"seconds": seconds, "seed": seed, "key": key_of({"style": repr(CARTOON_STYLE)})}
    )
    film, character, picks = out / "performer.mp4", out / "demo_character.npz", out / "demo_landmarks.json"
    if not (stage.done and film.is_file() and character.is_file() and picks.is_file()):
        made = make_character(CARTOON_STYLE, name="demo")
        write_character(character, made)
        write_picks(picks, synthetic_landmarks(made), made)
        write_performer_film(film, seconds=seconds, seed=seed, on_progress=on_progress)
        stage.finish()
    job = Job(take=film, character=character, picks=picks)
    return run(job, read_settings("demo", {"seed": seed}), out, on_progress=on_progress)
