"""What scripts/demo does: index photos and sentences, ask in both directions, draw an alignment."""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "demo-output"
ENGINE = Path(sys.executable).with_name("engine")

# Real photos that come with installed packages; the licence of each is named in its package.
PACKAGED = {
    "skimage.data": (
        "astronaut.png", "brick.png", "camera.png", "chelsea.png", "clock_motion.png", "coffee.png", "coins.png",
        "grass.png", "gravel.png", "horse.png", "hubble_deep_field.jpg", "moon.png", "motorcycle_left.png",
        "rocket.jpg",
    ),
    "sklearn.datasets.images": ("china.jpg", "flower.jpg"),
    "matplotlib": ("mpl-data/sample_data/grace_hopper.jpg",),
}  # fmt: skip


def packaged_photos(folder: Path) -> None:
    """Copy the photos of installed packages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, names in PACKAGED.items():
        for name in names:
            source = files(package).joinpath(name)
            if source.is_file():
                shutil.copyfile(str(source), folder / Path(name).name)


def engine(*arguments: str) -> None:
    """Run a command as a person would, showing it first."""
    shown = " ".join(f'"{argument}"' if " " in argument else argument for argument in arguments)
    print(f"\n$ engine {shown}", flush=True)
    status = subprocess.run([ENGINE, *arguments], check=False).returncode
    if status:
        sys.exit(status)


def main(own_folder: str | None) -> None:
    """Run the demonstration on the packaged photos, or on a folder of the user's own."""
    os.environ["ENGINE_LIBRARY"] = str(OUTPUT / ("own-library" if own_folder else "library"))
    photos = Path(own_folder) if own_folder else OUTPUT / "photos"
    if not own_folder:
        packaged_photos(photos)
    engine("index", str(photos), "--sentences", str(HERE / "demo_sentences.txt"))
    query = "a man with a camera in a field" if not own_folder else "a person standing in front of a building"
    engine("search", query, "-n", "3", "--min-probability", "0")  # whatever is in the photos, show the closest
    if own_folder:
        print(f"\nNext, with ENGINE_LIBRARY={os.environ['ENGINE_LIBRARY']}:")
        example = str(photos / "PHOTO.jpg")
    else:
        example = str(photos / "camera.png")
        sentence = "A man with a camera stands in a field in front of tall buildings."
        engine("sentences", example, "-n", "3")
        engine("align", example, sentence, "--output", str(OUTPUT / "alignment.png"))
        engine("caption", example, "--regions", "--output", str(OUTPUT / "described.png"))
        print(f"\nLook at alignment.png and described.png in {OUTPUT}.")
        print(f"Next, with ENGINE_LIBRARY={os.environ['ENGINE_LIBRARY']}:")
    print(f"  {ENGINE} search a red flower")
    print(f"  {ENGINE} sentences {example}")
    print(f"  {ENGINE} similar {example}")
    print(f"  {ENGINE} index ~/Pictures        and then search them; {ENGINE} --help lists the rest")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
