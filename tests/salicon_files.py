"""Small folders in the layouts of SALICON, MIT1003 and CAT2000."""

import json

import numpy as np
import publishers_files
import scipy.io

HEIGHT, WIDTH = publishers_files.HEIGHT, publishers_files.WIDTH


def gaze_points(i, observer):
    """Where an observer of image i looked, from 0: (x, y)."""
    return [(i + observer, 2), (WIDTH - 1, HEIGHT - 1)]


def write_gaze(path, i, *, num_observers=3, num_samples=5):
    """A .mat of 2017: gaze with location, timestamp and fixations, from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [(name, object) for name in ("location", "timestamp", "fixations")]
    gaze = np.empty((num_observers, 1), names)
    for observer in range(num_observers):
        points = np.array(gaze_points(i, observer)) + 1
        location = np.tile(points[:1].astype(float), (num_samples, 1))
        time = np.arange(num_samples, dtype=float)[:, None]
        gaze[observer, 0] = (location, time, points.astype(np.uint16))
    contents = {"image": path.stem, "resolution": [[HEIGHT, WIDTH]], "gaze": gaze}
    scipy.io.savemat(path, contents, do_compression=True)


def write_salicon(folder, counts, **options):
    """images/, maps/ and fixations/ of the splits, `counts` images each."""
    for split, count in counts.items():
        for i in range(count):
            stem = f"COCO_{split}2014_{i:012d}"
            publishers_files.write_image(
                folder / "images" / split / f"{stem}.jpg", seed=i
            )
            if split != "test":
                publishers_files.write_map(folder / "maps" / split / f"{stem}.png")
                write_gaze(folder / "fixations" / split / f"{stem}.mat", i, **options)


def write_old_salicon(folder, count=3):
    """2015's first release: a .mat with the map `I` for each image."""
    for i in range(count):
        stem = f"COCO_train2014_{i:012d}"
        publishers_files.write_image(folder / "images" / "train" / f"{stem}.jpg")
        path = folder / "maps" / "train" / f"{stem}.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        ramp = np.linspace(0, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
        scipy.io.savemat(path, {"I": ramp})


def write_api(folder, count=3):
    """The API's JSON: rows (row, column) from 1, two workers an image."""
    images, annotations = [], []
    for i in range(count):
        name = f"COCO_train2014_{i:012d}.jpg"
        publishers_files.write_image(folder / "train2014" / name, seed=i)
        images.append({"id": 100 + i, "file_name": name})
        for worker in range(2):
            track = [[y + 1, x + 1] for x, y in gaze_points(i, worker)]
            annotations.append({"image_id": 100 + i, "fixations": track})
    contents = {"images": images, "annotations": annotations, "type": "fixations"}
    (folder / "fixations_train2014.json").write_text(json.dumps(contents))


def write_mit1003(folder, count=3, size=(HEIGHT, WIDTH)):
    """ALLSTIMULI and ALLFIXATIONMAPS, with the stray file among them."""
    maps = folder / "ALLFIXATIONMAPS"
    for i in range(count):
        stem = f"i{i}"
        publishers_files.write_image(
            folder / "ALLSTIMULI" / f"{stem}.jpeg", seed=i, size=size
        )
        publishers_files.write_map(maps / f"{stem}_fixMap.jpg", size=size)
        write_points(maps / f"{stem}_fixPts.jpg", i)
    write_points(maps / "i05june05_static_street_boston_p1010764fixPts.jpg", 0)


def write_points(path, i):
    from PIL import Image

    Image.fromarray(255 * publishers_files.fixation_map(i)).save(path, quality=100)


def eye_trace(*places, rest=40, leap=6):
    """Samples at 240 Hz of an eye that rests at each place and leaps to the next."""
    parts = []
    for place, following in zip(places, [*places[1:], None], strict=True):
        parts.append(np.tile(np.array(place, float), (rest, 1)))
        if following is not None:
            share = np.linspace(0, 1, leap + 2)[1:-1, None]
            share = share**2 * (3 - 2 * share)  # it speeds up, then brakes
            parts.append(place + share * (np.array(following, float) - place))
    return np.concatenate(parts)


def write_mit1003_data(folder, count=3, scale=1.0):
    """DATA/<observer>/<image>.mat: the eye's samples, in places of a larger screen."""
    for observer in ("hp", "ae"):
        (folder / "DATA" / observer).mkdir(parents=True)
        for i in range(count):
            places = [(20, 15), (i + 2, 3), (WIDTH + 400, 3), (35, 26)]
            samples = eye_trace(*(np.array(place) * scale for place in places))
            trial = {"eyeData": np.column_stack([samples, np.zeros(len(samples))])}
            contents = {"imgName": f"i{i}.jpeg", "DATA": trial}
            scipy.io.savemat(
                folder / "DATA" / observer / f"i{i}.mat", {f"i{i}": contents}
            )


def write_cat2000(folder, *, names=("Stimuli", "FIXATIONLOCS", "FIXATIONMAPS")):
    """Two categories of two images, with Output folders."""
    images, locations, maps = names
    for k, category in enumerate(("Action", "Pattern")):
        for i in (1, 2):
            stem = f"{i:03d}"
            image = folder / images / category / f"{stem}.jpg"
            publishers_files.write_image(image, seed=i)
            publishers_files.write_map(folder / maps / category / f"{stem}.jpg")
            path = folder / locations / category / f"{stem}.mat"
            path.parent.mkdir(parents=True, exist_ok=True)
            fixation_map = publishers_files.fixation_map(i + k)
            scipy.io.savemat(path, {"fixLocs": fixation_map})
        output = folder / images / category / "Output"
        publishers_files.write_image(output / "001_SaliencyMap.jpg")
